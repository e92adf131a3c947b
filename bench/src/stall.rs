//! A long run that writes over and deletes what it wrote, so that the store must give up old bytes while new ones come.
//!
//! What counts is the worst: the longest operation, the slowest second.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Fault;
use crate::client::{Job, Set, Task};
use crate::drive::{alone, drive};
use crate::growth::bytes_below;
use crate::process::Server;
use crate::workload::{Kind, Workload};

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stall {
    pub(crate) seconds: f64,
    pub(crate) objects: u64,
    pub(crate) object_bytes: usize,
    pub(crate) connections: usize,
    /// Operations a second over the whole run.
    pub(crate) rate: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
    /// The fewest operations in any second but the last.
    pub(crate) slowest_second: u64,
    /// Bytes written to the device for a byte stored, everything that came after it included.
    pub(crate) written: Option<f64>,
    /// What the data directory takes at the end.
    pub(crate) disk_bytes: u64,
    /// Of each second: operations, and the longest one in milliseconds.
    pub(crate) timeline: Vec<(u64, f64)>,
}

/// How long, on what.
pub(crate) struct Plan {
    pub(crate) time: Duration,
    pub(crate) objects: u64,
    pub(crate) object_bytes: usize,
    pub(crate) connections: usize,
}

pub(crate) fn run(binary: &Path, scratch: &Path, plan: &Plan) -> Result<Stall, Fault> {
    let server = Server::ours("countersign", binary, scratch)?;
    let job = |task: Task, seed: u64| {
        let workload = Workload {
            kind: Kind::Churn,
            size: plan.object_bytes,
            connections: plan.connections,
        };
        let set = Set {
            prefix: "churned".to_owned(),
            seed,
            objects: plan.objects,
            bodies: plan.objects,
        };
        Arc::new(Job::new(&server.endpoint, workload, task, set, true))
    };
    let fill = job(Task::Fill, 1);
    alone(&fill, async |client| client.create_bucket().await)?;
    drive(&fill, None)?;
    let device = server.endpoint.device.as_ref();
    let before = device.and_then(|device| device.settled_bytes_written());
    let tally = drive(&job(Task::Measure, 2), Some(plan.time))?;
    let after = device.and_then(|device| device.settled_bytes_written());
    let milliseconds = |quantile: f64| tally.latency.value_at_quantile(quantile) as f64 / 1e6;
    let timeline: Vec<(u64, f64)> = tally
        .timeline
        .iter()
        .map(|(count, longest)| (*count, *longest as f64 / 1e6))
        .collect();
    let whole = timeline
        .get(..timeline.len().saturating_sub(1).max(1))
        .unwrap_or_default();
    Ok(Stall {
        seconds: tally.seconds,
        objects: plan.objects,
        object_bytes: plan.object_bytes,
        connections: plan.connections,
        rate: tally.per_second(),
        p50: milliseconds(0.5),
        p99: milliseconds(0.99),
        p999: milliseconds(0.999),
        max: tally.latency.max() as f64 / 1e6,
        slowest_second: whole.iter().map(|(count, _)| *count).min().unwrap_or(0),
        written: after
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before) as f64 / tally.bytes.max(1) as f64),
        disk_bytes: bytes_below(&scratch.join("data")),
        timeline,
    })
}
