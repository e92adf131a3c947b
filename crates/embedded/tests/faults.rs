//! Damage, a full disk, failed syncs, a lost index: what the engine says then, and what it does not lose.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use bytes::Bytes;
use countersign_embedded::{Embedded, MetaIndex, Op, Options, Snapshot, Snapshots, SyncPoint, Visit};
use countersign_engine::world::Files;
use countersign_engine::world::Mode;
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::{Crash, Sim, Step};
use countersign_engine::{Body, Change, Class, Engine, Error, Outcome, Put, Row, Space, Stored};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use support::one_row::{bytes_of, home, log_file, put, row};
use support::prefix_index::PrefixIndex;

const BLOCK: u64 = 4096;
const SALT: u64 = 0xFACADE;

#[tokio::test]
async fn a_torn_last_batch_is_cut_off_and_the_one_before_stays() {
    let files = Sim::new();
    let engine = open(&files, &PrefixIndex::default()).unwrap();
    write(&engine, "first", None).await.unwrap();
    write(&engine, "second", None).await.unwrap();
    drop(engine);
    let log = log_file(1);
    let file = files.open(&log, Mode::Write).unwrap();
    // As if of the last batch only a first part had reached the device.
    file.truncate(2 * BLOCK + 100).unwrap();
    let engine = open(&files, &PrefixIndex::default()).unwrap();
    assert!(engine.recovery().torn_bytes > 0, "{:?}", engine.recovery());
    assert!(read(&engine, "first").await.unwrap().is_some());
    assert!(read(&engine, "second").await.unwrap().is_none());
    write(&engine, "third", None).await.unwrap();
    drop(engine);
    let engine = open(&files, &PrefixIndex::default()).unwrap();
    assert!(read(&engine, "third").await.unwrap().is_some());
}

