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
}

impl Ledger {
    /// What the index says.
    pub(crate) fn load(index: &dyn MetaIndex) -> Result<Ledger> {
        let mut notes = BTreeMap::new();
        let until = entry::after_all(entry::segment_names());
        let mut from = entry::segment_names();
        loop {
            let rows = index.scan(&from, &until, NOTES_AT_ONCE)?;
            for (name, note) in &rows {
                let segment = entry::parse_segment_name(name).zip(SegmentNote::parse(note));
                let (segment, note) =
                    segment.ok_or_else(|| Error::Corrupt("the index's note of a segment".into()))?;
                notes.insert(segment, note);
            }
            match rows.last() {
                Some((name, _)) if rows.len() == NOTES_AT_ONCE => from = [name.as_ref(), &[0]].concat(),
                _ => return Ok(Ledger { notes }),
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

    /// How many segments, bytes written in them, and bytes that are live.
    pub(crate) fn sums(&self) -> (u64, u64, u64) {
        let notes = self.notes.values();
        let add = |(total, live): (u64, u64), note: &SegmentNote| {
            (total + note.total, live + note.live.max(0).cast_unsigned())
        };
        let (total, live) = notes.fold((0, 0), add);
        (self.notes.len() as u64, total, live)
    }

    /// Takes over what a batch changed.
    pub(crate) fn take(&mut self, changed: &[(u64, SegmentNote)]) {
        for (segment, note) in changed {
            if note.is_empty() {
                self.notes.remove(segment);
            } else {
                self.notes.insert(*segment, *note);
            }
        }
    }
}

const NOTES_AT_ONCE: usize = 1000;
