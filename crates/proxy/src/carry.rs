//! The body of a request on its way to the upstream, piece by piece: as it came, or in chunks that are signed anew.
//!
//! Not here: reading the body and taking its framing off, which the server's [`Upload`] does; sending.
//!
//! It keeps true: of a body whose hash is signed the last piece goes on only after the hash was compared; of a signed stream the last
//! chunk goes on only after the last signature was; no more than one chunk is held.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use countersign_server::front::{BodyFault, Refusal, Upload};
use countersign_sigv4::{ChunkError, ChunkSeed, ChunkSigner, Payload, Streaming};
use countersign_store as store;
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

/// How a body goes on.
pub(crate) enum Carry {
    /// As it came.
    Plain {
        /// The hash that it must have, and has so far.
        hash: Option<([u8; 32], Sha256)>,
        /// The last piece that came, where there is a hash to compare first.
        held: Option<Bytes>,
        length: Option<u64>,
    },
    /// In chunks of our own.
    Chunks {
        mode: Streaming,
        /// `None` where chunks are not signed.
        signer: Option<ChunkSigner>,
        buffer: BytesMut,
        length: Option<u64>,
    },
    /// With what is around the file, which the upload keeps as it was sent.
    Form { length: Option<u64> },
}

impl Carry {
    /// A body as it comes, of so many bytes if that was announced.
    pub(crate) fn plain(payload: Option<&Payload>, length: Option<u64>) -> Carry {
        let hash = payload.and_then(Payload::sha256);
        Carry::Plain {
            hash: hash.map(|hash| (hash, Sha256::new())),
            held: None,
            length,
        }
    }

    /// A stream of so many bytes of data. `seed` begins the chain of signatures, where there is one.
    pub(crate) fn chunks(mode: Streaming, seed: Option<ChunkSeed>, decoded: u64, trailers: &[&str]) -> Carry {
        Carry::Chunks {
            mode,
            signer: seed.filter(|_| mode.is_signed()).map(ChunkSigner::new),
            buffer: BytesMut::new(),
            length: framed_length(mode, decoded, trailers),
        }
    }

    /// Bytes that go on all in all, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Carry::Plain { length, .. } | Carry::Chunks { length, .. } | Carry::Form { length } => *length,
        }
    }

    /// Takes a piece of data that came, and gives what goes on now.
    pub(crate) fn take(&mut self, piece: Bytes, upload: &mut Upload) -> Vec<Bytes> {
        match self {
            Carry::Plain { hash: None, .. } => vec![piece],
            Carry::Plain {
                hash: Some((_, hasher)),
                held,
                ..
            } => {
                hasher.update(&piece);
                held.replace(piece).into_iter().collect()
            }
            Carry::Chunks { signer, buffer, .. } => {
                buffer.extend_from_slice(&piece);
                let mut framed = Vec::new();
                while buffer.len() >= CHUNK_BYTES {
                    framed.push(chunk(signer.as_mut(), &buffer.split_to(CHUNK_BYTES)));
                }
                framed
            }
            Carry::Form { .. } => as_sent(upload),
        }
    }

    /// Gives what goes on at the end, once everything was right.
    pub(crate) fn end(&mut self, upload: &mut Upload) -> Result<Vec<Bytes>, Refusal> {
        match self {
            Carry::Plain { hash, held, .. } => {
                if let Some((client, hasher)) = hash.take() {
                    let computed: [u8; 32] = hasher.finalize().into();
                    if computed != client {
                        let error = store::Error::ContentSha256Mismatch { client, computed };
                        return Err(Refusal::Store(error, Box::default()));
                    }
                }
                Ok(held.take().into_iter().collect())
            }
            Carry::Chunks {
                mode, signer, buffer, ..
            } => {
                let trailers: Vec<(&str, &str)> = upload.trailers().iter().collect();
                for (name, value) in &trailers {
                    if checksum_characters(name).is_some_and(|length| length != value.len()) {
                        let reason = "a checksum has not the length of one";
                        return Err(Refusal::Body(BodyFault::Chunk(ChunkError::TrailerMalformed {
                            reason,
                        })));
                    }
                }
                let mut framed = Vec::new();
                if !buffer.is_empty() {
                    framed.push(chunk(signer.as_mut(), &buffer.split()));
                }
                framed.push(Bytes::from(match (signer, mode.has_trailer()) {
                    (Some(signer), true) => signer.encode_end(&trailers),
                    (Some(signer), false) => signer.encode_chunk(b""),
                    (None, _) => ChunkSigner::encode_unsigned_end(&trailers),
                }));
                Ok(framed)
            }
            Carry::Form { .. } => Ok(as_sent(upload)),
        }
    }
}

