//! Framing, chain and bounds of streamed bodies: one rule, one fact.

use super::*;
use crate::{Scope, Secret, SigningKey};

fn seed() -> ChunkSeed {
    let scope = Scope {
        date: "20130524".into(),
        region: "us-east-1".into(),
        service: "s3".into(),
    };
    ChunkSeed {
        signing_key: SigningKey::derive(&Secret::new("secret"), &scope),
        scope,
        timestamp: "20130524T000000Z".into(),
        signature: "00".repeat(32),
    }
}

/// Decodes a whole body, in one piece.
fn decode(
    mode: Streaming,
    announced: &[&str],
    length: Option<u64>,
    body: &[u8],
) -> Result<(Vec<u8>, Trailers), ChunkError> {
    let announced: Vec<String> = announced.iter().map(|name| (*name).to_owned()).collect();
    let mut decoder = ChunkDecoder::new(mode, mode.is_signed().then(seed), &announced, length);
    let (mut input, mut decoded) = (Bytes::copy_from_slice(body), Vec::new());
    while let Some(piece) = decoder.decode(&mut input)? {
        assert!(!piece.is_empty());
        decoded.extend_from_slice(&piece);
    }
    Ok((decoded, decoder.finish()?))
}

fn unsigned(announced: &[&str], body: &str) -> Result<(Vec<u8>, Trailers), ChunkError> {
    decode(Streaming::UnsignedTrailer, announced, None, body.as_bytes())
}

fn signed_body(chunks: &[&[u8]]) -> Vec<u8> {
    let mut signer = ChunkSigner::new(seed());
    chunks
        .iter()
        .chain([&&b""[..]])
        .flat_map(|chunk| signer.encode_chunk(chunk))
        .collect()
}

fn trailer_body(data: &[u8], trailers: &[(&str, &str)]) -> Vec<u8> {
    let mut signer = ChunkSigner::new(seed());
    [signer.encode_chunk(data), signer.encode_end(trailers)].concat()
}

const CRC: &str = "x-amz-checksum-crc32";

#[test]
fn the_trailers_of_the_usual_clients_are_read() {
    for (client, body) in [
        (
            "JavaScript v3, boto3",
            "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
        ),
        (
            "minio-go",
            "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\n\r\n\r\n",
        ),
        (
            "blanks and case",
            "5\r\nhello\r\n0\r\nX-Amz-Checksum-Crc32 : NhCmhg== \r\n\r\n",
        ),
    ] {
        let (data, trailers) = unsigned(&[CRC], body).expect(client);
        assert_eq!(
            (data.as_slice(), trailers.value("X-Amz-Checksum-CRC32")),
            (&b"hello"[..], Some("NhCmhg=="))
        );
    }
    let (data, trailers) = unsigned(&[], "0\r\n\r\n").expect("nothing");
    assert_eq!((data, trailers.iter().count()), (Vec::new(), 0));
}

#[test]
fn signed_trailers_are_read_with_and_without_a_blank_line_before_the_signature() {
    let body = trailer_body(b"hello", &[(CRC, "NhCmhg==")]);
    let (data, trailers) =
        decode(Streaming::SignedTrailer, &[CRC], Some(5), &body).expect("as our client sends it");
    assert_eq!(
        (data.as_slice(), trailers.value(CRC)),
        (&b"hello"[..], Some("NhCmhg=="))
    );
    let minio_go = String::from_utf8(body)
        .expect("text")
        .replace("==\r\n", "==\n\r\n");
    assert!(decode(Streaming::SignedTrailer, &[CRC], Some(5), minio_go.as_bytes()).is_ok());
}

#[test]
fn a_changed_byte_breaks_the_chain_at_its_chunk() {
    let big = [b'a'; 8_192];
    let body = signed_body(&[&big, b"second"]);
    assert!(decode(Streaming::Signed, &[], Some(8_198), &body).is_ok());
    let at = body
        .windows(6)
        .position(|window| window == b"second")
        .expect("there");
    let mut changed = body.clone();
    changed[at] ^= 1;
    let error = decode(Streaming::Signed, &[], Some(8_198), &changed).expect_err("changed");
    let ChunkError::SignatureMismatch {
        chunk,
        offset,
        provided,
        string_to_sign,
        hash_with_line_break,
    } = error
    else {
        unreachable!("a broken chain, not {error}")
    };
    assert_eq!((chunk, offset, provided.len()), (2, 8_192, 64));
    let mut data = changed[at..at + 6].to_vec();
    data.extend_from_slice(b"\r\n");
    assert_eq!(hash_with_line_break, <[u8; 32]>::from(Sha256::digest(&data)));
    assert!(
        string_to_sign
            .starts_with(b"AWS4-HMAC-SHA256-PAYLOAD\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n")
    );
}

