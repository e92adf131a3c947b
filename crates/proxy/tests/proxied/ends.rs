//! An upstream that is not there, goes away, answers before it has everything, or refuses.

use std::io::Write;

use countersign_sigv4::Payload;

use crate::scene::{Manner, Scene, answer};

#[test]
fn without_an_upstream_nobody_is_asked_for_a_body() {
    let scene = Scene::before_nobody();
    let ask = scene
        .ask("PUT", "/b/k")
        .body(b"hello")
        .unsigned("expect", "100-continue");
    let mut head = ask.bytes();
    head.truncate(head.len() - "hello".len());
    let mut stream = scene.connect();
    stream.write_all(&head).expect("sent");
    let mut first = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut first).expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 503");
    let told = scene.send(&scene.ask("GET", "/b/k").bytes());
    told.is(503, "ServiceUnavailable");
    assert!(told.body.contains(&scene.upstream), "{told:?}");
}

#[test]
fn a_client_that_waits_to_be_asked_is_asked_once_the_upstream_is_there() {
    let scene = Scene::with(Manner::Answer(crate::scene::OK.to_owned()));
    let ask = scene
        .ask("PUT", "/b/k")
        .body(b"hello")
        .unsigned("expect", "100-continue");
    let bytes = ask.bytes();
    let (head, body) = bytes.split_at(bytes.len() - "hello".len());
    let mut stream = scene.connect();
    stream.write_all(head).expect("sent");
    let mut first = [0; 25];
    std::io::Read::read_exact(&mut stream, &mut first).expect("it is asked");
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body).expect("sent");
    assert_eq!(answer(&mut stream).status, 200);
    let got = scene.got();
    assert!(got.header("expect").is_empty() && got.body == b"hello", "{got:?}");
}

#[test]
fn an_upstream_that_closes_is_told_of() {
    let scene = Scene::with(Manner::Close);
    let told = scene.send(&scene.ask("PUT", "/b/k").body(b"hello").bytes());
    told.is(503, "ServiceUnavailable");
    assert!(told.body.contains("nothing wrong with the request"), "{told:?}");
}

#[test]
fn an_answer_before_the_end_of_a_body_comes_through() {
    let refusal = "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>";
    let early = format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n{refusal}",
        refusal.len()
    );
    let scene = Scene::with(Manner::AtOnce(early));
    let body = vec![b'x'; 4 << 20];
    let ask = scene.ask("PUT", "/b/k").body(&body).bytes();
    let (head, rest) = ask.split_at(ask.len() - body.len());
    let mut stream = scene.connect();
    stream.write_all(head).expect("sent");
    // Only a part of it ever comes.
    stream.write_all(&rest[..100]).expect("sent");
    let told = answer(&mut stream);
    told.is(403, "AccessDenied");
    assert_eq!(told.body, refusal);
}

#[test]
fn a_refusal_of_the_upstream_keeps_what_it_says_and_gets_what_explains_it() {
    let scene = Scene::with(Manner::Mismatch("internal:9000"));
    let told = scene.send(&scene.ask("GET", "/b/k").bytes());
    told.is(403, "SignatureDoesNotMatch");
    let named = told.header("x-countersign-diagnosis").unwrap_or_default();
    assert_eq!(
        named, "HST-PROXY; status=exact; slot=host; between=proxy-and-upstream",
        "{told:?}"
    );
    for part in [
        "<RequestId>R</RequestId>",
        "<CanonicalRequest>GET",
        "<Diagnosis version=\"1\"",
        "Between this proxy and its upstream",
    ] {
        assert!(told.body.contains(part), "{part} {told:?}");
    }
    assert_eq!(
        told.header("content-length"),
        Some(told.body.len().to_string().as_str())
    );
}

#[test]
fn a_long_answer_before_the_end_of_a_body_comes_through_whole() {
    const LENGTH: usize = 8 << 20;
    // What may be explained and what is passed on as it comes.
    for (status, length) in [("403 Forbidden", 512 * 1024), ("404 Not Found", LENGTH)] {
        for framing in [("content-length", "100"), ("transfer-encoding", "chunked")] {
            let early = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n");
            let scene = Scene::with(Manner::AtOnceLong(early, length));
            let ask = scene.ask("PUT", "/b/k").payload(Payload::Unsigned);
            let ask = ask.unsigned(framing.0, framing.1);
            let mut stream = scene.connect();
            stream
                .write_all(&[&ask.bytes()[..], b"5\r\nhello\r\n"].concat())
                .expect("sent");
            let told = answer(&mut stream);
            assert_eq!(
                (told.status.to_string().as_str(), told.body.len()),
                (&status[..3], length),
                "{framing:?}"
            );
            drop(stream);
            // Nor does what came of the body end well there.
            assert!(!scene.got().is_whole, "{status} {framing:?}");
        }
    }
}

#[test]
fn a_body_of_unknown_length_that_breaks_off_never_ends_at_the_upstream() {
    let scene = Scene::with(Manner::Answer(crate::scene::OK.to_owned()));
    for payload in [Payload::Unsigned, Payload::of_body(b"hello")] {
        let ask = scene.ask("PUT", "/b/k").payload(payload);
        let ask = ask.unsigned("transfer-encoding", "chunked");
        let mut stream = scene.connect();
        stream
            .write_all(&[&ask.bytes()[..], b"5\r\nhello\r\n"].concat())
            .expect("sent");
        scene.is_asked();
        drop(stream);
        assert!(!scene.got().is_whole);
    }
}

#[test]
fn a_refusal_too_long_to_be_explained_comes_back_as_it_is() {
    const LENGTH: usize = (1 << 20) + 1000;
    let piece = "x".repeat(LENGTH);
    let chunked = format!(
        "HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n{LENGTH:x}\r\n{piece}\r\n0\r\n\r\n"
    );
    let scene = Scene::with(Manner::Answer(chunked));
    let told = scene.send(&scene.ask("GET", "/b/k").bytes());
    let letters = told.body.bytes().filter(|b| *b == b'x').count();
    assert_eq!((told.status, letters), (403, LENGTH));
}

#[test]
fn what_is_not_modified_comes_back_and_has_no_body() {
    let unchanged = "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\netag: e\r\n\r\n";
    let scene = Scene::with(Manner::Answer(unchanged.to_owned()));
    let mut stream = scene.connect();
    let ask = scene.ask("GET", "/b/k").unsigned("connection", "close");
    stream.write_all(&ask.bytes()).expect("sent");
    let mut all = String::new();
    std::io::Read::read_to_string(&mut stream, &mut all).expect("an end");
    assert!(
        all.starts_with("HTTP/1.1 304") && all.contains("etag: e\r\n") && all.ends_with("\r\n\r\n"),
        "{all}"
    );
}
