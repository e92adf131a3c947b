//! Links that are good for one use: a row says that one was used, and no commit succeeds that would use it again.
//!
//! The row lies in the home of the object that the link is about, named by the link's id. A write puts it in the very
//! commit that makes the object visible; a read puts it in a commit of its own before the first byte goes out. Both guard its
//! absence, so of any number of uses exactly one succeeds, on one server or on many, and a crash leaves both the object and
//! the row or neither.
//!
//! The row goes when the link has long ended. A write may come to its commit long after its link ended, when the row could
//! be gone: so a commit later than [`AFTER_END`] is refused, and rows are swept as much later again.
//! Rows go with their bucket, too; a link that is older than the bucket is refused, since nobody knows whether it was used
//! in another one of that name.
//!
//! Not here: whether the link is genuine, and whether it has ended when it is shown.

use crate::bucket::Bucket;
use crate::error::{Error, Result};
use crate::layout::{self, ONCE};
use crate::records::{Generation, LinkUse};
use crate::sweep::SWEEP_PAGE_ROWS;
use crate::{Store, Swept, Value};
use bytes::Bytes;
use countersign_engine as engine;
use countersign_engine::{Change, Guard, Home, Outcome, Put, Row, ScanRange, Space};
use countersign_types::{BucketName, Moment, ObjectKey};
use std::ops::Bound;
use std::time::Duration;

/// A link that is good for one use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeLink {
    /// What tells it from every other link.
    pub id: [u8; 32],
    /// When it was made, in whole seconds.
    pub made: Moment,
    /// When it ends.
    pub ends: Moment,
}

/// One use of a link, as it stands in a commit.
pub(crate) struct Use {
    row: Row,
    value: Bytes,
}

impl Use {
    /// Refuses if the row of an earlier use may be gone already.
    pub(crate) fn new(link: &OneTimeLink, by: Generation, now: Moment) -> Result<Use> {
        if now > later(link.ends, 1) {
            return Err(Error::LinkEnded);
        }
        let record = LinkUse {
            at: now,
            due: later(link.ends, 2),
            by,
        };
        Ok(Use {
            row: layout::once_row(&link.id),
            value: record.encode(),
        })
    }

    /// Adds the row, and as the last guard its absence.
    pub(crate) fn join(&self, change: &mut Change) {
        change.guards.push(Guard {
            row: self.row.clone(),
            expected: None,
        });
        change.puts.push(Put {
            row: self.row.clone(),
            value: self.value.clone(),
            body: None,
        });
    }

    /// Takes the last answer of a refused commit, and fails if it was this guard that refused.
    pub(crate) fn learn(found: &mut Vec<Value>) -> Result<()> {
        refuse_used(found.pop().flatten().as_deref())
    }
}

impl Store {
    /// Fails if the link was used, or if nobody can know.
    pub async fn check_link(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        link: &OneTimeLink,
    ) -> Result<()> {
        let space = self.space_of_link(bucket, link).await?;
        let checked = self
            .check_unused(space, &layout::object_home(object_key), link)
            .await;
        self.settle(bucket, space, checked).await
    }

    /// Uses the link up. Who gets an `Ok` is the only one.
    pub async fn use_link(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        link: &OneTimeLink,
    ) -> Result<()> {
        let space = self.space_of_link(bucket, link).await?;
        let used = self.use_in(space, &layout::object_home(object_key), link).await;
        self.settle(bucket, space, used).await
    }

    /// The space of the bucket, if the link is not older.
    pub(crate) async fn space_of_link(&self, bucket: &BucketName, link: &OneTimeLink) -> Result<Space> {
        let Bucket { space, created, .. } = self.bucket(bucket).await?;
        if link.made.seconds() < created.seconds() {
            return Err(Error::LinkOlderThanBucket { created });
        }
        Ok(Space(space))
    }

    pub(crate) async fn check_unused(&self, space: Space, home: &Home, link: &OneTimeLink) -> Result<()> {
        let found = self.row(space, home, layout::once_row(&link.id)).await?;
        refuse_used(found.as_ref().map(|row| &*row.value))
    }

    async fn use_in(&self, space: Space, home: &Home, link: &OneTimeLink) -> Result<()> {
        let this = Use::new(link, self.new_generation(), self.now())?;
        let mut change = Change::default();
        this.join(&mut change);
        match self.engine().commit(space, home, change).await {
            Ok(Outcome::Done) => Ok(()),
            Ok(Outcome::Refused(mut found)) => {
                Use::learn(&mut found)?;
                Err(Error::Conflict)
            }
            // The row says who wrote it.
            Err(engine::Error::MayHaveCommitted) => {
                let found = self.row(space, home, this.row).await;
                match found.map_err(|_| Error::MayHaveCommitted)? {
                    Some(found) if found.value == this.value => Ok(()),
                    _ => Err(Error::MayHaveCommitted),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes the rows of links that ended long ago.
    pub(crate) async fn sweep_links(&self, space: Space, total: &mut Swept) -> Result<()> {
        let mut from = Bound::Unbounded;
        loop {
            let range = ScanRange {
                from,
                until: Bound::Unbounded,
                fold: None,
            };
            let page = self.engine().scan(space, ONCE, range, SWEEP_PAGE_ROWS).await?;
            for row in &page.rows {
                if LinkUse::decode(&row.value)?.due <= self.now() {
                    let row_name = Row {
                        class: ONCE,
                        suffix: row.position.suffix.clone(),
                    };
                    let change = Change {
                        deletes: vec![row_name],
                        ..Change::default()
                    };
                    let home = Home(row.position.home.clone());
                    match self.engine().commit(space, &home, change).await {
                        Ok(_) => total.links += 1,
                        Err(engine::Error::MayHaveCommitted) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            match page.rows.last() {
                Some(last) if page.more => from = Bound::Excluded(last.position.clone()),
                _ => return Ok(()),
            }
        }
    }
}

fn refuse_used(row: Option<&[u8]>) -> Result<()> {
    match row.map(LinkUse::decode).transpose()? {
        Some(earlier) => Err(Error::LinkUsed { at: earlier.at }),
        None => Ok(()),
    }
}

fn later(end: Moment, times: u32) -> Moment {
    let delay = i64::try_from((AFTER_END * times).as_millis()).unwrap_or(i64::MAX);
    Moment::from_millis(end.millis().saturating_add(delay))
}

/// How long after the end of its link a body may take to arrive, as seen from the commit. An upload that began in time
/// may go on as long as it takes, and a day is longer than any takes; the clocks of several servers differ by less.
pub const AFTER_END: Duration = Duration::from_secs(24 * 3600);
