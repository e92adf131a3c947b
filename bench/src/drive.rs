//! Runs the connections of one round and adds up what they saw.
//!
//! As many threads as the machine has cores, each with its share of the connections and no work stealing: the client
//! takes as little as it can from the server beside it. All begin at the same moment.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::Fault;
use crate::client::{Client, Job};

/// What happened in a round, as seen from the client.
#[derive(Clone)]
pub(crate) struct Tally {
    pub(crate) operations: u64,
    /// Bytes of bodies that went one way or the other.
    pub(crate) bytes: u64,
    /// From the common beginning to the last answer.
    pub(crate) seconds: f64,
    /// Nanoseconds an operation took.
    pub(crate) latency: Histogram<u64>,
    /// Operations that ended in each second, if asked for, and the longest one among them in nanoseconds.
    pub(crate) timeline: Vec<(u64, u64)>,
}

impl Tally {
    pub(crate) fn new() -> Tally {
        Tally {
            operations: 0,
            bytes: 0,
            seconds: 0.0,
            latency: latency(),
            timeline: Vec::new(),
        }
    }

    /// Counts one operation that began and ended so long after the beginning.
    pub(crate) fn count(&mut self, began: Duration, ended: Duration, bytes: u64) {
        let took = u64::try_from((ended - began).as_nanos()).unwrap_or(u64::MAX);
        self.operations += 1;
        self.bytes += bytes;
        self.seconds = self.seconds.max(ended.as_secs_f64());
        self.latency.saturating_record(took);
        let second = ended.as_secs() as usize;
        if self.timeline.len() <= second {
            self.timeline.resize(second + 1, (0, 0));
        }
        if let Some((count, longest)) = self.timeline.get_mut(second) {
            *count += 1;
            *longest = (*longest).max(took);
        }
    }

    /// Adds what others saw at the same time.
    pub(crate) fn add(&mut self, other: &Tally) {
        self.operations += other.operations;
        self.bytes += other.bytes;
        self.seconds = self.seconds.max(other.seconds);
        // The bounds are the same everywhere, so this cannot fail.
        let _ = self.latency.add(&other.latency);
        if self.timeline.len() < other.timeline.len() {
            self.timeline.resize(other.timeline.len(), (0, 0));
        }
        for (mine, theirs) in self.timeline.iter_mut().zip(&other.timeline) {
            mine.0 += theirs.0;
            mine.1 = mine.1.max(theirs.1);
        }
    }

    pub(crate) fn per_second(&self) -> f64 {
        if self.seconds > 0.0 {
            self.operations as f64 / self.seconds
        } else {
            0.0
        }
    }
}

/// An empty histogram, from a microsecond to ten minutes, three digits exact.
pub(crate) fn latency() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, 600_000_000_000, 3)
        .expect("the bounds are constants that fit each other")
}

/// Lets the connections of the job work until the time is over or nothing is left to do.
pub(crate) fn drive(job: &Arc<Job>, time: Option<Duration>) -> Result<Tally, Fault> {
    let connections = job.workload.connections;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(connections);
    let barrier = Barrier::new(threads);
    let failed = AtomicBool::new(false);
    let results: Vec<Result<Tally, Fault>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let numbers: Vec<u64> = (thread..connections)
                    .step_by(threads)
                    .map(|number| number as u64)
                    .collect();
                let (barrier, failed) = (&barrier, &failed);
                scope.spawn(move || share(job, &numbers, barrier, failed, time))
            })
            .collect();
        let joined = handles.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|result| result.unwrap_or_else(|_| Err(Fault::new("a client thread panicked"))))
            .collect()
    });
    let mut total = Tally::new();
    for result in results {
        total.add(&result?);
    }
    Ok(total)
}

/// Some of the connections, on this thread.
fn share(
    job: &Arc<Job>,
    numbers: &[u64],
    barrier: &Barrier,
    failed: &AtomicBool,
    time: Option<Duration>,
) -> Result<Tally, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::new(format!("the client does not start: {error}")));
    let mut clients: Vec<Client> = numbers.iter().map(|number| Client::new(job, *number)).collect();
    let connected = runtime.and_then(|runtime| {
        runtime.block_on(async {
            for client in &mut clients {
                client.connect().await?;
            }
            Ok(())
        })?;
        Ok(runtime)
    });
    // Whoever failed comes here too, or the others would wait for ever.
    failed.fetch_or(connected.is_err(), Ordering::SeqCst);
    barrier.wait();
    let runtime = connected?;
    if failed.load(Ordering::SeqCst) {
        return Ok(Tally::new());
    }
    let began = Instant::now();
    let tally = Rc::new(RefCell::new(Tally::new()));
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let mut tasks = tokio::task::JoinSet::new();
        for mut client in clients {
            let tally = Rc::clone(&tally);
            tasks.spawn_local(async move {
                let mut before = began.elapsed();
                while time.is_none_or(|time| before < time) {
                    let Some(bytes) = client.turn().await? else {
                        break;
                    };
                    let now = began.elapsed();
                    tally.borrow_mut().count(before, now, bytes);
                    before = now;
                }
                Ok::<(), Fault>(())
            });
        }
        let all = async {
            while let Some(ended) = tasks.join_next().await {
                ended.map_err(|_| Fault::new("a client panicked"))??;
            }
            Ok(())
        };
        match time {
            Some(time) => tokio::time::timeout(time + GRACE, all).await.map_err(|_| {
                Fault::new(format!(
                    "{}: no answer {GRACE:?} after the round was over",
                    job.endpoint.name
                ))
            })?,
            None => all.await,
        }
    })?;
    let tally = tally.borrow().clone();
    Ok(tally)
}

/// Runs one client alone, for what comes before and after a round.
pub(crate) fn alone<T>(
    job: &Arc<Job>,
    work: impl AsyncFnOnce(&mut Client) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::new(format!("the client does not start: {error}")))?;
    runtime.block_on(async { work(&mut Client::new(job, 0)).await })
}

/// How long an answer may take after the end of its round.
const GRACE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_threads_saw_adds_up() {
        let (mut one, mut two) = (Tally::new(), Tally::new());
        one.count(Duration::ZERO, Duration::from_millis(10), 5);
        two.count(Duration::from_millis(1990), Duration::from_millis(2010), 7);
        one.add(&two);
        assert_eq!((one.operations, one.bytes), (2, 12));
        assert_eq!(
            one.timeline.iter().map(|(count, _)| *count).collect::<Vec<_>>(),
            [1, 0, 1]
        );
        assert!((one.per_second() - 2.0 / 2.01).abs() < 1e-9);
        assert!(one.latency.equivalent(one.latency.max(), 20_000_000));
    }
}
