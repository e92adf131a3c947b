//! What is counted of the log's space, for those who look from outside.

use super::ledger::Ledger;
use countersign_engine::upkeep::Usage;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counters, shared by those who count.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    segments: AtomicU64,
    log_bytes: AtomicU64,
    live_bytes: AtomicU64,
    segments_given_up: AtomicU64,
    compacted_bytes: AtomicU64,
    checkpoints: AtomicU64,
}

impl Counters {
    pub(crate) fn usage(&self) -> Usage {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Usage {
            segments: read(&self.segments),
            log_bytes: read(&self.log_bytes),
            live_bytes: read(&self.live_bytes),
            segments_given_up: read(&self.segments_given_up),
            compacted_bytes: read(&self.compacted_bytes),
            checkpoints: read(&self.checkpoints),
        }
    }

    /// Takes over what is known of the segments.
    pub(crate) fn show(&self, ledger: &Ledger) {
        let sums = ledger.sums();
        self.segments.store(sums.segments, Ordering::Relaxed);
        self.log_bytes.store(sums.total, Ordering::Relaxed);
        let live = sums.live.max(0).cast_unsigned();
        self.live_bytes.store(live, Ordering::Relaxed);
    }

    pub(crate) fn gave_up(&self, segments: u64) {
        self.segments_given_up.fetch_add(segments, Ordering::Relaxed);
    }

    pub(crate) fn compacted(&self, bytes: u64) {
        self.compacted_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn persisted(&self) {
        self.checkpoints.fetch_add(1, Ordering::Relaxed);
    }
}
