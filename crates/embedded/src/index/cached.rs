//! Rows of the index that were read or written lately, so that reading them again waits for nothing.
//!
//! Not here: what names and values mean, but for which of them are worth keeping.
//!
//! Keeps true: what is answered from here is what the index held at one moment while the call ran, for all names
//! together, and never older than what an earlier call answered. Therefore a change first marks the names that it touches
//! and takes them out, then changes the index, then puts the new values in and clears the marks; a marked name is looked
//! up in the index alone. What is read from the index is kept only in a place that was taken before it was read, and that
//! no change has taken away since; a change takes places away before and after it, because a reader in between may have
//! read either.

use super::{MetaIndex, Op, Visit};
use crate::format::{crc32c, entry};
use bytes::Bytes;
use countersign_engine::Result;
use foldhash::quality::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle, GuardResult};
use smallvec::SmallVec;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What was found under some names, in their order.
pub(crate) type Found = SmallVec<[Option<Bytes>; 2]>;

/// An index, and rows of it that are kept. All changes of the index go through here.
pub(crate) struct Cached {
    index: Arc<dyn MetaIndex>,
    rows: Cache<Vec<u8>, Option<Bytes>, Memory, RandomState>,
    /// Odd while a change touches a name that falls here, and larger after each. Many names share one.
    marks: Box<[AtomicU64]>,
    /// One change at a time.
    changing: Mutex<()>,
}

impl Cached {
    /// Keeps up to so many bytes of names and values.
    pub(crate) fn new(index: Arc<dyn MetaIndex>, bytes_max: u64) -> Cached {
        let rows_estimate = usize::try_from(bytes_max / ROW_BYTES_USUAL).unwrap_or(usize::MAX);
        Cached {
            index,
            rows: Cache::with(
                rows_estimate,
                bytes_max,
                Memory,
                // Clients choose names, and cannot tell which of them fall together.
                RandomState::default(),
                DefaultLifecycle::default(),
            ),
            marks: (0..MARKS).map(|_| AtomicU64::new(0)).collect(),
            changing: Mutex::new(()),
        }
    }

    /// Values of some names, all at one moment, without waiting; `None` if the index must be asked.
    pub(crate) fn kept<'n>(&self, names: impl Iterator<Item = &'n [u8]> + Clone) -> Option<Found> {
        let before: SmallVec<[_; 2]> = names
            .clone()
            .map(|name| {
                let mark = self.mark(name);
                (mark, mark.load(Ordering::Acquire))
            })
            .collect();
        if before.iter().any(|(_, before)| is_changing(*before)) {
            return None;
        }
        let mut found = Found::new();
        for name in names {
            found.push(self.rows.get(name)?);
        }
        // Whoever saw a value of a change saw its mark, too, because both come before the value's lock is let go.
        let is_same = |(mark, before): &(&AtomicU64, u64)| mark.load(Ordering::Acquire) == *before;
        before.iter().all(is_same).then_some(found)
    }

    /// As [`MetaIndex::get`]; what is found is kept for the next time.
    pub(crate) fn get_and_keep(&self, names: &[Vec<u8>]) -> Result<Found> {
        if let Some(found) = self.kept(names.iter().map(Vec::as_slice)) {
            return Ok(found);
        }
        let place = |name: &Vec<u8>| match self.rows.get_value_or_guard(name, Some(Duration::ZERO)) {
            GuardResult::Guard(place) => Some(place),
            // It is there, or somebody else is about to put it there.
            GuardResult::Value(_) | GuardResult::Timeout => None,
        };
        let places: Vec<_> = names.iter().map(place).collect();
        let found = self.index.get(names)?;
        for (place, found) in places.into_iter().zip(&found) {
            if let Some(place) = place {
                let _is_changed_meanwhile = place.insert(found.clone());
            }
        }
        Ok(found.into())
    }

    fn mark(&self, name: &[u8]) -> &AtomicU64 {
        self.marks
            .get(mark_of(name))
            .expect("there is a mark for every remainder")
    }

    /// The marks of what is changed, each once.
    fn marks_of(&self, ops: &[Op]) -> Vec<usize> {
        let kept = ops.iter().filter(|(name, _)| entry::is_kept(name));
        let mut marks: Vec<usize> = kept.map(|(name, _)| mark_of(name)).collect();
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    fn step(&self, marks: &[usize]) {
        for mark in marks.iter().filter_map(|mark| self.marks.get(*mark)) {
            mark.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl MetaIndex for Cached {
    /// For the log's thread, which is about to change most of what it reads: nothing more is kept.
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        match self.kept(names.iter().map(Vec::as_slice)) {
            Some(found) => Ok(found.into_vec()),
            None => self.index.get(names),
        }
    }

    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()> {
        self.index.walk(from, until, visit)
    }

    fn apply(&self, ops: Vec<Op>) -> Result<()> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let marks = self.marks_of(&ops);
        let kept = ops.iter().filter(|(name, _)| entry::is_kept(name));
        let changed: Vec<_> = kept
            .map(|(name, value)| (name.clone(), value.as_deref().map(Bytes::copy_from_slice)))
            .collect();
        self.step(&marks);
        for (name, _) in &changed {
            self.rows.remove(name);
        }
        // After a failure nobody knows what the index holds of it: the marks stay, and it alone is asked.
        self.index.apply(ops)?;
        for (name, value) in changed {
            // What somebody read before the index was changed must not be kept after this. Putting the new value in is not
            // enough: one that is too large to be kept leaves a place that somebody took.
            self.rows.remove(&name);
            // What is deleted is seldom asked for again.
            if let Some(value) = value {
                self.rows.insert(name, Some(value));
            }
        }
        self.step(&marks);
        Ok(())
    }

    fn persist(&self) -> Result<()> {
        self.index.persist()
    }

    fn clear(&self) -> Result<()> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<usize> = (0..MARKS).collect();
        self.step(&all);
        self.rows.clear();
        self.index.clear()?;
        self.step(&all);
        Ok(())
    }
}

/// The same at each start: who shares a mark with whom decides who asks the index, and a run must be like the one before.
fn mark_of(name: &[u8]) -> usize {
    crc32c(name) as usize % MARKS
}

fn is_changing(mark: u64) -> bool {
    mark % 2 == 1
}

/// About what a kept row takes.
#[derive(Clone)]
struct Memory;

impl Weighter<Vec<u8>, Option<Bytes>> for Memory {
    fn weight(&self, name: &Vec<u8>, value: &Option<Bytes>) -> u64 {
        (name.len() + value.as_ref().map_or(0, Bytes::len)) as u64 + ROW_OVERHEAD
    }
}

/// What a kept row takes beside its name and value: places in the map and in the queues, and the allocator's share.
const ROW_OVERHEAD: u64 = 160;
/// A row of an object with a short key and usual headers.
const ROW_BYTES_USUAL: u64 = 512;
/// Few enough to be small, and many enough that a batch marks little of what others read.
const MARKS: usize = 4096;

#[cfg(test)]
mod tests;
