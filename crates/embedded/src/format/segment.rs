//! The first block of a segment: which one it is, and what its first batch carries.
//!
//! Keeps true: a segment whose header parses belongs behind exactly one log.

use super::batch::Next;
use super::bytes::{Reader, Write};
use super::{BLOCK, FORMAT_VERSION, Salt};

const MAGIC: [u8; 8] = *b"CSlogseg";
const COVERED_BYTES: usize = 40;

/// The header's fields, in their order on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// The segment's number; one more for each segment of the log, never used twice.
    pub(crate) segment: u64,
    /// What its first batch carries.
    pub(crate) first: Next,
}

impl SegmentHeader {
    /// One block.
    pub(crate) fn encode(&self, salt: Salt) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BLOCK as usize);
        bytes.raw(&MAGIC);
        bytes.u32(FORMAT_VERSION.into());
        bytes.u32(self.first.chain);
        bytes.u64(self.segment);
        bytes.u64(self.first.batch);
        bytes.u64(self.first.lsn);
        let sum = salt.sum(&bytes);
        bytes.u32(sum);
        bytes.resize(BLOCK as usize, 0);
        bytes
    }

    /// Reads a header; `None` if these bytes are none.
    pub(crate) fn parse(bytes: &[u8], salt: Salt) -> Option<SegmentHeader> {
        let (covered, rest) = bytes.split_at_checked(COVERED_BYTES)?;
        let mut read = Reader(covered);
        if Reader(rest).u32()? != salt.sum(covered)
            || read.raw(8)? != MAGIC
            || read.u32()? != FORMAT_VERSION.into()
        {
            return None;
        }
        let chain = read.u32()?;
        let segment = read.u64()?;
        Some(SegmentHeader {
            segment,
            first: Next {
                batch: read.u64()?,
                lsn: read.u64()?,
                chain,
            },
        })
    }
}
