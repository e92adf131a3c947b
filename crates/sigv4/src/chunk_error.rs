//! What can be wrong with a streamed body.
//!
//! Not here: S3 codes. Chunks are counted from 1; offsets are in decoded bytes.

use std::fmt;

/// A fault of an `aws-chunked` body. The whole body is invalid, whatever was handed out before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// The framing cannot be read.
    Malformed {
        /// The chunk in which it happened.
        chunk: u64,
        /// Decoded bytes before that chunk.
        offset: u64,
        /// What was wrong, for people.
        reason: &'static str,
    },
    /// A chunk that is not the last is smaller than [`crate::CHUNK_BYTES_MIN`].
    TooSmall {
        /// The chunk that followed it, as S3 counts in its answer.
        chunk: u64,
        /// Bytes of the small chunk.
        size: u64,
    },
    /// The signature of a chunk does not continue the chain.
    SignatureMismatch {
        /// The chunk.
        chunk: u64,
        /// Decoded bytes before it.
        offset: u64,
        /// Its signature as sent.
        provided: String,
        /// What was to be signed, with the previous signature in it.
        string_to_sign: Vec<u8>,
        /// SHA-256 of its data with the line break behind it, which some signers take for a part of it.
        hash_with_line_break: [u8; 32],
    },
    /// The decoded bytes are not as many as `x-amz-decoded-content-length` announced.
    LengthDiffers {
        /// Bytes announced.
        declared: u64,
        /// Bytes counted; for a body that is too long, up to the end of the chunk that exceeds it.
        counted: u64,
    },
    /// The body ended before its last chunk, or within its trailer.
    Truncated {
        /// Decoded bytes until then.
        decoded: u64,
    },
    /// Bytes follow the end of the framing.
    ContinuesAfterEnd,
    /// The trailer cannot be read, or is larger than [`crate::TRAILER_BYTES_MAX`].
    TrailerMalformed {
        /// What was wrong, for people.
        reason: &'static str,
    },
    /// A trailer that `x-amz-trailer` did not announce.
    TrailerUnannounced {
        /// Its name, lower case.
        name: String,
    },
    /// A trailer that `x-amz-trailer` announced and the body does not have; to S3 an incomplete body.
    TrailerMissing {
        /// Its name, lower case.
        name: String,
    },
    /// The trailer should be signed and is not.
    TrailerSignatureMissing,
    /// The signature of the trailer does not continue the chain.
    TrailerSignatureMismatch {
        /// The signature as sent.
        provided: String,
        /// What was to be signed.
        string_to_sign: Vec<u8>,
        /// Names and values in order of arrival.
        trailers: Vec<(String, String)>,
        /// The signature of the last chunk that has data; that of the request if none has.
        data_signature: String,
    },
}

impl fmt::Display for ChunkError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChunkError::Malformed {
                chunk,
                offset,
                reason,
            } => {
                write!(formatter, "chunk {chunk} at offset {offset}: {reason}")
            }
            ChunkError::TooSmall { chunk, size } => {
                write!(
                    formatter,
                    "chunk {chunk} follows one of {size} bytes, and only the last may be so small"
                )
            }
            ChunkError::SignatureMismatch { chunk, offset, .. } => {
                write!(
                    formatter,
                    "the signature of chunk {chunk} at offset {offset} does not match"
                )
            }
            ChunkError::LengthDiffers { declared, counted } => {
                write!(formatter, "{declared} bytes were announced, {counted} arrived")
            }
            ChunkError::Truncated { decoded } => {
                write!(formatter, "the body ends after {decoded} bytes of data")
            }
            ChunkError::ContinuesAfterEnd => formatter.write_str("bytes follow the end of the body"),
            ChunkError::TrailerMalformed { reason } => write!(formatter, "trailer: {reason}"),
            ChunkError::TrailerUnannounced { name } => {
                write!(formatter, "trailer `{name}` was not announced")
            }
            ChunkError::TrailerMissing { name } => write!(formatter, "trailer `{name}` is missing"),
            ChunkError::TrailerSignatureMissing => formatter.write_str("the trailer is not signed"),
            ChunkError::TrailerSignatureMismatch { .. } => {
                formatter.write_str("the signature of the trailer does not match")
            }
        }
    }
}

impl std::error::Error for ChunkError {}
