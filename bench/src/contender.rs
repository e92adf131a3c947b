//! Who takes part in a workload: stores over HTTP, and the limits of the machine that belong to it. All are measured alike.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::Fault;
use crate::client::{Job, Set, Task};
use crate::drive::{Tally, alone, drive};
use crate::endpoint::Endpoint;
use crate::limits::{disk, hash, index::Index, log::Log};
use crate::watch::Memory;
use crate::workload::{KEYS_A_PAGE, Kind, PART_BYTES, Workload};

/// One who is measured.
#[derive(Clone)]
pub(crate) enum Contender {
    Store(Box<Endpoint>),
    Limit(Limit),
}

/// What no store can be faster than.
#[derive(Clone)]
pub(crate) enum Limit {
    /// One writer, one sync a record.
    Alone { log: Arc<Log>, record_bytes: usize },
    /// Many writers that share syncs. An operation is so many records.
    Together {
        log: Arc<Log>,
        writers: usize,
        record_bytes: usize,
        records: u64,
    },
    /// The hash of the ETag on every core, or the disk, whichever is slower.
    Stream { directory: PathBuf, size: usize },
    /// The rows of a page, read from the index by as many threads as the machine has cores.
    Index { index: Arc<Index>, kind: Kind },
}

/// Servers that do next to nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hyper {
    /// Answers a few bytes.
    Hello,
    /// Answers so many.
    Memory(u64),
    /// The same with the headers of an object, once the signature is verified.
    Verifying(u64),
    /// Hashes what it gets and answers when it is durable.
    Log,
}

/// What one round gave.
#[derive(Clone)]
pub(crate) struct Round {
    pub(crate) tally: Tally,
    /// Operations a second.
    pub(crate) rate: f64,
    /// Processor seconds that the server took for an operation.
    pub(crate) cpu: Option<f64>,
    pub(crate) memory: Option<Memory>,
    /// Bytes written to the device for a byte stored.
    pub(crate) written: Option<f64>,
}

/// How a run measures.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) time: Duration,
    pub(crate) rounds: usize,
    /// Share of the objects that a full run stores.
    pub(crate) objects: f64,
    /// Objects below the listed prefix.
    pub(crate) listed: u64,
    pub(crate) sign_payload: bool,
}

impl Contender {
    pub(crate) fn name(&self) -> String {
        match self {
            Contender::Store(endpoint) => endpoint.name.clone(),
            Contender::Limit(limit) => limit.name(),
        }
    }

    pub(crate) fn is_limit(&self) -> bool {
        match self {
            Contender::Store(endpoint) => endpoint.answers.is_some(),
            Contender::Limit(_) => true,
        }
    }

    /// What must be there before the first round.
    pub(crate) fn prepare(&self, workload: Workload, effort: &Effort) -> Result<(), Fault> {
        let Contender::Store(endpoint) = self else {
            return Ok(());
        };
        if self.is_limit() {
            return Ok(());
        }
        let job = Arc::new(job(endpoint, workload, effort, Task::Fill, 0));
        alone(&job, async |client| client.create_bucket().await)?;
        if matches!(
            workload.kind,
            Kind::Get | Kind::Head | Kind::Churn | Kind::ListKeys | Kind::ListPrefixes
        ) {
            fill(endpoint, workload, effort, 0)?;
        }
        Ok(())
    }

    pub(crate) fn round(&self, workload: Workload, effort: &Effort, number: usize) -> Result<Round, Fault> {
        match self {
            Contender::Store(endpoint) => store_round(endpoint, workload, effort, number),
            Contender::Limit(limit) => limit.round(effort.time),
        }
    }
}

