//! Buckets: a row in the directory and a space of their own.
//!
//! The two cannot change in one commit, so the order is fixed and every step can be repeated. Creating: a space id that was
//! never used, the space, the row. Removing: seal the space (refused while it holds objects), remove it, remove the
//! row. Whoever meets a sealed or removed space behind a row finishes the removal. A crash between leaves an empty
//! space that nobody names, or a bucket that is empty and goes when it is next touched.

use crate::access::Access;
use crate::error::{Error, Result};
use crate::layout::{self, BUCKET, COUNTER, HEAD, POLICY};
use crate::records::{BucketRecord, Counter};
use crate::{ATTEMPTS_MAX, Store};
use bytes::Bytes;
use countersign_engine as engine;
use countersign_engine::limits::SCAN_ROWS_MAX;
use countersign_engine::{Change, Class, Guard, Home, Outcome, Put, ScanRange, Scanned, Seal, Space};
use countersign_types::{BucketName, Moment};
use std::ops::Bound;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: BucketName,
    /// When it was created.
    pub created: Moment,
    /// Whose it is, as given to [`Store::create_bucket`].
    pub owner: String,
    /// Where it is, as given to [`Store::create_bucket`].
    pub region: String,
    /// What tells this incarnation from others of the same name.
    pub space: u64,
    /// What is set about who may do what in it.
    pub access: Access,
}

/// Buckets in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketPage {
    /// At most as many as were asked for.
    pub buckets: Vec<Bucket>,
    /// The last name on this page, if there are more.
    pub next: Option<String>,
}

impl Store {
    /// Creates a bucket. One that exists is [`Error::BucketAlreadyOwnedByYou`] or [`Error::BucketAlreadyExists`].
    pub async fn create_bucket(&self, name: &BucketName, owner: &str, region: &str) -> Result<()> {
        self.create_bucket_with(name, owner, region, Access::default())
            .await
    }

    /// As [`Store::create_bucket`], with this set from the start.
    pub async fn create_bucket_with(
        &self,
        name: &BucketName,
        owner: &str,
        region: &str,
        access: Access,
    ) -> Result<()> {
        if let Some(row) = self.bucket_row(name).await? {
            let record = BucketRecord::decode(&row)?;
            let is_gone = self.is_sealed(Space(record.space)).await?;
            if !is_gone {
                return Err(already(&record, owner));
            }
            self.finish_removal(name, Space(record.space)).await?;
        }
        let space = self.new_space().await?;
        self.engine().create(space).await?;
        let record = BucketRecord {
            space: space.0,
            created: self.now(),
            owner,
            region,
            access,
        };
        let home = layout::bucket_home(name);
        let written = self.write_system_row(&home, BUCKET, None, record.encode()).await;
        match written {
            Ok(true) => Ok(()),
            Ok(false) => {
                // Should this fail, an empty space stays that nobody names.
                let _is_dropped = self.drop_space(space).await;
                match self.bucket_row(name).await? {
                    Some(winner) => Err(already(&BucketRecord::decode(&winner)?, owner)),
                    None => Err(Error::Conflict),
                }
            }
            Err(Error::MayHaveCommitted) => match self.bucket_row(name).await {
                Ok(Some(found)) if BucketRecord::decode(&found).is_ok_and(|found| found == record) => Ok(()),
                _ => Err(Error::MayHaveCommitted),
            },
            Err(error) => Err(error),
        }
    }

    /// The bucket of that name.
    pub async fn bucket(&self, name: &BucketName) -> Result<Bucket> {
        let row = self.bucket_row(name).await?.ok_or(Error::NoSuchBucket)?;
        let record = BucketRecord::decode(&row)?;
        self.check_pinned(name, &record)?;
        Ok(bucket(name.clone(), &record))
    }

    /// Refuses an incarnation other than the one that this store means by the name.
    pub(crate) fn check_pinned(&self, name: &BucketName, record: &BucketRecord<'_>) -> Result<()> {
        match self.pinned_of(name) {
            Some(pinned) if pinned.space != record.space => Err(Error::NoSuchBucket),
            _ => Ok(()),
        }
    }

