//! Frames: one record of the log each, with a header that can be recognised without anything before it.
//!
//! Not here: how frames make a batch ([`super::batch`]).
//!
//! Keeps true: a header that parses was written by this engine as it stands; a payload is believed only after its
//! own checksum.

use super::bytes::{Reader, Write};
use super::segment::SegmentSet;
use super::{At, BATCH_BYTES_MAX, FORMAT_VERSION, Placed, Salt, Span, crc32c_behind, round_up};
use bytes::Bytes;
use countersign_engine::{Class, Home, Row, Space};
use smallvec::SmallVec;

/// Length of a header in bytes.
pub(crate) const HEADER_BYTES: usize = 64;
/// Frames begin at multiples of this inside a batch.
const FRAME_STEP: usize = 8;
const MAGIC: [u8; 4] = *b"CSfr";
/// The header up to the chain: what the chain and the header's checksum both cover.
const CHAINED_BYTES: usize = 56;

/// The header's fields, in their order on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// What the payload is.
    pub(crate) kind: Kind,
    /// The segment it was written for: a frame left over in a recycled file carries an older number.
    pub(crate) segment: u64,
    /// Number of the batch; one more for each batch of the log.
    pub(crate) batch: u64,
    /// Number of the frame; one more for each frame of the log.
    pub(crate) lsn: u64,
    /// Place of the frame in its batch, from 0.
    pub(crate) index: u32,
    /// Frames in the batch.
    pub(crate) count: u32,
    /// Length of all frames of the batch together, before padding to a block.
    pub(crate) batch_bytes: u32,
    /// Length of the payload after the header.
    pub(crate) payload_bytes: u32,
    /// Length of the body after the payload.
    pub(crate) body_bytes: u32,
    /// CRC32C of the payload.
    pub(crate) payload_sum: u32,
    /// CRC32C over the previous frame's chain and this header up to here.
    pub(crate) chain: u32,
}

/// What a frame records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Put = 1,
    Delete = 2,
    Create = 3,
    Seal = 4,
    Remove = 5,
    End = 6,
    Segments = 7,
}

/// A frame's payload as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// A row is written. Puts of it that a start could take for a row lie in the segment `since` or behind it.
    Put {
        space: Space,
        home: Home,
        row: Row,
        since: u64,
        value: Bytes,
        body: Option<Placed>,
    },
    /// A row is deleted: what puts of it in `voids` say is void.
    Delete {
        space: Space,
        home: Home,
        row: Row,
        voids: Span,
    },
    /// A space begins.
    Create(Space),
    /// A space takes no more commits.
    Seal(Space),
    /// A space ends, with everything in it.
    Remove(Space),
    /// The segment takes no more batches; the log goes on in the next one.
    End,
    /// These segments are the log.
    Segments(SegmentSet),
}

impl Header {
    /// Writes the header; `chain` is filled in from the previous frame's.
    pub(crate) fn encode(&mut self, salt: Salt, previous_chain: u32) -> SmallVec<[u8; HEADER_BYTES]> {
        let mut bytes = SmallVec::new();
        bytes.raw(&MAGIC);
        bytes.u8(FORMAT_VERSION);
        bytes.u8(self.kind as u8);
        bytes.u16(HEADER_BYTES as u16);
        bytes.u64(self.segment);
        bytes.u64(self.batch);
        bytes.u64(self.lsn);
        bytes.u32(self.index);
        bytes.u32(self.count);
        bytes.u32(self.batch_bytes);
        bytes.u32(self.payload_bytes);
        bytes.u32(self.body_bytes);
        bytes.u32(self.payload_sum);
        self.chain = chain(previous_chain, &bytes);
        bytes.u32(self.chain);
        bytes.u32(salt.sum(&bytes));
        bytes
    }

    /// Reads a header; `None` if these bytes are none.
    pub(crate) fn parse(bytes: &[u8], salt: Salt) -> Option<Header> {
        let bytes = bytes.get(..HEADER_BYTES)?;
        let (covered, sum) = bytes.split_last_chunk::<4>()?;
        let mut read = Reader(covered);
        if u32::from_le_bytes(*sum) != salt.sum(covered)
            || read.raw(4)? != MAGIC
            || read.u8()? != FORMAT_VERSION
        {
            return None;
        }
        let kind = Kind::parse(read.u8()?)?;
        let header_bytes = read.u16()?;
        let header = Header {
            kind,
            segment: read.u64()?,
            batch: read.u64()?,
            lsn: read.u64()?,
            index: read.u32()?,
            count: read.u32()?,
            batch_bytes: read.u32()?,
            payload_bytes: read.u32()?,
            body_bytes: read.u32()?,
            payload_sum: read.u32()?,
            chain: read.u32()?,
        };
        let sane = header_bytes as usize == HEADER_BYTES
            && header.index < header.count
            && header.batch_bytes as usize <= BATCH_BYTES_MAX;
        sane.then_some(header)
    }

    /// The chain that this header must carry after that one.
    pub(crate) fn expected_chain(bytes: &[u8], previous_chain: u32) -> Option<u32> {
        Some(chain(previous_chain, bytes.get(..CHAINED_BYTES)?))
    }

