//! The record of refusals: what was refused lately, to whom, and why, for whoever asks with the request id or wants to see
//! what goes wrong most.
//!
//! Not here: deciding what may be shown (that is `diagnose`) and to whom (that is `admin`).
//!
//! It keeps true: bounded in entries, bytes and age, so that a flood of refusals pushes out old entries and nothing
//! else; no secret, no token and no whole signature ever gets in (see `mask`).

mod client;
mod entry;
mod files;
mod mask;
mod query;
mod samples;
mod writer;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_types::Moment;

pub(crate) use entry::{Entry, NO_CAUSE, Note, TEXTS, Told};
pub use mask::mask;
pub(crate) use query::Query;
pub(crate) use writer::NotWritten;

use crate::clock::Real;
use crate::metrics::Metrics;
use crate::request_id::RequestId;
use files::Files;
use samples::Samples;
use writer::Writer;

/// The latest refusals.
#[derive(Debug)]
pub(crate) struct Record {
    kept: Mutex<Kept>,
    /// `None` where nothing is written.
    writer: Option<Writer>,
    samples: Mutex<Samples>,
    metrics: Arc<Metrics>,
}

/// Oldest first.
#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

impl Record {
    /// A record with what lies in the directory; in memory only if there is none, or it cannot be used: that is
    /// no reason not to serve.
    pub(crate) fn open(dir: Option<&Path>, metrics: &Arc<Metrics>) -> Record {
        let mut kept = Kept::default();
        let open = |dir: &Path| -> io::Result<(Writer, Vec<Entry>)> {
            let (files, entries) = Files::open(dir, Real::now())?;
            let metrics = Arc::clone(metrics);
            let lost = move |count| metrics.not_written(NotWritten::Disk, count);
            Ok((Writer::start(files, lost)?, entries))
        };
        let writer = dir.and_then(|dir| match open(dir) {
            Ok((writer, entries)) => {
                entries.into_iter().for_each(|entry| kept.push(Arc::new(entry)));
                Some(writer)
            }
            Err(error) => {
                tracing::warn!(%error, dir = %dir.display(), "refusals are kept in memory only");
                None
            }
        });
        Record {
            kept: Mutex::new(kept),
            writer,
            samples: Mutex::default(),
            metrics: Arc::clone(metrics),
        }
    }

    /// Whether a refusal of this cause, noted like this, is to keep the texts of both sides.
    pub(crate) fn takes_texts(&self, cause: &str, note: &Note, at: Moment) -> bool {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.takes(cause, note.access_key_id(), note.client(), at)
    }

    /// Keeps an entry, and lets the oldest go where a bound is reached.
    pub(crate) fn keep(&self, entry: Entry) {
        self.metrics.refused(&entry);
        let entry = Arc::new(entry);
        if let Some(writer) = &self.writer
            && !writer.write(Arc::clone(&entry))
        {
            self.metrics.not_written(NotWritten::QueueFull, 1);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(entry);
    }

    /// Finds one refusal that is not too old.
    pub(crate) fn find(&self, request_id: &RequestId, now: Moment) -> Option<Arc<Entry>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept
            .entries
            .iter()
            .rev()
            .find(|entry| entry.request_id == *request_id);
        found.filter(|entry| is_young(entry, now)).cloned()
    }

    /// All refusals that are not too old and that `may_see` lets through, newest first.
    pub(crate) fn latest(&self, now: Moment, may_see: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = kept.entries.iter().rev();
        entries
            .filter(|entry| is_young(entry, now) && may_see(entry))
            .cloned()
            .collect()
    }
}

impl Kept {
    fn push(&mut self, entry: Arc<Entry>) {
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.entries.len() > ENTRIES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
        }
    }
}

fn is_young(entry: &Entry, now: Moment) -> bool {
    now.millis() - entry.at.millis() <= AGE_MILLIS_MAX
}

/// Most refusals kept.
const ENTRIES_MAX: usize = 10_000;
/// Most bytes of memory that they take, about.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a refusal can be asked for: seven days.
const AGE_MILLIS_MAX: i64 = 7 * 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::entry::tests::entry;

    #[test]
    fn a_refusal_is_found_by_its_id_until_it_is_too_old() {
        let record = Record::open(None, &Arc::new(Metrics::new()));
        let entry = entry(1000, None, "HST-PROXY", "curl@::1");
        let request_id = entry.request_id.clone();
        record.keep(entry);
        let at = |millis| record.find(&request_id, Moment::from_millis(millis)).is_some();
        assert!(at(1000) && at(1000 + AGE_MILLIS_MAX));
        assert!(!at(1001 + AGE_MILLIS_MAX));
        let later = Moment::from_millis(1001 + AGE_MILLIS_MAX);
        assert!(record.latest(later, |_| true).is_empty());
    }

    #[test]
    fn a_directory_that_cannot_be_used_leaves_the_record_in_memory() {
        let scratch = tempfile::tempdir().expect("a directory");
        let file = scratch.path().join("refusals");
        std::fs::write(&file, "a file").expect("written");
        let record = Record::open(Some(&file), &Arc::new(Metrics::new()));
        record.keep(entry(1000, None, "HST-PROXY", "curl@::1"));
        assert_eq!(record.latest(Moment::from_millis(1000), |_| true).len(), 1);
    }

    #[test]
    fn a_flood_pushes_out_the_oldest_and_stays_bounded() {
        for size in [10, BYTES_MAX / 100] {
            let record = Record::open(None, &Arc::new(Metrics::new()));
            let count = if size == 10 { 2 * ENTRIES_MAX } else { 300 };
            let mut newest = None;
            for _ in 0..count {
                let entry = entry(0, Some(&"x".repeat(size.min(60_000))), "HST-PROXY", "curl@::1");
                newest = Some(entry.request_id.clone());
                record.keep(entry);
            }
            let kept = record.latest(Moment::from_millis(0), |_| true);
            let bytes: usize = kept.iter().map(|entry| entry.bytes()).sum();
            assert!(kept.len() < count && kept.len() <= ENTRIES_MAX && bytes <= BYTES_MAX);
            assert_eq!(kept.first().map(|entry| entry.request_id.clone()), newest);
        }
    }
}
