//! Large bodies: a file each, written while it is received, durable before a row refers to it.
//!
//! Not here: which row refers to which file.
//!
//! Keeps true: a file whose number is not marked in the index is nobody's and is removed at open; a number is never
//! used for a second body once a row referred to it. A finished stage's bytes and name are durable.

use crate::SyncPoint;
use crate::format::{At, LARGE_SUM_BYTES, Placed, crc32c};
use crate::health::{Health, unavailable};
use crate::reserve::Reserve;
use crate::tasks::Tasks;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use countersign_engine::world::{File, Files, Held, Mode};
use countersign_engine::{Error, Home, Result, Space, Stage, Staged, rules};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

    /// Removes a body's file. If that fails, the next start does it.
    pub(crate) fn discard(&self, id: u64) {
        let _ = self.files.remove(&self.path(id));
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

/// A file that no row refers to yet. Dropped, it is removed, unless a commit took it.
pub(crate) struct Unowned {
    large: Arc<LargeFiles>,
    id: u64,
    is_taken: AtomicBool,
}

impl Unowned {
    /// True if it lies among these files.
    pub(crate) fn is_of(&self, large: &Arc<LargeFiles>) -> bool {
        Arc::ptr_eq(&self.large, large)
    }

    /// True if a commit took it.
    pub(crate) fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Acquire)
    }
}

impl Drop for Unowned {
    fn drop(&mut self) {
        if *self.is_taken.get_mut() {
            return;
        }
        let (large, id) = (self.large.clone(), self.id);
        // Unlinking a large file takes its time.
        let tasks = large.tasks.clone();
        tasks.aside(move || large.discard(id));
    }
}

/// A staged file in a commit that is not durable yet. Dropped, the commit gives it back.
pub(crate) struct Taken(Option<Arc<StagedFile>>);

impl Taken {
    /// Only one commit at a time takes a file: the log's thread, which asked [`Unowned::is_taken`] before.
    pub(crate) fn new(staged: Arc<StagedFile>) -> Taken {
        staged.file.is_taken.store(true, Ordering::Release);
        Taken(Some(staged))
    }

    /// A row refers to it now, or may do so after the next start.
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(staged) = &self.0 {
            staged.file.is_taken.store(false, Ordering::Release);
        }
    }
}

/// What a finished stage hands to a commit.
pub(crate) struct StagedFile {
    /// Where it was staged for.
    pub(crate) space: Space,
    /// Where it was staged for.
    pub(crate) home: Home,
    /// Place and checksums.
    pub(crate) placed: Placed,
    /// The file.
    pub(crate) file: Unowned,
}

/// A body on its way in.
pub(crate) struct LargeStage {
    space: Space,
    home: Home,
    len: u64,
    /// Received and not yet written: less than one checksum covers.
    rest: BytesMut,
    /// `None` after a failure.
    writing: Option<Writing>,
}

/// The part of a stage that blocks; it moves to another thread and back.
struct Writing {
    large: Arc<LargeFiles>,
    file: Arc<dyn File>,
    unowned: Unowned,
    offset: u64,
    sums: Vec<u32>,
}

impl LargeStage {
    pub(crate) fn begin(large: &Arc<LargeFiles>, space: Space, home: Home) -> Result<LargeStage> {
        large.health.check()?;
        let (id, file) = large
            .create()
            .map_err(|error| unavailable("making a file for a body", &error))?;
        let unowned = Unowned {
            large: large.clone(),
            id,
            is_taken: AtomicBool::new(false),
        };
        let writing = Writing {
            large: large.clone(),
            file,
            unowned,
            offset: 0,
            sums: Vec::new(),
        };
        Ok(LargeStage {
            space,
            home,
            len: 0,
            rest: BytesMut::new(),
            writing: Some(writing),
        })
    }

    async fn write_out(&mut self, bytes: Bytes) -> Result<()> {
        let mut writing = self
            .writing
            .take()
            .ok_or(Error::Invalid("a stage is used after it failed"))?;
        let tasks = writing.large.tasks.clone();
        self.writing = Some(
            tasks
                .blocking(move || {
                    if !writing.large.reserve.leaves(bytes.len() as u64) {
                        return Err(Error::Full);
                    }
                    writing
                        .write(&bytes)
                        .map_err(|error| unavailable("writing a body", &error))?;
                    Ok(writing)
                })
                .await?,
        );
        Ok(())
    }
}

#[async_trait]
impl Stage for LargeStage {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.len = rules::grown(self.len, bytes.len())?;
        self.rest.extend_from_slice(&bytes);
        let whole = self.rest.len() / LARGE_SUM_BYTES * LARGE_SUM_BYTES;
        if whole > 0 {
            let bytes = self.rest.split_to(whole).freeze();
            self.write_out(bytes).await?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Staged> {
        let rest = std::mem::take(&mut self.rest).freeze();
        if !rest.is_empty() {
            self.write_out(rest).await?;
        }
        let writing = self
            .writing
            .take()
            .ok_or(Error::Invalid("a stage is used after it failed"))?;
        let (space, home, len) = (self.space, self.home, self.len);
        let tasks = writing.large.tasks.clone();
        tasks
            .blocking(move || {
                writing.large.health.check()?;
                if let Err(error) = writing.large.sync(writing.unowned.id, &*writing.file) {
                    return Err(writing
                        .large
                        .health
                        .fail(format!("making a body durable: {error}")));
                }
                let at = At::Large {
                    id: writing.unowned.id,
                };
                let placed = Placed {
                    len,
                    at,
                    sums: writing.sums.into(),
                };
                Ok(Staged {
                    len,
                    handle: Arc::new(StagedFile {
                        space,
                        home,
                        placed,
                        file: writing.unowned,
                    }),
                })
            })
            .await
    }
}

impl Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(self.offset, bytes)?;
        self.offset += bytes.len() as u64;
        self.sums.extend(bytes.chunks(LARGE_SUM_BYTES).map(crc32c));
        Ok(())
    }
}
