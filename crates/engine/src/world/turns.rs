//! One thread that runs everything by turns, in an order that a seed decides: the callers, and the loops that an engine
//! has threads of its own for otherwise.
//!
//! Not here: files ([`super::sim`]), and any real time. The clock of these turns moves when a turn is taken, and jumps
//! when everybody waits.
//!
//! Keeps true: the same seed and the same work give the same turns, and [`Turns::trace`] says so in one number. Work
//! that never ends by itself ends with the [`Turns`].

use super::random::Seeded;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes the turns. When it is dropped, all work that has not ended is dropped where it stands, as by a kill.
pub struct Turns(Table);

/// Starts work and waits, from within. Clones are of the same turns.
#[derive(Clone)]
pub struct Table(Arc<Mutex<State>>);

struct State {
    random: Seeded,
    /// What has not ended; `None` while it has its turn. Number 0 is who runs the turns.
    work: BTreeMap<u64, Option<Work>>,
    ready: Vec<u64>,
    /// Who pauses until when.
    pausing: BTreeSet<(Duration, u64)>,
    wakers: BTreeMap<u64, Waker>,
    now: Duration,
    next_id: u64,
    trace: u64,
}

impl Turns {
    /// Nobody is at work yet.
    pub fn new(seed: u64) -> Turns {
        Turns(Table(Arc::new(Mutex::new(State {
            random: Seeded::new(seed),
            work: BTreeMap::new(),
            ready: Vec::new(),
            pausing: BTreeSet::new(),
            wakers: BTreeMap::new(),
            now: Duration::ZERO,
            next_id: FIRST + 1,
            trace: 0,
        }))))
    }

    /// For those who take turns.
    pub fn table(&self) -> Table {
        self.0.clone()
    }

    /// Lets all work take turns until `first` is done. `None` if it waits for something that will never come.
    pub fn run<T>(&self, first: impl Future<Output = T>) -> Option<T> {
        let mut first = pin!(first);
        self.0.ready(FIRST);
        loop {
            let id = self.0.choose()?;
            let waker = Waker::from(Arc::new(Ready(self.0.clone(), id)));
            let mut context = Context::from_waker(&waker);
            if id == FIRST {
                if let Poll::Ready(done) = first.as_mut().poll(&mut context) {
                    return Some(done);
                }
                continue;
            }
            let taken = self.0.state().work.get_mut(&id).and_then(Option::take);
            // Woken, and ended since.
            let Some(mut work) = taken else { continue };
            let ended = work.as_mut().poll(&mut context).is_ready();
            let mut state = self.0.state();
            if ended {
                state.work.remove(&id);
            } else {
                state.work.insert(id, Some(work));
            }
        }
    }

    /// Stands for every choice so far.
    pub fn trace(&self) -> u64 {
        self.0.state().trace
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        let mut state = self.0.state();
        let (work, wakers) = (std::mem::take(&mut state.work), std::mem::take(&mut state.wakers));
        // What is dropped may want to start something.
        drop(state);
        drop((work, wakers));
        self.0.state().work.clear();
    }
}

