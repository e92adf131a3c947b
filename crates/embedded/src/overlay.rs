//! What a batch does to the index, gathered on top of it: the same for a batch that is being made and for one that is
//! read back from the log.
//!
//! Not here: the decision whether a change is made.
//!
//! Keeps true: reading through the overlay sees what the index will hold once the batch is applied. A large file is
//! dropped exactly if no row refers to it after the batch. What the index notes of a segment is exactly what its rows
//! and spaces hold of it.

use crate::format::batch::{Next, Start};
use crate::format::entry::{self, Entry, LogPosition, SpaceEntry, SpaceState};
use crate::format::frame::Record;
use crate::format::ledger::SegmentNote;
use crate::format::segment::SegmentSet;
use crate::format::{At, FrameAt, Placed, Span};
use crate::index::{MetaIndex, Op};
use crate::reclaim::ledger::Ledger;
use bytes::Bytes;
use countersign_engine::{Error, Home, Result, Row, Space};
use std::collections::BTreeMap;

/// Changes on top of an index.
pub(crate) struct Overlay<'a> {
    index: &'a dyn MetaIndex,
    ops: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// How many rows more or fewer refer to a large file than before.
    references: BTreeMap<u64, i64>,
    /// What each segment holds more or less than before.
    segments: BTreeMap<u64, Difference>,
    removed: Vec<Space>,
    /// The segments that are the log from now on, if that changes.
    set: Option<SegmentSet>,
}

#[derive(Default)]
struct Difference {
    live: i64,
    deletes: u64,
    voids: Option<Span>,
}

