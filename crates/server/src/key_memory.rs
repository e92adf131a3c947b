//! What became of the latest requests with each access key, client by client: a small memory that says what is likely where nothing is
//! proven.
//!
//! Also whether a key failed just before, for a search in pairs is made for the second failure only.
//!
//! Not here: what is made of it (`diagnose`), and anything that lasts: it begins empty with each start. Ids that nobody has are never
//! noted, so whoever makes them up fills nothing.
//!
//! It keeps true: bounded in keys and in clients of each; what is old is forgotten first, and of a key the clients that never signed
//! rightly before those that did, so that nobody who has no key can push out what is remembered of those who have.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use countersign_diagnose::{Lately, Outcomes};

use crate::refusal::Refused;

/// What is remembered, by access key id.
#[derive(Debug, Default)]
pub(crate) struct KeyMemory {
    /// There are few, and comparing with some costs less than the hash of one.
    by_key: RwLock<BTreeMap<String, OfKey>>,
    hasher: RandomState,
}

/// One signature that failed: the key, what was sent, and what it was compared over. Two that differ count as one now and then, which does
/// no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure(u64);

/// What is remembered of one key.
#[derive(Debug, Default)]
struct OfKey {
    clients: Vec<OfClient>,
    /// The latest that differ, and the second when each was last seen.
    failures: Mutex<[Option<(Failure, i64)>; FAILURES_KEPT]>,
}

/// Whether a request only asks for something, or brings something along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

impl Kind {
    /// By its method.
    pub(crate) fn of(method: &str) -> Kind {
        match method {
            "PUT" | "POST" => Kind::Write,
            _ => Kind::Read,
        }
    }
}

/// What is remembered of one client with one key. Changed without the lock of the whole, since every request that verifies passes here.
#[derive(Debug)]
struct OfClient {
    address: IpAddr,
    reads: Counted,
    writes: Counted,
    /// How far its clock was off when it last signed a header, in seconds.
    clock: AtomicI64,
    /// When anything was noted last.
    at: AtomicI64,
}

#[derive(Debug)]
struct Counted {
    verified_at: AtomicI64,
    refused: AtomicU32,
}

impl Default for Counted {
    fn default() -> Counted {
        Counted {
            verified_at: AtomicI64::new(NEVER),
            refused: AtomicU32::new(0),
        }
    }
}

impl KeyMemory {
    /// Notes that a request verified; `clock` is how far the client's was off, if the request says so.
    pub(crate) fn verified(&self, key: &str, client: IpAddr, kind: Kind, clock: Option<i64>, now: i64) {
        self.with(key, client, |known| {
            let counted = known.counted(kind);
            let is_known = now - counted.verified_at.load(Ordering::Relaxed) < GRAIN_SECONDS;
            if is_known && counted.refused.load(Ordering::Relaxed) == 0 {
                return;
            }
            counted.verified_at.store(now, Ordering::Relaxed);
            counted.refused.store(0, Ordering::Relaxed);
            if let Some(clock) = clock {
                known.clock.store(clock, Ordering::Relaxed);
            }
            known.at.store(now, Ordering::Relaxed);
        });
    }

    /// Notes that the signature of a request did not match.
    pub(crate) fn refused(&self, key: &str, client: IpAddr, kind: Kind, now: i64) {
        self.with(key, client, |known| {
            let refused = &known.counted(kind).refused;
            let more = refused.load(Ordering::Relaxed).saturating_add(1);
            refused.store(more, Ordering::Relaxed);
            known.at.store(now, Ordering::Relaxed);
        });
    }

    /// The failure of this request.
    pub(crate) fn failure(&self, key: &str, refused: &Refused) -> Failure {
        Failure(self.hasher.hash_one((key, refused.compared())))
    }

    /// Notes a failure of a key that is somebody's.
    pub(crate) fn failed(&self, key: &str, failure: Failure, now: i64) {
        self.with_key(key, |known| known.note(failure, now));
    }

