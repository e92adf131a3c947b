//! Checks the body of every row, where its row says that it lies.
//!
//! Not here: what values mean.

use super::log_frames::is_of_the_device;
use super::{Doing, Position};
use crate::embedded::{Shared, standing};
use crate::format::entry::{self, Entry};
use crate::format::{At, Placed, crc32c};
use crate::health::unavailable;
use crate::index::MetaIndex;
use bytes::Bytes;
use countersign_engine::upkeep::{Damage, RowName};
use countersign_engine::world::File;
use countersign_engine::{Result, Space};
use std::io;
use std::sync::Arc;

/// Goes on from a row, or from somewhere in its body; `None`: all rows are checked.
pub(super) fn check(
    shared: &Shared,
    from: &[u8],
    within: Option<(At, u64)>,
    doing: &mut Doing,
) -> Result<Option<Position>> {
    let mut from = from.to_vec();
    let mut within = within;
    let until = entry::after_all(entry::rows());
    let mut files = OpenFile::default();
    let mut space = None;
    while !doing.is_enough() && doing.rows < ROWS_IN_STEP_MAX {
        let rows = shared.index.scan(&from, &until, ROWS_AT_ONCE)?;
        if rows.is_empty() {
            return Ok(None);
        }
        for (name, value) in rows {
            if doing.is_enough() {
                return Ok(Some(Position::Row(from)));
            }
            let offset = within.take().filter(|_| name.as_ref() == from.as_slice());
            match check_row(shared, &mut files, &mut space, (&name, value), offset, doing)? {
                Some((at, offset)) => return Ok(Some(Position::Body(name.to_vec(), at, offset))),
                None => from = [name.as_ref(), &[0]].concat(),
            }
        }
    }
    Ok(Some(Position::Row(from)))
}

/// Answers where to go on if the body is not checked to its end.
fn check_row(
    shared: &Shared,
    files: &mut OpenFile,
    space: &mut Option<(Space, bool)>,
    (name, value): (&Bytes, Bytes),
    within: Option<(At, u64)>,
    doing: &mut Doing,
) -> Result<Option<(At, u64)>> {
    let named = entry::parse_row_name(name).map(|(space, home, row)| RowName { space, home, row });
    let Some(row) = named else {
        let what = format!(
            "the index holds a row whose name cannot be read: {}",
            super::hex(name)
        );
        doing.damage.push(Damage { row: None, what });
        return Ok(None);
    };
    if !stands(shared, row.space, space)? {
        return Ok(None);
    }
    let mut value = value;
    let mut within = within;
    loop {
        let found = match Entry::parse(value.clone()) {
            None => Found::Damaged("the index's note of it cannot be read".into()),
            Some(Entry { body: None, .. }) => Found::Whole,
            Some(Entry {
                body: Some(placed), ..
            }) => {
                let offset = within
                    .filter(|(at, _)| *at == placed.at)
                    .map_or(0, |(_, offset)| offset);
                check_body(shared, files, &placed, offset, doing)?
            }
        };
        match found {
            Found::Whole => {
                doing.rows += 1;
                return Ok(None);
            }
            Found::SoFar(at, offset) => return Ok(Some((at, offset))),
            Found::Damaged(what) => {
                // What the row no longer refers to may be gone.
                let now = shared.index.get(&[name.to_vec()])?.pop().flatten();
                match now {
                    Some(now) if now != value => (value, within) = (now, None),
                    Some(_) if stands(shared, row.space, &mut None)? => {
                        doing.rows += 1;
                        doing.damage.push(Damage { row: Some(row), what });
                        return Ok(None);
                    }
                    Some(_) | None => return Ok(None),
                }
            }
        }
    }
}

enum Found {
    Whole,
    SoFar(At, u64),
    Damaged(String),
}

/// Checks a body's blocks from an offset on, which is the beginning of one.
fn check_body(
    shared: &Shared,
    files: &mut OpenFile,
    placed: &Placed,
    mut offset: u64,
    doing: &mut Doing,
) -> Result<Found> {
    let Some(file) = files.of(shared, placed.at)? else {
        let file = match placed.at {
            At::Log { segment, .. } => format!("log segment {segment}"),
            At::Large { id } => format!("large file {id:016x}"),
        };
        return Ok(Found::Damaged(format!("{file} is missing")));
    };
    let block = placed.at.sum_bytes() as u64;
    let begin = match placed.at {
        At::Log { offset, .. } => offset,
        At::Large { .. } => 0,
    };
    let mut bytes = Vec::new();
    while offset < placed.len {
        if doing.is_enough() {
            return Ok(Found::SoFar(placed.at, offset));
        }
        let len = block.min(placed.len - offset);
        bytes.resize(len as usize, 0);
        match file.read_at(begin + offset, &mut bytes) {
            Ok(()) => {}
            Err(error) if is_of_the_device(&error) => {
                let what = format!("{} cannot be read: {error}", told(placed.at, begin + offset));
                return Ok(Found::Damaged(what));
            }
            Err(error) => return Err(unavailable("reading a body", &error)),
        }
        doing.bytes += len;
        let number = (offset / block) as usize;
        if placed.sums.get(number) != Some(&crc32c(&bytes)) {
            let what = format!(
                "block {number}, {len} bytes at {}, does not match its checksum",
                told(placed.at, begin + offset)
            );
            return Ok(Found::Damaged(what));
        }
        offset += len;
    }
    Ok(Found::Whole)
}

fn told(at: At, offset: u64) -> String {
    match at {
        At::Log { segment, .. } => format!("offset {offset} of log segment {segment}"),
        At::Large { id } => format!("offset {offset} of large file {id:016x}"),
    }
}

/// Whether a space's rows can be read; the last answer is kept, as rows of a space lie together.
fn stands(shared: &Shared, space: Space, last: &mut Option<(Space, bool)>) -> Result<bool> {
    if let Some((known, stands)) = last
        && *known == space
    {
        return Ok(*stands);
    }
    let stands = standing(shared.space(space)?).is_ok();
    *last = Some((space, stands));
    Ok(stands)
}

/// The file that was read last: many bodies lie in one segment.
#[derive(Default)]
struct OpenFile {
    last: Option<(Key, Arc<dyn File>)>,
    /// While this is held, the segment's file is not used for another one.
    pin: Option<Arc<dyn File>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Segment(u64),
    Large(u64),
}

impl OpenFile {
    /// `None`: it is not there.
    fn of(&mut self, shared: &Shared, at: At) -> Result<Option<Arc<dyn File>>> {
        let key = match at {
            At::Log { segment, .. } => Key::Segment(segment),
            At::Large { id } => Key::Large(id),
        };
        if let Some((last, file)) = &self.last
            && *last == key
        {
            return Ok(Some(file.clone()));
        }
        let segments = &shared.segments;
        let opened = match key {
            // Pinned first: the file is not used for another segment while it is read.
            Key::Segment(segment) => match segments.reader(segment) {
                Ok(None) => return Ok(None),
                Ok(pin) => segments.past_cache(segment).map(|file| (file, pin)),
                Err(error) => Err(error),
            },
            Key::Large(id) => shared.large.open_past_cache(id).map(|file| (file, None)),
        };
        match opened {
            Ok((file, pin)) => {
                (self.last, self.pin) = (Some((key, file.clone())), pin);
                Ok(Some(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable("opening a body", &error)),
        }
    }
}

/// Rows looked up at once.
const ROWS_AT_ONCE: usize = 256;
/// A step ends after so many rows, however small they are.
const ROWS_IN_STEP_MAX: u64 = 4096;
