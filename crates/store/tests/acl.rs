//! Who owns an object and its list: they go with the object, change without it, and say who may replace it.

mod common;

use common::{TestWorld, bucket, object_key, open, put, put_new, read, read_key, store, store_on};
use countersign_engine::memory::Memory;
use countersign_store::{
    BytesSource, CompleteUpload, CompletedPart, Error, NewObject, NewUpload, Reach, Settings, Store,
};
use countersign_types::{
    AclPermission, EtagMatch, Grant, Group, ObjectAccess, ObjectOwnership, WriteCondition,
};
use std::sync::Arc;

fn public() -> Option<Vec<Grant>> {
    Some(vec![Grant::to_group(Group::AllUsers, AclPermission::Read)])
}

fn of(owner: Option<&str>, grants: Option<Vec<Grant>>) -> ObjectAccess {
    ObjectAccess {
        owner: owner.map(str::to_owned),
        grants,
    }
}

fn new(access: ObjectAccess) -> NewObject {
    NewObject {
        access,
        ..NewObject::default()
    }
}

async fn access(store: &Store, key: &str) -> Option<ObjectAccess> {
    store
        .object_access(&bucket(), &object_key(key))
        .await
        .expect("read")
}

async fn set(store: &Store, key: &str, seen: &ObjectAccess, grants: Option<Vec<Grant>>) -> Result<(), Error> {
    store
        .set_object_grants(&bucket(), &object_key(key), seen, grants)
        .await
}

#[tokio::test]
async fn a_list_changes_and_the_object_stays_as_it_is() {
    let store = store().await;
    assert_eq!(access(&store, "k").await, None);
    // In the row, beside it, and without bytes.
    for body in [vec![], b"small".to_vec(), vec![7; 3 * 1024 * 1024]] {
        let first = of(Some("bob"), None);
        put_new(&store, "k", body.clone(), new(first.clone()))
            .await
            .expect("put");
        let before = open(&store, "k").await.expect("there");
        assert_eq!(before.access, first);
        let reader = before.read_all();
        set(&store, "k", &first, public()).await.expect("set");
        let second = of(Some("bob"), public());
        assert_eq!(access(&store, "k").await, Some(second.clone()));
        let after = open(&store, "k").await.expect("there");
        assert_eq!(
            (after.etag, after.last_modified),
            (before.etag, before.last_modified)
        );
        assert_eq!(read(after.read_all()).await.expect("read"), body);
        assert_eq!(
            read(reader).await.expect("what was opened is read to its end"),
            body
        );
        // What it has, it has already.
        set(&store, "k", &second, public()).await.expect("set");
        set(&store, "k", &second, None).await.expect("set");
        assert_eq!(access(&store, "k").await, Some(first));
    }
    let gone = set(&store, "none", &ObjectAccess::default(), None).await;
    assert!(matches!(gone, Err(Error::NoSuchKey)), "{gone:?}");
}

#[tokio::test]
async fn a_list_is_given_to_the_object_that_was_looked_at_and_no_other() {
    let store = store().await;
    let first = of(None, public());
    put_new(&store, "k", "one", new(first.clone()))
        .await
        .expect("put");
    put_new(&store, "k", "two", new(of(Some("bob"), None)))
        .await
        .expect("put");
    let late = set(&store, "k", &first, None).await;
    assert!(matches!(late, Err(Error::Conflict)), "{late:?}");
    assert_eq!(access(&store, "k").await, Some(of(Some("bob"), None)));
    // A plain write takes nothing over.
    put(&store, "k", "three").await.expect("put");
    assert_eq!(access(&store, "k").await, Some(ObjectAccess::default()));
}

#[tokio::test]
async fn who_may_change_its_own_changes_nothing_else() {
    let store = store().await;
    let by = |name: Option<&str>| Reach::Of(name.map(str::to_owned));
    let writing = |name: &str| NewObject {
        access: of(Some(name), None),
        reach: by(Some(name)),
        ..NewObject::default()
    };
    put(&store, "owned", "ann's").await.expect("put");
    for (key, name, expected) in [
        ("owned", "bob", false),
        ("new", "bob", true),
        ("new", "bob", true),
        ("new", "eve", false),
    ] {
        let written = put_new(&store, key, name, writing(name)).await;
        assert_eq!(written.is_ok(), expected, "{key} {name}: {written:?}");
        assert!(expected || matches!(written, Err(Error::NotYours)), "{written:?}");
    }
    assert_eq!(read_key(&store, "new").await.expect("read"), b"bob");
    // A condition is asked as well.
    let absent = WriteCondition {
        if_none_match: Some(EtagMatch::Any),
        ..WriteCondition::NONE
    };
    let again = NewObject {
        condition: absent,
        ..writing("bob")
    };
    let again = put_new(&store, "new", "again", again).await;
    assert!(matches!(again, Err(Error::PreconditionFailed(_))), "{again:?}");

    let delete = |key: &'static str, reach: Reach| {
        let store = store.clone();
        async move {
            store
                .delete_object_within(&bucket(), &object_key(key), &reach, &WriteCondition::NONE)
                .await
        }
    };
    for key in ["owned", "new"] {
        let refused = delete(key, by(Some("eve"))).await;
        assert!(matches!(refused, Err(Error::NotYours)), "{refused:?}");
    }
    assert!(
        !delete("none", by(Some("eve")))
            .await
            .expect("nothing is nobody's")
            .existed
    );
    assert!(delete("new", by(Some("bob"))).await.expect("its own").existed);
    // The owner of the bucket is named by no name.
    assert!(delete("owned", by(None)).await.expect("its own").existed);
}

