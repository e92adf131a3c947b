//! What a batch does to the index, gathered on top of it: the same for a batch that is being made and for one that is
//! read back from the log.
//!
//! Not here: the decision whether a change is made.
//!
//! Keeps true: reading through the overlay sees what the index will hold once the batch is applied. A large file is
//! dropped exactly if no row refers to it after the batch.

use crate::format::batch::{Next, Start};
use crate::format::entry::{self, Entry, LogPosition, SpaceState};
use crate::format::frame::Record;
use crate::format::{At, Placed};
use crate::index::{MetaIndex, Op};
use bytes::Bytes;
use countersign_engine::{Error, Home, Result, Row, Space};
use std::collections::BTreeMap;

/// Changes on top of an index.
pub(crate) struct Overlay<'a> {
    index: &'a dyn MetaIndex,
    ops: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// How many rows more or fewer refer to a large file than before.
    references: BTreeMap<u64, i64>,
    removed: Vec<Space>,
}

/// What is to be done once the batch is durable.
pub(crate) struct Effects {
    /// For the index, in one step.
    pub(crate) ops: Vec<Op>,
    /// Large files that no row refers to any more.
    pub(crate) dropped: Vec<u64>,
    /// Spaces whose rows are to be swept.
    pub(crate) removed: Vec<Space>,
    /// What the index says of the log from now on.
    pub(crate) position: LogPosition,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(index: &'a dyn MetaIndex) -> Overlay<'a> {
        Overlay {
            index,
            ops: BTreeMap::new(),
            references: BTreeMap::new(),
            removed: Vec::new(),
        }
    }

    /// A space's state; `None` if it was never created.
    pub(crate) fn space(&self, space: Space) -> Result<Option<SpaceState>> {
        let found = self.look_up(vec![entry::space_name(space)])?.pop().flatten();
        space_state(space, found.as_deref())
    }

    pub(crate) fn set_space(&mut self, space: Space, state: SpaceState) {
        self.ops.insert(entry::space_name(space), Some(state.encode()));
        if state == SpaceState::Removing {
            self.removed.push(space);
        }
    }

    /// Rows as they are now, in the order asked for.
    pub(crate) fn entries(&self, space: Space, home: &Home, rows: &[&Row]) -> Result<Vec<Option<Entry>>> {
        let names = rows.iter().map(|row| entry::row_name(space, home, row)).collect();
        self.look_up(names)?
            .into_iter()
            .map(|found| found.map(|bytes| parse_entry(&bytes)).transpose())
            .collect()
    }

    /// True if the index holds a name that begins so. Asked only while nothing lies on top of it.
    pub(crate) fn has_row(&self, prefix: &[u8]) -> Result<bool> {
        debug_assert!(self.ops.is_empty(), "changes of spaces are decided alone");
        Ok(!self
            .index
            .scan(prefix, &entry::after_all(prefix.to_vec()), 1)?
            .is_empty())
    }

    /// Writes a row over what it was before.
    pub(crate) fn put(&mut self, space: Space, home: &Home, row: &Row, new: &Entry, old: Option<&Entry>) {
        self.refer(old, -1);
        self.refer(Some(new), 1);
        self.ops
            .insert(entry::row_name(space, home, row), Some(new.encode()));
    }

    /// Deletes a row.
    pub(crate) fn delete(&mut self, space: Space, home: &Home, row: &Row, old: &Entry) {
        self.refer(Some(old), -1);
        self.ops.insert(entry::row_name(space, home, row), None);
    }

    /// Does what a record of the log says.
    pub(crate) fn replay(&mut self, record: Record) -> Result<()> {
        match record {
            Record::Create(space) => self.set_space(space, SpaceState::Open),
            Record::Seal(space) => self.set_space(space, SpaceState::Sealed),
            Record::Remove(space) => self.set_space(space, SpaceState::Removing),
            Record::Put {
                space,
                home,
                row,
                value,
                body,
            } => {
                let old = self.entries(space, &home, &[&row])?.pop().flatten();
                self.put(space, &home, &row, &Entry { value, body }, old.as_ref());
            }
            Record::Delete { space, home, row } => {
                if let Some(old) = self.entries(space, &home, &[&row])?.pop().flatten() {
                    self.delete(space, &home, &row, &old);
                }
            }
        }
        Ok(())
    }

    /// Everything together. `before` is what the index said of the log so far.
    pub(crate) fn finish(
        mut self,
        before: Option<&LogPosition>,
        (start, is): (Start, Next),
        (end, next): (u64, Next),
    ) -> Result<Effects> {
        let mut dropped = Vec::new();
        let mut large_next = before.map_or(1, |before| before.large_next);
        for (id, difference) in std::mem::take(&mut self.references) {
            large_next = large_next.max(id + 1);
            let name = entry::large_name(id);
            let marked = self
                .index
                .get(std::slice::from_ref(&name))?
                .first()
                .is_some_and(Option::is_some);
            if i64::from(marked) + difference > 0 {
                self.ops.insert(name, Some(LARGE_MARK.to_vec()));
            } else {
                self.ops.insert(name, None);
                dropped.push(id);
            }
        }
        let position = LogPosition {
            last: start,
            last_is: is,
            end,
            next,
            large_next,
        };
        self.ops
            .insert(entry::log_position_name(), Some(position.encode()));
        Ok(Effects {
            ops: self.ops.into_iter().collect(),
            dropped,
            removed: self.removed,
            position,
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

    fn refer(&mut self, entry: Option<&Entry>, difference: i64) {
        if let Some(Placed {
            at: At::Large { id }, ..
        }) = entry.and_then(|entry| entry.body.as_ref())
        {
            *self.references.entry(*id).or_default() += difference;
        }
    }
}

/// A space's state from its row in the index.
pub(crate) fn space_state(space: Space, found: Option<&[u8]>) -> Result<Option<SpaceState>> {
    match found {
        None if space == Space::SYSTEM => Ok(Some(SpaceState::Open)),
        None => Ok(None),
        Some(bytes) => match SpaceState::parse(bytes) {
            Some(state) => Ok(Some(state)),
            None => Err(Error::Corrupt(format!("the index's note of space {}", space.0))),
        },
    }
}

/// A row from the index.
pub(crate) fn parse_entry(bytes: &Bytes) -> Result<Entry> {
    Entry::parse(bytes).ok_or_else(|| Error::Corrupt("a row of the index".into()))
}

/// Values are never empty.
const LARGE_MARK: [u8; 1] = [1];
