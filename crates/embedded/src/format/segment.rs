//! The first block of a segment: which one it is, and what its first batch carries. And the set of segments that are the
//! log, as it stands in frames and in the index.
//!
//! Keeps true: a segment whose header parses belongs behind exactly one log. A set that parses has one form only.

use super::batch::Next;
use super::bytes::{Reader, Write};
use super::{BLOCK, FORMAT_VERSION, Salt, Span};

const MAGIC: [u8; 8] = *b"CSlogseg";
const COVERED_BYTES: usize = 40;

/// The header's fields, in their order on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// The segment's number; one more for each segment of the log, never used twice.
    pub(crate) segment: u64,
    /// What its first batch carries.
    pub(crate) first: Next,
}

impl SegmentHeader {
    /// One block.
    pub(crate) fn encode(&self, salt: Salt) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BLOCK as usize);
        bytes.raw(&MAGIC);
        bytes.u32(FORMAT_VERSION.into());
        bytes.u32(self.first.chain);
        bytes.u64(self.segment);
        bytes.u64(self.first.batch);
        bytes.u64(self.first.lsn);
        let sum = salt.sum(&bytes);
        bytes.u32(sum);
        bytes.resize(BLOCK as usize, 0);
        bytes
    }

    /// Reads a header; `None` if these bytes are none.
    pub(crate) fn parse(bytes: &[u8], salt: Salt) -> Option<SegmentHeader> {
        let (covered, rest) = bytes.split_at_checked(COVERED_BYTES)?;
        let mut read = Reader(covered);
        if Reader(rest).u32()? != salt.sum(covered)
            || read.raw(8)? != MAGIC
            || read.u32()? != FORMAT_VERSION.into()
        {
            return None;
        }
        let chain = read.u32()?;
        let segment = read.u64()?;
        Some(SegmentHeader {
            segment,
            first: Next {
                batch: read.u64()?,
                lsn: read.u64()?,
                chain,
            },
        })
    }
}

/// Numbers of segments, as ranges in ascending order that do not touch. The first number of all is 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SegmentSet(Vec<(u64, u64)>);

impl SegmentSet {
    pub(crate) fn contains(&self, segment: u64) -> bool {
        let behind = self.0.partition_point(|(first, _)| *first <= segment);
        let before = behind.checked_sub(1).and_then(|place| self.0.get(place));
        before.is_some_and(|(_, last)| segment <= *last)
    }

    /// The largest number.
    pub(crate) fn last(&self) -> Option<u64> {
        self.0.last().map(|(_, last)| *last)
    }

    /// In ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Those of a span, in ascending order.
    pub(crate) fn within(&self, span: Span) -> impl Iterator<Item = u64> + '_ {
        let from = self.0.partition_point(|(_, last)| *last < span.first);
        let ranges = self.0.iter().skip(from);
        let ranges = ranges.take_while(move |(first, _)| *first <= span.last);
        ranges.flat_map(move |(first, last)| (*first).max(span.first)..=(*last).min(span.last))
    }

    /// Adds a number that is larger than all others.
    pub(crate) fn append(&mut self, segment: u64) {
        match self.0.last_mut() {
            Some((_, last)) if segment <= *last => debug_assert!(false, "numbers are not used twice"),
            Some((_, last)) if *last + 1 == segment => *last = segment,
            _ => self.0.push((segment, segment)),
        }
    }

    /// Takes a number out, if it is in it.
    pub(crate) fn remove(&mut self, segment: u64) {
        let Some(place) = self
            .0
            .iter()
            .position(|(first, last)| (*first..=*last).contains(&segment))
        else {
            return;
        };
        let (first, last) = self.0.remove(place);
        if segment < last {
            self.0.insert(place, (segment + 1, last));
        }
        if first < segment {
            self.0.insert(place, (first, segment - 1));
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * RANGE_BYTES);
        for (first, last) in &self.0 {
            bytes.u64(*first);
            bytes.u64(*last);
        }
        bytes
    }

    /// Reads a set; `None` if these bytes are none.
    pub(crate) fn parse(bytes: &[u8]) -> Option<SegmentSet> {
        if !bytes.len().is_multiple_of(RANGE_BYTES) {
            return None;
        }
        let mut read = Reader(bytes);
        let mut ranges = Vec::with_capacity(bytes.len() / RANGE_BYTES);
        let mut free_from = 1;
        while !read.is_empty() {
            let (first, last) = (read.u64()?, read.u64()?);
            if first < free_from || last < first {
                return None;
            }
            free_from = last.checked_add(2)?;
            ranges.push((first, last));
        }
        Some(SegmentSet(ranges))
    }
}

const RANGE_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_engine::world::random::Seeded;
    use std::collections::BTreeSet;

    #[test]
    fn a_set_of_segments_is_the_set_of_their_numbers() {
        let mut random = Seeded::new(7);
        let (mut set, mut numbers) = (SegmentSet::default(), BTreeSet::new());
        let mut next = 0;
        for _ in 0..2000 {
            if random.chance(600) {
                next += 1 + random.below(2) as u64;
                set.append(next);
                numbers.insert(next);
            } else {
                let gone = random.below(next as usize + 2) as u64;
                set.remove(gone);
                numbers.remove(&gone);
            }
            assert_eq!(set.last(), numbers.last().copied());
            let first = random.below(next as usize + 2) as u64;
            let last = first + random.below(9) as u64;
            let within: Vec<u64> = set.within(Span { first, last }).collect();
            assert_eq!(within, numbers.range(first..=last).copied().collect::<Vec<_>>());
            let asked = random.below(next as usize + 2) as u64;
            assert_eq!(
                set.contains(asked),
                numbers.contains(&asked),
                "{asked} in {set:?}"
            );
        }
        assert_eq!(set.iter().collect::<BTreeSet<_>>(), numbers);
        assert_eq!(SegmentSet::parse(&set.encode()), Some(set));
    }

    #[test]
    fn a_set_has_one_form() {
        let encoded = |ranges: &[(u64, u64)]| SegmentSet(ranges.to_vec()).encode();
        for wrong in [
            vec![(0, 1)],
            vec![(2, 1)],
            vec![(1, 2), (3, 4)],
            vec![(5, 6), (1, 2)],
            vec![(1, 4), (4, 6)],
            vec![(1, u64::MAX)],
        ] {
            assert_eq!(SegmentSet::parse(&encoded(&wrong)), None, "{wrong:?}");
        }
        assert_eq!(SegmentSet::parse(&encoded(&[(1, 2)])[..15]), None);
        assert_eq!(SegmentSet::parse(&[]), Some(SegmentSet::default()));
    }
}
