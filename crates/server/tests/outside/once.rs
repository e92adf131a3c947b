//! One-time links through the whole server: they work once, whoever asks and however many at once, and what fails does
//! not count.

use std::sync::Arc;

use countersign_engine::Engine;
use countersign_engine::memory::Memory;
use countersign_server::{Config, DiagnosisMode};

use crate::http::{Answer, Ask, Connection, Key, now};
use crate::running::Running;

/// Clients of one link.
const CLIENTS: usize = 24;

fn link(server: &Running, method: &str, target: &str) -> Ask {
    // Links made in the same second would be the same link.
    static MADE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(60);
    let expires = MADE.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    Ask::new(method, &format!("{target}?x-countersign-once=1"))
        .to(&server.host())
        .presign(&Key::root(), expires)
}

fn is_used(answer: &Answer) {
    answer.is(403, "AccessDenied");
    assert_eq!(
        answer.header("x-countersign-diagnosis"),
        Some("PRE-USED; status=exact; slot=query")
    );
    let message = answer.element("Message").unwrap_or_default();
    let begin = "Request has been used already. The link works once and was used ";
    assert!(message.starts_with(begin), "{message}");
    assert!(answer.element("UsedAt").is_some(), "{}", answer.text());
}

#[test]
fn a_one_time_link_works_once_and_then_says_when_it_was_used() {
    let server = Running::start().bucket("bucket");
    let put = link(&server, "PUT", "/bucket/k").body("hello");
    assert_eq!(server.send(&put).status, 200);
    is_used(&server.send(&put.clone().body("another")));
    let get = link(&server, "GET", "/bucket/k");
    assert_eq!(server.send(&get).text(), "hello");
    is_used(&server.send(&get));
    // In another order it is the same link.
    let (path, query) = get.target.split_once('?').expect("a query");
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.reverse();
    let turned = Ask {
        target: format!("{path}?{}", parameters.join("&")),
        ..get
    };
    is_used(&server.send(&turned));
    // Without the parameter links work as often as anybody likes.
    let often = Ask::new("GET", "/bucket/k")
        .to(&server.host())
        .presign(&Key::root(), 60);
    for _ in 0..3 {
        assert_eq!(server.send(&often).text(), "hello");
    }
}

#[test]
fn without_diagnosis_a_used_link_is_refused_in_one_sentence() {
    let server = Running::diagnosing(DiagnosisMode::Off).bucket("bucket");
    let put = link(&server, "PUT", "/bucket/k").body("hello");
    assert_eq!(server.send(&put).status, 200);
    let answer = server.send(&put);
    answer.is(403, "AccessDenied");
    assert_eq!(
        answer.element("Message").as_deref(),
        Some("Request has been used already")
    );
    assert_eq!(answer.header("x-countersign-diagnosis"), None);
}

#[test]
fn of_many_clients_with_one_link_exactly_one_gets_its_answer() {
    let server = Running::start().bucket("bucket");
    for size in [10, 3 << 20] {
        let put = link(&server, "PUT", "/bucket/k");
        let bodies = (0..CLIENTS).map(|client| vec![client as u8; size]);
        let winners = race(&server, bodies.map(|body| put.clone().body(body)).collect());
        let [winner] = winners[..] else {
            unreachable!("{winners:?} of {CLIENTS} have put")
        };
        let kept = server.ask(Ask::new("GET", "/bucket/k")).body;
        assert!(kept == vec![winner as u8; size]);

        let get = link(&server, "GET", "/bucket/k");
        let winners = race(&server, vec![get; CLIENTS]);
        assert_eq!(winners.len(), 1, "{winners:?} of {CLIENTS} have got");
    }
}

/// Sends all at once; who got a 200. All others must have been told that the link is used.
fn race(server: &Running, asks: Vec<Ask>) -> Vec<usize> {
    let address = server.s3;
    let gate = Arc::new(std::sync::Barrier::new(asks.len()));
    let clients = asks.into_iter().map(|ask| {
        let gate = Arc::clone(&gate);
        std::thread::spawn(move || {
            let mut connection = Connection::open(address);
            gate.wait();
            connection.ask(&ask)
        })
    });
    let clients: Vec<_> = clients.collect();
    let answers = clients
        .into_iter()
        .map(|client| client.join().expect("an answer"));
    let winners = answers.enumerate().filter_map(|(client, answer)| {
        if answer.status == 200 {
            return Some(client);
        }
        // In a race the search for causes may be left out; the refusal never is.
        answer.is(403, "AccessDenied");
        assert!(answer.element("UsedAt").is_some(), "{}", answer.text());
        None
    });
    winners.collect()
}