impl Table {
    /// Starts work.
    pub fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.state();
        let id = state.next_id;
        state.next_id += 1;
        state.work.insert(id, Some(Box::pin(work)));
        state.ready.push(id);
    }

    /// Lets somebody else have a turn, or several, or none.
    pub fn turn(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut is_first = true;
        std::future::poll_fn(move |context| {
            if std::mem::take(&mut is_first) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
    }

    /// Waits by the clock of these turns.
    pub fn pause(&self, time: Duration) -> impl Future<Output = ()> + Send + 'static {
        let mut state = self.state();
        state.next_id += 1;
        Pause {
            table: self.clone(),
            until: state.now + time,
            id: state.next_id - 1,
        }
    }

    /// The time by the clock of these turns.
    pub fn now(&self) -> Duration {
        self.state().now
    }

    /// A number that the seed decides.
    pub fn number(&self) -> u64 {
        self.state().random.number()
    }

    /// Makes something that happened a part of the trace.
    pub fn note(&self, what: &[u8]) {
        let mut state = self.state();
        what.iter().for_each(|byte| state.fold(u64::from(*byte)));
    }

    fn ready(&self, id: u64) {
        let mut state = self.state();
        if !state.ready.contains(&id) {
            state.ready.push(id);
        }
    }

    /// Whose turn it is.
    fn choose(&self) -> Option<u64> {
        let mut state = self.state();
        state.now += A_TURN;
        if state.ready.is_empty() {
            let until = state.pausing.first()?.0;
            state.now = state.now.max(until);
        }
        let now = state.now;
        let mut woken = Vec::new();
        while state.pausing.first().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, pause)) = state.pausing.pop_first() {
                woken.extend(state.wakers.remove(&pause));
            }
        }
        // Waking takes the state.
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        let mut state = self.state();
        let count = state.ready.len();
        let chosen = state.random.below(count);
        let id = (chosen < count).then(|| state.ready.swap_remove(chosen))?;
        state.fold(id);
        Some(id)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// FNV-1a, over numbers instead of bytes.
    fn fold(&mut self, number: u64) {
        self.trace = (self.trace ^ number)
            .wrapping_mul(0x0000_0100_0000_01B3)
            .rotate_left(7);
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Table")
    }
}

/// Makes somebody ready for a turn.
struct Ready(Table, u64);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.ready(self.1);
    }
}

struct Pause {
    table: Table,
    until: Duration,
    id: u64,
}

impl Future for Pause {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.table.state();
        if self.until <= state.now {
            return Poll::Ready(());
        }
        state.pausing.insert((self.until, self.id));
        state.wakers.insert(self.id, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        let mut state = self.table.state();
        state.pausing.remove(&(self.until, self.id));
        let waker = state.wakers.remove(&self.id);
        drop(state);
        drop(waker);
    }
}

/// Who runs the turns.
const FIRST: u64 = 0;
/// How far a turn moves the clock.
const A_TURN: Duration = Duration::from_micros(10);

#[cfg(test)]
mod tests {
    use super::*;

    /// Three at work, each taking turns and pausing; the order in which they came by.
    fn order(seed: u64) -> (Vec<usize>, u64) {
        let turns = Turns::new(seed);
        let came_by = Arc::new(Mutex::new(Vec::new()));
        for worker in 0..3 {
            let (table, came_by) = (turns.table(), came_by.clone());
            turns.table().start(async move {
                for _ in 0..5 {
                    came_by.lock().unwrap().push(worker);
                    table.turn().await;
                }
                table.pause(Duration::from_secs(worker as u64)).await;
                came_by.lock().unwrap().push(worker);
            });
        }
        let table = turns.table();
        turns
            .run(async move { table.pause(Duration::from_secs(3600)).await })
            .unwrap();
        let order = came_by.lock().unwrap().clone();
        (order, turns.trace())
    }

    #[test]
    fn the_same_seed_gives_the_same_turns_and_another_one_others() {
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        assert_eq!(order(3).0.len(), 18);
    }

    #[test]
    fn who_waits_for_what_never_comes_is_not_waited_for() {
        let turns = Turns::new(1);
        assert_eq!(turns.run(std::future::pending::<()>()), None);
        assert_eq!(turns.run(async { 7 }), Some(7));
    }

    #[test]
    fn pauses_end_in_their_order_and_the_clock_jumps() {
        let turns = Turns::new(1);
        let table = turns.table();
        let long = Duration::from_secs(86_400);
        turns.run(async { table.pause(long).await }).unwrap();
        assert!(turns.table().now() >= long);
    }

    #[test]
    fn work_that_never_ends_is_dropped_with_its_turns() {
        let turns = Turns::new(1);
        let held = Arc::new(());
        let (table, inner) = (turns.table(), held.clone());
        turns.table().start(async move {
            let _inner = inner;
            loop {
                table.pause(Duration::from_secs(1)).await;
            }
        });
        turns.run(async {}).unwrap();
        assert_eq!(Arc::strong_count(&held), 2);
        drop(turns);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
