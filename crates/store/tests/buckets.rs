//! Buckets: creating, listing, removing, and removals that were interrupted.

mod common;

use common::watched::{Fault, Watched};
use common::{TestWorld, bucket, object_key, open, put, read_key, store, store_on};
use countersign_engine::memory::Memory;
use countersign_store::{Error, Settings, Store};
use countersign_types::{BucketName, CorsMethod, CorsRule, ObjectMetadata, WriteCondition};
use std::sync::Arc;

fn name(text: &str) -> BucketName {
    BucketName::parse(text).expect("valid")
}

#[tokio::test]
async fn any_number_of_buckets_can_be_created_at_once() {
    let store = store().await;
    let mut creating = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        creating.spawn(async move {
            let name = name(&format!("bucket-{number}"));
            store.create_bucket(&name, "ann", "us-east-1").await
        });
    }
    for created in creating.join_all().await {
        created.expect("created");
    }
    let page = store.buckets(None, "bucket-", 1000).await.expect("listed");
    assert_eq!(page.buckets.len(), 200);
    let spaces: std::collections::BTreeSet<u64> = page.buckets.iter().map(|bucket| bucket.space).collect();
    assert_eq!(spaces.len(), 200);
}

#[tokio::test]
async fn a_bucket_has_one_owner() {
    let store = store().await;
    let found = store.bucket(&bucket()).await.expect("is there");
    assert_eq!(
        (found.owner.as_str(), found.region.as_str()),
        ("ann", "us-east-1")
    );
    let again = store.create_bucket(&bucket(), "ann", "eu-west-1").await;
    assert!(matches!(again, Err(Error::BucketAlreadyOwnedByYou)));
    let other = store.create_bucket(&bucket(), "bob", "us-east-1").await;
    assert!(matches!(other, Err(Error::BucketAlreadyExists)));
    assert!(matches!(
        store.bucket(&name("absent")).await,
        Err(Error::NoSuchBucket)
    ));
    assert!(matches!(
        store.delete_bucket(&name("absent")).await,
        Err(Error::NoSuchBucket)
    ));
}

#[tokio::test]
async fn buckets_are_listed_in_order_by_prefix_and_page() {
    let store = store().await;
    for text in ["b-1", "a-2", "a-1", "a-10", "c.d"] {
        store
            .create_bucket(&name(text), "ann", "r")
            .await
            .expect("created");
    }
    let all = ["a-1", "a-10", "a-2", "b-1", "bucket", "c.d"];
    for (after, prefix, max, expected, has_more) in [
        (None, "", 1000, &all[..], false),
        (None, "", 2, &all[..2], true),
        (Some("a-10"), "", 2, &all[2..4], true),
        (Some("a-"), "a-1", 9, &all[..2], false),
        (Some("a-1"), "a-1", 9, &all[1..2], false),
        (Some("b"), "a-", 9, &[][..], false),
        (None, "b", 2, &all[3..5], false),
        (None, "", 0, &[][..], false),
    ] {
        let page = store.buckets(after, prefix, max).await.expect("lists");
        let names: Vec<_> = page.buckets.iter().map(|bucket| bucket.name.as_str()).collect();
        assert_eq!(names, expected, "{after:?} {prefix} {max}");
        assert_eq!(page.next.is_some(), has_more, "{after:?} {prefix} {max}");
    }
}

#[tokio::test]
async fn objects_keep_a_bucket_and_uploads_do_not() {
    let store = store().await;
    put(&store, "k", &b"x"[..]).await.expect("written");
    assert!(matches!(
        store.delete_bucket(&bucket()).await,
        Err(Error::BucketNotEmpty)
    ));
    put(&store, "k2", &b"x"[..]).await.expect("still open for writes");
    for key in ["k", "k2"] {
        store
            .delete_object(&bucket(), &object_key(key), &WriteCondition::NONE)
            .await
            .expect("deleted");
    }
    let upload = store
        .create_upload(&bucket(), &object_key("k"), ObjectMetadata::default(), None)
        .await;
    let upload = upload.expect("begun");
    store.delete_bucket(&bucket()).await.expect("removed");
    assert!(matches!(
        put(&store, "k", &b"x"[..]).await,
        Err(Error::NoSuchBucket)
    ));
    assert!(matches!(open(&store, "k").await, Err(Error::NoSuchBucket)));
    let old = store.bucket(&bucket()).await;
    assert!(matches!(old, Err(Error::NoSuchBucket)));

    store
        .create_bucket(&bucket(), "bob", "r")
        .await
        .expect("the name is free");
    assert!(matches!(open(&store, "k").await, Err(Error::NoSuchKey)));
    let gone = store.upload(&bucket(), &object_key("k"), &upload).await;
    assert!(
        matches!(gone, Err(Error::NoSuchUpload)),
        "nothing of the old bucket is in the new one"
    );
}

