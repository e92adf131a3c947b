//! Bytes of a data directory (`COUNTERSIGN_FLIPS=all`: every byte), turned over one at a time: what is read then is right, or an error that names the
//! place. Never wrong bytes, and never a row that is silently missing.
//!
//! With the index, and with nothing but the log. What an index that saw everything cannot miss and a log alone cannot
//! know is the last batch: there, and nowhere else, what was before it may be what is found.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use countersign_embedded::{Embedded, Options, Tasks};
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::{Crash, Sim};
use countersign_engine::world::turns::{Table, Turns};
use countersign_engine::world::{Files, Mode};
use countersign_engine::{Engine, Error, Row, Space};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::model::{BodyPlan, HOMES, HomeModel, Life, Model, Part, RowModel, home, row, row_names};
use support::prefix_index::PrefixIndex;
use support::workload::{next_step, plain_commit, run};

/// All rows fit, and making room for more costs each of so many starts.
const ROWS_KEPT_BYTES: u64 = 256 * 1024;
/// Steps of the workload before the last.
const STEPS: usize = 8;

/// All of them, if `COUNTERSIGN_FLIPS=all` asks for it. Else those at multiples of a prime, so that no field is left out
/// for good by its place.
fn step() -> usize {
    match std::env::var("COUNTERSIGN_FLIPS") {
        Ok(all) if all == "all" => 1,
        _ => 7,
    }
}

