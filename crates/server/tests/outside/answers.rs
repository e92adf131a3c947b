//! What every answer carries, whatever it says.

use crate::http::{Ask, Connection, Key};
use crate::running::Running;

fn requests() -> Vec<(u16, Ask)> {
    vec![
        (200, Ask::new("GET", "/")),
        (200, Ask::new("GET", "/bucket/k")),
        (200, Ask::new("HEAD", "/bucket/k")),
        (206, Ask::new("GET", "/bucket/k").header("range", "bytes=0-0")),
        (304, Ask::new("GET", "/bucket/k").header("if-none-match", "*")),
        (304, Ask::new("HEAD", "/bucket/k").header("if-none-match", "*")),
        (
            412,
            Ask::new("GET", "/bucket/k").header("if-match", "\"00000000000000000000000000000000\""),
        ),
        (416, Ask::new("GET", "/bucket/k").header("range", "bytes=100-")),
        (404, Ask::new("GET", "/bucket/none")),
        (404, Ask::new("HEAD", "/bucket/none")),
        (404, Ask::new("GET", "/none")),
        (400, Ask::new("PUT", "/NO")),
        (501, Ask::new("PUT", "/bucket?lifecycle")),
        (204, Ask::new("DELETE", "/bucket/none")),
    ]
}

#[test]
fn every_answer_has_its_ids_and_a_date_and_errors_repeat_the_id() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    let mut seen = Vec::new();
    for (status, request) in requests() {
        let name = format!("{} {}", request.method, request.target);
        let is_head = request.method == "HEAD";
        let answer = server.ask(request);
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        let id = answer.request_id();
        assert_eq!(id.len(), 16, "{name}");
        assert!(
            answer.header("x-amz-id-2").is_some_and(|v| !v.is_empty()),
            "{name}"
        );
        assert!(
            answer.header("date").is_some_and(|v| v.ends_with(" GMT")),
            "{name}"
        );
        assert!(!seen.contains(&id), "{name}: an id came twice");
        if status >= 400 && !is_head {
            assert_eq!(answer.element("RequestId"), Some(id.clone()), "{name}");
            assert_eq!(
                answer.element("HostId").as_deref(),
                answer.header("x-amz-id-2"),
                "{name}"
            );
            assert!(
                answer
                    .text()
                    .starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>"),
                "{name}"
            );
        }
        if status >= 400 {
            assert_eq!(answer.header("content-type"), Some("application/xml"), "{name}");
        }
        if is_head || matches!(status, 204 | 304) {
            assert!(answer.body.is_empty(), "{name}");
        }
        seen.push(id);
    }
}

#[test]
fn answers_without_a_body_leave_the_connection_in_step() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    let mut connection = Connection::open(server.s3);
    // Were a body sent where none may be, the next answer would begin with it.
    for (status, request) in requests() {
        let ask = request.to(&server.host()).sign(&Key::root());
        assert_eq!(
            connection.ask(&ask).status,
            status,
            "{} {}",
            ask.method,
            ask.target
        );
    }
}

#[test]
fn a_refused_head_has_no_body_but_the_diagnosis_in_a_header() {
    let server = Running::start();
    let ask = Ask::new("HEAD", "/bucket/k")
        .to(&server.host())
        .sign(&Key::root().with_secret("another-secret"));
    let mut connection = Connection::open(server.s3);
    let answer = connection.ask(&ask);
    assert_eq!(answer.status, 403);
    assert!(
        answer
            .header("x-countersign-diagnosis")
            .is_some_and(|v| v.contains("; status="))
    );
    assert_eq!(
        connection
            .ask(&Ask::new("GET", "/").to(&server.host()).sign(&Key::root()))
            .status,
        200
    );
}

