//! What the index holds: names of its rows in byte order, and their values.
//!
//! Not here: the index itself. All of it can be made anew from the log.
//!
//! Keeps true: rows of one class of one space lie together, homes in byte order, then suffixes in byte order. A home
//! holds no zero byte, so the zero byte between the two keeps that order.

use super::batch::{Next, Start};
use super::bytes::{Reader, Write};
use super::frame::{encode_body, parse_body};
use super::{At, FORMAT_VERSION, FrameAt, Placed, Span};
use bytes::{Buf, Bytes};
use countersign_engine::{Class, Home, Position, Row, Space};

const KIND_LOG_POSITION: u8 = 0;
const KIND_SPACE: u8 = 1;
const KIND_LARGE: u8 = 2;
const KIND_ROW: u8 = 3;
const KIND_SEGMENT: u8 = 4;
const KIND_TAKEN: u8 = 5;
const KIND_SEGMENTS: u8 = 6;

/// The name of the one row that says how far the log is in the index.
pub(crate) fn log_position_name() -> Vec<u8> {
    vec![KIND_LOG_POSITION]
}

/// The name of the one row that says which segments are the log, as of the log's position.
pub(crate) fn segments_name() -> Vec<u8> {
    vec![KIND_SEGMENTS]
}

/// The name of a space's state.
pub(crate) fn space_name(space: Space) -> [u8; 1 + 8] {
    numbered(KIND_SPACE, space.0)
}

/// The name of the count of rows that refer to a large file.
pub(crate) fn large_name(id: u64) -> Vec<u8> {
    number_name(KIND_LARGE, id)
}

/// Begins the names of all counts of rows that refer to large files.
pub(crate) fn large_names() -> Vec<u8> {
    vec![KIND_LARGE]
}

/// The name of what is known of a segment.
pub(crate) fn segment_name(segment: u64) -> Vec<u8> {
    number_name(KIND_SEGMENT, segment)
}

/// Begins the names of what is known of segments.
pub(crate) fn segment_names() -> Vec<u8> {
    vec![KIND_SEGMENT]
}

/// The segment that a name from [`segment_names`] is of.
pub(crate) fn parse_segment_name(name: &[u8]) -> Option<u64> {
    parse_number_name(KIND_SEGMENT, name)
}

/// The name of the mark that the row with this name has a body in the log that it took over from another frame.
pub(crate) fn taken_name(segment: u64, offset: u64, row_name: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(1 + 8 + 8 + row_name.len());
    name.raw(&numbered(KIND_TAKEN, segment));
    name.raw(&offset.to_be_bytes());
    name.raw(row_name);
    name
}

/// Begins the names of all such marks of bodies in a segment.
pub(crate) fn taken_names(segment: u64) -> Vec<u8> {
    number_name(KIND_TAKEN, segment)
}

/// Begins the names of all such marks.
pub(crate) fn all_taken_names() -> Vec<u8> {
    vec![KIND_TAKEN]
}

/// The row's name in a name from [`taken_names`].
pub(crate) fn parse_taken_name(name: &Bytes) -> Option<Bytes> {
    (name.first() == Some(&KIND_TAKEN) && name.len() > 1 + 8 + 8).then(|| name.slice(1 + 8 + 8..))
}

/// Begins the names of all spaces' states.
pub(crate) fn space_names() -> Vec<u8> {
    vec![KIND_SPACE]
}

/// The space that a name from [`space_names`] is of.
pub(crate) fn parse_space_name(name: &[u8]) -> Option<Space> {
    parse_number_name(KIND_SPACE, name).map(Space)
}

/// Begins the names of all rows.
pub(crate) fn rows() -> Vec<u8> {
    vec![KIND_ROW]
}

/// Begins the names of all rows of a space.
pub(crate) fn rows_of_space(space: Space) -> Vec<u8> {
    number_name(KIND_ROW, space.0)
}

/// Begins the names of all rows of a class.
pub(crate) fn rows_of_class(space: Space, class: Class) -> Vec<u8> {
    let mut name = rows_of_space(space);
    name.u8(class.0);
    name
}

/// True for what readers ask for again and again: rows, and the states of spaces.
pub(crate) fn is_kept(name: &[u8]) -> bool {
    matches!(name.first(), Some(&(KIND_SPACE | KIND_ROW)))
}

/// The first name after all that begin so.
pub(crate) fn after_all(mut prefix: Vec<u8>) -> Vec<u8> {
    while let Some(last) = prefix.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return prefix;
        }
        prefix.pop();
    }
    vec![u8::MAX]
}

/// The name of a row.
pub(crate) fn row_name(space: Space, home: &Home, row: &Row) -> Vec<u8> {
    named(space, row.class, &home.0, &row.suffix)
}

/// The name of the row at this place of a class.
pub(crate) fn position_name(space: Space, class: Class, position: &Position) -> Vec<u8> {
    named(space, class, &position.home, &position.suffix)
}