#[test]
fn what_does_not_succeed_does_not_count() {
    let server = Running::start().bucket("bucket");
    let put = link(&server, "PUT", "/bucket/k");
    let get = link(&server, "GET", "/bucket/k");
    let md5 = "AAAAAAAAAAAAAAAAAAAAAA==";
    server
        .send(&put.clone().body("hello").header("content-md5", md5))
        .is(400, "BadDigest");
    server.send(&get).is(404, "NoSuchKey");
    let preflight = Ask::new("OPTIONS", &put.target)
        .header("origin", "https://a.example")
        .header("access-control-request-method", "PUT");
    server.send(&preflight).is(403, "AccessForbidden");
    server
        .send(&Ask {
            method: "HEAD".to_owned(),
            ..get.clone()
        })
        .is(403, "");
    assert_eq!(server.send(&put.clone().body("hello")).status, 200);
    let etag = "\"5d41402abc4b2a76b9719d911017c592\"";
    for (name, value, status) in [
        ("if-none-match", etag, 304),
        ("if-match", "\"00000000000000000000000000000000\"", 412),
        ("range", "bytes=9-", 416),
    ] {
        let answer = server.send(&get.clone().header(name, value));
        assert_eq!(answer.status, status, "{name}");
    }
    let head = link(&server, "HEAD", "/bucket/k");
    for _ in 0..3 {
        assert_eq!(server.send(&head).status, 200);
    }
    assert_eq!(server.send(&get).text(), "hello");
    // What a used link could still tell about the object, it does not.
    is_used(&server.send(&get.clone().header("if-none-match", etag)));
    is_used(&server.send(&get.header("range", "bytes=9-")));
}

#[test]
fn a_part_of_an_object_and_nothing_at_all_are_uses_too() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    server.put("/bucket/empty", "");
    let get = link(&server, "GET", "/bucket/k");
    let answer = server.send(&get.clone().header("range", "bytes=1-2"));
    assert_eq!((answer.status, answer.text().as_str()), (206, "el"));
    is_used(&server.send(&get));
    let get = link(&server, "GET", "/bucket/empty");
    assert_eq!(server.send(&get).status, 200);
    is_used(&server.send(&get));
}

#[test]
fn a_use_outlives_the_server() {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let config = || Config::in_region("us-east-1");
    let first = Running::over(Arc::clone(&engine), config()).bucket("bucket");
    // The name under which both are known, wherever they listen.
    let make = |method: &str| {
        Ask::new(method, "/bucket/k?x-countersign-once=1")
            .header("host", "s3.example.com")
            .presign(&Key::root(), 60)
    };
    let (put, get) = (make("PUT").body("hello"), make("GET"));
    assert_eq!(first.send(&put).status, 200);
    drop(first);
    let second = Running::over(engine, config());
    is_used(&second.send(&put));
    assert_eq!(second.send(&get).text(), "hello");
    is_used(&second.send(&get));
}

#[test]
fn what_only_looks_like_a_one_time_link_is_refused() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    let must_be_a_link = "x-countersign-once must be a query parameter of a presigned link";
    let check = |ask: Ask, message: &str| {
        let answer = server.send(&ask);
        answer.is(400, "InvalidArgument");
        assert_eq!(answer.element("Message").as_deref(), Some(message));
    };
    let target = "/bucket/k?x-countersign-once=1";
    let host = server.host();
    check(
        Ask::new("GET", target).to(&host).sign(&Key::root()),
        must_be_a_link,
    );
    check(Ask::new("GET", target), must_be_a_link);
    let presign = |target: &str| Ask::new("GET", target).to(&host).presign(&Key::root(), 60);
    check(
        presign("/bucket/k?x-countersign-once=2"),
        "x-countersign-once must be 1",
    );
    check(
        presign("/bucket/k").header("x-countersign-once", "1"),
        must_be_a_link,
    );
    // It cannot be added to a link, nor taken away.
    let plain = presign("/bucket/k");
    let added = Ask {
        target: format!("{}&x-countersign-once=1", plain.target),
        ..plain
    };
    server.send(&added).is(403, "SignatureDoesNotMatch");
    let once = link(&server, "GET", "/bucket/k");
    let taken = Ask {
        target: once
            .target
            .replace("&x-countersign-once=1", "")
            .replace("x-countersign-once=1&", ""),
        ..once.clone()
    };
    assert!(taken.target != once.target);
    server.send(&taken).is(403, "SignatureDoesNotMatch");
    assert_eq!(server.send(&once).text(), "hello");
}

#[test]
fn a_link_from_before_its_bucket_is_refused() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    let key = Key {
        time: now() - 30,
        ..Key::root()
    };
    let early = Ask::new("GET", "/bucket/k?x-countersign-once=1")
        .to(&server.host())
        .presign(&key, 60);
    let answer = server.send(&early);
    answer.is(403, "AccessDenied");
    let message = answer.element("Message").unwrap_or_default();
    let (told, why) = message.split_once(". ").expect("two sentences");
    assert_eq!(
        told,
        "Request is older than the bucket, and whether it was used already is not known"
    );
    assert!(
        why.starts_with("The link works once, and whether it was used is not known"),
        "{why}"
    );
    let header = answer.header("x-countersign-diagnosis");
    assert_eq!(header, Some("PRE-USED; status=exact; slot=query"));
}
