//! What is dead is given back, and nothing else: segments that are given up, compacted and written again, under a
//! random workload with crashes, on a full disk, and under the eyes of those who still read.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use bytes::Bytes;
use countersign_embedded::{Embedded, Options, Tasks};
use countersign_engine::upkeep::{Upkeep, Usage};
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::{Crash, Sim};
use countersign_engine::world::turns::{Table, Turns};
use countersign_engine::world::{Files, Mode};
use countersign_engine::{Body, Change, Class, Engine, Error, Home, Outcome, Put, Row, Space, Stored};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::model::{self, Model, Part, check, observe};
use support::prefix_index::PrefixIndex;
use support::workload::next_step;

const SEGMENT_BYTES: u64 = 40_000;
const RESERVE_BYTES: u64 = 400_000;

#[test]
fn a_random_workload_keeps_every_row_while_segments_come_and_go() {
    let mut all = Usage::default();
    for seed in 0..12 {
        by_turns(seed, async |table| {
            let mut random = Seeded::new(seed);
            let (mut files, mut index) = (Sim::new(), PrefixIndex::default());
            let mut engine = open(&files, &index, &table);
            let mut model = Model::default();
            for step in 0..300 {
                for part in next_step(&model, &mut random) {
                    apply(&engine, &part).await;
                    model = model.after(&part);
                }
                if random.chance(100) {
                    table.pause(Duration::from_millis(random.below(300) as u64)).await;
                }
                if random.chance(15) {
                    let usage = engine.usage();
                    all.segments_given_up += usage.segments_given_up;
                    all.compacted_bytes += usage.compacted_bytes;
                    all.checkpoints += usage.checkpoints;
                    // A crash, an orderly end, or a start from the log alone.
                    match random.below(3) {
                        0 => {
                            index = index.crash(&mut random);
                            files = files.crash(Crash::Power, &mut random);
                        }
                        1 => engine.close().await,
                        _ => {
                            engine.close().await;
                            index = PrefixIndex::default();
                        }
                    }
                    engine = open(&files, &index, &table);
                    let seen = observe(&engine).await.unwrap();
                    check(&seen, &model, &[])
                        .unwrap_or_else(|wrong| panic!("seed {seed} step {step}: {wrong}"));
                    engine
                        .audit()
                        .await
                        .unwrap_or_else(|wrong| panic!("seed {seed} step {step}: {wrong}"));
                }
            }
            check(&observe(&engine).await.unwrap(), &model, &[]).unwrap();
            engine.audit().await.unwrap();
            table.pause(Duration::from_secs(10)).await;
            let usage = engine.usage();
            let bound = 3 * usage.live_bytes + 4 * SEGMENT_BYTES;
            assert!(
                usage.log_bytes < bound,
                "seed {seed}: the log holds far more than is live: {usage:?}"
            );
            let on_disk = bytes_of_log(&files);
            // Two to be written again and one prepared; a segment is as long as its longest batch made it.
            assert!(
                on_disk < bound + 8 * SEGMENT_BYTES,
                "seed {seed}: files of {on_disk} bytes: {usage:?}"
            );
        });
    }
    println!("{all:?}");
    assert!(
        all.segments_given_up > 80 && all.compacted_bytes > 400_000,
        "{all:?}"
    );
}

#[test]
fn what_is_all_deleted_is_given_back_without_reading_it() {
    by_turns(1, async |table| {
        let files = Sim::new();
        let engine = open(&files, &PrefixIndex::default(), &table);
        for number in 0..200 {
            write(&engine, &format!("{number}"), &body(number, 3000)).await;
        }
        assert!(bytes_of_log(&files) > 600_000);
        for number in 0..200 {
            delete(&engine, &format!("{number}")).await;
        }
        table.pause(Duration::from_secs(1)).await;
        let usage = engine.usage();
        assert!(usage.segments_given_up > 12, "{usage:?}");
        assert_eq!(usage.live_bytes, 0, "{usage:?}");
        // Deletes are written after the puts; they go with the segments that they void.
        assert!(usage.log_bytes < 2 * SEGMENT_BYTES, "{usage:?}");
        assert_eq!(usage.compacted_bytes, 0, "{usage:?}");
        assert!(
            bytes_of_log(&files) < 6 * SEGMENT_BYTES,
            "two spares are kept, at most"
        );
    });
}

