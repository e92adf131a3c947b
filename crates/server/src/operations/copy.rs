//! CopyObject and UploadPartCopy: bytes of one object become another, read and written like any others.

use countersign_protocol::encode::{ObjectChecksum, copy_object, copy_part};
use countersign_protocol::operation::{CopyObject, CopySource, MetadataDirective, UploadPartCopy};
use countersign_protocol::range::ByteRange;
use countersign_store::{
    self as store, Expect, ExpectedChecksum, NewObject, Object, ObjectSource, Read, evaluate_read_condition,
};

use countersign_types::{ObjectMetadata, ReadCondition};

use super::{Answer, Call, acl, multipart, parse_failed, written_checksum, xml};
use crate::refusal::{Names, Refusal};

pub(super) async fn object(call: &Call<'_>, request: &CopyObject) -> Answer {
    let source = open(call, &request.source, &request.source_condition).await?;
    if source.size > store::PUT_BYTES_MAX {
        return Err(Refusal::SourceTooLarge {
            maximum: store::PUT_BYTES_MAX,
        });
    }
    // The copy keeps the source's checksum algorithm unless another is asked for. A composite checksum is of parts that
    // the copy does not have, so the same algorithm is taken over the whole.
    let kept = source.checksum.as_ref().map(|checksum| checksum.algorithm());
    let algorithm = request.checksum_algorithm.or(kept);
    let new = NewObject {
        metadata: metadata(request, &source),
        expect: Expect {
            length: Some(source.size),
            checksum: algorithm.map(|algorithm| ExpectedChecksum {
                algorithm,
                value: None,
            }),
            ..Expect::default()
        },
        condition: request.condition.clone(),
        link: None,
        access: acl::of_written(call, request.acl.as_ref())?,
        reach: call.authorized.reach().clone(),
    };
    let mut bytes = ObjectSource::new(source.read_all());
    let written = call
        .store
        .put_object(call.bucket(), call.object_key(), new, &mut bytes)
        .await
        .map_err(call.fail())?;
    Ok(xml(copy_object(
        &written.etag,
        written.last_modified,
        written_checksum(&written),
    )))
}

pub(super) async fn part(call: &Call<'_>, request: &UploadPartCopy) -> Answer {
    let fail = call.fail_upload(&request.upload_id);
    // Asked first, so that an upload that does not exist is the answer even where the source does not exist either.
    let upload = call
        .store
        .upload(call.bucket(), call.object_key(), &request.upload_id)
        .await
        .map_err(&fail)?;
    multipart::check_own(call, &upload)?;
    let source = open(call, &request.source, &request.source_condition).await?;
    let range = match request.range {
        Some(range) => range.resolve(source.size).map_err(parse_failed)?,
        None => ByteRange {
            offset: 0,
            length: source.size,
        },
    };
    if range.length > store::PUT_BYTES_MAX {
        return Err(Refusal::SourceTooLarge {
            maximum: store::PUT_BYTES_MAX,
        });
    }
    let expect = Expect {
        length: Some(range.length),
        checksum: upload.checksum.map(|(algorithm, _)| ExpectedChecksum {
            algorithm,
            value: None,
        }),
        ..Expect::default()
    };
    let mut bytes = ObjectSource::new(source.read(range.offset, range.length));
    let written = call
        .store
        .put_part(
            call.bucket(),
            call.object_key(),
            &request.upload_id,
            request.part,
            expect,
            &mut bytes,
        )
        .await
        .map_err(&fail)?;
    let checksum = written.checksum.as_ref().map(ObjectChecksum::part);
    Ok(xml(copy_part(&written.etag, written.last_modified, checksum)))
}

/// Opens the source of a copy. Where one of its conditions does not hold, the copy fails: there is no "not modified".
async fn open(call: &Call<'_>, source: &CopySource, condition: &ReadCondition) -> Result<Object, Refusal> {
    let names = Names {
        bucket: Some(source.bucket.to_string()),
        object_key: Some(source.object_key.to_string()),
        upload_id: None,
    };
    let opened = call.store.object(&source.bucket, &source.object_key, None).await;
    let object = opened.map_err(|error| Refusal::Store(error, Box::new(names)))?;
    call.authorized
        .check_unchanged(&source.bucket, &source.object_key, &object.access)?;
    match evaluate_read_condition(condition, &object.etag, object.last_modified) {
        Read::Proceed => Ok(object),
        Read::NotModified(precondition) | Read::PreconditionFailed(precondition) => {
            Err(Refusal::SourceCondition(precondition))
        }
    }
}

/// The storage class and the website redirect are the request's, always; the rest as the directive says.
fn metadata(request: &CopyObject, source: &Object) -> ObjectMetadata {
    let requested = request.metadata.clone();
    match request.metadata_directive {
        MetadataDirective::Replace => requested,
        MetadataDirective::Copy => ObjectMetadata {
            storage_class: requested.storage_class,
            website_redirect: requested.website_redirect,
            ..source.metadata.clone()
        },
    }
}
