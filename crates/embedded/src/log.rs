//! The log: batches appended to numbered segments, each made durable before it is answered.
//!
//! Not here: what a batch holds, and reading the log back ([`recover`]).
//!
//! Keeps true: at most the last batch of the log was ever in doubt. A segment takes no more batches once its
//! successor's file was begun. After anything but a clean refusal for want of space, [`Log::append`] is not called again.

pub(crate) mod recover;

use crate::SyncPoint;
use crate::format::batch::{Next, Start};
use crate::format::segment::SegmentHeader;
use crate::format::{BLOCK, Salt};
use crate::health::{is_full, unavailable};
use countersign_engine::Error;
use countersign_engine::world::{File, Files, Mode};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The files of the log; readers and the writer share them.
pub(crate) struct Segments {
    files: Arc<dyn Files>,
    dir: PathBuf,
    salt: Salt,
    /// Opened for reading, by number. Ends with the engine; a segment is never removed.
    open: Mutex<HashMap<u64, Arc<dyn File>>>,
}

impl Segments {
    pub(crate) fn new(files: Arc<dyn Files>, dir: PathBuf, salt: Salt) -> Segments {
        Segments {
            files,
            dir,
            salt,
            open: Mutex::default(),
        }
    }

    /// A segment's file, for reading.
    pub(crate) fn reader(&self, segment: u64) -> io::Result<Arc<dyn File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&segment) {
            return Ok(file.clone());
        }
        let file = self.files.open(&self.path(segment), Mode::Read)?;
        open.insert(segment, file.clone());
        Ok(file)
    }

    /// Numbers of all segments, in order.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let names = self.files.list(&self.dir)?;
        let mut numbers: Vec<u64> = names
            .iter()
            .filter_map(|name| name.strip_suffix(".log")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn path(&self, segment: u64) -> PathBuf {
        self.dir.join(format!("{segment:010}.log"))
    }
}

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
    segment_bytes: u64,
    /// The last segment's number.
    segment: u64,
    /// Its file and how much of it is taken; `None` if it is not begun, or begun and not whole.
    active: Option<(Arc<dyn File>, u64)>,
    next: Next,
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

    /// Where a batch of about so many bytes will go.
    pub(crate) fn start(&self, estimate: usize) -> Start {
        match &self.active {
            Some((_, taken)) if taken + estimate as u64 <= self.segment_bytes => Start {
                segment: self.segment,
                offset: *taken,
            },
            Some(_) => Start {
                segment: self.segment + 1,
                offset: BLOCK,
            },
            None => Start {
                segment: self.segment,
                offset: BLOCK,
            },
        }
    }

    /// Appends a batch at a place from [`Log::start`] and makes it durable.
    pub(crate) fn append(&mut self, start: Start, batch: &[u8], next: Next) -> Result<(), AppendError> {
        match &self.active {
            Some((file, taken)) if start.segment == self.segment => {
                write(&**file, *taken, batch)?;
            }
            _ => self.begin(start.segment, batch)?,
        }
        if let Some((_, taken)) = &mut self.active {
            *taken += batch.len() as u64;
        }
        self.next = next;
        Ok(())
    }

    /// Begins a segment with its first batch.
    fn begin(&mut self, segment: u64, batch: &[u8]) -> Result<(), AppendError> {
        let file = match self
            .segments
            .files
            .open(&self.segments.path(segment), Mode::Create)
        {
            Ok(file) => file,
            Err(error) => {
                return Err(AppendError::Clean(unavailable(
                    "a new segment of the log",
                    &error,
                )));
            }
        };
        // From here on the segment before takes no more batches, whatever becomes of this one.
        (self.segment, self.active) = (segment, None);
        // A file may be left from an attempt that was cut short.
        file.truncate(0)
            .map_err(|error| in_doubt("emptying a segment of the log", &error))?;
        let mut bytes = SegmentHeader {
            segment,
            first: self.next,
        }
        .encode(self.segments.salt);
        bytes.extend_from_slice(batch);
        write(&*file, 0, &bytes)?;
        let synced = self
            .segments
            .files
            .sync_dir(&self.segments.dir, SyncPoint::LogDir.name());
        synced.map_err(|error| in_doubt("making a segment's name durable", &error))?;
        self.active = Some((file, BLOCK));
        Ok(())
    }
}

fn write(file: &dyn File, offset: u64, bytes: &[u8]) -> Result<(), AppendError> {
    match file.write_at(offset, bytes) {
        Ok(()) => {}
        // A full device took less than the whole batch, and less than the whole is nothing when the log is read back.
        // Cutting it off gives the space back.
        Err(error) if is_full(&error) => {
            file.truncate(offset)
                .map_err(|error| in_doubt("cutting off a batch", &error))?;
            return Err(AppendError::Clean(Error::Full));
        }
        Err(error) => return Err(in_doubt("writing to the log", &error)),
    }
    file.sync(SyncPoint::LogBatch.name())
        .map_err(|error| in_doubt("making the log durable", &error))
}

fn in_doubt(what: &str, error: &io::Error) -> AppendError {
    AppendError::InDoubt(format!("{what}: {error}"))
}
