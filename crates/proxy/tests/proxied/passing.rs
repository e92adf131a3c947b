//! What is right goes on as it is, signed anew in the form in which it was signed.

use countersign_sigv4::{ChunkDecoder, ChunkSeed, ChunkSigner, Payload, SigningKey, Streaming, claim};

use crate::scene::{Manner, OK, Scene, secret};

fn ok() -> Scene {
    Scene::with(Manner::Answer(OK.to_owned()))
}

#[test]
fn a_request_goes_on_byte_for_byte_and_signed_for_the_upstream() {
    let scene = ok();
    let target = "/b/a%2Fb//c/../d%20e+f~(g)?x=%2f&y&versionId=a+b";
    let ask = scene
        .ask("PUT", target)
        .header("x-amz-meta-a", "1")
        .unsigned("x-other", "kept");
    let answer = scene.send(&ask.body(b"hello").bytes());
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    assert_eq!(answer.header("x-amz-request-id"), Some("R"));
    assert_eq!(answer.header("keep-alive"), None);
    let got = scene.got();
    assert!(
        got.head.starts_with(&format!("PUT {target} HTTP/1.1\r\n")),
        "{}",
        got.head
    );
    assert!(got.verifies() && got.is_whole, "{got:?}");
    assert_eq!(got.header("host"), [scene.upstream.as_str()]);
    assert_eq!(got.header("authorization").len(), 1);
    assert_eq!(got.header("content-length"), ["5"]);
    assert_eq!(
        (got.header("x-amz-meta-a"), got.header("x-other")),
        (vec!["1"], vec!["kept"])
    );
    assert_eq!(got.body, b"hello");
}

#[test]
fn a_link_stays_a_link_with_the_time_it_has() {
    let scene = ok();
    let ask = scene.ask("GET", "/b/k?response-content-type=a%2Fb&x-countersign-once=1");
    assert_eq!(scene.send(&ask.link(77)).status, 200);
    let got = scene.got();
    assert!(got.verifies(), "{got:?}");
    assert!(got.header("authorization").is_empty(), "{got:?}");
    for parameter in [
        "X-Amz-Expires=77&",
        "response-content-type=a%2Fb&",
        "x-countersign-once=1&",
    ] {
        assert!(got.head.contains(parameter), "{parameter} {}", got.head);
    }
}

#[test]
fn what_nobody_signed_goes_on_unsigned() {
    let scene = ok();
    assert_eq!(scene.send(&scene.ask("GET", "/b/k").plain()).status, 200);
    let got = scene.got();
    assert!(
        got.header("authorization").is_empty() && !got.head.contains("X-Amz"),
        "{got:?}"
    );
    assert_eq!(got.header("host"), [scene.upstream.as_str()]);
}

#[test]
fn a_signed_stream_goes_on_in_chunks_that_are_signed_anew() {
    for (mode, trailer) in [
        (Streaming::Signed, None),
        (
            Streaming::SignedTrailer,
            Some(("x-amz-checksum-crc32", "NhCmhg==")),
        ),
        (
            Streaming::UnsignedTrailer,
            Some(("x-amz-checksum-crc32", "NhCmhg==")),
        ),
        // Of a trailer whose length is not known.
        (Streaming::UnsignedTrailer, Some(("x-amz-meta-late", "any"))),
    ] {
        let scene = ok();
        let data = vec![b'd'; 100_000];
        let mut ask = scene
            .ask("PUT", "/b/k")
            .header("x-amz-decoded-content-length", &data.len().to_string())
            .payload(Payload::Streaming(mode));
        if let Some((name, _)) = trailer {
            ask = ask.header("x-amz-trailer", name);
        }
        let signed = ask.signed();
        let key = SigningKey::derive(&secret(), &signed.claim.scope);
        let trailers: Vec<(&str, &str)> = trailer.into_iter().collect();
        let mut signer = ChunkSigner::new(ChunkSeed::of(&signed.claim, &key));
        let body = match mode {
            Streaming::UnsignedTrailer => [
                ChunkSigner::encode_unsigned_chunk(&data),
                ChunkSigner::encode_unsigned_end(&trailers),
            ]
            .concat(),
            Streaming::Signed => [signer.encode_chunk(&data), signer.encode_chunk(b"")].concat(),
            Streaming::SignedTrailer => [signer.encode_chunk(&data), signer.encode_end(&trailers)].concat(),
        };
        let answer = scene.send(&ask.carrying(&body).bytes());
        assert_eq!(answer.status, 200, "{mode:?} {answer:?}");
        let got = scene.got();
        assert!(got.verifies() && got.is_whole, "{mode:?} {}", got.head);
        let body = match got.header("transfer-encoding").is_empty() {
            true => got.body.clone(),
            false => unchunked(&got.body),
        };
        assert_eq!(decoded(&got.head, mode, &trailers, &body), data, "{mode:?}");
    }
}

