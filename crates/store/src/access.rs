//! What is set for a bucket about who may do what in it: its policy, its public access block, its ownership controls.
//!
//! What is small lies in the bucket's row, which every request reads, so that where nothing is set nothing more is looked up; its list
//! of access, of a few entries mostly, is there too. The policy lies in a row beside it. Both are in one home, so they change in one
//! commit and end with the bucket. What is set for the buckets of an account together lies in a row of the account's.
//!
//! Not here: what any of it means; a policy is bytes.
//!
//! Keeps true: with every change the revision grows, so that the bucket's space and the revision name one state for ever; and
//! who decides on what a bucket was, changes nothing in a bucket that is another by now.

use crate::bucket::{self, Bucket};
use crate::error::{Error, Result};
use crate::layout::{self, ACCOUNT, BUCKET, POLICY};
use crate::records::{AccountRecord, BucketRecord, PolicyRecord};
use crate::{ATTEMPTS_MAX, Store};
use bytes::Bytes;
use countersign_engine::{Change, Guard, Outcome, Put, Space};
use countersign_types::{BucketName, Grant, ObjectOwnership, PublicAccessBlock};

/// What is set for a bucket about who may do what in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// How often it was changed.
    pub revision: u64,
    /// Whether it has a policy.
    pub has_policy: bool,
    /// Its public access block, if it has one.
    pub public_access_block: Option<PublicAccessBlock>,
    /// Its ownership controls, if it has any. A new bucket has, and they say that its owner owns every object.
    pub ownership: Option<ObjectOwnership>,
    /// Its list of access; `None`: the owner may do everything, and nobody else anything. It stays while lists do not count.
    pub grants: Option<Vec<Grant>>,
}

impl Access {
    /// Who owns what is written.
    ///
    /// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>: without controls it is whoever writes.
    pub fn ownership(&self) -> ObjectOwnership {
        self.ownership.unwrap_or(ObjectOwnership::ObjectWriter)
    }

    /// Whether lists of access count.
    pub fn has_lists(&self) -> bool {
        self.ownership().has_lists()
    }
}

impl Default for Access {
    /// That of a new bucket.
    fn default() -> Access {
        Access {
            revision: 0,
            has_policy: false,
            public_access_block: None,
            ownership: Some(ObjectOwnership::BucketOwnerEnforced),
            grants: None,
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

    /// Gives a bucket these ownership controls, or takes them away.
    pub async fn set_ownership(&self, seen: &Bucket, ownership: Option<ObjectOwnership>) -> Result<()> {
        self.change_access(seen, Change::default(), |access| access.ownership = ownership)
            .await
    }

    /// Gives a bucket this list of access; `None`: that of the owner alone. Whether it may have it stands on whose its objects are and on
    /// its public access block; what else is set may change meanwhile.
    pub async fn set_bucket_grants(&self, seen: &Bucket, grants: Option<Vec<Grant>>) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let now = self.bucket(&seen.name).await?;
            let (before, after) = (&seen.access, &now.access);
            let is_same = before.ownership == after.ownership
                && before.public_access_block == after.public_access_block;
            if now.space != seen.space {
                return Err(Error::NoSuchBucket);
            }
            if !is_same {
                return Err(Error::Conflict);
            }
            let change = |access: &mut Access| access.grants.clone_from(&grants);
            match self.change_access(&now, Change::default(), change).await {
                Err(Error::Conflict) => {}
                set => return set,
            }
        }
        Err(Error::Conflict)
    }

    /// The public access block for all buckets of an account.
    pub async fn account_block(&self, account_id: &str) -> Result<Option<PublicAccessBlock>> {
        let home = layout::account_home(account_id);
        let stored = self.row(Space::SYSTEM, &home, layout::single(ACCOUNT)).await?;
        match stored {
            Some(stored) => Ok(AccountRecord::decode(&stored.value)?.0),
            None => Ok(None),
        }
    }

    /// Gives all buckets of an account this public access block, beside those of their own, or takes it away.
    pub async fn set_account_block(&self, account_id: &str, block: Option<PublicAccessBlock>) -> Result<()> {
        let row = layout::single(ACCOUNT);
        let mut change = Change::default();
        match block {
            Some(_) => change.puts.push(Put {
                row,
                value: AccountRecord(block).encode(),
                body: None,
            }),
            None => change.deletes.push(row),
        }
        let home = layout::account_home(account_id);
        match self.engine().commit(Space::SYSTEM, &home, change).await? {
            Outcome::Done => Ok(()),
            Outcome::Refused(_) => Err(Error::Conflict),
        }
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
