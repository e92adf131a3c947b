//! Writing a part of an upload, in place of an earlier one of the same number.
//!
//! Not here: making the parts an object (`complete`). A part names its upload from the start, so nothing is moved later.

use crate::error::{Error, Result};
use crate::layout;
use crate::model::{Expect, ExpectedChecksum, PutPart};
use crate::records::{Generation, PartRecord, UploadRecord};
use crate::source::Source;
use crate::{ATTEMPTS_MAX, Store};
use countersign_engine as engine;
use countersign_engine::{Change, Guard, Home, Outcome, Put, Row, Space};
use countersign_types::{BucketName, ChecksumAlgorithm, ChecksumType, Etag, ObjectKey, PartNumber, UploadId};

impl Store {
    /// Writes a part, in place of an earlier one of the same number.
    pub async fn put_part(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        upload_id: &UploadId,
        number: PartNumber,
        expect: Expect,
        source: &mut dyn Source,
    ) -> Result<PutPart> {
        let space = self.space(bucket).await?;
        let target = Target {
            space,
            home: layout::object_home(object_key),
            upload_id,
            row: layout::part_row(Generation::of_upload(upload_id), number),
        };
        let written = self.put_part_in(&target, expect, source).await;
        self.settle(bucket, space, written).await
    }

    async fn put_part_in(
        &self,
        target: &Target<'_>,
        expect: Expect,
        source: &mut dyn Source,
    ) -> Result<PutPart> {
        let Target { space, home, .. } = target;
        let (_, upload) = self.read_upload(*space, home, target.upload_id).await?;
        let keep = kept_algorithm(upload.checksum, expect.checksum.as_ref())?;
        let received = self.receive(*space, home, &expect, keep, source).await?;
        let part = PartRecord {
            size: received.size,
            md5: received.md5,
            modified: self.now(),
            checksum: Some(received.checksum),
        };
        let written = PutPart {
            etag: Etag::whole(part.md5),
            checksum: received.answered.or(part.checksum.clone()),
            size: part.size,
            last_modified: part.modified,
        };
        for _ in 0..ATTEMPTS_MAX {
            let (value, upload) = self.read_upload(*space, home, target.upload_id).await?;
            let mut change = Change::default();
            change.guards.push(Guard {
                row: layout::upload_row(target.upload_id),
                expected: Some(value),
            });
            change.puts.push(Put {
                row: target.row.clone(),
                value: part.encode(),
                body: received.payload.body(),
            });
            if upload.is_frozen {
                change.puts.push(thaw(target.upload_id, upload));
            }
            match self.engine().commit(*space, home, change).await {
                Ok(Outcome::Done) => return Ok(written),
                Ok(Outcome::Refused(_)) => {}
                Err(engine::Error::MayHaveCommitted) => {
                    self.is_part(target, &part).await?;
                    return Ok(written);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Conflict)
    }

    /// After a commit of which nobody knows: the part being there is proof.
    async fn is_part(&self, target: &Target<'_>, part: &PartRecord) -> Result<()> {
        match self.row(target.space, &target.home, target.row.clone()).await {
            Ok(Some(found)) if found.value == part.encode() => Ok(()),
            _ => Err(Error::MayHaveCommitted),
        }
    }
}

struct Target<'a> {
    space: Space,
    home: Home,
    upload_id: &'a UploadId,
    row: Row,
}

/// Takes back the freeze of a Complete that is under way.
fn thaw(upload_id: &UploadId, upload: UploadRecord) -> Put {
    let thawed = UploadRecord {
        is_frozen: false,
        thaws: upload.thaws + 1,
        ..upload
    };
    Put {
        row: layout::upload_row(upload_id),
        value: thawed.encode(),
        body: None,
    }
}

/// The checksum to keep for a part.
///
/// SPEC: a part of an upload with a chosen checksum carries that one; over the parts it must be sent, over the full object
/// it may be left to the server. An upload without a choice takes any, and keeps CRC-64/NVME for the object.
fn kept_algorithm(
    upload: Option<(ChecksumAlgorithm, ChecksumType)>,
    sent: Option<&ExpectedChecksum>,
) -> Result<ChecksumAlgorithm> {
    let sent = sent.map(|sent| sent.algorithm);
    match (upload, sent) {
        (None, _) => Ok(ChecksumAlgorithm::Crc64Nvme),
        (Some((chosen, _)), Some(sent)) if chosen == sent => Ok(chosen),
        (Some((chosen, ChecksumType::FullObject)), None) => Ok(chosen),
        (Some((chosen, _)), actual) => Err(Error::ChecksumAlgorithmMismatch {
            expected: Some(chosen),
            actual,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_carries_the_uploads_checksum() {
        use ChecksumAlgorithm::{Crc32, Crc64Nvme, Sha1};
        use ChecksumType::{Composite, FullObject};
        for (upload, sent, expected) in [
            (None, None, Some(Crc64Nvme)),
            (None, Some(Crc32), Some(Crc64Nvme)),
            (Some((Crc32, Composite)), Some(Crc32), Some(Crc32)),
            (Some((Crc32, Composite)), None, None),
            (Some((Crc32, Composite)), Some(Sha1), None),
            (Some((Crc32, FullObject)), None, Some(Crc32)),
            (Some((Crc32, FullObject)), Some(Crc64Nvme), None),
        ] {
            let sent = sent.map(|algorithm| ExpectedChecksum {
                algorithm,
                value: None,
            });
            assert_eq!(
                kept_algorithm(upload, sent.as_ref()).ok(),
                expected,
                "{upload:?} {sent:?}"
            );
        }
    }
}
