//! What becomes slower as more is stored: one bucket that grows tenfold at each step, then many buckets.
//!
//! Only our own server, since it is killed and started again at each step.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Fault;
use crate::client::{Job, Set, Task};
use crate::drive::{Tally, alone, drive};
use crate::process::Server;
use crate::workload::{KEYS_A_PAGE, Kind, Workload};

/// The whole measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Growth {
    pub(crate) object_bytes: usize,
    pub(crate) steps: Vec<Step>,
    pub(crate) buckets: Option<Buckets>,
}

/// With so many objects in the bucket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) objects: u64,
    /// While it grew to this size.
    pub(crate) put: Rate,
    pub(crate) get: Rate,
    pub(crate) list_keys: Rate,
    pub(crate) list_prefixes: Rate,
    pub(crate) resident_bytes: u64,
    pub(crate) disk_bytes: u64,
    /// From the start to serving, after a kill.
    pub(crate) ready_seconds: f64,
}

/// With so many buckets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Buckets {
    pub(crate) buckets: u64,
    pub(crate) created: Rate,
    pub(crate) list_ms: f64,
    pub(crate) put: Rate,
}

/// Operations a second, and the 99th percentile of their time in milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) rate: f64,
    pub(crate) p99: f64,
}

impl Rate {
    fn of(tally: &Tally) -> Rate {
        Rate {
            rate: tally.per_second(),
            p99: tally.latency.value_at_quantile(0.99) as f64 / 1e6,
        }
    }
}

/// How far it goes.
pub(crate) struct Plan {
    pub(crate) objects: u64,
    pub(crate) object_bytes: usize,
    pub(crate) buckets: u64,
    /// How long each measurement takes.
    pub(crate) time: Duration,
}

/// Measures step by step. `keep` gets what there is after each, since the last of them take hours.
pub(crate) fn run(
    binary: &Path,
    scratch: &Path,
    plan: &Plan,
    keep: &mut impl FnMut(&Growth) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut server = Server::ours("countersign", binary, scratch)?;
    let mut grown = Growth {
        object_bytes: plan.object_bytes,
        steps: Vec::new(),
        buckets: None,
    };
    let mut stored = 0;
    while stored < plan.objects {
        let most = plan.objects.next_multiple_of(KEYS_A_PAGE);
        let objects = (stored * 10).clamp(KEYS_A_PAGE, most);
        let step = Step {
            objects,
            put: Rate::of(&grow(&server, plan, stored, objects)?),
            get: measure(&server, plan, Kind::Get, 32, objects)?,
            list_keys: measure(&server, plan, Kind::ListKeys, 4, objects)?,
            list_prefixes: measure(&server, plan, Kind::ListPrefixes, 4, objects)?,
            resident_bytes: server.watched().memory().now,
            disk_bytes: bytes_below(&scratch.join("data")),
            ready_seconds: {
                server.kill();
                server = Server::ours("countersign", binary, scratch)?;
                server.ready_after.as_secs_f64()
            },
        };
        eprintln!("{step:?}");
        grown.steps.push(step);
        keep(&grown)?;
        stored = objects;
    }
    if plan.buckets > 0 {
        grown.buckets = Some(many_buckets(&server, plan, plan.buckets)?);
        keep(&grown)?;
    }
    Ok(())
}

fn job(server: &Server, plan: &Plan, kind: Kind, connections: usize, task: Task, objects: u64) -> Job {
    let workload = Workload {
        kind,
        size: plan.object_bytes,
        connections,
    };
    let set = Set {
        prefix: "grown".to_owned(),
        seed: 1,
        objects,
        bodies: BODIES,
    };
    Job::new(&server.endpoint, workload, task, set, true)
}

/// Stores the objects from the one number to the other.
fn grow(server: &Server, plan: &Plan, from: u64, until: u64) -> Result<Tally, Fault> {
    let mut job = job(server, plan, Kind::Put, 64, Task::Fill, until);
    job.next = AtomicU64::new(from);
    let job = Arc::new(job);
    alone(&job, async |client| client.create_bucket().await)?;
    drive(&job, None)
}

fn measure(
    server: &Server,
    plan: &Plan,
    kind: Kind,
    connections: usize,
    objects: u64,
) -> Result<Rate, Fault> {
    let job = Arc::new(job(server, plan, kind, connections, Task::Measure, objects));
    drive(&job, Some(plan.time)).map(|tally| Rate::of(&tally))
}

/// Makes buckets, lists them, and puts objects into all of them.
fn many_buckets(server: &Server, plan: &Plan, buckets: u64) -> Result<Buckets, Fault> {
    let job_of = |task: Task, objects: u64| {
        let mut job = job(server, plan, Kind::Put, 64, task, objects);
        job.buckets = buckets;
        Arc::new(job)
    };
    let created = drive(&job_of(Task::MakeBuckets, buckets), None)?;
    let put = drive(&job_of(Task::Fill, buckets * OBJECTS_A_BUCKET), None)?;
    let began = Instant::now();
    alone(&job_of(Task::Measure, 0), async |client| {
        client.list_buckets(buckets).await
    })?;
    Ok(Buckets {
        buckets,
        created: Rate::of(&created),
        list_ms: began.elapsed().as_secs_f64() * 1e3,
        put: Rate::of(&put),
    })
}

/// What the files of a directory take on the disk.
pub(crate) fn bytes_below(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}

/// Different bodies; more than the preparation gives, so that it gives the same for every count.
const BODIES: u64 = u64::MAX;

/// Into each bucket.
const OBJECTS_A_BUCKET: u64 = 20;

#[cfg(test)]
mod tests {
    use super::bytes_below;

    #[test]
    fn bytes_of_a_directory_are_those_of_all_files_below_it() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(bytes_below(directory.path()), 0);
        std::fs::create_dir(directory.path().join("a")).expect("a directory");
        std::fs::write(directory.path().join("a/b"), vec![1; 10_000]).expect("a file");
        assert!(bytes_below(directory.path()) >= 10_000);
        assert_eq!(bytes_below(&directory.path().join("absent")), 0);
    }
}