async fn interrupted() -> (Arc<Watched<Memory>>, Store) {
    let watched = Arc::new(Watched::new(Memory::new()));
    let store = store_on(watched.clone(), TestWorld::new(), Settings::default()).await;
    watched.fail_removals(1);
    let failed = store.delete_bucket(&bucket()).await;
    assert!(
        matches!(failed, Err(Error::Engine(_))),
        "sealed, but neither the space nor the row is removed"
    );
    store.bucket(&bucket()).await.expect("the row is still there");
    (watched, store)
}

#[tokio::test]
async fn whoever_meets_an_interrupted_removal_finishes_it() {
    let (_, store) = interrupted().await;
    assert!(matches!(
        put(&store, "k", &b"x"[..]).await,
        Err(Error::NoSuchBucket)
    ));
    assert!(matches!(store.bucket(&bucket()).await, Err(Error::NoSuchBucket)));

    let (_, store) = interrupted().await;
    store.delete_bucket(&bucket()).await.expect("removed");
    assert!(matches!(store.bucket(&bucket()).await, Err(Error::NoSuchBucket)));

    let (_, store) = interrupted().await;
    store
        .create_bucket(&bucket(), "bob", "r")
        .await
        .expect("created anew");
    put(&store, "k", &b"x"[..]).await.expect("written");
    assert_eq!(read_key(&store, "k").await.expect("reads"), b"x");
}

#[tokio::test]
async fn a_removal_that_was_cut_short_before_the_row_finishes() {
    let watched = Arc::new(Watched::new(Memory::new()));
    let store = store_on(watched.clone(), TestWorld::new(), Settings::default()).await;
    watched.fail_next_commits(&[Fault::UnknownLost]);
    assert!(matches!(
        store.delete_bucket(&bucket()).await,
        Err(Error::MayHaveCommitted)
    ));
    assert!(
        matches!(open(&store, "k").await, Err(Error::NoSuchBucket)),
        "the space is gone"
    );
    assert!(
        matches!(store.bucket(&bucket()).await, Err(Error::NoSuchBucket)),
        "and now the row, too"
    );
}

#[tokio::test]
async fn a_creation_of_which_nobody_knows_is_looked_up() {
    let watched = Arc::new(Watched::new(Memory::new()));
    let store = store_on(watched.clone(), TestWorld::new(), Settings::default()).await;
    // The first commit takes a number, the second writes the row.
    watched.fail_next_commits(&[Fault::UnknownDone, Fault::None, Fault::UnknownDone]);
    store
        .create_bucket(&name("new"), "ann", "r")
        .await
        .expect("it is there");
    watched.fail_next_commits(&[Fault::None, Fault::UnknownLost]);
    let lost = store.create_bucket(&name("lost"), "ann", "r").await;
    assert!(matches!(lost, Err(Error::MayHaveCommitted)));
    store
        .create_bucket(&name("lost"), "ann", "r")
        .await
        .expect("created");
}

fn rules(origin: &str) -> Vec<CorsRule> {
    vec![CorsRule {
        allowed_methods: vec![CorsMethod::Put],
        allowed_origins: vec![origin.to_owned()],
        ..CorsRule::default()
    }]
}

async fn check_rules(store: &Store, expected: Option<&str>) {
    let found = store.cors_rules(&bucket()).await.expect("the bucket is there");
    assert_eq!(found, expected.map(rules));
}

#[tokio::test]
async fn cors_rules_are_replaced_and_taken_away_and_end_with_the_bucket() {
    let store = store().await;
    check_rules(&store, None).await;
    for origin in ["https://a.example", "https://b.example"] {
        store
            .put_cors_rules(&bucket(), &rules(origin))
            .await
            .expect("written");
        check_rules(&store, Some(origin)).await;
    }
    put(&store, "k", &b"x"[..]).await.expect("written");
    store
        .delete_object(&bucket(), &object_key("k"), &WriteCondition::NONE)
        .await
        .expect("deleted");
    check_rules(&store, Some("https://b.example")).await;

    // Rules keep no bucket from being removed, and a new one of the same name has none.
    store.delete_bucket(&bucket()).await.expect("removed");
    let gone = store.cors_rules(&bucket()).await;
    assert!(matches!(gone, Err(Error::NoSuchBucket)));
    let gone = store.put_cors_rules(&bucket(), &rules("*")).await;
    assert!(matches!(gone, Err(Error::NoSuchBucket)));
    store.create_bucket(&bucket(), "bob", "r").await.expect("created");
    check_rules(&store, None).await;

    store
        .put_cors_rules(&bucket(), &rules("*"))
        .await
        .expect("written");
    for _ in 0..2 {
        store.delete_cors_rules(&bucket()).await.expect("none is none");
        check_rules(&store, None).await;
    }
}

#[tokio::test]
async fn cors_rules_of_a_bucket_whose_removal_was_interrupted_are_nobodys() {
    let (_, store) = interrupted().await;
    let refused = store.put_cors_rules(&bucket(), &rules("*")).await;
    assert!(matches!(refused, Err(Error::NoSuchBucket)));
    assert!(matches!(store.bucket(&bucket()).await, Err(Error::NoSuchBucket)));
}
