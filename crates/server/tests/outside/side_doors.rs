//! Every operation is refused before the store is touched, unless the caller proved who it is and may. Of who is nobody, and of who may
//! not, the store learns no more than which bucket is asked about.

use std::collections::BTreeSet;

use countersign_protocol::{Head, Operation};

use crate::form::Form;
use crate::http::{Ask, Key};
use crate::running::Running;

/// One request for each operation but the preflight, which has a door of its own.
fn requests() -> Vec<Ask> {
    let delete = "<Delete><Object><Key>k</Key></Object></Delete>";
    let complete = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\
                    &quot;0cc175b9c0f1b6a831c399e269772661&quot;</ETag></Part></CompleteMultipartUpload>";
    vec![
        Ask::new("GET", "/"),
        Ask::new("PUT", "/bucket"),
        Ask::new("HEAD", "/bucket"),
        Ask::new("DELETE", "/bucket"),
        Ask::new("GET", "/bucket?location"),
        Ask::new("GET", "/bucket"),
        Ask::new("GET", "/bucket?list-type=2"),
        Ask::new("GET", "/bucket?versions"),
        Ask::new("GET", "/bucket?versioning"),
        Ask::new("GET", "/bucket?acl"),
        Ask::new("GET", "/bucket?lifecycle"),
        Ask::new("DELETE", "/bucket?lifecycle"),
        Ask::new("PUT", "/bucket?acl").header("x-amz-acl", "private"),
        Ask::new("PUT", "/bucket/k?acl").header("x-amz-acl", "private"),
        Ask::new("PUT", "/bucket?policy").body(POLICY),
        Ask::new("GET", "/bucket?policy"),
        Ask::new("DELETE", "/bucket?policy"),
        Ask::new("GET", "/bucket?policyStatus"),
        Ask::new("PUT", "/bucket?publicAccessBlock")
            .body("<PublicAccessBlockConfiguration></PublicAccessBlockConfiguration>"),
        Ask::new("GET", "/bucket?publicAccessBlock"),
        Ask::new("DELETE", "/bucket?publicAccessBlock"),
        of_account("PUT").body("<PublicAccessBlockConfiguration></PublicAccessBlockConfiguration>"),
        of_account("GET"),
        of_account("DELETE"),
        Ask::new("PUT", "/bucket?ownershipControls").body(OWNERSHIP),
        Ask::new("GET", "/bucket?ownershipControls"),
        Ask::new("DELETE", "/bucket?ownershipControls"),
        Ask::new("GET", "/bucket?uploads"),
        Ask::new("POST", "/bucket?delete")
            .header("x-amz-checksum-crc32", DELETE_CRC32)
            .body(delete),
        Ask::new("PUT", "/bucket/k").body("a"),
        Ask::new("PUT", "/bucket/k").header("x-amz-copy-source", "/bucket/other"),
        Ask::new("GET", "/bucket/k"),
        Ask::new("HEAD", "/bucket/k"),
        Ask::new("GET", "/bucket/k?acl"),
        Ask::new("GET", "/bucket/k?attributes").header("x-amz-object-attributes", "ETag"),
        Ask::new("DELETE", "/bucket/k"),
        Ask::new("POST", "/bucket/k?uploads"),
        Ask::new("PUT", &format!("/bucket/k?partNumber=1&uploadId={UPLOAD_ID}")).body("a"),
        Ask::new("PUT", &format!("/bucket/k?partNumber=1&uploadId={UPLOAD_ID}"))
            .header("x-amz-copy-source", "/bucket/other"),
        Ask::new("POST", &format!("/bucket/k?uploadId={UPLOAD_ID}")).body(complete),
        Ask::new("DELETE", &format!("/bucket/k?uploadId={UPLOAD_ID}")),
        Ask::new("GET", &format!("/bucket/k?uploadId={UPLOAD_ID}")),
        Form::new(&[("key", "k")], "a").to("/bucket"),
        Ask::new("PUT", "/bucket?cors")
            .header("x-amz-checksum-crc32", CORS_CRC32)
            .body(CORS),
        Ask::new("GET", "/bucket?cors"),
        Ask::new("DELETE", "/bucket?cors"),
    ]
}

fn of_account(method: &str) -> Ask {
    Ask::new(method, "/v20180820/configuration/publicAccessBlock").header("x-amz-account-id", "000000000001")
}

const UPLOAD_ID: &str = "0123456789abcdef0123456789abcdef";

/// CRC-32 of the document that DeleteObjects sends, in base64.
const DELETE_CRC32: &str = "A8uZRQ==";

const CORS: &str = "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
                    </CORSRule></CORSConfiguration>";

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
                       "Resource": "arn:aws:s3:::bucket/*"}}"#;

const OWNERSHIP: &str = "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>\
                         </OwnershipControls>";

/// CRC-32 of the document of CORS rules, in base64.
const CORS_CRC32: &str = "7Zz8mA==";

