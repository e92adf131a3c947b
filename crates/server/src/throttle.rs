//! How much searching for causes one caller, one access key and all callers together can make this server do.
//!
//! Not here: how much a single search may do (that is `diagnose::Budget`), nor the search itself.
//!
//! It keeps true: searching takes a bounded share of one core whatever the flood; a caller that runs out gets a
//! smaller search first and none after that, never a different status code.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How large a search may be now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// Singles and pairs.
    Full,
    /// Singles only.
    Singles,
    /// Only what the request itself shows.
    None,
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

    /// Asks for one search. Loopback callers have no bucket of their own: tests and local work are full of refusals,
    /// and whoever is on this machine can use its cores anyway.
    pub(crate) fn ask(&self, address: IpAddr, access_key_id: &str, now: Instant) -> Allowance {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = address.to_canonical().is_loopback();
        let by_address = is_own || state.by_address.take(address, ADDRESS, now);
        let by_access_key = is_own
            || state
                .by_access_key
                .take(access_key_id.to_owned(), ACCESS_KEY, now);
        state.everybody.fill(EVERYBODY, now);
        match (by_address && by_access_key, state.everybody.tokens) {
            (_, left) if left <= 0.0 => Allowance::None,
            (true, left) if left >= EVERYBODY.burst / 4.0 => Allowance::Full,
            _ => Allowance::Singles,
        }
    }

    /// Says how long a search took.
    pub(crate) fn spent(&self, time: Duration, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.everybody.fill(EVERYBODY, now);
        state.everybody.tokens -= time.as_secs_f64() * 1e6;
    }
}

impl<K: std::hash::Hash + Eq> Buckets<K> {
    fn new(now: Instant) -> Buckets<K> {
        Buckets {
            by_whose: HashMap::new(),
            cleared: now,
        }
    }

    /// Takes one token; false if there is none, or no room for another bucket.
    fn take(&mut self, whose: K, rate: Rate, now: Instant) -> bool {
        if self.by_whose.len() >= BUCKETS_MAX && !self.by_whose.contains_key(&whose) {
            self.clear(rate, now);
            if self.by_whose.len() >= BUCKETS_MAX {
                return false;
            }
        }
        let bucket = self.by_whose.entry(whose).or_insert(Bucket {
            tokens: rate.burst,
            at: now,
        });
        bucket.fill(rate, now);
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
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
/// Searches for one access key.
const ACCESS_KEY: Rate = Rate {
    a_second: 10.0,
    burst: 20.0,
};
/// Microseconds of searching for everybody together: 2 % of one core, with a second's worth saved up.
const EVERYBODY: Rate = Rate {
    a_second: 20_000.0,
    burst: 1_000_000.0,
};
/// How long full buckets may stay when there is no room.
const CLEAR_PAUSE: Duration = Duration::from_secs(1);
/// Most buckets of one kind.
const BUCKETS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const OUTSIDE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn an_address_that_asks_too_often_gets_smaller_searches_until_it_waits() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let ask = |after: u64| throttle.ask(OUTSIDE, "AKID", start + Duration::from_secs(after));
        let granted = (0..100).filter(|_| ask(0) == Allowance::Full).count();
        assert_eq!(granted, 20);
        assert_eq!(ask(0), Allowance::Singles);
        assert_eq!(ask(1), Allowance::Full);
        assert!((0..100).all(|_| throttle.ask(LOOPBACK, "AKID", start) == Allowance::Full));
    }

    #[test]
    fn all_callers_together_spend_a_bounded_share_of_a_core() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let mut searched = Duration::ZERO;
        for millisecond in 0..100_000 {
            let now = start + Duration::from_millis(millisecond);
            if throttle.ask(LOOPBACK, "AKID", now) != Allowance::None {
                throttle.spent(Duration::from_millis(10), now);
                searched += Duration::from_millis(10);
            }
        }
        // 100 s at 2 %, and the burst.
        assert!(searched <= Duration::from_millis(3_100), "{searched:?}");
        assert!(searched >= Duration::from_millis(2_500), "{searched:?}");
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_makes_room_when_it_is_over() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let ask =
            |n: u32, after: u64| throttle.ask(IpAddr::V4(n.into()), "", start + Duration::from_secs(after));
        let kept = || {
            throttle
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .by_address
                .by_whose
                .len()
        };
        for n in 0..30_000 {
            ask(n, 0);
        }
        assert_eq!(kept(), BUCKETS_MAX);
        // All of them have waited long enough to be forgotten.
        assert_eq!(ask(30_000, 10), Allowance::Full);
        assert_eq!(kept(), 1);
    }
}
