//! Reads the log back after a start: every batch behind the index's position, and where the log ends.
//!
//! Not here: what the records do to the index, and which segments there are ([`super::survey`]).
//!
//! Keeps true:
//! - a batch that is not whole ends the log only if nothing later was ever written; else the log is damaged and
//!   nothing is opened;
//! - what is handed out as read is durable: the last batch may be in the page cache only (after a sync that failed),
//!   so it is written and synced again before anybody is served;
//! - what is left of a batch that was cut short never becomes a part of another one: a batch of the log's own takes its
//!   place first.

use super::ahead::{Prepared, Sizes};
use super::survey::{Survey, survey};
use super::{Active, AppendError, Log, Segments};
use crate::SyncPoint;
use crate::format::batch::{self, Batch, Builder, Next, Start};
use crate::format::entry::LogPosition;
use crate::format::frame::{HEADER_BYTES, Header, Record};
use crate::format::segment::{SegmentHeader, SegmentSet};
use crate::format::{BATCH_BYTES_MAX, BLOCK, Salt};
use crate::health::unavailable;
use bytes::Bytes;
use countersign_engine::world::{File, Mode};
use countersign_engine::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A whole batch.
pub(crate) struct ReadBatch {
    /// Where it begins.
    pub(crate) start: Start,
    /// Its own number, first frame and the chain before it.
    pub(crate) is: Next,
    /// What it holds.
    pub(crate) batch: Batch,
    bytes: Bytes,
}

impl ReadBatch {
    /// Where the batch after it begins, if it is in the same segment.
    pub(crate) fn end(&self) -> u64 {
        self.start.offset + self.bytes.len() as u64
    }

    /// True if it closes its segment.
    pub(super) fn closes(&self) -> bool {
        matches!(self.batch.records.as_slice(), [(_, Record::End)])
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

/// How far the index knows the log.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The last batch that it holds.
    pub(crate) position: LogPosition,
    /// Which segments were the log then.
    pub(crate) set: SegmentSet,
}

/// Reads every batch behind what the index knows in order, hands each to `apply` and answers the log, ready to be
/// appended to.
pub(crate) fn recover(
    segments: Arc<Segments>,
    sizes: Sizes,
    known: Option<&Known>,
    apply: &mut dyn FnMut(ReadBatch) -> Result<()>,
) -> Result<(Log, Found)> {
    let mut survey = survey(&segments, known)?;
    let mut reading = match known {
        Some(known) => Reading::behind(&segments, &known.position)?,
        None => {
            survey.remove_left_over(&segments)?;
            Reading::from_first(segments.salt)
        }
    };
    // An index that is made anew sees only what is still the log. One that holds a first part of the log goes on with
    // all that came after: what a segment deleted, although it was given up since, the index may not know yet.
    let candidates: BTreeSet<u64> = match known {
        Some(_) => survey.begun.keys().copied().collect(),
        None => survey.set.iter().collect(),
    };
    let mut last: Option<ReadBatch> = None;
    let mut found = Found::default();
    loop {
        while let Some(read) = reading.batch(&segments, &survey)? {
            found.batches += 1;
            found.damaged_bodies += read.batch.damaged_bodies;
            reading.next = read.batch.next;
            reading.offset = read.end();
            reading.closed = read.closes();
            // The one before was synced before this one was written.
            if let Some(before) = last.replace(read) {
                apply(before)?;
            }
        }
        if !reading.go_to_next_segment(&segments, &survey, &candidates)? {
            break;
        }
    }
    let mut log = reading.settle(segments, sizes, &survey, last.as_ref(), &mut found)?;
    let over_torn = if found.torn_bytes > 0 {
        log.write_over_torn()?
    } else {
        None
    };
    // Only now: the index must never know of a batch that the log may yet lose.
    last.into_iter().chain(over_torn).try_for_each(apply)?;
    Ok((log, found))
}

/// Where reading stands.
struct Reading {
    segment: u64,
    offset: u64,
    next: Next,
    /// True: the segment's last batch was read.
    closed: bool,
}

impl Reading {
    fn from_first(salt: Salt) -> Reading {
        // As if before the first segment there were a closed one.
        Reading {
            segment: FIRST_SEGMENT - 1,
            offset: 0,
            next: Next::first(salt),
            closed: true,
        }
    }