fn as_sent(upload: &mut Upload) -> Vec<Bytes> {
    std::iter::from_fn(|| upload.take_as_sent()).collect()
}

fn chunk(signer: Option<&mut ChunkSigner>, data: &[u8]) -> Bytes {
    Bytes::from(match signer {
        Some(signer) => signer.encode_chunk(data),
        None => ChunkSigner::encode_unsigned_chunk(data),
    })
}

/// Bytes of a stream in chunks of ours. `None` if a trailer is not one whose length is known, or the length is none.
fn framed_length(mode: Streaming, decoded: u64, trailers: &[&str]) -> Option<u64> {
    let signature = if mode.is_signed() {
        CHUNK_SIGNATURE.len() as u64 + 64
    } else {
        0
    };
    let chunk = |size: u64| -> Option<u64> {
        let digits = format!("{size:x}").len() as u64;
        (digits + signature + 4).checked_add(size)
    };
    let full_size = CHUNK_BYTES as u64;
    let (full, rest) = (decoded / full_size, decoded % full_size);
    let mut length = chunk(full_size)?.checked_mul(full)?;
    if rest > 0 {
        length = length.checked_add(chunk(rest)?)?;
    }
    // The last, empty chunk has no data and so no second line break of its own: that is the end of the trailers.
    let mut end = 1 + signature + 4;
    if mode.has_trailer() {
        for name in trailers {
            end += name.len() as u64 + 1 + checksum_characters(name)? as u64 + 2;
        }
        if mode.is_signed() {
            end += TRAILER_SIGNATURE.len() as u64 + 64 + 2;
        }
    }
    length.checked_add(end)
}

/// Characters of a checksum in base64, by the header that carries it.
fn checksum_characters(header: &str) -> Option<usize> {
    Some(match header {
        "x-amz-checksum-crc32" | "x-amz-checksum-crc32c" => 8,
        "x-amz-checksum-crc64nvme" => 12,
        "x-amz-checksum-sha1" => 28,
        "x-amz-checksum-sha256" => 44,
        _ => return None,
    })
}

/// A body that goes out while it comes in.
pub(crate) struct Outflow {
    pieces: mpsc::Receiver<Piece>,
    /// Bytes still to come, where that is known.
    left: Option<u64>,
}

/// What goes into a body.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// Some of it.
    Data(Bytes),
    /// There is no more. Without this a body of unknown length does not end well: whoever lets go of it has not said that it is whole.
    End,
}

/// What went in was refused or broke off, so that what goes out must not end well.
#[derive(Debug)]
pub(crate) struct CutShort;

impl std::fmt::Display for CutShort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the body was refused before its end")
    }
}

impl std::error::Error for CutShort {}

impl Outflow {
    /// A body of so many bytes, and where its pieces go in.
    pub(crate) fn new(length: Option<u64>) -> (mpsc::Sender<Piece>, Outflow) {
        let (sender, pieces) = mpsc::channel(1);
        (sender, Outflow { pieces, left: length })
    }
}