    /// Whether this key failed in the minute before in another way than this. A key whose id is too long to be noted counts as one that did:
    /// nothing is withheld from its owner for it.
    pub(crate) fn has_failed_otherwise(&self, key: &str, failure: Failure, now: i64) -> bool {
        let all = self.by_key.read().unwrap_or_else(PoisonError::into_inner);
        key.len() > KEY_BYTES_MAX || all.get(key).is_some_and(|known| known.has_other(failure, now))
    }

    /// What is remembered of a client and of all others with this key.
    pub(crate) fn of(&self, key: &str, client: IpAddr, now: i64) -> Lately {
        let all = self.by_key.read().unwrap_or_else(PoisonError::into_inner);
        let mut lately = Lately::default();
        for known in all.get(key).into_iter().flat_map(|known| &known.clients) {
            let verified = known.verified_at(now);
            if known.address != client {
                lately.verified_elsewhere = lately.verified_elsewhere.max(verified);
                continue;
            }
            lately.verified_here = verified;
            lately.clock_here = verified.and(some(&known.clock));
            lately.reads = known.reads.outcomes(now);
            lately.writes = known.writes.outcomes(now);
        }
        lately
    }

    fn with(&self, key: &str, client: IpAddr, note: impl Fn(&OfClient)) {
        if key.len() > KEY_BYTES_MAX {
            return;
        }
        let all = self.by_key.read().unwrap_or_else(PoisonError::into_inner);
        let mut clients = all.get(key).into_iter().flat_map(|known| &known.clients);
        if let Some(known) = clients.find(|known| known.address == client) {
            return note(known);
        }
        drop(all);
        self.change(key, |known| note(known.client(client)));
    }

    fn with_key(&self, key: &str, note: impl Fn(&OfKey)) {
        if key.len() > KEY_BYTES_MAX {
            return;
        }
        let all = self.by_key.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(key) {
            return note(known);
        }
        drop(all);
        self.change(key, |known| note(known));
    }

    /// Adds the key if it is not there, and lets go the oldest where there is no room.
    fn change(&self, key: &str, note: impl Fn(&mut OfKey)) {
        let mut all = self.by_key.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEYS_MAX && !all.contains_key(key) {
            forget_oldest(&mut all);
        }
        note(all.entry(key.to_owned()).or_default());
    }
}

impl OfKey {
    /// A client of it. Somebody else may have added it meanwhile.
    fn client(&mut self, address: IpAddr) -> &OfClient {
        let clients = &mut self.clients;
        let known = clients.iter().position(|known| known.address == address);
        let place = known.unwrap_or_else(|| {
            if clients.len() >= CLIENTS_MAX {
                let least = clients.iter().enumerate().min_by_key(|(_, known)| known.worth());
                if let Some((place, _)) = least {
                    clients.remove(place);
                }
            }
            clients.push(OfClient::new(address));
            clients.len() - 1
        });
        clients.get(place).expect("it was found or added there")
    }

    fn note(&self, failure: Failure, now: i64) {
        let mut kept = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |known: &Option<(Failure, i64)>| known.is_some_and(|(known, _)| known == failure);
        let place = kept.iter().position(is_same);
        let seen = |known: &Option<(Failure, i64)>| known.map_or(NEVER, |(_, at)| at);
        let place = place.or_else(|| (0..FAILURES_KEPT).min_by_key(|&place| kept.get(place).map(seen)));
        if let Some(known) = place.and_then(|place| kept.get_mut(place)) {
            *known = Some((failure, now));
        }
    }

    fn has_other(&self, failure: Failure, now: i64) -> bool {
        let kept = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let mut others = kept.iter().flatten().filter(|(known, _)| *known != failure);
        others.any(|(_, at)| now - at < SECOND_FAILURE_SECONDS)
    }

    /// When anything was noted last.
    fn at(&self) -> Option<i64> {
        let clients = self.clients.iter().map(|known| known.at.load(Ordering::Relaxed));
        let kept = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        clients.chain(kept.iter().flatten().map(|(_, at)| *at)).max()
    }
}

impl OfClient {
    fn new(address: IpAddr) -> OfClient {
        OfClient {
            address,
            reads: Counted::default(),
            writes: Counted::default(),
            clock: AtomicI64::new(NEVER),
            at: AtomicI64::new(NEVER),
        }
    }