    /// Behind what the index holds, after checking that the log holds it too.
    fn behind(segments: &Segments, position: &LogPosition) -> Result<Reading> {
        let last = position.last;
        let held = parse_batch(segments, last, position.last_is)?;
        let Some(held) = held.filter(|held| held.batch.next == position.next) else {
            return Err(Error::Corrupt(format!(
                "the log does not hold batch {} at offset {} of segment {}, which the index has seen: acknowledged \
                 changes are missing from the log, or the index is another log's (without the index, what the log \
                 holds is served)",
                position.last_is.batch, last.offset, last.segment
            )));
        };
        Ok(Reading {
            segment: last.segment,
            offset: position.end,
            next: position.next,
            closed: held.closes(),
        })
    }

    /// The next batch of this segment, if one is whole.
    fn batch(&self, segments: &Segments, survey: &Survey) -> Result<Option<ReadBatch>> {
        if self.closed {
            return Ok(None);
        }
        let start = Start {
            segment: self.segment,
            offset: self.offset,
        };
        read_batch(segments, &survey.begun, start, self.next)
    }

    /// Goes on to the next segment if there is one; refuses a log that is damaged in the middle.
    fn go_to_next_segment(
        &mut self,
        segments: &Segments,
        survey: &Survey,
        candidates: &BTreeSet<u64>,
    ) -> Result<bool> {
        // A batch of which nothing is whole may stand here, but none that was begun after it.
        if !self.closed
            && let Some(later) = find_later(segments, self.segment, self.offset, self.next.batch + 1)?
        {
            return Err(self.damaged(&format!(
                "batch {later}, which is later, follows in the same segment"
            )));
        }
        let following = candidates.range(self.segment + 1..).next();
        let Some((following, header)) =
            following.and_then(|number| Some((*number, survey.begun.get(number)?)))
        else {
            return Ok(false);
        };
        if !self.closed {
            return Err(self.damaged(&format!("segment {following} follows")));
        }
        // Where segments between were given up, the header says how the log goes on; it is salted.
        let goes_on = if following == self.segment + 1 {
            header.first == self.next
        } else {
            header.first.batch > self.next.batch && header.first.lsn > self.next.lsn
        };
        if !goes_on {
            return Err(self.damaged(&format!(
                "segment {following} begins with batch {} of another chain",
                header.first.batch
            )));
        }
        *self = Reading {
            segment: following,
            offset: BLOCK,
            next: header.first,
            closed: false,
        };
        Ok(true)
    }

    fn damaged(&self, because: &str) -> Error {
        Error::Corrupt(format!(
            "the log is damaged at offset {} of segment {}: batch {} is not whole there, yet {because}",
            self.offset, self.segment, self.next.batch
        ))
    }

