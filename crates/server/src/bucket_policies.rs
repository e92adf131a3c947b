//! What is known of a bucket before anything is done to it: its row, its policy if it has one, and where access control lists count, those
//! of the objects that are asked for.
//!
//! Policies are read once and kept by the bucket's incarnation and the revision of what is set for it, so that nothing here can be out
//! of date. A bucket without one costs no more than its row.
//!
//! Keeps true: a policy that cannot be read lets nobody in; see [`BucketPolicy::Unreadable`].

use std::sync::Arc;

use countersign_policy::{Document, Kind, PublicAccessBlock};
use countersign_store::{Bucket, Error, Result, Store};
use countersign_types::{BucketName, ObjectAccess, ObjectKey};
use quick_cache::sync::Cache;

/// The policies of buckets that were asked for.
pub(crate) struct BucketPolicies(Cache<Key, Arc<Document>>);

/// A bucket's space and the revision of what is set for it.
type Key = (u64, u64);

/// A bucket and its policy, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    /// The bucket.
    pub(crate) bucket: Arc<Bucket>,
    /// Its policy.
    pub(crate) policy: BucketPolicy,
    /// The public access block of its account, if it was looked up.
    pub(crate) account_block: Option<countersign_types::PublicAccessBlock>,
    /// Who owns the objects that are asked for, and their lists; `None` of one that is not there. Empty where lists do not count.
    pub(crate) objects: Vec<(ObjectKey, Option<ObjectAccess>)>,
}

/// The policy of a bucket.
#[derive(Clone, Debug)]
pub(crate) enum BucketPolicy {
    /// It has none.
    None,
    /// It has this one.
    Of(Arc<Document>),
    /// It has one that this version does not understand, though some version took it. What it denies is not known, so nobody is
    /// let in but the root of the account, who can replace it.
    Unreadable,
}

impl Ground {
    fn new(bucket: Bucket, policy: BucketPolicy) -> Ground {
        Ground {
            bucket: Arc::new(bucket),
            policy,
            account_block: None,
            objects: Vec::new(),
        }
    }

    /// The bucket's public access block together with its account's, as the evaluation takes it; without one nothing is blocked.
    pub(crate) fn access_block(&self) -> PublicAccessBlock {
        let of_account = evaluated(self.account_block);
        evaluated(self.bucket.access.public_access_block).with(of_account)
    }

    /// Who owns an object that was asked for, and its list.
    pub(crate) fn object(&self, object_key: &ObjectKey) -> Option<&ObjectAccess> {
        self.seen(object_key)?
    }

    /// As [`Ground::object`]; the outer `None`: it was not looked at.
    pub(crate) fn seen(&self, object_key: &ObjectKey) -> Option<Option<&ObjectAccess>> {
        let mut objects = self.objects.iter();
        let (_, found) = objects.find(|(seen, _)| seen == object_key)?;
        Some(found.as_ref())
    }
}

/// A public access block as the evaluation takes it.
pub(crate) fn evaluated(block: Option<countersign_types::PublicAccessBlock>) -> PublicAccessBlock {
    let block = block.unwrap_or_default();
    PublicAccessBlock {
        block_public_acls: block.block_public_acls,
        ignore_public_acls: block.ignore_public_acls,
        block_public_policy: block.block_public_policy,
        restrict_public_buckets: block.restrict_public_buckets,
    }
}

impl Default for BucketPolicies {
    fn default() -> BucketPolicies {
        BucketPolicies(Cache::new(POLICIES_MAX))
    }
}

