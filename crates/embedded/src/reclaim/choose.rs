//! Which segments are dead, and which one is compacted next.
//!
//! Not here: doing it. Everything in this file is computed from what is known of the segments.
//!
//! Keeps true: a segment is dead only if no row and no space needs anything of it, and no put is left anywhere that one of
//! its deletes makes void.

use super::ledger::Ledger;
use crate::format::ledger::SegmentNote;
use crate::format::segment::SegmentSet;
use std::collections::{BTreeMap, BTreeSet};

/// What the choice rests on.
#[derive(Clone, Copy)]
pub(crate) struct Closed<'a> {
    /// What is known of the segments.
    pub(crate) ledger: &'a Ledger,
    /// The segments that are the log.
    pub(crate) set: &'a SegmentSet,
    /// Segments before this one take no more batches.
    pub(crate) active: u64,
}

/// What is compacted next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// The segment.
    pub(crate) segment: u64,
    /// Where its last batch ends.
    pub(crate) end: u64,
    /// True if it must not take its time: little space is left, or far more is dead than live.
    pub(crate) hurry: bool,
}

impl Closed<'_> {
    /// Segments that nothing needs. Of `compacted`, all that was needed was written again, its deletes too.
    pub(crate) fn dead(&self, compacted: Option<u64>) -> BTreeSet<u64> {
        let is_live = |segment: &u64| self.ledger.note(*segment).live == 0;
        let mut dead: BTreeSet<u64> = self.numbers().filter(is_live).collect();
        loop {
            // They go together, so what only they hold needs no deletes any more.
            let needed = dead.iter().find(|segment| {
                Some(**segment) != compacted && self.needs_deletes(**segment, |other| dead.contains(&other))
            });
            match needed.copied() {
                Some(needed) => dead.remove(&needed),
                None => return dead,
            };
        }
    }

    /// The segment whose compaction gives back most for the least; `None` if none is worth it. `tried`: what was known
    /// of segments when they could not be emptied. `shortage`: of space, in hundredths. `room`: no more bytes may be written
    /// for it.
    pub(crate) fn job(
        &self,
        dead: &BTreeSet<u64>,
        tried: &BTreeMap<u64, SegmentNote>,
        shortage: u64,
        room: u64,
    ) -> Option<Job> {
        let percent_max = PERCENT_MAX + SHORT_PERCENT_MORE * shortage.min(100) / 100;
        let (mut total, mut needed, mut deletes) = (0, 0, 0);
        let mut oldest = None;
        let mut least = None;
        for segment in self.numbers().filter(|segment| !dead.contains(segment)) {
            let note = self.ledger.note(segment);
            let its_deletes = if self.needs_deletes(segment, |other| dead.contains(&other)) {
                note.deletes
            } else {
                0
            };
            let its_needed = note.live.max(0).cast_unsigned() + its_deletes;
            total += note.total;
            needed += its_needed;
            deletes += its_deletes;
            if note.total == 0 || its_needed > room || tried.get(&segment) == Some(&note) {
                continue;
            }
            oldest = oldest.or(Some(segment));
            let percent = its_needed.saturating_mul(100) / note.total;
            if percent <= percent_max && least.is_none_or(|(least, _)| percent < least) {
                least = Some((percent, segment));
            }
        }
        // Deletes go only when the puts go that they make void, and those lie in the oldest segments.
        let is_full_of_deletes = deletes.saturating_mul(100) > total.saturating_mul(DELETES_PERCENT_MAX);
        let segment = match (least, is_full_of_deletes) {
            (Some((_, segment)), _) => segment,
            (None, true) => oldest?,
            (None, false) => return None,
        };
        Some(Job {
            segment,
            end: self.ledger.note(segment).total,
            hurry: shortage > 0 || total > needed.saturating_mul(2).saturating_add(HURRY_BYTES),
        })
    }

    fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.set.iter().take_while(|segment| *segment < self.active)
    }

    fn needs_deletes(&self, segment: u64, goes: impl Fn(u64) -> bool) -> bool {
        let voids = self.ledger.note(segment).voids;
        voids.is_some_and(|voids| {
            self.set
                .within(voids)
                .any(|other| other != segment && !goes(other))
        })
    }
}

/// True if compacting a closed segment, or giving it up, may be worth it; for asking often.
pub(crate) fn is_promising(note: &SegmentNote) -> bool {
    let live = note.live.max(0).cast_unsigned();
    note.total > 0 && live.saturating_mul(100) <= note.total.saturating_mul(PERCENT_MAX)
}

