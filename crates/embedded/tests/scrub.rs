//! A scrub: everything stored is read, everything damaged is found, nothing else is told.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use bytes::Bytes;
use countersign_embedded::{Embedded, Fjall, MetaIndex, Options, Progress, Tasks};
use countersign_engine::upkeep::{Damage, ScrubPosition, Upkeep};
use countersign_engine::world::Files;
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::Sim;
use countersign_engine::world::turns::{Table, Turns};
use countersign_engine::{Body, Change, Engine, Space};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use support::one_row::{bytes_of, home, log_file, put, row};
use support::prefix_index::PrefixIndex;

/// The kind of a frame that ends a segment.
const END: u8 = 6;

/// What one pass did.
#[derive(Debug, Default)]
struct Pass {
    bytes: u64,
    rows: u64,
    steps: u64,
    damage: Vec<Damage>,
}

#[tokio::test]
async fn a_scrub_reads_everything_and_finds_nothing_wrong_where_nothing_is() {
    for real in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let engine = if real {
            Embedded::open(&dir.path().join("data"), &options()).unwrap()
        } else {
            open(&Sim::new(), &PrefixIndex::default())
        };
        fill(&engine).await;
        let census = engine.census().await.unwrap();
        assert_eq!((census.spaces, census.large_bodies), (2, 3), "{census:?}");
        assert_eq!((&census.missing[..], census.missing_count), (&[][..], 0));
        for bytes_max in [1, u64::MAX] {
            let pass = pass(&engine, bytes_max, &mut |_| {}).await;
            assert_eq!(pass.damage, [], "{real} {bytes_max}");
            assert_eq!(pass.rows, census.rows);
            // Bodies where their rows find them, and the log that small ones lie in once more.
            assert!(pass.bytes >= census.body_bytes + 300_000, "{pass:?} {census:?}");
            assert!(pass.bytes <= census.scrub_bytes, "{pass:?} {census:?}");
            assert!(bytes_max != 1 || pass.steps > 30, "{pass:?}");
        }
    }
}

#[tokio::test]
async fn an_empty_directory_is_whole() {
    let engine = open(&Sim::new(), &PrefixIndex::default());
    let pass = pass(&engine, 1, &mut |_| {}).await;
    assert_eq!((pass.bytes, pass.rows, pass.damage), (0, 0, Vec::new()));
}

#[test]
fn a_flipped_byte_in_any_frame_is_found_and_told_with_its_segment() {
    let turns = Turns::new(1);
    turns.run(flip_in_any_frame(turns.table())).unwrap();
}

/// By turns, since files must not be given up or prepared while they are looked through.
async fn flip_in_any_frame(table: Table) {
    let files = Sim::new();
    let options = Options {
        tasks: Tasks::turns(table.clone()),
        ..options()
    };
    let index = PrefixIndex::default().opener();
    let engine = Embedded::open_with(Arc::new(files.clone()), index, Path::new("/data"), &options).unwrap();
    fill(&engine).await;
    table.pause(Duration::from_secs(5)).await;
    let (mut tried, mut begun) = (0, 0);
    for segment in segments(&files) {
        let (path, number) = (log_file(segment), format!("segment {segment}"));
        let bytes = bytes_of(&files, &path);
        let number_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        if !bytes.starts_with(b"CSlogseg") || number_at(16) != segment {
            // Written ahead, and not begun.
            continue;
        }
        begun += 1;
        let frames = (0..bytes.len())
            .step_by(4096)
            .filter(|at| bytes[*at..].starts_with(b"CSfr") && number_at(*at + 8) == segment);
        // The frame that ends a segment has none; its chain is flipped once more.
        let payload = |at: usize| if bytes[at + 5] == END { 58 } else { 70 };
        // The segment's header; of each batch the first frame's header, its chain, and its payload.
        for offset in [3, 17]
            .into_iter()
            .chain(frames.flat_map(|at| [at + 9, at + 57, at + payload(at)]))
        {
            files.damage(&path, offset as u64, 0x10).unwrap();
            let pass = pass(&engine, 50_000, &mut |_| {}).await;
            assert!(!pass.damage.is_empty(), "{number} {offset}: not found");
            for damage in &pass.damage {
                assert!(
                    damage.row.is_none() && damage.what.contains(&number),
                    "{offset}: {damage:?}"
                );
            }
            files.damage(&path, offset as u64, 0x10).unwrap();
            tried += 1;
        }
    }
    assert!(tried > 60 && begun > 2, "{tried}");
    assert_eq!(pass(&engine, u64::MAX, &mut |_| {}).await.damage, []);
}

