//! One life of a data directory: it is opened, used by several clients at once, and ends as the seed says.
//!
//! Keeps true: a life that is cut short leaves exactly what the crash left at that step; what was answered up to that step
//! is what was promised.

use crate::Size;
use crate::client::{BUCKETS, Client, OBJECT_KEYS, PART_BYTES_MIN};
use crate::prefix_index::PrefixIndex;
use crate::record::Record;
use countersign_embedded::{Embedded, Options, SyncPoint, Tasks};
use countersign_engine::Error;
use countersign_engine::world::Files;
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::{Crash, Sim};
use countersign_engine::world::turns::{Table, Turns};
use countersign_store::{Settings, Store, World};
use countersign_types::Moment;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

/// A data directory between two lives.
pub(crate) struct Directory {
    pub(crate) files: Sim,
    index: PrefixIndex,
    /// What time it is.
    now: Duration,
}

impl Directory {
    pub(crate) fn new(files: Sim) -> Directory {
        Directory {
            files,
            index: PrefixIndex::default(),
            now: Duration::ZERO,
        }
    }
}

/// How a life ends, and what goes wrong in it.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// Everybody is answered and the directory is closed.
    Orderly,
    /// At this step of the files, in opening or later.
    Crash(Crash, u64),
    /// This sync fails once, so many syncs from the beginning; then a kill, or an orderly end.
    FailedSync(SyncPoint, bool),
    /// The disk is full after so many bytes, for a while.
    Full(u64),
}

pub(crate) fn choose_ending(random: &mut Seeded) -> Ending {
    match random.below(10) {
        0 | 1 => Ending::Orderly,
        2..=4 => Ending::Crash(Crash::Power, random.below(STEPS_MAX) as u64),
        5 | 6 => Ending::Crash(Crash::Kill, random.below(STEPS_MAX) as u64),
        7 | 8 => {
            let points = [SyncPoint::LogBatch, SyncPoint::LargeFile, SyncPoint::LargeDir];
            Ending::FailedSync(points[random.below(points.len())], random.chance(500))
        }
        _ => Ending::Full(random.below(300_000) as u64),
    }
}

/// What a crash left.
type Left = Arc<Mutex<Option<(Sim, PrefixIndex)>>>;

/// Opens the directory, lets the clients work, ends. Answers what is left.
pub(crate) fn live(
    directory: Directory,
    record: &Arc<Record>,
    size: Size,
    ending: &Ending,
    random: &mut Seeded,
) -> Result<Directory, String> {
    let Directory { files, index, now } = directory;
    let life = record.begin_life();
    let left = Left::default();
    match ending {
        Ending::Orderly => {}
        Ending::Crash(crash, step) => crash_at(&files, &index, record, &left, *crash, *step, random.number()),
        Ending::FailedSync(..) | Ending::Full(_) => {}
    }
    let turns = Turns::new(random.number());
    let table = turns.table();
    let clock = Arc::new(Clock {
        from: now,
        table: table.clone(),
    });
    let is_killed = matches!(ending, Ending::FailedSync(_, true));
    let lived = turns.run(async {
        let engine = Arc::new(open(&files, &index, &table)?);
        match ending {
            Ending::FailedSync(point, _) => {
                files.fail(point.name(), 1);
                record.count(|report| report.failed_syncs += 1);
            }
            Ending::Full(bytes) => files.leave_free(Some(RESERVE_BYTES + bytes)),
            Ending::Orderly | Ending::Crash(..) => {}
        }
        let store = open_store(engine.clone(), clock.clone()).await;
        // A directory whose crash was in the opening is not looked at before the next one.
        if record.is_crashed() {
            return Ok(());
        }
        let store = store?;
        let mut clients = Vec::new();
        for _ in 0..size.clients {
            let (done, is_done) = oneshot::channel();
            let client = Client {
                store: store.clone(),
                record: record.clone(),
                table: table.clone(),
                life,
            };
            let operations = size.operations;
            table.start(async move {
                client.create_bucket(BUCKETS[0]).await;
                client.work(operations).await;
                // Nobody may be waiting any more.
                let _ = done.send(());
            });
            clients.push(is_done);
        }
        while !clients.is_empty() && !record.is_crashed() {
            clients.retain_mut(|client| client.try_recv() == Err(oneshot::error::TryRecvError::Empty));
            table.pause(Duration::from_millis(1)).await;
            if table.now() > LIFE_MAX {
                return Err("somebody waits for ever".into());
            }
            if clients.len() <= size.clients / 2 {
                files.leave_free(None);
            }
        }
        drop(store);
        if !is_killed && !record.is_crashed() {
            let ours = Arc::into_inner(engine).ok_or("somebody still holds the engine")?;
            ours.close().await;
        }
        Ok::<_, String>(())
    });
    let now = clock.passed();
    record.count(|report| report.trace = report.trace.rotate_left(1) ^ turns.trace());
    drop(turns);
    if let Some(wrong) = record.found_wrong() {
        return Err(wrong);
    }
    let crashed = lock(&left).take();
    let (files, index) = match (crashed, lived) {
        (Some(left), _) => left,
        (None, None) => return Err("everybody waits for ever".into()),
        (None, Some(lived)) => {
            lived?;
            if is_killed {
                (
                    files.crash(Crash::KillAfterFailedSync, random),
                    index.crash(random),
                )
            } else {
                (files, index)
            }
        }
    };
    files.watch(|_| {});
    files.leave_free(None);
    Ok(Directory { files, index, now })
}

