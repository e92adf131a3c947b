//! The truth about crashes: a seeded workload on simulated files is crashed at every write and every sync, opened
//! again, and held against what was acknowledged.
//!
//! Then the same with one sync point left out after the other, and with one order turned round after the other: each time
//! something must be lost, or it would be of no use.
//!
//! A run is one thread, and its seed repeats it. `cargo xtask crash` makes many more of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use countersign_embedded::{Embedded, Options, Order, Orders, SyncPoint, Tasks};
use countersign_engine::upkeep::{Upkeep, Usage};
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::{Crash, Sim, Step};
use countersign_engine::world::turns::{Table, Turns};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::model::{Model, Part, check, observe};
use support::prefix_index::PrefixIndex;
use support::workload::{next_step, plain_commit, run};

/// Crash points, unless `COUNTERSIGN_CRASH_POINTS` says how many.
const POINTS: u64 = 60_000;
/// Nothing that is needed needs more runs than that until it is missed.
const RUNS: u64 = 400;

#[test]
fn nothing_acknowledged_is_lost_at_any_crash() {
    let chosen = |name: &str| std::env::var(name).ok().map(|number| number.parse().unwrap());
    let points = chosen("COUNTERSIGN_CRASH_POINTS");
    let first_seed: u64 = chosen("COUNTERSIGN_CRASH_SEED").unwrap_or(0);
    let progress = Progress::new(points.unwrap_or(POINTS), points.is_some());
    let next_seed = AtomicU64::new(first_seed);
    let work = || {
        let mut crashes = Crashes::default();
        while !progress.is_done() {
            let seed = next_seed.fetch_add(1, Ordering::Relaxed);
            let before = crashes.points();
            crash_run(seed, Broken::Nothing, &mut crashes).map_err(|loss| format!("seed {seed}: {loss}"))?;
            progress.add(crashes.points() - before);
        }
        Ok::<_, String>(crashes)
    };
    let done: Vec<_> = std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().unwrap().get();
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap().unwrap())
            .collect()
    });
    let crashes = done.into_iter().fold(Crashes::default(), Crashes::and);
    println!(
        "{} crash points in {} runs from seed {first_seed}, {:.0} s: nothing lost, nothing torn\n{crashes:?}",
        crashes.points(),
        crashes.runs,
        progress.began.elapsed().as_secs_f64()
    );
    assert!(crashes.points() >= progress.goal, "{crashes:?}");
    let least = progress.goal / 50;
    assert!(
        crashes.power > least && crashes.kills > least && crashes.during_recovery > least,
        "{crashes:?}"
    );
    assert!(
        crashes.given_up > progress.goal / 500 && crashes.compacted > progress.goal,
        "{crashes:?}"
    );
    let all: BTreeSet<_> = SyncPoint::ALL.into_iter().map(SyncPoint::name).collect();
    assert_eq!(all.len(), SyncPoint::ALL.len(), "two sync points share a name");
    if progress.goal >= POINTS {
        assert_eq!(
            crashes.points_seen, all,
            "every sync point is reached, and no other sync is made"
        );
    }
}

#[test]
fn the_same_seed_crashes_the_same() {
    for seed in 0..10 {
        let once = || {
            let mut crashes = Crashes::default();
            crash_run(seed, Broken::Nothing, &mut crashes).unwrap();
            (crashes.trace, crashes.points())
        };
        assert_eq!(once(), once(), "seed {seed}");
    }
}

#[test]
fn every_sync_point_is_needed() {
    for point in SyncPoint::ALL {
        is_missed(Broken::Sync(point));
    }
}

#[test]
fn every_order_is_needed() {
    for order in Order::ALL {
        is_missed(Broken::Order(order));
    }
}

/// What a run does wrong on purpose.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Nothing,
    /// A sync answers `Ok` and does nothing.
    Sync(SyncPoint),
    Order(Order),
}

/// Something is lost with it in some run, or it would be of no use.
fn is_missed(broken: Broken) {
    let mut crashes = Crashes::default();
    let found = (0..RUNS).find_map(|seed| {
        crash_run(seed, broken, &mut crashes)
            .err()
            .map(|loss| (seed, loss))
    });
    let (seed, loss) = found.unwrap_or_else(|| panic!("with {broken:?} nothing is lost: it is not needed"));
    println!(
        "{broken:?}: seed {seed} after {} crashes: {loss:.150}",
        crashes.points()
    );
}

/// How far all workers came.
struct Progress {
    began: Instant,
    goal: u64,
    done: AtomicU64,
    /// When it is told next, in seconds; `None`: never.
    tell_at: Option<AtomicU64>,
}

impl Progress {
    fn new(goal: u64, tells: bool) -> Progress {
        Progress {
            began: Instant::now(),
            goal,
            done: AtomicU64::new(0),
            tell_at: tells.then(AtomicU64::default),
        }
    }

    fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.goal
    }

    fn add(&self, points: u64) {
        let done = self.done.fetch_add(points, Ordering::Relaxed) + points;
        let seconds = self.began.elapsed().as_secs();
        let Some(tell_at) = &self.tell_at else { return };
        if seconds >= tell_at.load(Ordering::Relaxed) {
            tell_at.store(seconds + 10, Ordering::Relaxed);
            println!("{seconds:>5} s: {done} of {} crash points", self.goal);
        }
    }
}

/// How often what was done.
#[derive(Debug, Default)]
struct Crashes {
    runs: u64,
    power: u64,
    kills: u64,
    during_recovery: u64,
    after_recovery: u64,
    from_log: u64,
    /// Segments given up, and bytes written again so that they could be, while images were taken.
    given_up: u64,
    compacted: u64,
    points_seen: BTreeSet<&'static str>,
    /// Stands for every turn of every run.
    trace: u64,
}

impl Crashes {
    /// How often an engine was opened on what a crash left, and held against what was promised.
    fn points(&self) -> u64 {
        self.power + self.kills + self.during_recovery + self.after_recovery + self.from_log
    }

    fn and(mut self, other: Crashes) -> Crashes {
        self.runs += other.runs;
        self.power += other.power;
        self.kills += other.kills;
        self.during_recovery += other.during_recovery;
        self.after_recovery += other.after_recovery;
        self.from_log += other.from_log;
        self.given_up += other.given_up;
        self.compacted += other.compacted;
        self.trace ^= other.trace;
        self.points_seen.extend(other.points_seen);
        self
    }
}

/// What was promised at some moment.
#[derive(Clone, Default)]
struct Known {
    acknowledged: Model,
    under_way: Vec<Part>,
}

impl Known {
    fn only(acknowledged: Model) -> Known {
        Known {
            acknowledged,
            ..Known::default()
        }
    }
}

/// The disk and the index as a crash left them.
struct Image {
    files: Sim,
    index: PrefixIndex,
    known: Arc<Known>,
    step: Step,
    crash: Crash,
}

/// What is promised now.
type Now = Arc<Mutex<Arc<Known>>>;

/// One run of the workload, crashed at each of its steps. `Err` says what was lost.
fn crash_run(seed: u64, broken: Broken, crashes: &mut Crashes) -> Result<(), String> {
    let files = Sim::new();
    let mut orders = Orders::default();
    match broken {
        Broken::Nothing => {}
        Broken::Sync(point) => files.ignore(point.name()),
        Broken::Order(order) => orders = Orders::without(order),
    }
    let index = PrefixIndex::default();
    let known = Now::default();
    let mut random = Seeded::new(seed);
    // In some runs the log has a past, so that segments are given up, compacted and written again in what follows.
    let past = [0, 0, 40][random.below(3)];
    let mut images = None;
    let mut usage = Usage::default();
    by_turns(random.number(), crashes, async |table| {
        let engine = Arc::new(open_with(&files, &index, &table, orders)?);
        let mut seen = Usage::default();
        for step in 0..past + STEPS_MIN + random.below(STEPS_MIN) {
            if step == past {
                seen = engine.usage();
                images = Some(photograph(&files, &index, &known, seed));
            }
            let model = known.lock().unwrap().acknowledged.clone();
            let parts = next_step(&model, &mut random);
            *known.lock().unwrap() = Arc::new(Known {
                acknowledged: model.clone(),
                under_way: parts.clone(),
            });
            let after = run(&engine, &table, &model, &parts).await?;
            *known.lock().unwrap() = Arc::new(Known::only(after));
            if random.chance(200) {
                // The engine's own loops have time for themselves.
                table.pause(Duration::from_millis(random.below(100) as u64)).await;
            }
        }
        usage = engine.usage();
        usage.segments_given_up -= seen.segments_given_up;
        usage.compacted_bytes -= seen.compacted_bytes;
        Ok(())
    })?;
    files.watch(|_| {});
    crashes.given_up += usage.segments_given_up;
    crashes.compacted += usage.compacted_bytes;
    crashes.runs += 1;
    crashes.points_seen.extend(files.points_seen());
    let images = images.map(|images| std::mem::take(&mut *images.lock().unwrap()));
    for image in images.unwrap_or_default() {
        match image.crash {
            Crash::Power => crashes.power += 1,
            Crash::Kill | Crash::KillAfterFailedSync => crashes.kills += 1,
        }
        let told = format!("{:?} at {:?}", image.crash, image.step);
        survive(image, &mut random, crashes).map_err(|loss| format!("{told}: {loss}"))?;
    }
    Ok(())
}

/// Takes an image of everything before each step, as each kind of crash that fits would leave it.
fn photograph(files: &Sim, index: &PrefixIndex, known: &Now, seed: u64) -> Arc<Mutex<Vec<Image>>> {
    let images = Arc::new(Mutex::new(Vec::new()));
    let (taken, source, index, known) = (images.clone(), files.clone(), index.clone(), known.clone());
    let random = Mutex::new(Seeded::new(seed ^ 0x5EED));
    files.watch(move |step| {
        let mut random = random.lock().unwrap();
        let mut kinds = vec![Crash::Power];
        if matches!(step, Step::Sync(..)) {
            kinds.push(Crash::KillAfterFailedSync);
        }
        if matches!(step, Step::SyncDir(..)) || random.chance(100) {
            kinds.push(Crash::Kill);
        }
        for crash in kinds {
            taken.lock().unwrap().push(Image {
                files: source.crash(crash, &mut random),
                index: index.crash(&mut random),
                known: known.lock().unwrap().clone(),
                step: step.clone(),
                crash,
            });
        }
    });
    images
}

