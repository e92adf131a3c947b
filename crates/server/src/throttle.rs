//! How much searching for causes one caller, one access key and all callers together can make this server do.
//!
//! Not here: how much a single search may do (that is `diagnose::Budget`), nor the search itself.
//!
//! It keeps true: searching takes a bounded share of one core whatever the flood; a caller that runs out gets a
//! smaller search first and none after that, never a different status code; and one caller alone cannot use up what is there
//! for all of them.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How large a search may be now, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Allowance {
    /// Only what the request itself shows.
    None,
    /// Singles only.
    Singles,
    /// Singles and pairs.
    Full,
}

/// Who asks for a search.
pub(crate) struct Asker<'a> {
    /// The client's address as far as it can be trusted.
    pub(crate) address: IpAddr,
    /// The key whose secret would be tried.
    pub(crate) access_key_id: &'a str,
    /// Whether the client runs on this machine. It has no buckets of its own: tests and local work are full of refusals, and whoever is
    /// on this machine can use its cores anyway.
    pub(crate) is_own: bool,
}

/// The token buckets.
#[derive(Debug)]
pub(crate) struct Throttle {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    by_address: Buckets<IpAddr>,
    by_access_key: Buckets<String>,
    /// In microseconds of searching.
    everybody: Bucket,
}

/// The buckets of one kind.
#[derive(Debug)]
struct Buckets<K> {
    by_whose: HashMap<K, Bucket>,
    /// When full ones were last thrown away; looking for them costs, so a flood must not make us look each time.
    cleared: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// How a kind of bucket fills.
#[derive(Clone, Copy)]
struct Rate {
    a_second: f64,
    burst: f64,
}

impl Throttle {
    /// Full buckets.
    pub(crate) fn new(now: Instant) -> Throttle {
        let everybody = Bucket {
            tokens: EVERYBODY.burst,
            at: now,
        };
        Throttle {
            state: Mutex::new(State {
                by_address: Buckets::new(now),
                by_access_key: Buckets::new(now),
                everybody,
            }),
        }
    }

    /// Asks for one search.
    pub(crate) fn ask(&self, asker: &Asker<'_>, now: Instant) -> Allowance {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.everybody.fill(EVERYBODY, now);
        let left = state.everybody.tokens;
        let of_everybody = match left {
            left if left <= 0.0 => return Allowance::None,
            left if left < EVERYBODY.burst * FULL_SHARE => Allowance::Singles,
            _ => Allowance::Full,
        };
        if asker.is_own {
            return of_everybody;
        }
        let by_address = state.by_address.take(&network(asker.address), ADDRESS, now);
        // A search that the address does not get takes nothing from others who use the key.
        if by_address == Allowance::None {
            return Allowance::None;
        }
        let by_access_key = state.by_access_key.take(asker.access_key_id, ACCESS_KEY, now);
        of_everybody.min(by_address).min(by_access_key)
    }

    /// Says how long a search took.
    pub(crate) fn spent(&self, time: Duration, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.everybody.fill(EVERYBODY, now);
        state.everybody.tokens -= time.as_secs_f64() * 1e6;
    }
}

/// Whose address it is: of version 6 everybody has a whole network of the first 64 bits to choose addresses from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(now: Instant) -> Buckets<K> {
        Buckets {
            by_whose: HashMap::new(),
            cleared: now,
        }
    }

    /// Takes one token. Whoever has none left may owe as many as a bucket holds, and gets smaller searches for them; whoever owes
    /// so many gets none. Where there is no room for another bucket there is none to take from either.
    fn take<Q>(&mut self, whose: &Q, rate: Rate, now: Instant) -> Allowance
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(bucket) = self.by_whose.get_mut(whose) {
            return bucket.take(rate, now);
        }
        if self.by_whose.len() >= BUCKETS_MAX {
            self.clear(rate, now);
            if self.by_whose.len() >= BUCKETS_MAX {
                return Allowance::Singles;
            }
        }
        let mut bucket = Bucket {
            tokens: rate.burst,
            at: now,
        };
        let taken = bucket.take(rate, now);
        self.by_whose.insert(whose.to_owned(), bucket);
        taken
    }

    /// Throws away what says nothing that a new bucket would not: the full ones.
    fn clear(&mut self, rate: Rate, now: Instant) {
        if now.saturating_duration_since(self.cleared) < CLEAR_PAUSE {
            return;
        }
        self.cleared = now;
        self.by_whose.retain(|_, bucket| {
            bucket.fill(rate, now);
            bucket.tokens < rate.burst
        });
    }
}

impl Bucket {
    fn take(&mut self, rate: Rate, now: Instant) -> Allowance {
        self.fill(rate, now);
        let allowance = match self.tokens {
            tokens if tokens >= 1.0 => Allowance::Full,
            tokens if tokens >= 1.0 - rate.burst => Allowance::Singles,
            _ => return Allowance::None,
        };
        self.tokens -= 1.0;
        allowance
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * rate.a_second).min(rate.burst);
        self.at = now;
    }
}