fn crash_at(
    files: &Sim,
    index: &PrefixIndex,
    record: &Arc<Record>,
    left: &Left,
    crash: Crash,
    at: u64,
    seed: u64,
) {
    let (source, index, record, left) = (files.clone(), index.clone(), record.clone(), left.clone());
    let state = Mutex::new((0, Seeded::new(seed)));
    files.watch(move |_| {
        let mut state = lock(&state);
        state.0 += 1;
        if state.0 == at + 1 {
            record.crash();
            let random = &mut state.1;
            *lock(&left) = Some((source.crash(crash, random), index.crash(random)));
        }
    });
}

/// Opens a last time and reads every object and every listing.
pub(crate) fn look_at_everything(
    directory: Directory,
    record: &Arc<Record>,
    random: &mut Seeded,
) -> Result<Directory, String> {
    let quiet = Size {
        clients: 1,
        operations: 0,
        ..Size::default()
    };
    let directory = live(directory, record, quiet, &Ending::Orderly, random)?;
    let life = record.begin_life();
    let turns = Turns::new(random.number());
    let table = turns.table();
    let clock = Arc::new(Clock {
        from: directory.now,
        table: table.clone(),
    });
    let looked = turns.run(async {
        let engine = Arc::new(open(&directory.files, &directory.index, &table)?);
        engine.audit().await.map_err(|wrong| wrong.to_string())?;
        let client = Client {
            store: open_store(engine.clone(), clock).await?,
            record: record.clone(),
            table: table.clone(),
            life,
        };
        client.look_at_everything().await;
        drop(client);
        let ours = Arc::into_inner(engine).ok_or("somebody still holds the engine")?;
        ours.close().await;
        Ok::<_, String>(())
    });
    looked.ok_or("everybody waits for ever")??;
    record.found_wrong().map_or(Ok(directory), Err)
}

/// Turns some bits of a stored byte over and reads everything: each object is as it was, or refused.
pub(crate) fn damage(directory: &Directory, record: &Arc<Record>, random: &mut Seeded) -> Result<(), String> {
    // A copy: the next damage is another one.
    let files = directory.files.crash(Crash::Kill, random);
    let index = directory.index.crash(random);
    let paths = stored_files(&files);
    let Some(path) = paths.get(random.below(paths.len())) else {
        return Ok(());
    };
    let len = files
        .open(path, countersign_engine::world::Mode::Read)
        .and_then(|file| file.len())
        .map_err(|error| error.to_string())?;
    if len == 0 {
        return Ok(());
    }
    let offset = random.number() % len;
    let flip = 1 << random.below(8);
    files
        .damage(path, offset, flip)
        .map_err(|error| error.to_string())?;
    let life = record.begin_life();
    let turns = Turns::new(random.number());
    let table = turns.table();
    let clock = Arc::new(Clock {
        from: directory.now,
        table: table.clone(),
    });
    let found = turns.run(async {
        let engine = match open(&files, &index, &table) {
            Ok(engine) => Arc::new(engine),
            Err(_) => return Ok(1),
        };
        let client = Client {
            store: open_store(engine, clock).await?,
            record: record.clone(),
            table: table.clone(),
            life,
        };
        client.look_despite_damage().await
    });
    let told = |wrong| {
        format!(
            "byte {offset} of {} turned over by {flip:#04x}: {wrong}",
            path.display()
        )
    };
    let found = found.ok_or("everybody waits for ever")?.map_err(told)?;
    record.count(|report| report.damages_found += found);
    record.check().map_err(told)
}

