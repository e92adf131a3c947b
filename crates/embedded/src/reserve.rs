//! Room that is kept free: for deletes, which are written to the log before anything can be given back, and for the
//! index, which fails for good if it cannot write.
//!
//! Not here: what a write does that finds no room all the same ([`crate::log`], [`crate::large`]).

use countersign_engine::world::{Files, Room};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Notify;

/// How much is kept free, and where.
pub(crate) struct Reserve {
    files: Arc<dyn Files>,
    dir: PathBuf,
    bytes: u64,
    /// Told when something found no room.
    refused: Notify,
}

impl Reserve {
    /// Of `bytes` at most, and less on a small disk; 0 keeps nothing.
    pub(crate) fn new(files: Arc<dyn Files>, dir: PathBuf, bytes: u64) -> Reserve {
        Reserve {
            files,
            dir,
            bytes,
            refused: Notify::new(),
        }
    }

    /// How short space is, in hundredths: 0 while at least twice the reserve is free, 100 when only the reserve is left.
    pub(crate) fn shortage(&self) -> u64 {
        let Ok(room) = self.files.room(&self.dir) else {
            return 0;
        };
        let bytes = self.of(room);
        let missing = bytes.saturating_mul(2).saturating_sub(room.free).min(bytes);
        missing.saturating_mul(100).checked_div(bytes).unwrap_or(0)
    }

    /// So many bytes may be written to make room: a part of the reserve is nobody's but the index's.
    pub(crate) fn for_making_room(&self) -> u64 {
        match self.files.room(&self.dir) {
            Ok(room) => room.free.saturating_sub(self.of(room) / SHARE_OF_RESERVE),
            // Then the write itself finds out.
            Err(_) => u64::MAX,
        }
    }

    fn of(&self, room: Room) -> u64 {
        self.bytes.min(room.total / SHARE_OF_DISK)
    }

    /// Tells whoever can make room that there is something to look at.
    pub(crate) fn tell(&self) {
        self.refused.notify_one();
    }

    /// Waits until something found no room, if nothing has since the last time.
    pub(crate) async fn refused(&self) {
        self.refused.notified().await;
    }

    /// True if the reserve is whole after so many more bytes. If not, whoever can make room is told, whatever it is that
    /// found none.
    pub(crate) fn leaves(&self, more: u64) -> bool {
        let leaves = self.bytes == 0 || self.has_room(more);
        if !leaves {
            self.tell();
        }
        leaves
    }

    fn has_room(&self, more: u64) -> bool {
        match self.files.room(&self.dir) {
            Ok(room) => room.free >= self.of(room).saturating_add(more),
            // Then the write itself finds out.
            Err(_) => true,
        }
    }
}

const SHARE_OF_DISK: u64 = 16;
/// What is written to make room leaves this part of the reserve.
const SHARE_OF_RESERVE: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_engine::world::sim::Sim;

    #[test]
    fn space_is_short_from_twice_the_reserve_on() {
        let files = Sim::new();
        let reserve = Reserve::new(Arc::new(files.clone()), PathBuf::from("/"), 1000);
        for (free, shortage) in [(5000, 0), (2000, 0), (1750, 25), (1000, 100), (0, 100)] {
            files.leave_free(Some(free));
            assert_eq!(reserve.shortage(), shortage, "{free} bytes free");
        }
        let none = Reserve::new(Arc::new(files), PathBuf::from("/"), 0);
        assert_eq!(none.shortage(), 0);
    }
}