/// Opens what a crash left, compares, and cuts the power again: what was seen must stay.
fn survive(image: Image, random: &mut Seeded, crashes: &mut Crashes) -> Result<(), String> {
    let Image {
        files, index, known, ..
    } = image;
    let again = random.chance(100).then(|| {
        let known = Arc::new(Mutex::new(known.clone()));
        photograph(&files, &index, &known, random.number())
    });
    let goes_on = random.chance(200).then(|| plain_commit(random));
    let (seen, after) = by_turns(random.number(), crashes, async |table| {
        let engine = Arc::new(open(&files, &index, &table)?);
        files.watch(|_| {});
        let seen = look(&engine, &known).await?;
        let cut = goes_on
            .is_some()
            .then(|| (files.crash(Crash::Power, random), index.crash(random)));
        let after = match &goes_on {
            Some(part) => Some(run(&engine, &table, &seen, std::slice::from_ref(part)).await?),
            None => None,
        };
        Ok((seen, after.zip(cut)))
    })?;
    crashes.points_seen.extend(files.points_seen());
    for image in again
        .into_iter()
        .flat_map(|images| std::mem::take(&mut *images.lock().unwrap()))
    {
        crashes.during_recovery += 1;
        let told = format!("then {:?} at {:?} of the recovery", image.crash, image.step);
        reopen(&image.files, &image.index, &image.known, random, crashes)
            .map_err(|loss| format!("{told}: {loss}"))?;
    }
    let last = (files.crash(Crash::Power, random), index.crash(random));
    let (seen_at, last) = match after {
        Some((after, seen_at)) => (seen_at, Some((last, after))),
        None => (last, None),
    };
    if random.chance(200) {
        crashes.from_log += 1;
        let files = seen_at.0.crash(Crash::Power, random);
        let known = Known::only(seen.clone());
        reopen(&files, &PrefixIndex::default(), &known, random, crashes)
            .map_err(|loss| format!("from the log alone: {loss}"))?;
    }
    crashes.after_recovery += 1;
    reopen(&seen_at.0, &seen_at.1, &Known::only(seen), random, crashes)
        .map_err(|loss| format!("seen, then lost: {loss}"))?;
    if let Some((cut, after)) = last {
        crashes.after_recovery += 1;
        reopen(&cut.0, &cut.1, &Known::only(after), random, crashes)
            .map_err(|loss| format!("one more, then lost: {loss}"))?;
    }
    Ok(())
}

fn reopen(
    files: &Sim,
    index: &PrefixIndex,
    known: &Known,
    random: &mut Seeded,
    crashes: &mut Crashes,
) -> Result<(), String> {
    by_turns(random.number(), crashes, async |table| {
        look(&open(files, index, &table)?, known).await.map(drop)
    })
}

async fn look(engine: &Embedded, known: &Known) -> Result<Model, String> {
    let seen = observe(engine).await?;
    engine.audit().await.map_err(|wrong| wrong.to_string())?;
    check(&seen, &known.acknowledged, &known.under_way)?;
    Ok(seen)
}

/// Runs on this thread until it is done, and ends like a process that is killed.
fn by_turns<T>(
    seed: u64,
    crashes: &mut Crashes,
    work: impl AsyncFnOnce(Table) -> Result<T, String>,
) -> Result<T, String> {
    let turns = Turns::new(seed);
    let done = turns.run(work(turns.table()));
    crashes.trace = crashes.trace.rotate_left(1) ^ turns.trace();
    done.unwrap_or_else(|| Err("somebody waits for ever".into()))
}

fn open(files: &Sim, index: &PrefixIndex, table: &Table) -> Result<Embedded, String> {
    open_with(files, index, table, Orders::default())
}

fn open_with(files: &Sim, index: &PrefixIndex, table: &Table, orders: Orders) -> Result<Embedded, String> {
    // Small segments and a small threshold, so that short runs reach both.
    let options = Options {
        segment_bytes: 40_000,
        index_persist_bytes: 60_000,
        rows_kept_bytes: ROWS_KEPT_BYTES,
        tasks: Tasks::turns(table.clone()),
        orders,
        ..Options::new(0xC0FFEE)
    };
    let opened = Embedded::open_with(
        Arc::new(files.clone()),
        index.opener(),
        Path::new("/data"),
        &options,
    );
    opened.map_err(|error| format!("opening: {error}"))
}

/// Steps of a run: so many, or up to twice as many.
const STEPS_MIN: usize = 5;
/// So few that rows come and go.
const ROWS_KEPT_BYTES: u64 = 8 * 1024;