    fn pinned_of(&self, name: &BucketName) -> Option<&Bucket> {
        let mut pinned = self.pinned.iter().flatten();
        pinned.find(|bucket| bucket.name == *name).map(|bucket| &**bucket)
    }

    /// Buckets whose names begin with `prefix`, after the name `after`; at most `max`.
    pub async fn buckets(&self, after: Option<&str>, prefix: &str, max: usize) -> Result<BucketPage> {
        let after = after.filter(|after| *after >= prefix);
        let from = match after {
            Some(after) => Bound::Excluded(layout::at_home(layout::escape(after))),
            None => Bound::Included(layout::at_home(layout::escape(prefix))),
        };
        let until = match layout::past_prefix(&layout::escape(prefix)) {
            Some(past) => Bound::Excluded(layout::at_home(past)),
            None => Bound::Unbounded,
        };
        let is_past = after.is_some_and(|after| !after.starts_with(prefix));
        if max == 0 || is_past {
            return Ok(BucketPage::default());
        }
        let range = ScanRange {
            from,
            until,
            fold: None,
        };
        let page = self
            .engine()
            .scan(Space::SYSTEM, BUCKET, range, max.min(SCAN_ROWS_MAX))
            .await?;
        let buckets: Vec<Bucket> = page.rows.iter().map(read_bucket).collect::<Result<_>>()?;
        let last = buckets.last().map(|bucket| bucket.name.to_string());
        Ok(BucketPage {
            buckets,
            next: last.filter(|_| page.more),
        })
    }

