//! What a segment holds that is still needed, as the index keeps it beside the rows.
//!
//! Not here: what follows from it ([`crate::reclaim`]).
//!
//! Keeps true: a note that says nothing is not kept at all.

use super::Span;
use super::bytes::{Reader, Write};

/// What is known of one segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SegmentNote {
    /// Where its last batch ends.
    pub(crate) total: u64,
    /// Bytes of frames that say what a row or a space is, and of bodies that rows have. Below zero only while the log is
    /// read anew, of a segment that is gone.
    pub(crate) live: i64,
    /// Bytes of frames that say that a row is deleted.
    pub(crate) deletes: u64,
    /// Where puts may lie that those deletes make void; nothing if there are none.
    pub(crate) voids: Option<Span>,
}

impl SegmentNote {
    /// True if it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        *self == SegmentNote::default()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(40);
        bytes.u64(self.total);
        bytes.u64(self.live.cast_unsigned());
        bytes.u64(self.deletes);
        let voids = self.voids.unwrap_or(NO_SPAN);
        bytes.u64(voids.first);
        bytes.u64(voids.last);
        bytes
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<SegmentNote> {
        let mut read = Reader(bytes);
        let (total, live, deletes) = (read.u64()?, read.u64()?.cast_signed(), read.u64()?);
        let voids = Span {
            first: read.u64()?,
            last: read.u64()?,
        };
        let note = SegmentNote {
            total,
            live,
            deletes,
            voids: (voids != NO_SPAN).then_some(voids),
        };
        read.is_empty().then_some(note)
    }
}

/// Segments are numbered from 1.
const NO_SPAN: Span = Span { first: 0, last: 0 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_comes_back_and_a_cut_one_does_not() {
        for (live, voids) in [(0, None), (-7, Some(Span { first: 1, last: 1 }))] {
            let note = SegmentNote {
                total: 40_960,
                live,
                deletes: 3,
                voids,
            };
            let bytes = note.encode();
            assert_eq!(SegmentNote::parse(&bytes), Some(note));
            for len in 0..bytes.len() {
                assert_eq!(SegmentNote::parse(&bytes[..len]), None, "cut to {len}");
            }
        }
    }
}
