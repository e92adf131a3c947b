//! Complete: makes the parts of an upload an object, or says which of them do not fit.
//!
//! `choose` decides on values alone; `complete_in` freezes, reads, asks it, and commits.

use crate::digest::combine_checksums;
use crate::error::{Error, Result, corrupt};
use crate::home::leave_garbage;
use crate::layout::{self, HEAD, PART, PARTS_MARK};
use crate::model::{CompleteUpload, CompletedPart, PutObject, Reach};
use crate::put::written;
use crate::records::{
    GarbageKind, Generation, Head, ManifestPart, PartRecord, PartsMark, UploadRecord, encode_manifest_rows,
};
use crate::{ATTEMPTS_MAX, Store};
use bytes::Bytes;
use countersign_engine as engine;
use countersign_engine::{Change, Guard, Home, Outcome, Put, Space};
use countersign_types::{
    BucketName, Checksum, ChecksumAlgorithm, ChecksumType, Etag, ObjectKey, PartNumber, UploadId,
};
use md5_many::Md5State;
use std::collections::BTreeMap;

impl Store {
    /// Makes an upload an object. A Complete that is repeated answers the same as long as the object is still that one.
    pub async fn complete_upload(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        upload_id: &UploadId,
        request: &CompleteUpload,
    ) -> Result<PutObject> {
        check_order(&request.parts)?;
        let space = self.space(bucket).await?;
        let completed = self
            .complete_in(space, &layout::object_home(object_key), upload_id, request)
            .await;
        self.settle(bucket, space, completed).await
    }

