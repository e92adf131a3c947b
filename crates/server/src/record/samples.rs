//! Which refusals keep the texts of both sides: of what repeats itself, the first few of each minute.
//!
//! Under a flood the record would otherwise hold the same long texts again and again, in the place of older refusals.
//!
//! Not here: whether a refusal is kept at all. Each is.
//!
//! It keeps true: bounded in what it remembers, whoever sends what.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use countersign_types::Moment;

/// How often each kind of refusal came in this minute.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    minute: i64,
    /// By the hash of cause, access key and client: to count one for another now and then does no harm.
    counts: HashMap<u64, u32>,
    hasher: RandomState,
}

impl Samples {
    /// Counts a refusal; whether its texts are to be kept.
    pub(crate) fn takes(
        &mut self,
        cause: &str,
        access_key_id: Option<&str>,
        client: &str,
        at: Moment,
    ) -> bool {
        let minute = at.millis().div_euclid(MINUTE_MILLIS);
        if minute != self.minute {
            self.minute = minute;
            self.counts.clear();
        }
        let kind = self.hasher.hash_one((cause, access_key_id, client));
        let is_full = self.counts.len() >= KINDS_MAX;
        match self.counts.get_mut(&kind) {
            Some(count) => {
                *count = count.saturating_add(1);
                *count <= TEXTS_A_MINUTE_MAX
            }
            None if is_full => false,
            None => {
                self.counts.insert(kind, 1);
                true
            }
        }
    }
}

/// Refusals of one cause, access key and client whose texts are kept in one minute.
pub(crate) const TEXTS_A_MINUTE_MAX: u32 = 10;
/// Kinds that are told apart in one minute; the texts of more are not kept.
const KINDS_MAX: usize = 128;
const MINUTE_MILLIS: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_kind_in_a_minute_are_taken() {
        let mut samples = Samples::default();
        let minute = Moment::from_seconds(600);
        let mut taken = |client: &str, at: Moment| {
            let takes =
                (0..2 * TEXTS_A_MINUTE_MAX).map(|_| samples.takes("HST-PROXY", Some("A"), client, at));
            takes.filter(|taken| *taken).count()
        };
        let all = TEXTS_A_MINUTE_MAX as usize;
        assert_eq!(taken("curl@::1", minute), all);
        assert_eq!(taken("curl@::1", Moment::from_seconds(659)), 0);
        assert_eq!(taken("boto3@::1", minute), all, "another kind");
        assert_eq!(
            taken("curl@::1", Moment::from_seconds(660)),
            all,
            "another minute"
        );
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut samples = Samples::default();
        let at = Moment::from_seconds(600);
        let clients = (0..10 * KINDS_MAX).map(|n| format!("curl@192.0.2.{n}"));
        let taken = clients
            .filter(|client| samples.takes("none", None, client, at))
            .count();
        assert_eq!((taken, samples.counts.len()), (KINDS_MAX, KINDS_MAX));
    }
}
