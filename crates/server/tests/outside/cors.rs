//! Pages of other origins: what their preflights are answered, and which answers they can read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_server::{Config, DiagnosisMode};
use sha2::{Digest as _, Sha256};

use crate::http::{Answer, Ask, Connection, Key};
use crate::running::Running;

const ORIGIN: &str = "https://app.example";
const NOT_ALLOWED: &str = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of \
                           Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers \
                           are not whitelisted by the resource's CORS spec.";

const RULES: &str = "<CORSRule><ID>downloads</ID><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>\
                     <CORSRule><AllowedMethod>PUT</AllowedMethod><AllowedMethod>POST</AllowedMethod>\
                     <AllowedOrigin>https://app.example</AllowedOrigin><AllowedHeader>x-amz-*</AllowedHeader>\
                     <AllowedHeader>Content-Type</AllowedHeader><MaxAgeSeconds>600</MaxAgeSeconds>\
                     <ExposeHeader>ETag</ExposeHeader></CORSRule>";

fn put_rules(rules: &str) -> Ask {
    let document = format!("<CORSConfiguration>{rules}</CORSConfiguration>");
    let sha256 = STANDARD.encode(Sha256::digest(document.as_bytes()));
    Ask::new("PUT", "/bucket?cors")
        .header("x-amz-checksum-sha256", &sha256)
        .body(document)
}

fn serving(diagnosis: DiagnosisMode) -> Running {
    let config = Config {
        diagnosis,
        domains: vec!["s3.example.com".to_owned()],
        ..Config::in_region("us-east-1")
    };
    let server = Running::with(config).bucket("bucket");
    assert_eq!(server.ask(put_rules(RULES)).status, 200);
    server
}

fn preflight(target: &str, origin: &str, method: &str, headers: &str) -> Ask {
    let ask = Ask::new("OPTIONS", target)
        .header("origin", origin)
        .header("access-control-request-method", method);
    if headers.is_empty() {
        return ask;
    }
    ask.header("access-control-request-headers", headers)
}

/// The answer's CORS headers as `name: value` without the common beginning, in order.
fn shared(answer: &Answer) -> Vec<String> {
    let mut found: Vec<String> = answer
        .headers
        .iter()
        .filter_map(|(name, value)| Some(format!("{}: {value}", name.strip_prefix("access-control-")?)))
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn rules_are_put_shown_and_removed_and_do_not_outlive_the_bucket() {
    let server = Running::start().bucket("bucket");
    let get = || server.ask(Ask::new("GET", "/bucket?cors"));
    let none = || {
        let answer = get();
        answer.is(404, "NoSuchCORSConfiguration");
        assert_eq!(answer.element("BucketName").as_deref(), Some("bucket"));
        assert_eq!(
            answer.element("Message").as_deref(),
            Some("The CORS configuration does not exist")
        );
    };
    none();
    assert_eq!(server.ask(put_rules(RULES)).status, 200);
    assert!(
        get()
            .text()
            .contains("<CORSRule><ID>downloads</ID><AllowedMethod>GET</AllowedMethod>")
    );
    server.ask(put_rules("")).is(400, "MalformedXML");
    server
        .ask(put_rules(RULES).replace("x-amz-checksum-sha256", &STANDARD.encode([0; 32])))
        .is(400, "BadDigest");
    assert_eq!(get().status, 200, "what is refused changes nothing");
    for _ in 0..2 {
        assert_eq!(server.ask(Ask::new("DELETE", "/bucket?cors")).status, 204);
        none();
    }
    assert_eq!(server.ask(put_rules(RULES)).status, 200);
    assert_eq!(server.ask(Ask::new("DELETE", "/bucket")).status, 204);
    get().is(404, "NoSuchBucket");
    let server = server.bucket("bucket");
    server
        .ask(Ask::new("GET", "/bucket?cors"))
        .is(404, "NoSuchCORSConfiguration");
}

#[test]
fn a_preflight_is_answered_by_the_first_rule_that_allows_it() {
    let server = serving(DiagnosisMode::Off);
    let check = |ask: Ask, expected: &[&str]| {
        let answer = server.send(&ask);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, ""),
            "{}",
            ask.target
        );
        assert_eq!(shared(&answer), expected);
        assert_eq!(
            answer.header("vary"),
            Some("Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
        );
    };
    check(
        preflight("/bucket/k", "https://any.example", "GET", ""),
        &["allow-methods: GET", "allow-origin: *"],
    );
    let uploads = [
        "allow-credentials: true",
        "allow-headers: x-amz-meta-a, content-type",
        "allow-methods: PUT, POST",
        "allow-origin: https://app.example",
        "expose-headers: ETag",
        "max-age: 600",
    ];
    let upload = |target: &str| preflight(target, ORIGIN, "PUT", "X-Amz-Meta-A,Content-Type");
    check(upload("/bucket/k"), &uploads);
    check(upload("/bucket"), &uploads);
    check(upload("/k").header("host", "bucket.s3.example.com"), &uploads);
    // A link is signed for the request that follows; its signature is nothing to a preflight, right or wrong.
    for expires in [0, 60] {
        let key = || Key::root().with_secret("another-secret");
        let link = Ask::new("PUT", "/bucket/k")
            .to(&server.host())
            .presign(&key(), expires);
        check(
            upload(&format!("{}&x-amz-acl=public-read&policy", link.target)),
            &uploads,
        );
    }
    check(
        upload("/bucket/k").header("authorization", "AWS4-HMAC-SHA256 nonsense"),
        &uploads,
    );
}