    /// As [`Store::buckets`], those of one owner.
    pub async fn buckets_owned_by(
        &self,
        owner: &str,
        after: Option<&str>,
        prefix: &str,
        max: usize,
    ) -> Result<BucketPage> {
        let mut found = BucketPage::default();
        let mut after = after.map(str::to_owned);
        loop {
            let page = self.buckets(after.as_deref(), prefix, SCAN_ROWS_MAX).await?;
            for bucket in page.buckets.into_iter().filter(|bucket| bucket.owner == owner) {
                if found.buckets.len() == max {
                    found.next = found.buckets.last().map(|bucket| bucket.name.to_string());
                    return Ok(found);
                }
                found.buckets.push(bucket);
            }
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// Removes a bucket that holds no objects. Uploads that were not completed go with it.
    pub async fn delete_bucket(&self, name: &BucketName) -> Result<()> {
        let space = self.space(name).await?;
        match self.engine().seal(space, &[HEAD]).await {
            Ok(Seal::NotEmpty) => return Err(Error::BucketNotEmpty),
            // Removed already: only the row is left to be removed.
            Ok(Seal::Sealed) | Err(engine::Error::NoSpace) => {}
            Err(error) => return Err(error.into()),
        }
        self.finish_removal(name, space).await
    }

    /// The space of a bucket.
    pub(crate) async fn space(&self, name: &BucketName) -> Result<Space> {
        if let Some(bucket) = self.pinned_of(name) {
            return Ok(Space(bucket.space));
        }
        let row = self.bucket_row(name).await?.ok_or(Error::NoSuchBucket)?;
        Ok(Space(BucketRecord::decode(&row)?.space))
    }

    /// Turns "sealed" and "no space" into what they mean, and finishes the removal that they are a sign of.
    pub(crate) async fn settle<T>(&self, name: &BucketName, space: Space, result: Result<T>) -> Result<T> {
        match result {
            Err(Error::Engine(engine::Error::Sealed | engine::Error::NoSpace)) => {
                self.finish_removal(name, space).await?;
                Err(Error::NoSuchBucket)
            }
            other => other,
        }
    }

    /// Removes a sealed space, then the bucket's rows if they still name this space.
    pub(crate) async fn finish_removal(&self, name: &BucketName, space: Space) -> Result<()> {
        match self.engine().remove(space).await {
            Ok(()) | Err(engine::Error::NoSpace) => {}
            Err(error) => return Err(error.into()),
        }
        // What is set for the bucket may change until its row is gone.
        for _ in 0..ATTEMPTS_MAX {
            let Some(row) = self.bucket_row(name).await? else {
                return Ok(());
            };
            let record = BucketRecord::decode(&row)?;
            if record.space != space.0 {
                return Ok(());
            }
            let mut change = Change {
                guards: vec![Guard {
                    row: layout::single(BUCKET),
                    expected: Some(row.clone()),
                }],
                deletes: vec![layout::single(BUCKET)],
                ..Change::default()
            };
            if record.access.has_policy {
                change.deletes.push(layout::single(POLICY));
            }
            let home = layout::bucket_home(name);
            if self.engine().commit(Space::SYSTEM, &home, change).await? == Outcome::Done {
                return Ok(());
            }
        }
        Err(Error::Conflict)
    }

    async fn drop_space(&self, space: Space) -> Result<()> {
        self.engine().seal(space, &[]).await?;
        Ok(self.engine().remove(space).await?)
    }

    /// Asks the engine with a commit that changes nothing.
    pub(crate) async fn is_sealed(&self, space: Space) -> Result<bool> {
        let (home, row) = layout::nothing();
        let change = Change {
            deletes: vec![row],
            ..Change::default()
        };
        match self.engine().commit(space, &home, change).await {
            Ok(_) => Ok(false),
            Err(engine::Error::Sealed | engine::Error::NoSpace) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn bucket_row(&self, name: &BucketName) -> Result<Option<Bytes>> {
        let stored = self
            .row(Space::SYSTEM, &layout::bucket_home(name), layout::single(BUCKET))
            .await?;
        Ok(stored.map(|row| row.value))
    }

    /// False: the row did not hold `expected`.
    async fn write_system_row(
        &self,
        home: &Home,
        class: Class,
        expected: Option<Bytes>,
        value: Bytes,
    ) -> Result<bool> {
        let row = layout::single(class);
        let change = Change {
            guards: vec![Guard {
                row: row.clone(),
                expected,
            }],
            puts: vec![Put {
                row,
                value,
                body: None,
            }],
            ..Change::default()
        };
        Ok(self.engine().commit(Space::SYSTEM, home, change).await? == Outcome::Done)
    }

    /// A space id that was never given out. A crash after this wastes a number.
    async fn new_space(&self) -> Result<Space> {
        let home = layout::space_counter_home();
        // Other processes may still be faster, which is what the guard is for.
        let _turn = self.inner.numbering.lock().await;
        for _ in 0..ATTEMPTS_MAX {
            let before = self
                .row(Space::SYSTEM, &home, layout::single(COUNTER))
                .await?
                .map(|row| row.value);
            let Counter(last) = before
                .as_deref()
                .map_or(Ok(Counter(Space::SYSTEM.0)), Counter::decode)?;
            let next = Counter(last + 1);
            match self.write_system_row(&home, COUNTER, before, next.encode()).await {
                Ok(true) => return Ok(Space(next.0)),
                // If nobody knows, the number may be somebody's: the next one is taken.
                Ok(false) | Err(Error::MayHaveCommitted) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Conflict)
    }
}

fn already(record: &BucketRecord<'_>, owner: &str) -> Error {
    if record.owner == owner {
        Error::BucketAlreadyOwnedByYou
    } else {
        Error::BucketAlreadyExists
    }
}

fn read_bucket(row: &Scanned) -> Result<Bucket> {
    let name = layout::unescape(&row.position.home).and_then(|name| BucketName::parse(&name).ok());
    let name = name.ok_or_else(|| crate::error::corrupt("the name of a bucket"))?;
    Ok(bucket(name, &BucketRecord::decode(&row.value)?))
}

pub(crate) fn bucket(name: BucketName, record: &BucketRecord<'_>) -> Bucket {
    Bucket {
        name,
        created: record.created,
        owner: record.owner.to_owned(),
        region: record.region.to_owned(),
        space: record.space,
        access: record.access.clone(),
    }
}
