//! Batches: the frames of everybody who shared one write and one sync; whole or nothing.
//!
//! Not here: reading files. [`parse`] is given the bytes of one batch and says what it is.
//!
//! Keeps true: frames of two different batches never make a whole one together, because each frame's chain depends on
//! everything written before it since the log began.

use super::bytes::Write as _;
use super::frame::{self, HEADER_BYTES, Header, Kind, Record};
use super::segment::SegmentSet;
use super::{At, BLOCK, FrameAt, LOG_SUM_BYTES, Placed, Salt, Span, Sums, crc32c, round_up};
use bytes::{Bytes, BytesMut};
use countersign_engine::pieces::{aligned_room, is_aligned};
use countersign_engine::{Home, Row, Space};

/// Where a batch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// The segment's number.
    pub(crate) segment: u64,
    /// Offset in the segment's file, a multiple of [`BLOCK`].
    pub(crate) offset: u64,
}

/// What the next batch must carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    /// Its number.
    pub(crate) batch: u64,
    /// Its first frame's number.
    pub(crate) lsn: u64,
    /// The chain of the frame before it.
    pub(crate) chain: u32,
}

impl Next {
    /// Of an empty log.
    pub(crate) fn first(salt: Salt) -> Next {
        Next {
            batch: 1,
            lsn: 1,
            chain: salt.sum(&[]),
        }
    }
}

/// Collects frames. Headers are written by [`Builder::finish`], when the number of frames is known.
pub(crate) struct Builder {
    start: Start,
    /// Aligned, so that a disk can take them from where they lie.
    bytes: BytesMut,
    frames: Vec<Pending>,
}

struct Pending {
    offset: usize,
    kind: Kind,
    payload_bytes: u32,
    body_bytes: u32,
    payload_sum: u32,
}

/// A body for a frame.
pub(crate) enum FrameBody<'a> {
    None,
    /// These bytes, into the frame itself.
    Here(&'a [u8], Sums),
    /// It lies elsewhere already.
    There(Placed),
}

impl Builder {
    /// `estimate`: about how many bytes it will have. More is no harm, but for a copy.
    pub(crate) fn new(start: Start, estimate: usize) -> Builder {
        Builder {
            start,
            bytes: aligned_room(round_up(estimate, BLOCK as usize)),
            frames: Vec::new(),
        }
    }

    /// The segment that it is made for.
    pub(crate) fn segment(&self) -> u64 {
        self.start.segment
    }

    /// How many frames it has so far.
    pub(crate) fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Adds a written row and answers where its frame and its body lie.
    pub(crate) fn put(
        &mut self,
        space: Space,
        home: &Home,
        row: &Row,
        since: u64,
        value: &[u8],
        body: FrameBody<'_>,
    ) -> (FrameAt, Option<Placed>) {
        let segment = self.start.segment;
        let mut put = |body: &[u8], placed: Option<&Placed>, is_here| {
            self.frame(Kind::Put, body, |payload| {
                frame::encode_put(payload, space, home, row, since, value);
                frame::encode_body(payload, placed, is_here);
            })
        };
        match body {
            FrameBody::None => (put(&[], None, false).0, None),
            FrameBody::There(placed) => (put(&[], Some(&placed), false).0, Some(placed)),
            FrameBody::Here(bytes, sums) => {
                // Where it lies follows from the payload, which does not say it.
                let at = At::Log { segment, offset: 0 };
                let len = bytes.len() as u64;
                let mut placed = Placed { len, at, sums };
                let (frame, offset) = put(bytes, Some(&placed), true);
                placed.at = At::Log { segment, offset };
                (frame, Some(placed))
            }
        }
    }

    /// Adds that a row is deleted, and answers where that stands.
    pub(crate) fn delete(&mut self, space: Space, home: &Home, row: &Row, voids: Span) -> FrameAt {
        self.frame(Kind::Delete, &[], |payload| {
            frame::encode_delete(payload, space, home, row, voids);
        })
        .0
    }

    pub(crate) fn create(&mut self, space: Space) -> FrameAt {
        self.of_space(Kind::Create, space)
    }

    pub(crate) fn seal(&mut self, space: Space) -> FrameAt {
        self.of_space(Kind::Seal, space)
    }

    pub(crate) fn remove(&mut self, space: Space) -> FrameAt {
        self.of_space(Kind::Remove, space)
    }

    /// Says which segments are the log from here on.
    pub(crate) fn segments(&mut self, set: &SegmentSet) -> FrameAt {
        self.frame(Kind::Segments, &[], |payload| payload.raw(&set.encode()))
            .0
    }

    /// Closes the segment. A batch of its own.
    pub(crate) fn end(&mut self) {
        self.frame(Kind::End, &[], |_| {});
    }