/// Total on purpose: a new operation does not compile before it has its request above.
fn number(operation: &Operation) -> usize {
    match operation {
        Operation::ListBuckets(_) => 0,
        Operation::CreateBucket(_) => 1,
        Operation::HeadBucket => 2,
        Operation::DeleteBucket => 3,
        Operation::GetBucketLocation => 4,
        Operation::ListObjects(_) => 5,
        Operation::ListObjectsV2(_) => 6,
        Operation::ListMultipartUploads(_) => 7,
        Operation::DeleteObjects(_) => 8,
        Operation::PutObject(_) => 9,
        Operation::CopyObject(_) => 10,
        Operation::GetObject(_) => 11,
        Operation::HeadObject(_) => 12,
        Operation::DeleteObject(_) => 13,
        Operation::CreateMultipartUpload(_) => 14,
        Operation::UploadPart(_) => 15,
        Operation::UploadPartCopy(_) => 16,
        Operation::CompleteMultipartUpload(_) => 17,
        Operation::AbortMultipartUpload(_) => 18,
        Operation::ListParts(_) => 19,
        Operation::ListObjectVersions(_) => 20,
        Operation::GetBucketVersioning => 21,
        Operation::GetBucketAcl => 22,
        Operation::GetObjectAcl => 23,
        Operation::GetObjectAttributes(_) => 24,
        Operation::GetUnset(_) => 25,
        Operation::DeleteUnset(_) => 26,
        Operation::PostObject(_) => 27,
        Operation::PutBucketCors(_) => 28,
        Operation::GetBucketCors => 29,
        Operation::DeleteBucketCors => 30,
        Operation::PutBucketAcl(_) => 31,
        Operation::PutObjectAcl(_) => 32,
        Operation::PutBucketPolicy(_) => 33,
        Operation::GetBucketPolicy => 34,
        Operation::DeleteBucketPolicy => 35,
        Operation::GetBucketPolicyStatus => 36,
        Operation::PutPublicAccessBlock(_) => 37,
        Operation::GetPublicAccessBlock => 38,
        Operation::DeletePublicAccessBlock => 39,
        Operation::PutBucketOwnershipControls(_) => 40,
        Operation::GetBucketOwnershipControls => 41,
        Operation::DeleteBucketOwnershipControls => 42,
        Operation::PutAccountPublicAccessBlock(_) => 43,
        Operation::GetAccountPublicAccessBlock(_) => 44,
        Operation::DeleteAccountPublicAccessBlock(_) => 45,
        Operation::Preflight(_) => PREFLIGHT,
    }
}

const OPERATIONS: usize = 46;
/// The number that no request above may have.
const PREFLIGHT: usize = OPERATIONS;

#[test]
fn there_is_a_request_for_every_operation() {
    let numbers: BTreeSet<usize> = requests()
        .iter()
        .map(|ask| {
            let lines: Vec<(&str, &[u8])> = ask
                .headers
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_bytes()))
                .collect();
            let (path, query) = match ask.target.split_once('?') {
                Some((path, query)) => (path, Some(query.as_bytes())),
                None => (ask.target.as_str(), None),
            };
            let length = ask.body.len().to_string();
            let lines = [lines, vec![("content-length", length.as_bytes())]].concat();
            let head = Head {
                method: &ask.method,
                path: path.as_bytes(),
                query,
                headers: &lines,
                host_bucket: None,
            };
            let fields = ask.form.as_ref().map(|form| countersign_protocol::Form {
                fields: form
                    .fields
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone().into()))
                    .collect(),
                ..countersign_protocol::Form::default()
            });
            assert_eq!(countersign_protocol::is_form(&head), fields.is_some());
            let named = match &fields {
                Some(fields) => countersign_protocol::parse_form(&head, fields),
                None => countersign_protocol::parse(&head),
            };
            number(&named.expect("a right request").operation)
        })
        .collect();
    assert_eq!(numbers, (0..OPERATIONS).collect());
}

/// Whether it is about no bucket that is there.
fn is_about_account(request: &Ask) -> bool {
    let creates = request.method == "PUT" && request.target == "/bucket";
    creates || request.target == "/" || request.target.starts_with("/v20180820/")
}

/// Sends every operation with `disguise` and says how each is refused; the engine must not notice any of it.
fn check(disguise: impl Fn(Ask) -> Ask, status: u16, code: &str) {
    let server = Running::start();
    let before = server.counts.so_far();
    for request in requests() {
        let name = format!("{} {}", request.method, request.target);
        let answer = server.send(&disguise(request.to(&server.host())));
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        if !name.starts_with("HEAD") {
            assert_eq!(answer.code(), code, "{name}");
        }
        assert_eq!(server.counts.so_far(), before, "{name} reached the engine");
    }
}

