//! A streamed body comes to the same end however it is cut, with the same data if the end is good, and is never held.
//!
//! The first byte of the input chooses the kind of body, the second how it is cut.

use bytes::Bytes;
use countersign_sigv4::{
    CHUNK_LINE_BYTES_MAX, ChunkDecoder, ChunkError, ChunkSeed, ChunkSigner, Scope, Secret, SigningKey,
    Streaming, TRAILER_BYTES_MAX,
};

use crate::SECRET;

pub(crate) fn run(input: &[u8]) {
    let [kind, cut, body @ ..] = input else { return };
    let mode = match kind % 3 {
        0 => Streaming::Signed,
        1 => Streaming::SignedTrailer,
        _ => Streaming::UnsignedTrailer,
    };
    let pieces = usize::from(*cut).max(1);
    let whole = decode(mode, [body].into_iter());
    let cut = decode(mode, body.chunks(pieces));
    assert_eq!(whole.1, cut.1, "the end of a body depends on how it was cut");
    if whole.1.is_ok() {
        // Of a body that turned out wrong, data may have been handed out sooner or later; nobody may use it.
        assert_eq!(whole.0, cut.0, "the data depends on how the body was cut");
    }
    assert!(whole.0.len() <= body.len(), "a body grew by decoding");
    if mode != Streaming::UnsignedTrailer {
        round_trip(mode, body, pieces);
    }
}

/// Everything that was handed out, and how the body ended.
fn decode<'a>(
    mode: Streaming,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (Vec<u8>, Result<String, ChunkError>) {
    let mut decoder = ChunkDecoder::new(mode, Some(seed()), &["x-amz-checksum-crc32".to_owned()], None);
    let mut data = Vec::new();
    for piece in pieces {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(decoded)) => data.extend_from_slice(&decoded),
                Ok(None) => break,
                Err(error) => return (data, Err(error)),
            }
            assert!(
                decoder.held_bytes() <= CHUNK_LINE_BYTES_MAX + TRAILER_BYTES_MAX,
                "the decoder holds too much"
            );
        }
    }
    (data, decoder.finish().map(|trailers| format!("{trailers:?}")))
}

/// What our signer frames, the decoder takes apart again.
fn round_trip(mode: Streaming, data: &[u8], pieces: usize) {
    let mut signer = ChunkSigner::new(seed());
    let mut framed = Vec::new();
    for chunk in data.chunks(8192) {
        framed.extend(signer.encode_chunk(chunk));
    }
    if mode == Streaming::SignedTrailer {
        framed.extend(signer.encode_end(&[("x-amz-checksum-crc32", "AAAAAA==")]));
    } else {
        framed.extend(signer.encode_chunk(b""));
    }
    let (decoded, end) = decode(mode, framed.chunks(pieces));
    assert!(end.is_ok(), "what we sign we accept: {end:?}");
    assert_eq!(decoded, data, "a body changed on its way");
}

fn seed() -> ChunkSeed {
    let scope = Scope {
        date: "20261014".into(),
        region: "us-east-1".into(),
        service: "s3".into(),
    };
    ChunkSeed {
        signing_key: SigningKey::derive(&Secret::new(SECRET), &scope),
        scope,
        timestamp: "20261014T000000Z".into(),
        signature: "0".repeat(64),
    }
}
