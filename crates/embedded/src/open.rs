//! Opening a data directory: lock, format, log, index, and what a crash left behind.
//!
//! Keeps true: before anybody is served, everything that can be read is durable, the index holds exactly what the log
//! holds, and no file is left that belongs to nobody.

use crate::committer::Committer;
use crate::embedded::{Embedded, Shared};
use crate::format::batch::Start;
use crate::format::entry::{self, LogPosition, SpaceState};
use crate::format::segment::SegmentSet;
use crate::format::{FORMAT_VERSION, FormatFile, Salt, format_file, parse_format_file};
use crate::health::{Health, unavailable, vital};
use crate::index::{Behind, Cached, Fjall, Follower, MetaIndex, Snapshots};
use crate::large::LargeFiles;
use crate::log::ahead::{Sizes, ahead};
use crate::log::recover::{Known, recover};
use crate::log::{RECENT_BYTES_MAX, Recent, Segments, takes_direct_writes};
use crate::overlay::{Overlay, parse_space};
use crate::progress::Progress;
use crate::reclaim::checkpoint::Checkpointer;
use crate::reclaim::compactor::Compactor;
use crate::reclaim::ledger::Ledger;
use crate::reclaim::usage::Counters;
use crate::reserve::Reserve;
use crate::{Disk, Orders, SyncPoint, Tasks};
use countersign_engine::world::{Files, Held, Mode};
use countersign_engine::{Error, Result, Space};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// What may be chosen.
#[derive(Clone, Debug)]
pub struct Options {
    /// The longest a segment of the log is made; the first ones are shorter, and so are all on a small disk.
    pub segment_bytes: u64,
    /// Files of segments are written with zeros before they are needed.
    pub prepare_segments: bool,
    /// The log is written past the page cache, where the file system takes such writes.
    pub direct_writes: bool,
    /// So many bytes of what was written last are kept in memory, for whoever reads them.
    pub recent_bytes: usize,
    /// So many bytes of the index's rows that were read or written lately are kept in memory.
    pub rows_kept_bytes: u64,
    /// The index is made durable after so many bytes of log: no start reads much more than that.
    pub index_persist_bytes: u64,
    /// So much of the disk is kept free of new data, for deletes and for the index; at most a sixteenth of the disk.
    pub reserve_bytes: u64,
    /// Throws the index away and makes it anew from the log.
    pub rebuild_index: bool,
    /// A random number for a log that is begun; not used if there is one already.
    pub new_log_salt: u64,
    /// Where the engine's work runs.
    pub tasks: Tasks,
    /// Who is told how the reading of the log gets on.
    pub progress: Progress,
    /// Which orders are kept.
    pub orders: Orders,
}

impl Options {
    /// The usual ones, with a random number that must not be guessable from outside.
    pub fn new(new_log_salt: u64) -> Options {
        Options {
            segment_bytes: 256 * 1024 * 1024,
            prepare_segments: true,
            direct_writes: true,
            recent_bytes: RECENT_BYTES_MAX,
            rows_kept_bytes: 32 * 1024 * 1024,
            index_persist_bytes: 64 * 1024 * 1024,
            reserve_bytes: 256 * 1024 * 1024,
            rebuild_index: false,
            new_log_salt,
            tasks: Tasks::threads(),
            progress: Progress::default(),
            orders: Orders::default(),
        }
    }
}

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Batches of the log that the index did not hold yet.
    pub batches_replayed: u64,
    /// Bytes at the log's end that belonged to no whole batch; never acknowledged.
    pub torn_bytes: u64,
    /// Bodies met that do not match their checksums; reading them is an error.
    pub damaged_bodies: usize,
    /// Files of large bodies that belonged to no row; never acknowledged, or already deleted.
    pub orphans_removed: u64,
    /// True if the log is written past the page cache; false if the file system does not take such writes.
    pub direct_writes: bool,
    /// Why the index was made anew, if it was.
    pub index_rebuilt: Option<String>,
}

