//! Makes the index durable on a thread of its own, and then lets go the files that only a start before that would want.
//!
//! Not here: when it is due ([`crate::committer`] says so).
//!
//! Keeps true: a segment's file goes only after the index is durable as of a later segment.

use super::usage::Counters;
use crate::index::MetaIndex;
use crate::log::Segments;
use crate::order::{Order, Orders};
use crate::reserve::Reserve;
use crate::tasks::Tasks;
use countersign_engine::world::Held;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The loop's state.
pub(crate) struct Checkpointer {
    /// The segment of the last batch in the index, each time that it is due. Ends with the committer.
    pub(crate) due: watch::Receiver<u64>,
    pub(crate) index: Arc<dyn MetaIndex>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) tasks: Tasks,
    pub(crate) orders: Orders,
    /// Held as long as files may go.
    pub(crate) _lock: Arc<Held>,
}

impl Checkpointer {
    /// Works until the committer is gone.
    pub(crate) async fn run(mut self) {
        while self.due.changed().await.is_ok() {
            let segment = *self.due.borrow_and_update();
            if self.orders.breaks(Order::PersistThenRelease) {
                let _ = self.segments.release(segment, self.reserve.shortage() > 0);
                if self.reserve.shortage() > 0 {
                    // What did not fit before may fit now.
                    self.reserve.tell();
                }
                self.tasks.pause(Duration::from_millis(5)).await;
            }
            // What fails now is tried when it is due again; until then a start reads more of the log.
            if self.index.persist().is_ok() {
                self.counters.persisted();
                let _ = self.segments.release(segment, self.reserve.shortage() > 0);
            }
        }
    }
}
