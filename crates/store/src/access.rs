//! What is set for a bucket about who may do what in it: its policy, its public access block, its ownership controls.
//!
//! What is small lies in the bucket's row, which every request reads, so that where nothing is set nothing more is looked up. The
//! policy lies in a row beside it. Both are in one home, so they change in one commit and end with the bucket.
//!
//! Not here: what any of it means; a policy is bytes.
//!
//! Keeps true: with every change the revision grows, so that the bucket's space and the revision name one state for ever; and
//! who decides on what a bucket was, changes nothing in a bucket that is another by now.

use crate::Store;
use crate::bucket::{self, Bucket};
use crate::error::{Error, Result};
use crate::layout::{self, BUCKET, POLICY};
use crate::records::{BucketRecord, PolicyRecord};
use bytes::Bytes;
use countersign_engine::{Change, Guard, Outcome, Put, Space};
use countersign_types::{BucketName, PublicAccessBlock};

/// What is set for a bucket about who may do what in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// How often it was changed.
    pub revision: u64,
    /// Whether it has a policy.
    pub has_policy: bool,
    /// Its public access block, if it has one.
    pub public_access_block: Option<PublicAccessBlock>,
    /// Whether it has ownership controls. A new bucket has, and they say that its owner owns every object.
    pub has_ownership_controls: bool,
}

impl Default for Access {
    /// That of a new bucket.
    fn default() -> Access {
        Access {
            revision: 0,
            has_policy: false,
            public_access_block: None,
            has_ownership_controls: true,
        }
    }
}

impl Store {
    /// A bucket and the policy that it has at the same moment, as that was put.
    pub async fn bucket_policy(&self, name: &BucketName) -> Result<(Bucket, Option<Bytes>)> {
        let rows = [layout::single(BUCKET), layout::single(POLICY)];
        let found = self
            .rows(Space::SYSTEM, &layout::bucket_home(name), &rows)
            .await?;
        let mut found = found.into_iter().map(|stored| stored.map(|stored| stored.value));
        let row = found.next().flatten().ok_or(Error::NoSuchBucket)?;
        let record = BucketRecord::decode(&row)?;
        self.check_pinned(name, &record)?;
        let policy = match found.next().flatten().filter(|_| record.access.has_policy) {
            Some(value) => Some(value.slice_ref(PolicyRecord::decode(&value)?.0)),
            None => None,
        };
        Ok((bucket::bucket(name.clone(), &record), policy))
    }

    /// Gives a bucket this policy instead of the one it has. Fails with [`Error::Conflict`] if what is set for it has changed since
    /// it was `seen`, as all that follow.
    pub async fn put_bucket_policy(&self, seen: &Bucket, document: &[u8]) -> Result<()> {
        let put = Put {
            row: layout::single(POLICY),
            value: PolicyRecord(document).encode(),
            body: None,
        };
        let change = Change {
            puts: vec![put],
            ..Change::default()
        };
        self.change_access(seen, change, |access| access.has_policy = true)
            .await
    }

    /// Takes a bucket's policy away; one that has none stays as it is.
    pub async fn delete_bucket_policy(&self, seen: &Bucket) -> Result<()> {
        let change = Change {
            deletes: vec![layout::single(POLICY)],
            ..Change::default()
        };
        self.change_access(seen, change, |access| access.has_policy = false)
            .await
    }

    /// Gives a bucket this public access block, or none.
    pub async fn set_public_access_block(
        &self,
        seen: &Bucket,
        block: Option<PublicAccessBlock>,
    ) -> Result<()> {
        self.change_access(seen, Change::default(), |access| {
            access.public_access_block = block
        })
        .await
    }

    /// Gives a bucket ownership controls, or takes them away.
    pub async fn set_ownership_controls(&self, seen: &Bucket, are_there: bool) -> Result<()> {
        self.change_access(seen, Change::default(), |access| {
            access.has_ownership_controls = are_there;
        })
        .await
    }

    async fn change_access(
        &self,
        seen: &Bucket,
        mut change: Change,
        set: impl FnOnce(&mut Access),
    ) -> Result<()> {
        let row = self.bucket_row(&seen.name).await?.ok_or(Error::NoSuchBucket)?;
        let mut record = BucketRecord::decode(&row)?;
        if record.space != seen.space {
            return Err(Error::NoSuchBucket);
        }
        if record.access != seen.access {
            return Err(Error::Conflict);
        }
        let space = Space(seen.space);
        if self.is_sealed(space).await? {
            self.finish_removal(&seen.name, space).await?;
            return Err(Error::NoSuchBucket);
        }
        set(&mut record.access);
        if record.access == seen.access && change.puts.is_empty() {
            return Ok(());
        }
        record.access.revision += 1;
        change.guards.push(Guard {
            row: layout::single(BUCKET),
            expected: Some(row.clone()),
        });
        change.puts.push(Put {
            row: layout::single(BUCKET),
            value: record.encode(),
            body: None,
        });
        let home = layout::bucket_home(&seen.name);
        match self.engine().commit(Space::SYSTEM, &home, change).await? {
            Outcome::Done => Ok(()),
            Outcome::Refused(_) => Err(Error::Conflict),
        }
    }
}
