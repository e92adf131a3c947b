//! Who owns an object and its list of access: read without the object, and changed without its bytes.
//!
//! Both lie in the object's row, so they are replaced with it in one commit. Not here: what a list grants.
//!
//! Keeps true: a list is given to the object that was looked at, as it was then; one that was replaced or given another list
//! meanwhile keeps what it has.

use crate::error::{Error, Result};
use crate::layout::{self, HEAD};
use crate::records::Head;
use crate::{ATTEMPTS_MAX, Store};
use countersign_engine as engine;
use countersign_engine::{Body, Change, Guard, Home, Outcome, Put, Space};
use countersign_types::{BucketName, Grant, ObjectAccess, ObjectKey};

impl Store {
    /// Who owns an object, and its list; `None`: there is no such object.
    pub async fn object_access(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
    ) -> Result<Option<ObjectAccess>> {
        let space = self.space(bucket).await?;
        let row = self
            .row(space, &layout::object_home(object_key), layout::single(HEAD))
            .await;
        let stored = self.settle(bucket, space, row).await?;
        let head = stored.map(|stored| Head::decode(&stored.value)).transpose()?;
        Ok(head.map(|head| head.access))
    }

    /// Gives an object this list; `None`: that of its owner alone. Fails with [`Error::Conflict`] if owner or list have changed since they
    /// were `seen`.
    pub async fn set_object_grants(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        seen: &ObjectAccess,
        grants: Option<Vec<Grant>>,
    ) -> Result<()> {
        let space = self.space(bucket).await?;
        let set = self
            .set_grants_in(space, &layout::object_home(object_key), seen, grants)
            .await;
        self.settle(bucket, space, set).await
    }

    async fn set_grants_in(
        &self,
        space: Space,
        home: &Home,
        seen: &ObjectAccess,
        grants: Option<Vec<Grant>>,
    ) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let row = layout::single(HEAD);
            let stored = self
                .row(space, home, row.clone())
                .await?
                .ok_or(Error::NoSuchKey)?;
            let mut head = Head::decode(&stored.value)?;
            if head.access != *seen {
                return Err(Error::Conflict);
            }
            if head.access.grants == grants {
                return Ok(());
            }
            head.access.grants.clone_from(&grants);
            let change = Change {
                guards: vec![Guard {
                    row: row.clone(),
                    expected: Some(stored.value),
                }],
                puts: vec![Put {
                    row: row.clone(),
                    value: head.encode(),
                    body: stored.body.map(|_| Body::Of(row)),
                }],
                deletes: Vec::new(),
            };
            match self.engine().commit(space, home, change).await {
                Ok(Outcome::Done) => return Ok(()),
                // Replaced or changed meanwhile; the next look says which.
                Ok(Outcome::Refused(_)) => {}
                Err(engine::Error::MayHaveCommitted) => return self.has_grants(space, home, &head).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Conflict)
    }

    /// After a commit of which nobody knows: the same object with this list is proof.
    async fn has_grants(&self, space: Space, home: &Home, head: &Head) -> Result<()> {
        let found = self.row(space, home, layout::single(HEAD)).await;
        match found.map_err(|_| Error::MayHaveCommitted)? {
            Some(stored) if Head::decode(&stored.value).is_ok_and(|found| found == *head) => Ok(()),
            _ => Err(Error::MayHaveCommitted),
        }
    }
}
