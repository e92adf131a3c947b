//! The file layer that a local engine stands on, as a trait, so that power cuts can be simulated.
//!
//! Calls block; an engine calls them from threads of its own. Paths are plain: no links, no `..`.
//!
//! What an engine may rely on, and no more:
//! - nothing is durable before its sync answered `Ok`: a file's bytes and length by [`File::sync`], a name by
//!   [`Files::sync_dir`] of its directory;
//! - before that, a power cut may keep any 512-byte sectors of what was written, in any order, and any of the names;
//! - after a failed sync, what was written since the last good one may be readable and yet never become durable,
//!   whatever later syncs answer.

pub mod random;
pub mod sim;
pub mod turns;

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// How to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An existing file, for reading.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// For reading and writing; made if it does not exist, left as it is if it does.
    Create,
    /// For reading and writing; an existing one is `AlreadyExists`.
    CreateNew,
}

/// Directories and names.
pub trait Files: Send + Sync + 'static {
    /// Makes a directory in an existing one. An existing directory is no error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Opens a file.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn File>>;
    /// Opens a file for reading what is on the device, and not what the operating system remembers of it; where there is
    /// no such way, as for reading.
    fn open_past_cache(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.open(path, Mode::Read)
    }
    /// Names in a directory, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Removes a file's name; whoever has it open goes on reading.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name in the same directory, in one step: a power cut leaves it one of the two. A file that
    /// had the new name loses it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable. `point` names the place in the code, for tests and metrics.
    fn sync_dir(&self, path: &Path, point: &'static str) -> io::Result<()>;
    /// Locks a file (made if absent) against every other process and every other `lock` of this one, until the
    /// answer is dropped. A held lock is `WouldBlock`.
    fn lock(&self, path: &Path) -> io::Result<Held>;
    /// How much room the file system of this directory has.
    fn room(&self, path: &Path) -> io::Result<Room>;
}

/// What a file system has, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What may still be written.
    pub free: u64,
    /// What it holds when empty.
    pub total: u64,
}

/// A lock that ends when it is dropped.
pub type Held = Box<dyn Any + Send + Sync>;

/// An open file.
#[expect(
    clippy::len_without_is_empty,
    reason = "a file's length is I/O that can fail, not a collection's size"
)]
pub trait File: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Fills `into` from `offset`; a file that ends before is `UnexpectedEof`.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
    /// As [`File::read_at`] where no device has to be waited for; `Ok(false)` where one would be, or where that cannot be
    /// told. The only call that may come from a thread that must not block.
    fn read_at_once(&self, offset: u64, into: &mut [u8]) -> io::Result<bool> {
        let _ = (offset, into);
        Ok(false)
    }
    /// Says that these bytes will be read soon. It promises nothing, and does not wait for them.
    fn read_ahead(&self, offset: u64, len: u64) {
        let _ = (offset, len);
    }
    /// Writes all of `bytes` at `offset`. After an error any part of them may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// The same file, for writes past the page cache: places, lengths and memory are multiples of 4,096 then. `None` where
    /// that cannot be; a write may still find out and be [`io::ErrorKind::InvalidInput`].
    fn past_cache(&self) -> Option<Arc<dyn File>> {
        None
    }
    /// Sets the length.
    fn truncate(&self, len: u64) -> io::Result<()>;
    /// Lets go what the cache holds of a range, so that the next read asks the device, as far as that can be done.
    fn forget(&self, offset: u64, len: u64) {
        let _ = (offset, len);
    }
    /// Writes out what is in the cache, so that a later sync has less to do. It promises nothing.
    fn write_out(&self) -> io::Result<()>;
    /// Makes bytes and length durable. `point` names the place in the code, for tests and metrics.
    fn sync(&self, point: &'static str) -> io::Result<()>;
}
