//! Checks the log as the index knows it: the header of every segment, and the frames of every batch with their chain.
//!
//! Not here: bodies of rows. What follows the index's position is not looked at: it may not be durable yet.

use super::{Doing, Position};
use crate::embedded::Shared;
use crate::format::BLOCK;
use crate::format::batch::{self, Next, Start};
use crate::format::entry::{self, LogPosition};
use crate::format::frame::{HEADER_BYTES, Record};
use crate::format::segment::SegmentHeader;
use crate::health::unavailable;
use crate::index::MetaIndex;
use countersign_engine::upkeep::Damage;
use countersign_engine::world::File;
use countersign_engine::{Error, Result};
use std::io;
use std::sync::Arc;

/// Goes on from a position in the log; `None`: it is checked to its end.
pub(super) fn check(shared: &Shared, from: Position, doing: &mut Doing) -> Result<Option<Position>> {
    let Some(position) = known(shared)? else {
        return Ok(None);
    };
    let last = match from {
        Position::Segment(_, _, last) | Position::Batch(_, _, last) => last,
        Position::Row(_) | Position::Body(..) => None,
    };
    let known = Known {
        position,
        last: last.map_or(position.last.segment, |last| last.min(position.last.segment)),
    };
    let mut position = from;
    while !doing.is_enough() {
        let next = match position {
            Position::Segment(number, first, _) => begin(shared, &known, (number, first), doing)?,
            Position::Batch(start, next, _) => go_through(shared, &known, (start, next), doing)?,
            Position::Row(_) | Position::Body(..) => None,
        };
        match next {
            Some(next) => position = next,
            None => return Ok(None),
        }
    }
    Ok(Some(position))
}

/// How far the log is looked at.
struct Known {
    /// What the index says of the log now.
    position: LogPosition,
    /// The last segment that this pass looks at.
    last: u64,
}

impl Known {
    fn segment(&self, number: u64, first: Option<Next>) -> Option<Position> {
        Some(Position::Segment(number, first, Some(self.last)))
    }
}

fn known(shared: &Shared) -> Result<Option<LogPosition>> {
    let noted = shared.index.get(&[entry::log_position_name()])?.pop().flatten();
    let Some(noted) = noted else { return Ok(None) };
    let parsed = LogPosition::parse(&noted);
    parsed
        .map(Some)
        .ok_or_else(|| Error::Corrupt("the index's note of the log's position".into()))
}

/// The first segment that has this number or a later one, if the index knows it.
fn find(shared: &Shared, known: &Known, number: u64) -> Option<u64> {
    let set = shared.segments.set();
    set.iter().find(|found| *found >= number && *found <= known.last)
}

/// Checks a segment's header.
fn begin(
    shared: &Shared,
    known: &Known,
    (number, first): (u64, Option<Next>),
    doing: &mut Doing,
) -> Result<Option<Position>> {
    let Some(segment) = find(shared, known, number) else {
        return Ok(None);
    };
    let behind = known.segment(segment + 1, None);
    let Some(mut reading) = Reading::open(shared, segment, doing)? else {
        return Ok(behind);
    };
    let block = match reading.at(0, BLOCK as usize) {
        Ok(block) => block,
        Err(error) => {
            doing.damage.push(unreadable(segment, 0, &error));
            return Ok(behind);
        }
    };
    let header = SegmentHeader::parse(block, shared.segments.salt());
    doing.bytes += BLOCK;
    let Some(header) = header.filter(|header| header.segment == segment) else {
        let what = format!("the header of log segment {segment} is damaged");
        doing.damage.push(Damage { row: None, what });
        return Ok(behind);
    };
    if first.is_some_and(|first| number == segment && first != header.first) {
        let what = format!(
            "log segment {segment} does not begin with what follows segment {}",
            segment - 1
        );
        doing.damage.push(Damage { row: None, what });
    }
    let start = Start {
        segment,
        offset: BLOCK,
    };
    Ok(Some(Position::Batch(start, header.first, Some(known.last))))
}

