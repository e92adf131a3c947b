//! Signature refusals in AWS's words: the whole document, with what changes from run to run replaced.

use countersign_server::DiagnosisMode;

use crate::http::{Answer, Ask, Key};
use crate::running::Running;

/// The document without the declaration and the ids, which are right or the answer's own.
fn document(answer: &Answer) -> String {
    let text = answer.text();
    let id = format!("<RequestId>{}</RequestId>", answer.request_id());
    let host_id = format!(
        "<HostId>{}</HostId>",
        answer.header("x-amz-id-2").unwrap_or_default()
    );
    let text = text.replacen(&format!("{id}{host_id}</Error>"), "", 1);
    text.trim_start_matches("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>")
        .to_owned()
}

fn check(ask: impl FnOnce(&Running) -> Ask, status: u16, expected: &str) {
    let server = Running::diagnosing(DiagnosisMode::Off);
    let answer = server.send(&ask(&server));
    assert_eq!((answer.status, document(&answer).as_str()), (status, expected));
}

/// The same, with an element's text replaced by its name in braces, because it tells the time.
fn check_without(volatile: &[&str], ask: impl FnOnce(&Running) -> Ask, status: u16, expected: &str) {
    let server = Running::diagnosing(DiagnosisMode::Off);
    let answer = server.send(&ask(&server));
    let mut text = document(&answer);
    for name in volatile {
        let value = answer.element(name).expect("the element is there");
        text = text.replacen(
            &format!("<{name}>{value}</{name}>"),
            &format!("<{name}>{{}}</{name}>"),
            1,
        );
    }
    assert_eq!((answer.status, text.as_str()), (status, expected));
}

const UNSUPPORTED: &str = "<Code>InvalidRequest</Code><Message>The authorization mechanism you have provided is not \
                           supported. Please use AWS4-HMAC-SHA256.</Message>";

fn get() -> Ask {
    Ask::new("GET", "/bucket/k")
}

#[test]
fn version_2_is_not_supported() {
    let link = "/bucket/k?AWSAccessKeyId=CSAKOUTSIDE000000001&Expires=4102444800&Signature=abc";
    check(|_| Ask::new("GET", link), 400, UNSUPPORTED);
    check(
        |_| get().header("authorization", "AWS CSAKOUTSIDE000000001:abc="),
        400,
        UNSUPPORTED,
    );
}

#[test]
fn version_4a_is_not_supported() {
    let value = "AWS4-ECDSA-P256-SHA256 Credential=CSAKOUTSIDE000000001/20260101/s3/aws4_request, \
                 SignedHeaders=host, Signature=abc";
    check(|_| get().header("authorization", value), 400, UNSUPPORTED);
}

#[test]
fn two_mechanisms_are_one_too_many() {
    check_without(
        &["ArgumentValue"],
        |server| {
            get()
                .to(&server.host())
                .presign(&Key::root(), 60)
                .sign(&Key::root())
        },
        400,
        "<Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; only the X-Amz-Algorithm query \
         parameter, Signature query string parameter or the Authorization header should be specified</Message>\
         <ArgumentName>Authorization</ArgumentName><ArgumentValue>{}</ArgumentValue>",
    );
}

#[test]
fn headers_of_s3_must_be_signed() {
    check(
        |server| {
            get()
                .to(&server.host())
                .sign(&Key::root())
                .header("x-amz-meta-late", "1")
        },
        403,
        "<Code>AccessDenied</Code><Message>There were headers present in the request which were not signed</Message>\
         <HeadersNotSigned>x-amz-meta-late</HeadersNotSigned>",
    );
}

#[test]
fn an_expired_link_says_so() {
    check_without(
        &["Expires", "ServerTime"],
        |server| {
            get().to(&server.host()).presign(
                &Key {
                    time: crate::http::now() - 3600,
                    ..Key::root()
                },
                60,
            )
        },
        403,
        "<Code>AccessDenied</Code><Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires>\
         <Expires>{}</Expires><ServerTime>{}</ServerTime>",
    );
}

#[test]
fn a_link_from_the_future_says_so() {
    check_without(
        &["X-Amz-Date", "Expires", "ServerTime"],
        |server| {
            get().to(&server.host()).presign(
                &Key {
                    time: crate::http::now() + 3600,
                    ..Key::root()
                },
                60,
            )
        },
        403,
        "<Code>AccessDenied</Code><Message>Request is not yet valid</Message><X-Amz-Date>{}</X-Amz-Date>\
         <Expires>{}</Expires><ServerTime>{}</ServerTime>",
    );
}

#[test]
fn a_clock_that_is_wrong_is_told_both_times() {
    for late in [3600, -3600] {
        check_without(
            &["RequestTime", "ServerTime"],
            |server| {
                get().to(&server.host()).sign(&Key {
                    time: crate::http::now() + late,
                    ..Key::root()
                })
            },
            403,
            "<Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and the current time is \
             too large.</Message><RequestTime>{}</RequestTime><ServerTime>{}</ServerTime>\
             <MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>",
        );
    }
}

#[test]
fn a_wrong_region_is_told_the_right_one() {
    check(
        |server| {
            get().to(&server.host()).sign(&Key {
                region: "eu-west-1".to_owned(),
                ..Key::root()
            })
        },
        400,
        "<Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region \
         'eu-west-1' is wrong; expecting 'us-east-1'</Message><Region>us-east-1</Region>",
    );
}

#[test]
fn an_unknown_access_key_is_named() {
    check(
        |server| {
            get().to(&server.host()).sign(&Key {
                access_key_id: "CSAKNOBODY0000000001".to_owned(),
                ..Key::root()
            })
        },
        403,
        "<Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id you provided does not exist in our \
         records.</Message><AWSAccessKeyId>CSAKNOBODY0000000001</AWSAccessKeyId>",
    );
}

#[test]
fn nobody_is_denied_in_two_words() {
    let in_the_bucket = |server: &Running| {
        let made = server.ask(Ask::new("PUT", "/bucket"));
        assert_eq!(made.status, 200);
        get()
    };
    check(
        in_the_bucket,
        403,
        "<Code>AccessDenied</Code><Message>Access Denied</Message>",
    );
    check(
        |_| get(),
        404,
        "<Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message><BucketName>bucket</BucketName>",
    );
}
