//! Bodies that are not what was announced: each is refused by its name, and nothing of it is ever seen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::{ChunkSigner, Payload, Streaming};

use crate::http::{Answer, Ask, Connection, Key};
use crate::running::Running;

const CHUNK: usize = 8192;

/// A chunk-signed upload of these pieces; `spoil` may change the framed body.
fn chunked(server: &Running, pieces: &[&[u8]], spoil: impl Fn(Vec<u8>) -> Vec<u8>) -> Answer {
    let key = Key::root();
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let (ask, signed) = Ask::new("PUT", "/bucket/k")
        .to(&server.host())
        .header("content-encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", &length.to_string())
        .payload(Payload::Streaming(Streaming::Signed))
        .signed(&key);
    let mut chunks = ChunkSigner::new(key.signer().chunk_seed(&signed));
    let mut body: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| chunks.encode_chunk(piece))
        .collect();
    body.extend(chunks.encode_chunk(b""));
    server.send(&ask.body(spoil(body)))
}

fn refused(server: &Running, answer: &Answer, status: u16, code: &str) {
    answer.is(status, code);
    assert_eq!(server.status_of("/bucket/k"), 404, "nothing may be seen of it");
}

/// The refusal names this cause, certain or not, and says that the signature of the request is valid.
fn explained(answer: &Answer, diagnosis: &str) {
    let header = answer.header("x-countersign-diagnosis").unwrap_or_default();
    assert!(header.starts_with(diagnosis), "{header}");
    let message = answer.element("Message").unwrap_or_default();
    let valid = message.contains("The signature of the request is valid");
    assert!(valid || header.contains("unproven"), "{message}");
    assert!(answer.text().contains("The secret access key is correct."));
}

#[test]
fn chunk_signed_uploads_are_taken_whole() {
    let server = Running::start().bucket("bucket");
    let (a, b, c) = (vec![b'a'; CHUNK], vec![b'b'; CHUNK], vec![b'c'; 100]);
    assert_eq!(chunked(&server, &[&a, &b, &c], |body| body).status, 200);
    let got = server.ask(Ask::new("GET", "/bucket/k"));
    assert_eq!(got.body, [a, b, c].concat());
    assert_eq!(
        got.header("content-encoding"),
        None,
        "the framing is not the object's"
    );
}

#[test]
fn a_bad_third_chunk_is_a_wrong_signature_and_the_object_is_not_seen() {
    let server = Running::start().bucket("bucket");
    let (a, b, c) = (vec![b'a'; CHUNK], vec![b'b'; CHUNK], vec![b'c'; CHUNK]);
    let answer = chunked(&server, &[&a, &b, &c], |mut body| {
        let at = body
            .iter()
            .rposition(|byte| *byte == b'c')
            .expect("the third chunk");
        // The last `c` may stand in a signature; the data is a long run of them.
        let run = body
            .windows(64)
            .position(|w| w == [b'c'; 64])
            .expect("the third chunk");
        assert!(run < at);
        body.splice(run..=run, *b"X");
        body
    });
    refused(&server, &answer, 403, "SignatureDoesNotMatch");
    let text = answer.element("StringToSign").unwrap_or_default();
    assert!(text.starts_with("AWS4-HMAC-SHA256-PAYLOAD\n"), "{text}");
    assert_eq!(answer.element("CanonicalRequest"), None);
    explained(&answer, "STR-CHUNK; status=unproven; slot=chunk:3");
    let message = answer.element("Message").unwrap_or_default();
    assert!(message.contains("from byte 16384"), "{message}");
}

#[test]
fn a_chunk_that_is_not_chained_is_proven_to_be_so() {
    let server = Running::start().bucket("bucket");
    let key = Key::root();
    let (ask, signed) = Ask::new("PUT", "/bucket/k")
        .to(&server.host())
        .header("x-amz-decoded-content-length", &(CHUNK + 5).to_string())
        .payload(Payload::Streaming(Streaming::Signed))
        .signed(&key);
    let seed = || ChunkSigner::new(key.signer().chunk_seed(&signed));
    // Each chunk is signed as if it were the first.
    let mut body = seed().encode_chunk(&[b'a'; CHUNK]);
    body.extend(seed().encode_chunk(b"hello"));
    body.extend(seed().encode_chunk(b""));
    let answer = server.send(&ask.body(body));
    refused(&server, &answer, 403, "SignatureDoesNotMatch");
    explained(&answer, "STR-CHUNK; status=proven; slot=chunk:2");
}

