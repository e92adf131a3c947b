//! Deleting an object.

use crate::error::{Error, Result};
use crate::layout::{self, HEAD};
use crate::model::Reach;
use crate::{ATTEMPTS_MAX, Store};
use countersign_engine as engine;
use countersign_engine::{Change, Home, Outcome, Space};
use countersign_types::{BucketName, ObjectKey, WriteCondition};

/// What was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// False if there was no object; that is no error.
    pub existed: bool,
}

impl Store {
    /// Deletes an object if the condition holds. If-Match on a key without an object is [`Error::NoSuchKey`].
    pub async fn delete_object(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        condition: &WriteCondition,
    ) -> Result<Deleted> {
        self.delete_object_within(bucket, object_key, &Reach::All, condition)
            .await
    }

    /// As [`Store::delete_object`], if the object is within reach; else it is [`Error::NotYours`].
    pub async fn delete_object_within(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        reach: &Reach,
        condition: &WriteCondition,
    ) -> Result<Deleted> {
        let space = self.space(bucket).await?;
        let deleted = self
            .delete_in(space, &layout::object_home(object_key), reach, condition)
            .await;
        self.settle(bucket, space, deleted).await
    }

    async fn delete_in(
        &self,
        space: Space,
        home: &Home,
        reach: &Reach,
        condition: &WriteCondition,
    ) -> Result<Deleted> {
        let is_conditional = !condition.is_none() || *reach != Reach::All;
        let mut current = self.current(space, home).await?;
        for _ in 0..ATTEMPTS_MAX {
            current.check(reach, condition)?;
            if current.head.is_none() {
                return Ok(Deleted { existed: false });
            }
            let mut change = Change::default();
            change.deletes.push(layout::single(HEAD));
            let leftover = current.leave(self.replaced_due(), false, &mut change)?;
            current.guard(is_conditional, &mut change);
            match self.engine().commit(space, home, change).await {
                Ok(Outcome::Done) => {
                    self.sweep_leftover(space, home, leftover).await;
                    return Ok(Deleted { existed: true });
                }
                // Without a condition only the mark is answered, and the head may be gone, too.
                Ok(Outcome::Refused(_)) => current = self.current(space, home).await?,
                Err(engine::Error::MayHaveCommitted) => return self.is_gone(space, home).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Conflict)
    }

    /// After a commit of which nobody knows: only absence is proof.
    async fn is_gone(&self, space: Space, home: &Home) -> Result<Deleted> {
        match self.current(space, home).await {
            Ok(current) if current.head.is_none() => Ok(Deleted { existed: true }),
            _ => Err(Error::MayHaveCommitted),
        }
    }
}