/// What is to be done once the batch is durable.
pub(crate) struct Effects {
    /// For the index, in one step.
    pub(crate) ops: Vec<Op>,
    /// Large files that no row refers to any more.
    pub(crate) dropped: Vec<u64>,
    /// Spaces whose rows are to be swept.
    pub(crate) removed: Vec<Space>,
    /// What is known from now on of the segments that are touched.
    pub(crate) notes: Vec<(u64, SegmentNote)>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(index: &'a dyn MetaIndex) -> Overlay<'a> {
        Overlay {
            index,
            ops: BTreeMap::new(),
            references: BTreeMap::new(),
            segments: BTreeMap::new(),
            removed: Vec::new(),
            set: None,
        }
    }

    /// A space's state; `None` if it was never created.
    pub(crate) fn space(&self, space: Space) -> Result<Option<SpaceState>> {
        let found = self
            .look_up(vec![entry::space_name(space).to_vec()])?
            .pop()
            .flatten();
        space_state(space, found.as_deref())
    }

    /// What the index notes of a space.
    pub(crate) fn space_entry(&self, space: Space) -> Result<Option<SpaceEntry>> {
        let found = self
            .look_up(vec![entry::space_name(space).to_vec()])?
            .pop()
            .flatten();
        found.map(|bytes| parse_space(space, &bytes)).transpose()
    }

    /// Notes a space's state over what it was before, and the frame that says so.
    pub(crate) fn set_space(
        &mut self,
        space: Space,
        before: Option<SpaceEntry>,
        state: SpaceState,
        frame: FrameAt,
    ) {
        // What is swept already stays swept when the frame is written again.
        let state = match before {
            Some(before) if before.state == SpaceState::Removed => before.state,
            Some(_) | None => state,
        };
        if let Some(before) = before {
            self.count(before.frame.segment, -i64::from(before.frame.bytes));
        }
        self.count(frame.segment, frame.bytes.into());
        self.ops.insert(
            entry::space_name(space).to_vec(),
            Some(SpaceEntry { state, frame }.encode()),
        );
        if state == SpaceState::Removing && before.is_none_or(|before| before.state != state) {
            self.removed.push(space);
        }
    }

    /// Notes that no row of a removed space is left.
    pub(crate) fn finish_sweeping(&mut self, space: Space) -> Result<()> {
        if let Some(before) = self.space_entry(space)? {
            let swept = SpaceEntry {
                state: SpaceState::Removed,
                ..before
            };
            self.ops
                .insert(entry::space_name(space).to_vec(), Some(swept.encode()));
        }
        Ok(())
    }

    /// From this batch on these segments are the log.
    pub(crate) fn set_segments(&mut self, set: &SegmentSet) {
        self.ops.insert(entry::segments_name(), Some(set.encode()));
        self.set = Some(set.clone());
    }

    /// Rows as they are now, in the order asked for.
    pub(crate) fn entries(&self, space: Space, home: &Home, rows: &[&Row]) -> Result<Vec<Option<Entry>>> {
        let names = rows.iter().map(|row| entry::row_name(space, home, row)).collect();
        self.look_up(names)?
            .into_iter()
            .map(|found| found.map(parse_entry).transpose())
            .collect()
    }

    /// True if the index holds a name that begins so. Asked only while nothing lies on top of it.
    pub(crate) fn has_row(&self, prefix: &[u8]) -> Result<bool> {
        debug_assert!(
            self.ops.keys().all(|name| *name == entry::segments_name()),
            "changes of spaces are decided alone"
        );
        Ok(!self
            .index
            .scan(prefix, &entry::after_all(prefix.to_vec()), 1)?
            .is_empty())
    }

    /// Writes a row over what it was before.
    pub(crate) fn put(&mut self, space: Space, home: &Home, row: &Row, new: &Entry, old: Option<&Entry>) {
        let name = entry::row_name(space, home, row);
        if let Some(old) = old {
            self.hold(&name, old, -1);
        }
        self.hold(&name, new, 1);
        self.ops.insert(name, Some(new.encode()));
    }

    /// Deletes a row, if it is there, as a frame says.
    pub(crate) fn delete(
        &mut self,
        space: Space,
        home: &Home,
        row: &Row,
        (frame, voids): (FrameAt, Span),
        old: Option<&Entry>,
    ) {
        let difference = self.segments.entry(frame.segment).or_default();
        difference.deletes += u64::from(frame.bytes);
        difference.voids = Some(difference.voids.map_or(voids, |before| before.and(voids)));
        if let Some(old) = old {
            self.forget(entry::row_name(space, home, row), old);
        }
    }

    /// Takes a row out that needs no frame to say so.
    pub(crate) fn forget(&mut self, row_name: Vec<u8>, old: &Entry) {
        self.hold(&row_name, old, -1);
        self.ops.insert(row_name, None);
    }

    /// Does what a record of the log says.
    pub(crate) fn replay(&mut self, frame: FrameAt, record: Record) -> Result<()> {
        let mut set_space = |space, state| {
            let before = self.space_entry(space)?;
            self.set_space(space, before, state, frame);
            Ok(())
        };
        match record {
            Record::Create(space) => set_space(space, SpaceState::Open)?,
            Record::Seal(space) => set_space(space, SpaceState::Sealed)?,
            Record::Remove(space) => set_space(space, SpaceState::Removing)?,
            Record::End => {}
            Record::Segments(set) => self.set_segments(&set),
            Record::Put {
                space,
                home,
                row,
                since,
                value,
                body,
            } => {
                let old = self.entries(space, &home, &[&row])?.pop().flatten();
                let new = Entry {
                    value,
                    frame,
                    since,
                    body,
                };
                self.put(space, &home, &row, &new, old.as_ref());
            }
            Record::Delete {
                space,
                home,
                row,
                voids,
            } => {
                let old = self.entries(space, &home, &[&row])?.pop().flatten();
                self.delete(space, &home, &row, (frame, voids), old.as_ref());
            }
        }
        Ok(())
    }

    /// Everything that a batch of the log does. `before` is what the index said of the log so far.
    pub(crate) fn finish(
        mut self,
        before: Option<&LogPosition>,
        ledger: &Ledger,
        (start, is): (Start, Next),
        (end, next): (u64, Next),
    ) -> Result<(Effects, LogPosition)> {
        let behind_referred = self.references.last_key_value().map_or(1, |(id, _)| id + 1);
        let position = LogPosition {
            last: start,
            last_is: is,
            end,
            next,
            large_next: before.map_or(1, |before| before.large_next).max(behind_referred),
        };
        self.ops
            .insert(entry::log_position_name(), Some(position.encode()));
        Ok((self.settle(ledger, Some((start.segment, end)))?, position))
    }

    /// Everything that follows from what the log says already.
    pub(crate) fn finish_unlogged(self, ledger: &Ledger) -> Result<Effects> {
        self.settle(ledger, None)
    }

    /// `grown`: the segment that grew, and where it ends now.
    fn settle(mut self, ledger: &Ledger, grown: Option<(u64, u64)>) -> Result<Effects> {
        let mut dropped = Vec::new();
        for (id, difference) in std::mem::take(&mut self.references) {
            let name = entry::large_name(id);
            let before = large_count(self.index.get(std::slice::from_ref(&name))?.pop().flatten())?;
            let count = u32::try_from(i64::from(before) + difference).unwrap_or(0);
            if count == 0 {
                dropped.push(id);
            }
            let kept = (count > 0).then(|| count.to_le_bytes().to_vec());
            self.ops.insert(name, kept);
        }
        if let Some((segment, _)) = grown {
            self.segments.entry(segment).or_default();
        }
        let is_gone = |segment: u64| self.set.as_ref().is_some_and(|set| !set.contains(segment));
        for segment in ledger.segments().filter(|segment| is_gone(*segment)) {
            self.segments.entry(segment).or_default();
        }
        let mut notes = Vec::with_capacity(self.segments.len());
        for (segment, difference) in self.segments {
            let mut note = ledger.note(segment);
            note.live += difference.live;
            note.deletes += difference.deletes;
            note.voids = match (note.voids, difference.voids) {
                (Some(before), Some(more)) => Some(before.and(more)),
                (before, more) => before.or(more),
            };
            if let Some((_, end)) = grown.filter(|(grown, _)| *grown == segment) {
                note.total = end;
            }
            if is_gone(segment) {
                // What rows hold of it is counted on, for a log that is read anew.
                note = SegmentNote {
                    live: note.live,
                    ..SegmentNote::default()
                };
            }
            let kept = (!note.is_empty()).then(|| note.encode());
            self.ops.insert(entry::segment_name(segment), kept);
            notes.push((segment, note));
        }
        Ok(Effects {
            ops: self.ops.into_iter().collect(),
            dropped,
            removed: self.removed,
            notes,
        })
    }

    fn look_up(&self, names: Vec<Vec<u8>>) -> Result<Vec<Option<Bytes>>> {
        let mut found = self.index.get(&names)?;
        for (name, found) in names.iter().zip(&mut found) {
            if let Some(changed) = self.ops.get(name) {
                *found = changed.as_ref().map(|value| Bytes::copy_from_slice(value));
            }
        }
        Ok(found)
    }

    /// Counts what a row holds: `times` is 1 for a row that comes and -1 for one that goes.
    fn hold(&mut self, row_name: &[u8], entry: &Entry, times: i64) {
        self.count(entry.frame.segment, times * i64::from(entry.frame.bytes));
        match entry.body {
            Some(Placed {
                at: At::Large { id }, ..
            }) => *self.references.entry(id).or_default() += times,
            Some(Placed {
                at: At::Log { segment, .. },
                len,
                ..
            }) => self.count(segment, times * held_by_body(len)),
            None => {}
        }
        if let Some((segment, offset)) = entry.taken_body() {
            let mark = (times > 0).then(|| TAKEN_MARK.to_vec());
            self.ops
                .insert(entry::taken_name(segment, offset, row_name), mark);
        }
    }

    fn count(&mut self, segment: u64, live: i64) {
        self.segments.entry(segment).or_default().live += live;
    }
}

/// How much of its segment a body keeps from being given back. An empty one must have its place, too.
pub(crate) fn held_by_body(len: u64) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX).max(1)
}

