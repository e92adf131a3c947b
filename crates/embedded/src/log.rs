//! The log: batches appended to numbered segments, each made durable before it is answered.
//!
//! Not here: what a batch holds, which files there are ([`segments`]), and reading the log back ([`recover`]).
//!
//! Keeps true: at most the last batch of the log was ever in doubt. A segment is begun only after the one before it was
//! closed, durably. After anything but a clean refusal for want of space, [`Log::append`] is not called again.

pub(crate) mod ahead;
mod recent;
pub(crate) mod recover;
mod segments;
mod survey;
mod written;

pub(crate) use self::recent::{RECENT_BYTES_MAX, Recent};
pub(crate) use self::segments::Segments;
pub(crate) use self::written::takes_direct_writes;

use self::ahead::{Ahead, Prepared, Sizes};
use self::written::Written;
use crate::SyncPoint;
use crate::format::batch::{Builder, Next, Start};
use crate::format::frame::frame_bytes;
use crate::format::segment::{SegmentHeader, SegmentSet};
use crate::format::{BLOCK, Salt};
use crate::health::{is_full, unavailable};
use bytes::Bytes;
use countersign_engine::Error;
use countersign_engine::pieces::aligned_room;
use countersign_engine::world::{File, Mode};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// Why a batch was not appended.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// The log is as it was.
    Clean(Error),
    /// The batch may or may not be in the log.
    InDoubt(String),
}

/// The end of the log, where batches are appended.
pub(crate) struct Log {
    segments: Arc<Segments>,
    sizes: Sizes,
    /// Where batches go; `None` if the next batch begins a segment.
    active: Option<Active>,
    /// The number of the segment that is begun next.
    following: u64,
    next: Next,
    /// A file for it, if one is there.
    prepared: Option<Prepared>,
    /// Where such files come from; `None` if they are not prepared.
    ahead: Option<Ahead>,
    /// Segments that the next batch gives up.
    giving_up: BTreeSet<u64>,
}

/// A segment that takes batches.
struct Active {
    segment: u64,
    file: Written,
    /// So much of it is taken.
    taken: u64,
    /// It is closed before it is longer than this, unless one batch is longer.
    bytes: u64,
    /// So long is its file at least: what lies behind `taken` was written before.
    prepared_bytes: u64,
}

impl Log {
    /// What every header of this log is salted with.
    pub(crate) fn salt(&self) -> Salt {
        self.segments.salt
    }

    /// What the next batch carries.
    pub(crate) fn next(&self) -> Next {
        self.next
    }

    /// From now on, files of segments are prepared.
    pub(crate) fn prepare_with(&mut self, ahead: Ahead) {
        match &self.active {
            Some(active) => ahead.filled(active.taken, active.bytes),
            // The first batch may come at any time.
            None => ahead.filled(1, 1),
        }
        self.ahead = Some(ahead);
        self.want_following();
    }

    fn want_following(&self) {
        let following = match &self.active {
            Some(active) => active.segment + 1,
            None => self.following,
        };
        if let (None, Some(ahead)) = (&self.prepared, &self.ahead) {
            ahead.want(following, self.sizes.of(following));
        }
    }

    /// The next batch gives up these segments. Nothing may refer to them; the one that takes batches stays. Their
    /// files go when [`Segments::release`] is told that no start could want them.
    pub(crate) fn give_up(&mut self, numbers: &[u64]) {
        let set = self.segments.set();
        let active = self.active.as_ref().map(|active| active.segment);
        let numbers = numbers.iter().copied();
        self.giving_up
            .extend(numbers.filter(|number| Some(*number) != active && set.contains(*number)));
    }

    /// A place for a batch of about so many bytes. A segment without room for it is closed.
    pub(crate) fn make_room(&mut self, estimate: usize) -> Result<Start, AppendError> {
        let set_bytes = frame_bytes(self.segments.set().encode().len() + RANGE_MORE, 0);
        let needed = (estimate + set_bytes) as u64 + BLOCK;
        if let Some(active) = &self.active {
            if active.taken + needed <= active.bytes {
                return Ok(Start {
                    segment: active.segment,
                    offset: active.taken,
                });
            }
            self.close()?;
        }
        Ok(Start {
            segment: self.following,
            offset: BLOCK,
        })
    }

    /// What the batch at this place says first: which segments are the log after it. `None` if they stay the same.
    pub(crate) fn announcement(&self, start: Start) -> Option<SegmentSet> {
        let begins = self.active.is_none();
        if !begins && self.giving_up.is_empty() {
            return None;
        }
        let mut set = self.segments.set();
        self.giving_up.iter().for_each(|number| set.remove(*number));
        if begins {
            set.append(start.segment);
        }
        Some(set)
    }

