//! The real clock, the real randomness and the real threads, handed to everything below as values.
//!
//! Not here: any decision that depends on them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_types::Moment;

/// What requests are timed by. Handed in, so that a request can be judged as it was on the day it was made.
pub trait Clock: Send + Sync + 'static {
    /// What time it is.
    fn now(&self) -> Moment;

    /// How long this thread has kept a processor busy: what a search for causes is measured by.
    fn busy(&self) -> Duration;
}

/// The machine's clock, its random number generator and its threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real;

impl Real {
    /// What time it is.
    pub fn now() -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Unpredictable bytes.
    pub fn random<const N: usize>() -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        bytes
    }
}

impl Clock for Real {
    fn now(&self) -> Moment {
        Real::now()
    }

    /// What a search costs others is processor time; on a busy machine a clock on the wall would end it before it has begun.
    fn busy(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
    }
}

impl countersign_identity::Random for Real {
    fn fill(&self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system gives randomness");
    }
}

impl countersign_store::World for Real {
    fn now(&self) -> Moment {
        Real::now()
    }

    fn random(&self) -> [u8; 16] {
        Real::random()
    }

    fn aside(&self, work: Box<dyn FnOnce() + Send>) {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(work)),
            Err(_) => work(),
        }
    }
}