    /// Makes the end of the log durable and clean.
    fn settle(
        &self,
        segments: Arc<Segments>,
        sizes: Sizes,
        survey: &Survey,
        last: Option<&ReadBatch>,
        found: &mut Found,
    ) -> Result<Log> {
        if let Some(last) = last {
            make_durable(&segments, last)?;
        }
        let following = if self.closed {
            self.segment + 1
        } else {
            self.segment
        };
        let (mut active, mut prepared) = (None, None);
        if !self.closed && self.offset > BLOCK {
            let end = End::at(&segments, sizes, self.segment, self.offset, self.next)?;
            found.torn_bytes = end.torn_bytes;
            active = Some(Active {
                segment: self.segment,
                file: segments.written(end.file),
                taken: self.offset,
                bytes: end.prepared_bytes.max(sizes.of(self.segment)),
                prepared_bytes: end.prepared_bytes,
            });
        } else if survey.listed.contains(&following) {
            // A segment without a whole batch is begun anew; so is one whose header is torn.
            if let Some(later) = find_later(&segments, following, 0, self.next.batch + 1)? {
                return Err(Error::Corrupt(format!(
                    "the log is damaged at offset 0 of segment {following}: it does not begin with batch {}, yet \
                     batch {later}, which is later, follows in it",
                    self.next.batch
                )));
            }
            let end = End::at(&segments, sizes, following, 0, self.next)?;
            found.torn_bytes = end.torn_bytes;
            prepared = (end.prepared_bytes > 0).then_some(Prepared {
                segment: following,
                file: end.file,
                bytes: end.prepared_bytes,
            });
        }
        survey.clear_behind(&segments, following)?;
        segments.begin_with(survey.set.clone(), survey.left_over(following));
        Ok(Log {
            segments,
            sizes,
            active,
            following,
            next: self.next,
            prepared,
            ahead: None,
            giving_up: BTreeSet::new(),
        })
    }
}

impl Log {
    /// Takes the place of a batch that was cut short. Without that, a later batch that is cut short in its turn might be
    /// made whole by what the first one left.
    fn write_over_torn(&mut self) -> Result<Option<ReadBatch>> {
        let written = self.make_room(0).and_then(|start| {
            let announced = self.announcement(start);
            let mut batch = Builder::new(start, 0);
            let said = announced.clone().unwrap_or_else(|| self.segments.set());
            let frame = batch.segments(&said);
            let is = self.next;
            let (bytes, next) = batch.finish(self.segments.salt, is);
            self.append(start, announced, bytes.clone(), next)?;
            let batch = Batch {
                records: vec![(frame, Record::Segments(said))],
                next,
                damaged_bodies: 0,
            };
            Ok(ReadBatch {
                start,
                is,
                batch,
                bytes,
            })
        });
        match written {
            Ok(written) => Ok(Some(written)),
            // Without room nothing else is written there either.
            Err(AppendError::Clean(Error::Full)) => Ok(None),
            Err(AppendError::Clean(error)) => Err(error),
            Err(AppendError::InDoubt(why)) => Err(Error::Unavailable(why)),
        }
    }
}

/// Where the log ends in a file.
struct End {
    file: Arc<dyn File>,
    /// The file's length, if it was prepared; a file that was not ends with the log.
    prepared_bytes: u64,
    /// So much behind the end belongs to a batch that is not whole.
    torn_bytes: u64,
}

impl End {
    /// What a batch left that was cut short stays in a prepared file, up to what can be told from what the file held
    /// before; from any other file it is cut off.
    fn at(segments: &Segments, sizes: Sizes, segment: u64, taken: u64, next: Next) -> Result<End> {
        let file = open_for_writing(segments, segment)?;
        let len = file
            .len()
            .map_err(|error| unavailable("reading the log", &error))?;
        if len >= sizes.of(segment) {
            return Ok(End {
                file,
                prepared_bytes: len,
                torn_bytes: torn_bytes(segments, segment, taken, next, len)?,
            });
        }
        if len > taken {
            file.truncate(taken)
                .map_err(|error| unavailable("cutting off the end of the log", &error))?;
        }
        Ok(End {
            file,
            prepared_bytes: 0,
            torn_bytes: len.saturating_sub(taken),
        })
    }
}

/// Up to the last block that begins with a frame of this batch, or with this segment's header.
fn torn_bytes(segments: &Segments, segment: u64, from: u64, next: Next, len: u64) -> Result<u64> {
    let begun = from == 0 && header_of(segments, segment)?.is_some();
    let mut until = if begun { BLOCK } else { from };
    while let Some((offset, _)) = find_frame(segments, segment, until.max(from), next.batch)? {
        until = offset + BLOCK;
    }
    Ok(until.min(len) - from)
}

/// Writes a batch again and syncs it: after a failed sync it may be in the page cache only, marked clean.
pub(super) fn make_durable(segments: &Segments, batch: &ReadBatch) -> Result<()> {
    let file = open_for_writing(segments, batch.start.segment)?;
    rewrite(&*file, segments.salt, batch).map_err(|error| unavailable("settling the end of the log", &error))
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

/// True if the log goes on behind this batch.
fn is_followed(segments: &Segments, begun: &BTreeMap<u64, SegmentHeader>, read: &ReadBatch) -> Result<bool> {
    if begun.range(read.start.segment + 1..).next().is_some() {
        return Ok(true);
    }
    Ok(find_later(segments, read.start.segment, read.end(), read.batch.next.batch)?.is_some())
}

/// A segment's header; `None` if none stands there, or one that the file had when it was another segment.
pub(super) fn header_of(segments: &Segments, segment: u64) -> Result<Option<SegmentHeader>> {
    let block = read(segments, segment, 0, BLOCK as usize)?;
    let header = block.and_then(|block| SegmentHeader::parse(&block, segments.salt));
    Ok(header.filter(|header| header.segment == segment))
}

/// The batch that stands here, if it is whole.
pub(super) fn read_batch(
    segments: &Segments,
    begun: &BTreeMap<u64, SegmentHeader>,
    start: Start,
    next: Next,
) -> Result<Option<ReadBatch>> {
    let Some(read) = parse_batch(segments, start, next)? else {
        return Ok(None);
    };
    // A wrong body in the last batch is a torn write; behind a later batch it is damage, and its row says so when it
    // is read.
    let torn = read.batch.damaged_bodies > 0 && !is_followed(segments, begun, &read)?;
    Ok((!torn).then_some(read))
}

fn parse_batch(segments: &Segments, start: Start, next: Next) -> Result<Option<ReadBatch>> {
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
        bytes: bytes.into(),
    }))
}

