//! The log past the page cache and through it, on whatever file systems there are: the same is read back, from memory, from
//! the files, and after a start.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use bytes::Bytes;
use countersign_embedded::{Disk, Embedded, Options};
use countersign_engine::pieces::aligned_room;
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::Sim;
use countersign_engine::world::{Files, Mode};
use countersign_engine::{Body, Change, Class, Engine, Error, Home, Put, Row, Space};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::prefix_index::PrefixIndex;

#[tokio::test]
async fn what_is_written_past_the_page_cache_is_read_back_on_every_file_system() {
    for place in places() {
        for direct_writes in [true, false] {
            for recent_bytes in [0, 100_000, 32 << 20] {
                let dir = tempfile::tempdir_in(&place).unwrap();
                let options = Options {
                    direct_writes,
                    recent_bytes,
                    // A disk that is never too small for a test.
                    reserve_bytes: 0,
                    segment_bytes: 1 << 20,
                    ..Options::new(3)
                };
                write_and_read(&dir.path().join("data"), &options, takes_direct(&place)).await;
            }
        }
    }
}

async fn write_and_read(dir: &Path, options: &Options, takes_direct: bool) {
    let engine = Embedded::open(dir, options).unwrap();
    assert_eq!(
        engine.recovery().direct_writes,
        options.direct_writes && takes_direct,
        "{}",
        dir.display()
    );
    let mut random = Seeded::new(1);
    let mut bodies = Vec::new();
    for number in 0..40 {
        let len = [1, 4096, 70_000, 1_000_000, 300][number % 5];
        let body = Bytes::from(random.bytes(len));
        write(&engine, number, &body).await;
        bodies.push(body);
        let earlier = random.below(number + 1);
        assert_eq!(read(&engine, earlier).await.unwrap(), bodies[earlier]);
    }
    drop(engine);
    for lost_index in [false, true] {
        if lost_index {
            std::fs::remove_dir_all(dir.join("index")).unwrap();
        }
        let engine = Embedded::open(dir, options).unwrap();
        for (number, body) in bodies.iter().enumerate() {
            assert_eq!(read(&engine, number).await.unwrap(), *body);
        }
    }
}

#[tokio::test]
async fn what_was_just_written_is_read_from_memory_and_checked_there_too() {
    for (recent_bytes, is_read) in [(1 << 20, true), (0, false)] {
        let files = Sim::new();
        let options = Options {
            recent_bytes,
            ..Options::new(3)
        };
        let index = PrefixIndex::default();
        let open = || {
            let files = Arc::new(files.clone());
            Embedded::open_with(files, index.opener(), Path::new("/data"), &options).unwrap()
        };
        let engine = open();
        let body = Bytes::from(Seeded::new(2).bytes(200_000));
        write(&engine, 1, &body).await;
        files
            .damage(Path::new("/data/log/0000000001.log"), 90_000, 1)
            .unwrap();
        let told = read(&engine, 1).await;
        match told {
            Ok(bytes) => assert!(is_read && bytes == body),
            Err(Error::Corrupt(_)) => assert!(!is_read),
            Err(other) => panic!("{other}"),
        }
        drop(engine);
        // Nothing of it outlives the process.
        assert!(matches!(read(&open(), 1).await, Err(Error::Corrupt(_))));
    }
}

/// Directories on different file systems, as far as there are any.
fn places() -> Vec<PathBuf> {
    let shared = PathBuf::from("/dev/shm");
    let mut places = vec![std::env::temp_dir(), env!("CARGO_TARGET_TMPDIR").into()];
    places.extend(shared.is_dir().then_some(shared));
    places
}

fn takes_direct(place: &Path) -> bool {
    let dir = tempfile::tempdir_in(place).unwrap();
    let file = Disk.open(&dir.path().join("file"), Mode::Create).unwrap();
    let mut block = aligned_room(4096);
    block.resize(4096, 0);
    file.past_cache()
        .is_some_and(|file| file.write_at(0, &block).is_ok())
}

fn row() -> Row {
    Row {
        class: Class(1),
        suffix: Bytes::new(),
    }
}

fn home(number: usize) -> Home {
    Home(Bytes::from(format!("home {number}")))
}

async fn write(engine: &Embedded, number: usize, body: &Bytes) {
    let put = Put {
        row: row(),
        value: Bytes::from_static(b"value"),
        body: Some(Body::Bytes(body.clone())),
    };
    let change = Change {
        puts: vec![put],
        ..Change::default()
    };
    engine.commit(Space::SYSTEM, &home(number), change).await.unwrap();
}

async fn read(engine: &Embedded, number: usize) -> Result<Bytes, Error> {
    let found = engine
        .get(Space::SYSTEM, &home(number), &[row()])
        .await?
        .remove(0);
    let body = engine.open(&found.unwrap().body.unwrap()).await?.unwrap();
    let len = body.len();
    let (front, back) = (
        body.read(0, len as usize / 2).await?,
        body.read(len / 2, (len - len / 2) as usize).await?,
    );
    Ok([front, back].concat().into())
}
