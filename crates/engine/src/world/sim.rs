//! Simulated files that keep apart what was synced and what was not, and can be crashed.
//!
//! Not here: time, and faults that no disk has. Damage is asked for by [`Sim::damage`] and [`Sim::lose`]; else reads never fail.
//!
//! Keeps true: what survives [`Sim::crash`] is what the [`super`] module promises, and as little more as the seed
//! decides. A crash leaves the crashed files as they are and answers new ones, so that one run can be crashed at
//! every one of its steps.

mod disk;

use super::random::Seeded;
use super::{File, Files, Held, Mode, Room};
use disk::{Disk, Node};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How everything ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The power goes: what was not synced is kept, torn, reordered or lost.
    Power,
    /// The process is killed: what it wrote is still in the page cache and may yet become durable.
    Kill,
    /// The last sync failed and the process is killed: what it had written is readable, a part of it is durable,
    /// and no later sync will write the rest.
    KillAfterFailedSync,
}

/// One step that changes files, told to the watcher before it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bytes are about to be written to this file.
    Write(PathBuf),
    /// This file is about to be synced, at this point of the code.
    Sync(PathBuf, &'static str),
    /// This directory is about to be synced, at this point of the code.
    SyncDir(PathBuf, &'static str),
    /// This file is about to get another length.
    Truncate(PathBuf),
    /// A name is about to be made, removed or given to another file.
    Name(PathBuf),
}

type Watcher = Arc<dyn Fn(&Step) + Send + Sync>;

/// The simulated files. Clones are the same files.
#[derive(Clone)]
pub struct Sim(Arc<Shared>);

struct Shared {
    disk: Mutex<Disk>,
    faults: Mutex<Faults>,
    watcher: Mutex<Option<Watcher>>,
    locks: Arc<Mutex<BTreeSet<PathBuf>>>,
}

#[derive(Clone, Default)]
struct Faults {
    ignored: BTreeSet<&'static str>,
    failing: HashMap<&'static str, u64>,
    seen: BTreeSet<&'static str>,
    free: Option<u64>,
    /// Files and offsets of bytes that cannot be read any more.
    lost: Vec<(u64, u64)>,
}

impl Default for Sim {
    fn default() -> Sim {
        Sim::new()
    }
}

impl Sim {
    /// An empty root directory.
    pub fn new() -> Sim {
        Sim::over(Disk::new(), Faults::default())
    }

    /// What is left after a crash; these files stay as they are. Sync points that are ignored here are ignored
    /// there too.
    pub fn crash(&self, crash: Crash, random: &mut Seeded) -> Sim {
        let mut disk = lock(&self.0.disk).clone();
        match crash {
            Crash::Power => disk.lose_power(random),
            Crash::Kill => {}
            Crash::KillAfterFailedSync => disk.fail_all_syncs(random),
        }
        let ignored = lock(&self.0.faults).ignored.clone();
        Sim::over(
            disk,
            Faults {
                ignored,
                ..Faults::default()
            },
        )
    }

    /// Is told of every step before it happens, on the thread that makes it.
    pub fn watch(&self, watcher: impl Fn(&Step) + Send + Sync + 'static) {
        *lock(&self.0.watcher) = Some(Arc::new(watcher));
    }

    /// From now on, syncs at this point answer `Ok` and do nothing.
    pub fn ignore(&self, point: &'static str) {
        lock(&self.0.faults).ignored.insert(point);
    }

    /// The next `times` syncs at this point fail.
    pub fn fail(&self, point: &'static str, times: u64) {
        lock(&self.0.faults).failing.insert(point, times);
    }

    /// How many more bytes files may grow by in all; `None`: without end. What is removed or cut off is free again.
    pub fn leave_free(&self, bytes: Option<u64>) {
        lock(&self.0.faults).free = bytes;
    }

    /// All points at which anything was synced so far.
    pub fn points_seen(&self) -> BTreeSet<&'static str> {
        lock(&self.0.faults).seen.clone()
    }

    /// Turns over the bits `flip` of one stored byte, on the device and in the cache.
    pub fn damage(&self, path: &Path, offset: u64, flip: u8) -> io::Result<()> {
        let mut disk = lock(&self.0.disk);
        let id = disk.file_id(path)?;
        disk.damage(id, offset, flip)
    }

    /// From now on reading this byte, or anything together with it, fails as on a device with a bad sector.
    pub fn lose(&self, path: &Path, offset: u64) -> io::Result<()> {
        let id = lock(&self.0.disk).file_id(path)?;
        lock(&self.0.faults).lost.push((id, offset));
        Ok(())
    }

    fn over(disk: Disk, faults: Faults) -> Sim {
        let (disk, faults) = (Mutex::new(disk), Mutex::new(faults));
        Sim(Arc::new(Shared {
            disk,
            faults,
            watcher: Mutex::default(),
            locks: Arc::default(),
        }))
    }

    fn tell(&self, step: Step) {
        let watcher = lock(&self.0.watcher).clone();
        if let Some(watcher) = watcher {
            watcher(&step);
        }
    }

    /// What becomes of a sync at this point.
    fn sync_fate(&self, point: &'static str) -> Fate {
        let mut faults = lock(&self.0.faults);
        faults.seen.insert(point);
        if let Some(times) = faults.failing.get_mut(point).filter(|times| **times > 0) {
            *times -= 1;
            return Fate::Fail;
        }
        if faults.ignored.contains(point) {
            Fate::Ignore
        } else {
            Fate::Do
        }
    }
}