impl Limit {
    /// The limits of a workload, the one that counts first. The functions make what several workloads share.
    pub(crate) fn of(
        workload: Workload,
        directory: &std::path::Path,
        log: &mut impl FnMut() -> Result<Arc<Log>, Fault>,
        memory: &mut impl FnMut(Hyper) -> Result<Endpoint, Fault>,
        index: &mut impl FnMut() -> Result<Arc<Index>, Fault>,
    ) -> Result<Vec<Contender>, Fault> {
        let Workload {
            kind,
            size,
            connections,
        } = workload;
        let limit = match kind {
            Kind::Get if size > SMALL_ANSWER_BYTES => {
                return Ok(vec![Contender::Store(Box::new(memory(Hyper::Memory(
                    size as u64,
                ))?))]);
            }
            Kind::Get => {
                let verifying = Hyper::Verifying(size as u64);
                return Ok(vec![
                    Contender::Store(Box::new(memory(Hyper::Hello)?)),
                    Contender::Store(Box::new(memory(verifying)?)),
                ]);
            }
            Kind::Head => {
                return Ok(vec![Contender::Store(Box::new(memory(Hyper::Hello)?))]);
            }
            Kind::Put | Kind::Multipart if size > LOGGED_BYTES_MAX => Limit::Stream {
                directory: directory.to_owned(),
                size,
            },
            Kind::Put | Kind::Delete => {
                let record_bytes = ROW_BYTES + if kind == Kind::Put { size } else { 0 };
                let log = log()?;
                match connections {
                    1 => Limit::Alone { log, record_bytes },
                    writers => Limit::Together {
                        log,
                        writers,
                        record_bytes,
                        records: 1,
                    },
                }
            }
            Kind::DeleteMany => Limit::Together {
                log: log()?,
                writers: KEYS_A_PAGE as usize,
                record_bytes: ROW_BYTES,
                records: KEYS_A_PAGE,
            },
            Kind::ListKeys | Kind::ListPrefixes => Limit::Index {
                index: index()?,
                kind,
            },
            Kind::Churn | Kind::Mixed | Kind::Multipart => return Ok(Vec::new()),
        };
        let mut all = vec![Contender::Limit(limit)];
        if kind == Kind::Put && size <= LOGGED_BYTES_MAX {
            all.push(Contender::Store(Box::new(memory(Hyper::Log)?)));
        }
        Ok(all)
    }

    fn name(&self) -> String {
        match self {
            Limit::Alone { log, .. } => log.named("one sync a record"),
            Limit::Together { log, .. } => log.named("group-commit log"),
            Limit::Index { .. } => "index".to_owned(),
            Limit::Stream { .. } => "MD5 of all cores or disk".to_owned(),
        }
    }

    fn round(&self, time: Duration) -> Result<Round, Fault> {
        let (tally, share) = match self {
            Limit::Alone { log, record_bytes } => (log.alone(*record_bytes, time)?, 1.0),
            Limit::Together {
                log,
                writers,
                record_bytes,
                records,
            } => (log.together(*writers, *record_bytes, time)?, *records as f64),
            Limit::Index { index, kind } => (index.pages(*kind, time)?, 1.0),
            Limit::Stream { directory, size } => {
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                let md5 = hash::measure(time / 4).md5 * cores as f64;
                let disk = disk::bandwidth(directory, time / 2)?;
                let rate = md5.min(disk) / *size as f64;
                return Ok(Round::of(Tally::new(), rate));
            }
        };
        let rate = tally.per_second() / share;
        Ok(Round::of(tally, rate))
    }
}

impl Round {
    fn of(tally: Tally, rate: f64) -> Round {
        Round {
            tally,
            rate,
            cpu: None,
            memory: None,
            written: None,
        }
    }
}

fn store_round(
    endpoint: &Endpoint,
    workload: Workload,
    effort: &Effort,
    number: usize,
) -> Result<Round, Fault> {
    if matches!(workload.kind, Kind::Delete | Kind::DeleteMany | Kind::Mixed) {
        fill(endpoint, workload, effort, number)?;
    }
    let job = Arc::new(job(endpoint, workload, effort, Task::Measure, number));
    if let Some(process) = endpoint.process {
        process.reset_peak();
    }
    let device = endpoint.device.as_ref().filter(|_| workload.writes());
    let written_before = device.and_then(|device| device.settled_bytes_written());
    let cpu_before = endpoint.process.and_then(|process| process.cpu_seconds());
    let tally = drive(&job, Some(effort.time))?;
    let cpu_after = endpoint.process.and_then(|process| process.cpu_seconds());
    let written_after = device.and_then(|device| device.settled_bytes_written());
    let memory = endpoint.process.map(|process| process.memory());
    if workload.stores() && workload.size > LOGGED_BYTES_MAX {
        clear(endpoint, workload, effort, number, &tally)?;
    }
    let operations = tally.operations.max(1) as f64;
    let rate = tally.per_second();
    let stored = tally.bytes.max(1) as f64;
    let written = written_after.zip(written_before).filter(|_| workload.stores());
    Ok(Round {
        cpu: cpu_after
            .zip(cpu_before)
            .map(|(after, before)| (after - before) / operations),
        memory,
        written: written.map(|(after, before)| after.saturating_sub(before) as f64 / stored),
        tally,
        rate,
    })
}