/// How many rows refer to a large file.
pub(crate) fn large_count(found: Option<Bytes>) -> Result<u32> {
    let Some(found) = found else { return Ok(0) };
    match found.as_ref().try_into().map(u32::from_le_bytes) {
        Ok(count) if count > 0 => Ok(count),
        Ok(_) | Err(_) => Err(Error::Corrupt("a count of rows in the index".into())),
    }
}

/// A space from the index.
pub(crate) fn parse_space(space: Space, bytes: &[u8]) -> Result<SpaceEntry> {
    SpaceEntry::parse(bytes).ok_or_else(|| Error::Corrupt(format!("the index's note of space {}", space.0)))
}

/// A space's state from its row in the index.
pub(crate) fn space_state(space: Space, found: Option<&[u8]>) -> Result<Option<SpaceState>> {
    let entry = found.map(|bytes| parse_space(space, bytes)).transpose()?;
    Ok(state_of(space, entry))
}

/// A space's state from what the index notes of it; the system's is always there.
pub(crate) fn state_of(space: Space, noted: Option<SpaceEntry>) -> Option<SpaceState> {
    let always = (space == Space::SYSTEM).then_some(SpaceState::Open);
    noted.map(|entry| entry.state).or(always)
}

/// A row from the index.
pub(crate) fn parse_entry(bytes: Bytes) -> Result<Entry> {
    Entry::parse(bytes).ok_or_else(|| Error::Corrupt("a row of the index".into()))
}

/// Values are never empty.
const TAKEN_MARK: [u8; 1] = [1];