/// Opens the index, once the directory is locked. Answers why it was emptied, if it was.
pub type OpenIndex = Box<dyn FnOnce() -> Result<(Arc<dyn Snapshots>, Option<String>)> + Send>;

/// Opens a directory of this machine's disk, which is made if its parent exists.
pub(crate) fn on_disk(dir: &Path, options: &Options) -> Result<Embedded> {
    let index_dir = dir.join("index");
    let open_index: OpenIndex = Box::new(move || {
        let (index, emptied) = Fjall::open(&index_dir)?;
        Ok((Arc::new(index), emptied))
    });
    with(Arc::new(Disk), open_index, dir, options)
}

/// Opens a directory of any files, with any index.
pub(crate) fn with(
    files: Arc<dyn Files>,
    open_index: OpenIndex,
    dir: &Path,
    options: &Options,
) -> Result<Embedded> {
    let layout = Layout::new(dir);
    files
        .create_dir(dir)
        .map_err(|error| unavailable("making the data directory", &error))?;
    let lock = Arc::new(take_lock(&*files, &layout)?);
    let salt = settle_names(&*files, &layout, options)?;
    let (index, emptied) = open_index()?;
    let mut recovery = Recovery::default();
    let known = prepare_index(&*index, options, emptied, &mut recovery)?;
    let mut position = known.as_ref().map(|known| known.position);

    recovery.direct_writes = options.direct_writes && takes_direct_writes(&*files, &layout.log);
    let segments = Arc::new(Segments::new(
        files.clone(),
        layout.log.clone(),
        salt,
        recovery.direct_writes,
        Recent::new(options.recent_bytes),
    ));
    let mut ledger = Ledger::load(&*index)?;
    let sizes = Sizes::new(options.segment_bytes, &*files, &layout.log);
    let (mut log, found) = recover(segments.clone(), sizes, known.as_ref(), &mut |read| {
        let mut overlay = Overlay::new(&*index);
        let (start, is, end, next): (Start, _, _, _) = (read.start, read.is, read.end(), read.batch.next);
        read.batch
            .records
            .into_iter()
            .try_for_each(|(frame, record)| overlay.replay(frame, record))?;
        let (effects, after) = overlay.finish(position.as_ref(), &ledger, (start, is), (end, next))?;
        position = Some(after);
        ledger.take(&effects.notes);
        index.apply(effects.ops)?;
        options.progress.read(end - start.offset);
        Ok(())
    })?;
    if let Some(position) = position
        && segments.has_given_up()
    {
        index.persist()?;
        // What cannot be let go now is let go later.
        let _ = segments.release(position.last.segment, false);
    }
    recovery.batches_replayed = found.batches;
    recovery.torn_bytes = found.torn_bytes;
    recovery.damaged_bodies = found.damaged_bodies;

    let health = Arc::new(Health::default());
    let reserve = Arc::new(Reserve::new(files.clone(), layout.dir, options.reserve_bytes));
    let large = Arc::new(LargeFiles::new(
        files,
        layout.large,
        health.clone(),
        reserve.clone(),
        options.tasks.clone(),
        lock.clone(),
    ));
    let large_next = position.map_or(1, |position| position.large_next);
    recovery.orphans_removed = large.sweep(large_next, &|id| {
        Ok(index
            .get(&[entry::large_name(id)])?
            .first()
            .is_some_and(Option::is_some))
    })?;
    let sweeping = spaces_to_sweep(&*index)?;
    let behind = Arc::new(Behind::new(index));
    let index = Arc::new(Cached::new(behind.clone(), options.rows_kept_bytes));

    let preparing = options.prepare_segments.then(|| {
        let (asking, preparing) = ahead(
            segments.clone(),
            reserve.clone(),
            health.clone(),
            options.tasks.clone(),
            lock.clone(),
        );
        log.prepare_with(asking);
        preparing
    });
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    let counters = Arc::new(Counters::default());
    counters.show(&ledger);
    let (checkpoint, due) = watch::channel(0);
    let (waker, wake) = watch::channel(());
    let (told, changed) = watch::channel(());
    let follower = Follower {
        index: behind,
        due: changed,
        health: health.clone(),
        tasks: options.tasks.clone(),
    };
    let checkpointer = Checkpointer {
        due,
        index: index.clone(),
        segments: segments.clone(),
        reserve: reserve.clone(),
        counters: counters.clone(),
        tasks: options.tasks.clone(),
        orders: options.orders,
        _lock: lock.clone(),
    };
    let compactor = Compactor {
        wake,
        queue: sender.downgrade(),
        index: index.clone(),
        segments: segments.clone(),
        reserve: reserve.clone(),
        counters: counters.clone(),
        tasks: options.tasks.clone(),
        _lock: lock.clone(),
    };
    let committer = Committer {
        queue,
        log,
        segments: segments.clone(),
        index: index.clone(),
        large: large.clone(),
        reserve,
        health: health.clone(),
        position,
        ledger,
        sweeping,
        aside: None,
        active: position.map(|position| position.last.segment),
        tried: BTreeMap::new(),
        compactor: waker,
        follower: told,
        checkpoint,
        counters: counters.clone(),
        persist_every: options.index_persist_bytes,
        unpersisted: 0,
        tasks: options.tasks.clone(),
        orders: options.orders,
        _lock: lock,
    };
    let failed = |error: io::Error| unavailable("starting a thread", &error);
    let tasks = &options.tasks;
    let logging = vital(health.clone(), committer.run());
    let following = vital(health.clone(), follower.run());
    let checkpointing = vital(health.clone(), checkpointer.run());
    let mut running = vec![
        tasks.start("countersign-log", logging).map_err(failed)?,
        tasks.start("countersign-index", following).map_err(failed)?,
        tasks
            .start("countersign-checkpoint", checkpointing)
            .map_err(failed)?,
        tasks
            .start("countersign-compact", compactor.run())
            .map_err(failed)?,
    ];
    if let Some(preparing) = preparing {
        running.push(
            tasks
                .start("countersign-segments", preparing.run())
                .map_err(failed)?,
        );
    }
    Ok(Embedded::new(
        Shared {
            index,
            segments,
            large,
            health,
            counters,
            tasks: options.tasks.clone(),
        },
        sender,
        running,
        recovery,
    ))
}

