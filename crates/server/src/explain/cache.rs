//! Diagnoses of the last minute, so that a client that repeats itself costs nothing.
//!
//! Not here: which diagnoses are worth remembering.
//!
//! It keeps true: a diagnosis is given only for a request that is the same in everything that a search looks at, so nobody gets to
//! see what somebody else's request held; and the memory is bounded in entries, bytes and age.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use countersign_diagnose::Diagnosis;
use sha2::{Digest, Sha256};

use crate::key_memory::Failure;
use crate::refusal::{Refusal, Refused};

/// The diagnoses, oldest first.
#[derive(Default)]
pub(crate) struct Cache {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    entries: VecDeque<Entry>,
    bytes: usize,
}

struct Entry {
    /// What is compared first.
    failure: Failure,
    identity: Identity,
    diagnosis: Arc<Diagnosis>,
    at: Instant,
}

/// The SHA-256 of everything that a search looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity([u8; 32]);

impl Identity {
    /// Whether what is found for a refusal is remembered. Only a mismatch and a token are worth it; other refusals cost one verification,
    /// or a few texts of a chunk, and look at a body.
    pub(super) fn is_kept_for(refused: &Refused) -> bool {
        refused.trace.is_some() || matches!(refused.refusal, Refusal::InvalidToken)
    }

    /// Begins with these parts.
    pub(super) fn of(parts: &[&[u8]]) -> Identity {
        let mut identity = Identity([0; 32]);
        identity.add_all(parts.iter().copied());
        identity
    }

    /// Adds a list of parts. Where one list ends and the next begins is part of it.
    pub(super) fn add_all<'p>(&mut self, parts: impl IntoIterator<Item = &'p [u8]>) {
        let mut hasher = Sha256::new_with_prefix(self.0);
        for part in parts {
            hasher.update(part.len().to_be_bytes());
            hasher.update(part);
        }
        self.0 = hasher.finalize().into();
    }
}

impl Cache {
    /// What was found for the same request. The identity is asked for only where something was for the same failure, so that a request
    /// which is not known costs nothing that grows with it.
    pub(super) fn find(
        &self,
        failure: Failure,
        identity: impl FnOnce() -> Identity,
        now: Instant,
    ) -> Option<Arc<Diagnosis>> {
        let is_known = self.young(failure, now, |_| true).is_some();
        if !is_known {
            return None;
        }
        let identity = identity();
        self.young(failure, now, |known| *known == identity)
    }

    /// The newest first: what was found later says more.
    fn young(
        &self,
        failure: Failure,
        now: Instant,
        is_it: impl Fn(&Identity) -> bool,
    ) -> Option<Arc<Diagnosis>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.entries.iter().rev().find(|entry| {
            let is_young = now.saturating_duration_since(entry.at) < TIME_MAX;
            entry.failure == failure && is_young && is_it(&entry.identity)
        });
        found.map(|entry| Arc::clone(&entry.diagnosis))
    }

    pub(super) fn keep(&self, failure: Failure, identity: Identity, diagnosis: Arc<Diagnosis>, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += diagnosis.bytes();
        kept.entries.push_back(Entry {
            failure,
            identity,
            diagnosis,
            at: now,
        });
        while kept.is_too_much(now) {
            let Some(oldest) = kept.entries.pop_front() else {
                break;
            };
            kept.bytes -= oldest.diagnosis.bytes();
        }
    }
}

impl Kept {
    fn is_too_much(&self, now: Instant) -> bool {
        let oldest = self.entries.front().map(|entry| entry.at);
        let is_old = oldest.is_some_and(|at| now.saturating_duration_since(at) >= TIME_MAX);
        is_old || self.entries.len() > ENTRIES_MAX || self.bytes > BYTES_MAX
    }
}