#[test]
fn a_preflight_is_refused_in_the_words_of_aws() {
    let server = serving(DiagnosisMode::Off);
    let server = server.bucket("bare");
    let check = |ask: Ask, status: u16, message: &str, method: Option<&str>, resource: Option<&str>| {
        let answer = server.send(&ask);
        let found = (
            answer.status,
            answer.element("Message"),
            answer.element("Method"),
            answer.element("ResourceType"),
        );
        let owned = |text: Option<&str>| text.map(str::to_owned);
        assert_eq!(
            found,
            (status, owned(Some(message)), owned(method), owned(resource)),
            "{}",
            ask.target
        );
        assert!(shared(&answer).is_empty() && answer.header("vary").is_none());
        assert_eq!(answer.header("x-countersign-diagnosis"), None);
    };
    let no_rules = "CORSResponse: CORS is not enabled for this bucket.";
    let no_bucket = "CORSResponse: Bucket not found";
    let bare = |target: &str| Ask::new("OPTIONS", target).header("origin", ORIGIN);
    check(
        Ask::new("OPTIONS", "/bucket/k"),
        400,
        "Insufficient information. Origin request header needed.",
        None,
        None,
    );
    check(
        bare("/bucket/k"),
        400,
        "Invalid Access-Control-Request-Method: null",
        None,
        None,
    );
    check(
        preflight("/bucket/k", ORIGIN, "PATCH", ""),
        400,
        "Invalid Access-Control-Request-Method: PATCH",
        None,
        None,
    );
    for (ask, resource) in [
        (preflight("/bucket/k", "https://b.example", "PUT", ""), "OBJECT"),
        (preflight("/bucket", ORIGIN, "DELETE", ""), "BUCKET"),
        (preflight("/bucket/k", ORIGIN, "PUT", "range"), "OBJECT"),
    ] {
        let method = ask.value("access-control-request-method").to_owned();
        check(ask, 403, NOT_ALLOWED, Some(&method), Some(resource));
    }
    check(
        preflight("/bare/k", ORIGIN, "PUT", ""),
        403,
        no_rules,
        Some("PUT"),
        Some("BUCKET"),
    );
    check(bare("/bare/k"), 403, no_rules, Some("OPTIONS"), Some("BUCKET"));
    check(bare("/none/k"), 403, no_bucket, Some("OPTIONS"), Some("BUCKET"));
    check(bare("/"), 403, no_bucket, Some("OPTIONS"), Some("BUCKET"));
}