#[test]
fn a_trailer_signed_over_the_wrong_chunk_is_proven_to_be_so() {
    let server = Running::start().bucket("bucket");
    let key = Key::root();
    let (ask, signed) = Ask::new("PUT", "/bucket/k")
        .to(&server.host())
        .header("x-amz-decoded-content-length", "5")
        .header("x-amz-trailer", "x-amz-checksum-crc32")
        .payload(Payload::Streaming(Streaming::SignedTrailer))
        .signed(&key);
    let mut chunks = ChunkSigner::new(key.signer().chunk_seed(&signed));
    let mut body = chunks.encode_chunk(b"hello");
    let trailer = [("x-amz-checksum-crc32", "NhCmhg==")];
    // Before the closing chunk is signed, so over the signature of the one before.
    let signature = chunks.sign_trailer(&trailer);
    let closing = chunks.sign_chunk(b"");
    body.extend(
        format!(
            "0;chunk-signature={closing}\r\nx-amz-checksum-crc32:NhCmhg==\r\n\
             x-amz-trailer-signature:{signature}\r\n\r\n"
        )
        .bytes(),
    );
    let answer = server.send(&ask.body(body));
    refused(&server, &answer, 403, "SignatureDoesNotMatch");
    explained(&answer, "STR-TRAILER; status=proven; slot=trailer");
}

#[test]
fn frames_that_nobody_announced_are_told_from_a_body() {
    let server = Running::start().bucket("bucket");
    let mut framed = ChunkSigner::encode_unsigned_chunk(b"hello");
    framed.extend(ChunkSigner::encode_unsigned_end(&[]));
    let ask = Ask::new("PUT", "/bucket/k").payload(Payload::Unsigned);
    // The length of the data was announced; or its checksum.
    let answer = server.ask(
        ask.clone()
            .header("x-amz-decoded-content-length", "5")
            .body(framed.clone()),
    );
    refused(&server, &answer, 400, "IncompleteBody");
    explained(&answer, "PAY-CHUNKED-RAW; status=exact; slot=body");
    let answer = server.ask(ask.header("x-amz-checksum-crc32", "NhCmhg==").body(framed));
    refused(&server, &answer, 400, "BadDigest");
    explained(&answer, "PAY-CHUNKED-RAW; status=exact; slot=body");
}

#[test]
fn chunks_that_end_early_or_are_no_chunks_are_refused() {
    let server = Running::start().bucket("bucket");
    let a = vec![b'a'; CHUNK];
    let cut = |server: &Running, left: usize| {
        chunked(server, &[&a, b"bb"], |mut body| {
            body.truncate(left);
            body
        })
    };
    refused(&server, &cut(&server, 5000), 400, "IncompleteBody");
    explained(&cut(&server, 5000), "STR-LENGTH; status=exact; slot=body");
    refused(&server, &cut(&server, CHUNK + 100), 400, "IncompleteBody");
    let answer = chunked(&server, &[&a], |_| b"this is no chunk at all\r\n".to_vec());
    assert_eq!(answer.status, 400);
    explained(&answer, "STR-CHUNK; status=exact; slot=chunk:1");
    assert_eq!(server.status_of("/bucket/k"), 404);
    // Less than announced, in chunks that are right.
    let key = Key::root();
    let (ask, signed) = Ask::new("PUT", "/bucket/k")
        .to(&server.host())
        .header("x-amz-decoded-content-length", "10")
        .payload(Payload::Streaming(Streaming::Signed))
        .signed(&key);
    let mut chunks = ChunkSigner::new(key.signer().chunk_seed(&signed));
    let body = [chunks.encode_chunk(b"five!"), chunks.encode_chunk(b"")].concat();
    let answer = server.send(&ask.body(body));
    refused(&server, &answer, 400, "IncompleteBody");
    explained(&answer, "STR-LENGTH; status=exact; slot=body");
}

#[test]
fn a_small_chunk_in_the_middle_is_refused() {
    let server = Running::start().bucket("bucket");
    let answer = chunked(&server, &[b"small", b"small too", b"last"], |body| body);
    assert_eq!(answer.code(), "InvalidChunkSizeError");
    explained(&answer, "STR-CHUNK; status=exact; slot=chunk:1");
    assert_eq!(server.status_of("/bucket/k"), 404);
}

#[test]
fn chunks_without_an_announced_length_are_refused() {
    let server = Running::start().bucket("bucket");
    let ask = Ask::new("PUT", "/bucket/k")
        .payload(Payload::Streaming(Streaming::Signed))
        .body("0\r\n\r\n");
    let answer = server.ask(ask);
    refused(&server, &answer, 411, "MissingContentLength");
    explained(&answer, "STR-LENGTH; status=exact; slot=body");
}