/// The log and the large bodies.
fn stored_files(files: &Sim) -> Vec<PathBuf> {
    let names = |dir: &Path| files.list(dir).unwrap_or_default();
    let log = Path::new(DATA_DIR).join("log");
    let large = Path::new(DATA_DIR).join("large");
    let mut paths: Vec<_> = names(&log).iter().map(|name| log.join(name)).collect();
    for dir in names(&large) {
        let dir = large.join(dir);
        paths.extend(names(&dir).iter().map(|name| dir.join(name)));
    }
    paths
}

impl Client {
    async fn look_at_everything(&self) {
        for bucket in BUCKETS {
            self.list(bucket).await;
            for key in OBJECT_KEYS {
                self.read(bucket, key).await;
            }
        }
    }

    /// How many reads were refused.
    async fn look_despite_damage(&self) -> Result<u64, String> {
        let mut refused = 0;
        for bucket in BUCKETS {
            for key in OBJECT_KEYS {
                match self.read_despite_damage(bucket, key).await {
                    Ok(()) => {}
                    Err(Error::Corrupt(_)) => refused += 1,
                    Err(other) => return Err(format!("{key}: {other}")),
                }
            }
        }
        self.record.found_wrong().map_or(Ok(refused), Err)
    }
}

fn open(files: &Sim, index: &PrefixIndex, table: &Table) -> Result<Embedded, String> {
    let options = Options {
        segment_bytes: 40_000,
        index_persist_bytes: 60_000,
        reserve_bytes: RESERVE_BYTES,
        rows_kept_bytes: ROWS_KEPT_BYTES,
        tasks: Tasks::turns(table.clone()),
        ..Options::new(0xC0FFEE)
    };
    let files = Arc::new(files.clone());
    Embedded::open_with(files, index.opener(), Path::new(DATA_DIR), &options)
        .map_err(|error| format!("opening: {error}"))
}

async fn open_store(engine: Arc<Embedded>, clock: Arc<Clock>) -> Result<Store, String> {
    let settings = Settings {
        sweep_after: Duration::ZERO,
        part_bytes_min: PART_BYTES_MIN,
    };
    let store = Store::open_with(engine, clock, settings).await;
    store.map_err(|error| format!("opening the store: {error}"))
}

/// The clock of the turns, which goes on from life to life.
struct Clock {
    from: Duration,
    table: Table,
}

impl Clock {
    fn passed(&self) -> Duration {
        self.from + self.table.now()
    }
}

impl World for Clock {
    fn now(&self) -> Moment {
        let millis = i64::try_from(self.passed().as_millis()).unwrap_or(i64::MAX);
        Moment::from_millis(BEGINNING_MILLIS.saturating_add(millis))
    }

    fn random(&self) -> [u8; 16] {
        let (high, low) = (self.table.number(), self.table.number());
        ((u128::from(high) << 64) | u128::from(low)).to_le_bytes()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

const DATA_DIR: &str = "/data";
/// Some day in 2023.
const BEGINNING_MILLIS: i64 = 1_700_000_000_000;
/// Kept free by the engine.
const RESERVE_BYTES: u64 = 100_000;
/// So few that rows of the index come and go.
const ROWS_KEPT_BYTES: u64 = 16 * 1024;
/// A crash comes after fewer steps of the files; a life has about as many.
const STEPS_MAX: usize = 300;
/// By the clock of the turns, a life is far shorter.
const LIFE_MAX: Duration = Duration::from_secs(3600);