    /// The batch's bytes, padded to whole blocks, and what comes after it.
    pub(crate) fn finish(mut self, salt: Salt, mut next: Next) -> (Bytes, Next) {
        let (count, batch_bytes) = (self.frames.len() as u32, self.bytes.len() as u32);
        for (index, pending) in self.frames.iter().enumerate() {
            let mut header = Header {
                kind: pending.kind,
                segment: self.start.segment,
                batch: next.batch,
                lsn: next.lsn,
                index: index as u32,
                count,
                batch_bytes,
                payload_bytes: pending.payload_bytes,
                body_bytes: pending.body_bytes,
                payload_sum: pending.payload_sum,
                chain: 0,
            };
            let encoded = header.encode(salt, next.chain);
            if let Some(into) = self.bytes.get_mut(pending.offset..pending.offset + HEADER_BYTES) {
                into.copy_from_slice(&encoded);
            }
            next.lsn += 1;
            next.chain = header.chain;
        }
        next.batch += 1;
        self.bytes.resize(round_up(self.bytes.len(), BLOCK as usize), 0);
        if !is_aligned(&self.bytes) {
            let mut aligned = aligned_room(self.bytes.len());
            aligned.extend_from_slice(&self.bytes);
            self.bytes = aligned;
        }
        (self.bytes.freeze(), next)
    }

    fn of_space(&mut self, kind: Kind, space: Space) -> FrameAt {
        self.frame(kind, &[], |payload| frame::encode_space(payload, space))
            .0
    }

    /// Answers where the frame lies, and where its body.
    fn frame(&mut self, kind: Kind, body: &[u8], payload: impl FnOnce(&mut BytesMut)) -> (FrameAt, u64) {
        let offset = self.bytes.len();
        let payload_at = offset + HEADER_BYTES;
        self.bytes.resize(payload_at, 0);
        payload(&mut self.bytes);
        let payload = self.bytes.get(payload_at..).unwrap_or_default();
        let (payload_bytes, payload_sum) = (payload.len(), crc32c(payload));
        let body_at = payload_at + payload_bytes;
        self.bytes.extend_from_slice(body);
        self.bytes
            .resize(offset + frame::frame_bytes(payload_bytes, body.len()), 0);
        self.frames.push(Pending {
            offset,
            kind,
            payload_bytes: payload_bytes as u32,
            body_bytes: body.len() as u32,
            payload_sum,
        });
        let frame = FrameAt {
            segment: self.start.segment,
            offset: self.start.offset + offset as u64,
            bytes: frame::frame_bytes(payload_bytes, 0) as u32,
        };
        (frame, self.start.offset + body_at as u64)
    }
}

/// A batch that was read back.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Its records in order, each with the place of its frame.
    pub(crate) records: Vec<(FrameAt, Record)>,
    /// What comes after it.
    pub(crate) next: Next,
    /// Bodies in it that do not match their checksums. Their rows are whole.
    pub(crate) damaged_bodies: usize,
}

/// Length of the batch that this header begins, with its padding; `None` if no batch `next` begins here.
pub(crate) fn padded_bytes(header: &[u8], salt: Salt, start: Start, next: Next) -> Option<usize> {
    let header = Header::parse(header, salt)?;
    let first = header.segment == start.segment && header.batch == next.batch && header.index == 0;
    first.then(|| round_up(header.batch_bytes as usize, BLOCK as usize))
}

/// Reads a batch from exactly its bytes; `None` if it is not whole.
pub(crate) fn parse(bytes: &[u8], salt: Salt, start: Start, mut next: Next) -> Option<Batch> {
    let mut batch = Batch {
        records: Vec::new(),
        next,
        damaged_bodies: 0,
    };
    let first = Header::parse(bytes, salt)?;
    let mut offset = 0;
    for index in 0..first.count {
        let head = bytes.get(offset..)?;
        let header = Header::parse(head, salt)?;
        let expected = header.segment == start.segment
            && (header.batch, header.lsn, header.index) == (next.batch, next.lsn, index)
            && (header.count, header.batch_bytes) == (first.count, first.batch_bytes)
            && header.chain == Header::expected_chain(head, next.chain)?;
        if !expected {
            return None;
        }
        let body_at = HEADER_BYTES.checked_add(header.payload_bytes as usize)?;
        let payload = head.get(HEADER_BYTES..body_at)?;
        let body = head.get(body_at..body_at.checked_add(header.body_bytes as usize)?)?;
        if crc32c(payload) != header.payload_sum {
            return None;
        }
        let here = At::Log {
            segment: start.segment,
            offset: start.offset + (offset + body_at) as u64,
        };
        let record = frame::parse_payload(header.kind, payload, here)?;
        batch.damaged_bodies += usize::from(!body_matches(&record, here, body)?);
        let frame = FrameAt {
            segment: start.segment,
            offset: start.offset + offset as u64,
            bytes: frame::frame_bytes(payload.len(), 0) as u32,
        };
        batch.records.push((frame, record));
        offset += header.frame_bytes();
        (next.lsn, next.chain) = (next.lsn + 1, header.chain);
    }
    next.batch += 1;
    batch.next = next;
    (offset == first.batch_bytes as usize).then_some(batch)
}