/// The HTTP library answers these before there is a request that could be explained; it cannot be given a body.
#[test]
fn what_is_no_http_request_is_answered_without_a_document_and_the_connection_ends() {
    let server = Running::start();
    let check = |bytes: &[u8], status: u16| {
        let mut connection = Connection::open(server.s3);
        connection.send(bytes);
        let answer = connection.answer(false);
        assert_eq!(answer.status, status);
        assert!(answer.body.is_empty() && connection.ends());
    };
    check(b"NONSENSE\r\n\r\n", 400);
    check(b"GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n", 400);
    let long = format!(
        "GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
        "x".repeat(80 * 1024)
    );
    check(long.as_bytes(), 431);
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(300));
    check(many.as_bytes(), 431);
}

#[test]
fn two_hosts_are_one_too_many() {
    let server = Running::start();
    let ask = Ask::new("GET", "/")
        .to(&server.host())
        .sign(&Key::root())
        .header("host", "other.example");
    assert_eq!(server.send(&ask).status, 400);
}

#[test]
fn probes_are_answered_without_a_signature_on_both_ports() {
    let server = Running::start();
    assert_eq!(
        Connection::open(server.s3)
            .ask(&Ask::new("GET", "/-/readyz").to("a"))
            .status,
        200
    );
    assert_eq!(
        Connection::open(server.admin)
            .ask(&Ask::new("GET", "/readyz").to("a"))
            .status,
        200
    );
    // What only looks like a probe goes through the gates.
    Connection::open(server.s3)
        .ask(&Ask::new("GET", "/readyz").to("a"))
        .is(404, "NoSuchBucket");
    // No bucket can have that name.
    Connection::open(server.s3)
        .ask(&Ask::new("PUT", "/-/readyz").to("a"))
        .is(400, "InvalidBucketName");
}

#[test]
fn a_head_that_is_too_long_is_refused_in_words_and_the_connection_goes_on() {
    let server = Running::start();
    let mut connection = Connection::open(server.s3);
    let ask = || Ask::new("GET", "/").to(&server.host());
    let many = (0..200).fold(ask(), |ask, n| ask.header(&format!("x-{n}"), "y"));
    let long = ask().header("x", &"y".repeat(33 * 1024));
    let long_query = Ask::new("GET", &format!("/?x={}", "y".repeat(33 * 1024))).to(&server.host());
    let many_parameters = Ask::new("GET", &format!("/?{}", "x&".repeat(600))).to(&server.host());
    for ask in [many, long, long_query, many_parameters] {
        let answer = connection.ask(&ask.sign(&Key::root()));
        answer.is(400, "RequestHeaderSectionTooLarge");
        assert_eq!(answer.element("MaxSizeAllowed").as_deref(), Some("32768"));
    }
    let fits = ask().header("x", &"y".repeat(30 * 1024)).sign(&Key::root());
    assert_eq!(connection.ask(&fits).status, 200);
}

#[test]
fn requests_that_are_sent_before_their_answers_are_answered_in_order() {
    let server = Running::start().bucket("bucket");
    let asks: Vec<Ask> = ["/bucket/none", "/", "/none", "/bucket"]
        .map(|target| Ask::new("GET", target).to(&server.host()).sign(&Key::root()))
        .to_vec();
    let mut connection = Connection::open(server.s3);
    connection.send(&asks.iter().flat_map(Ask::head).collect::<Vec<u8>>());
    let statuses: Vec<u16> = asks.iter().map(|_| connection.answer(false).status).collect();
    assert_eq!(statuses, [404, 200, 404, 200]);
}

#[test]
fn a_client_of_http_1_0_is_answered_and_let_go() {
    let server = Running::start();
    let ask = Ask::new("GET", "/").to(&server.host()).sign(&Key::root());
    let head = String::from_utf8(ask.head())
        .expect("text")
        .replace(" HTTP/1.1\r\n", " HTTP/1.0\r\n");
    let mut connection = Connection::open(server.s3);
    connection.send(head.as_bytes());
    let answer = connection.answer(false);
    assert_eq!(answer.status, 200);
    assert!(answer.text().ends_with("</ListAllMyBucketsResult>"));
    assert!(connection.ends());
}