/// Where things lie in a data directory.
struct Layout {
    dir: PathBuf,
    lock: PathBuf,
    format: PathBuf,
    log: PathBuf,
    large: PathBuf,
}

impl Layout {
    fn new(dir: &Path) -> Layout {
        Layout {
            dir: dir.to_path_buf(),
            lock: dir.join("lock"),
            format: dir.join("format"),
            log: dir.join("log"),
            large: dir.join("large"),
        }
    }
}

/// True if opening failed because another process has the data directory open: an operator ends that one or names another
/// directory, and trying again does not help before.
pub fn is_in_use(error: &Error) -> bool {
    matches!(error, Error::Unavailable(why) if why == IN_USE)
}

const IN_USE: &str = "the data directory is open in another process";

fn take_lock(files: &dyn Files, layout: &Layout) -> Result<Held> {
    files.lock(&layout.lock).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Error::Unavailable(IN_USE.into()),
        _ => unavailable("locking the data directory", &error),
    })
}

/// Makes what is missing, and makes all names durable: they may have been made just before a kill.
fn settle_names(files: &dyn Files, layout: &Layout, options: &Options) -> Result<Salt> {
    let failed = |error: io::Error| unavailable("preparing the data directory", &error);
    files.create_dir(&layout.log).map_err(failed)?;
    files.create_dir(&layout.large).map_err(failed)?;
    // First of all: whether there is a log must not change any more, since `format` is written anew where there is none.
    files
        .sync_dir(&layout.log, SyncPoint::LogDirAtOpen.name())
        .map_err(failed)?;
    let is_new = files.list(&layout.log).map_err(failed)?.is_empty();
    let salt = settle_format(files, layout, is_new, Salt(options.new_log_salt))?;
    if let Some(parent) = layout.dir.parent() {
        // A bare name lies in the working directory.
        let is_bare = parent.as_os_str().is_empty();
        files
            .sync_dir(
                if is_bare { Path::new(".") } else { parent },
                SyncPoint::DataDirName.name(),
            )
            .map_err(failed)?;
    }
    files
        .sync_dir(&layout.dir, SyncPoint::DataDir.name())
        .map_err(failed)?;
    Ok(salt)
}