/// Whether the frame's own body is right; `None` if the frame contradicts itself.
fn body_matches(record: &Record, here: At, body: &[u8]) -> Option<bool> {
    match record {
        Record::Put {
            body: Some(placed), ..
        } if placed.at == here => (placed.len == body.len() as u64).then(|| {
            body.chunks(LOG_SUM_BYTES)
                .map(crc32c)
                .eq(placed.sums.iter().copied())
        }),
        _ => body.is_empty().then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_engine::Class;
    use countersign_engine::world::random::Seeded;

    const SALT: Salt = Salt(77);
    const START: Start = Start {
        segment: 3,
        offset: 8192,
    };

    fn made() -> (Bytes, Next, Next) {
        let next = Next {
            batch: 9,
            lsn: 40,
            chain: 5,
        };
        let (space, home) = (Space(6), Home(Bytes::from_static(b"home")));
        let row = Row {
            class: Class(2),
            suffix: Bytes::from_static(b"suffix"),
        };
        let body = vec![0xAB; 70_000];
        // Far less than it takes.
        let mut batch = Builder::new(START, 1);
        batch.create(space);
        batch.put(
            space,
            &home,
            &row,
            2,
            b"value",
            FrameBody::Here(&body, crate::format::log_sums(&body)),
        );
        batch.delete(space, &home, &row, Span { first: 1, last: 3 });
        let (bytes, after) = batch.finish(SALT, next);
        (bytes, next, after)
    }

    #[test]
    fn a_batch_is_read_as_it_was_made() {
        let (bytes, next, after) = made();
        assert_eq!(bytes.len() % BLOCK as usize, 0);
        assert!(is_aligned(&bytes), "it grew, and does not lie aligned any more");
        assert_eq!(padded_bytes(&bytes, SALT, START, next), Some(bytes.len()));
        let batch = parse(&bytes, SALT, START, next).unwrap();
        assert_eq!(
            (batch.records.len(), batch.next, batch.damaged_bodies),
            (3, after, 0)
        );
        let (
            frame,
            Record::Put {
                body:
                    Some(Placed {
                        at: At::Log { segment, offset },
                        len,
                        ..
                    }),
                ..
            },
        ) = &batch.records[1]
        else {
            panic!("the second record is {:?}", batch.records[1]);
        };
        let place = (offset - START.offset) as usize;
        assert_eq!((*segment, *len), (3, 70_000));
        assert!(frame.has_body_at(*segment, *offset));
        assert!(!batch.records[0].0.has_body_at(*segment, *offset));
        assert!(!frame.has_body_at(4, *offset));
        assert!(
            bytes[place..place + 70_000].iter().all(|byte| *byte == 0xAB),
            "the body lies elsewhere"
        );
    }

    #[test]
    fn a_batch_is_read_only_where_and_when_it_was_made() {
        let (bytes, next, _) = made();
        let elsewhere = [
            (SALT, START, Next { batch: 10, ..next }),
            (SALT, START, Next { lsn: 41, ..next }),
            (SALT, START, Next { chain: 6, ..next }),
            (SALT, Start { segment: 4, ..START }, next),
            (Salt(78), START, next),
        ];
        for (salt, start, next) in elsewhere {
            assert!(
                parse(&bytes, salt, start, next).is_none(),
                "{salt:?} {start:?} {next:?}"
            );
        }
    }

    #[test]
    fn no_flipped_bit_and_no_cut_goes_unseen() {
        let (bytes, next, _) = made();
        // Everything but the zeros between frames.
        let mut covered = Vec::new();
        let mut used = 0;
        while let Some(header) = Header::parse(&bytes[used..], SALT) {
            let len = HEADER_BYTES + header.payload_bytes as usize + header.body_bytes as usize;
            covered.extend(used..used + len);
            used += header.frame_bytes();
        }
        assert!(covered.len() > 70_000);
        for place in covered
            .iter()
            .take(700)
            .chain(covered.iter().step_by(997))
            .chain(covered.iter().rev().take(300))
        {
            let mut damaged = bytes.to_vec();
            damaged[*place] ^= 4;
            let read = parse(&damaged, SALT, START, next);
            assert!(
                read.is_none_or(|batch| batch.damaged_bodies == 1),
                "a flipped bit at {place} is not seen"
            );
        }
        for len in [0, 1, HEADER_BYTES, BLOCK as usize, used - 8] {
            assert!(
                parse(&bytes[..len], SALT, START, next).is_none(),
                "a batch cut to {len} bytes is whole"
            );
        }
    }

    #[test]
    fn noise_is_no_batch() {
        let mut random = Seeded::new(1);
        for len in 0..300 {
            assert!(parse(&random.bytes(len), SALT, START, Next::first(SALT)).is_none());
        }
    }
}
