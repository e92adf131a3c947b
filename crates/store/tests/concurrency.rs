//! Many at once: conditional writes have one winner, readers see one incarnation, races end in one of the right states.

mod common;

use common::watched::Watched;
use common::{
    TestWorld, bucket, object_key, open, part_number, put, put_new, read, read_key, store, store_on,
};
use countersign_engine::memory::Memory;
use countersign_store::{
    BytesSource, CompleteUpload, CompletedPart, Error, Expect, ListQuery, NewObject, Settings, Store,
};
use countersign_types::{BucketName, Etag, EtagMatch, ObjectMetadata, UploadId, WriteCondition};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const MIB: usize = 1 << 20;

fn only_if(if_match: Option<EtagMatch>, if_none_match: Option<EtagMatch>) -> NewObject {
    NewObject {
        condition: WriteCondition {
            if_match,
            if_none_match,
        },
        ..NewObject::default()
    }
}

/// Sixteen writers of different bodies; gives the fills of those that succeeded.
#[expect(clippy::panic, reason = "any other failure is one of the test")]
async fn race(store: &Store, len: usize, object: NewObject) -> Vec<u8> {
    let mut writers = JoinSet::new();
    for fill in 1..=16_u8 {
        let (store, object) = (store.clone(), object.clone());
        writers.spawn(async move { (fill, put_new(&store, "k", vec![fill; len], object).await) });
    }
    let mut winners = Vec::new();
    for (fill, written) in writers.join_all().await {
        match written {
            Ok(_) => winners.push(fill),
            Err(Error::PreconditionFailed(_) | Error::ConditionalConflict) => {}
            Err(other) => panic!("{other}"),
        }
    }
    winners
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_that_create_exactly_one_wins() {
    for len in [10, 2 * MIB] {
        let store = store().await;
        let winners = race(&store, len, only_if(None, Some(EtagMatch::Any))).await;
        assert_eq!(winners.len(), 1);
        assert!(read_key(&store, "k").await.expect("reads") == vec![winners[0]; len]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_that_replace_the_same_object_exactly_one_wins() {
    for len in [10, 2 * MIB] {
        let store = store().await;
        let etag = put(&store, "k", &b"old"[..]).await.expect("written").etag;
        let winners = race(&store, len, only_if(Some(EtagMatch::OneOf(vec![etag])), None)).await;
        assert_eq!(winners.len(), 1);
        assert!(read_key(&store, "k").await.expect("reads") == vec![winners[0]; len]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn plain_writers_never_stand_in_each_others_way() {
    for len in [10, 2 * MIB] {
        let store = store().await;
        let winners = race(&store, len, NewObject::default()).await;
        assert_eq!(winners.len(), 16);
        let last = read_key(&store, "k").await.expect("reads");
        assert!(last == vec![last[0]; len]);
    }
}

async fn begin(store: &Store) -> UploadId {
    let begun = store
        .create_upload(&bucket(), &object_key("k"), ObjectMetadata::default(), None)
        .await;
    begun.expect("begun")
}

async fn one_part(
    store: &Store,
    id: &UploadId,
    number: u32,
    fill: u8,
    len: usize,
) -> Result<CompletedPart, Error> {
    let mut source = BytesSource::new(vec![fill; len]);
    let number = part_number(number);
    let part = store
        .put_part(
            &bucket(),
            &object_key("k"),
            id,
            number,
            Expect::default(),
            &mut source,
        )
        .await?;
    Ok(CompletedPart {
        number,
        etag: Some(part.etag),
        checksum: None,
    })
}

async fn complete(store: &Store, id: &UploadId, parts: Vec<CompletedPart>) -> Result<Etag, Error> {
    let request = CompleteUpload {
        parts,
        ..CompleteUpload::default()
    };
    store
        .complete_upload(&bucket(), &object_key("k"), id, &request)
        .await
        .map(|done| done.etag)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_one_incarnation_and_never_a_mixture() {
    let settings = Settings {
        sweep_after: Duration::ZERO,
        ..Settings::default()
    };
    let memory = Memory::new();
    let store = store_on(Arc::new(Watched::new(memory.clone())), TestWorld::new(), settings).await;
    put(&store, "k", vec![1; 5 * MIB + 7]).await.expect("written");
    let mut tasks = JoinSet::new();
    for writer in 0..3_u8 {
        let store = store.clone();
        tasks.spawn(async move {
            for round in 0..6_u8 {
                let fill = 10 * writer + round;
                if writer == 0 {
                    // If parts came or went in that moment, its body is handed over again.
                    put(&store, "k", vec![fill; 3 * MIB]).await.expect("written");
                } else {
                    let id = begin(&store).await;
                    let first = one_part(&store, &id, 1, fill, 5 * MIB).await.expect("part 1");
                    let second = one_part(&store, &id, 2, fill, 99).await.expect("part 2");
                    complete(&store, &id, vec![first, second])
                        .await
                        .expect("completed");
                }
                tokio::task::yield_now().await;
            }
        });
    }
    for _ in 0..4 {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..20 {
                let object = open(&store, "k").await.expect("is always there");
                let bytes = read(object.read_all()).await.expect("reads to the end");
                assert_eq!(bytes.len() as u64, object.size);
                assert!(bytes.iter().all(|byte| *byte == bytes[0]), "a mixture");
                tokio::task::yield_now().await;
            }
        });
    }
    tasks.join_all().await;
    store.sweep().await.expect("sweeps");
    store
        .delete_object(&bucket(), &object_key("k"), &WriteCondition::NONE)
        .await
        .expect("deleted");
    common::assert_nothing_is_left(&memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_complete_and_abort_one_finds_the_upload() {
    for round in 0..50 {
        let store = store().await;
        let id = begin(&store).await;
        let part = one_part(&store, &id, 1, 1, 3).await.expect("part");
        let completing = tokio::spawn({
            let (store, id) = (store.clone(), id.clone());
            async move { complete(&store, &id, vec![part]).await }
        });
        let aborted = store.abort_upload(&bucket(), &object_key("k"), &id).await;
        let completed = completing.await.expect("no panic");
        match (completed, aborted) {
            (Ok(_), Err(Error::NoSuchUpload)) => {
                assert_eq!(
                    read_key(&store, "k").await.expect("reads"),
                    [1; 3],
                    "round {round}"
                );
            }
            (Err(Error::NoSuchUpload), Ok(())) => {
                assert!(matches!(open(&store, "k").await, Err(Error::NoSuchKey)));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_complete_that_is_sent_twice_at_once_answers_the_same_twice() {
    let store = store().await;
    for _ in 0..8 {
        let id = begin(&store).await;
        let part = one_part(&store, &id, 1, 1, 3).await.expect("part");
        let request = CompleteUpload {
            parts: vec![part],
            condition: WriteCondition {
                if_match: None,
                if_none_match: Some(EtagMatch::Any),
            },
            ..CompleteUpload::default()
        };
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (store, id, request) = (store.clone(), id.clone(), request.clone());
            tasks.spawn(async move {
                store
                    .complete_upload(&bucket(), &object_key("k"), &id, &request)
                    .await
            });
        }
        for done in tasks.join_all().await {
            assert_eq!(done.expect("completed").etag.parts(), Some(1));
        }
        store
            .delete_object(&bucket(), &object_key("k"), &WriteCondition::NONE)
            .await
            .expect("deleted");
    }
}

#[tokio::test]
async fn a_complete_stands_on_the_parts_that_it_names() {
    // On one thread the engine's pauses alternate, so each delay is another way in which the two meet.
    for delay in 0..30 {
        let store = store().await;
        let id = begin(&store).await;
        let part = one_part(&store, &id, 1, 1, 3).await.expect("part");
        let writing = tokio::spawn({
            let (store, id) = (store.clone(), id.clone());
            async move {
                for _ in 0..delay {
                    tokio::task::yield_now().await;
                }
                one_part(&store, &id, 1, 2, 3).await
            }
        });
        let completed = complete(&store, &id, vec![part]).await;
        let written = writing.await.expect("no panic");
        match (completed, written) {
            (Ok(_), Err(Error::NoSuchUpload)) => {
                assert_eq!(read_key(&store, "k").await.expect("reads"), [1; 3])
            }
            // The part was replaced first, so the one that is named is not there.
            (Err(Error::InvalidPart { .. }), Ok(_)) => assert!(open(&store, "k").await.is_err()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn of_many_that_replace_each_other_all_but_the_last_are_swept() {
    let settings = Settings {
        sweep_after: Duration::ZERO,
        ..Settings::default()
    };
    let memory = Memory::new();
    let store = store_on(Arc::new(Watched::new(memory.clone())), TestWorld::new(), settings).await;
    let mut begun = Vec::new();
    for task in 0..8_u8 {
        let id = begin(&store).await;
        let part = one_part(&store, &id, 1, task, 3).await.expect("part");
        begun.push((task, id, part));
    }
    let mut tasks = JoinSet::new();
    for (task, id, part) in begun {
        let store = store.clone();
        tasks.spawn(async move {
            if task % 2 == 0 {
                complete(&store, &id, vec![part]).await.expect("completed");
            } else {
                put(&store, "k", vec![task; 3]).await.expect("written");
                store
                    .abort_upload(&bucket(), &object_key("k"), &id)
                    .await
                    .expect("aborted");
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(read_key(&store, "k").await.expect("is there").len(), 3);
    store
        .delete_object(&bucket(), &object_key("k"), &WriteCondition::NONE)
        .await
        .expect("deleted");
    store.sweep().await.expect("sweeps");
    common::assert_nothing_is_left(&memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parts_that_are_sent_at_once_all_arrive() {
    let store = store().await;
    let id = begin(&store).await;
    let mut writers = JoinSet::new();
    for number in 1..=16 {
        let (store, id) = (store.clone(), id.clone());
        writers.spawn(async move { one_part(&store, &id, number, 1, 2 * MIB).await.expect("written") });
    }
    writers.join_all().await;
    let page = store
        .list_parts(&bucket(), &object_key("k"), &id, None, 1000)
        .await
        .expect("listed");
    assert_eq!(page.parts.len(), 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parts_that_are_sent_again_at_once_after_a_failed_complete_all_arrive() {
    let store = store().await;
    let id = begin(&store).await;
    let first = one_part(&store, &id, 1, 1, 3).await.expect("part 1");
    let second = one_part(&store, &id, 2, 1, 3).await.expect("part 2");
    let failed = complete(&store, &id, vec![first, second]).await;
    assert!(matches!(failed, Err(Error::EntityTooSmall { .. })));
    let mut writers = JoinSet::new();
    for number in 1..=16 {
        let (store, id) = (store.clone(), id.clone());
        writers.spawn(async move { one_part(&store, &id, number, 1, 2 * MIB).await.map(drop) });
    }
    for written in writers.join_all().await {
        written.expect("written");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bucket_is_created_by_one_and_removed_only_when_empty() {
    let store = store().await;
    let name = BucketName::parse("raced").expect("valid");
    let mut makers = JoinSet::new();
    for owner in 0..8 {
        let (store, name) = (store.clone(), name.clone());
        makers.spawn(async move { store.create_bucket(&name, &owner.to_string(), "r").await });
    }
    let made = makers.join_all().await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let is_taken = |made: &Result<(), Error>| matches!(made, Ok(()) | Err(Error::BucketAlreadyExists));
    assert!(made.iter().all(is_taken));
    for _ in 0..50 {
        let writing = tokio::spawn({
            let (store, name) = (store.clone(), name.clone());
            let mut source = BytesSource::new(&b"x"[..]);
            async move {
                store
                    .put_object(&name, &object_key("k"), NewObject::default(), &mut source)
                    .await
            }
        });
        let removed = store.delete_bucket(&name).await;
        let written = writing.await.expect("no panic");
        match (removed, written) {
            (Ok(()), Err(Error::NoSuchBucket)) => store.create_bucket(&name, "ann", "r").await.expect("free"),
            (Err(Error::BucketNotEmpty), Ok(_)) => {
                store
                    .delete_object(&name, &object_key("k"), &WriteCondition::NONE)
                    .await
                    .expect("deleted");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_listing_costs_the_same_however_many_keys_a_common_prefix_holds() {
    let watched = Arc::new(Watched::new(Memory::new()));
    let store = store_on(watched.clone(), TestWorld::new(), Settings::default()).await;
    for group in 0..4 {
        for key in 0..2_000 {
            put(&store, &format!("{group}/{key}"), &b""[..])
                .await
                .expect("written");
        }
    }
    let query = ListQuery {
        delimiter: Some("/".into()),
        max: 1000,
        ..ListQuery::default()
    };
    watched.take_rows_scanned();
    let listing = store.list_objects(&bucket(), &query).await.expect("lists");
    assert_eq!(listing.common_prefixes, ["0/", "1/", "2/", "3/"]);
    let scanned = watched.take_rows_scanned();
    assert!(scanned < 200, "{scanned} rows for four entries");
}