/// Stores what the workload deals with.
fn fill(endpoint: &Endpoint, workload: Workload, effort: &Effort, number: usize) -> Result<(), Fault> {
    let mut job = job(endpoint, workload, effort, Task::Fill, number);
    job.workload.connections = FILLING_CONNECTIONS;
    drive(&Arc::new(job), None).map(|_| ())
}

/// Removes the large objects of a round, so that a run takes little of the disk.
fn clear(
    endpoint: &Endpoint,
    workload: Workload,
    effort: &Effort,
    number: usize,
    tally: &Tally,
) -> Result<(), Fault> {
    let mut job = job(endpoint, workload, effort, Task::Clear, number);
    // Every connection counts on its own: the slowest leave gaps, and deleting what is not there is no error.
    job.objects = 2 * tally.operations + job.workload.connections as u64;
    job.workload.connections = FILLING_CONNECTIONS.min(job.workload.connections);
    drive(&Arc::new(job), None).map(|_| ())
}

/// The objects of a workload in this round. Sets that are read are the same in all rounds; what is written is new in each,
/// in its keys and in its bytes.
fn set(workload: Workload, effort: &Effort, number: usize) -> Set {
    let (prefix, seed) = match workload.kind {
        Kind::Get | Kind::Head => (format!("set-{}", workload.size), 1),
        Kind::ListKeys | Kind::ListPrefixes => ("listed".to_owned(), 1),
        kind => {
            let load = format!("{}-{}-{}", kind.name(), workload.size, workload.connections);
            (format!("{load}/r{number}"), 2 + number as u64)
        }
    };
    let objects = match workload.kind {
        Kind::ListKeys | Kind::ListPrefixes => effort.listed.max(KEYS_A_PAGE).next_multiple_of(KEYS_A_PAGE),
        _ => workload.objects(effort.objects),
    };
    let bodies = match workload.kind {
        Kind::Put => {
            (effort.time.as_secs_f64() * PREPARED_BYTES_A_SECOND) as u64 / workload.size.max(1) as u64
        }
        Kind::Multipart => (effort.time.as_secs_f64() * PREPARED_BYTES_A_SECOND) as u64 / PART_BYTES as u64,
        _ => objects,
    };
    Set {
        prefix,
        seed,
        objects,
        bodies,
    }
}

fn job(endpoint: &Endpoint, workload: Workload, effort: &Effort, task: Task, number: usize) -> Job {
    let mut set = set(workload, effort, number);
    if task == Task::Clear || endpoint.answers.is_some() {
        set.bodies = 1;
    }
    Job::new(endpoint, workload, task, set, effort.sign_payload)
}

/// What is known of an object beside its bytes: key, times, lengths, checksums, in the record of a log.
pub(crate) const ROW_BYTES: usize = 300;

/// Larger objects are not written into a log.
pub(crate) const LOGGED_BYTES_MAX: usize = 1 << 20;

/// Up to here the bytes of an answer cost next to nothing, and the limit is an answer without any.
const SMALL_ANSWER_BYTES: usize = 4096;

/// The answer of a server that says hello.
pub(crate) const HELLO_BYTES: u64 = 5;

/// As many different bodies as a fast store takes in a round.
const PREPARED_BYTES_A_SECOND: f64 = (1 << 29) as f64;

/// Objects that are stored before a round come over this many connections.
const FILLING_CONNECTIONS: usize = 32;
