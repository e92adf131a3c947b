//! Every format that was ever released opens, and what is inside is what was put in.
//!
//! `fixtures/format/<version>/` is a data directory without its index, `<version>-reused/` another, as a kill left it, whose
//! segments were given up, written again and prepared. `COUNTERSIGN_BLESS=1` writes those of today's version anew; released
//! ones are never written again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use bytes::Bytes;
use countersign_embedded::{Embedded, Options, Tasks};
use countersign_engine::upkeep::Upkeep;
use countersign_engine::world::sim::Sim;
use countersign_engine::world::turns::{Table, Turns};
use countersign_engine::world::{Files, Mode};
use countersign_engine::{Body, Change, Class, Engine, Error, Home, Put, Row, Space, Stored};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use support::prefix_index::PrefixIndex;

/// The files below a directory, by their names in it.
type Directory = BTreeMap<String, Vec<u8>>;

const ROOT: &str = "/data";
/// What a data directory has beside: the lock, and whatever keeps room free.
const IS_NO_FORMAT: [&str; 2] = ["lock", "reserve"];

#[tokio::test]
async fn format_1_opens_and_holds_what_was_put_in() {
    let dir = copy(&fixture("1"));
    let engine = Embedded::open(dir.path(), &options()).unwrap();
    assert_eq!(engine.recovery().batches_replayed, 13);
    assert_eq!(engine.recovery().torn_bytes, 0);
    assert_eq!(
        value(&engine, Space::SYSTEM, "a bucket", 1, "").await,
        Some("its row".into())
    );
    assert_eq!(value(&engine, Space::SYSTEM, "gone", 1, "").await, None);
    assert_eq!(
        body(&engine, Space(1), "photos/cat.jpg", 1, "").await,
        Some(inline())
    );
    assert_eq!(
        value(&engine, Space(1), "photos/cat.jpg", 2, "part 1").await,
        None
    );
    assert_eq!(
        body(&engine, Space(1), "photos/dog.jpg", 1, "").await,
        Some(large())
    );
    let sealed = engine.commit(Space(1), &home("late"), Change::default()).await;
    assert!(matches!(sealed, Err(Error::Sealed)), "{sealed:?}");
    let removed = engine.get(Space(2), &home("any"), &[row(1, "")]).await;
    assert!(matches!(removed, Err(Error::NoSpace)), "{removed:?}");
    assert!(matches!(engine.create(Space(2)).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn format_1_opens_with_segments_that_were_given_up_and_written_again() {
    let made = fixture("1-reused");
    let logs: Vec<&String> = made.keys().filter(|name| name.ends_with(".log")).collect();
    assert!(!logs.contains(&&"log/0000000001.log".to_owned()), "{logs:?}");
    assert!(made.keys().any(|name| name.ends_with(".spare")), "{logs:?}");
    let dir = copy(&made);
    let engine = Embedded::open(dir.path(), &options()).unwrap();
    assert_eq!(engine.recovery().torn_bytes, 0, "{:?}", engine.recovery());
    assert_eq!(engine.recovery().damaged_bodies, 0);
    for name in 0..NAMES {
        let last = (0..WRITTEN).rev().find(|number| number % NAMES == name).unwrap();
        assert_eq!(
            body(&engine, Space(1), &name_of(name), 1, "").await,
            Some(text(last)),
            "{name}"
        );
    }
    assert_eq!(body(&engine, Space(1), "stays", 1, "").await, Some(text(WRITTEN)));
}

#[test]
fn todays_bytes_are_those_of_the_fixtures() {
    for (name, made) in [("1", make(make_each_record)), ("1-reused", make(make_reused))] {
        if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
            let _ = std::fs::remove_dir_all(fixture_dir(name));
            write_to(&fixture_dir(name), &made);
        }
        let kept = fixture(name);
        assert_eq!(
            kept.keys().collect::<Vec<_>>(),
            made.keys().collect::<Vec<_>>(),
            "{name}"
        );
        for (file, bytes) in kept {
            assert!(
                made[&file] == bytes,
                "`{name}/{file}` is written otherwise than before: that is a new format version"
            );
        }
    }
}

/// Makes the data directory, the engine's own loops in their turns so that the bytes are the same each time.
fn make(with: impl AsyncFnOnce(&Sim, Table)) -> Directory {
    let (files, turns) = (Sim::new(), Turns::new(1));
    turns.run(with(&files, turns.table())).unwrap();
    let mut made = Directory::new();
    collect(&files, Path::new(ROOT), "", &mut made);
    made
}

/// Every kind of record, every place of a body, three segments.
async fn make_each_record(files: &Sim, table: Table) {
    let index = PrefixIndex::default().opener();
    let options = Options {
        tasks: Tasks::turns(table),
        ..options()
    };
    let engine = Embedded::open_with(Arc::new(files.clone()), index, Path::new(ROOT), &options).unwrap();
    let put = |row: Row, value: &'static str, body: Option<Body>| Put {
        row,
        value: value.into(),
        body,
    };
    let puts = |puts: Vec<Put>| Change {
        puts,
        ..Change::default()
    };
    engine.create(Space(1)).await.unwrap();
    let rows = puts(vec![put(row(1, ""), "its row", None)]);
    engine
        .commit(Space::SYSTEM, &home("a bucket"), rows)
        .await
        .unwrap();
    let rows = puts(vec![put(row(2, "part 1"), "a part", Some(Body::Bytes(inline())))]);
    engine
        .commit(Space(1), &home("photos/cat.jpg"), rows)
        .await
        .unwrap();
    // Taken over from an earlier frame.
    let mut rows = puts(vec![put(row(1, ""), "a head", Some(Body::Of(row(2, "part 1"))))]);
    rows.deletes = vec![row(2, "part 1")];
    engine
        .commit(Space(1), &home("photos/cat.jpg"), rows)
        .await
        .unwrap();
    let mut stage = engine.stage(Space(1), &home("photos/dog.jpg")).await.unwrap();
    stage.write(large()).await.unwrap();
    let staged = Body::Staged(stage.finish().await.unwrap());
    let rows = puts(vec![put(row(1, ""), "a head", Some(staged))]);
    engine
        .commit(Space(1), &home("photos/dog.jpg"), rows)
        .await
        .unwrap();
    engine
        .commit(
            Space::SYSTEM,
            &home("gone"),
            puts(vec![put(row(1, ""), "not for long", None)]),
        )
        .await
        .unwrap();
    let gone = Change {
        deletes: vec![row(1, "")],
        ..Change::default()
    };
    engine.commit(Space::SYSTEM, &home("gone"), gone).await.unwrap();
    engine.seal(Space(1), &[]).await.unwrap();
    engine.create(Space(2)).await.unwrap();
    engine.seal(Space(2), &[]).await.unwrap();
    engine.remove(Space(2)).await.unwrap();
    drop(engine);
}

/// The same few objects, written over until every segment was given up and the files of some are written for another time.
async fn make_reused(files: &Sim, table: Table) {
    let index = PrefixIndex::default().opener();
    let options = Options {
        prepare_segments: true,
        tasks: Tasks::turns(table.clone()),
        ..options()
    };
    let engine = Embedded::open_with(Arc::new(files.clone()), index, Path::new(ROOT), &options).unwrap();
    engine.create(Space(1)).await.unwrap();
    let write = async |name: &str, number: u64| {
        let put = Put {
            row: row(1, ""),
            value: "a head".into(),
            body: Some(Body::Bytes(text(number))),
        };
        let change = Change {
            puts: vec![put],
            ..Change::default()
        };
        engine.commit(Space(1), &home(name), change).await.unwrap();
    };
    write("stays", WRITTEN).await;
    for number in 0..WRITTEN {
        write(&name_of(number % NAMES), number).await;
        table.pause(Duration::from_secs(1)).await;
    }
    assert!(engine.usage().segments_given_up > 3, "{:?}", engine.usage());
}

/// What stands below a directory.
fn collect(files: &Sim, root: &Path, below: &str, into: &mut Directory) {
    for name in files.list(&root.join(below)).unwrap() {
        let name = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if IS_NO_FORMAT.contains(&name.as_str()) {
            continue;
        }
        match files.open(&root.join(&name), Mode::Read) {
            Ok(file) => {
                let mut bytes = vec![0; file.len().unwrap() as usize];
                file.read_at(0, &mut bytes).unwrap();
                into.insert(name, bytes);
            }
            Err(_) => collect(files, root, &name, into),
        }
    }
}

fn fixture(name: &str) -> Directory {
    let mut found = Directory::new();
    let root = fixture_dir(name);
    let mut left = vec![root.clone()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn copy(files: &Directory) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    write_to(directory.path(), files);
    directory
}

fn write_to(root: &Path, files: &Directory) {
    for (name, bytes) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn fixture_dir(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/format")
        .join(name)
}

fn options() -> Options {
    Options {
        segment_bytes: 40_000,
        prepare_segments: false,
        ..Options::new(0x0123_4567_89AB_CDEF)
    }
}

/// Other text for each number.
fn text(number: u64) -> Bytes {
    format!("body {number:4} of the fixture\n").repeat(60).into()
}

fn name_of(number: u64) -> String {
    format!("name {number}")
}

/// How many objects are written over.
const NAMES: u64 = 3;
/// How often one of them is.
const WRITTEN: u64 = 40;

/// More than one checksum's worth.
fn inline() -> Bytes {
    (0..70_000_u32).map(|place| (place % 251) as u8).collect()
}

fn large() -> Bytes {
    Bytes::from_static(b"a body in a file of its own\n")
}

fn home(name: &str) -> Home {
    Home(Bytes::copy_from_slice(name.as_bytes()))
}

fn row(class: u8, suffix: &str) -> Row {
    Row {
        class: Class(class),
        suffix: Bytes::copy_from_slice(suffix.as_bytes()),
    }
}

async fn stored(engine: &Embedded, space: Space, name: &str, class: u8, suffix: &str) -> Option<Stored> {
    engine
        .get(space, &home(name), &[row(class, suffix)])
        .await
        .unwrap()
        .remove(0)
}

async fn value(engine: &Embedded, space: Space, name: &str, class: u8, suffix: &str) -> Option<Bytes> {
    stored(engine, space, name, class, suffix)
        .await
        .map(|stored| stored.value)
}

async fn body(engine: &Embedded, space: Space, name: &str, class: u8, suffix: &str) -> Option<Bytes> {
    let body = stored(engine, space, name, class, suffix).await?.body?;
    let opened = engine.open(&body).await.unwrap()?;
    Some(opened.read(0, opened.len() as usize).await.unwrap())
}