/// The number of a batch of this segment, not older than `oldest`, of which a frame stands at a block's beginning at or
/// behind `from`. What is behind a batch that is not whole cannot be further away than that one is long.
pub(super) fn find_later(segments: &Segments, segment: u64, from: u64, oldest: u64) -> Result<Option<u64>> {
    Ok(find_frame(segments, segment, from, oldest)?.map(|(_, batch)| batch))
}

/// The same, with where it stands.
fn find_frame(segments: &Segments, segment: u64, from: u64, oldest: u64) -> Result<Option<(u64, u64)>> {
    let until = from + (BATCH_BYTES_MAX as u64) + 2 * BLOCK;
    let mut offset = from.div_ceil(BLOCK) * BLOCK;
    let mut bytes = vec![0; SEARCHED_AT_ONCE];
    while offset < until {
        let found = fill(segments, segment, offset, &mut bytes)?;
        for (block, bytes) in bytes
            .get(..found)
            .unwrap_or_default()
            .chunks(BLOCK as usize)
            .enumerate()
        {
            let header = Header::parse(bytes, segments.salt);
            if let Some(header) = header.filter(|header| header.segment == segment && header.batch >= oldest)
            {
                return Ok(Some((offset + block as u64 * BLOCK, header.batch)));
            }
        }
        if found < bytes.len() {
            break;
        }
        offset += found as u64;
    }
    Ok(None)
}

/// As many bytes as there are, up to the buffer's length.
fn fill(segments: &Segments, segment: u64, offset: u64, into: &mut [u8]) -> Result<usize> {
    let filled = segments.file(segment).and_then(|file| {
        let there = file.len()?.saturating_sub(offset).min(into.len() as u64) as usize;
        if there > 0 {
            file.read_at(offset, into.get_mut(..there).unwrap_or_default())?;
        }
        Ok(there)
    });
    match filled {
        Ok(there) => Ok(there),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(unavailable("reading the log", &error)),
    }
}

/// Some bytes of a segment; `None` if the file is missing or ends before.
fn read(segments: &Segments, segment: u64, offset: u64, len: usize) -> Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; len];
    let done = segments
        .file(segment)
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
/// So many bytes are read at once where frames are searched.
const SEARCHED_AT_ONCE: usize = 64 * BLOCK as usize;
