//! The record of refusals: what was refused lately, to whom, and why, kept in memory for whoever asks with the
//! request id.
//!
//! Not here: deciding what may be shown (that is `diagnose`) and to whom (that is `admin`).
//!
//! It keeps true: bounded in entries, bytes and age, so that a flood of refusals pushes out old entries and nothing
//! else; no secret and no expected signature ever gets in, because no document has one.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use countersign_types::Moment;
use serde_json::Value;

use crate::request_id::RequestId;

/// One refused request.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The request's id.
    pub(crate) request_id: RequestId,
    /// When it was refused.
    pub(crate) at: Moment,
    /// The access key id that the request named, if it named one.
    pub(crate) access_key_id: Option<String>,
    /// Everything that may be told: the answer's code and status, and the diagnosis.
    pub(crate) document: Value,
}

/// The latest refusals, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Record {
    entries: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<(Entry, usize)>,
    bytes: usize,
}

impl Record {
    /// Keeps an entry, and lets the oldest go where a bound is reached.
    pub(crate) fn keep(&self, entry: Entry) {
        let bytes = entry.document.to_string().len() + entry.access_key_id.as_ref().map_or(0, String::len);
        let mut kept = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += bytes;
        kept.entries.push_back((entry, bytes));
        while kept.entries.len() > ENTRIES_MAX || kept.bytes > BYTES_MAX {
            let Some((_, bytes)) = kept.entries.pop_front() else {
                break;
            };
            kept.bytes -= bytes;
        }
    }

    /// Finds one refusal that is not too old.
    pub(crate) fn find(&self, request_id: &RequestId, now: Moment) -> Option<Entry> {
        self.latest(now, |entry| entry.request_id == *request_id, 1).pop()
    }

    /// The latest refusals that `wanted` lets through, newest first.
    pub(crate) fn latest(&self, now: Moment, wanted: impl Fn(&Entry) -> bool, max: usize) -> Vec<Entry> {
        let kept = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let is_young = |entry: &Entry| now.millis() - entry.at.millis() <= AGE_MILLIS_MAX;
        let entries = kept.entries.iter().rev().map(|(entry, _)| entry);
        entries
            .filter(|e| is_young(e) && wanted(e))
            .take(max)
            .cloned()
            .collect()
    }
}

/// Most refusals kept.
const ENTRIES_MAX: usize = 1000;
/// Most bytes of documents kept.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a refusal can be asked for.
const AGE_MILLIS_MAX: i64 = 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: i64, size: usize) -> Entry {
        Entry {
            request_id: RequestId::new(),
            at: Moment::from_millis(at),
            access_key_id: None,
            document: Value::String("x".repeat(size)),
        }
    }

    #[test]
    fn a_refusal_is_found_by_its_id_for_an_hour() {
        let record = Record::default();
        let entry = entry(1000, 10);
        record.keep(entry.clone());
        let at = |millis| {
            record
                .find(&entry.request_id, Moment::from_millis(millis))
                .is_some()
        };
        assert!(at(1000) && at(1000 + AGE_MILLIS_MAX));
        assert!(!at(1001 + AGE_MILLIS_MAX));
    }

    #[test]
    fn a_flood_pushes_out_the_oldest_and_stays_bounded() {
        for size in [10, BYTES_MAX / 100] {
            let record = Record::default();
            let entries: Vec<Entry> = (0..2 * ENTRIES_MAX).map(|_| entry(0, size)).collect();
            entries.iter().cloned().for_each(|e| record.keep(e));
            let kept = record.latest(Moment::from_millis(0), |_| true, usize::MAX);
            assert!(kept.len() <= ENTRIES_MAX && kept.len() * size <= BYTES_MAX);
            assert_eq!(
                kept.first().map(|e| &e.request_id),
                entries.last().map(|e| &e.request_id)
            );
        }
    }
}