    async fn complete_in(
        &self,
        space: Space,
        home: &Home,
        upload_id: &UploadId,
        request: &CompleteUpload,
    ) -> Result<PutObject> {
        let generation = Generation::of_upload(upload_id);
        for _ in 0..ATTEMPTS_MAX {
            let (frozen, upload) = match self.freeze(space, home, upload_id).await {
                Ok(Some(frozen)) => frozen,
                Ok(None) => continue,
                Err(Error::NoSuchUpload) => return self.completed_before(space, home, generation).await,
                Err(error) => return Err(error),
            };
            let current = self.current(space, home).await?;
            let parts = self.part_records(space, home, generation).await?;
            let decided = current.check(&request.reach, &request.condition);
            let chosen = match decided.and_then(|()| {
                choose(
                    request,
                    upload.checksum,
                    &parts,
                    self.inner.settings.part_bytes_min,
                )
            }) {
                Ok(chosen) => chosen,
                // A refusal stands on the upload, too: an Abort or another Complete may have come in between.
                Err(error) => match self.read_upload(space, home, upload_id).await {
                    Ok((now, _)) if now == frozen => return Err(error),
                    _ => continue,
                },
            };
            let has_unused = parts.len() > chosen.manifest.len();
            let manifest = encode_manifest_rows(&chosen.manifest);
            let head = self.head_of(generation, upload, &chosen, manifest.len());
            let mut change = Change::default();
            change.guards.push(Guard {
                row: layout::upload_row(upload_id),
                expected: Some(frozen),
            });
            let is_conditional = !request.condition.is_none() || request.reach != Reach::All;
            current.guard(is_conditional, &mut change);
            change.deletes.push(layout::upload_row(upload_id));
            write_object(&head, manifest, &mut change);
            let replaced = current.leave(self.replaced_due(), true, &mut change)?;
            let unused =
                has_unused.then(|| leave_garbage(generation, GarbageKind::Unused, self.now(), &mut change));
            match self.engine().commit(space, home, change).await {
                Ok(Outcome::Done) => {
                    self.sweep_leftover(space, home, replaced).await;
                    self.sweep_leftover(space, home, unused).await;
                    return Ok(written(head));
                }
                Ok(Outcome::Refused(_)) => {}
                Err(engine::Error::MayHaveCommitted) => {
                    self.is_now(space, home, &head).await?;
                    return Ok(written(head));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Conflict)
    }

    /// Marks the upload as being completed. `None`: somebody else changed it, or nobody knows; look again.
    async fn freeze(
        &self,
        space: Space,
        home: &Home,
        upload_id: &UploadId,
    ) -> Result<Option<(Bytes, UploadRecord)>> {
        let (value, upload) = self.read_upload(space, home, upload_id).await?;
        if upload.is_frozen {
            return Ok(Some((value, upload)));
        }
        let frozen = UploadRecord {
            is_frozen: true,
            ..upload
        };
        let row = layout::upload_row(upload_id);
        let change = Change {
            guards: vec![Guard {
                row: row.clone(),
                expected: Some(value),
            }],
            puts: vec![Put {
                row,
                value: frozen.encode(),
                body: None,
            }],
            deletes: Vec::new(),
        };
        match self.engine().commit(space, home, change).await {
            Ok(Outcome::Done) => Ok(Some((frozen.encode(), frozen))),
            Ok(Outcome::Refused(_)) | Err(engine::Error::MayHaveCommitted) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The answer of the Complete that made this object, if the object is still that one.
    async fn completed_before(&self, space: Space, home: &Home, generation: Generation) -> Result<PutObject> {
        let head = self.current(space, home).await?.head()?;
        let head = head
            .filter(|head| head.generation == generation)
            .ok_or(Error::NoSuchUpload)?;
        Ok(written(head))
    }

    async fn part_records(
        &self,
        space: Space,
        home: &Home,
        generation: Generation,
    ) -> Result<BTreeMap<PartNumber, PartRecord>> {
        let rows = self.numbered_rows(space, home, PART, generation).await?;
        rows.iter()
            .map(|row| {
                let number =
                    layout::part_number(&row.position.suffix).ok_or_else(|| corrupt("the name of a part"))?;
                Ok((number, PartRecord::decode(&row.value)?))
            })
            .collect()
    }

    fn head_of(&self, generation: Generation, upload: UploadRecord, chosen: &Chosen, rows: usize) -> Head {
        Head {
            generation,
            size: chosen.size,
            etag: chosen.etag,
            modified: self.now(),
            checksum: Some(chosen.checksum.clone()),
            manifest_rows: Some(u16::try_from(rows).expect("10,000 parts lie in a few rows")),
            access: upload.access,
            metadata: upload.metadata,
        }
    }
}

/// The object that the request describes.
struct Chosen {
    manifest: Vec<ManifestPart>,
    size: u64,
    etag: Etag,
    checksum: (Checksum, ChecksumType),
}

fn check_order(parts: &[CompletedPart]) -> Result<()> {
    if parts.is_empty() {
        return Err(Error::NoParts);
    }
    let is_ascending = parts
        .iter()
        .zip(parts.iter().skip(1))
        .all(|(a, b)| a.number < b.number);
    if is_ascending {
        Ok(())
    } else {
        Err(Error::InvalidPartOrder)
    }
}

/// Decides on the parts as they are.
fn choose(
    request: &CompleteUpload,
    upload: Option<(ChecksumAlgorithm, ChecksumType)>,
    parts: &BTreeMap<PartNumber, PartRecord>,
    part_bytes_min: u64,
) -> Result<Chosen> {
    let (algorithm, checksum_type) =
        upload.unwrap_or((ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject));
    if let Some(actual) = request.checksum_type.filter(|actual| *actual != checksum_type) {
        return Err(Error::ChecksumTypeMismatch {
            expected: checksum_type,
            actual,
        });
    }
    let mut manifest = Vec::with_capacity(request.parts.len());
    let mut sized: Vec<(&Checksum, u64)> = Vec::with_capacity(request.parts.len());
    let mut md5 = Md5State::new();
    let mut size: u64 = 0;
    for (place, named) in request.parts.iter().enumerate() {
        let part = choose_part(named, upload, parts)?;
        let is_last = place + 1 == request.parts.len();
        if part.size < part_bytes_min && !is_last {
            return Err(Error::EntityTooSmall {
                number: named.number,
                etag: part.etag(),
                size: part.size,
                minimum: part_bytes_min,
            });
        }
        md5.update(&part.md5);
        size += part.size;
        sized.extend(part.checksum.as_ref().map(|checksum| (checksum, part.size)));
        manifest.push(ManifestPart {
            number: named.number,
            size: part.size,
            checksum: part.checksum.clone(),
        });
    }
    if let Some(expected) = request.size.filter(|expected| *expected != size) {
        return Err(Error::ObjectSizeMismatch {
            expected,
            actual: size,
        });
    }
    let computed = combine_checksums(algorithm, checksum_type, &sized)
        .ok_or_else(|| corrupt("the checksum of a part is not the upload's"))?;
    compare(request.checksum.as_ref(), &computed)?;
    let count = u16::try_from(manifest.len()).map_err(|_| Error::InvalidPartOrder)?;
    Ok(Chosen {
        manifest,
        size,
        etag: Etag::of_parts(md5.finalize(), count),
        checksum: (computed, checksum_type),
    })
}

fn choose_part<'a>(
    named: &CompletedPart,
    upload: Option<(ChecksumAlgorithm, ChecksumType)>,
    parts: &'a BTreeMap<PartNumber, PartRecord>,
) -> Result<&'a PartRecord> {
    let number = named.number;
    let invalid = || Error::InvalidPart {
        number,
        etag: named.etag,
    };
    let part = parts.get(&number).ok_or_else(invalid)?;
    if named.etag != Some(part.etag()) {
        return Err(invalid());
    }
    match (upload, &named.checksum) {
        (Some((algorithm, ChecksumType::Composite)), None) => {
            return Err(Error::PartChecksumMissing { algorithm, number });
        }
        (Some(_), Some(checksum)) if part.checksum.as_ref() != Some(checksum) => return Err(invalid()),
        // An upload without a chosen checksum may have taken parts with any; only one of the kept algorithm can be compared.
        (None, Some(checksum)) => {
            let is_other = |kept: &&Checksum| kept.algorithm() == checksum.algorithm() && *kept != checksum;
            if part.checksum.as_ref().filter(is_other).is_some() {
                return Err(invalid());
            }
        }
        _ => {}
    }
    Ok(part)
}

fn compare(expected: Option<&Checksum>, computed: &Checksum) -> Result<()> {
    match expected {
        Some(expected) if expected.algorithm() != computed.algorithm() => {
            Err(Error::ChecksumAlgorithmMismatch {
                expected: Some(computed.algorithm()),
                actual: Some(expected.algorithm()),
            })
        }
        Some(expected) if expected != computed => Err(Error::ChecksumMismatch {
            algorithm: computed.algorithm(),
            expected: expected.clone(),
            computed: computed.clone(),
        }),
        _ => Ok(()),
    }
}

/// The rows of an object made of parts, besides the parts.
fn write_object(head: &Head, manifest: Vec<Bytes>, change: &mut Change) {
    let plain = |row, value| Put {
        row,
        value,
        body: None,
    };
    change.puts.push(plain(layout::single(HEAD), head.encode()));
    change.puts.push(plain(
        layout::single(PARTS_MARK),
        PartsMark(head.generation).encode(),
    ));
    let rows = (1..).zip(manifest);
    change
        .puts
        .extend(rows.map(|(number, row)| plain(layout::manifest_row(head.generation, number), row)));
}

#[cfg(test)]
mod tests;
