//! A client that is refused while it uploads still reads why.

use countersign_sigv4::Payload;

use crate::http::{Ask, Connection, Key};
use crate::running::Running;

fn upload(server: &Running, length: usize) -> Ask {
    Ask::new("PUT", "/bucket/k")
        .to(&server.host())
        .payload(Payload::Unsigned)
        .sign(&Key::root().with_secret("another-secret"))
        .header("content-length", &length.to_string())
}

#[test]
fn a_client_that_sends_everything_before_it_reads_gets_the_whole_refusal() {
    let server = Running::start();
    let length = 64 * 1024 * 1024;
    let mut connection = Connection::open(server.s3);
    connection.send(&upload(&server, length).head());
    let piece = vec![b'x'; 1024 * 1024];
    (0..length / piece.len()).for_each(|_| connection.send(&piece));
    let answer = connection.answer(false);
    answer.is(403, "SignatureDoesNotMatch");
    assert!(answer.text().ends_with("</Error>"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(connection.ends());
}

#[test]
fn the_refusal_is_there_before_the_upload_ends() {
    let server = Running::start();
    let mut connection = Connection::open(server.s3);
    connection.send(&upload(&server, 64 * 1024 * 1024).head());
    connection.send(&[b'x'; 1000]);
    connection.answer(false).is(403, "SignatureDoesNotMatch");
}

#[test]
fn a_client_that_waits_to_be_asked_is_not_asked() {
    let server = Running::start();
    let mut connection = Connection::open(server.s3);
    connection.send(
        &upload(&server, 64 * 1024 * 1024)
            .header("expect", "100-continue")
            .head(),
    );
    let answer = connection.answer(false);
    answer.is(403, "SignatureDoesNotMatch");
    assert!(answer.interim.is_empty(), "{:?}", answer.interim);
    assert_eq!(answer.header("connection"), Some("close"));
    connection.end_sending();
    assert!(connection.ends());
}

#[test]
fn a_client_that_waits_and_is_welcome_is_asked_once() {
    let server = Running::start().bucket("bucket");
    let ask = Ask::new("PUT", "/bucket/k")
        .to(&server.host())
        .payload(Payload::Unsigned)
        .sign(&Key::root())
        .header("expect", "100-continue")
        .body("hello");
    let mut connection = Connection::open(server.s3);
    connection.send(&ask.head());
    assert_eq!(connection.answer_head().status, 100);
    connection.send(&ask.body);
    let answer = connection.answer(false);
    assert_eq!((answer.status, answer.interim.as_slice()), (200, &[][..]));
}

#[test]
fn a_small_refused_body_does_not_cost_the_connection() {
    let server = Running::start();
    let mut connection = Connection::open(server.s3);
    for length in [0, 10, 100_000] {
        connection.send(&upload(&server, length).head());
        connection.send(&vec![b'x'; length]);
        let answer = connection.answer(false);
        answer.is(403, "SignatureDoesNotMatch");
        assert_ne!(answer.header("connection"), Some("close"));
    }
    assert_eq!(
        connection
            .ask(&Ask::new("GET", "/").to(&server.host()).sign(&Key::root()))
            .status,
        200
    );
}
