//! The chain of signatures through an `aws-chunked` body, and its framing on the sending side.
//!
//! Each signature covers the one before, so chunks can be neither changed nor dropped nor swapped.

use std::fmt;

use sha2::{Digest, Sha256};
use smol_str::SmolStr;

use crate::claim::{Claim, Scope};
use crate::payload::EMPTY_SHA256;
use crate::signing_key::{SigningKey, hex_digits};
use crate::verify::lines_to_sign;

/// Where a chain of chunk signatures starts: the request that carries the body.
#[derive(Clone)]
pub struct ChunkSeed {
    /// The key that signed the request.
    pub signing_key: SigningKey,
    /// The credential scope of the request.
    pub scope: Scope,
    /// The date line of the request.
    pub timestamp: SmolStr,
    /// The signature of the request, in hex.
    pub signature: String,
}

impl ChunkSeed {
    /// The seed of a request whose signature was verified with `signing_key`.
    pub fn of(claim: &Claim, signing_key: &SigningKey) -> ChunkSeed {
        ChunkSeed {
            signing_key: signing_key.clone(),
            scope: claim.scope.clone(),
            timestamp: claim.timestamp.clone(),
            signature: claim.signature.clone(),
        }
    }
}

/// Without the signature: with it, a request can be repeated.
impl fmt::Debug for ChunkSeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChunkSeed")
            .field("scope", &self.scope)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// Signs chunk after chunk, and frames them as a client sends them.
#[derive(Clone, Debug)]
pub struct ChunkSigner {
    /// Its `signature` is always that of the chunk before.
    seed: ChunkSeed,
}

impl ChunkSigner {
    /// Starts a chain.
    pub fn new(seed: ChunkSeed) -> ChunkSigner {
        ChunkSigner { seed }
    }

    /// Signs the next chunk; an empty one is the last.
    pub fn sign_chunk(&mut self, data: &[u8]) -> String {
        let text = self.chunk_text(&Sha256::digest(data).into());
        self.seed.signature = self.seed.signing_key.sign(&text).to_hex();
        self.seed.signature.clone()
    }

    /// Signs the trailers; the last chunk must have been signed before.
    pub fn sign_trailer(&self, trailers: &[(&str, &str)]) -> String {
        self.seed
            .signing_key
            .sign(&self.trailer_text(&canonical_trailers(trailers)))
            .to_hex()
    }

    /// The next chunk as it goes over the wire: size and signature, data, line breaks.
    pub fn encode_chunk(&mut self, data: &[u8]) -> Vec<u8> {
        let signature = self.sign_chunk(data);
        let mut framed = format!("{:x};chunk-signature={signature}\r\n", data.len()).into_bytes();
        framed.extend_from_slice(data);
        framed.extend_from_slice(b"\r\n");
        framed
    }

    /// The last, empty chunk and the signed trailers behind it.
    pub fn encode_end(&mut self, trailers: &[(&str, &str)]) -> Vec<u8> {
        let signature = self.sign_chunk(b"");
        let mut framed = format!("0;chunk-signature={signature}\r\n");
        push_trailers(&mut framed, trailers);
        framed.push_str(&format!(
            "{TRAILER_SIGNATURE}:{}\r\n\r\n",
            self.sign_trailer(trailers)
        ));
        framed.into_bytes()
    }

    /// A chunk of a body whose chunks are not signed.
    pub fn encode_unsigned_chunk(data: &[u8]) -> Vec<u8> {
        let mut framed = format!("{:x}\r\n", data.len()).into_bytes();
        framed.extend_from_slice(data);
        framed.extend_from_slice(b"\r\n");
        framed
    }

    /// The last, empty chunk of such a body and its trailers.
    pub fn encode_unsigned_end(trailers: &[(&str, &str)]) -> Vec<u8> {
        let mut framed = "0\r\n".to_owned();
        push_trailers(&mut framed, trailers);
        framed.push_str("\r\n");
        framed.into_bytes()
    }

    /// Whether `provided` signs a chunk with this hash; if so the chain goes on, else its string to sign is given.
    pub(crate) fn accept_chunk(&mut self, data_hash: &[u8; 32], provided: &str) -> Result<(), Vec<u8>> {
        let text = self.chunk_text(data_hash);
        if !self.seed.signing_key.matches(&text, provided) {
            return Err(text);
        }
        self.seed.signature.clear();
        self.seed.signature.push_str(provided);
        Ok(())
    }

    /// Whether `provided` signs these trailers; else their string to sign is given.
    pub(crate) fn accept_trailer(
        &self,
        trailers: &[(String, String)],
        provided: &str,
    ) -> Result<(), Vec<u8>> {
        let text = self.trailer_text(&canonical_trailers(trailers));
        if self.seed.signing_key.matches(&text, provided) {
            Ok(())
        } else {
            Err(text)
        }
    }

    fn chunk_text(&self, data_hash: &[u8; 32]) -> Vec<u8> {
        chunk_string_to_sign(
            &self.seed.timestamp,
            &self.seed.scope,
            &self.seed.signature,
            data_hash,
        )
    }

    fn trailer_text(&self, canonical: &[u8]) -> Vec<u8> {
        trailer_string_to_sign(
            &self.seed.timestamp,
            &self.seed.scope,
            &self.seed.signature,
            canonical,
        )
    }
}

/// The string to sign of a chunk: date, scope, the signature before, the hash of nothing (a chunk has no headers), and
/// the hash of its data.
///
/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
pub fn chunk_string_to_sign(timestamp: &str, scope: &Scope, previous: &str, data_hash: &[u8; 32]) -> Vec<u8> {
    let lines = [
        previous.as_bytes(),
        EMPTY_SHA256.as_bytes(),
        &hex_digits(data_hash),
    ];
    lines_to_sign("AWS4-HMAC-SHA256-PAYLOAD", timestamp, scope, &lines)
}

/// The string to sign of the trailers, given as `name:value\n` lines.
///
/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
pub fn trailer_string_to_sign(timestamp: &str, scope: &Scope, previous: &str, canonical: &[u8]) -> Vec<u8> {
    let lines = [
        previous.as_bytes(),
        &hex_digits(&Sha256::digest(canonical).into()),
    ];
    lines_to_sign("AWS4-HMAC-SHA256-TRAILER", timestamp, scope, &lines)
}

/// `name:value\n` for each, names lower case and sorted, as headers are.
fn canonical_trailers<N: AsRef<str>, V: AsRef<str>>(trailers: &[(N, V)]) -> Vec<u8> {
    let mut lines: Vec<(String, &str)> = trailers
        .iter()
        .map(|(name, value)| (name.as_ref().to_ascii_lowercase(), value.as_ref().trim()))
        .collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines
        .iter()
        .fold(String::new(), |text, (name, value)| {
            text + name + ":" + value + "\n"
        })
        .into_bytes()
}

fn push_trailers(framed: &mut String, trailers: &[(&str, &str)]) {
    for (name, value) in trailers {
        framed.push_str(&format!("{name}:{value}\r\n"));
    }
}

/// The trailer that carries the signature of the others.
pub(crate) const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";