#[tokio::test]
async fn a_damaged_body_is_told_once_with_its_row_and_others_are_checked_on() {
    let files = Sim::new();
    let engine = open(&files, &PrefixIndex::default());
    fill(&engine).await;
    for (name, seed, len) in [
        ("small/3", 3, 3000),
        ("inline", 100, 300_000),
        ("large/2", 202, 1_200_000),
    ] {
        let body = Seeded::new(seed).bytes(len);
        for byte in [0, len / 2, len - 1] {
            let (path, begin) = find(&files, &body);
            files.damage(&path, (begin + byte) as u64, 1).unwrap();
            let pass = pass(&engine, 1_000_000, &mut |_| {}).await;
            files.damage(&path, (begin + byte) as u64, 1).unwrap();
            let [damage] = &pass.damage[..] else {
                panic!("{name}: {:?}", pass.damage)
            };
            let row_name = damage.row.as_ref().unwrap();
            assert_eq!((row_name.home.clone(), row_name.row.clone()), (home(name), row()));
            assert!(damage.what.contains("checksum"), "{damage:?}");
            assert_eq!(pass.rows, engine.census().await.unwrap().rows);
        }
    }
}

#[tokio::test]
async fn a_missing_file_is_told_with_its_row() {
    let files = Sim::new();
    let engine = open(&files, &PrefixIndex::default());
    fill(&engine).await;
    let (path, _) = find(&files, &Seeded::new(201).bytes(1_200_000));
    files.remove(&path).unwrap();
    let pass = pass(&engine, 1_000_000, &mut |_| {}).await;
    let census = engine.census().await.unwrap();
    assert_eq!((&census.missing, census.missing_count), (&pass.damage, 1));
    assert_eq!(pass.damage[0].row.as_ref().unwrap().home, home("large/1"));
    assert!(pass.damage[0].what.contains("is missing"), "{:?}", pass.damage);
}

#[tokio::test]
async fn a_pass_goes_on_from_a_kept_position_and_leaves_nothing_out() {
    let (files, index) = (Sim::new(), PrefixIndex::default());
    let engine = open(&files, &index);
    fill(&engine).await;
    let mut kept = BTreeSet::new();
    pass(&engine, 200_000, &mut |position| {
        kept.insert(position.text.clone());
    })
    .await;
    assert!(kept.len() > 5, "{kept:?}");
    let body = Seeded::new(202).bytes(1_200_000);
    let (path, begin) = find(&files, &body);
    files.damage(&path, begin as u64, 1).unwrap();
    drop(engine);
    // The damaged row is the last but one; whoever goes on before it finds it.
    let engine = open(&files, &index);
    for text in kept.iter().filter(|text| text.starts_with("segment")) {
        let from = Some(ScrubPosition::kept(text.clone()));
        let pass = pass_from(&engine, from, 200_000, &mut |_| {}).await;
        assert_eq!(pass.damage.len(), 1, "{text}");
    }
    let pass = pass_from(
        &engine,
        Some(ScrubPosition::kept("nonsense")),
        200_000,
        &mut |_| {},
    )
    .await;
    assert_eq!(pass.rows, engine.census().await.unwrap().rows, "it begins anew");
}

#[tokio::test]
async fn what_is_replaced_or_deleted_while_it_is_read_is_no_damage() {
    let engine = open(&Sim::new(), &PrefixIndex::default());
    fill(&engine).await;
    let mut from = None;
    let mut round = 0;
    loop {
        let step = engine.scrub(from, 4096).await.unwrap();
        assert_eq!(step.damage, []);
        let Some(next) = step.next else { break };
        from = Some(next);
        round += 1;
        for name in ["small/1", "inline", "large/0", "large/1"] {
            let change = match round % 3 {
                0 => Change {
                    deletes: vec![row()],
                    ..Change::default()
                },
                1 => put(Some(Body::Bytes(Seeded::new(round).bytes(3000).into()))),
                _ => put(Some(
                    staged(&engine, name, Seeded::new(round).bytes(200_000)).await,
                )),
            };
            engine.commit(Space::SYSTEM, &home(name), change).await.unwrap();
        }
    }
    assert!(round > 20, "{round}");
}

#[tokio::test]
async fn an_index_made_anew_holds_every_row_that_it_held() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    let engine = Embedded::open(&path, &options()).unwrap();
    fill(&engine).await;
    let census = engine.census().await.unwrap();
    drop(engine);
    let before = rows_of(&path);
    assert!(before.len() as u64 >= census.rows, "{census:?}");
    let read = Arc::new(AtomicU64::new(0));
    let told = read.clone();
    let again = Options {
        rebuild_index: true,
        progress: Progress::to(move |bytes| {
            told.fetch_add(bytes, Ordering::SeqCst);
        }),
        ..options()
    };
    let engine = Embedded::open(&path, &again).unwrap();
    assert_eq!(engine.census().await.unwrap(), census);
    assert!(read.load(Ordering::SeqCst) > 300_000, "the log was read");
    assert_eq!(pass(&engine, u64::MAX, &mut |_| {}).await.damage, []);
    // The thread sweeps a removed space before it takes the next change.
    engine
        .commit(Space::SYSTEM, &home("none"), Change::default())
        .await
        .unwrap();
    drop(engine);
    assert_eq!(rows_of(&path), before);
}

