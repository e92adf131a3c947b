//! Room that is kept free: for deletes, which are written to the log before anything can be given back, and for the
//! index, which fails for good if it cannot write.
//!
//! Not here: what a write does that finds no room all the same ([`crate::log`], [`crate::large`]).

use countersign_engine::world::Files;
use std::path::PathBuf;
use std::sync::Arc;

/// How much is kept free, and where.
pub(crate) struct Reserve {
    files: Arc<dyn Files>,
    dir: PathBuf,
    bytes: u64,
}

impl Reserve {
    /// Of `bytes` at most, and less on a small disk; 0 keeps nothing.
    pub(crate) fn new(files: Arc<dyn Files>, dir: PathBuf, bytes: u64) -> Reserve {
        Reserve { files, dir, bytes }
    }

    /// True if less than twice the reserve is free.
    pub(crate) fn is_short(&self) -> bool {
        !self.leaves(self.bytes)
    }

    /// True if the reserve is whole after so many more bytes.
    pub(crate) fn leaves(&self, more: u64) -> bool {
        if self.bytes == 0 {
            return true;
        }
        match self.files.room(&self.dir) {
            Ok(room) => room.free >= self.bytes.min(room.total / SHARE_OF_DISK).saturating_add(more),
            // Then the write itself finds out.
            Err(_) => true,
        }
    }
}

const SHARE_OF_DISK: u64 = 16;
