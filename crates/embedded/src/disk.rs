//! The real files: the operating system's calls behind the engine's file layer.
//!
//! Not here: any decision. Every call is one or two system calls.

mod past_cache;

use countersign_engine::world::{File, Files, Held, Mode, Room};
use rustix::fs::{Advice, FlockOperation, OFlags, fadvise, flock, statvfs};
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use std::fs;
use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            made => made,
        }
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(mode != Mode::Read);
        options
            .create(mode == Mode::Create)
            .create_new(mode == Mode::CreateNew);
        Ok(Arc::new(DiskFile(options.open(path)?)))
    }

    fn open_past_cache(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        past_cache::PastCache::open(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        // A name that is no text is none of ours.
        let entries = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        entries.filter_map(io::Result::transpose).collect()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_dir(&self, path: &Path, _point: &'static str) -> io::Result<()> {
        fs::File::open(path)?.sync_all()
    }

    fn lock(&self, path: &Path) -> io::Result<Held> {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Box::new(file))
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        let told = statvfs(path)?;
        let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
        Ok(Room {
            free: bytes(told.f_bavail),
            total: bytes(told.f_blocks),
        })
    }
}

struct DiskFile(fs::File);

impl File for DiskFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(into, offset)
    }

    fn read_at_once(&self, offset: u64, into: &mut [u8]) -> io::Result<bool> {
        let mut read = 0;
        while let Some(rest) = into.get_mut(read..).filter(|rest| !rest.is_empty()) {
            let from = offset + read as u64;
            match preadv2(
                &self.0,
                &mut [IoSliceMut::new(rest)],
                from,
                ReadWriteFlags::NOWAIT,
            ) {
                // Whether it is the end is found out by whoever may wait.
                Ok(0) => return Ok(false),
                Ok(more) => read += more,
                Err(Errno::INTR) => {}
                // Not in memory, or a file system that cannot tell.
                Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn read_ahead(&self, offset: u64, len: u64) {
        // A file system that does not care reads it when it is asked for.
        let _is_not_taken = fadvise(&self.0, offset, NonZeroU64::new(len), Advice::WillNeed);
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn past_cache(&self) -> Option<Arc<dyn File>> {
        // The same file, opened once more through the descriptor: its name may be gone.
        let same = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        let flags = OFlags::DIRECT.bits() as i32;
        let direct = fs::OpenOptions::new().write(true).custom_flags(flags).open(same);
        direct.ok().map(|file| Arc::new(DiskFile(file)) as Arc<dyn File>)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn forget(&self, offset: u64, len: u64) {
        // Advice; whoever gives it does without.
        let _ = fadvise(&self.0, offset, NonZeroU64::new(len), Advice::DontNeed);
    }

    fn write_out(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn sync(&self, _point: &'static str) -> io::Result<()> {
        self.0.sync_data()
    }
}