#[tokio::test]
async fn an_upload_becomes_an_object_of_who_was_named_and_replaces_only_that() {
    let store = store().await;
    for (key, is_there) in [("taken", true), ("free", false)] {
        if is_there {
            put(&store, key, "ann's").await.expect("put");
        }
        let upload = NewUpload {
            initiator: Some("bob".to_owned()),
            access: of(Some("bob"), public()),
            ..NewUpload::default()
        };
        let id = store
            .begin_upload(&bucket(), &object_key(key), upload)
            .await
            .expect("begun");
        let number = common::part_number(1);
        let mut source = BytesSource::new("a part");
        let part = store
            .put_part(
                &bucket(),
                &object_key(key),
                &id,
                number,
                Default::default(),
                &mut source,
            )
            .await
            .expect("sent");
        let request = CompleteUpload {
            parts: vec![CompletedPart {
                number,
                etag: Some(part.etag),
                checksum: None,
            }],
            reach: Reach::Of(Some("bob".to_owned())),
            ..CompleteUpload::default()
        };
        let completed = store
            .complete_upload(&bucket(), &object_key(key), &id, &request)
            .await;
        assert_eq!(completed.is_ok(), !is_there, "{completed:?}");
    }
    assert_eq!(read_key(&store, "taken").await.expect("read"), b"ann's");
    let seen = of(Some("bob"), public());
    assert_eq!(access(&store, "free").await, Some(seen.clone()));
    set(&store, "free", &seen, None).await.expect("set");
    assert_eq!(access(&store, "free").await, Some(of(Some("bob"), None)));
    assert_eq!(read_key(&store, "free").await.expect("read"), b"a part");
}

#[tokio::test]
async fn of_lists_that_are_put_at_once_one_is_the_last() {
    let engine = Arc::new(Memory::new());
    let store = store_on(engine, TestWorld::new(), Settings::default()).await;
    let seen = store.bucket(&bucket()).await.expect("there");
    store
        .set_ownership(&seen, Some(ObjectOwnership::ObjectWriter))
        .await
        .expect("set");
    let seen = store.bucket(&bucket()).await.expect("there");
    let list = |number: usize| Some(vec![Grant::to_account(&number.to_string(), AclPermission::Read)]);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (store, seen) = (store.clone(), seen.clone());
        tasks.spawn(async move { store.set_bucket_grants(&seen, list(number)).await });
    }
    while let Some(set) = tasks.join_next().await {
        set.expect("joined").expect("set");
    }
    let found = store.bucket(&bucket()).await.expect("there").access;
    assert!((0..32).any(|number| found.grants == list(number)), "{found:?}");
    assert_eq!(found.revision, seen.access.revision + 32);
    // Whose the objects are is what it stood on.
    let now = store.bucket(&bucket()).await.expect("there");
    store.set_ownership(&now, None).await.expect("set");
    let late = store.set_bucket_grants(&now, None).await;
    assert!(matches!(late, Err(Error::Conflict)), "{late:?}");
}

#[tokio::test]
async fn what_is_set_for_an_account_is_for_all_its_buckets_and_goes() {
    let store = store().await;
    let block = countersign_types::PublicAccessBlock {
        ignore_public_acls: true,
        ..Default::default()
    };
    assert_eq!(store.account_block("bucket").await.expect("read"), None);
    // A bucket may be called as an account is.
    store.set_account_block("bucket", Some(block)).await.expect("set");
    assert_eq!(store.account_block("bucket").await.expect("read"), Some(block));
    assert_eq!(store.account_block("other").await.expect("read"), None);
    store.delete_bucket(&bucket()).await.expect("removed");
    assert_eq!(store.account_block("bucket").await.expect("read"), Some(block));
    store.set_account_block("bucket", None).await.expect("removed");
    assert_eq!(store.account_block("bucket").await.expect("read"), None);
}