    /// How many segments the next batch gives up, even if nobody asks for a change.
    pub(crate) fn gives_up(&self) -> u64 {
        self.giving_up.len() as u64
    }

    /// Appends a batch at a place from [`Log::make_room`] and makes it durable. It must begin with the announcement.
    pub(crate) fn append(
        &mut self,
        start: Start,
        announced: Option<SegmentSet>,
        batch: Bytes,
        next: Next,
    ) -> Result<(), AppendError> {
        match &mut self.active {
            Some(active) => {
                active.write(&batch, SyncPoint::LogBatch)?;
                if let Some(ahead) = &self.ahead {
                    ahead.filled(active.taken, active.bytes);
                }
            }
            None => self.begin(start.segment, &batch)?,
        }
        self.segments.recent.add(start, batch);
        self.next = next;
        if let Some(set) = announced {
            self.giving_up.clear();
            self.segments.replace_set(set);
        }
        Ok(())
    }

    /// Writes the frame that says that the segment ends, and makes it durable: only then the next one may be begun.
    fn close(&mut self) -> Result<(), AppendError> {
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        let start = Start {
            segment: active.segment,
            offset: active.taken,
        };
        let mut batch = Builder::new(start, 0);
        batch.end();
        let (bytes, next) = batch.finish(self.segments.salt, self.next);
        active.write(&bytes, SyncPoint::LogEnd)?;
        self.next = next;
        self.following = active.segment + 1;
        self.active = None;
        Ok(())
    }

    /// Begins a segment with its first batch.
    fn begin(&mut self, segment: u64, batch: &[u8]) -> Result<(), AppendError> {
        if self.prepared.is_none() {
            self.prepared = self.ahead.as_ref().and_then(|ahead| ahead.take(segment));
        }
        let header = SegmentHeader {
            segment,
            first: self.next,
        };
        let mut block = aligned_room(BLOCK as usize);
        block.extend_from_slice(&header.encode(self.segments.salt));
        let (file, prepared_bytes) = match &self.prepared {
            Some(prepared) => (prepared.file.clone(), prepared.bytes),
            None => (self.create(segment)?, 0),
        };
        let mut active = Active {
            segment,
            file: self.segments.written(file),
            taken: 0,
            bytes: prepared_bytes.max(self.sizes.of(segment)),
            prepared_bytes,
        };
        active.append(&block)?;
        active.write(batch, SyncPoint::LogBatch)?;
        if self.prepared.take().is_none() {
            let synced = self
                .segments
                .files
                .sync_dir(&self.segments.dir, SyncPoint::LogDir.name());
            synced.map_err(|error| in_doubt("making a segment's name durable", &error))?;
        }
        if let Some(ahead) = &self.ahead {
            ahead.filled(active.taken, active.bytes);
        }
        self.active = Some(active);
        self.want_following();
        Ok(())
    }

    /// A file that grows with what is written to it.
    fn create(&self, segment: u64) -> Result<Arc<dyn File>, AppendError> {
        let path = self.segments.path(segment);
        let opened = self.segments.files.open(&path, Mode::Create);
        let file =
            opened.map_err(|error| AppendError::Clean(unavailable("a new segment of the log", &error)))?;
        // It may be left from an attempt that was cut short.
        file.truncate(0)
            .map_err(|error| in_doubt("emptying a segment of the log", &error))?;
        Ok(file)
    }
}

impl Active {
    /// Appends and makes durable.
    fn write(&mut self, bytes: &[u8], point: SyncPoint) -> Result<(), AppendError> {
        self.append(bytes)?;
        self.file
            .sync(point.name())
            .map_err(|error| in_doubt("making the log durable", &error))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), AppendError> {
        match self.file.write_at(self.taken, bytes) {
            Ok(()) => {}
            // A full device took less than the whole batch, and less than the whole is nothing when the log is read back.
            // Cutting it off gives the space back.
            Err(error) if is_full(&error) => {
                self.file
                    .truncate(self.taken.max(self.prepared_bytes))
                    .map_err(|error| in_doubt("cutting off a batch", &error))?;
                return Err(AppendError::Clean(Error::Full));
            }
            Err(error) => return Err(in_doubt("writing to the log", &error)),
        }
        self.taken += bytes.len() as u64;
        Ok(())
    }
}

fn in_doubt(what: &str, error: &io::Error) -> AppendError {
    AppendError::InDoubt(format!("{what}: {error}"))
}

/// By so much the set of segments may grow with one batch, in bytes: giving up one may split a range, beginning one may
/// add one. What is estimated too low makes a segment a little longer, no more.
const RANGE_MORE: usize = 32;

#[cfg(test)]
mod tests;