impl Body for Outflow {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let outflow = &mut *self;
        let piece = std::task::ready!(outflow.pieces.poll_recv(cx));
        Poll::Ready(match (piece, outflow.left) {
            (Some(Piece::Data(bytes)), _) => {
                if let Some(left) = &mut outflow.left {
                    *left = left.saturating_sub(bytes.len() as u64);
                }
                Some(Ok(Frame::data(bytes)))
            }
            (_, Some(0)) => None,
            (Some(Piece::End), None) => {
                outflow.left = Some(0);
                None
            }
            (None, _) | (Some(Piece::End), Some(_)) => Some(Err(CutShort)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Bytes of data in a chunk of ours, but for the last.
const CHUNK_BYTES: usize = 64 * 1024;
const CHUNK_SIGNATURE: &str = ";chunk-signature=";
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature:";

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_sigv4::{Secret, Signer};

    fn seed() -> ChunkSeed {
        let secret = Secret::new("s");
        let signer = Signer {
            access_key_id: "AKID",
            secret: &secret,
            session_token: None,
            region: "us-east-1",
            service: "s3",
            time: 0,
            rule: countersign_sigv4::PathRule::S3,
        };
        let request = countersign_sigv4::Request {
            method: "PUT",
            path: b"/",
            query: None,
            headers: &[("host", b"h")],
        };
        signer.chunk_seed(&signer.sign(&request, &Payload::Unsigned))
    }

    #[test]
    fn the_length_of_a_stream_is_known_before_it_is_framed() {
        let crc = [("x-amz-checksum-crc32", "AAAAAA==")];
        let two = [
            ("x-amz-checksum-crc32", "AAAAAA=="),
            ("x-amz-checksum-sha256", &"a".repeat(44)),
        ];
        for (mode, trailers) in [
            (Streaming::Signed, &[][..]),
            (Streaming::SignedTrailer, &crc[..]),
            (Streaming::SignedTrailer, &two[..]),
            (Streaming::UnsignedTrailer, &crc[..]),
            (Streaming::UnsignedTrailer, &[][..]),
        ] {
            for decoded in [
                0,
                1,
                CHUNK_BYTES - 1,
                CHUNK_BYTES,
                CHUNK_BYTES + 1,
                3 * CHUNK_BYTES + 17,
            ] {
                let mut signer = mode.is_signed().then(|| ChunkSigner::new(seed()));
                let data = vec![7; decoded];
                let mut framed: usize = data
                    .chunks(CHUNK_BYTES)
                    .map(|data| chunk(signer.as_mut(), data).len())
                    .sum();
                framed += match (&mut signer, mode.has_trailer()) {
                    (Some(signer), true) => signer.encode_end(trailers).len(),
                    (Some(signer), false) => signer.encode_chunk(b"").len(),
                    (None, _) => ChunkSigner::encode_unsigned_end(trailers).len(),
                };
                let names: Vec<&str> = trailers.iter().map(|(name, _)| *name).collect();
                assert_eq!(
                    framed_length(mode, decoded as u64, &names),
                    Some(framed as u64),
                    "{mode:?} {decoded} {names:?}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_body_is_over_only_if_that_is_said() {
        use http_body_util::BodyExt;
        for (length, pieces, is_whole) in [
            (None, &[Some("a"), None][..], true),
            (None, &[None], true),
            (None, &[Some("a")], false),
            (None, &[], false),
            (Some(1), &[Some("a")], true),
            (Some(2), &[Some("a"), None], false),
            (Some(2), &[Some("a")], false),
        ] {
            let (sender, outflow) = Outflow::new(length);
            let going = async {
                for piece in pieces {
                    let piece = piece.map_or(Piece::End, |data| {
                        Piece::Data(Bytes::from_static(data.as_bytes()))
                    });
                    // A body that has all of its length takes no more.
                    let _ = sender.send(piece).await;
                }
                drop(sender);
            };
            let (came, ()) = tokio::join!(outflow.collect(), going);
            assert_eq!(came.is_ok(), is_whole, "{length:?} {pieces:?}");
        }
    }

    #[test]
    fn of_a_trailer_that_nobody_knows_the_length_is_not_known() {
        assert_eq!(
            framed_length(Streaming::UnsignedTrailer, 1, &["x-amz-meta-a"]),
            None
        );
        assert_eq!(framed_length(Streaming::Signed, u64::MAX, &[]), None);
    }
}
