//! Takes in a body that is read whole, such as an XML document, and compares it with what was announced, as for objects.
//!
//! Not here: what the document says.

use crate::digest::Digests;
use crate::error::{Error, Result};
use crate::model::Expect;
use crate::receive::compare;
use crate::source::Source;
use bytes::{Bytes, BytesMut};
use countersign_types::ChecksumAlgorithm;

/// Reads a body of at most `bytes_max` bytes.
///
/// # Errors
/// [`Error::EntityTooLarge`] for a longer one, [`Error::IncompleteBody`], [`Error::BadDigest`],
/// [`Error::ContentSha256Mismatch`], [`Error::ChecksumMismatch`] and [`Error::Source`] as for an object.
pub async fn receive_document(expect: &Expect, bytes_max: usize, source: &mut dyn Source) -> Result<Bytes> {
    let algorithms: Vec<ChecksumAlgorithm> = expect
        .checksum
        .iter()
        .map(|checksum| checksum.algorithm)
        .collect();
    let mut digests = Digests::new(expect.sha256.is_some(), &algorithms);
    let mut document = BytesMut::new();
    while let Some(piece) = source.next().await {
        let piece = piece.map_err(Error::Source)?;
        if document.len() + piece.len() > bytes_max {
            let size = (document.len() + piece.len()) as u64;
            return Err(Error::EntityTooLarge {
                size,
                maximum: bytes_max as u64,
            });
        }
        digests.update(&piece);
        document.extend_from_slice(&piece);
    }
    let received = document.len() as u64;
    if let Some(expected) = expect.length.filter(|expected| *expected != received) {
        return Err(Error::IncompleteBody { expected, received });
    }
    compare(expect, &digests.finish(), source)?;
    Ok(document.freeze())
}