/// Searches of one address.
const ADDRESS: Rate = Rate {
    a_second: 5.0,
    burst: 20.0,
};
/// Searches for one access key: twice what one address gets, so that nobody who knows an id alone uses up what its owner needs.
const ACCESS_KEY: Rate = Rate {
    a_second: 10.0,
    burst: 40.0,
};
/// Microseconds of searching for everybody together: 2 % of one core, and what was saved up of it meanwhile, a second at most.
const EVERYBODY: Rate = Rate {
    a_second: 20_000.0,
    burst: 1_000_000.0,
};
/// With less than this share of it left there are smaller searches only, so that many get some answer.
const FULL_SHARE: f64 = 0.25;
/// How long full buckets may stay when there is no room.
const CLEAR_PAUSE: Duration = Duration::from_secs(1);
/// Most buckets of one kind.
const BUCKETS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const OUTSIDE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn asker(address: IpAddr, access_key_id: &str) -> Asker<'_> {
        Asker {
            address,
            access_key_id,
            is_own: false,
        }
    }

    fn own() -> Asker<'static> {
        Asker {
            is_own: true,
            ..asker(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), "AKID")
        }
    }

    #[test]
    fn an_address_that_asks_too_often_gets_smaller_searches_and_then_none() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let ask = |after: u64| throttle.ask(&asker(OUTSIDE, "AKID"), start + Duration::from_secs(after));
        let granted: Vec<Allowance> = (0..100).map(|_| ask(0)).collect();
        let count = |of| granted.iter().filter(|allowance| **allowance == of).count();
        assert_eq!((count(Allowance::Full), count(Allowance::Singles)), (20, 20));
        assert!(granted.is_sorted_by(|a, b| a >= b), "{granted:?}");
        // What is owed is paid off first: five a second, smaller ones, until all of it is.
        let later: Vec<Allowance> = (0..10).map(|_| ask(1)).collect();
        assert_eq!(later.iter().filter(|a| **a == Allowance::Singles).count(), 5);
        assert!(!later.contains(&Allowance::Full));
        assert_eq!(ask(60), Allowance::Full);
        assert!((0..100).all(|_| throttle.ask(&own(), start) == Allowance::Full));
    }

    #[test]
    fn all_addresses_of_a_network_of_version_6_count_as_one() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let ask = |network: u16, host: u16| {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, host);
            let access_key_id = format!("AKID{host}");
            throttle.ask(&asker(address.into(), &access_key_id), start)
        };
        let granted = (0..100).filter(|host| ask(1, *host) == Allowance::Full).count();
        assert_eq!(granted, 20);
        assert_eq!(ask(2, 100), Allowance::Full);
    }

    #[test]
    fn a_key_that_is_asked_for_from_everywhere_gets_twice_what_one_address_gets() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let ask = |n: u32, after: u64| {
            throttle.ask(
                &asker(IpAddr::V4(n.into()), "AKID"),
                start + Duration::from_secs(after),
            )
        };
        let granted = (0..100)
            .map(|n| ask(n, 0))
            .filter(|a| *a != Allowance::None)
            .count();
        assert_eq!(granted, 80);
        let granted = (0..100)
            .map(|n| ask(n, 1))
            .filter(|a| *a != Allowance::None)
            .count();
        assert_eq!(granted, 10);
    }

    #[test]
    fn all_callers_together_spend_a_bounded_share_of_a_core() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let mut searched = Duration::ZERO;
        for millisecond in 0..100_000 {
            let now = start + Duration::from_millis(millisecond);
            if throttle.ask(&own(), now) != Allowance::None {
                throttle.spent(Duration::from_millis(10), now);
                searched += Duration::from_millis(10);
            }
        }
        // 100 s at 2 %, and the burst.
        assert!(searched <= Duration::from_millis(3_100), "{searched:?}");
        assert!(searched >= Duration::from_millis(2_500), "{searched:?}");
    }

    #[test]
    fn one_address_alone_leaves_searches_to_the_others() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        // It asks a thousand times a second for searches as dear as there are, with a key of its own each time.
        for millisecond in 0..100_000u64 {
            let now = start + Duration::from_millis(millisecond);
            let cost = match throttle.ask(&asker(OUTSIDE, &format!("AKID{millisecond}")), now) {
                Allowance::None => continue,
                Allowance::Singles => Duration::from_millis(1),
                Allowance::Full => Duration::from_millis(10),
            };
            throttle.spent(cost, now);
        }
        let now = start + Duration::from_secs(100);
        assert_eq!(throttle.ask(&asker(ELSEWHERE, "AKID"), now), Allowance::Full);
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_makes_room_when_it_is_over() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let ask = |n: u32, after: u64| {
            let access_key_id = format!("AKID{n}");
            throttle.ask(
                &asker(IpAddr::V4(n.into()), &access_key_id),
                start + Duration::from_secs(after),
            )
        };
        let kept = || {
            let state = throttle.state.lock().unwrap_or_else(PoisonError::into_inner);
            (
                state.by_address.by_whose.len(),
                state.by_access_key.by_whose.len(),
            )
        };
        for n in 0..30_000 {
            // Whoever comes when there is no room gets something all the same.
            assert_ne!(ask(n, 0), Allowance::None);
        }
        assert_eq!(kept(), (BUCKETS_MAX, BUCKETS_MAX));
        // All of them have waited long enough to be forgotten.
        assert_eq!(ask(30_000, 10), Allowance::Full);
        assert_eq!(kept(), (1, 1));
    }
}