/// The data of a stream, as the upstream verifies it.
fn decoded(head: &str, mode: Streaming, trailers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let headers: Vec<(&str, &[u8])> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name, value.as_bytes()))
        .collect();
    let request = countersign_sigv4::Request {
        method: "PUT",
        path: b"/b/k",
        query: None,
        headers: &headers,
    };
    let claimed = claim(&request).expect("well-formed").expect("signed");
    let key = SigningKey::derive(&secret(), &claimed.scope);
    let announced: Vec<String> = trailers.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut decoder = ChunkDecoder::new(mode, Some(ChunkSeed::of(&claimed, &key)), &announced, None);
    let (mut input, mut data) = (bytes::Bytes::copy_from_slice(body), Vec::new());
    while let Some(piece) = decoder.decode(&mut input).expect("signed rightly") {
        data.extend_from_slice(&piece);
    }
    let ended = decoder.finish().expect("whole");
    assert_eq!(ended.iter().collect::<Vec<_>>(), trailers);
    data
}

/// A body without the chunks of HTTP.
fn unchunked(body: &[u8]) -> Vec<u8> {
    let (mut rest, mut data) = (body, Vec::new());
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("a line");
        let (line, after) = rest.split_at(end);
        let size = usize::from_str_radix(std::str::from_utf8(line).expect("text"), 16).expect("a size");
        if size == 0 {
            return data;
        }
        let (piece, after) = after[2..].split_at(size);
        data.extend_from_slice(piece);
        rest = &after[2..];
    }
}

#[test]
fn an_answer_of_any_length_comes_back_and_that_of_head_has_none() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let scene = Scene::with(Manner::Answer(chunked.to_owned()));
    let answer = scene.send(&scene.ask("GET", "/b/k").bytes());
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    );

    // Of two ways to say how long it is, the one counts that came.
    for length in ["2", "50"] {
        let both = chunked.replacen("\r\n", &format!("\r\ncontent-length: {length}\r\n"), 1);
        let scene = Scene::with(Manner::Answer(both));
        let answer = scene.send(&scene.ask("GET", "/b/k").bytes());
        assert_eq!(answer.header("content-length"), None, "{answer:?}");
        assert_eq!(answer.body, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    }

    let scene = Scene::with(Manner::Answer(
        "HTTP/1.1 404 Not Found\r\ncontent-length: 7\r\n\r\n".to_owned(),
    ));
    let mut ask = scene.ask("HEAD", "/b/k").bytes();
    ask.truncate(ask.len() - 2);
    ask.extend_from_slice(b"connection: close\r\n\r\n");
    let mut stream = scene.connect();
    std::io::Write::write_all(&mut stream, &ask).expect("sent");
    let mut all = String::new();
    std::io::Read::read_to_string(&mut stream, &mut all).expect("an end");
    assert!(
        all.starts_with("HTTP/1.1 404") && all.contains("content-length: 7\r\n") && all.ends_with("\r\n\r\n"),
        "{all}"
    );
}
