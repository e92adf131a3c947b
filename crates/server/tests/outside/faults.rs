//! A storage engine that fails: writes say so in words, reads go on, and nothing that was refused is seen.

use std::sync::Arc;

use countersign_engine::faulty::{Fault, Faulty, Odds, Plan};
use countersign_engine::memory::Memory;
use countersign_server::Config;

use crate::http::{Ask, Connection, Key};
use crate::running::Running;

fn check(plan: Plan, status: u16, code: &str, says: &str) {
    let faulty = Arc::new(Faulty::new(Arc::new(Memory::new()), Plan::none()));
    let server = Running::over(Arc::clone(&faulty) as _, Config::in_region("us-east-1")).bucket("bucket");
    server.put("/bucket/old", "hello");
    faulty.plan(plan);
    for request in [
        Ask::new("PUT", "/bucket/new").body("a"),
        Ask::new("PUT", "/bucket/new").body(vec![b'a'; 3 * 1024 * 1024]),
        Ask::new("PUT", "/bucket/old").body("changed"),
        Ask::new("PUT", "/bucket/new").header("x-amz-copy-source", "/bucket/old"),
        Ask::new("POST", "/bucket/new?uploads"),
        Ask::new("PUT", "/other"),
    ] {
        let name = format!("{} {}", request.method, request.target);
        let answer = server.ask(request);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{name}: {}",
            answer.text()
        );
        let message = answer.element("Message").unwrap_or_default();
        assert!(message.contains(says), "{name}: {message}");
        assert_eq!(answer.header("x-countersign-diagnosis"), None, "{name}");
        // Reads go on.
        assert_eq!(server.ask(Ask::new("GET", "/bucket/old")).text(), "hello");
        assert_eq!(server.ask(Ask::new("HEAD", "/bucket/old")).status, 200);
        assert!(
            server
                .ask(Ask::new("GET", "/bucket"))
                .text()
                .contains("<Key>old</Key>")
        );
    }
    faulty.plan(Plan::none());
    assert_eq!(server.status_of("/bucket/new"), 404, "nothing refused is seen");
    assert_eq!(server.status_of("/other"), 404);
    server.put("/bucket/new", "as if nothing had been");
}

#[test]
fn a_full_disk_refuses_writes_in_words() {
    let full = Odds {
        full: 1000,
        ..Odds::default()
    };
    check(
        Plan::seeded(1, full),
        503,
        "ServiceUnavailable",
        "storage is full",
    );
}

#[test]
fn a_failed_sync_refuses_writes_in_words() {
    check(
        Plan::script([Some(Fault::Failed)]),
        503,
        "ServiceUnavailable",
        "until the server is restarted",
    );
}

#[test]
fn storage_that_does_not_answer_is_worth_another_try() {
    let faulty = Arc::new(Faulty::new(Arc::new(Memory::new()), Plan::none()));
    let server = Running::over(Arc::clone(&faulty) as _, Config::in_region("us-east-1")).bucket("bucket");
    server.put("/bucket/k", "hello");
    faulty.plan(Plan::seeded(
        1,
        Odds {
            unavailable: 1000,
            ..Odds::default()
        },
    ));
    assert_eq!(server.ask(Ask::new("GET", "/bucket/k")).status, 503);
    assert_eq!(server.ask(Ask::new("PUT", "/bucket/k").body("new")).status, 503);
    faulty.plan(Plan::none());
    assert_eq!(server.ask(Ask::new("GET", "/bucket/k")).text(), "hello");
}

#[test]
fn a_body_that_cannot_be_read_on_is_cut_and_never_taken_for_whole() {
    let faulty = Arc::new(Faulty::new(Arc::new(Memory::new()), Plan::none()));
    let server = Running::over(Arc::clone(&faulty) as _, Config::in_region("us-east-1")).bucket("bucket");
    let size = 8 * 1024 * 1024;
    assert_eq!(
        server
            .ask(Ask::new("PUT", "/bucket/k").body(vec![b'a'; size]))
            .status,
        200
    );
    let ask = Ask::new("GET", "/bucket/k")
        .header("connection", "close")
        .to(&server.host())
        .sign(&Key::root());
    let (mut told, mut cut) = (0, 0);
    // Wherever the reading fails: an error in words before the first byte, a cut connection after it.
    for calls in 0..8 {
        let script = (0..calls)
            .map(|_| None)
            .chain((0..1000).map(|_| Some(Fault::Unavailable)));
        faulty.plan(Plan::script(script));
        let mut connection = Connection::open(server.s3);
        connection.send(&ask.head());
        let received = connection.rest();
        assert!(!received.is_empty(), "{calls}: not a word");
        if received.starts_with(b"HTTP/1.1 503 ") {
            assert_eq!(
                cut, 0,
                "{calls}: a later fault is told better than an earlier one"
            );
            assert!(received.ends_with(b"</Error>"), "{calls}");
            told += 1;
        } else {
            assert!(
                received.len() < size,
                "{calls}: {} bytes look whole",
                received.len()
            );
            cut += 1;
        }
    }
    // The bucket, the object, its body, the first piece.
    assert!(told >= 4 && cut > 0, "{told} {cut}");
}