/// The place of a row from its name.
pub(crate) fn parse_row_position(name: &[u8]) -> Option<Position> {
    let place = name.get(1 + 8 + 1..)?;
    let home_bytes = place.iter().position(|byte| *byte == 0)?;
    let (home, suffix) = (place.get(..home_bytes)?, place.get(home_bytes + 1..)?);
    Some(Position {
        home: Bytes::copy_from_slice(home),
        suffix: Bytes::copy_from_slice(suffix),
    })
}

/// A row's space, home and own name from its name here.
pub(crate) fn parse_row_name(name: &[u8]) -> Option<(Space, Home, Row)> {
    let (kind, rest) = name.split_first()?;
    let (space, rest) = rest.split_first_chunk()?;
    let Position { home, suffix } = parse_row_position(name)?;
    let class = Class(*rest.first()?);
    (*kind == KIND_ROW).then_some((
        Space(u64::from_be_bytes(*space)),
        Home(home),
        Row { class, suffix },
    ))
}

/// A row's value and body, and where the log says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The value.
    pub(crate) value: Bytes,
    /// The frame that says what the row is.
    pub(crate) frame: FrameAt,
    /// No put of the row that a start could take for a row lies in an older segment.
    pub(crate) since: u64,
    /// The body.
    pub(crate) body: Option<Placed>,
}

impl Entry {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 + self.value.len() + 96);
        bytes.u32(self.value.len() as u32);
        bytes.raw(&self.value);
        encode_frame_at(&mut bytes, &self.frame);
        bytes.u64(self.since);
        encode_body(&mut bytes, self.body.as_ref(), false);
        bytes
    }

    pub(crate) fn parse(mut bytes: Bytes) -> Option<Entry> {
        let mut read = Reader(&bytes);
        let len = read.u32()? as usize;
        read.raw(len)?;
        let frame = parse_frame_at(&mut read)?;
        let since = read.u64()?;
        let body = parse_body(&mut read, None)?;
        if !read.is_empty() {
            return None;
        }
        bytes.truncate(4 + len);
        bytes.advance(4);
        Some(Entry {
            value: bytes,
            frame,
            since,
            body,
        })
    }

    /// Only the value, for scans.
    pub(crate) fn parse_value(bytes: &[u8]) -> Option<&[u8]> {
        let mut read = Reader(bytes);
        let len = read.u32()? as usize;
        read.raw(len)
    }

    /// Where puts of the row may lie.
    pub(crate) fn span(&self) -> Span {
        Span {
            first: self.since,
            last: self.frame.segment,
        }
    }

    /// Segment and offset of a body in the log that is not in the row's own frame.
    pub(crate) fn taken_body(&self) -> Option<(u64, u64)> {
        match self.body.as_ref()?.at {
            At::Log { segment, offset } if !self.frame.has_body_at(segment, offset) => {
                Some((segment, offset))
            }
            At::Log { .. } | At::Large { .. } => None,
        }
    }
}

/// What the index knows of a space, and where the log says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpaceEntry {
    /// The state.
    pub(crate) state: SpaceState,
    /// The frame that says so.
    pub(crate) frame: FrameAt,
}

impl SpaceEntry {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.state as u8];
        encode_frame_at(&mut bytes, &self.frame);
        bytes
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<SpaceEntry> {
        let (state, frame) = bytes.split_at_checked(1)?;
        let mut read = Reader(frame);
        let entry = SpaceEntry {
            state: SpaceState::parse(state)?,
            frame: parse_frame_at(&mut read)?,
        };
        read.is_empty().then_some(entry)
    }
}

/// What the index knows of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpaceState {
    /// Takes commits.
    Open = 1,
    /// Takes no commits.
    Sealed = 2,
    /// Removed; rows of it may still be in the index.
    Removing = 3,
    /// Removed; remembered so that its id is not used twice.
    Removed = 4,
}

impl SpaceState {
    fn parse(bytes: &[u8]) -> Option<SpaceState> {
        use SpaceState::{Open, Removed, Removing, Sealed};
        let [byte] = bytes else { return None };
        [Open, Sealed, Removing, Removed]
            .into_iter()
            .find(|state| *state as u8 == *byte)
    }
}

/// How far the log is in the index: written in the same atomic step as what it speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogPosition {
    /// Where the last batch in the index begins, so that it can be held against the log.
    pub(crate) last: Start,
    /// The last batch's own number, first frame and the chain before it.
    pub(crate) last_is: Next,
    /// Where the batch after it begins, if it is in the same segment.
    pub(crate) end: u64,
    /// What the batch after it carries.
    pub(crate) next: Next,
    /// The smallest number that no large file ever had.
    pub(crate) large_next: u64,
}

impl LogPosition {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT_VERSION];
        bytes.u64(self.last.segment);
        bytes.u64(self.last.offset);
        for next in [self.last_is, self.next] {
            bytes.u64(next.batch);
            bytes.u64(next.lsn);
            bytes.u32(next.chain);
        }
        bytes.u64(self.end);
        bytes.u64(self.large_next);
        bytes
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<LogPosition> {
        let mut read = Reader(bytes);
        if read.u8()? != FORMAT_VERSION {
            return None;
        }
        let last = Start {
            segment: read.u64()?,
            offset: read.u64()?,
        };
        let last_is = Next {
            batch: read.u64()?,
            lsn: read.u64()?,
            chain: read.u32()?,
        };
        let next = Next {
            batch: read.u64()?,
            lsn: read.u64()?,
            chain: read.u32()?,
        };
        let position = LogPosition {
            last,
            last_is,
            end: read.u64()?,
            next,
            large_next: read.u64()?,
        };
        read.is_empty().then_some(position)
    }
}