    /// Bytes from this frame's beginning to the next one's.
    pub(crate) fn frame_bytes(&self) -> usize {
        frame_bytes(self.payload_bytes as usize, self.body_bytes as usize)
    }
}

/// Bytes that a frame takes.
pub(crate) fn frame_bytes(payload: usize, body: usize) -> usize {
    round_up(HEADER_BYTES + payload + body, FRAME_STEP)
}

impl Kind {
    fn parse(byte: u8) -> Option<Kind> {
        use Kind::{Create, Delete, End, Put, Remove, Seal, Segments};
        [Put, Delete, Create, Seal, Remove, End, Segments]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// The payload of a [`Kind::Put`] up to where its body lies, which [`encode_body`] writes.
pub(super) fn encode_put(
    payload: &mut impl Write,
    space: Space,
    home: &Home,
    row: &Row,
    since: u64,
    value: &[u8],
) {
    encode_row(payload, space, home, row);
    payload.u64(since);
    payload.u32(value.len() as u32);
    payload.raw(value);
}

/// The payload of a [`Kind::Delete`].
pub(super) fn encode_delete(payload: &mut impl Write, space: Space, home: &Home, row: &Row, voids: Span) {
    encode_row(payload, space, home, row);
    payload.u64(voids.first);
    payload.u64(voids.last);
}

fn encode_row(payload: &mut impl Write, space: Space, home: &Home, row: &Row) {
    encode_space(payload, space);
    payload.u8(row.class.0);
    payload.u16(home.0.len() as u16);
    payload.u16(row.suffix.len() as u16);
    payload.raw(&home.0);
    payload.raw(&row.suffix);
}

/// The payload of the other kinds that speak of a space.
pub(super) fn encode_space(payload: &mut impl Write, space: Space) {
    payload.u64(space.0);
}

/// Reads a payload. `here` is where the frame's own body lies, if it has one.
pub(crate) fn parse_payload(kind: Kind, payload: &[u8], here: At) -> Option<Record> {
    let mut read = Reader(payload);
    let record = match kind {
        Kind::End => Record::End,
        Kind::Segments => return SegmentSet::parse(payload).map(Record::Segments),
        Kind::Create => Record::Create(Space(read.u64()?)),
        Kind::Seal => Record::Seal(Space(read.u64()?)),
        Kind::Remove => Record::Remove(Space(read.u64()?)),
        Kind::Delete => {
            let space = Space(read.u64()?);
            let (home, row) = parse_row(&mut read)?;
            let voids = Span {
                first: read.u64()?,
                last: read.u64()?,
            };
            Record::Delete {
                space,
                home,
                row,
                voids,
            }
        }
        Kind::Put => {
            let space = Space(read.u64()?);
            let (home, row) = parse_row(&mut read)?;
            let since = read.u64()?;
            let value_bytes = read.u32()? as usize;
            let value = read.bytes(value_bytes)?;
            let body = parse_body(&mut read, Some(here))?;
            Record::Put {
                space,
                home,
                row,
                since,
                value,
                body,
            }
        }
    };
    read.is_empty().then_some(record)
}

fn parse_row(read: &mut Reader<'_>) -> Option<(Home, Row)> {
    let class = Class(read.u8()?);
    let (home_bytes, suffix_bytes) = (read.u16()? as usize, read.u16()? as usize);
    Some((
        Home(read.bytes(home_bytes)?),
        Row {
            class,
            suffix: read.bytes(suffix_bytes)?,
        },
    ))
}

const BODY_NONE: u8 = 0;
const BODY_HERE: u8 = 1;
const BODY_IN_LOG: u8 = 2;
const BODY_LARGE: u8 = 3;

/// Writes where a body lies; the index keeps it in the same form. `here`: it follows the payload in the same frame.
pub(super) fn encode_body(into: &mut impl Write, body: Option<&Placed>, here: bool) {
    let Some(placed) = body else {
        return into.u8(BODY_NONE);
    };
    match placed.at {
        _ if here => into.u8(BODY_HERE),
        At::Log { segment, offset } => {
            into.u8(BODY_IN_LOG);
            into.u64(segment);
            into.u64(offset);
        }
        At::Large { id } => {
            into.u8(BODY_LARGE);
            into.u64(id);
        }
    }
    into.u64(placed.len);
    placed.sums.iter().for_each(|sum| into.u32(*sum));
}

/// Reads where a body lies; `here` as in [`parse_payload`].
pub(super) fn parse_body(read: &mut Reader<'_>, here: Option<At>) -> Option<Option<Placed>> {
    let at = match read.u8()? {
        BODY_NONE => return Some(None),
        BODY_HERE => here?,
        BODY_IN_LOG => At::Log {
            segment: read.u64()?,
            offset: read.u64()?,
        },
        BODY_LARGE => At::Large { id: read.u64()? },
        _ => return None,
    };
    let len = read.u64()?;
    let count = usize::try_from(len.div_ceil(at.sum_bytes() as u64)).ok()?;
    let mut sums = Reader(read.raw(count.checked_mul(4)?)?);
    let sums = std::iter::from_fn(|| sums.u32()).collect();
    Some(Some(Placed { len, at, sums }))
}

fn chain(previous: u32, covered: &[u8]) -> u32 {
    crc32c_behind(&previous.to_le_bytes(), covered)
}
