//! The truth about crashes: a seeded workload on simulated files is crashed at every write and every sync, opened
//! again, and held against what was acknowledged.
//!
//! Then the same with one sync point left out after the other: each time something must be lost, or the sync point
//! would be of no use.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use countersign_embedded::{Embedded, Options, SyncPoint};
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::{Crash, Sim, Step};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use support::model::{Model, Part, check, observe};
use support::prefix_index::PrefixIndex;
use support::workload::{next_step, plain_commit, run};

const RUNS: u64 = 200;
const STEPS_PER_RUN: usize = 6;
const WORKERS: u64 = 2;

#[test]
fn nothing_acknowledged_is_lost_at_any_crash() {
    let work = |worker: u64| {
        let mut crashes = Crashes::default();
        for seed in (worker..RUNS).step_by(WORKERS as usize) {
            crash_run(seed, None, &mut crashes).map_err(|loss| format!("seed {seed}: {loss}"))?;
        }
        Ok::<_, String>(crashes)
    };
    let done: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| scope.spawn(move || work(worker)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap().unwrap())
            .collect()
    });
    let crashes = done.into_iter().fold(Crashes::default(), Crashes::and);
    println!("{crashes:?}");
    assert!(
        crashes.power > 5000 && crashes.kills > 2000 && crashes.during_recovery > 500,
        "{crashes:?}"
    );
    let all: BTreeSet<_> = SyncPoint::ALL.into_iter().map(SyncPoint::name).collect();
    assert_eq!(all.len(), SyncPoint::ALL.len(), "two sync points share a name");
    assert_eq!(
        crashes.points_seen, all,
        "every sync point is reached, and no other sync is made"
    );
}

#[test]
fn every_sync_point_is_needed() {
    for point in SyncPoint::ALL {
        let mut crashes = Crashes::default();
        let found = (0..RUNS).find_map(|seed| {
            crash_run(seed, Some(point), &mut crashes)
                .err()
                .map(|loss| (seed, loss))
        });
        let (seed, loss) =
            found.unwrap_or_else(|| panic!("without {point:?} nothing is lost: it is not needed"));
        println!(
            "without {}: seed {seed} after {} crashes: {loss:.150}",
            point.name(),
            crashes.power + crashes.kills
        );
    }
}

/// How often what was done.
#[derive(Debug, Default)]
struct Crashes {
    power: usize,
    kills: usize,
    during_recovery: usize,
    after_recovery: usize,
    points_seen: BTreeSet<&'static str>,
}

impl Crashes {
    fn and(mut self, other: Crashes) -> Crashes {
        self.power += other.power;
        self.kills += other.kills;
        self.during_recovery += other.during_recovery;
        self.after_recovery += other.after_recovery;
        self.points_seen.extend(other.points_seen);
        self
    }
}

/// What was promised at some moment.
#[derive(Clone, Default)]
struct Known {
    /// One more with each change of what follows.
    step: u64,
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

    fn change(&mut self, acknowledged: Model, under_way: Vec<Part>) {
        *self = Known {
            step: self.step + 1,
            acknowledged,
            under_way,
        };
    }
}

/// The disk and the index as a crash left them.
struct Image {
    files: Sim,
    index: PrefixIndex,
    known: Known,
    step: Step,
    crash: Crash,
}

/// One run of the workload, crashed at each of its steps. `Err` says what was lost.
fn crash_run(seed: u64, without: Option<SyncPoint>, crashes: &mut Crashes) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())?;
    let files = Sim::new();
    if let Some(point) = without {
        files.ignore(point.name());
    }
    let index = PrefixIndex::default();
    let known = Arc::new(Mutex::new(Known::default()));
    let images = photograph(&files, &index, &known, seed);
    let mut random = Seeded::new(seed);
    runtime.block_on(async {
        let engine = Arc::new(open(&files, &index)?);
        for _ in 0..STEPS_PER_RUN {
            let model = known.lock().unwrap().acknowledged.clone();
            let parts = next_step(&model, &mut random);
            known.lock().unwrap().change(model.clone(), parts.clone());
            let after = run(&engine, &model, &parts).await?;
            known.lock().unwrap().change(after, Vec::new());
        }
        Ok::<_, String>(())
    })?;
    files.watch(|_| {});
    crashes.points_seen.extend(files.points_seen());
    let images = std::mem::take(&mut *images.lock().unwrap());
    for image in images {
        match image.crash {
            Crash::Power => crashes.power += 1,
            Crash::Kill | Crash::KillAfterFailedSync => crashes.kills += 1,
        }
        let told = format!("{:?} at {:?}", image.crash, image.step);
        runtime
            .block_on(survive(image, &mut random, crashes))
            .map_err(|loss| format!("{told}: {loss}"))?;
    }
    Ok(())
}