fn named(space: Space, class: Class, home: &[u8], suffix: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(1 + 8 + 1 + home.len() + 1 + suffix.len());
    name.raw(&numbered(KIND_ROW, space.0));
    name.u8(class.0);
    name.raw(home);
    name.u8(0);
    name.raw(suffix);
    name
}

fn encode_frame_at(into: &mut impl Write, frame: &FrameAt) {
    into.u64(frame.segment);
    into.u64(frame.offset);
    into.u32(frame.bytes);
}

fn parse_frame_at(read: &mut Reader<'_>) -> Option<FrameAt> {
    Some(FrameAt {
        segment: read.u64()?,
        offset: read.u64()?,
        bytes: read.u32()?,
    })
}

fn parse_number_name(kind: u8, name: &[u8]) -> Option<u64> {
    name.strip_prefix(&[kind])?
        .try_into()
        .ok()
        .map(u64::from_be_bytes)
}

fn number_name(kind: u8, number: u64) -> Vec<u8> {
    numbered(kind, number).to_vec()
}

fn numbered(kind: u8, number: u64) -> [u8; 1 + 8] {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    [kind, a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_order_of_homes_and_then_suffixes() {
        let homes: [&[u8]; 6] = [b"", b"\x01", b"a", b"a\x01", b"a/b", b"\xff"];
        let suffixes: [&[u8]; 4] = [b"", b"\x01", b"x", b"\xff\xff"];
        let mut names = Vec::new();
        for home in homes {
            for suffix in suffixes {
                let position = Position {
                    home: Bytes::from_static(home),
                    suffix: Bytes::from_static(suffix),
                };
                let name = position_name(Space(9), Class(255), &position);
                let parsed = parse_row_name(&Bytes::from(name.clone()));
                let (home, suffix) = (Home(position.home.clone()), position.suffix.clone());
                let row = Row {
                    class: Class(255),
                    suffix,
                };
                assert_eq!(parsed, Some((Space(9), home, row)));
                assert_eq!(parse_row_position(&name), Some(position));
                let taken = Bytes::from(taken_name(7, 4096, &name));
                assert!(taken.starts_with(&taken_names(7)));
                assert_eq!(parse_taken_name(&taken), Some(Bytes::from(name.clone())));
                names.push(name);
            }
        }
        assert!(names.is_sorted());
        let (first, end) = (
            rows_of_class(Space(9), Class(255)),
            after_all(rows_of_class(Space(9), Class(255))),
        );
        assert!(names.iter().all(|name| *name >= first && *name < end));
        assert!(end <= rows_of_class(Space(10), Class(0)));
        assert_eq!(after_all(vec![KIND_ROW, 0xff, 0xff]), vec![KIND_ROW + 1]);
    }

    #[test]
    fn entries_and_positions_come_back_and_cut_ones_do_not() {
        let body = |at| Placed {
            len: 3 << 20,
            at,
            sums: (0..(3 << 20) / at.sum_bytes() as u32).collect(),
        };
        for body in [
            None,
            Some(body(At::Large { id: 8 })),
            Some(body(At::Log {
                segment: 1,
                offset: 4160,
            })),
        ] {
            let entry = Entry {
                value: Bytes::from_static(b"value"),
                frame: FrameAt {
                    segment: 1,
                    offset: 4096,
                    bytes: 64,
                },
                since: 1,
                body,
            };
            let bytes = Bytes::from(entry.encode());
            assert_eq!(Entry::parse(bytes.clone()).as_ref(), Some(&entry));
            assert_eq!(Entry::parse_value(&bytes), Some(&*entry.value));
            for len in 0..bytes.len() {
                assert_eq!(Entry::parse(bytes.slice(..len)), None, "cut to {len}");
            }
        }
        let space = SpaceEntry {
            state: SpaceState::Sealed,
            frame: FrameAt {
                segment: 2,
                offset: 8192,
                bytes: 72,
            },
        };
        let bytes = space.encode();
        assert_eq!(SpaceEntry::parse(&bytes), Some(space));
        for len in 0..bytes.len() {
            assert_eq!(SpaceEntry::parse(&bytes[..len]), None, "cut to {len}");
        }
        let next = Next {
            batch: 1,
            lsn: 2,
            chain: 3,
        };
        let last = Start {
            segment: 4,
            offset: 5,
        };
        let position = LogPosition {
            last,
            last_is: next,
            end: 6,
            next: Next { batch: 7, ..next },
            large_next: 8,
        };
        let bytes = position.encode();
        assert_eq!(LogPosition::parse(&bytes), Some(position));
        assert_eq!(LogPosition::parse(&bytes[1..]), None);
    }
}