impl BucketPolicies {
    /// What is known of a bucket; `None` if there is no such bucket.
    pub(crate) async fn look(&self, store: &Store, name: &BucketName) -> Result<Option<Ground>> {
        let bucket = match store.bucket(name).await {
            Err(Error::NoSuchBucket) => return Ok(None),
            bucket => bucket?,
        };
        if !bucket.access.has_policy {
            return Ok(Some(Ground::new(bucket, BucketPolicy::None)));
        }
        if let Some(document) = self.0.get(&key(&bucket)) {
            return Ok(Some(Ground::new(bucket, BucketPolicy::Of(document))));
        }
        // Read together, so that they are of one moment, whatever the bucket was just now.
        let (bucket, text) = match store.bucket_policy(name).await {
            Err(Error::NoSuchBucket) => return Ok(None),
            found => found?,
        };
        let policy = match text.map(|text| Document::parse(Kind::Bucket(name.as_str()), &text)) {
            None if bucket.access.has_policy => BucketPolicy::Unreadable,
            None => BucketPolicy::None,
            Some(Ok(document)) => {
                let document = Arc::new(document);
                self.0.insert(key(&bucket), Arc::clone(&document));
                BucketPolicy::Of(document)
            }
            Some(Err(fault)) => {
                tracing::error!(bucket = name.as_str(), %fault, "the policy of a bucket cannot be read");
                BucketPolicy::Unreadable
            }
        };
        Ok(Some(Ground::new(bucket, policy)))
    }
}

fn key(bucket: &Bucket) -> Key {
    (bucket.space, bucket.access.revision)
}

/// Most policies that are kept. One of the largest takes some 100 KiB in memory, a usual one a hundredth of that.
const POLICIES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_engine::memory::Memory;

    async fn store() -> (Store, BucketName) {
        let engine = Arc::new(Memory::new());
        let store = Store::open(engine, Arc::new(crate::clock::Real))
            .await
            .expect("a store");
        let name = BucketName::parse("photos").expect("valid");
        store
            .create_bucket(&name, "111122223333", "r")
            .await
            .expect("created");
        (store, name)
    }

    fn reading(sid: &str) -> String {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Sid": "{sid}", "Effect": "Allow", "Principal": "*",
                "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}}}}"#
        )
    }

    async fn sid(policies: &BucketPolicies, store: &Store, name: &BucketName) -> Option<String> {
        let ground = policies.look(store, name).await.expect("looked").expect("there");
        match ground.policy {
            BucketPolicy::None => None,
            BucketPolicy::Unreadable => Some("?".to_owned()),
            BucketPolicy::Of(document) => document
                .statements()
                .first()
                .and_then(|statement| statement.sid())
                .map(str::to_owned),
        }
    }

    #[tokio::test]
    async fn a_policy_that_was_replaced_is_not_found_again() {
        let (store, name) = store().await;
        let policies = BucketPolicies::default();
        assert_eq!(sid(&policies, &store, &name).await, None);
        for text in ["one", "two", "one"] {
            let seen = store.bucket(&name).await.expect("there");
            store
                .put_bucket_policy(&seen, reading(text).as_bytes())
                .await
                .expect("set");
            for _ in 0..2 {
                assert_eq!(sid(&policies, &store, &name).await.as_deref(), Some(text));
            }
        }
        let seen = store.bucket(&name).await.expect("there");
        store.delete_bucket_policy(&seen).await.expect("removed");
        assert_eq!(sid(&policies, &store, &name).await, None);
        store.delete_bucket(&name).await.expect("removed");
        assert!(policies.look(&store, &name).await.expect("looked").is_none());
        store
            .create_bucket(&name, "999988887777", "r")
            .await
            .expect("created");
        assert_eq!(sid(&policies, &store, &name).await, None);
    }

    #[tokio::test]
    async fn a_policy_that_cannot_be_read_is_told_from_none() {
        let (store, name) = store().await;
        let seen = store.bucket(&name).await.expect("there");
        store.put_bucket_policy(&seen, b"{}").await.expect("set");
        let policies = BucketPolicies::default();
        assert_eq!(sid(&policies, &store, &name).await.as_deref(), Some("?"));
    }

    #[tokio::test]
    async fn no_more_policies_are_kept_than_the_limit() {
        let policies = BucketPolicies::default();
        let document = Document::parse(Kind::Bucket("photos"), reading("one").as_bytes()).expect("a policy");
        let document = Arc::new(document);
        for space in 0..2 * POLICIES_MAX as u64 {
            policies.0.insert((space, 1), Arc::clone(&document));
        }
        assert!(policies.0.len() <= POLICIES_MAX);
    }
}