#[test]
fn objects_that_stay_do_not_keep_the_deletes_of_those_that_go() {
    by_turns(2, async |table| {
        let files = Sim::new();
        let engine = open(&files, &PrefixIndex::default(), &table);
        for number in 0..40 {
            write(&engine, &format!("stays/{number}"), &body(number, 2000)).await;
        }
        for number in 40..3000 {
            write(&engine, &format!("goes/{number}"), &body(number, 200)).await;
            delete(&engine, &format!("goes/{number}")).await;
            if number % 50 == 0 {
                table.pause(Duration::from_secs(1)).await;
            }
        }
        let usage = engine.usage();
        assert!(
            usage.log_bytes < 2 * usage.live_bytes + 3 * SEGMENT_BYTES,
            "{usage:?}"
        );
        for index in [None, Some(PrefixIndex::default())] {
            if let Some(index) = index {
                let engine = open(&files.crash(Crash::Kill, &mut Seeded::new(1)), &index, &table);
                expect_numbers(&engine, "stays", 0..40, 2000).await;
                assert!(read(&engine, "goes/2000").await.is_none());
            } else {
                expect_numbers(&engine, "stays", 0..40, 2000).await;
            }
        }
    });
}

#[test]
fn a_deleted_row_stays_deleted_though_its_delete_was_moved_and_the_row_came_back_meanwhile() {
    // The put of the first segment stays in the log, as other rows keep its segment; the deletes behind it are moved again and again.
    for comes_back in [false, true] {
        by_turns(3, async |table| {
            let files = Sim::new();
            let engine = open(&files, &PrefixIndex::default(), &table);
            write(&engine, "row", &body(1, 100)).await;
            for number in 0..12 {
                write(&engine, &format!("stays/{number}"), &body(number, 3000)).await;
            }
            delete(&engine, "row").await;
            for round in 0..6 {
                if comes_back && round == 2 {
                    write(&engine, "row", &body(7, 100)).await;
                }
                if comes_back && round == 4 {
                    delete(&engine, "row").await;
                }
                for number in 0..30 {
                    write(&engine, &format!("goes/{number}"), &body(number, 3000)).await;
                }
                table.pause(Duration::from_secs(1)).await;
                let alone = files.crash(Crash::Kill, &mut Seeded::new(round));
                let alone = open(&alone, &PrefixIndex::default(), &table);
                let is_there = comes_back && (2..4).contains(&round);
                assert_eq!(read(&alone, "row").await.is_some(), is_there, "round {round}");
                alone.audit().await.unwrap();
            }
            assert!(engine.usage().segments_given_up > 3, "{:?}", engine.usage());
            expect_numbers(&engine, "stays", 0..12, 3000).await;
        });
    }
}

#[test]
fn half_dead_segments_are_compacted_and_bodies_that_changed_rows_come_along() {
    by_turns(4, async |table| {
        let files = Sim::new();
        let index = PrefixIndex::default();
        let engine = open(&files, &index, &table);
        for number in 0..100 {
            write(&engine, &format!("{number}"), &body(number, 3000)).await;
        }
        // Each fifth body moves to another row of its home; of the others, most are overwritten.
        for number in 0..100 {
            let name = format!("{number}");
            if number % 5 == 0 {
                let moved = Put {
                    row: row(2),
                    value: "moved".into(),
                    body: Some(Body::Of(row(1))),
                };
                let change = Change {
                    puts: vec![moved],
                    deletes: vec![row(1)],
                    ..Change::default()
                };
                let done = engine.commit(Space::SYSTEM, &home(&name), change).await;
                assert_eq!(done.unwrap(), Outcome::Done);
            } else if number % 5 < 4 {
                write(&engine, &name, &body(number, 10)).await;
            }
        }
        table.pause(Duration::from_secs(5)).await;
        let usage = engine.usage();
        assert!(usage.compacted_bytes > 20 * 3000, "{usage:?}");
        assert!(
            usage.log_bytes < 2 * usage.live_bytes + 2 * SEGMENT_BYTES,
            "{usage:?}"
        );
        let alone = files.crash(Crash::Kill, &mut Seeded::new(1));
        for engine in [engine, open(&alone, &PrefixIndex::default(), &table)] {
            engine.audit().await.unwrap();
            for number in 0..100 {
                let (class, len) = match number % 5 {
                    0 => (2, 3000),
                    4 => (1, 3000),
                    _ => (1, 10),
                };
                let stored = stored(&engine, &format!("{number}"), class).await.unwrap();
                assert_eq!(contents(&engine, &stored).await.unwrap(), body(number, len));
            }
        }
    });
}