enum Fate {
    Do,
    Ignore,
    Fail,
}

impl Files for Sim {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.tell(Step::Name(path.to_path_buf()));
        lock(&self.0.disk).create_dir(path)
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn File>> {
        if !matches!(mode, Mode::Read | Mode::Write) {
            self.tell(Step::Name(path.to_path_buf()));
        }
        let mut disk = lock(&self.0.disk);
        let id = match (disk.find(path), mode) {
            (Ok(Node::File(_)), Mode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Ok(Node::File(id)), _) => id,
            (Ok(Node::Dir(_)), _) => return Err(io::ErrorKind::IsADirectory.into()),
            (Err(error), Mode::Read | Mode::Write) => return Err(error),
            (Err(_), Mode::Create | Mode::CreateNew) => disk.create_file(path)?,
        };
        Ok(Arc::new(SimFile {
            sim: self.clone(),
            path: path.to_path_buf(),
            id,
            writable: mode != Mode::Read,
        }))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        lock(&self.0.disk).list(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.tell(Step::Name(path.to_path_buf()));
        let mut disk = lock(&self.0.disk);
        let len = disk.file_id(path).and_then(|id| disk.len(id)).unwrap_or(0);
        disk.remove(path)?;
        if let Some(free) = &mut lock(&self.0.faults).free {
            *free += len;
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.tell(Step::Name(to.to_path_buf()));
        lock(&self.0.disk).rename(from, to)
    }

    fn sync_dir(&self, path: &Path, point: &'static str) -> io::Result<()> {
        self.tell(Step::SyncDir(path.to_path_buf(), point));
        match self.sync_fate(point) {
            Fate::Do => lock(&self.0.disk).sync_dir(path),
            Fate::Ignore => Ok(()),
            Fate::Fail => Err(io::Error::other("a simulated failure of a directory's sync")),
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Held> {
        self.open(path, Mode::Create)?;
        if !lock(&self.0.locks).insert(path.to_path_buf()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(SimLock {
            locks: self.0.locks.clone(),
            path: path.to_path_buf(),
        }))
    }

    fn room(&self, _path: &Path) -> io::Result<Room> {
        Ok(Room {
            free: lock(&self.0.faults).free.unwrap_or(u64::MAX),
            total: u64::MAX,
        })
    }
}

struct SimLock {
    locks: Arc<Mutex<BTreeSet<PathBuf>>>,
    path: PathBuf,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        lock(&self.locks).remove(&self.path);
    }
}

struct SimFile {
    sim: Sim,
    path: PathBuf,
    id: u64,
    writable: bool,
}

impl File for SimFile {
    fn len(&self) -> io::Result<u64> {
        lock(&self.sim.0.disk).len(self.id)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let range = offset..offset + into.len() as u64;
        let is_lost = |(id, at): &(u64, u64)| *id == self.id && range.contains(at);
        if lock(&self.sim.0.faults).lost.iter().any(is_lost) {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        lock(&self.sim.0.disk).read(self.id, offset, into)
    }

    /// As if every third block were not in memory.
    fn read_at_once(&self, offset: u64, into: &mut [u8]) -> io::Result<bool> {
        if (offset / BLOCK).is_multiple_of(3) {
            return Ok(false);
        }
        self.read_at(offset, into).map(|()| true)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.check_writable()?;
        self.sim.tell(Step::Write(self.path.clone()));
        let mut disk = lock(&self.sim.0.disk);
        let grows = (offset + bytes.len() as u64).saturating_sub(disk.len(self.id)?);
        let mut faults = lock(&self.sim.0.faults);
        let Some(free) = &mut faults.free else {
            return disk.write(self.id, offset, bytes);
        };
        if grows <= *free {
            *free -= grows;
            return disk.write(self.id, offset, bytes);
        }
        // A full device takes what fits and then says so.
        let fits = bytes.len().saturating_sub((grows - *free) as usize);
        *free = 0;
        disk.write(self.id, offset, bytes.get(..fits).unwrap_or_default())?;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.check_writable()?;
        self.sim.tell(Step::Truncate(self.path.clone()));
        let mut disk = lock(&self.sim.0.disk);
        let before = disk.len(self.id)?;
        if let Some(free) = &mut lock(&self.sim.0.faults).free {
            let left = (*free + before).checked_sub(len);
            *free = left.ok_or(io::ErrorKind::StorageFull)?;
        }
        disk.truncate(self.id, len)
    }

    fn write_out(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self, point: &'static str) -> io::Result<()> {
        self.sim.tell(Step::Sync(self.path.clone(), point));
        match self.sim.sync_fate(point) {
            Fate::Do => lock(&self.sim.0.disk).sync_file(self.id),
            Fate::Ignore => Ok(()),
            Fate::Fail => {
                lock(&self.sim.0.disk).fail_sync(self.id)?;
                Err(io::Error::other("a simulated failure of a sync"))
            }
        }
    }
}

impl SimFile {
    fn check_writable(&self) -> io::Result<()> {
        if self.writable {
            Ok(())
        } else {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
}

const BLOCK: u64 = 4096;
/// What Linux answers if the device cannot read.
const EIO: i32 = 5;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