/// The parts of HTTP say where such a body ends, so that it is whole or refused like any other.
#[test]
fn a_body_in_chunks_of_http_is_taken_whole_or_not_at_all() {
    let server = Running::start().bucket("bucket");
    let ask = Ask::new("PUT", "/bucket/k")
        .payload(Payload::Unsigned)
        .to(&server.host())
        .sign(&Key::root());
    let ask = ask.header("transfer-encoding", "chunked");
    let mut connection = Connection::open(server.s3);
    connection.send(&ask.clone().body("5\r\nhello\r\n").head());
    connection.send(b"5\r\nhello\r\n");
    connection.end_sending();
    refused(&server, &connection.answer(false), 400, "IncompleteBody");
    assert_eq!(
        server.send(&ask.body("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n")).status,
        200
    );
    assert_eq!(server.ask(Ask::new("GET", "/bucket/k")).text(), "hello!");
}

#[test]
fn an_upload_that_announces_no_body_at_all_is_refused() {
    let server = Running::start().bucket("bucket");
    let ask = Ask::new("PUT", "/bucket/k").to(&server.host()).sign(&Key::root());
    let head = String::from_utf8(ask.head())
        .expect("text")
        .replace("content-length: 0\r\n", "");
    let mut connection = Connection::open(server.s3);
    connection.send(head.as_bytes());
    let answer = connection.answer(false);
    refused(&server, &answer, 411, "MissingContentLength");
    explained(&answer, "STR-LENGTH; status=exact; slot=body");
}

#[test]
fn a_body_that_breaks_off_leaves_nothing() {
    let server = Running::start().bucket("bucket");
    let ask = Ask::new("PUT", "/bucket/k")
        .payload(Payload::Unsigned)
        .to(&server.host())
        .sign(&Key::root())
        .header("content-length", "1000");
    let mut connection = Connection::open(server.s3);
    connection.send(&ask.head());
    connection.send(&[b'a'; 500]);
    connection.end_sending();
    let answer = connection.answer(false);
    refused(&server, &answer, 400, "IncompleteBody");
    explained(&answer, "STR-LENGTH; status=exact; slot=body");
    let message = answer.element("Message").unwrap_or_default();
    assert!(
        message.contains("1000 bytes of data were announced, 500 arrived"),
        "{message}"
    );
}

#[test]
fn a_body_of_another_hash_is_refused_with_a_diagnosis() {
    let server = Running::start().bucket("bucket");
    let ask = Ask::new("PUT", "/bucket/k")
        .payload(Payload::of_body(b"what was signed"))
        .body("what was sent");
    let answer = server.ask(ask);
    refused(&server, &answer, 400, "XAmzContentSHA256Mismatch");
    let sent = Payload::of_body(b"what was sent").text().to_owned();
    assert_eq!(answer.element("S3ComputedContentSHA256"), Some(sent));
    let diagnosis = answer.header("x-countersign-diagnosis").unwrap_or_default();
    assert!(diagnosis.starts_with("PAY-"), "{diagnosis}");
    assert!(answer.text().contains("<Cause id=\"PAY-"), "{}", answer.text());
}

#[test]
fn a_body_of_another_digest_is_refused() {
    let server = Running::start().bucket("bucket");
    let put = || Ask::new("PUT", "/bucket/k").body("hello");
    // MD5 of the empty body.
    let answer = server.ask(put().header("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="));
    refused(&server, &answer, 400, "BadDigest");
    assert_eq!(
        answer.element("CalculatedDigest").as_deref(),
        Some("XUFAKrxLKna5cZ2REBfFkg==")
    );
    explained(&answer, "HDR-MD5; status=exact; slot=header:content-md5");
    let answer = server.ask(put().header("content-md5", "nonsense"));
    refused(&server, &answer, 400, "InvalidDigest");
    explained(&answer, "HDR-MD5; status=exact; slot=header:content-md5");
    let answer = server.ask(put().header("x-amz-checksum-crc32", "AAAAAA=="));
    refused(&server, &answer, 400, "BadDigest");
    explained(
        &answer,
        "PAY-CRC-EMPTY; status=exact; slot=header:x-amz-checksum-crc32",
    );
    let answer = server.ask(put().header("x-amz-checksum-crc32", "AAAAAQ=="));
    refused(&server, &answer, 400, "BadDigest");
    explained(
        &answer,
        "PAY-MISMATCH; status=exact; slot=header:x-amz-checksum-crc32",
    );
    let answer = server.ask(put().header("x-amz-sdk-checksum-algorithm", "CRC32"));
    refused(&server, &answer, 400, "InvalidRequest");
    explained(&answer, "PAY-SDK2025; status=exact");
    let right = server.ask(
        put()
            .header("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")
            .header("x-amz-checksum-crc32", "NhCmhg=="),
    );
    assert_eq!(right.status, 200, "{}", right.text());
}