#[test]
fn who_reads_a_body_goes_on_though_its_segment_is_given_up_and_written_again() {
    by_turns(5, async |table| {
        let files = Sim::new();
        let engine = open(&files, &PrefixIndex::default(), &table);
        write(&engine, "read", &body(1, 20_000)).await;
        let found = read(&engine, "read").await.unwrap();
        let opened = engine.open(found.body.as_ref().unwrap()).await.unwrap().unwrap();
        for round in 0..10 {
            for number in 0..20 {
                write(&engine, &format!("{number}"), &body(number, 3000)).await;
            }
            write(&engine, "read", &body(2 + round, 20_000)).await;
            table.pause(Duration::from_secs(1)).await;
        }
        assert!(engine.usage().segments_given_up > 5, "{:?}", engine.usage());
        assert_eq!(opened.read(0, 20_000).await.unwrap(), body(1, 20_000));
        // Whoever comes late reads the row again.
        assert!(engine.open(found.body.as_ref().unwrap()).await.unwrap().is_none());
        drop(opened);
        let now = read(&engine, "read").await.unwrap();
        assert_eq!(contents(&engine, &now).await.unwrap(), body(11, 20_000));
    });
}

#[test]
fn a_damaged_body_is_not_copied_as_if_it_were_whole_and_keeps_its_segment() {
    by_turns(6, async |table| {
        let files = Sim::new();
        let engine = open(&files, &PrefixIndex::default(), &table);
        write(&engine, "damaged", &body(1, 3000)).await;
        write(&engine, "whole", &body(2, 3000)).await;
        for number in 0..60 {
            write(&engine, &format!("{}", number % 7), &body(number, 3000)).await;
        }
        let log = Path::new("/data/log/0000000001.log");
        let place = find(&files, log, &body(1, 3000));
        files.damage(log, place + 1000, 1).unwrap();
        for number in 0..60 {
            write(&engine, &format!("{}", number % 7), &body(number, 3000)).await;
        }
        table.pause(Duration::from_secs(5)).await;
        assert!(engine.usage().segments_given_up > 2, "{:?}", engine.usage());
        let damaged = read(&engine, "damaged").await.unwrap();
        let told = contents(&engine, &damaged).await;
        assert!(
            matches!(&told, Err(Error::Corrupt(told)) if told.contains("damaged")),
            "{told:?}"
        );
        let whole = read(&engine, "whole").await.unwrap();
        assert_eq!(contents(&engine, &whole).await.unwrap(), body(2, 3000));
    });
}

#[test]
fn a_segment_that_cannot_be_read_does_not_keep_others_from_being_compacted() {
    // A byte of a body that stays, and one of the segment's first frame.
    for at_first_frame in [false, true] {
        by_turns(8, async |table| {
            let files = Sim::new();
            let engine = open(&files, &PrefixIndex::default(), &table);
            write(&engine, "first", &body(1, 3000)).await;
            let log = Path::new("/data/log/0000000001.log");
            let place = if at_first_frame {
                4096
            } else {
                find(&files, log, &body(1, 3000))
            };
            files.lose(log, place).unwrap();
            for number in 0..100 {
                let name = match number % 3 {
                    0 if number > 12 => format!("stays/{number}"),
                    _ => "goes".into(),
                };
                write(&engine, &name, &body(number, 3000)).await;
            }
            table.pause(Duration::from_secs(5)).await;
            let usage = engine.usage();
            assert!(usage.compacted_bytes > 15 * 3000, "{usage:?}");
            assert!(
                usage.log_bytes < 2 * usage.live_bytes + 3 * SEGMENT_BYTES,
                "{usage:?}"
            );
            for number in (15..100).step_by(3) {
                let stays = read(&engine, &format!("stays/{number}")).await.unwrap();
                assert_eq!(contents(&engine, &stays).await.unwrap(), body(number, 3000));
            }
        });
    }
}

