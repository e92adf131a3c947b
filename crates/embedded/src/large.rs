//! Large bodies: a file each, written while it is received, durable before a row refers to it.
//!
//! Not here: which row refers to which file, and how a body gets into its file ([`stage`]).
//!
//! Keeps true: a file whose number is not marked in the index is nobody's and is removed at open; a number is never
//! used for a second body once a row referred to it. A finished stage's bytes and name are durable.

mod stage;

pub(crate) use self::stage::{LargeStage, StagedFile, Taken};

use crate::SyncPoint;
use crate::health::{Health, unavailable};
use crate::reserve::Reserve;
use crate::tasks::Tasks;
use countersign_engine::Result;
use countersign_engine::world::{File, Files, Held, Mode};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The directory of large bodies.
pub(crate) struct LargeFiles {
    files: Arc<dyn Files>,
    dir: PathBuf,
    health: Arc<Health>,
    reserve: Arc<Reserve>,
    next_id: AtomicU64,
    /// Directories whose names this process has made durable. What is found at open may have been made just before a
    /// kill.
    durable_dirs: Mutex<BTreeSet<String>>,
    tasks: Tasks,
    /// A stage may outlive the engine; while it does, nobody else may give out numbers.
    _lock: Arc<Held>,
}

impl LargeFiles {
    pub(crate) fn new(
        files: Arc<dyn Files>,
        dir: PathBuf,
        health: Arc<Health>,
        reserve: Arc<Reserve>,
        tasks: Tasks,
        lock: Arc<Held>,
    ) -> LargeFiles {
        let (next_id, durable_dirs) = (AtomicU64::new(1), Mutex::default());
        LargeFiles {
            files,
            dir,
            health,
            reserve,
            next_id,
            durable_dirs,
            tasks,
            _lock: lock,
        }
    }

    /// After a start: removes every file that `is_marked` does not know, and gives out numbers from `id_min` or
    /// behind the largest that is still there. Answers how many it removed.
    pub(crate) fn sweep(&self, id_min: u64, is_marked: &dyn Fn(u64) -> Result<bool>) -> Result<u64> {
        let failed = |error: io::Error| unavailable("removing what belongs to nobody", &error);
        let mut next_id = id_min;
        let mut removed = 0;
        for dir in self.files.list(&self.dir).map_err(failed)? {
            let path = self.dir.join(&dir);
            for name in self.files.list(&path).map_err(failed)? {
                let Some(id) = parse_name(&name) else { continue };
                next_id = next_id.max(id + 1);
                if !is_marked(id)? {
                    self.files.remove(&path.join(name)).map_err(failed)?;
                    removed += 1;
                }
            }
        }
        self.next_id.store(next_id, Ordering::Relaxed);
        Ok(removed)
    }

    /// Opens a body's file; `None` if it is gone.
    pub(crate) fn open(&self, id: u64) -> Result<Option<Arc<dyn File>>> {
        match self.files.open(&self.path(id), Mode::Read) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable("opening a body", &error)),
        }
    }

    /// As [`LargeFiles::open`], for reading what is on the device.
    pub(crate) fn open_past_cache(&self, id: u64) -> io::Result<Arc<dyn File>> {
        self.files.open_past_cache(&self.path(id))
    }

    /// Removes a body's file. If that fails, the next start does it.
    pub(crate) fn discard(&self, id: u64) {
        let _ = self.files.remove(&self.path(id));
    }

    /// Removes bodies' files, off the caller's thread: unlinking a large file takes its time.
    pub(crate) fn discard_aside(self: &Arc<Self>, ids: Vec<u64>) {
        if ids.is_empty() {
            return;
        }
        let large = self.clone();
        self.tasks
            .aside(move || ids.into_iter().for_each(|id| large.discard(id)));
    }

    fn create(&self) -> io::Result<(u64, Arc<dyn File>)> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.files.create_dir(&self.dir.join(dir_name(id)))?;
        Ok((id, self.files.open(&self.path(id), Mode::CreateNew)?))
    }

    /// Makes bytes and name durable.
    fn sync(&self, id: u64, file: &dyn File) -> io::Result<()> {
        file.sync(SyncPoint::LargeFile.name())?;
        let dir = dir_name(id);
        self.files
            .sync_dir(&self.dir.join(&dir), SyncPoint::LargeDir.name())?;
        if !self
            .durable_dirs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&dir)
        {
            self.files.sync_dir(&self.dir, SyncPoint::LargeRoot.name())?;
            self.durable_dirs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(dir);
        }
        Ok(())
    }

    fn path(&self, id: u64) -> PathBuf {
        self.dir.join(dir_name(id)).join(format!("{id:016x}"))
    }
}

fn dir_name(id: u64) -> String {
    format!("{:02x}", id & 0xff)
}

fn parse_name(name: &str) -> Option<u64> {
    (name.len() == 16)
        .then(|| u64::from_str_radix(name, 16).ok())
        .flatten()
}