#[test]
fn a_refused_preflight_says_which_part_failed_in_the_answer_and_on_record() {
    let check = |ask: Ask, diagnosis: &str, full: &str, basic: &str| {
        for (level, sentence) in [(DiagnosisMode::Full, full), (DiagnosisMode::Basic, basic)] {
            let server = serving(level);
            let answer = server.send(&ask);
            answer.is(403, "AccessForbidden");
            assert_eq!(answer.header("x-countersign-diagnosis"), Some(diagnosis));
            let message = answer.element("Message").unwrap_or_default();
            assert_eq!(message, format!("{NOT_ALLOWED} {sentence}"), "{level:?}");
            assert!(
                answer
                    .text()
                    .contains("<Diagnosis version=\"1\" status=\"exact\">")
            );
            let record = server.ask_admin(&format!("/api/v1/refusals/{}", answer.request_id()));
            assert_eq!(record.status, 200);
            // The operator reads everything, whatever the page was told.
            let told = full.split(". ").next().unwrap_or_default();
            assert!(record.text().contains(told), "{}", record.text());
        }
    };
    check(
        preflight("/bucket/k", "https://app.example:8443", "PUT", ""),
        "CORS-METHOD; status=exact; slot=header:access-control-request-method",
        "The CORS rules allow the origin https://app.example:8443, but not the method PUT; rule 1 allows GET. Add PUT to \
         AllowedMethods in rule 1 of the bucket. (CORS-METHOD, exact)",
        "The CORS rules allow the origin https://app.example:8443, but not the method PUT. Add PUT to AllowedMethods in a \
         rule of the bucket. (CORS-METHOD, exact)",
    );
    check(
        preflight("/bucket/k", ORIGIN, "PUT", "x-amz-date,range"),
        "CORS-HEADER; status=exact; slot=header:access-control-request-headers",
        "The CORS rules allow the origin https://app.example and the method PUT, but not the header range; rule 2 allows \
         x-amz-*, Content-Type. Add range to AllowedHeaders in rule 2 of the bucket, or * for all. (CORS-HEADER, exact)",
        "The CORS rules allow the origin https://app.example and the method PUT, but not the header range. Add range to \
         AllowedHeaders in a rule of the bucket, or * for all. (CORS-HEADER, exact)",
    );
}

#[test]
fn a_preflight_without_rules_or_bucket_is_told_what_is_missing() {
    let server = Running::diagnosing(DiagnosisMode::Full).bucket("bucket");
    for target in ["/bucket/k", "/none/k"] {
        let answer = server.send(&preflight(target, ORIGIN, "PUT", ""));
        answer.is(403, "AccessForbidden");
        assert_eq!(
            answer.header("x-countersign-diagnosis"),
            Some("CORS-NONE; status=exact; slot=cors")
        );
    }
    let rule = "<CORSRule><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>http://app.example</AllowedOrigin></CORSRule>";
    assert_eq!(server.ask(put_rules(rule)).status, 200);
    let answer = server.send(&preflight("/bucket/k", ORIGIN, "PUT", ""));
    assert_eq!(
        answer.header("x-countersign-diagnosis"),
        Some("CORS-ORIGIN; status=exact; slot=header:origin")
    );
    let message = answer.element("Message").unwrap_or_default();
    assert!(
        message.contains("a rule allows http://app.example, which is another scheme"),
        "{message}"
    );
}