/// Takes an image of everything before each step, as each kind of crash that fits would leave it.
fn photograph(
    files: &Sim,
    index: &PrefixIndex,
    known: &Arc<Mutex<Known>>,
    seed: u64,
) -> Arc<Mutex<Vec<Image>>> {
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
            // Other threads go on meanwhile. The index is never ahead of the disk, so it is taken first; and what is
            // known must be the same before and after.
            let (files, index, known) = loop {
                let before = known.lock().unwrap().clone();
                let (index, files) = (index.crash(&mut random), source.crash(crash, &mut random));
                if known.lock().unwrap().step == before.step {
                    break (files, index, before);
                }
            };
            taken.lock().unwrap().push(Image {
                files,
                index,
                known,
                step: step.clone(),
                crash,
            });
        }
    });
    images
}

/// Opens what a crash left, compares, and cuts the power again: what was seen must stay.
async fn survive(image: Image, random: &mut Seeded, crashes: &mut Crashes) -> Result<(), String> {
    let Image {
        files, index, known, ..
    } = image;
    let again = random.chance(100).then(|| {
        photograph(
            &files,
            &index,
            &Arc::new(Mutex::new(known.clone())),
            random.number(),
        )
    });
    let engine = Arc::new(open(&files, &index)?);
    if let Some(images) = again {
        files.watch(|_| {});
        let images = std::mem::take(&mut *images.lock().unwrap());
        for image in images {
            crashes.during_recovery += 1;
            let told = format!("then {:?} at {:?} of the recovery", image.crash, image.step);
            look(&open(&image.files, &image.index)?, &image.known)
                .await
                .map_err(|loss| format!("{told}: {loss}"))?;
        }
    }
    let seen = look(&engine, &known).await?;
    crashes.points_seen.extend(files.points_seen());

    let cut = (files.crash(Crash::Power, random), index.crash(random));
    if random.chance(200) {
        let alone = open(&cut.0, &PrefixIndex::default())?;
        look(&alone, &Known::only(seen.clone()))
            .await
            .map_err(|loss| format!("from the log alone: {loss}"))?;
        drop(alone);
    }
    crashes.after_recovery += 1;
    let only_seen = Known::only(seen.clone());
    look(&open(&cut.0, &cut.1)?, &only_seen)
        .await
        .map_err(|loss| format!("seen, then lost: {loss}"))?;
    if random.chance(200) {
        let after = run(&engine, &seen, &[plain_commit(random)]).await?;
        let cut = (files.crash(Crash::Power, random), index.crash(random));
        crashes.after_recovery += 1;
        let known = Known::only(after);
        look(&open(&cut.0, &cut.1)?, &known)
            .await
            .map_err(|loss| format!("one more, then lost: {loss}"))?;
    }
    Ok(())
}

async fn look(engine: &Embedded, known: &Known) -> Result<Model, String> {
    let seen = observe(engine).await?;
    engine.audit().await.map_err(|wrong| wrong.to_string())?;
    check(&seen, &known.acknowledged, &known.under_way)?;
    Ok(seen)
}

fn open(files: &Sim, index: &PrefixIndex) -> Result<Embedded, String> {
    // Small segments and a small threshold, so that short runs reach both.
    let options = Options {
        segment_bytes: 40_000,
        index_persist_bytes: 60_000,
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