/// Sends every request as `ask` makes it to a server with the bucket and the object; each is refused, and the engine reads no more than
/// which buckets these are.
fn check_denied(server: &Running, ask: impl Fn(Ask) -> Ask) {
    for request in requests() {
        let name = format!("{} {}", request.method, request.target);
        let before = server.counts.so_far();
        let answer = server.send(&ask(request.clone().to(&server.host())));
        assert_eq!(answer.status, 403, "{name}: {}", answer.text());
        if request.method != "HEAD" {
            assert_eq!(answer.code(), "AccessDenied", "{name}");
        }
        let after = server.counts.so_far();
        assert_eq!(after.1, before.1, "{name} changed something");
        let buckets = usize::from(!is_about_account(&request));
        assert_eq!(after.0 - before.0, buckets, "{name} read more than its bucket");
    }
}

#[test]
fn nobody_is_refused_once_the_bucket_is_known() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    check_denied(&server, |ask| ask);
}

#[test]
fn nobody_is_told_which_buckets_there_are_not_and_nothing_else() {
    let server = Running::start();
    for request in requests() {
        let name = format!("{} {}", request.method, request.target);
        let (before, answer) = (
            server.counts.so_far(),
            server.send(&request.clone().to(&server.host())),
        );
        let expected = if is_about_account(&request) { 403 } else { 404 };
        assert_eq!(answer.status, expected, "{name}: {}", answer.text());
        assert_eq!(server.counts.so_far().1, before.1, "{name} changed something");
    }
}

#[test]
fn an_unknown_access_key_is_refused_before_the_store_is_called() {
    let key = || Key {
        access_key_id: "CSAKNOBODY0000000001".to_owned(),
        ..Key::root()
    };
    check(|ask| ask.sign(&key()), 403, "InvalidAccessKeyId");
}

#[test]
fn a_wrong_signature_is_refused_before_the_store_is_called() {
    check(
        |ask| ask.sign(&Key::root().with_secret("another-secret")),
        403,
        "SignatureDoesNotMatch",
    );
}

#[test]
fn a_wrong_link_is_refused_before_the_store_is_called() {
    // Headers of S3 must be signed, or they would be the reason.
    check(
        |ask| ask.presign(&Key::root().with_secret("another-secret"), 60),
        403,
        "SignatureDoesNotMatch",
    );
}

#[test]
fn a_bucket_expected_to_be_somebody_elses_is_refused_once_its_owner_is_known() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    let sign = |name: &'static str| move |ask: Ask| ask.header(name, "999999999999").sign(&Key::root());
    let mut asked = 0;
    // What is about an account is about no bucket, and one that is made knows no owner yet.
    let requests = requests().into_iter();
    let about_a_bucket: Vec<Ask> = requests.filter(|ask| !is_about_account(ask)).collect();
    for request in &about_a_bucket {
        let name = format!("{} {}", request.method, request.target);
        let before = server.counts.so_far();
        let answer = server.send(&sign("x-amz-expected-bucket-owner")(
            request.clone().to(&server.host()),
        ));
        assert_eq!(answer.status, 403, "{name}: {}", answer.text());
        assert_eq!(server.counts.so_far(), (before.0 + 1, before.1), "{name}");
        asked += 1;
    }
    assert_eq!(asked, OPERATIONS - 5);
    let copies = about_a_bucket
        .into_iter()
        .filter(|ask| !ask.value("x-amz-copy-source").is_empty());
    for copy in copies {
        let before = server.counts.so_far();
        let answer = server.send(&sign("x-amz-source-expected-bucket-owner")(
            copy.to(&server.host()),
        ));
        answer.is(403, "AccessDenied");
        assert_eq!(server.counts.so_far(), (before.0 + 1, before.1));
    }
    let own = Ask::new("GET", "/bucket/k").header("x-amz-expected-bucket-owner", "000000000001");
    assert_eq!(server.ask(own).status, 200);
}

#[test]
fn the_same_requests_rightly_signed_reach_the_engine() {
    for request in requests() {
        let server = Running::start();
        let before = server.counts.so_far();
        let name = format!("{} {}", request.method, request.target);
        let answer = server.ask(request);
        assert!(!matches!(answer.status, 401 | 403), "{name}: {}", answer.text());
        assert_ne!(
            server.counts.so_far(),
            before,
            "{name}: {} {}",
            answer.status,
            answer.text()
        );
    }
}

#[test]
fn a_preflight_opens_no_door_to_another_operation() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    for request in requests() {
        // Everything of the request but its method, as if somebody took a preflight for a way around the gates.
        let disguised = Ask {
            method: "OPTIONS".to_owned(),
            body: Vec::new(),
            ..request
        };
        let name = disguised.target.clone();
        let answer = server.send(&disguised.clone().header("origin", "https://a.example"));
        answer.is(403, "AccessForbidden");
        let answer = server.send(&disguised);
        answer.is(400, "BadRequest");
        assert_eq!(server.status_of("/bucket/k"), 200, "{name}");
        assert_eq!(server.status_of("/bucket?cors"), 404, "{name}");
        assert_eq!(server.status_of("/bucket?policy"), 404, "{name}");
    }
}