#[test]
fn every_answer_to_a_page_that_a_rule_allows_can_be_read() {
    let server = serving(DiagnosisMode::Full);
    server.put("/bucket/k", "hello");
    let none_match = || Ask::new("GET", "/bucket/k").header("if-none-match", "*");
    let wrong = |ask: Ask| {
        ask.to(&server.host())
            .sign(&Key::root().with_secret("another-secret"))
    };
    let right = |ask: Ask| ask.to(&server.host()).sign(&Key::root());
    let page = |ask: Ask| ask.header("origin", ORIGIN);
    for (status, ask) in [
        (200, right(page(Ask::new("GET", "/bucket/k")))),
        (
            206,
            right(page(Ask::new("GET", "/bucket/k").header("range", "bytes=0-0"))),
        ),
        (304, right(page(none_match()))),
        (404, right(page(Ask::new("GET", "/bucket/none")))),
        (501, right(page(Ask::new("GET", "/bucket?analytics")))),
        (403, page(Ask::new("GET", "/bucket/k"))),
        (403, wrong(page(Ask::new("GET", "/bucket/k")))),
        (400, page(Ask::new("GET", "/bucket/%ff"))),
        (200, right(page(Ask::new("PUT", "/bucket/p").body("a")))),
        (200, right(page(Ask::new("POST", "/bucket/m?uploads")))),
        (403, wrong(page(Ask::new("PUT", "/bucket/k").body("a")))),
        (
            403,
            page(
                Ask::new("PUT", "/bucket/k")
                    .to(&server.host())
                    .presign(&Key::root().with_secret("x"), 60),
            ),
        ),
    ] {
        let name = format!("{} {} {status}", ask.method, ask.target);
        let is_get = ask.method == "GET";
        let answer = server.send(&ask);
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        let origin = answer.header("access-control-allow-origin");
        assert_eq!(origin, Some(if is_get { "*" } else { ORIGIN }), "{name}");
        assert!(
            answer.header("vary").is_some_and(|v| v.starts_with("Origin")),
            "{name}"
        );
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        let exposed: Vec<&str> = exposed.split(", ").collect();
        let explains = status >= 400;
        for header in ["date", "x-amz-request-id", "x-amz-id-2"] {
            assert_eq!(exposed.contains(&header), explains, "{name}: {exposed:?}");
        }
        let diagnosed = answer.header("x-countersign-diagnosis").is_some();
        assert_eq!(exposed.contains(&"x-countersign-diagnosis"), diagnosed, "{name}");
        assert_eq!(exposed.contains(&"ETag"), !is_get, "{name}");
    }
}

#[test]
fn an_answer_stays_as_it_is_where_no_rule_allows_the_page() {
    let server = serving(DiagnosisMode::Full);
    server.put("/bucket/k", "hello");
    let get = || Ask::new("GET", "/bucket/k");
    let put = || Ask::new("PUT", "/bucket/p").body("a");
    for ask in [
        get(),
        put().header("origin", "https://b.example"),
        // As at AWS, whoever says what is going to be asked is held against that.
        get()
            .header("origin", ORIGIN)
            .header("access-control-request-method", "DELETE"),
        put()
            .header("origin", ORIGIN)
            .header("access-control-request-headers", "range"),
    ] {
        let answer = server.ask(ask);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(shared(&answer).is_empty() && answer.header("vary").is_none());
    }
    assert_eq!(
        server.status_of("/bucket/p"),
        200,
        "it was carried out all the same"
    );
    let answer = server.ask(Ask::new("GET", "/none/k").header("origin", ORIGIN));
    assert!(answer.status == 404 && shared(&answer).is_empty());
}

#[test]
fn the_rules_before_a_request_decide_who_reads_its_answer() {
    let server = Running::start().bucket("bucket");
    let all = "<CORSRule><AllowedMethod>PUT</AllowedMethod><AllowedMethod>DELETE</AllowedMethod>\
               <AllowedOrigin>*</AllowedOrigin></CORSRule>";
    let page = |ask: Ask| server.ask(ask.header("origin", ORIGIN));
    assert!(
        shared(&page(put_rules(all))).is_empty(),
        "there were no rules yet"
    );
    let answer = page(Ask::new("DELETE", "/bucket"));
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[test]
fn rules_are_looked_up_only_for_pages() {
    let server = serving(DiagnosisMode::Full);
    let mut connection = Connection::open(server.s3);
    let mut reads = |ask: &Ask| {
        let before = server.counts.so_far();
        connection.ask(&ask.clone().to(&server.host()));
        server.counts.so_far().0 - before.0
    };
    let refused = Ask::new("GET", "/bucket/k");
    assert_eq!(reads(&refused), 1, "the bucket");
    assert_eq!(
        reads(&refused.clone().header("origin", ORIGIN)),
        3,
        "the bucket and its rules, and the bucket again to decide"
    );
}

#[test]
fn diagnosis_off_exposes_what_the_rule_says_and_nothing_else() {
    let server = serving(DiagnosisMode::Off);
    let ask = Ask::new("PUT", "/bucket/k").header("origin", ORIGIN);
    let answer = server.send(&ask);
    answer.is(403, "AccessDenied");
    assert_eq!(answer.header("access-control-expose-headers"), Some("ETag"));
}