#[test]
fn a_large_body_that_finds_no_room_makes_room_too() {
    by_turns(9, async |table| {
        let files = Sim::new();
        let engine = with_reserve(&files, &table);
        for number in 0..100 {
            write(&engine, &format!("{number}"), &body(number, 3000)).await;
        }
        for number in 0..100 {
            delete(&engine, &format!("{number}")).await;
        }
        table.pause(Duration::from_secs(1)).await;
        let spares = || {
            let names = files.list(Path::new("/data/log")).unwrap();
            names.iter().filter(|name| name.ends_with(".spare")).count()
        };
        assert!(spares() > 0);
        files.leave_free(Some(RESERVE_BYTES + 50_000));
        let mut stage = engine.stage(Space::SYSTEM, &home("large")).await.unwrap();
        let written = stage.write(body(1, 100_000)).await;
        assert!(matches!(written.and(stage.finish().await), Err(Error::Full)));
        table.pause(Duration::from_secs(1)).await;
        assert_eq!(spares(), 0);
    });
}

#[test]
fn on_a_full_disk_a_segment_goes_as_soon_as_nobody_reads_from_it() {
    by_turns(10, async |table| {
        let files = Sim::new();
        let engine = with_reserve(&files, &table);
        write(&engine, "read", &body(1, 20_000)).await;
        let found = read(&engine, "read").await.unwrap();
        let opened = engine.open(found.body.as_ref().unwrap()).await.unwrap().unwrap();
        for number in 0..40 {
            write(&engine, &format!("{number}"), &body(number, 3000)).await;
        }
        for number in 0..40 {
            delete(&engine, &format!("{number}")).await;
        }
        delete(&engine, "read").await;
        table.pause(Duration::from_secs(1)).await;
        let is_there = || {
            let names = files.list(Path::new("/data/log")).unwrap();
            names.iter().any(|name| name == "0000000001.log")
        };
        files.leave_free(Some(RESERVE_BYTES));
        assert!(!fill(&engine, "0", false).await, "the disk is not full");
        table.pause(Duration::from_secs(1)).await;
        assert!(is_there(), "it is read");
        drop(opened);
        files.leave_free(Some(RESERVE_BYTES));
        assert!(!fill(&engine, "0", false).await, "the disk is not full");
        table.pause(Duration::from_secs(1)).await;
        assert!(!is_there());
        assert!(fill(&engine, "0", false).await, "and there is no room");
    });
}