fn settle_format(files: &dyn Files, layout: &Layout, is_new: bool, new_salt: Salt) -> Result<Salt> {
    let failed = |error: io::Error| unavailable("the file `format`", &error);
    let file = files.open(&layout.format, Mode::Create).map_err(failed)?;
    let len = file.len().map_err(failed)?.min(FORMAT_FILE_BYTES_MAX);
    let mut text = vec![0; len as usize];
    file.read_at(0, &mut text).map_err(failed)?;
    match parse_format_file(&text) {
        FormatFile::Newer(version) => Err(Error::Unavailable(format!(
            "the data directory has format {version}, and this program knows formats up to {FORMAT_VERSION}"
        ))),
        FormatFile::Ours(salt) if !is_new => Ok(salt),
        FormatFile::Damaged if !is_new => Err(Error::Corrupt(
            "the file `format` does not say which log this is, yet there is a log".into(),
        )),
        // Without a log nothing was ever promised; what a cut-short first start left is written again.
        FormatFile::Ours(_) | FormatFile::Damaged => {
            file.truncate(0).map_err(failed)?;
            file.write_at(0, format_file(new_salt).as_bytes())
                .map_err(failed)?;
            file.sync(SyncPoint::FormatFile.name()).map_err(failed)?;
            Ok(new_salt)
        }
    }
}

/// What the index says of the log, after emptying it if it says nothing that can be used.
fn prepare_index(
    index: &dyn MetaIndex,
    options: &Options,
    emptied: Option<String>,
    recovery: &mut Recovery,
) -> Result<Option<Known>> {
    recovery.index_rebuilt = emptied;
    if options.rebuild_index {
        empty(index)?;
        recovery.index_rebuilt = Some("it was asked for".into());
        return Ok(None);
    }
    let mut found = index.get(&[entry::log_position_name(), entry::segments_name()])?;
    let (set, position) = (found.pop().flatten(), found.pop().flatten());
    let Some(position) = position else {
        // It may hold something all the same, if it is none of ours.
        index.clear()?;
        return Ok(None);
    };
    let parsed = LogPosition::parse(&position).zip(set.and_then(|set| SegmentSet::parse(&set)));
    if parsed.is_none() {
        empty(index)?;
        recovery.index_rebuilt = Some("its note of the log's position cannot be read".into());
    }
    Ok(parsed.map(|(position, set)| Known { position, set }))
}

/// Empties an index that says something of the log. A kill meanwhile may leave the last changes without those before
/// them; so first it forgets, durably, how far it knows the log.
fn empty(index: &dyn MetaIndex) -> Result<()> {
    index.apply(vec![(entry::log_position_name(), None)])?;
    index.persist()?;
    index.clear()
}

fn spaces_to_sweep(index: &dyn MetaIndex) -> Result<VecDeque<Space>> {
    let mut sweeping = VecDeque::new();
    let until = entry::after_all(entry::space_names());
    let mut from = entry::space_names();
    loop {
        let states = index.scan(&from, &until, SPACES_AT_ONCE)?;
        for (name, state) in &states {
            let space = entry::parse_space_name(name);
            let space = space.ok_or_else(|| Error::Corrupt("the name of a space in the index".into()))?;
            if parse_space(space, state)?.state == SpaceState::Removing {
                sweeping.push_back(space);
            }
        }
        match states.last() {
            Some((name, _)) if states.len() == SPACES_AT_ONCE => from = [name.as_ref(), &[0]].concat(),
            _ => return Ok(sweeping),
        }
    }
}

/// Requests that wait for the log's thread; more wait outside.
const QUEUE_MAX: usize = 1024;
/// The file is far shorter.
const FORMAT_FILE_BYTES_MAX: u64 = 4096;
const SPACES_AT_ONCE: usize = 1000;
