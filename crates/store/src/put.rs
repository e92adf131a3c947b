//! Writing an object whole: the one place where a received body becomes visible.
//!
//! Not here: receiving and checking the body (`receive`), and objects made of parts (`multipart`).

use crate::error::{Error, Result};
use crate::home::Current;
use crate::layout::{self, HEAD};
use crate::model::{NewObject, PutObject, Reach};
use crate::once::Use;
use crate::receive::Payload;
use crate::records::Head;
use crate::source::Source;
use crate::{ATTEMPTS_MAX, Store, USER_METADATA_BYTES_MAX};
use countersign_engine as engine;
use countersign_engine::limits::ROW_BYTES_MAX;
use countersign_engine::{Change, Home, Outcome, Put, Space};
use countersign_types::{
    BucketName, ChecksumAlgorithm, ChecksumType, Etag, ObjectKey, ObjectMetadata, WriteCondition,
};

/// What must hold for what is there before it is replaced.
struct Terms {
    condition: WriteCondition,
    reach: Reach,
}

impl Terms {
    /// False: it may be anything, and is not looked at.
    fn are_any(&self) -> bool {
        !self.condition.is_none() || self.reach != Reach::All
    }
}

impl Store {
    /// Writes an object. Its condition and its link are looked at before the body is read, and decided by the commit.
    pub async fn put_object(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        object: NewObject,
        source: &mut dyn Source,
    ) -> Result<PutObject> {
        check_metadata(&object.metadata)?;
        let space = match &object.link {
            Some(link) => self.space_of_link(bucket, link).await?,
            None => self.space(bucket).await?,
        };
        let written = self
            .put_in(space, &layout::object_home(object_key), object, source)
            .await;
        self.settle(bucket, space, written).await
    }

    async fn put_in(
        &self,
        space: Space,
        home: &Home,
        object: NewObject,
        source: &mut dyn Source,
    ) -> Result<PutObject> {
        let NewObject {
            metadata,
            expect,
            condition,
            link,
            access,
            reach,
        } = object;
        if let Some(link) = &link {
            self.check_unused(space, home, link).await?;
        }
        let terms = Terms { condition, reach };
        if terms.are_any() {
            self.current(space, home)
                .await?
                .check(&terms.reach, &terms.condition)?;
        }
        let keep = expect
            .checksum
            .as_ref()
            .map_or(ChecksumAlgorithm::Crc64Nvme, |checksum| checksum.algorithm);
        let received = self.receive(space, home, &expect, keep, source).await?;
        let head = Head {
            generation: self.new_generation(),
            size: received.size,
            etag: Etag::whole(received.md5),
            modified: self.now(),
            checksum: Some((received.checksum, ChecksumType::FullObject)),
            manifest_rows: None,
            access,
            metadata,
        };
        let link = link.map(|link| Use::new(&link, head.generation, head.modified));
        let link = link.transpose()?;
        self.write_head(space, home, &head, &received.payload, &terms, link.as_ref())
            .await?;
        Ok(written(head))
    }

    async fn write_head(
        &self,
        space: Space,
        home: &Home,
        head: &Head,
        payload: &Payload,
        terms: &Terms,
        link: Option<&Use>,
    ) -> Result<()> {
        let value = head.encode();
        if value.len() > ROW_BYTES_MAX {
            return Err(Error::MetadataTooLarge {
                size: value.len(),
                maximum: ROW_BYTES_MAX,
            });
        }
        let is_conditional = terms.are_any();
        let mut current = if is_conditional {
            self.current(space, home).await?
        } else {
            // The guard finds out, and then the refused commit says what is there.
            Current::without_parts()
        };
        for _ in 0..ATTEMPTS_MAX {
            current.check(&terms.reach, &terms.condition)?;
            let mut change = Change::default();
            change.puts.push(Put {
                row: layout::single(HEAD),
                value: value.clone(),
                body: payload.body(),
            });
            let leftover = current.leave(self.replaced_due(), false, &mut change)?;
            current.guard(is_conditional, &mut change);
            if let Some(link) = link {
                link.join(&mut change);
            }
            match self.engine().commit(space, home, change).await {
                Ok(Outcome::Done) => {
                    self.sweep_leftover(space, home, leftover).await;
                    return Ok(());
                }
                Ok(Outcome::Refused(mut found)) => {
                    if link.is_some() {
                        Use::learn(&mut found)?;
                    }
                    current.learn(found.into_iter());
                }
                Err(engine::Error::MayHaveCommitted) => return self.is_now(space, home, head).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(if !terms.condition.is_none() {
            Error::ConditionalConflict
        } else {
            Error::Conflict
        })
    }

    /// After a commit of which nobody knows: the object being there is proof, anything else is none.
    pub(crate) async fn is_now(&self, space: Space, home: &Home, head: &Head) -> Result<()> {
        let unknown = |_| Error::MayHaveCommitted;
        let found = self
            .current(space, home)
            .await
            .map_err(unknown)?
            .head()
            .map_err(unknown)?;
        match found {
            Some(found) if found.generation == head.generation => Ok(()),
            _ => Err(Error::MayHaveCommitted),
        }
    }
}

/// What the caller is told about an object that was written.
pub(crate) fn written(head: Head) -> PutObject {
    let info = head.into_info();
    PutObject {
        etag: info.etag,
        checksum: info.checksum,
        checksum_type: info.checksum_type,
        size: info.size,
        last_modified: info.last_modified,
    }
}

/// SPEC: user metadata is at most 2 KiB, names and values summed up.
pub(crate) fn check_metadata(metadata: &ObjectMetadata) -> Result<()> {
    let size: usize = metadata
        .user
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > USER_METADATA_BYTES_MAX {
        return Err(Error::MetadataTooLarge {
            size,
            maximum: USER_METADATA_BYTES_MAX,
        });
    }
    Ok(())
}