/// How long a diagnosis is remembered.
const TIME_MAX: Duration = Duration::from_secs(60);
/// Most diagnoses remembered.
const ENTRIES_MAX: usize = 256;
/// Most bytes of memory that they take, about. Most diagnoses have two thousand.
const BYTES_MAX: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use countersign_diagnose::{Budget, Case, DIAGNOSIS_BYTES_MAX, Fault, ServerFacts, Transport, diagnose};
    use countersign_sigv4::{PathRule, Request};

    use super::*;
    use crate::key_memory::KeyMemory;

    /// A diagnosis of about so many bytes.
    fn diagnosis(bytes: usize) -> Arc<Diagnosis> {
        let case = Case {
            request: Request {
                method: "GET",
                path: b"/",
                query: None,
                headers: &[],
            },
            claim: None,
            fault: Fault::UnknownAccessKeyId,
            secret: None,
            rule: PathRule::S3,
            server: &ServerFacts::default(),
            transport: Transport::default(),
            body: None,
            form: None,
        };
        let mut diagnosis = diagnose(&case, Budget::none());
        diagnosis.ruled_out = vec![""; bytes / size_of::<&str>()];
        Arc::new(diagnosis)
    }

    fn identity(number: usize) -> Identity {
        Identity::of(&[&number.to_be_bytes()])
    }

    /// A failure with a number. Which it is says its key here.
    fn failure(memory: &KeyMemory, number: usize) -> Failure {
        let refused = Refused::new(Refusal::UnknownAccessKeyId);
        memory.failure(&number.to_string(), &refused)
    }

    #[test]
    fn a_diagnosis_is_remembered_for_a_minute() {
        let (cache, memory, start) = (Cache::default(), KeyMemory::default(), Instant::now());
        let kept = diagnosis(0);
        let failed = |number| failure(&memory, number);
        cache.keep(failed(1), identity(1), Arc::clone(&kept), start);
        let found = |number, after| cache.find(failed(number), || identity(number), start + after);
        let almost = TIME_MAX - Duration::from_millis(1);
        assert!(found(1, almost).is_some_and(|found| Arc::ptr_eq(&found, &kept)));
        assert!(found(2, almost).is_none());
        assert!(found(1, TIME_MAX).is_none());
    }

    #[test]
    fn a_failure_that_is_known_is_remembered_only_for_the_same_request() {
        let (cache, memory, now) = (Cache::default(), KeyMemory::default(), Instant::now());
        let failed = failure(&memory, 1);
        cache.keep(failed, identity(1), diagnosis(0), now);
        assert!(cache.find(failed, || identity(2), now).is_none());
        // Two requests may fail alike, and each has what was found last for it.
        let (second, newer) = (diagnosis(0), diagnosis(0));
        cache.keep(failed, identity(2), Arc::clone(&second), now);
        cache.keep(failed, identity(1), Arc::clone(&newer), now);
        for (number, kept) in [(1, &newer), (2, &second)] {
            let found = cache.find(failed, || identity(number), now);
            assert!(found.is_some_and(|found| Arc::ptr_eq(&found, kept)), "{number}");
        }
    }

    #[test]
    fn for_a_failure_that_is_not_known_the_request_is_not_even_hashed() {
        let (cache, memory, now) = (Cache::default(), KeyMemory::default(), Instant::now());
        cache.keep(failure(&memory, 1), identity(1), diagnosis(0), now);
        let hash = || unreachable!("nothing is known of it");
        assert!(cache.find(failure(&memory, 2), hash, now).is_none());
        assert!(cache.find(failure(&memory, 1), hash, now + TIME_MAX).is_none());
    }

    #[test]
    fn a_flood_of_diagnoses_takes_bounded_memory_and_the_newest_are_kept() {
        let memory = KeyMemory::default();
        let failed = |number| failure(&memory, number);
        for bytes in [0, 2_000, DIAGNOSIS_BYTES_MAX] {
            let (cache, start) = (Cache::default(), Instant::now());
            for number in 0..3 * ENTRIES_MAX {
                cache.keep(failed(number), identity(number), diagnosis(bytes), start);
            }
            let kept = cache.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let all: usize = kept.entries.iter().map(|entry| entry.diagnosis.bytes()).sum();
            assert_eq!(kept.bytes, all);
            assert!(all <= BYTES_MAX && kept.entries.len() <= ENTRIES_MAX, "{all}");
            assert!(all + DIAGNOSIS_BYTES_MAX > BYTES_MAX || kept.entries.len() == ENTRIES_MAX);
            drop(kept);
            let newest = 3 * ENTRIES_MAX - 1;
            assert!(cache.find(failed(newest), || identity(newest), start).is_some());
            assert!(cache.find(failed(0), || identity(0), start).is_none());
            // What is old goes with the next that comes.
            cache.keep(failed(0), identity(0), diagnosis(0), start + TIME_MAX);
            let kept = cache.kept.lock().unwrap_or_else(PoisonError::into_inner);
            assert_eq!(kept.entries.len(), 1);
        }
    }

    #[test]
    fn requests_are_told_apart_by_where_their_parts_end() {
        let of = |lists: &[&[&[u8]]]| {
            let mut identity = Identity::of(&[]);
            for list in lists {
                identity.add_all(list.iter().copied());
            }
            identity
        };
        let all: [&[&[&[u8]]]; 6] = [
            &[&[b"ab", b"c"]],
            &[&[b"a", b"bc"]],
            &[&[b"abc"]],
            &[&[b"a", b"b", b"c"]],
            &[&[b"ab"], &[b"c"]],
            &[&[b"ab", b"c"], &[]],
        ];
        for (n, one) in all.iter().enumerate() {
            for (m, other) in all.iter().enumerate() {
                assert_eq!(of(one) == of(other), n == m, "{one:?} {other:?}");
            }
        }
    }
}
