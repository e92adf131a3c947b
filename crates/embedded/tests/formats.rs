//! Every format that was ever released opens, and what is inside is what was put in.
//!
//! `fixtures/format/<version>/` is a data directory without its index. `COUNTERSIGN_BLESS=1` writes the one of today's
//! version anew; a released one is never written again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use bytes::Bytes;
use countersign_embedded::{Embedded, Options, Tasks};
use countersign_engine::world::sim::Sim;
use countersign_engine::world::turns::Turns;
use countersign_engine::world::{Files, Mode};
use countersign_engine::{Body, Change, Class, Engine, Error, Home, Put, Row, Space, Stored};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::prefix_index::PrefixIndex;

const FILES: [&str; 5] = [
    "format",
    "log/0000000001.log",
    "log/0000000002.log",
    "log/0000000003.log",
    "large/01/0000000000000001",
];

#[tokio::test]
async fn format_1_opens_and_holds_what_was_put_in() {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in fixture() {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
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

#[test]
fn todays_bytes_are_those_of_the_fixture() {
    let made = make();
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        for (name, bytes) in &made {
            let path = fixture_dir().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    for (name, bytes) in fixture() {
        assert!(
            made[name] == bytes,
            "`{name}` is written otherwise than before: that is a new format version"
        );
    }
}

/// Makes the data directory, the engine's own loops in their turns so that the bytes are the same each time.
fn make() -> BTreeMap<&'static str, Vec<u8>> {
    let turns = Turns::new(1);
    let made = turns.run(make_by_turns(Tasks::turns(turns.table())));
    made.unwrap()
}

/// Every kind of record, every place of a body, three segments.
async fn make_by_turns(tasks: Tasks) -> BTreeMap<&'static str, Vec<u8>> {
    let files = Sim::new();
    let (root, index) = (Path::new("/data"), PrefixIndex::default().opener());
    let options = Options { tasks, ..options() };
    let engine = Embedded::open_with(Arc::new(files.clone()), index, root, &options).unwrap();
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
    FILES
        .into_iter()
        .map(|name| (name, contents(&files, &root.join(name))))
        .collect()
}

fn contents(files: &Sim, path: &Path) -> Vec<u8> {
    let file = files.open(path, Mode::Read).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

fn fixture() -> BTreeMap<&'static str, Vec<u8>> {
    FILES
        .into_iter()
        .map(|name| (name, std::fs::read(fixture_dir().join(name)).unwrap()))
        .collect()
}

fn fixture_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/format/1")
}

fn options() -> Options {
    Options {
        segment_bytes: 40_000,
        prepare_segments: false,
        ..Options::new(0x0123_4567_89AB_CDEF)
    }
}

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
