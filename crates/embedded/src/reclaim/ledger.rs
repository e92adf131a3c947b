//! What is known of all segments, in memory.
//!
//! Not here: how it changes with a batch ([`crate::overlay`]).

use crate::format::entry;
use crate::format::ledger::SegmentNote;
use crate::index::MetaIndex;
use countersign_engine::{Error, Result};
use std::collections::BTreeMap;

/// The notes of all segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    notes: BTreeMap<u64, SegmentNote>,
    sums: Sums,
}

/// Of all segments together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// How many there are.
    pub(crate) segments: u64,
    /// Bytes written in them.
    pub(crate) total: u64,
    /// Bytes that are live.
    pub(crate) live: i64,
}

impl Ledger {
    /// What the index says.
    pub(crate) fn load(index: &dyn MetaIndex) -> Result<Ledger> {
        let mut ledger = Ledger::default();
        let until = entry::after_all(entry::segment_names());
        let mut from = entry::segment_names();
        loop {
            let rows = index.scan(&from, &until, NOTES_AT_ONCE)?;
            for (name, note) in &rows {
                let segment = entry::parse_segment_name(name).zip(SegmentNote::parse(note));
                let (segment, note) =
                    segment.ok_or_else(|| Error::Corrupt("the index's note of a segment".into()))?;
                ledger.take(&[(segment, note)]);
            }
            match rows.last() {
                Some((name, _)) if rows.len() == NOTES_AT_ONCE => from = [name.as_ref(), &[0]].concat(),
                _ => return Ok(ledger),
            }
        }
    }

    /// What is known of a segment.
    pub(crate) fn note(&self, segment: u64) -> SegmentNote {
        self.notes.get(&segment).copied().unwrap_or_default()
    }

    /// Segments of which anything is live, and how many bytes.
    pub(crate) fn live(&self) -> impl Iterator<Item = (u64, i64)> {
        let live = self.notes.iter().map(|(segment, note)| (*segment, note.live));
        live.filter(|(_, live)| *live != 0)
    }

    /// All segments of which anything is known.
    pub(crate) fn segments(&self) -> impl Iterator<Item = u64> + '_ {
        self.notes.keys().copied()
    }

    /// Of all of them together.
    pub(crate) fn sums(&self) -> Sums {
        self.sums
    }

    /// Takes over what a batch changed.
    pub(crate) fn take(&mut self, changed: &[(u64, SegmentNote)]) {
        for (segment, note) in changed {
            let before = if note.is_empty() {
                self.notes.remove(segment)
            } else {
                self.notes.insert(*segment, *note)
            };
            let before = before.unwrap_or_default();
            self.sums.total += note.total;
            self.sums.total -= before.total;
            self.sums.live += note.live - before.live;
            self.sums.segments = self.notes.len() as u64;
        }
    }
}

const NOTES_AT_ONCE: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_all_notes() {
        let mut ledger = Ledger::default();
        let note = |total, live| SegmentNote {
            total,
            live,
            ..SegmentNote::default()
        };
        ledger.take(&[(1, note(100, 7)), (2, note(50, 50))]);
        ledger.take(&[(1, note(120, 3))]);
        let sums = |segments, total, live| Sums {
            segments,
            total,
            live,
        };
        assert_eq!(ledger.sums(), sums(2, 170, 53));
        ledger.take(&[(1, SegmentNote::default())]);
        assert_eq!(ledger.sums(), sums(1, 50, 50));
    }
}
