//! What nobody may get through: requests that were changed, bodies that are not the signed ones, requests within requests.

use countersign_sigv4::{ChunkSeed, ChunkSigner, Payload, SigningKey, Streaming};

use crate::scene::{Answer, Ask, Manner, OK, Scene, secret};

fn ok() -> Scene {
    Scene::with(Manner::Answer(OK.to_owned()))
}

/// Refused, and nothing of it went on.
fn refused(scene: &Scene, bytes: &[u8], status: u16, code: &str) -> Answer {
    let answer = scene.send(bytes);
    answer.is(status, code);
    assert!(scene.got_nothing(), "{answer:?}");
    answer
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    assert!(text.contains(from), "{from} {text}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_request_that_was_changed_is_refused_with_its_cause() {
    let scene = ok();
    let ask = || {
        scene
            .ask("GET", "/b/k")
            .header("x-amz-meta-a", "1")
            .header("content-type", "text/plain")
    };
    let host = scene.proxy.to_string();
    let of = |ask: Ask| ask.bytes();
    for (bytes, code, cause) in [
        (
            replaced(&of(ask()), &format!("host: {host}"), "host: other"),
            "SignatureDoesNotMatch",
            "HST-PROXY",
        ),
        (
            replaced(&of(ask()), "text/plain", "text/html"),
            "SignatureDoesNotMatch",
            "HDR-CT-CHANGED",
        ),
        (replaced(&of(ask()), "GET ", "HEAD "), "", "MTH-PROXY"),
        (
            of(ask().unsigned("x-amz-acl", "public-read")),
            "AccessDenied",
            "HDR-UNSIGNED",
        ),
    ] {
        let answer = scene.send(&bytes);
        assert_eq!(answer.status, 403, "{cause} {answer:?}");
        let named = answer.header("x-countersign-diagnosis").unwrap_or_default();
        assert!(named.starts_with(cause), "{cause}: {named}");
        if !code.is_empty() {
            answer.is(403, code);
            assert!(answer.body.contains("<Cure>"), "{answer:?}");
        }
        assert!(scene.got_nothing(), "{cause}");
    }
}

#[test]
fn a_key_that_is_not_the_proxys_is_told_whose_it_has() {
    let scene = ok();
    let bytes = replaced(
        &scene.ask("GET", "/").bytes(),
        crate::scene::ACCESS_KEY_ID,
        "AKIDOFSOMEBODYELSE01",
    );
    let answer = refused(&scene, &bytes, 403, "InvalidAccessKeyId");
    assert!(answer.body.contains(crate::scene::ACCESS_KEY_ID), "{answer:?}");
}

#[test]
fn a_body_that_is_not_the_signed_one_never_ends_at_the_upstream() {
    let scene = ok();
    let ask = scene
        .ask("PUT", "/b/k")
        .payload(Payload::of_body(&[b'a'; 400_000]))
        .carrying(&[b'b'; 400_000]);
    let answer = scene.send(&ask.bytes());
    answer.is(400, "XAmzContentSHA256Mismatch");
    assert!(answer.header("x-countersign-diagnosis").is_some(), "{answer:?}");
    assert!(!scene.got().is_whole);
    // Nor one of nothing.
    let ask = scene
        .ask("PUT", "/b/k")
        .payload(Payload::of_body(b"hello"))
        .carrying(b"");
    scene.send(&ask.bytes()).is(400, "XAmzContentSHA256Mismatch");
}

#[test]
fn a_stream_with_a_chunk_that_was_changed_never_ends_at_the_upstream() {
    let scene = ok();
    let ask = scene
        .ask("PUT", "/b/k")
        .header("x-amz-decoded-content-length", "400000")
        .payload(Payload::Streaming(Streaming::Signed));
    let signed = ask.signed();
    let key = SigningKey::derive(&secret(), &signed.claim.scope);
    let mut signer = ChunkSigner::new(ChunkSeed::of(&signed.claim, &key));
    let mut body = [
        signer.encode_chunk(&[b'a'; 200_000]),
        signer.encode_chunk(&[b'b'; 200_000]),
    ]
    .concat();
    body.extend(signer.encode_chunk(b""));
    let at = body.len() - 500;
    body[at] = b'c';
    let answer = scene.send(&ask.carrying(&body).bytes());
    answer.is(403, "SignatureDoesNotMatch");
    assert!(!scene.got().is_whole);
}

#[test]
fn of_two_ways_to_say_how_long_a_body_is_one_goes_on() {
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: h\r\n\r\n";
    for more in [
        [("content-length", "41"), ("transfer-encoding", "chunked")],
        [("transfer-encoding", "chunked"), ("content-length", "41")],
    ] {
        let scene = ok();
        let mut ask = scene.ask("PUT", "/b/k").payload(Payload::Unsigned);
        for (name, value) in more {
            ask = ask.unsigned(name, value);
        }
        let bytes = [&ask.bytes()[..], b"0\r\n\r\n", smuggled.as_bytes()].concat();
        let answer = scene.send(&bytes);
        // What follows is not read as a request: whoever sent both cannot be told apart from whoever wants to be misread.
        assert_eq!(
            (answer.status, answer.header("connection")),
            (200, Some("close")),
            "{more:?} {answer:?}"
        );
        let got = scene.got();
        assert_eq!(got.header("transfer-encoding"), ["chunked"], "{more:?} {got:?}");
        assert!(got.header("content-length").is_empty(), "{more:?} {got:?}");
        assert_eq!(got.body, b"0\r\n\r\n");
        assert!(scene.got_nothing(), "{more:?}");
    }
    for more in [
        &[("content-length", "5"), ("content-length", "6")][..],
        &[("transfer-encoding", "chunked, identity")],
    ] {
        let scene = ok();
        let mut ask = scene.ask("PUT", "/b/k").payload(Payload::Unsigned);
        for (name, value) in more {
            ask = ask.unsigned(name, value);
        }
        let answer = scene.send(&[&ask.bytes()[..], b"hello"].concat());
        assert_eq!(answer.status, 400, "{more:?} {answer:?}");
        assert!(scene.got_nothing(), "{more:?}");
    }
}

#[test]
fn a_request_in_a_body_stays_in_the_body() {
    let scene = ok();
    let inner = b"GET /other HTTP/1.1\r\nhost: h\r\n\r\n";
    assert_eq!(
        scene.send(&scene.ask("GET", "/b/k").body(inner).bytes()).status,
        200
    );
    let got = scene.got();
    assert_eq!((got.body.as_slice(), got.is_whole), (&inner[..], true));
    assert!(scene.got_nothing());
}

#[test]
fn what_is_signed_cannot_be_taken_out_by_naming_it_in_connection() {
    let scene = ok();
    let ask = scene
        .ask("PUT", "/b/k")
        .header("x-amz-acl", "private")
        .unsigned("x-hop", "1")
        .unsigned("connection", "x-amz-acl, x-hop");
    assert_eq!(scene.send(&ask.body(b"x").bytes()).status, 200);
    let got = scene.got();
    assert_eq!(
        (got.header("x-amz-acl"), got.header("x-hop")),
        (vec!["private"], vec![])
    );
    assert!(got.verifies(), "{got:?}");
}

#[test]
fn a_head_beyond_all_measure_is_refused() {
    let scene = ok();
    let long = "a".repeat(40 * 1024);
    refused(
        &scene,
        &scene.ask("GET", "/b/k").unsigned("x-long", &long).bytes(),
        400,
        "RequestHeaderSectionTooLarge",
    );
    let mut ask = scene.ask("GET", "/b/k");
    for n in 0..200 {
        ask = ask.unsigned(&format!("x-{n}"), "1");
    }
    refused(&scene, &ask.bytes(), 400, "RequestHeaderSectionTooLarge");
    refused(
        &scene,
        &scene.ask("GET", "/b/k").unsigned("host", "other").bytes(),
        400,
        "BadRequest",
    );
}

#[test]
fn a_page_that_has_its_own_name_lead_here_gets_nothing_from_the_upstream() {
    let scene = ok();
    let host = scene.proxy.to_string();
    let called =
        |bytes: &[u8], name: &str| replaced(bytes, &format!("host: {host}"), &format!("host: {name}"));
    let port = scene.proxy.port();
    for method in ["GET", "OPTIONS", "POST"] {
        let plain = scene.ask(method, "/b/k").plain();
        let answer = refused(
            &scene,
            &called(&plain, &format!("evil.example:{port}")),
            403,
            "AccessDenied",
        );
        assert!(!answer.body.contains(&scene.upstream), "{answer:?}");
        for name in [format!("localhost:{port}"), format!("b.localhost:{port}")] {
            assert_eq!(scene.send(&called(&plain, &name)).status, 200, "{method} {name}");
            scene.got();
        }
    }
    // Nor is it told with which key the proxy works.
    let signed = replaced(
        &scene.ask("GET", "/").bytes(),
        crate::scene::ACCESS_KEY_ID,
        "AKIDOFSOMEBODYELSE01",
    );
    let answer = refused(
        &scene,
        &called(&signed, "evil.example"),
        403,
        "InvalidAccessKeyId",
    );
    assert!(!answer.body.contains(crate::scene::ACCESS_KEY_ID), "{answer:?}");
    // Whoever holds the secret may have any name for it.
    let mut ask = scene.ask("GET", "/b/k");
    ask.call_it("s3.my.test:9010");
    assert_eq!(scene.send(&ask.bytes()).status, 200);
}