#[test]
fn making_room_leaves_the_index_its_part_of_the_reserve() {
    by_turns(11, async |table| {
        let files = Sim::new();
        // Moving a segment that is nearly full would take all of the reserve.
        let options = Options {
            segment_bytes: RESERVE_BYTES,
            reserve_bytes: RESERVE_BYTES,
            ..options(&table)
        };
        let (sim, index) = (Arc::new(files.clone()), PrefixIndex::default());
        let engine = Embedded::open_with(sim, index.opener(), Path::new("/data"), &options).unwrap();
        files.leave_free(Some(8_000_000));
        let numbered = |number: u64| Row {
            class: Class(1),
            suffix: format!("{number:05}").into(),
        };
        let homes = |number: u64| home(&format!("{}", number / 20));
        let put = async |number: u64| {
            let put = Put {
                row: numbered(number),
                value: "value".into(),
                body: Some(Body::Bytes(body(number, 20_000))),
            };
            let change = Change {
                puts: vec![put],
                ..Change::default()
            };
            engine.commit(Space::SYSTEM, &homes(number), change).await
        };
        let mut count = 0;
        while put(count).await.is_ok() {
            count += 1;
        }
        assert!(count > 200, "{count}");
        let least = Arc::new(Mutex::new(u64::MAX));
        let (told, watched) = (least.clone(), files.clone());
        files.watch(move |_| {
            let free = watched.room(Path::new("/data")).unwrap().free;
            let mut least = told.lock().unwrap();
            *least = free.min(*least);
        });
        // One in seven goes, and later half of all; each home's in one change.
        for (every, recovers) in [(7, false), (2, true)] {
            for first in (0..count - 20).step_by(20) {
                let rows = (first..first + 20)
                    .filter(|number| number % every == 0)
                    .map(numbered);
                let change = Change {
                    deletes: rows.collect(),
                    ..Change::default()
                };
                engine.commit(Space::SYSTEM, &homes(first), change).await.unwrap();
            }
            for _ in 0..20 {
                drop(put(count).await);
                table.pause(Duration::from_secs(1)).await;
            }
            assert!(*least.lock().unwrap() >= RESERVE_BYTES / 4 - 30_000, "{least:?}");
            assert_eq!(put(count + 1).await.is_ok(), recovers, "every {every}");
        }
        engine.audit().await.unwrap();
    });
}

#[test]
fn a_disk_filled_to_its_end_recovers_after_deletes_by_itself() {
    // Bodies in the log only, and in files of their own as well.
    for with_files in [false, true] {
        by_turns(7, async |table| {
            let files = Sim::new();
            let engine = with_reserve(&files, &table);
            files.leave_free(Some(3_000_000));
            let mut before = 0;
            for round in 0..4_u64 {
                let mut count = 0;
                while fill(&engine, &format!("{round}/{count}"), with_files).await {
                    count += 1;
                    // What cannot be reclaimed in time makes a put wait for nothing: it is refused.
                    table.turn().await;
                }
                assert!(count > 100, "round {round}: only {count} fit");
                // Reads and deletes go on; one of ten stays.
                for number in 0..count {
                    let stored = read(&engine, &format!("{round}/{number}")).await.unwrap();
                    assert_eq!(contents(&engine, &stored).await.unwrap(), body(number, 5000));
                    if number % 10 > 0 {
                        delete(&engine, &format!("{round}/{number}")).await;
                        // As long as a sync takes.
                        table.pause(Duration::from_millis(1)).await;
                    }
                }
                assert!(
                    round == 0 || count * 10 > before * 7,
                    "{before} fitted before, {count} now"
                );
                before = count;
                table.pause(Duration::from_secs(3)).await;
            }
            for round in 0..4 {
                let stored = read(&engine, &format!("{round}/10")).await.unwrap();
                assert_eq!(contents(&engine, &stored).await.unwrap(), body(10, 5000));
            }
            engine.audit().await.unwrap();
        });
    }
}