#[test]
fn no_byte_can_be_turned_over_unnoticed() {
    let made = make(4);
    let closed = made
        .bytes
        .keys()
        .filter(|path| path.starts_with("/data/log"))
        .count();
    let large = made
        .bytes
        .keys()
        .filter(|path| path.starts_with("/data/large"))
        .count();
    assert!(
        closed >= 3 && large >= 1,
        "{closed} segments, {large} large files"
    );
    let step = step();
    let flips: Vec<(&PathBuf, usize)> = made
        .bytes
        .iter()
        .flat_map(|(path, bytes)| (0..bytes.len()).step_by(step).map(move |offset| (path, offset)))
        .collect();
    let workers = std::thread::available_parallelism().unwrap().get();
    let made = &made;
    let told: Vec<Outcomes> = std::thread::scope(|scope| {
        let workers: Vec<_> = flips
            .chunks(flips.len().div_ceil(workers))
            .map(|flips| {
                scope.spawn(move || {
                    let mut outcomes = Outcomes::default();
                    for (path, offset) in flips {
                        made.flip(path, *offset, true, &mut outcomes);
                        made.flip(path, *offset, false, &mut outcomes);
                    }
                    outcomes
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let sum = |count: fn(&Outcomes) -> usize| told.iter().map(count).sum::<usize>();
    let (not_opened, refused, unread, cut) = (
        sum(|one| one.not_opened),
        sum(|one| one.refused),
        sum(|one| one.unread),
        sum(|one| one.last_cut),
    );
    println!(
        "{} bytes, with and without the index: not opened {not_opened}, a body refused {refused}, \
         nobody reads it {unread}, the last batch alone {cut}",
        flips.len()
    );
    let wrong: Vec<&String> = told.iter().flat_map(|one| &one.wrong).collect();
    assert!(
        wrong.is_empty(),
        "{} times wrong, such as {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(12)]
    );
    assert!(not_opened > 1000 / step && refused > 1000 / step && cut > 0);
}

#[derive(Debug, Default)]
struct Outcomes {
    not_opened: usize,
    refused: usize,
    unread: usize,
    last_cut: usize,
    /// What must not be.
    wrong: Vec<String>,
}

/// A data directory that was closed in order, and what it holds.
struct Made {
    files: Sim,
    index: PrefixIndex,
    bytes: BTreeMap<PathBuf, Vec<u8>>,
    holds: Model,
    /// The same before the last batch, and where that one lies.
    before: Model,
    last: (PathBuf, Range<usize>),
}

fn make(seed: u64) -> Made {
    let (files, index) = (Sim::new(), PrefixIndex::default());
    let turns = Turns::new(seed);
    let table = turns.table();
    let mut random = Seeded::new(seed);
    let (before, holds, bytes_before) = turns
        .run(async {
            let engine = Arc::new(open(&files, &index, &table).unwrap());
            let mut model = Model::default();
            for _ in 0..STEPS {
                let parts = small(next_step(&model, &mut random));
                model = run(&engine, &table, &model, &parts).await.unwrap();
            }
            let bytes = all_bytes(&files);
            let after = run(&engine, &table, &model, &[plain_commit(&mut random)])
                .await
                .unwrap();
            Arc::into_inner(engine).unwrap().close().await;
            (model, after, bytes)
        })
        .unwrap();
    let bytes = all_bytes(&files);
    let nothing = Vec::new();
    let changed: Vec<_> = bytes
        .iter()
        .filter(|(path, _)| path.starts_with("/data/log"))
        .filter_map(|(path, now)| {
            let was = bytes_before.get(path).unwrap_or(&nothing);
            let differ = |at: &usize| was.get(*at).copied().unwrap_or(0) != now[*at];
            let first = (0..now.len()).find(differ)?;
            Some((path.clone(), first..now.len()))
        })
        .collect();
    let last = changed.into_iter().next_back().unwrap();
    Made {
        files,
        index,
        bytes,
        holds,
        before,
        last,
    }
}

impl Made {
    fn flip(&self, path: &Path, offset: usize, with_index: bool, outcomes: &mut Outcomes) {
        let mut random = Seeded::new(offset as u64);
        let files = self.files.crash(Crash::Kill, &mut random);
        files.damage(path, offset as u64, 1 << random.below(8)).unwrap();
        let index = if with_index {
            self.index.crash(&mut random)
        } else {
            PrefixIndex::default()
        };
        let told = || format!("byte {offset} of {}, with index: {with_index}", path.display());
        let turns = Turns::new(1);
        let table = turns.table();
        let opened = open(&files, &index, &table);
        let engine = match opened {
            Ok(engine) => engine,
            Err(Error::Corrupt(place) | Error::Unavailable(place)) => {
                outcomes.not_opened += 1;
                if !names_a_place(&place) {
                    outcomes
                        .wrong
                        .push(format!("{}: `{place}` names no place", told()));
                }
                return;
            }
            Err(error) => return outcomes.wrong.push(format!("{}: {error}", told())),
        };
        let (found, refused) = match turns.run(observe(&engine)).unwrap() {
            Ok(found) => found,
            Err(wrong) => return outcomes.wrong.push(format!("{}: {wrong}", told())),
        };
        let is_in_last = !with_index && path == self.last.0 && self.last.1.contains(&offset);
        if !refused.is_empty() {
            outcomes.refused += 1;
        }
        if same(&found, &self.holds, &refused) {
            outcomes.unread += usize::from(refused.is_empty());
        } else if is_in_last && same(&found, &self.before, &refused) {
            outcomes.last_cut += 1;
        } else {
            outcomes
                .wrong
                .push(format!("{}: holds {found:?}, refused {refused:?}", told()));
        }
    }
}

/// Bodies that fit: every byte of them is turned over.
fn small(mut parts: Vec<Part>) -> Vec<Part> {
    for part in &mut parts {
        let Part::Commit(plan) = part else { continue };
        for (_, _, body) in &mut plan.puts {
            if let BodyPlan::Bytes(bytes) | BodyPlan::Staged(bytes) = body {
                bytes.truncate(BODY_BYTES_MAX);
            }
        }
    }
    parts
}

fn open(files: &Sim, index: &PrefixIndex, table: &Table) -> Result<Embedded, Error> {
    let options = Options {
        segment_bytes: 9_000,
        rows_kept_bytes: ROWS_KEPT_BYTES,
        tasks: Tasks::turns(table.clone()),
        ..Options::new(0xC0FFEE)
    };
    Embedded::open_with(
        Arc::new(files.clone()),
        index.opener(),
        Path::new("/data"),
        &options,
    )
}

/// Rows whose body was refused.
type Refused = BTreeSet<(u64, &'static str, Row)>;

/// Everything that can be read.
async fn observe(engine: &Embedded) -> Result<(Model, Refused), String> {
    let (mut model, mut refused) = (Model::default(), Refused::new());
    for (space, held) in &mut model.0 {
        for name in HOMES {
            let rows: Vec<Row> = row_names().into_iter().map(row).collect();
            let found = match engine.get(Space(*space), &home(name), &rows).await {
                Ok(found) => found,
                Err(Error::NoSpace) => {
                    held.life = Life::Never;
                    continue;
                }
                Err(error) => return Err(error.to_string()),
            };
            held.life = Life::Open;
            let mut home = HomeModel::new();
            for ((row_name, row), stored) in row_names().into_iter().zip(rows).zip(found) {
                let Some(stored) = stored else { continue };
                let mut body = None;
                if let Some(reference) = &stored.body {
                    let read = match engine.open(reference).await {
                        Ok(Some(open)) => open.read(0, open.len() as usize).await,
                        Ok(None) => return Err(format!("the body of {name} {row:?} is gone")),
                        Err(error) => Err(error),
                    };
                    match read {
                        Ok(bytes) => body = Some(bytes),
                        Err(Error::Corrupt(place)) if place.contains(name) => {
                            refused.insert((*space, name, row));
                        }
                        Err(error) => return Err(format!("{name} {row:?}: {error}")),
                    }
                }
                home.insert(row_name, (stored.value, body));
            }
            if !home.is_empty() {
                held.homes.insert(name, home);
            }
        }
    }
    Ok((model, refused))
}

/// True if what was found is what is held, bodies that were refused aside.
fn same(found: &Model, held: &Model, refused: &Refused) -> bool {
    let is_there = |life: Life| matches!(life, Life::Open | Life::Sealed);
    held.0.iter().all(|(space, held)| {
        let found = &found.0[space];
        is_there(held.life) == is_there(found.life)
            && (!is_there(held.life)
                || HOMES.iter().all(|name| {
                    let strip = |rows: Option<&HomeModel>| -> BTreeMap<_, RowModel> {
                        let rows = rows.cloned().unwrap_or_default().into_iter();
                        rows.map(|(row_name, (value, body))| {
                            let is_refused = refused.contains(&(*space, name, row(row_name)));
                            (row_name, (value, body.filter(|_| !is_refused)))
                        })
                        .collect()
                    };
                    strip(found.homes.get(name)) == strip(held.homes.get(name))
                }))
    })
}

fn names_a_place(told: &str) -> bool {
    ["segment", "batch", "row", "format"]
        .iter()
        .any(|word| told.contains(word))
}

/// The file `format`, the log and the large bodies.
fn all_bytes(files: &Sim) -> BTreeMap<PathBuf, Vec<u8>> {
    let root = Path::new("/data");
    let mut paths = vec![root.join("format")];
    let names = |dir: &Path| files.list(dir).unwrap();
    paths.extend(
        names(&root.join("log"))
            .iter()
            .map(|name| root.join("log").join(name)),
    );
    for dir in names(&root.join("large")) {
        let dir = root.join("large").join(dir);
        paths.extend(names(&dir).iter().map(|name| dir.join(name)));
    }
    let read = |path: PathBuf| {
        let file = files.open(&path, Mode::Read).unwrap();
        let mut bytes = vec![0; file.len().unwrap() as usize];
        file.read_at(0, &mut bytes).unwrap();
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

const BODY_BYTES_MAX: usize = 3000;
