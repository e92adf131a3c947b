//! Beginning, looking at and aborting an upload.

use crate::digest::{default_checksum_type, is_supported};
use crate::error::{Error, Result};
use crate::home::leave_garbage;
use crate::layout;
use crate::put::check_metadata;
use crate::records::{GarbageKind, Generation, UploadRecord};
use crate::{ATTEMPTS_MAX, Store};
use bytes::Bytes;
use countersign_engine as engine;
use countersign_engine::limits::ROW_BYTES_MAX;
use countersign_engine::{Change, Guard, Home, Outcome, Put, Space};
use countersign_types::{
    BucketName, ChecksumAlgorithm, ChecksumType, Moment, ObjectAccess, ObjectKey, ObjectMetadata, UploadId,
};

/// An upload that is neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// When it was begun.
    pub initiated: Moment,
    /// What the object will carry.
    pub metadata: ObjectMetadata,
    /// Which checksum the client chose, and how it will be made.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
    /// The account that began it, if it is not the bucket's.
    pub initiator: Option<String>,
    /// Who will own the object, and its list of access.
    pub access: ObjectAccess,
}

/// An upload to be begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUpload {
    /// What the object will carry.
    pub metadata: ObjectMetadata,
    /// Which checksum the object shall have, and how it is made (`None`: AWS's default for that algorithm). Without one it gets a
    /// CRC-64/NVME over all its bytes.
    pub checksum: Option<(ChecksumAlgorithm, Option<ChecksumType>)>,
    /// The account that begins it, if it is not the bucket's.
    pub initiator: Option<String>,
    /// Who will own the object, and its list of access.
    pub access: ObjectAccess,
}

impl Store {
    /// Begins an upload of the bucket's account.
    pub async fn create_upload(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        metadata: ObjectMetadata,
        checksum: Option<(ChecksumAlgorithm, Option<ChecksumType>)>,
    ) -> Result<UploadId> {
        let upload = NewUpload {
            metadata,
            checksum,
            ..NewUpload::default()
        };
        self.begin_upload(bucket, object_key, upload).await
    }

    /// Begins an upload.
    pub async fn begin_upload(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        upload: NewUpload,
    ) -> Result<UploadId> {
        let NewUpload {
            metadata,
            checksum,
            initiator,
            access,
        } = upload;
        check_metadata(&metadata)?;
        let checksum = checksum.map(|(algorithm, checksum_type)| {
            (
                algorithm,
                checksum_type.unwrap_or(default_checksum_type(algorithm)),
            )
        });
        if let Some((algorithm, checksum_type)) = checksum.filter(|(a, t)| !is_supported(*a, *t)) {
            return Err(Error::ChecksumTypeUnsupported {
                algorithm,
                checksum_type,
            });
        }
        let record = UploadRecord {
            initiated: self.now(),
            is_frozen: false,
            thaws: 0,
            checksum,
            initiator,
            access,
            metadata,
        };
        let space = self.space(bucket).await?;
        let begun = self
            .begin_in(space, &layout::object_home(object_key), &record)
            .await;
        self.settle(bucket, space, begun).await
    }

    async fn begin_in(&self, space: Space, home: &Home, record: &UploadRecord) -> Result<UploadId> {
        let value = record.encode();
        if value.len() > ROW_BYTES_MAX {
            return Err(Error::MetadataTooLarge {
                size: value.len(),
                maximum: ROW_BYTES_MAX,
            });
        }
        let upload_id = self.new_generation().upload_id();
        let row = layout::upload_row(&upload_id);
        let change = Change {
            guards: vec![Guard {
                row: row.clone(),
                expected: None,
            }],
            puts: vec![Put {
                row,
                value,
                body: None,
            }],
            deletes: Vec::new(),
        };
        match self.engine().commit(space, home, change).await {
            Ok(Outcome::Done) => Ok(upload_id),
            Ok(Outcome::Refused(_)) => Err(Error::Conflict),
            Err(engine::Error::MayHaveCommitted) => {
                // The id is ours alone, so the row being there is proof.
                let found = self.read_upload(space, home, &upload_id).await;
                found.map(|_| upload_id).map_err(|_| Error::MayHaveCommitted)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is known about an upload.
    pub async fn upload(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        upload_id: &UploadId,
    ) -> Result<Upload> {
        let space = self.space(bucket).await?;
        let read = self
            .read_upload(space, &layout::object_home(object_key), upload_id)
            .await;
        let (_, record) = self.settle(bucket, space, read).await?;
        Ok(Upload {
            initiated: record.initiated,
            metadata: record.metadata,
            checksum: record.checksum,
            initiator: record.initiator,
            access: record.access,
        })
    }

    /// Ends an upload and discards its parts.
    pub async fn abort_upload(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        upload_id: &UploadId,
    ) -> Result<()> {
        let space = self.space(bucket).await?;
        let aborted = self
            .abort_in(space, &layout::object_home(object_key), upload_id)
            .await;
        self.settle(bucket, space, aborted).await
    }

    async fn abort_in(&self, space: Space, home: &Home, upload_id: &UploadId) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let (value, _) = self.read_upload(space, home, upload_id).await?;
            let row = layout::upload_row(upload_id);
            let mut change = Change {
                guards: vec![Guard {
                    row: row.clone(),
                    expected: Some(value),
                }],
                puts: Vec::new(),
                deletes: vec![row],
            };
            let generation = Generation::of_upload(upload_id);
            let leftover = leave_garbage(generation, GarbageKind::All, self.now(), &mut change);
            match self.engine().commit(space, home, change).await {
                Ok(Outcome::Done) => {
                    self.sweep_leftover(space, home, Some(leftover)).await;
                    return Ok(());
                }
                Ok(Outcome::Refused(_)) => {}
                Err(engine::Error::MayHaveCommitted) => return self.is_aborted(space, home, upload_id).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Conflict)
    }

    /// After a commit of which nobody knows: the upload being gone is what was asked for.
    async fn is_aborted(&self, space: Space, home: &Home, upload_id: &UploadId) -> Result<()> {
        match self.read_upload(space, home, upload_id).await {
            Err(Error::NoSuchUpload) => Ok(()),
            _ => Err(Error::MayHaveCommitted),
        }
    }

    pub(super) async fn read_upload(
        &self,
        space: Space,
        home: &Home,
        upload_id: &UploadId,
    ) -> Result<(Bytes, UploadRecord)> {
        let stored = self.row(space, home, layout::upload_row(upload_id)).await?;
        let value = stored.ok_or(Error::NoSuchUpload)?.value;
        let record = UploadRecord::decode(&value)?;
        Ok((value, record))
    }
}