#[test]
fn chunks_cannot_be_dropped_or_swapped() {
    let [one, two] = [[b'1'; 8_192], [b'2'; 8_192]];
    let mut signer = ChunkSigner::new(seed());
    let [first, second, end] = [&one[..], &two, b""].map(|data| signer.encode_chunk(data));
    for body in [
        [&second[..], &first, &end].concat(),
        [&second[..], &end].concat(),
        [&first[..], &end].concat(),
    ] {
        let error = decode(Streaming::Signed, &[], None, &body).expect_err("not the chain");
        assert!(matches!(error, ChunkError::SignatureMismatch { .. }));
    }
}

#[test]
fn a_signed_body_without_a_seed_is_refused() {
    let mut decoder = ChunkDecoder::new(Streaming::Signed, None, &[], None);
    let refused = decoder.decode(&mut Bytes::from(signed_body(&[b"data"])));
    assert!(matches!(refused, Err(ChunkError::SignatureMismatch { .. })));
}

#[test]
fn the_last_piece_of_a_chunk_is_kept_back_until_its_signature_is_checked() {
    let mut body = signed_body(&[b"hello"]);
    let at = body
        .windows(5)
        .position(|window| window == b"hello")
        .expect("there");
    body[at] = b'H';
    let mut decoder = ChunkDecoder::new(Streaming::Signed, Some(seed()), &[], None);
    assert!(decoder.decode(&mut Bytes::from(body)).is_err());
}