/// False if the disk is full.
async fn fill(engine: &Embedded, name: &str, with_files: bool) -> bool {
    let number = name.rsplit('/').next().unwrap().parse().unwrap();
    let bytes = body(number, 5000);
    let body = if with_files && number % 2 == 0 {
        let mut stage = engine.stage(Space::SYSTEM, &home(name)).await.unwrap();
        let written = stage.write(bytes).await;
        match written.and(stage.finish().await) {
            Ok(staged) => Body::Staged(staged),
            Err(Error::Full) => return false,
            Err(error) => panic!("{error}"),
        }
    } else {
        Body::Bytes(bytes)
    };
    let put = Put {
        row: row(1),
        value: "value".into(),
        body: Some(body),
    };
    let change = Change {
        puts: vec![put],
        ..Change::default()
    };
    match engine.commit(Space::SYSTEM, &home(name), change).await {
        Ok(done) => done == Outcome::Done,
        Err(Error::Full) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Runs on one thread, in an order that the seed decides.
fn by_turns(seed: u64, work: impl AsyncFnOnce(Table)) {
    let turns = Turns::new(seed);
    turns.run(work(turns.table())).unwrap();
}

fn open(files: &Sim, index: &PrefixIndex, table: &Table) -> Embedded {
    let files = Arc::new(files.clone());
    Embedded::open_with(files, index.opener(), Path::new("/data"), &options(table)).unwrap()
}

fn with_reserve(files: &Sim, table: &Table) -> Embedded {
    let options = Options {
        reserve_bytes: RESERVE_BYTES,
        ..options(table)
    };
    let (files, index) = (Arc::new(files.clone()), PrefixIndex::default());
    Embedded::open_with(files, index.opener(), Path::new("/data"), &options).unwrap()
}

fn options(table: &Table) -> Options {
    Options {
        segment_bytes: SEGMENT_BYTES,
        // What is read is read from files.
        recent_bytes: 0,
        index_persist_bytes: 60_000,
        tasks: Tasks::turns(table.clone()),
        ..Options::new(0xC0FFEE)
    }
}

async fn apply(engine: &Embedded, part: &Part) {
    match part {
        Part::Create(space) => engine.create(Space(*space)).await.unwrap(),
        Part::Seal(space) => drop(engine.seal(Space(*space), &[]).await.unwrap()),
        Part::Remove(space) => engine.remove(Space(*space)).await.unwrap(),
        Part::Commit(plan) => {
            let change = model::change(engine, plan).await.unwrap();
            let done = engine
                .commit(Space(plan.space), &model::home(plan.home), change)
                .await;
            drop(done.unwrap());
        }
    }
}

fn home(name: &str) -> Home {
    Home(Bytes::copy_from_slice(name.as_bytes()))
}

fn row(class: u8) -> Row {
    Row {
        class: Class(class),
        suffix: Bytes::new(),
    }
}

fn body(number: u64, len: usize) -> Bytes {
    Seeded::new(number).bytes(len).into()
}

async fn write(engine: &Embedded, name: &str, body: &Bytes) {
    let put = Put {
        row: row(1),
        value: "value".into(),
        body: Some(Body::Bytes(body.clone())),
    };
    let change = Change {
        puts: vec![put],
        ..Change::default()
    };
    let done = engine.commit(Space::SYSTEM, &home(name), change).await;
    assert_eq!(done.unwrap(), Outcome::Done);
}

async fn delete(engine: &Embedded, name: &str) {
    let change = Change {
        deletes: vec![row(1)],
        ..Change::default()
    };
    let done = engine.commit(Space::SYSTEM, &home(name), change).await;
    assert_eq!(done.unwrap(), Outcome::Done);
}

async fn read(engine: &Embedded, name: &str) -> Option<Stored> {
    stored(engine, name, 1).await
}

async fn stored(engine: &Embedded, name: &str, class: u8) -> Option<Stored> {
    let found = engine.get(Space::SYSTEM, &home(name), &[row(class)]).await;
    found.unwrap().remove(0)
}

async fn contents(engine: &Embedded, stored: &Stored) -> Result<Bytes, Error> {
    let opened = engine.open(stored.body.as_ref().unwrap()).await.unwrap().unwrap();
    opened.read(0, opened.len() as usize).await
}

async fn expect_numbers(engine: &Embedded, dir: &str, numbers: std::ops::Range<u64>, len: usize) {
    for number in numbers {
        let stored = read(engine, &format!("{dir}/{number}")).await.unwrap();
        assert_eq!(contents(engine, &stored).await.unwrap(), body(number, len));
    }
}

fn bytes_of_log(files: &Sim) -> u64 {
    let dir = PathBuf::from("/data/log");
    let names = files.list(&dir).unwrap();
    let len = |name: &String| files.open(&dir.join(name), Mode::Read).unwrap().len().unwrap();
    names.iter().map(len).sum()
}

fn find(files: &Sim, path: &Path, bytes: &[u8]) -> u64 {
    let file = files.open(path, Mode::Read).unwrap();
    let mut all = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut all).unwrap();
    all.windows(bytes.len())
        .position(|window| window == bytes)
        .unwrap() as u64
}