/// A segment is compacted if at most so much of it is needed.
const PERCENT_MAX: u64 = 50;
/// The less space is left, the more of it may be needed, by up to so much.
const SHORT_PERCENT_MORE: u64 = 40;
/// If deletes that are needed are more than this of all closed segments, the oldest segment is compacted, whatever it
/// holds: else the log could fill with deletes that nobody can drop.
const DELETES_PERCENT_MAX: u64 = 25;
/// So much more than is needed may be dead before compaction takes no more care not to disturb.
const HURRY_BYTES: u64 = 1024 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Span;

    /// Total, live, deletes, and what those make void.
    type Note = (u64, i64, u64, Option<(u64, u64)>);

    /// Segments in order from 1. The one behind them is active.
    fn check(notes: &[Note], compacted: Option<u64>, dead: &[u64], job: Option<u64>) {
        let mut ledger = Ledger::default();
        let mut set = SegmentSet::default();
        for (segment, (total, live, deletes, voids)) in (1..).zip(notes) {
            let voids = voids.map(|(first, last)| Span { first, last });
            let (total, live, deletes) = (*total, *live, *deletes);
            let note = SegmentNote {
                total,
                live,
                deletes,
                voids,
            };
            ledger.take(&[(segment, note)]);
            if total > 0 {
                set.append(segment);
            }
        }
        let active = notes.len() as u64 + 1;
        set.append(active);
        let closed = Closed {
            ledger: &ledger,
            set: &set,
            active,
        };
        assert_eq!(
            closed.dead(compacted),
            dead.iter().copied().collect(),
            "dead of {notes:?}"
        );
        let chosen = closed.job(&closed.dead(compacted), &BTreeMap::new(), 0, u64::MAX);
        let chosen = chosen.map(|job| job.segment);
        assert_eq!(chosen, job, "next of {notes:?}");
    }

    #[test]
    fn a_segment_is_dead_without_live_bytes_and_needed_deletes() {
        check(&[(100, 0, 0, None)], None, &[1], None);
        check(&[(100, 60, 0, None)], None, &[], None);
        check(
            &[(100, 60, 0, None), (100, 0, 9, Some((1, 2)))],
            None,
            &[],
            Some(2),
        );
        check(&[(100, 60, 0, None), (100, 0, 9, Some((2, 2)))], None, &[2], None);
        check(
            &[(100, 60, 0, None), (100, 0, 9, Some((1, 2)))],
            Some(2),
            &[2],
            None,
        );
    }

    #[test]
    fn segments_that_need_only_each_other_go_together() {
        let both = [(100, 0, 0, None), (100, 0, 50, Some((1, 2)))];
        check(&both, None, &[1, 2], None);
        let chain = [
            (100, 60, 0, None),
            (100, 0, 5, Some((1, 1))),
            (100, 0, 5, Some((2, 2))),
        ];
        check(&chain, None, &[], Some(2));
        let gone = [(0, 0, 0, None), (100, 0, 5, Some((1, 1)))];
        check(&gone, None, &[2], None);
    }

    #[test]
    fn the_segment_with_the_least_share_is_next_and_the_oldest_if_deletes_pile_up() {
        check(&[(100, 50, 0, None), (100, 40, 0, None)], None, &[], Some(2));
        check(
            &[(100, 51, 0, None), (100, 40, 11, Some((1, 1)))],
            None,
            &[],
            None,
        );
        check(
            &[(100, 90, 0, None), (100, 0, 90, Some((1, 1)))],
            None,
            &[],
            Some(1),
        );
    }

    #[test]
    fn what_could_not_be_emptied_is_not_tried_again_before_it_changed() {
        let mut ledger = Ledger::default();
        let note = |live| SegmentNote {
            total: 100,
            live,
            ..SegmentNote::default()
        };
        ledger.take(&[(1, note(10))]);
        let mut set = SegmentSet::default();
        (1..=2).for_each(|number| set.append(number));
        let tried = BTreeMap::from([(1, note(10))]);
        let choose = |ledger: &Ledger, shortage| {
            let closed = Closed {
                ledger,
                set: &set,
                active: 2,
            };
            closed.job(&BTreeSet::new(), &tried, shortage, u64::MAX)
        };
        assert_eq!(choose(&ledger, 100), None);
        ledger.take(&[(1, note(80))]);
        assert_eq!(choose(&ledger, 0), None);
        assert_eq!(choose(&ledger, 50), None);
        assert!(choose(&ledger, 100).is_some_and(|job| job.hurry));
    }
}