#[test]
fn only_the_last_chunk_may_be_small() {
    let small = Err(ChunkError::TooSmall { chunk: 2, size: 5 });
    assert_eq!(unsigned(&[], "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), small);
    assert_eq!(
        decode(Streaming::Signed, &[], None, &signed_body(&[b"hello", b"!"])),
        small
    );
    let nearly = "a".repeat(8_191);
    let small = Err(ChunkError::TooSmall {
        chunk: 2,
        size: 8_191,
    });
    assert_eq!(
        unsigned(&[], &format!("1fff\r\n{nearly}\r\n1\r\n!\r\n0\r\n\r\n")),
        small
    );
    let enough = "a".repeat(8_192);
    assert!(unsigned(&[], &format!("2000\r\n{enough}\r\n1\r\n!\r\n0\r\n\r\n")).is_ok());
}

#[test]
fn the_announced_length_is_held() {
    let body = signed_body(&[b"hello"]);
    let differs = |declared| Err(ChunkError::LengthDiffers { declared, counted: 5 });
    assert_eq!(decode(Streaming::Signed, &[], Some(4), &body), differs(4));
    assert_eq!(decode(Streaming::Signed, &[], Some(6), &body), differs(6));
    // A chunk that cannot fit is refused by its header, before any of its data.
    let mut decoder = ChunkDecoder::new(Streaming::UnsignedTrailer, None, &[], Some(10));
    let refused = decoder.decode(&mut Bytes::from_static(b"ffffffff\r\ndata"));
    assert_eq!(
        refused,
        Err(ChunkError::LengthDiffers {
            declared: 10,
            counted: 0xffff_ffff
        })
    );
}

#[test]
fn a_body_that_ends_early_is_truncated() {
    let body = trailer_body(b"hello", &[(CRC, "NhCmhg==")]);
    for end in 0..body.len() {
        let error = decode(Streaming::SignedTrailer, &[CRC], Some(5), &body[..end]).expect_err("too short");
        assert!(matches!(error, ChunkError::Truncated { .. }), "{end}: {error}");
    }
    let error = unsigned(&[], "5\r\nhel").expect_err("too short");
    assert_eq!(error, ChunkError::Truncated { decoded: 3 });
}

#[test]
fn nothing_may_follow_the_end() {
    for (body, mode) in [
        (
            [signed_body(&[b"hello"]), b"x".to_vec()].concat(),
            Streaming::Signed,
        ),
        (
            [signed_body(&[b"hello"]), b"\r\n".to_vec()].concat(),
            Streaming::Signed,
        ),
        (b"0\r\n\r\n\r\n\r\n".to_vec(), Streaming::UnsignedTrailer),
        (b"0\r\n\r\nGET".to_vec(), Streaming::UnsignedTrailer),
        (b"0\r\n\r\n\r".to_vec(), Streaming::UnsignedTrailer),
    ] {
        assert_eq!(
            decode(mode, &[], None, &body),
            Err(ChunkError::ContinuesAfterEnd),
            "{mode:?}"
        );
    }
}

#[test]
fn broken_framing_is_told() {
    let malformed = |chunk, offset, reason| {
        Err(ChunkError::Malformed {
            chunk,
            offset,
            reason,
        })
    };
    for (body, expected) in [
        (
            "hello\r\n",
            malformed(1, 0, "the chunk size is not a hexadecimal number"),
        ),
        (
            "5\nhello",
            malformed(1, 0, "no line break after the chunk header"),
        ),
        ("5\r\nhello!!\r\n", malformed(2, 5, "a line is too long")),
        ("5\r\nhello!\n", malformed(2, 5, "no line break after the data")),
        ("5\r\nhello\n", malformed(2, 5, "no line break after the data")),
        ("ffffffffffffffff\r\n", Err(ChunkError::Truncated { decoded: 0 })),
    ] {
        assert_eq!(unsigned(&[], body), expected, "{body:?}");
    }
    let long = "0".repeat(CHUNK_LINE_BYTES_MAX);
    assert_eq!(unsigned(&[], &long), malformed(1, 0, "a line is too long"));
}

#[test]
fn sizes_that_add_up_beyond_all_bounds_are_refused() {
    let body = [
        b"2000\r\n".to_vec(),
        vec![b'a'; 8_192],
        b"\r\nffffffffffffffff\r\n".to_vec(),
    ]
    .concat();
    let refused = decode(Streaming::UnsignedTrailer, &[], None, &body);
    assert_eq!(
        refused,
        Err(ChunkError::Malformed {
            chunk: 2,
            offset: 8_192,
            reason: "the body is too long"
        })
    );
}

#[test]
fn trailers_are_those_announced() {
    let missing = Err(ChunkError::TrailerMissing { name: CRC.into() });
    assert_eq!(unsigned(&[" X-Amz-Checksum-CRC32 "], "0\r\n\r\n"), missing);
    let other = Err(ChunkError::TrailerUnannounced {
        name: "x-amz-meta-a".into(),
    });
    assert_eq!(unsigned(&[CRC], "0\r\nx-amz-meta-a:1\r\n\r\n"), other);
    let twice = Err(ChunkError::TrailerMalformed {
        reason: "a name stands twice",
    });
    assert_eq!(unsigned(&["a"], "0\r\na:1\r\na:2\r\n\r\n"), twice);
    let no_colon = Err(ChunkError::TrailerMalformed {
        reason: "a line has no colon",
    });
    assert_eq!(unsigned(&["a"], "0\r\na\r\n\r\n"), no_colon);
    let too_long = Err(ChunkError::TrailerMalformed {
        reason: "it is too long",
    });
    assert_eq!(
        unsigned(
            &["a"],
            &format!("0\r\na:{}\r\n\r\n", "1".repeat(TRAILER_BYTES_MAX))
        ),
        too_long
    );
}

#[test]
fn a_trailer_must_be_signed_where_it_was_announced_so() {
    let body = String::from_utf8(trailer_body(b"hello", &[(CRC, "NhCmhg==")])).expect("text");
    let check = |body: &str| decode(Streaming::SignedTrailer, &[CRC], Some(5), body.as_bytes()).map(|_| ());
    assert_eq!(check(&body), Ok(()));
    let changed = check(&body.replace("NhCmhg==", "AAAAAA=="));
    assert!(matches!(
        changed,
        Err(ChunkError::TrailerSignatureMismatch { .. })
    ));
    let (unsigned, _) = body.split_once(TRAILER_SIGNATURE).expect("signed");
    assert_eq!(
        check(&format!("{unsigned}\r\n\r\n")),
        Err(ChunkError::TrailerSignatureMissing)
    );
    assert_eq!(
        check(&format!("{unsigned}\r\n{CRC}:x\r\n")),
        Err(ChunkError::TrailerSignatureMissing)
    );
    let behind = format!("{}a:b\r\n\r\n", body.trim_end_matches("\r\n").to_owned() + "\r\n");
    assert_eq!(
        check(&behind),
        Err(ChunkError::TrailerMalformed {
            reason: "a line follows the signature"
        })
    );
}

#[test]
fn an_error_stays_the_error() {
    let mut decoder = ChunkDecoder::new(Streaming::UnsignedTrailer, None, &[], None);
    let error = decoder
        .decode(&mut Bytes::from_static(b"zz\r\n"))
        .expect_err("no number");
    assert_eq!(
        decoder.decode(&mut Bytes::from_static(b"0\r\n\r\n")),
        Err(error.clone())
    );
    assert!(!decoder.is_done());
    assert_eq!(decoder.finish(), Err(error));
}