/// Everything in an index but what it says of itself and of the log's segments.
fn rows_of(path: &Path) -> Vec<(Bytes, Bytes)> {
    let (index, emptied) = Fjall::open(&path.join("index")).unwrap();
    assert_eq!(emptied, None);
    // Names begin with their kind: 2 marks of large files, 3 rows.
    index.scan(&[2], &[4], usize::MAX).unwrap()
}

async fn pass(engine: &Embedded, bytes_max: u64, each: &mut dyn FnMut(&ScrubPosition)) -> Pass {
    pass_from(engine, None, bytes_max, each).await
}

async fn pass_from(
    engine: &Embedded,
    from: Option<ScrubPosition>,
    bytes_max: u64,
    each: &mut dyn FnMut(&ScrubPosition),
) -> Pass {
    let mut pass = Pass::default();
    let mut from = from;
    loop {
        let step = engine.scrub(from, bytes_max).await.unwrap();
        pass.bytes += step.bytes;
        pass.rows += step.rows;
        pass.steps += 1;
        pass.damage.extend(step.damage);
        match step.next {
            Some(next) => {
                each(&next);
                from = Some(next);
            }
            None => return pass,
        }
    }
}

/// Rows of all sorts, over several segments: small and large bodies, none, replaced, deleted, a removed space.
async fn fill(engine: &Embedded) {
    for space in [Space(4), Space(5)] {
        engine.create(space).await.unwrap();
        let body = Body::Bytes(Seeded::new(space.0).bytes(900).into());
        engine
            .commit(space, &home("of a space"), put(Some(body)))
            .await
            .unwrap();
    }
    engine.seal(Space(5), &[]).await.unwrap();
    engine.remove(Space(5)).await.unwrap();
    for number in 0..20 {
        let body = Body::Bytes(Seeded::new(number).bytes(3000).into());
        write(engine, &format!("small/{number}"), Some(body)).await;
    }
    write(engine, "none", None).await;
    write(engine, "replaced", None).await;
    write(
        engine,
        "inline",
        Some(Body::Bytes(Seeded::new(100).bytes(300_000).into())),
    )
    .await;
    for number in 0..3 {
        let name = format!("large/{number}");
        let body = staged(engine, &name, Seeded::new(200 + number).bytes(1_200_000)).await;
        write(engine, &name, Some(body)).await;
    }
    for name in ["deleted", "replaced"] {
        let body = staged(engine, name, Seeded::new(300).bytes(1_100_000)).await;
        write(engine, name, Some(body)).await;
    }
    write(engine, "replaced", Some(Body::Bytes(Bytes::from_static(b"x")))).await;
    let change = Change {
        deletes: vec![row()],
        ..Change::default()
    };
    engine
        .commit(Space::SYSTEM, &home("deleted"), change)
        .await
        .unwrap();
}

fn options() -> Options {
    Options {
        segment_bytes: 100_000,
        ..Options::new(7)
    }
}

fn open(files: &Sim, index: &PrefixIndex) -> Embedded {
    Embedded::open_with(
        Arc::new(files.clone()),
        index.opener(),
        Path::new("/data"),
        &options(),
    )
    .unwrap()
}

fn segments(files: &Sim) -> Vec<u64> {
    let names = files.list(Path::new("/data/log")).unwrap();
    let numbers = names
        .iter()
        .filter_map(|name| name.strip_suffix(".log")?.parse().ok());
    numbers.collect::<BTreeSet<u64>>().into_iter().collect()
}

/// The file that a body lies in, and where it begins.
fn find(files: &Sim, body: &[u8]) -> (PathBuf, usize) {
    let large = Path::new("/data/large");
    let dirs = files.list(large).unwrap();
    let in_dir = |dir: &String| {
        let dir = large.join(dir);
        files
            .list(&dir)
            .unwrap()
            .into_iter()
            .map(move |name| dir.join(name))
    };
    let paths = segments(files)
        .into_iter()
        .map(log_file)
        .chain(dirs.iter().flat_map(in_dir));
    let begin = &body[..64];
    let found = paths.into_iter().find_map(|path| {
        let bytes = bytes_of(files, &path);
        let at = bytes.windows(begin.len()).position(|window| window == begin)?;
        Some((path, at))
    });
    found.unwrap()
}

async fn write(engine: &Embedded, name: &str, body: Option<Body>) {
    engine
        .commit(Space::SYSTEM, &home(name), put(body))
        .await
        .unwrap();
}

async fn staged(engine: &Embedded, name: &str, bytes: Vec<u8>) -> Body {
    let mut stage = engine.stage(Space::SYSTEM, &home(name)).await.unwrap();
    stage.write(bytes.into()).await.unwrap();
    Body::Staged(stage.finish().await.unwrap())
}
