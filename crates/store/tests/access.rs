//! What is set for a bucket about access: it is replaced and taken away, ends with the bucket, and is decided on what it was.

mod common;

use common::watched::Watched;
use common::{TestWorld, bucket, put, read_key, store, store_on};
use countersign_engine::memory::Memory;
use countersign_engine::{Class, Engine, ScanRange, Space};
use countersign_store::{Access, Bucket, Error, Settings, Store};
use countersign_types::{BucketName, ObjectOwnership, PublicAccessBlock};
use std::ops::Bound;
use std::sync::Arc;

const ENFORCED: Option<ObjectOwnership> = Some(ObjectOwnership::BucketOwnerEnforced);

async fn seen(store: &Store) -> Bucket {
    store.bucket(&bucket()).await.expect("the bucket is there")
}

async fn policy(store: &Store) -> Option<Vec<u8>> {
    let (found, policy) = store.bucket_policy(&bucket()).await.expect("the bucket is there");
    assert_eq!(found.access.has_policy, policy.is_some());
    policy.map(|document| document.to_vec())
}

#[tokio::test]
async fn a_policy_is_replaced_and_taken_away_and_each_change_has_its_revision() {
    let store = store().await;
    assert_eq!(policy(&store).await, None);
    let mut revision = seen(&store).await.access.revision;
    for document in [&b"one"[..], b"two", &[b'x'; 20 * 1024]] {
        store
            .put_bucket_policy(&seen(&store).await, document)
            .await
            .expect("set");
        assert_eq!(policy(&store).await.as_deref(), Some(document));
        let next = seen(&store).await.access.revision;
        assert!(next > revision);
        revision = next;
    }
    for _ in 0..2 {
        store
            .delete_bucket_policy(&seen(&store).await)
            .await
            .expect("none is none");
        assert_eq!(policy(&store).await, None);
    }
    assert_eq!(seen(&store).await.access.revision, revision + 1);
}

#[tokio::test]
async fn each_setting_stays_as_it_is_while_another_changes() {
    let store = store().await;
    let block = PublicAccessBlock {
        restrict_public_buckets: true,
        ..PublicAccessBlock::default()
    };
    store
        .set_public_access_block(&seen(&store).await, Some(block))
        .await
        .expect("set");
    store
        .put_bucket_policy(&seen(&store).await, b"{}")
        .await
        .expect("set");
    store
        .set_ownership(&seen(&store).await, None)
        .await
        .expect("removed");
    let expected = Access {
        revision: 3,
        has_policy: true,
        public_access_block: Some(block),
        ownership: None,
        grants: None,
    };
    assert_eq!(seen(&store).await.access, expected);
    store
        .set_public_access_block(&seen(&store).await, None)
        .await
        .expect("removed");
    store
        .set_ownership(&seen(&store).await, ENFORCED)
        .await
        .expect("set");
    let expected = Access {
        revision: 5,
        has_policy: true,
        ..Access::default()
    };
    assert_eq!(seen(&store).await.access, expected);
    assert_eq!(policy(&store).await.as_deref(), Some(&b"{}"[..]));
}

#[tokio::test]
async fn what_was_decided_on_an_older_state_changes_nothing() {
    let store = store().await;
    let before = seen(&store).await;
    store
        .set_public_access_block(&before, Some(PublicAccessBlock::default()))
        .await
        .expect("set");
    let late = store.put_bucket_policy(&before, b"{}").await;
    assert!(matches!(late, Err(Error::Conflict)), "{late:?}");
    assert_eq!(policy(&store).await, None);

    let before = seen(&store).await;
    store.delete_bucket(&bucket()).await.expect("removed");
    let late = store.put_bucket_policy(&before, b"{}").await;
    assert!(matches!(late, Err(Error::NoSuchBucket)), "{late:?}");
    store.create_bucket(&bucket(), "bob", "r").await.expect("created");
    let late = store.put_bucket_policy(&before, b"{}").await;
    assert!(matches!(late, Err(Error::NoSuchBucket)), "{late:?}");
    assert_eq!(seen(&store).await.access, Access::default());
}

