//! Links that are good for one use: one winner in any race, nothing lost by what fails, and an end of what is kept.
//!
//! The row has a fixture of its own; `COUNTERSIGN_BLESS=1` writes it anew, but a released one is never written again.

mod common;

use bytes::Bytes;
use common::watched::{Fault, Watched};
use common::{
    TestWorld, assert_nothing_is_left, bucket, object_key, put, put_new, read_key, store, store_on,
};
use countersign_engine::memory::Memory;
use countersign_engine::{Change, Class, Engine, Home, Put, Row, ScanRange, Space};
use countersign_store::{AFTER_END, Error, Expect, NewObject, OneTimeLink, Settings, Store, Swept, World};
use countersign_types::{EtagMatch, Moment, WriteCondition};
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What the clock of [`TestWorld`] says at first.
fn beginning() -> Moment {
    Moment::from_seconds(1_700_000_000)
}

const LIFETIME: Duration = Duration::from_secs(3600);

fn link(id: u8) -> OneTimeLink {
    OneTimeLink {
        id: [id; 32],
        made: beginning(),
        ends: Moment::from_seconds(beginning().seconds() + 3600),
    }
}

fn by(link: OneTimeLink) -> NewObject {
    NewObject {
        link: Some(link),
        ..NewObject::default()
    }
}

async fn used(store: &Store, link: &OneTimeLink) -> Result<(), Error> {
    store.use_link(&bucket(), &object_key("k"), link).await
}