#[tokio::test]
async fn a_first_start_may_be_cut_short_again_and_again() {
    let files = Sim::new();
    drop(open(&files, &PrefixIndex::default()).unwrap());
    // Something was in the log once and went; that it went is not durable.
    let log = Path::new("/data/log");
    for name in files.list(log).unwrap() {
        files.remove(&log.join(name)).unwrap();
    }
    files.sync_dir(log, "test").unwrap();
    files.open(&log_file(1), Mode::Create).unwrap();
    files.sync_dir(log, "test").unwrap();
    files.remove(&log_file(1)).unwrap();
    let images = Arc::new(Mutex::new(Vec::new()));
    let (taken, source, random) = (images.clone(), files.clone(), Mutex::new(Seeded::new(1)));
    files.watch(move |step| {
        for _ in 0..8 {
            let image = source.crash(Crash::Power, &mut random.lock().unwrap());
            taken.lock().unwrap().push((step.clone(), image));
        }
    });
    drop(open(&files, &PrefixIndex::default()).unwrap());
    files.watch(|_| {});
    let images = std::mem::take(&mut *images.lock().unwrap());
    assert!(images.len() > 40);
    for (step, image) in images {
        if let Err(error) = open(&image, &PrefixIndex::default()) {
            panic!("power cut at {step:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_log_that_ends_before_what_the_index_has_seen_is_not_opened() {
    let (files, index) = (Sim::new(), PrefixIndex::default());
    let engine = open(&files, &index).unwrap();
    write(&engine, "first", None).await.unwrap();
    write(&engine, "second", None).await.unwrap();
    drop(engine);
    files.damage(&log_file(1), 2 * BLOCK + 20, 1).unwrap();
    let told = corrupt(open(&files, &index).map(drop));
    assert!(told.contains("batch 2") && told.contains("segment 1"), "{told}");
}

#[tokio::test]
async fn a_flipped_byte_anywhere_in_the_middle_is_told_and_nothing_is_cut_off() {
    let files = Sim::new();
    let engine = open(&files, &PrefixIndex::default()).unwrap();
    for name in ["first", "second", "third"] {
        write(&engine, name, None).await.unwrap();
    }
    drop(engine);
    // The segment's header, and the header and the payload of the first batch's only frame.
    for offset in [
        0,
        17,
        39,
        BLOCK,
        BLOCK + 9,
        BLOCK + 33,
        BLOCK + 63,
        BLOCK + 64,
        BLOCK + 90,
    ] {
        files.damage(&log_file(1), offset, 0x10).unwrap();
        let told = corrupt(open(&files, &PrefixIndex::default()).map(drop));
        assert!(told.contains("segment 1"), "offset {offset}: {told}");
        files.damage(&log_file(1), offset, 0x10).unwrap();
    }
    let engine = open(&files, &PrefixIndex::default()).unwrap();
    for name in ["first", "second", "third"] {
        assert!(read(&engine, name).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_stored_body_cannot_pass_for_a_later_batch() {
    // Frames of a later batch, block by block in the body of a batch that is then torn. Those of another log are
    // nothing; those of the same log (which nobody outside can make) count as damage, so the trap is a real one.
    for (salt, opens) in [(SALT + 1, true), (SALT, false)] {
        let other = Sim::new();
        let index = PrefixIndex::default().opener();
        let root = Path::new("/data");
        let options = Options {
            prepare_segments: false,
            ..Options::new(salt)
        };
        let engine = Embedded::open_with(Arc::new(other.clone()), index, root, &options).unwrap();
        for name in ["1", "2", "3", "4", "5"] {
            write(&engine, name, None).await.unwrap();
        }
        drop(engine);
        let fifth = bytes_of(&other, &log_file(1)).split_off(5 * BLOCK as usize);

        let files = Sim::new();
        let engine = open(&files, &PrefixIndex::default()).unwrap();
        // A segment's first batch begins with a frame of the log's own.
        write(&engine, "opening", None).await.unwrap();
        let marked = Bytes::from(vec![0xEE; 5 * BLOCK as usize]);
        write(&engine, "marked", Some(Body::Bytes(marked.clone())))
            .await
            .unwrap();
        let begins = bytes_of(&files, &log_file(1))
            .windows(32)
            .position(|bytes| bytes == [0xEE; 32])
            .unwrap()
            % BLOCK as usize;
        let mut trap = vec![0; BLOCK as usize - begins];
        (0..3).for_each(|_| trap.extend_from_slice(&fifth));
        trap.resize(marked.len(), 0);
        write(&engine, "marked", Some(Body::Bytes(trap.into())))
            .await
            .unwrap();
        drop(engine);
        let log = files.open(&log_file(1), Mode::Write).unwrap();
        log.truncate(log.len().unwrap() - 2 * BLOCK).unwrap();
        let opened = open(&files, &PrefixIndex::default()).map(drop);
        assert_eq!(opened.is_ok(), opens, "{opened:?}");
    }
}

#[tokio::test]
async fn a_missing_or_emptied_segment_is_told() {
    let options = Options {
        segment_bytes: 1,
        prepare_segments: false,
        ..Options::new(1)
    };
    for lost in [1, 2] {
        let files = Sim::new();
        let open = |files: &Sim| {
            let index = PrefixIndex::default().opener();
            Embedded::open_with(Arc::new(files.clone()), index, Path::new("/data"), &options)
        };
        let engine = open(&files).unwrap();
        for name in ["first", "second", "third"] {
            write(&engine, name, None).await.unwrap();
        }
        drop(engine);
        let truncated = files.crash(Crash::Kill, &mut Seeded::new(1));
        truncated
            .open(&log_file(lost), Mode::Write)
            .unwrap()
            .truncate(BLOCK)
            .unwrap();
        corrupt(open(&truncated).map(drop));
        files.remove(&log_file(lost)).unwrap();
        let told = corrupt(open(&files).map(drop));
        assert!(told.contains(&format!("segment {lost} is missing")), "{told}");
    }
}

#[tokio::test]
async fn a_flipped_byte_in_a_body_is_told_with_its_row_and_only_there() {
    let (files, index) = (Sim::new(), PrefixIndex::default());
    let engine = open(&files, &index).unwrap();
    let small: Bytes = Seeded::new(1).bytes(200_000).into();
    let large: Bytes = Seeded::new(2).bytes(2_500_000).into();
    write(&engine, "small", Some(Body::Bytes(small.clone())))
        .await
        .unwrap();
    let staged = stage(&engine, "large", &large).await.unwrap();
    write(&engine, "large", Some(staged)).await.unwrap();
    write(&engine, "whole", Some(Body::Bytes(small.clone())))
        .await
        .unwrap();
    // In the second block of each.
    files.damage(&log_file(1), BLOCK + 100_000, 1).unwrap();
    let name = files.list(Path::new("/data/large/01")).unwrap().remove(0);
    files
        .damage(&Path::new("/data/large/01").join(name), 1_100_000, 0x80)
        .unwrap();
    for (name, bytes, block) in [("small", &small, 65_536), ("large", &large, 1 << 20)] {
        let body = read(&engine, name).await.unwrap().unwrap().body.unwrap();
        let body = engine.open(&body).await.unwrap().unwrap();
        assert_eq!(body.read(0, 1000).await.unwrap(), bytes.slice(..1000));
        assert_eq!(
            body.read(2 * block as u64, 10).await.unwrap(),
            bytes.slice(2 * block..2 * block + 10)
        );
        let told = corrupt(body.read(block as u64, 1).await);
        assert!(
            told.contains(&format!("`{name}`")) && told.contains("space 0"),
            "{told}"
        );
        corrupt(body.read(0, bytes.len()).await);
    }
    drop(engine);
    // From the log alone the rows come back, and say the same of their bodies.
    let engine = open(&files, &PrefixIndex::default()).unwrap();
    assert_eq!(engine.recovery().damaged_bodies, 1);
    let body = read(&engine, "small").await.unwrap().unwrap().body.unwrap();
    corrupt(engine.open(&body).await.unwrap().unwrap().read(0, 100_000).await);
    let body = read(&engine, "whole").await.unwrap().unwrap().body.unwrap();
    assert_eq!(
        engine
            .open(&body)
            .await
            .unwrap()
            .unwrap()
            .read(0, small.len())
            .await
            .unwrap(),
        small
    );
}

#[tokio::test]
async fn a_directory_given_as_a_bare_name_survives_a_power_cut() {
    let opened = |files: &Sim| {
        let index = PrefixIndex::default().opener();
        Embedded::open_with(
            Arc::new(files.clone()),
            index,
            Path::new("data"),
            &Options::new(SALT),
        )
        .unwrap()
    };
    for seed in 0..20 {
        let files = Sim::new();
        let engine = opened(&files);
        write(&engine, "first", None).await.unwrap();
        let left = files.crash(Crash::Power, &mut Seeded::new(seed));
        assert!(
            read(&opened(&left), "first").await.unwrap().is_some(),
            "seed {seed}: what was acknowledged is gone"
        );
    }
}

#[tokio::test]
async fn a_full_disk_refuses_cleanly_and_goes_on_when_there_is_space() {
    let (files, index) = (Sim::new(), PrefixIndex::default());
    // Without a reserve, so that the writes themselves find no room.
    let options = Options {
        reserve_bytes: 0,
        prepare_segments: false,
        ..Options::new(SALT)
    };
    let engine = Embedded::open_with(
        Arc::new(files.clone()),
        index.opener(),
        Path::new("/data"),
        &options,
    )
    .unwrap();
    write(&engine, "first", None).await.unwrap();
    for free in [0, 100, 3000] {
        files.leave_free(Some(free));
        let body = Body::Bytes(Seeded::new(1).bytes(50_000).into());
        assert!(
            matches!(write(&engine, "second", Some(body)).await, Err(Error::Full)),
            "{free} bytes free"
        );
        files.leave_free(Some(free));
        assert!(matches!(
            stage(&engine, "second", &Bytes::from(vec![1; 5000])).await,
            Err(Error::Full)
        ));
        assert!(read(&engine, "first").await.unwrap().is_some());
        assert!(read(&engine, "second").await.unwrap().is_none());
        let left = files.crash(Crash::Kill, &mut Seeded::new(free));
        let reopened = open(&left, &index.crash(&mut Seeded::new(free))).unwrap();
        assert!(
            read(&reopened, "second").await.unwrap().is_none(),
            "what was refused is there"
        );
    }
    files.leave_free(None);
    write(&engine, "second", None).await.unwrap();
    drop(engine);
    assert!(
        read(&open(&files, &index).unwrap(), "second")
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_disk_filled_to_its_end_still_takes_deletes() {
    let (files, index) = (Sim::new(), PrefixIndex::default());
    let options = Options {
        reserve_bytes: 100_000,
        prepare_segments: false,
        ..Options::new(SALT)
    };
    let engine = Embedded::open_with(
        Arc::new(files.clone()),
        index.opener(),
        Path::new("/data"),
        &options,
    )
    .unwrap();
    let large = stage(&engine, "large", &Bytes::from(vec![1; 5000]))
        .await
        .unwrap();
    write(&engine, "large", Some(large)).await.unwrap();
    write(&engine, "small", Some(Body::Bytes(Bytes::from_static(b"body"))))
        .await
        .unwrap();
    let left_over = stage(&engine, "late", &Bytes::from(vec![1; 5000])).await.unwrap();
    files.leave_free(Some(300_000));
    let mut written = 0;
    while write(&engine, "filler", Some(Body::Bytes(vec![2; 3000].into())))
        .await
        .is_ok()
    {
        written += 1;
    }
    assert!(written > 10, "{written} written");
    assert!(matches!(write(&engine, "tiny", None).await, Err(Error::Full)));
    assert!(matches!(
        write(&engine, "late", Some(left_over)).await,
        Err(Error::Full)
    ));
    assert!(matches!(
        stage(&engine, "late", &Bytes::from(vec![1; 5000])).await,
        Err(Error::Full)
    ));
    // A delete may note what is to be deleted next.
    let noted = Put {
        row: Row {
            class: Class(9),
            suffix: Bytes::new(),
        },
        value: Bytes::from_static(b"note"),
        body: None,
    };
    for (name, puts) in [("small", vec![]), ("large", vec![noted])] {
        let change = Change {
            guards: vec![],
            puts,
            deletes: vec![row()],
        };
        let outcome = engine.commit(Space::SYSTEM, &home(name), change).await;
        assert_eq!(outcome.unwrap(), Outcome::Done, "deleting {name}");
        assert!(read(&engine, name).await.unwrap().is_none());
    }
    files.leave_free(None);
    write(&engine, "tiny", None).await.unwrap();
}

#[tokio::test]
async fn after_a_failed_sync_writes_are_refused_until_reopened_and_reads_go_on() {
    for (point, large) in [
        (SyncPoint::LogBatch, false),
        (SyncPoint::LargeFile, true),
        (SyncPoint::LargeDir, true),
    ] {
        let (files, index) = (Sim::new(), PrefixIndex::default());
        let engine = open(&files, &index).unwrap();
        write(&engine, "first", None).await.unwrap();
        files.fail(point.name(), 1);
        if large {
            assert!(matches!(
                stage(&engine, "second", &Bytes::from(vec![1; 500])).await,
                Err(Error::Failed(_))
            ));
        } else {
            assert!(matches!(
                write(&engine, "second", None).await,
                Err(Error::MayHaveCommitted)
            ));
        }
        for _ in 0..3 {
            assert!(
                matches!(write(&engine, "third", None).await, Err(Error::Failed(_))),
                "after {point:?}"
            );
            assert!(matches!(
                stage(&engine, "third", &Bytes::new()).await,
                Err(Error::Failed(_))
            ));
            assert!(matches!(engine.create(Space(3)).await, Err(Error::Failed(_))));
        }
        assert!(engine.health().is_err());
        assert!(read(&engine, "first").await.unwrap().is_some());
        drop(engine);
        let engine = open(&files, &index).unwrap();
        let seen = read(&engine, "second").await.unwrap().is_some();
        write(&engine, "third", None).await.unwrap();
        let cut = files.crash(Crash::Power, &mut Seeded::new(9));
        let engine = open(&cut, &PrefixIndex::default()).unwrap();
        assert!(read(&engine, "third").await.unwrap().is_some());
        assert_eq!(
            read(&engine, "second").await.unwrap().is_some(),
            seen,
            "what was seen is lost"
        );
    }
}

#[tokio::test]
async fn a_lost_or_damaged_index_is_made_anew_from_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let (path, options) = (dir.path().join("data"), Options::new(5));
    let body: Bytes = Seeded::new(3).bytes(3000).into();
    let engine = Embedded::open(&path, &options).unwrap();
    write(&engine, "small", Some(Body::Bytes(body.clone())))
        .await
        .unwrap();
    write(&engine, "deleted", None).await.unwrap();
    let staged = stage(&engine, "large", &body).await.unwrap();
    write(&engine, "large", Some(staged)).await.unwrap();
    let change = Change {
        deletes: vec![row()],
        ..Change::default()
    };
    engine
        .commit(Space::SYSTEM, &home("deleted"), change)
        .await
        .unwrap();
    drop(engine);
    type Harm = fn(&Path);
    let harms: [Harm; 3] = [
        |index| std::fs::remove_dir_all(index).unwrap(),
        |index| {
            // Every file of it, so that whatever it needs to open is wrong.
            for file in files_below(index) {
                std::fs::write(file, b"not what was written").unwrap();
            }
        },
        |_| {},
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        harm(&path.join("index"));
        let engine = Embedded::open(
            &path,
            &Options {
                rebuild_index: number == 2,
                ..options.clone()
            },
        )
        .unwrap();
        assert_eq!(engine.recovery().batches_replayed, 4, "{:?}", engine.recovery());
        for name in ["small", "large"] {
            let found = read(&engine, name).await.unwrap().unwrap().body.unwrap();
            assert_eq!(
                engine
                    .open(&found)
                    .await
                    .unwrap()
                    .unwrap()
                    .read(0, 3000)
                    .await
                    .unwrap(),
                body
            );
        }
        assert!(read(&engine, "deleted").await.unwrap().is_none());
    }
    let engine = Embedded::open(&path, &options).unwrap();
    assert_eq!(
        engine.recovery().batches_replayed,
        0,
        "a whole index is read again: {:?}",
        engine.recovery()
    );
}

/// An index that is killed while it is emptied: what was persisted is gone already, and what was applied last is still there.
struct KilledInClear {
    inner: PrefixIndex,
    last: Mutex<Vec<Op>>,
}

impl MetaIndex for KilledInClear {
    fn get(&self, names: &[Vec<u8>]) -> countersign_engine::Result<Vec<Option<Bytes>>> {
        self.inner.get(names)
    }
    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> countersign_engine::Result<()> {
        self.inner.walk(from, until, visit)
    }
    fn apply(&self, ops: Vec<Op>) -> countersign_engine::Result<()> {
        *self.last.lock().unwrap() = ops.clone();
        self.inner.apply(ops)
    }
    fn persist(&self) -> countersign_engine::Result<()> {
        self.inner.persist()
    }
    fn clear(&self) -> countersign_engine::Result<()> {
        self.inner.clear()?;
        self.inner.apply(self.last.lock().unwrap().clone())?;
        Err(Error::Unavailable("killed".into()))
    }
}

impl Snapshots for KilledInClear {
    fn snapshot(&self) -> Box<dyn Snapshot + '_> {
        self.inner.snapshot()
    }
}

/// An index that fails when it is told to.
#[derive(Default)]
struct Failing {
    inner: PrefixIndex,
    /// Look-ups until one fails; 0: none does.
    look_ups: AtomicUsize,
    panics: AtomicBool,
}

impl Failing {
    fn look_up(&self) -> countersign_engine::Result<()> {
        let counted = |left: usize| left.checked_sub(1);
        match self
            .look_ups
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, counted)
        {
            Ok(1) => Err(Error::Unavailable("as told".into())),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// What it held at one moment, if it can be told.
struct Moment<'i>(&'i Failing, Box<dyn Snapshot + 'i>);

impl Snapshot for Moment<'_> {
    fn get(&self, names: &[Vec<u8>]) -> countersign_engine::Result<Vec<Option<Bytes>>> {
        self.0.look_up()?;
        self.1.get(names)
    }
    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> countersign_engine::Result<()> {
        self.1.walk(from, until, visit)
    }
}

impl Snapshots for Failing {
    fn snapshot(&self) -> Box<dyn Snapshot + '_> {
        Box::new(Moment(self, self.inner.snapshot()))
    }
}

impl MetaIndex for Failing {
    fn get(&self, names: &[Vec<u8>]) -> countersign_engine::Result<Vec<Option<Bytes>>> {
        self.look_up()?;
        self.inner.get(names)
    }
    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> countersign_engine::Result<()> {
        self.inner.walk(from, until, visit)
    }
    fn apply(&self, ops: Vec<Op>) -> countersign_engine::Result<()> {
        assert!(!self.panics.load(Ordering::SeqCst), "as told");
        self.inner.apply(ops)
    }
    fn persist(&self) -> countersign_engine::Result<()> {
        self.inner.persist()
    }
    fn clear(&self) -> countersign_engine::Result<()> {
        self.inner.clear()
    }
}

fn open_failing(files: &Sim, index: &Arc<Failing>) -> Embedded {
    let (files, index) = (Arc::new(files.clone()), index.clone());
    let opener = Box::new(move || Ok((index as Arc<dyn Snapshots>, None)));
    Embedded::open_with(files, opener, Path::new("/data"), &Options::new(SALT)).unwrap()
}

#[tokio::test]
async fn what_is_refused_because_the_index_cannot_be_read_is_not_in_the_log() {
    let mut refused = 0;
    for nth in 1..=4 {
        let (files, index) = (Sim::new(), Arc::new(Failing::default()));
        let engine = open_failing(&files, &index);
        write(&engine, "first", None).await.unwrap();
        index.look_ups.store(nth, Ordering::SeqCst);
        let created = engine.create(Space(8)).await;
        index.look_ups.store(0, Ordering::SeqCst);
        drop(engine);
        refused += usize::from(created.is_err());
        // From the log alone.
        let engine = open(&files, &PrefixIndex::default()).unwrap();
        let then = engine.commit(Space(8), &home("home"), put(None)).await;
        assert_eq!(
            created.is_ok(),
            then.is_ok(),
            "look-up {nth}: {created:?}, then {then:?}"
        );
    }
    assert!(refused > 0, "else the test shows nothing");
}

#[tokio::test]
async fn a_thread_that_panics_leaves_an_engine_that_says_so() {
    let (files, index) = (Sim::new(), Arc::new(Failing::default()));
    let engine = open_failing(&files, &index);
    write(&engine, "first", None).await.unwrap();
    index.panics.store(true, Ordering::SeqCst);
    // It is durable, and the index is changed later.
    write(&engine, "second", None).await.unwrap();
    for _ in 0..1000 {
        if engine.health().is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(matches!(engine.health(), Err(Error::Failed(_))));
    let written = write(&engine, "third", None).await;
    assert!(matches!(written, Err(Error::Failed(_))), "{written:?}");
    for name in ["first", "second"] {
        assert!(read(&engine, name).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_kill_while_the_index_is_emptied_hides_nothing() {
    let (files, index) = (Sim::new(), PrefixIndex::default());
    let killed = Arc::new(KilledInClear {
        inner: index.clone(),
        last: Mutex::default(),
    });
    // The first start empties an empty index.
    drop(open(&files, &index).unwrap());
    let opened = |rebuild_index: bool| {
        let killed = killed.clone();
        Embedded::open_with(
            Arc::new(files.clone()),
            Box::new(move || Ok((killed, None))),
            Path::new("/data"),
            &Options {
                rebuild_index,
                ..Options::new(SALT)
            },
        )
    };
    let engine = open(&files, &index).unwrap();
    write(&engine, "first", None).await.unwrap();
    drop(engine);
    let engine = opened(false).unwrap();
    write(&engine, "last", None).await.unwrap();
    drop(engine);
    assert!(matches!(opened(true), Err(Error::Unavailable(_))));
    let engine = open(&files, &index).unwrap();
    for name in ["first", "last"] {
        assert!(read(&engine, name).await.unwrap().is_some(), "{name} is not seen");
    }
}

#[tokio::test]
async fn a_kill_loses_nothing_though_the_real_index_is_behind() {
    // A copy of the files under the running engine is what a kill leaves: without what the index still has in memory.
    let dir = tempfile::tempdir().unwrap();
    let (path, options) = (dir.path().join("data"), Options::new(5));
    let engine = Embedded::open(&path, &options).unwrap();
    let mut behind = 0;
    for round in 0..5 {
        for number in 0..40 {
            let body = Body::Bytes(Seeded::new(number).bytes(500).into());
            write(&engine, &format!("{round}/{number}"), Some(body))
                .await
                .unwrap();
        }
        let staged = stage(&engine, "large", &Seeded::new(round).bytes(5000).into())
            .await
            .unwrap();
        write(&engine, "large", Some(staged)).await.unwrap();
        let copy = dir.path().join(format!("copy {round}"));
        copy_all(&path, &copy);
        let engine = Embedded::open(&copy, &options).unwrap();
        behind += engine.recovery().batches_replayed;
        for number in (0..=round).flat_map(|round| (0..40).map(move |number| format!("{round}/{number}"))) {
            assert!(
                read(&engine, &number).await.unwrap().is_some(),
                "{number} is lost"
            );
        }
        let body = read(&engine, "large").await.unwrap().unwrap().body.unwrap();
        let body = engine.open(&body).await.unwrap().unwrap();
        assert_eq!(body.read(0, 5000).await.unwrap(), Seeded::new(round).bytes(5000));
    }
    assert!(behind > 0, "the index was never behind, so nothing was tested");
}

#[tokio::test]
async fn a_directory_is_opened_once() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Embedded::open(dir.path(), &Options::new(1)).unwrap();
    assert!(matches!(
        Embedded::open(dir.path(), &Options::new(1)),
        Err(Error::Unavailable(_))
    ));
    drop(engine);
    assert!(Embedded::open(dir.path(), &Options::new(1)).is_ok());
}

#[tokio::test]
async fn a_later_format_is_left_alone() {
    let files = Sim::new();
    drop(open(&files, &PrefixIndex::default()).unwrap());
    let file = files.open(Path::new("/data/format"), Mode::Write).unwrap();
    file.truncate(0).unwrap();
    file.write_at(0, b"countersign data directory\nformat 2\nsomething\n")
        .unwrap();
    let Err(Error::Unavailable(told)) = open(&files, &PrefixIndex::default()).map(drop) else {
        panic!("it opened")
    };
    assert!(told.contains("format 2"), "{told}");
}

#[tokio::test]
async fn bodies_of_a_removed_space_and_of_replaced_rows_leave_the_disk() {
    let files = Sim::new();
    let engine = open(&files, &PrefixIndex::default()).unwrap();
    engine.create(Space(4)).await.unwrap();
    for space in [Space::SYSTEM, Space(4)] {
        for name in ["a", "b", "b"] {
            let mut stage = engine.stage(space, &home(name)).await.unwrap();
            stage.write(Bytes::from_static(b"a large body")).await.unwrap();
            let body = Body::Staged(stage.finish().await.unwrap());
            engine.commit(space, &home(name), put(Some(body))).await.unwrap();
        }
    }
    engine.seal(Space(4), &[]).await.unwrap();
    engine.remove(Space(4)).await.unwrap();
    // The thread sweeps before it takes the next change, and this one leaves a body behind as well.
    write(&engine, "a", None).await.unwrap();
    write(&engine, "c", None).await.unwrap();
    // Files go behind the commits.
    let mut left = usize::MAX;
    for _ in 0..1000 {
        let dirs = files.list(Path::new("/data/large")).unwrap();
        left = dirs
            .iter()
            .map(|dir| files.list(&Path::new("/data/large").join(dir)).unwrap().len())
            .sum();
        if left <= 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(left, 1, "one body still has a row");
}

#[tokio::test]
async fn commits_that_wait_share_one_sync() {
    let files = Sim::new();
    let engine = Arc::new(open(&files, &PrefixIndex::default()).unwrap());
    write(&engine, "opening", None).await.unwrap();
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let syncs = Arc::new(AtomicUsize::new(0));
    let (held, counted) = (gate.clone(), syncs.clone());
    files.watch(move |step| {
        if matches!(step, Step::Sync(_, point) if *point == SyncPoint::LogBatch.name()) {
            counted.fetch_add(1, Ordering::SeqCst);
            let open = held.0.lock().unwrap();
            drop(held.1.wait_while(open, |open| !*open).unwrap());
        }
    });
    // On this runtime, each of the tasks has asked before the last of them runs.
    let mut tasks = Vec::new();
    for number in 0..50 {
        let engine = engine.clone();
        tasks.push(tokio::spawn(async move {
            write(&engine, &format!("{number}"), None).await
        }));
    }
    let opener = tokio::spawn(async move {
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
    });
    opener.await.unwrap();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), Outcome::Done);
    }
    // The first few may have been taken alone; all others waited for that sync and shared the next.
    let syncs = syncs.load(Ordering::SeqCst);
    assert!((1..=2).contains(&syncs), "50 commits took {syncs} syncs");
}

fn open(files: &Sim, index: &PrefixIndex) -> Result<Embedded, Error> {
    let options = Options {
        // What is looked at here are files, which end where the log ends.
        prepare_segments: false,
        recent_bytes: 0,
        ..Options::new(SALT)
    };
    Embedded::open_with(
        Arc::new(files.clone()),
        index.opener(),
        Path::new("/data"),
        &options,
    )
}

async fn write(engine: &Embedded, name: &str, body: Option<Body>) -> Result<Outcome, Error> {
    engine.commit(Space::SYSTEM, &home(name), put(body)).await
}

async fn read(engine: &Embedded, name: &str) -> Result<Option<Stored>, Error> {
    Ok(engine.get(Space::SYSTEM, &home(name), &[row()]).await?.remove(0))
}

async fn stage(engine: &Embedded, name: &str, bytes: &Bytes) -> Result<Body, Error> {
    let mut stage = engine.stage(Space::SYSTEM, &home(name)).await?;
    stage.write(bytes.clone()).await?;
    Ok(Body::Staged(stage.finish().await?))
}

fn corrupt<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Corrupt(told)) => told,
        other => panic!("not told as damage: {other:?}"),
    }
}

/// Copies a directory as it is at one moment: what goes while it is copied, such as a body that was replaced and is
/// unlinked behind the commit, makes the copy begin anew.
fn copy_all(from: &Path, to: &Path) {
    while !has_copied(from, to) {
        std::fs::remove_dir_all(to).unwrap();
    }
}

fn has_copied(from: &Path, to: &Path) -> bool {
    files_below(from).into_iter().all(|path| {
        let copy = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        match std::fs::copy(path, copy) {
            Ok(_) => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => panic!("{error}"),
        }
    })
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path))
        } else {
            found.push(path)
        }
    }
    found
}