/// Checks the batches of a segment until it ends or it is enough.
fn go_through(
    shared: &Shared,
    known: &Known,
    (mut start, mut next): (Start, Next),
    doing: &mut Doing,
) -> Result<Option<Position>> {
    let segment = start.segment;
    let behind = |next| known.segment(segment + 1, next);
    let Some(mut reading) = Reading::open(shared, start.segment, doing)? else {
        return Ok(behind(None));
    };
    let is_last = start.segment == known.position.last.segment;
    while !doing.is_enough() {
        if is_last && start.offset >= known.position.end {
            return Ok(None);
        }
        match reading.batch(shared, start, next) {
            Ok(Some(Read { after, bytes, is_end })) => {
                doing.bytes += bytes;
                start.offset += bytes;
                next = after;
                if is_end {
                    return Ok(behind(Some(next)));
                }
            }
            Ok(None) => {
                let what = format!(
                    "batch {} is not whole at offset {} of log segment {}",
                    next.batch, start.offset, start.segment
                );
                doing.damage.push(Damage { row: None, what });
                return Ok(behind(None));
            }
            Err(error) => {
                doing.damage.push(unreadable(start.segment, start.offset, &error));
                return Ok(behind(None));
            }
        }
    }
    Ok(Some(Position::Batch(start, next, Some(known.last))))
}

/// A batch that is whole.
struct Read {
    after: Next,
    bytes: u64,
    /// It closes the segment.
    is_end: bool,
}

/// A segment that is read past the cache, some way ahead at a time.
struct Reading {
    file: Arc<dyn File>,
    /// While this is held, the segment's file is not used for another one.
    _pin: Arc<dyn File>,
    window: Vec<u8>,
    window_at: u64,
    len: u64,
}

impl Reading {
    /// `None`: the segment was given up, or cannot be read, which is noted.
    fn open(shared: &Shared, segment: u64, doing: &mut Doing) -> Result<Option<Reading>> {
        let open = || -> io::Result<Option<Reading>> {
            let Some(pin) = shared.segments.reader(segment)? else {
                return Ok(None);
            };
            let file = shared.segments.past_cache(segment)?;
            Ok(Some(Reading {
                len: file.len()?,
                file,
                _pin: pin,
                window: Vec::new(),
                window_at: 0,
            }))
        };
        match open() {
            Ok(reading) => Ok(reading),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let what = format!("log segment {segment} is missing");
                doing.damage.push(Damage { row: None, what });
                Ok(None)
            }
            Err(error) if is_of_the_device(&error) => {
                doing.damage.push(unreadable(segment, 0, &error));
                Ok(None)
            }
            Err(error) => Err(unavailable("opening the log", &error)),
        }
    }

    /// The next batch: what comes after it, and its length.
    fn batch(&mut self, shared: &Shared, start: Start, next: Next) -> io::Result<Option<Read>> {
        let salt = shared.segments.salt();
        let header = match self.at(start.offset, HEADER_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            header => header?,
        };
        let Some(len) = batch::padded_bytes(header, salt, start, next) else {
            return Ok(None);
        };
        let bytes = match self.at(start.offset, len) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            bytes => bytes?,
        };
        let read = batch::parse(bytes, salt, start, next);
        Ok(read.map(|read| Read {
            after: read.next,
            bytes: len as u64,
            is_end: matches!(read.records.last(), Some((_, Record::End))),
        }))
    }

    fn at(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let end = offset + len as u64;
        let is_there = offset >= self.window_at && end <= self.window_at + self.window.len() as u64;
        if !is_there {
            if end > self.len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let ahead = (self.len - offset).min(len.max(WINDOW_BYTES) as u64) as usize;
            self.window.clear();
            self.window.resize(ahead, 0);
            self.window_at = offset;
            if let Err(error) = self.file.read_at(offset, &mut self.window) {
                self.window.clear();
                return Err(error);
            }
        }
        let begin = (offset - self.window_at) as usize;
        let bytes = self.window.get(begin..begin + len);
        bytes.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// True if the bytes cannot be had from the device, whoever asks.
pub(super) fn is_of_the_device(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
        || error.kind() == io::ErrorKind::UnexpectedEof
}

fn unreadable(segment: u64, offset: u64, error: &io::Error) -> Damage {
    let what = format!("log segment {segment} cannot be read at offset {offset}: {error}");
    Damage { row: None, what }
}

/// Read at once, if no batch is longer.
const WINDOW_BYTES: usize = 1024 * 1024;