#[tokio::test]
async fn a_policy_ends_with_its_bucket() {
    let engine = Arc::new(Memory::new());
    let store = store_on(engine.clone(), TestWorld::new(), Settings::default()).await;
    store
        .put_bucket_policy(&seen(&store).await, b"{}")
        .await
        .expect("set");
    store.delete_bucket(&bucket()).await.expect("removed");
    let range = ScanRange {
        from: Bound::Unbounded,
        until: Bound::Unbounded,
        fold: None,
    };
    let rows = engine.scan(Space::SYSTEM, Class(b'P'), range, 10).await;
    assert!(rows.expect("read").rows.is_empty());
    store.create_bucket(&bucket(), "bob", "r").await.expect("created");
    assert_eq!(policy(&store).await, None);
}

#[tokio::test]
async fn a_bucket_whose_removal_was_interrupted_takes_no_policy() {
    let engine = Arc::new(Watched::new(Memory::new()));
    let store = store_on(engine.clone(), TestWorld::new(), Settings::default()).await;
    engine.fail_removals(1);
    store.delete_bucket(&bucket()).await.expect_err("interrupted");
    let late = store.put_bucket_policy(&seen(&store).await, b"{}").await;
    assert!(matches!(late, Err(Error::NoSuchBucket)), "{late:?}");
    let gone = store.bucket_policy(&bucket()).await;
    assert!(matches!(gone, Err(Error::NoSuchBucket)));
}

#[tokio::test]
async fn a_pinned_bucket_is_the_one_that_was_looked_at_and_no_other() {
    let store = store().await;
    let pinned = store.pinned([Some(Arc::new(seen(&store).await)), None]);
    put(&pinned, "k", &b"x"[..]).await.expect("written");
    assert_eq!(read_key(&store, "k").await.expect("read"), b"x");
    store
        .delete_object(&bucket(), &common::object_key("k"), &Default::default())
        .await
        .expect("deleted");
    store.delete_bucket(&bucket()).await.expect("removed");
    store.create_bucket(&bucket(), "bob", "r").await.expect("created");
    put(&store, "k", &b"theirs"[..]).await.expect("written");
    for result in [
        put(&pinned, "k", &b"x"[..]).await.map(drop),
        read_key(&pinned, "k").await.map(drop),
        pinned.cors_rules(&bucket()).await.map(drop),
        pinned.bucket(&bucket()).await.map(drop),
        pinned.bucket_policy(&bucket()).await.map(drop),
    ] {
        assert!(matches!(result, Err(Error::NoSuchBucket)), "{result:?}");
    }
    // That one is gone, which is all that was wanted.
    pinned.delete_bucket(&bucket()).await.expect("removed before");
    assert_eq!(read_key(&store, "k").await.expect("read"), b"theirs");
}

#[tokio::test]
async fn buckets_are_listed_by_owner_page_by_page() {
    let store = store().await;
    for (name, owner) in [("a-1", "bob"), ("a-2", "ann"), ("b-1", "bob"), ("c-1", "bob")] {
        let name = BucketName::parse(name).expect("valid");
        store.create_bucket(&name, owner, "r").await.expect("created");
    }
    let check = |owner: &'static str,
                 after: Option<&'static str>,
                 prefix: &'static str,
                 max: usize,
                 expected: &'static [&'static str],
                 next: Option<&'static str>| {
        let store = store.clone();
        async move {
            let page = store
                .buckets_owned_by(owner, after, prefix, max)
                .await
                .expect("listed");
            let names: Vec<String> = page
                .buckets
                .iter()
                .map(|bucket| bucket.name.to_string())
                .collect();
            assert_eq!(
                (names, page.next.as_deref()),
                (expected.iter().map(|name| (*name).to_owned()).collect(), next)
            );
        }
    };
    check("ann", None, "", 10, &["a-2", "bucket"], None).await;
    check("bob", None, "", 10, &["a-1", "b-1", "c-1"], None).await;
    check("bob", None, "", 2, &["a-1", "b-1"], Some("b-1")).await;
    check("bob", Some("b-1"), "", 2, &["c-1"], None).await;
    check("bob", None, "a", 10, &["a-1"], None).await;
    check("eve", None, "", 10, &[], None).await;
}
