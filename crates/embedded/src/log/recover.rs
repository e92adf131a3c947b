//! Reads the log back after a start: every batch behind the index's position, and where the log ends.
//!
//! Not here: what the records do to the index.
//!
//! Keeps true:
//! - a batch that is not whole ends the log only if nothing later was ever written; else the log is damaged and
//!   nothing is opened;
//! - what is handed out as read is durable: the last batch may be in the page cache only (after a sync that failed),
//!   so it is written and synced again before anybody is served.

use super::{Log, Segments};
use crate::SyncPoint;
use crate::format::batch::{self, Batch, Next, Start};
use crate::format::entry::LogPosition;
use crate::format::frame::{HEADER_BYTES, Header};
use crate::format::segment::SegmentHeader;
use crate::format::{BLOCK, Salt};
use crate::health::unavailable;
use countersign_engine::world::{File, Mode};
use countersign_engine::{Error, Result};
use std::sync::Arc;

/// A whole batch.
pub(crate) struct ReadBatch {
    /// Where it begins.
    pub(crate) start: Start,
    /// Its own number, first frame and the chain before it.
    pub(crate) is: Next,
    /// What it holds.
    pub(crate) batch: Batch,
    bytes: Vec<u8>,
}

impl ReadBatch {
    /// Where the batch after it begins, if it is in the same segment.
    pub(crate) fn end(&self) -> u64 {
        self.start.offset + self.bytes.len() as u64
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Batches read.
    pub(crate) batches: u64,
    /// Bytes at the end that belong to no whole batch.
    pub(crate) torn_bytes: u64,
    /// Bodies that do not match their checksums; reading them will say so.
    pub(crate) damaged_bodies: usize,
}

/// Reads every batch behind `position` in order, hands each to `apply` and answers the log, ready to be appended to.
pub(crate) fn recover(
    segments: Arc<Segments>,
    segment_bytes: u64,
    position: Option<&LogPosition>,
    apply: &mut dyn FnMut(ReadBatch) -> Result<()>,
) -> Result<(Log, Found)> {
    let numbers = segments
        .numbers()
        .map_err(|error| unavailable("listing the log", &error))?;
    check_without_gap(&numbers)?;
    let mut reading = match position {
        Some(position) => Reading::behind(&segments, position)?,
        None => Reading::from_first(segments.salt),
    };
    let newest = numbers.last().copied().unwrap_or(0);
    let mut last: Option<ReadBatch> = None;
    let mut found = Found::default();
    loop {
        while let Some(read) = reading.batch(&segments, newest)? {
            found.batches += 1;
            found.damaged_bodies += read.batch.damaged_bodies;
            reading.next = read.batch.next;
            reading.offset = read.end();
            // The one before was synced before this one was written.
            if let Some(before) = last.replace(read) {
                apply(before)?;
            }
        }
        if !reading.go_to_next_segment(&segments, newest)? {
            break;
        }
    }
    let active = reading.settle(&segments, last.as_ref(), &mut found)?;
    // Only now: the index must never know of a batch that the log may yet lose.
    if let Some(last) = last {
        apply(last)?;
    }
    let log = Log {
        segments,
        segment_bytes,
        segment: reading.segment,
        active,
        next: reading.next,
    };
    Ok((log, found))
}

fn check_without_gap(numbers: &[u64]) -> Result<()> {
    for pair in numbers.windows(2) {
        if let [earlier, later] = pair
            && *later != earlier + 1
        {
            return Err(Error::Corrupt(format!("log segment {} is missing", earlier + 1)));
        }
    }
    match numbers.first() {
        Some(first) if *first != FIRST_SEGMENT => {
            Err(Error::Corrupt(format!("log segment {FIRST_SEGMENT} is missing")))
        }
        _ => Ok(()),
    }
}

/// Where reading stands.
struct Reading {
    segment: u64,
    offset: u64,
    next: Next,
    /// False: the segment was not begun, or not even its header is whole.
    begun: bool,
}

impl Reading {
    fn from_first(salt: Salt) -> Reading {
        // As if before the first segment there were an empty one.
        Reading {
            segment: FIRST_SEGMENT - 1,
            offset: 0,
            next: Next::first(salt),
            begun: true,
        }
    }

    /// Behind what the index holds, after checking that the log holds it too.
    fn behind(segments: &Segments, position: &LogPosition) -> Result<Reading> {
        let last = position.last;
        let held = read_batch(segments, last, position.last_is)?;
        if held.is_none_or(|held| held.batch.next != position.next) {
            return Err(Error::Corrupt(format!(
                "the log does not hold batch {} at offset {} of segment {}, which the index has seen: acknowledged \
                 changes are missing from the log, or the index is another log's (without the index, what the log \
                 holds is served)",
                position.last_is.batch, last.offset, last.segment
            )));
        }
        Ok(Reading {
            segment: last.segment,
            offset: position.end,
            next: position.next,
            begun: true,
        })
    }

    /// The next batch of this segment, if one is whole.
    fn batch(&self, segments: &Segments, newest: u64) -> Result<Option<ReadBatch>> {
        if self.segment < FIRST_SEGMENT || !self.begun {
            return Ok(None);
        }
        let start = Start {
            segment: self.segment,
            offset: self.offset,
        };
        let Some(read) = read_batch(segments, start, self.next)? else {
            return Ok(None);
        };
        // A wrong body in the last batch is a torn write; behind a later batch it is damage, and its row says so
        // when it is read.
        let torn = read.batch.damaged_bodies > 0 && !self.is_followed(segments, &read, newest)?;
        Ok((!torn).then_some(read))
    }