/// As SDKs upload by default: no chunk is signed, and the checksum follows the data.
fn trailed(server: &Running, value: &str) -> Answer {
    let mut body = ChunkSigner::encode_unsigned_chunk(b"hello");
    body.extend(ChunkSigner::encode_unsigned_end(&[(
        "x-amz-checksum-crc32",
        value,
    )]));
    let ask = Ask::new("PUT", "/bucket/k")
        .header("content-encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", "5")
        .header("x-amz-trailer", "x-amz-checksum-crc32")
        .header("x-amz-sdk-checksum-algorithm", "CRC32")
        .payload(Payload::Streaming(Streaming::UnsignedTrailer));
    let ask = ask.to(&server.host()).sign(&Key::root());
    server.send(&ask.body(body))
}

#[test]
fn a_checksum_in_the_trailer_is_compared_and_kept() {
    let server = Running::start().bucket("bucket");
    let answer = trailed(&server, "AAAAAA==");
    refused(&server, &answer, 400, "BadDigest");
    explained(&answer, "PAY-CRC-EMPTY; status=exact; slot=trailer");
    let answer = trailed(&server, "AAAAAQ==");
    refused(&server, &answer, 400, "BadDigest");
    explained(&answer, "PAY-SDK2025; status=exact; slot=trailer");
    let answer = trailed(&server, "NhCmhg==");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-amz-checksum-crc32"), Some("NhCmhg=="));
    let got = server.ask(Ask::new("GET", "/bucket/k").header("x-amz-checksum-mode", "ENABLED"));
    assert_eq!(
        (got.text().as_str(), got.header("x-amz-checksum-crc32")),
        ("hello", Some("NhCmhg=="))
    );
}

#[test]
fn a_document_that_is_too_long_is_refused() {
    let server = Running::start().bucket("bucket");
    let body = format!("<Delete>{}</Delete>", " ".repeat(8 * 1024 * 1024));
    let md5 = STANDARD.encode([0; 16]);
    let answer = server.ask(
        Ask::new("POST", "/bucket?delete")
            .header("content-md5", &md5)
            .body(body),
    );
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[test]
fn a_client_that_goes_on_after_a_bad_chunk_reads_the_refusal() {
    let server = Running::start().bucket("bucket");
    let key = Key::root();
    let length = 32 * 1024 * 1024;
    let (ask, signed) = Ask::new("PUT", "/bucket/k")
        .to(&server.host())
        .header("x-amz-decoded-content-length", &length.to_string())
        .payload(Payload::Streaming(Streaming::Signed))
        .signed(&key);
    let mut chunks = ChunkSigner::new(key.signer().chunk_seed(&signed));
    let mut body = chunks.encode_chunk(&[b'a'; CHUNK]);
    // Signed by nobody.
    body.extend(format!("{:x};chunk-signature={}\r\n", length - CHUNK, "0".repeat(64)).bytes());
    body.resize(body.len() + length - CHUNK, b'b');
    body.extend(b"\r\n");
    body.extend(chunks.encode_chunk(b""));
    refused(
        &server,
        &server.send(&ask.body(body)),
        403,
        "SignatureDoesNotMatch",
    );
}

#[test]
fn a_client_that_goes_away_leaves_nothing() {
    let server = Running::start().bucket("bucket");
    let ask = Ask::new("PUT", "/bucket/k")
        .payload(Payload::Unsigned)
        .to(&server.host())
        .sign(&Key::root());
    let ask = ask
        .header("content-length", "4000000")
        .header("expect", "100-continue");
    for sent in [0, 1000, 3_000_000] {
        let mut connection = Connection::open(server.s3);
        connection.send(&ask.head());
        assert_eq!(connection.answer_head().status, 100);
        connection.send(&vec![b'a'; sent]);
        drop(connection);
        assert_eq!(server.status_of("/bucket/k"), 404);
    }
    let list = server.ask(Ask::new("GET", "/bucket?list-type=2"));
    assert_eq!(list.element("KeyCount").as_deref(), Some("0"));
}
