//! What a run leaves behind: plain values that are written as JSON and read again by the report.
//!
//! Not here: how they were measured, and what they look like to people (`report`).

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Fault;
use crate::machine::Machine;
use crate::series::Series;
use crate::signatures::Signatures;
use crate::workload::Workload;

/// One run of workloads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) setting: Setting,
    pub(crate) stores: Vec<Store>,
    pub(crate) lines: Vec<Line>,
}

/// Where, when and how.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) machine: Machine,
    /// UTC, as in a signature.
    pub(crate) began: String,
    pub(crate) load_before: f64,
    pub(crate) load_after: f64,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) listed: u64,
    /// Whether payloads are hashed and signed.
    pub(crate) payload_signed: bool,
    /// Bytes a second on one core.
    pub(crate) md5: f64,
    pub(crate) sha256: f64,
    pub(crate) signatures: Signatures,
}

/// Who took part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Store {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Whether a write is on the device when it is acknowledged; not known of endpoints that ran already.
    pub(crate) syncs: Option<bool>,
    /// From the start of its process until it served, with nothing stored.
    pub(crate) ready_seconds: Option<f64>,
    /// Resident memory before the first request.
    pub(crate) idle_bytes: Option<u64>,
}

/// One contender in one workload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) workload: Workload,
    pub(crate) who: String,
    pub(crate) is_limit: bool,
    /// Operations a second: the median, the slowest and the fastest round.
    pub(crate) rate: f64,
    pub(crate) slowest: f64,
    pub(crate) fastest: f64,
    /// Bytes of bodies a second.
    pub(crate) bandwidth: f64,
    /// Against the limit of the workload.
    pub(crate) ratio: Option<f64>,
    /// Milliseconds at these quantiles, over all rounds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
    /// Microseconds of processor time of the server for an operation.
    pub(crate) cpu: Option<f64>,
    /// Resident bytes: usually, and the most.
    pub(crate) resident: Option<u64>,
    pub(crate) peak: Option<u64>,
    /// Bytes written to the device for a byte stored.
    pub(crate) written: Option<f64>,
    pub(crate) fault: Option<String>,
}

/// The lines of one workload, whose ratios need all of them.
pub(crate) fn lines(all: &[Series]) -> Vec<Line> {
    // The first one is what everybody is held against, the other limits too.
    let limit = all
        .first()
        .filter(|series| series.is_limit && series.fault.is_none());
    let limit = limit.map_or(0.0, Series::rate);
    let is_held_against =
        |series: &Series| limit > 0.0 && !all.first().is_some_and(|first| std::ptr::eq(first, series));
    let of = |series: &Series| {
        let latency = series.latency();
        let milliseconds = |quantile: f64| latency.value_at_quantile(quantile) as f64 / 1e6;
        let (slowest, fastest) = series.spread();
        let memory = series.memory();
        Line {
            workload: series.workload,
            who: series.name.clone(),
            is_limit: series.is_limit,
            rate: series.rate(),
            slowest,
            fastest,
            bandwidth: series.bandwidth(),
            ratio: is_held_against(series).then(|| series.rate() / limit),
            p50: milliseconds(0.5),
            p99: milliseconds(0.99),
            p999: milliseconds(0.999),
            max: latency.max() as f64 / 1e6,
            cpu: series.cpu().map(|seconds| seconds * 1e6),
            resident: memory.map(|(now, _)| now),
            peak: memory.map(|(_, peak)| peak),
            written: series.written(),
            fault: series.fault.clone(),
        }
    };
    all.iter().map(of).collect()
}

/// Puts a value into a file of the directory, unless it could not be read again: JSON has no infinity, and no number that is none.
pub(crate) fn write<T: Serialize + DeserializeOwned>(
    directory: &Path,
    name: &str,
    value: &T,
) -> Result<(), Fault> {
    let path = directory.join(name);
    let fault = |error| Fault::new(format!("`{name}`: {error}"));
    let text = serde_json::to_string_pretty(value).map_err(fault)?;
    serde_json::from_str::<T>(&text).map_err(fault)?;
    let written = fs::create_dir_all(directory).and_then(|()| fs::write(&path, text + "\n"));
    written.map_err(|error| Fault::new(format!("`{}`: {error}", path.display())))
}

/// What was put there, if anything was.
pub(crate) fn read<T: DeserializeOwned>(directory: &Path, name: &str) -> Result<Option<T>, Fault> {
    let path = directory.join(name);
    let fault = |error: &dyn std::fmt::Display| Fault::new(format!("`{}`: {error}", path.display()));
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| fault(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Kind;

    #[test]
    fn what_a_contender_that_failed_leaves_behind_is_read_again() {
        let series = |is_limit: bool| Series {
            workload: Workload {
                kind: Kind::Get,
                size: 4096,
                connections: 8,
            },
            name: "it".to_owned(),
            is_limit,
            rounds: Vec::new(),
            fault: Some("it does not start".to_owned()),
        };
        let lines = lines(&[series(true), series(false)]);
        let directory = tempfile::tempdir().expect("a directory");
        write(directory.path(), "a.json", &lines).expect("it is written");
        let read: Option<Vec<Line>> = read(directory.path(), "a.json").expect("it is read");
        let read = read.expect("it is there");
        assert_eq!(read.len(), 2);
        for line in read {
            assert_eq!(line.fault.as_deref(), Some("it does not start"));
            assert_eq!((line.rate, line.slowest, line.fastest), (0.0, 0.0, 0.0));
        }
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let directory = tempfile::tempdir().expect("a directory");
        for number in [f64::INFINITY, f64::NAN] {
            assert!(write(directory.path(), "a.json", &number).is_err(), "{number}");
            assert_eq!(
                read::<f64>(directory.path(), "a.json").expect("it is absent"),
                None
            );
        }
    }

    #[test]
    fn what_was_written_is_read_again_and_what_was_not_is_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        write(directory.path(), "a.json", &vec![1, 2]).expect("it is written");
        assert_eq!(
            read::<Vec<i32>>(directory.path(), "a.json").expect("it is read"),
            Some(vec![1, 2])
        );
        assert_eq!(
            read::<Vec<i32>>(directory.path(), "b.json").expect("it is absent"),
            None
        );
        assert!(read::<Vec<String>>(directory.path(), "a.json").is_err());
    }
}