    /// True if the log goes on behind this batch.
    fn is_followed(&self, segments: &Segments, read: &ReadBatch, newest: u64) -> Result<bool> {
        if newest > self.segment && header_of(segments, self.segment + 1)?.is_some() {
            return Ok(true);
        }
        Ok(find_later(segments, self.segment, read.end(), read.batch.next.batch)?.is_some())
    }

    /// Goes on to the next segment if there is one; refuses a log that is damaged in the middle.
    fn go_to_next_segment(&mut self, segments: &Segments, newest: u64) -> Result<bool> {
        if self.segment >= FIRST_SEGMENT {
            // A batch of which nothing is whole may stand here, but none that was begun after it.
            if let Some(later) = find_later(segments, self.segment, self.offset, self.next.batch + 1)? {
                return Err(self.damaged(&format!(
                    "batch {later}, which is later, follows in the same segment"
                )));
            }
        }
        if newest <= self.segment {
            return Ok(false);
        }
        let following = self.segment + 1;
        match header_of(segments, following)? {
            Some(header) if header.segment == following && header.first == self.next => {
                *self = Reading {
                    segment: following,
                    offset: BLOCK,
                    next: self.next,
                    begun: true,
                };
                Ok(true)
            }
            Some(header) => Err(self.damaged(&format!(
                "segment {following} begins with batch {} of another chain",
                header.first.batch
            ))),
            None if newest > following => {
                Err(self.damaged(&format!("the header of segment {following} is damaged")))
            }
            None => {
                *self = Reading {
                    segment: following,
                    offset: 0,
                    next: self.next,
                    begun: false,
                };
                Ok(true)
            }
        }
    }

    fn damaged(&self, because: &str) -> Error {
        Error::Corrupt(format!(
            "the log is damaged at offset {} of segment {}: batch {} is not whole there, yet {because}",
            self.offset, self.segment, self.next.batch
        ))
    }

    /// Makes the end of the log durable and clean; answers the segment to append to, if it holds anything.
    fn settle(
        &mut self,
        segments: &Segments,
        last: Option<&ReadBatch>,
        found: &mut Found,
    ) -> Result<Option<(Arc<dyn File>, u64)>> {
        if let Some(last) = last {
            let file = open_for_writing(segments, last.start.segment)?;
            rewrite(&*file, segments.salt, last)
                .map_err(|error| unavailable("settling the end of the log", &error))?;
        }
        if self.segment < FIRST_SEGMENT {
            self.segment = FIRST_SEGMENT;
            return Ok(None);
        }
        let file = open_for_writing(segments, self.segment)?;
        let len = file
            .len()
            .map_err(|error| unavailable("reading the log", &error))?;
        // A segment without a whole batch is begun anew; so is one whose header is torn.
        let taken = if self.begun && self.offset > BLOCK {
            self.offset
        } else {
            0
        };
        found.torn_bytes = len.saturating_sub(taken);
        if len > taken {
            file.truncate(taken)
                .map_err(|error| unavailable("cutting off the end of the log", &error))?;
        }
        Ok((taken > 0).then_some((file, taken)))
    }
}

fn rewrite(file: &dyn File, salt: Salt, last: &ReadBatch) -> std::io::Result<()> {
    if last.start.offset == BLOCK {
        file.write_at(
            0,
            &SegmentHeader {
                segment: last.start.segment,
                first: last.is,
            }
            .encode(salt),
        )?;
    }
    file.write_at(last.start.offset, &last.bytes)?;
    file.sync(SyncPoint::LogTail.name())
}

fn open_for_writing(segments: &Segments, segment: u64) -> Result<Arc<dyn File>> {
    let opened = segments.files.open(&segments.path(segment), Mode::Write);
    opened.map_err(|error| unavailable("opening the end of the log", &error))
}

fn header_of(segments: &Segments, segment: u64) -> Result<Option<SegmentHeader>> {
    let block = read(segments, segment, 0, BLOCK as usize)?;
    Ok(block.and_then(|block| SegmentHeader::parse(&block, segments.salt)))
}

fn read_batch(segments: &Segments, start: Start, next: Next) -> Result<Option<ReadBatch>> {
    let Some(header) = read(segments, start.segment, start.offset, HEADER_BYTES)? else {
        return Ok(None);
    };
    let Some(len) = batch::padded_bytes(&header, segments.salt, start, next) else {
        return Ok(None);
    };
    let Some(bytes) = read(segments, start.segment, start.offset, len)? else {
        return Ok(None);
    };
    let batch = batch::parse(&bytes, segments.salt, start, next);
    Ok(batch.map(|batch| ReadBatch {
        start,
        is: next,
        batch,
        bytes,
    }))
}

/// The number of a batch not older than `oldest` of which a frame stands at a block's beginning at or behind `from`.
fn find_later(segments: &Segments, segment: u64, from: u64, oldest: u64) -> Result<Option<u64>> {
    let mut offset = from.div_ceil(BLOCK) * BLOCK;
    while let Some(header) = read(segments, segment, offset, HEADER_BYTES)? {
        if let Some(header) = Header::parse(&header, segments.salt).filter(|header| header.batch >= oldest) {
            return Ok(Some(header.batch));
        }
        offset += BLOCK;
    }
    Ok(None)
}

/// Some bytes of a segment; `None` if the file is missing or ends before.
fn read(segments: &Segments, segment: u64, offset: u64, len: usize) -> Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; len];
    let done = segments
        .reader(segment)
        .and_then(|file| file.read_at(offset, &mut bytes));
    match done {
        Ok(()) => Ok(Some(bytes)),
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::NotFound
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(unavailable("reading the log", &error)),
    }
}

const FIRST_SEGMENT: u64 = 1;
