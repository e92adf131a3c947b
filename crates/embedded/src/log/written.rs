//! A file of the log, open for appending: written past the page cache where the file system allows it.
//!
//! Not here: what is written, and when it is synced.
//!
//! Keeps true: bytes that do not lie as a direct write wants them, and file systems that want something else, cost time and
//! nothing else.

use super::segments::NEW_NAME;
use crate::format::BLOCK;
use countersign_engine::pieces::{aligned_room, is_aligned};
use countersign_engine::world::{File, Files, Mode};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Whether files of this directory take direct writes, found out by one.
pub(crate) fn takes_direct_writes(files: &dyn Files, dir: &Path) -> bool {
    let path = dir.join(NEW_NAME);
    let Ok(file) = files.open(&path, Mode::Create) else {
        return false;
    };
    let taken = file.past_cache().is_some_and(|past_cache| {
        let mut block = aligned_room(BLOCK as usize);
        block.resize(BLOCK as usize, 0);
        past_cache.write_at(0, &block).is_ok()
    });
    // What is left of it is removed when the log is read.
    let _ = files.remove(&path);
    taken
}

/// The file.
pub(super) struct Written {
    file: Arc<dyn File>,
    /// The same one, for direct writes.
    past_cache: Option<Arc<dyn File>>,
}

impl Written {
    pub(super) fn new(file: Arc<dyn File>, direct: bool) -> Written {
        let past_cache = if direct { file.past_cache() } else { None };
        Written { file, past_cache }
    }

    /// Writes whole blocks at a whole block.
    pub(super) fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if let Some(past_cache) = self.past_cache.as_ref().filter(|_| is_aligned(bytes)) {
            match past_cache.write_at(offset, bytes) {
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                done => return done,
            }
        }
        self.file.write_at(offset, bytes)
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    pub(super) fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }

    pub(super) fn write_out(&self) -> io::Result<()> {
        self.file.write_out()
    }

    pub(super) fn sync(&self, point: &'static str) -> io::Result<()> {
        self.file.sync(point)
    }
}