async fn checked(store: &Store, link: &OneTimeLink) -> Result<(), Error> {
    store.check_link(&bucket(), &object_key("k"), link).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_uses_on_two_servers_exactly_one_succeeds() {
    for size in [None, Some(10), Some(2 << 20)] {
        let engine: Arc<dyn Engine> = Arc::new(Watched::new(Memory::new()));
        let one = store_on(engine.clone(), TestWorld::new(), Settings::default()).await;
        let world: Arc<dyn World> = TestWorld::new();
        let other = Store::open(engine, world).await.expect("opens");
        let mut uses = JoinSet::new();
        for fill in 1..=24_u8 {
            let store = if fill % 2 == 0 { one.clone() } else { other.clone() };
            uses.spawn(async move {
                let done = match size {
                    None => used(&store, &link(1)).await,
                    Some(size) => put_new(&store, "k", vec![fill; size], by(link(1)))
                        .await
                        .map(drop),
                };
                (fill, done)
            });
        }
        let mut winners = Vec::new();
        for (fill, done) in uses.join_all().await {
            match done {
                Ok(()) => winners.push(fill),
                Err(error) => assert!(matches!(error, Error::LinkUsed { .. }), "{error}"),
            }
        }
        assert_eq!(winners.len(), 1, "{size:?}: {winners:?}");
        if let Some(size) = size {
            let found = read_key(&one, "k").await.expect("reads");
            assert!(found == vec![winners[0]; size]);
        }
    }
}

#[tokio::test]
async fn a_write_that_fails_leaves_its_link_as_it_was() {
    let store = store().await;
    put(&store, "k", "old").await.expect("written");
    let wrong = NewObject {
        expect: Expect {
            content_md5: Some([0; 16]),
            ..Expect::default()
        },
        ..by(link(1))
    };
    let failed = put_new(&store, "k", "new", wrong).await;
    assert!(matches!(failed, Err(Error::BadDigest { .. })), "{failed:?}");
    let conditional = NewObject {
        condition: WriteCondition {
            if_match: None,
            if_none_match: Some(EtagMatch::Any),
        },
        ..by(link(1))
    };
    let failed = put_new(&store, "k", "new", conditional).await;
    assert!(matches!(failed, Err(Error::PreconditionFailed(_))), "{failed:?}");
    checked(&store, &link(1)).await.expect("not used");
    put_new(&store, "k", "new", by(link(1))).await.expect("written");
    let again = put_new(&store, "k", "newer", by(link(1))).await;
    assert!(
        matches!(again, Err(Error::LinkUsed { at }) if at == beginning()),
        "{again:?}"
    );
    assert_eq!(read_key(&store, "k").await.expect("reads"), b"new");
}

#[tokio::test]
async fn a_use_outlives_the_object_and_is_of_one_link_only() {
    let store = store().await;
    put_new(&store, "k", "new", by(link(1))).await.expect("written");
    put(&store, "k", "other").await.expect("written over");
    store
        .delete_object(&bucket(), &object_key("k"), &Default::default())
        .await
        .expect("deleted");
    for refused in [checked(&store, &link(1)).await, used(&store, &link(1)).await] {
        assert!(matches!(refused, Err(Error::LinkUsed { .. })), "{refused:?}");
    }
    put_new(&store, "k", "newer", by(link(2))).await.expect("written");
    used(&store, &link(3)).await.expect("used");
}

#[tokio::test]
async fn of_a_commit_that_nobody_knows_of_the_row_tells() {
    let engine = Arc::new(Watched::new(Memory::new()));
    let store = store_on(engine.clone(), TestWorld::new(), Settings::default()).await;
    engine.fail_next_commits(&[Fault::UnknownDone]);
    used(&store, &link(1)).await.expect("the row is there");
    engine.fail_next_commits(&[Fault::UnknownLost]);
    let lost = used(&store, &link(2)).await;
    assert!(matches!(lost, Err(Error::MayHaveCommitted)), "{lost:?}");
    used(&store, &link(2)).await.expect("it was lost indeed");
    engine.fail_next_commits(&[Fault::UnknownDone]);
    put_new(&store, "k", "new", by(link(3)))
        .await
        .expect("it is there");
    engine.fail_next_commits(&[Fault::UnknownLost]);
    let lost = put_new(&store, "k", "newer", by(link(4))).await;
    assert!(matches!(lost, Err(Error::MayHaveCommitted)), "{lost:?}");
    for id in 1..=3 {
        let refused = used(&store, &link(id)).await;
        assert!(
            matches!(refused, Err(Error::LinkUsed { .. })),
            "{id}: {refused:?}"
        );
    }
    used(&store, &link(4))
        .await
        .expect("neither object nor use was written");
}

#[tokio::test]
async fn a_use_is_kept_until_no_commit_could_repeat_it_and_then_swept() {
    let memory = Memory::new();
    let world = TestWorld::new();
    let store = store_on(Arc::new(memory.clone()), world.clone(), Settings::default()).await;
    used(&store, &link(1)).await.expect("used");
    let swept = |links| Swept {
        links,
        ..Swept::default()
    };
    // An upload that began in time may still come to its end.
    world.pass(LIFETIME + AFTER_END);
    put_new(&store, "k", "slow", by(link(2))).await.expect("written");
    assert_eq!(store.sweep().await.expect("sweeps"), swept(0));
    let again = used(&store, &link(1)).await;
    assert!(matches!(again, Err(Error::LinkUsed { .. })), "{again:?}");
    // After that nobody can use a link any more, known or not.
    world.pass(Duration::from_millis(1));
    for late in [
        used(&store, &link(3)).await,
        put_new(&store, "k", "later", by(link(3))).await.map(drop),
    ] {
        assert!(matches!(late, Err(Error::LinkEnded)), "{late:?}");
    }
    world.pass(AFTER_END);
    assert_eq!(store.sweep().await.expect("sweeps"), swept(2));
    let late = used(&store, &link(1)).await;
    assert!(matches!(late, Err(Error::LinkEnded)), "{late:?}");
    store
        .delete_object(&bucket(), &object_key("k"), &Default::default())
        .await
        .expect("deleted");
    assert_nothing_is_left(&memory).await;
}

#[tokio::test]
async fn a_link_that_is_older_than_its_bucket_is_refused() {
    let world = TestWorld::new();
    let store = store_on(Arc::new(Memory::new()), world.clone(), Settings::default()).await;
    used(&store, &link(1)).await.expect("used");
    store.delete_bucket(&bucket()).await.expect("removed");
    world.pass(Duration::from_secs(60));
    store
        .create_bucket(&bucket(), "ann", "us-east-1")
        .await
        .expect("created");
    let created = Moment::from_seconds(beginning().seconds() + 60);
    for refused in [
        checked(&store, &link(1)).await,
        used(&store, &link(1)).await,
        put_new(&store, "k", "new", by(link(1))).await.map(drop),
    ] {
        assert!(
            matches!(refused, Err(Error::LinkOlderThanBucket { created: found }) if found == created),
            "{refused:?}"
        );
    }
    let younger = OneTimeLink {
        made: created,
        ..link(1)
    };
    used(&store, &younger).await.expect("used");
}

#[tokio::test]
async fn the_row_is_written_as_the_fixture_has_it_and_reads_back() {
    let memory = Memory::new();
    let store = store_on(Arc::new(memory.clone()), TestWorld::new(), Settings::default()).await;
    put_new(&store, "k", "new", by(link(7))).await.expect("written");
    let range = ScanRange {
        from: Bound::Unbounded,
        until: Bound::Unbounded,
        fold: None,
    };
    let page = memory.scan(Space(1), CLASS, range, 2).await.expect("scans");
    let [row] = &page.rows[..] else {
        unreachable!("{:?}", page.rows)
    };
    let position = &row.position;
    let made = [&position.home, &position.suffix, &row.value]
        .map(hex::encode)
        .join(" ")
        + "\n";
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        std::fs::write(path(), &made).expect("written");
    }
    let kept = std::fs::read_to_string(path()).expect("the fixture");
    assert_eq!(
        made, kept,
        "the row is written otherwise: that is a new version of it"
    );

    let fields: Vec<Bytes> = kept
        .split_whitespace()
        .map(|field| hex::decode(field).expect("hex").into())
        .collect();
    let [home, suffix, value] = fields.try_into().expect("three fields");
    let engine = Arc::new(Memory::new());
    let store = store_on(engine.clone(), TestWorld::new(), Settings::default()).await;
    let row = Row { class: CLASS, suffix };
    let change = Change {
        puts: vec![Put {
            row,
            value,
            body: None,
        }],
        ..Change::default()
    };
    engine
        .commit(Space(1), &Home(home), change)
        .await
        .expect("written");
    let refused = checked(&store, &link(7)).await;
    assert!(
        matches!(refused, Err(Error::LinkUsed { at }) if at == beginning()),
        "{refused:?}"
    );
}

const CLASS: Class = Class(b'o');

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/rows/one-time-link.txt")
}
