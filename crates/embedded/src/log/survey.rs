//! Which segments are the log: what the log itself says last, held against the files that are there.
//!
//! Not here: what the batches hold ([`super::recover`]).
//!
//! Keeps true: a segment that the log names and that is not there, or whose header is damaged, is damage. A file that the
//! log does not name is left over; it is never read as a part of the log that is still wanted.

use super::Segments;
use super::recover::{Known, ReadBatch, find_later, header_of, make_durable, read_batch};
use crate::SyncPoint;
use crate::format::BLOCK;
use crate::format::batch::{Next, Start};
use crate::format::frame::Record;
use crate::format::segment::{SegmentHeader, SegmentSet};
use crate::health::unavailable;
use countersign_engine::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// What there is.
pub(super) struct Survey {
    /// Numbers of all files that have a segment's name.
    pub(super) listed: BTreeSet<u64>,
    /// Those of them that were begun, with their headers.
    pub(super) begun: BTreeMap<u64, SegmentHeader>,
    /// The segments that are the log.
    pub(super) set: SegmentSet,
    /// The last batch, if it was read to know them.
    last: Option<ReadBatch>,
}

/// Looks at every segment's header, and at what the last segment says.
pub(super) fn survey(segments: &Segments, known: Option<&Known>) -> Result<Survey> {
    let listed = segments
        .list()
        .map_err(|error| unavailable("listing the log", &error))?;
    let mut begun = BTreeMap::new();
    for number in &listed {
        if let Some(header) = header_of(segments, *number)? {
            begun.insert(*number, header);
        }
    }
    if let Some(known) = known {
        let segment = known.position.last.segment;
        if !begun.contains_key(&segment) {
            return Err(missing(&listed, segment));
        }
    }
    let Said { set, last } = said_last(segments, &begun, known)?;
    let lost = set.iter().find(|number| !begun.contains_key(number));
    match lost {
        Some(number) => Err(missing(&listed, number)),
        None => Ok(Survey {
            listed,
            begun,
            set,
            last,
        }),
    }
}

impl Survey {
    /// Files of segments that were given up, before the one that is begun next.
    pub(super) fn left_over(&self, following: u64) -> impl Iterator<Item = u64> + '_ {
        let listed = self.listed.range(..following).copied();
        listed.filter(move |number| !self.set.contains(*number))
    }

    /// Removes files of segments that were given up, for an index that is made anew: if it is stopped midway, the next
    /// start must not go on with what the log no longer is.
    pub(super) fn remove_left_over(&mut self, segments: &Segments) -> Result<()> {
        let failed = |error| unavailable("removing what is no longer the log", &error);
        let gone: Vec<u64> = self.left_over(self.set.last().unwrap_or(0)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        // The last batch may be what gave them up, and not be durable.
        if let Some(last) = &self.last {
            make_durable(segments, last)?;
        }
        for number in gone {
            segments.remove(number).map_err(failed)?;
            self.listed.remove(&number);
            self.begun.remove(&number);
        }
        segments
            .files
            .sync_dir(&segments.dir, SyncPoint::LogDirAtOpen.name())
            .map_err(failed)
    }

    /// Removes files behind the segment that is begun next. None of them may hold a part of the log: its header would be
    /// damaged, or segments are missing.
    pub(super) fn clear_behind(&self, segments: &Segments, following: u64) -> Result<()> {
        for number in self.listed.range(following + 1..) {
            if self.begun.contains_key(number) || find_later(segments, *number, 0, 1)?.is_some() {
                return Err(Error::Corrupt(format!(
                    "the log ends in segment {following} or before, yet segment {number} holds a part of it: a header \
                     is damaged, or segments are missing"
                )));
            }
            segments
                .remove(*number)
                .map_err(|error| unavailable("removing a file that is no part of the log", &error))?;
        }
        Ok(())
    }
}

/// What the log says last of its segments.
#[derive(Default)]
struct Said {
    set: SegmentSet,
    /// The batch that ends what was read for it.
    last: Option<ReadBatch>,
}

/// It stands in the last segment that has a whole batch.
fn said_last(
    segments: &Segments,
    begun: &BTreeMap<u64, SegmentHeader>,
    known: Option<&Known>,
) -> Result<Said> {
    let Some((&newest, _)) = begun.last_key_value() else {
        return Ok(Said::default());
    };
    // The last one may have been begun just before a crash, and hold nothing. The one before it was closed, so it was
    // not given up.
    for (segment, header) in begun.range(newest.saturating_sub(1)..).rev() {
        let (offset, next, set) = match known {
            Some(known) if known.position.last.segment == *segment => {
                (known.position.end, known.position.next, Some(known.set.clone()))
            }
            _ => (BLOCK, header.first, None),
        };
        let start = Start {
            segment: *segment,
            offset,
        };
        let (set, last) = said_behind(segments, begun, start, next, set)?;
        if let Some(set) = set {
            return Ok(Said { set, last });
        }
    }
    Ok(Said::default())
}

/// What the batches from here to the end of the segment say last, or `set` if they say nothing; and the last of them.
fn said_behind(
    segments: &Segments,
    begun: &BTreeMap<u64, SegmentHeader>,
    mut start: Start,
    mut next: Next,
    mut set: Option<SegmentSet>,
) -> Result<(Option<SegmentSet>, Option<ReadBatch>)> {
    let mut last = None;
    while let Some(read) = read_batch(segments, begun, start, next)? {
        (start.offset, next) = (read.end(), read.batch.next);
        let said = read
            .batch
            .records
            .iter()
            .rev()
            .find_map(|(_, record)| match record {
                Record::Segments(set) => Some(set.clone()),
                _ => None,
            });
        set = said.or(set);
        last = Some(read);
    }
    Ok((set, last))
}

fn missing(listed: &BTreeSet<u64>, segment: u64) -> Error {
    let what = if listed.contains(&segment) {
        format!("the header of log segment {segment} is damaged")
    } else {
        format!("log segment {segment} is missing")
    };
    Error::Corrupt(what)
}