    fn counted(&self, kind: Kind) -> &Counted {
        match kind {
            Kind::Read => &self.reads,
            Kind::Write => &self.writes,
        }
    }

    fn verified_at(&self, now: i64) -> Option<i64> {
        self.reads.verified_at(now).max(self.writes.verified_at(now))
    }

    /// What goes first has the least.
    fn worth(&self) -> (bool, i64) {
        let has_verified =
            some(&self.reads.verified_at).is_some() || some(&self.writes.verified_at).is_some();
        (has_verified, self.at.load(Ordering::Relaxed))
    }
}

impl Counted {
    fn verified_at(&self, now: i64) -> Option<i64> {
        some(&self.verified_at).filter(|at| now - at <= AGE_SECONDS_MAX)
    }

    fn outcomes(&self, now: i64) -> Outcomes {
        Outcomes {
            has_verified: self.verified_at(now).is_some(),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

fn forget_oldest(all: &mut BTreeMap<String, OfKey>) {
    let oldest = all.iter().min_by_key(|(_, known)| known.at());
    if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
        all.remove(&oldest);
    }
}

fn some(value: &AtomicI64) -> Option<i64> {
    Some(value.load(Ordering::Relaxed)).filter(|value| *value != NEVER)
}

/// No moment, and no difference of clocks. Far enough from the end that differences to it can be taken.
const NEVER: i64 = i64::MIN / 2;
/// A client that goes on as before is noted once in so many seconds.
const GRAIN_SECONDS: i64 = 10;
/// How long it counts that something verified.
const AGE_SECONDS_MAX: i64 = 86_400;
/// How long after one failure of a key another counts as its second.
const SECOND_FAILURE_SECONDS: i64 = 60;
/// Failures of one key that are told apart: for any of them there is another.
const FAILURES_KEPT: usize = 2;
/// Most keys.
const KEYS_MAX: usize = 1_024;
/// Most clients of one key.
const CLIENTS_MAX: usize = 8;
/// The id of a longer key is not noted. The operator's own may be of any length.
const KEY_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOW: i64 = 1_000_000;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(n))
    }

    #[test]
    fn a_client_is_told_from_others_with_the_same_key() {
        let memory = KeyMemory::default();
        memory.verified("AKID", address(1), Kind::Read, Some(-3), NOW);
        memory.refused("AKID", address(1), Kind::Write, NOW + 1);
        memory.refused("AKID", address(1), Kind::Write, NOW + 2);
        let here = memory.of("AKID", address(1), NOW + 60);
        assert_eq!((here.verified_here, here.clock_here), (Some(NOW), Some(-3)));
        assert_eq!(here.verified_elsewhere, None);
        let outcomes = |has_verified, refused| Outcomes {
            has_verified,
            refused,
        };
        assert_eq!((here.reads, here.writes), (outcomes(true, 0), outcomes(false, 2)));
        let other = memory.of("AKID", address(2), NOW + 60);
        assert_eq!((other.verified_here, other.verified_elsewhere), (None, Some(NOW)));
        assert_eq!(
            (other.reads, other.writes),
            (outcomes(false, 0), outcomes(false, 0))
        );
        assert_eq!(memory.of("OTHER", address(1), NOW), Lately::default());
    }

    #[test]
    fn what_verifies_ends_the_row_of_refusals_and_is_forgotten_with_time() {
        let memory = KeyMemory::default();
        memory.verified("AKID", address(1), Kind::Read, None, NOW);
        memory.refused("AKID", address(1), Kind::Read, NOW);
        // Within the grain, too.
        memory.verified("AKID", address(1), Kind::Read, None, NOW + 1);
        let lately = memory.of("AKID", address(1), NOW + 1);
        assert_eq!((lately.reads.refused, lately.verified_here), (0, Some(NOW + 1)));
        memory.verified("AKID", address(1), Kind::Read, None, NOW + GRAIN_SECONDS);
        assert_eq!(memory.of("AKID", address(1), NOW).verified_here, Some(NOW + 1));
        memory.verified("AKID", address(1), Kind::Read, None, NOW + 1 + GRAIN_SECONDS);
        let last = NOW + 1 + GRAIN_SECONDS;
        assert_eq!(
            memory
                .of("AKID", address(1), last + AGE_SECONDS_MAX)
                .verified_here,
            Some(last)
        );
        let later = memory.of("AKID", address(1), last + AGE_SECONDS_MAX + 1);
        assert_eq!((later.verified_here, later.reads.has_verified), (None, false));
    }

    #[test]
    fn keys_and_clients_are_bounded_and_who_signed_rightly_stays() {
        let memory = KeyMemory::default();
        memory.verified("AKID", address(0), Kind::Read, None, NOW);
        for n in 1..100 {
            memory.refused("AKID", address(n), Kind::Read, NOW + i64::from(n));
        }
        let clients = || {
            memory
                .by_key
                .read()
                .expect("nobody panics")
                .get("AKID")
                .map(|known| known.clients.len())
        };
        assert_eq!(clients(), Some(CLIENTS_MAX));
        assert_eq!(
            memory.of("AKID", address(99), NOW + 100).verified_elsewhere,
            Some(NOW)
        );
        for n in 0..2 * KEYS_MAX {
            let at = NOW + 100 + i64::try_from(n).expect("small");
            memory.verified(&format!("KEY{n}"), address(0), Kind::Read, None, at);
        }
        assert_eq!(memory.by_key.read().expect("nobody panics").len(), KEYS_MAX);
        assert_eq!(memory.of("KEY0", address(0), NOW), Lately::default());
        let newest = format!("KEY{}", 2 * KEYS_MAX - 1);
        assert!(memory.of(&newest, address(0), NOW).verified_here.is_some());
        let long = "K".repeat(KEY_BYTES_MAX + 1);
        memory.verified(&long, address(0), Kind::Read, None, NOW);
        assert_eq!(memory.of(&long, address(0), NOW), Lately::default());
    }

    #[test]
    fn only_another_failure_of_the_same_key_within_a_minute_is_its_second() {
        let memory = KeyMemory::default();
        let (first, second) = (Failure(1), Failure(2));
        let has = |key, failure, now| memory.has_failed_otherwise(key, failure, now);
        assert!(!has("AKID", first, NOW));
        memory.failed("AKID", first, NOW);
        memory.failed("AKID", first, NOW + 1);
        assert!(!has("AKID", first, NOW + 1), "the same one, repeated");
        assert!(has("AKID", second, NOW + 1));
        assert!(!has("OTHER", second, NOW + 1));
        assert!(has("AKID", second, NOW + SECOND_FAILURE_SECONDS));
        assert!(!has("AKID", second, NOW + 1 + SECOND_FAILURE_SECONDS));
        // The one that is repeated counts as seen again, and of three the oldest goes.
        memory.failed("AKID", second, NOW + 2);
        memory.failed("AKID", first, NOW + 3);
        memory.failed("AKID", Failure(3), NOW + 4);
        assert!(has("AKID", Failure(3), NOW + 2 + SECOND_FAILURE_SECONDS));
        assert!(has("AKID", first, NOW + 3 + SECOND_FAILURE_SECONDS));
        assert!(!has("AKID", Failure(3), NOW + 3 + SECOND_FAILURE_SECONDS));
    }

    #[test]
    fn a_key_whose_id_is_too_long_to_be_noted_counts_as_one_that_failed_before() {
        let memory = KeyMemory::default();
        let long = "K".repeat(KEY_BYTES_MAX + 1);
        memory.failed(&long, Failure(1), NOW);
        assert!(memory.by_key.read().expect("nobody panics").is_empty());
        assert!(memory.has_failed_otherwise(&long, Failure(1), NOW));
    }

    #[test]
    fn what_carries_something_is_a_write() {
        for (method, kind) in [
            ("GET", Kind::Read),
            ("HEAD", Kind::Read),
            ("DELETE", Kind::Read),
            ("PUT", Kind::Write),
            ("POST", Kind::Write),
        ] {
            assert_eq!(Kind::of(method), kind, "{method}");
        }
    }
}
