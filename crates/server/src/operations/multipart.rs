//! Multipart uploads: create, part, complete, abort, and the two listings. Copied parts are in `copy`.

use countersign_protocol::encode::{
    CompleteMultipartUploadAnswer, ListMultipartUploadsAnswer, ListPartsAnswer, ListedPart, ListedUpload,
    ObjectChecksum, complete_multipart_upload, initiate_multipart_upload, list_multipart_uploads, list_parts,
    written_headers,
};
use countersign_protocol::operation::{
    AbortMultipartUpload, CompleteMultipartUpload, CompleteMultipartUploadDocument, CreateMultipartUpload,
    Integrity, ListMultipartUploads, ListParts, UploadPart,
};
use countersign_store::{self as store, CompleteUpload, CompletedPart, NewUpload, Reach, UploadQuery};
use countersign_types::{ChecksumAlgorithm, ChecksumType, UploadId};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{Answer, Call, acl, empty, owner, parse_failed, written_checksum, xml};
use crate::body::Upload;
use crate::lists;
use crate::refusal::Refusal;

pub(super) async fn create(call: &Call<'_>, request: &CreateMultipartUpload) -> Answer {
    let checksum = request
        .checksum_algorithm
        .map(|algorithm| (algorithm, request.checksum_type));
    let upload = NewUpload {
        metadata: request.metadata.clone(),
        checksum,
        initiator: lists::owner_id(&call.writer(), call.ground()),
        access: acl::of_written(call, request.acl.as_ref())?,
    };
    let (bucket, object_key) = (call.bucket(), call.object_key());
    let upload_id = call
        .store
        .begin_upload(bucket, object_key, upload)
        .await
        .map_err(call.fail())?;
    let mut response = xml(initiate_multipart_upload(
        bucket.as_str(),
        object_key.as_str(),
        &upload_id,
    ));
    let headers = response.headers_mut();
    if let Some(algorithm) = request.checksum_algorithm {
        headers.insert(
            "x-amz-checksum-algorithm",
            HeaderValue::from_static(algorithm.name()),
        );
    }
    if let Some(checksum_type) = request.checksum_type {
        headers.insert(
            "x-amz-checksum-type",
            HeaderValue::from_static(checksum_type.name()),
        );
    }
    Ok(response)
}

/// Refuses another account's upload to whom the list of the bucket lets in: it may go on with its own.
pub(super) fn check_own(call: &Call<'_>, upload: &store::Upload) -> Result<(), Refusal> {
    match call.authorized.reach() {
        Reach::Of(own) if upload.initiator != *own => Err(Refusal::AccessDenied),
        Reach::All | Reach::Of(_) => Ok(()),
    }
}

/// As [`check_own`]. Who began an upload never changes, so it is looked up before, and only where it matters.
async fn check_upload(call: &Call<'_>, upload_id: &UploadId) -> Result<(), Refusal> {
    if *call.authorized.reach() == Reach::All {
        return Ok(());
    }
    let upload = call
        .store
        .upload(call.bucket(), call.object_key(), upload_id)
        .await;
    check_own(call, &upload.map_err(call.fail_upload(upload_id))?)
}

pub(super) async fn part(call: &Call<'_>, request: &UploadPart, body: &mut Upload) -> Answer {
    check_upload(call, &request.upload_id).await?;
    let expect = call.expect(&request.integrity);
    let written = call
        .store
        .put_part(
            call.bucket(),
            call.object_key(),
            &request.upload_id,
            request.part,
            expect,
            body,
        )
        .await
        .map_err(call.fail_upload(&request.upload_id))?;
    // AWS repeats the checksum that the client sent, and keeps to itself the one that it computed.
    let checksum = written
        .checksum
        .as_ref()
        .filter(|_| request.integrity.checksum.is_some());
    Ok(empty(
        StatusCode::OK,
        written_headers(&written.etag, checksum.map(ObjectChecksum::part)),
    ))
}

pub(super) async fn complete(
    call: &Call<'_>,
    request: &CompleteMultipartUpload,
    body: &mut Upload,
) -> Answer {
    check_upload(call, &request.upload_id).await?;
    // Its checksum headers are of the object; the document has the signed hash and perhaps an MD5.
    let integrity = Integrity {
        content_md5: request.content_md5,
        ..Integrity::default()
    };
    let document = call.document(&integrity, body).await?;
    let document = CompleteMultipartUploadDocument::parse(&document).map_err(parse_failed)?;
    let complete = CompleteUpload {
        parts: document
            .parts
            .into_iter()
            .map(|part| CompletedPart {
                number: part.part,
                etag: part.etag,
                checksum: part.checksum,
            })
            .collect(),
        condition: request.condition.clone(),
        checksum: request.checksum.clone(),
        checksum_type: request.checksum_type,
        size: request.object_size,
        reach: call.authorized.reach().clone(),
    };
    let (bucket, object_key) = (call.bucket(), call.object_key());
    let written = call
        .store
        .complete_upload(bucket, object_key, &request.upload_id, &complete)
        .await
        .map_err(call.fail_upload(&request.upload_id))?;
    let host = call.received.header("host").unwrap_or_default();
    let location = format!("http://{host}{}", call.received.path());
    Ok(xml(complete_multipart_upload(&CompleteMultipartUploadAnswer {
        location: &location,
        bucket: bucket.as_str(),
        object_key: object_key.as_str(),
        etag: written.etag,
        checksum: written_checksum(&written),
    })))
}

pub(super) async fn abort(call: &Call<'_>, request: &AbortMultipartUpload) -> Answer {
    check_upload(call, &request.upload_id).await?;
    call.store
        .abort_upload(call.bucket(), call.object_key(), &request.upload_id)
        .await
        .map_err(call.fail_upload(&request.upload_id))?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

pub(super) async fn parts(call: &Call<'_>, request: &ListParts) -> Answer {
    let max = usize::try_from(request.max_parts).unwrap_or(usize::MAX);
    let page = call
        .store
        .list_parts(
            call.bucket(),
            call.object_key(),
            &request.upload_id,
            request.after,
            max,
        )
        .await
        .map_err(call.fail_upload(&request.upload_id))?;
    check_own(call, &page.upload)?;
    let initiator = call.other(page.upload.initiator.as_deref());
    let owned_by = call.other_owner(page.upload.access.owner.as_deref());
    let checksum = page.upload.checksum;
    let parts: Vec<ListedPart<'_>> = page
        .parts
        .iter()
        .map(|part| ListedPart {
            part: part.number,
            last_modified: part.last_modified,
            etag: part.etag,
            size: part.size,
            checksum: part.checksum.as_ref().filter(|_| checksum.is_some()),
        })
        .collect();
    Ok(xml(list_parts(&ListPartsAnswer {
        bucket: call.bucket().as_str(),
        object_key: call.object_key().as_str(),
        request,
        initiator: initiator.as_deref().map_or(call.owner(), owner),
        owner: owned_by.as_deref().map_or(call.owner(), owner),
        storage_class: page.upload.metadata.storage_class.as_deref(),
        checksum_algorithm: algorithm(checksum),
        checksum_type: checksum_type(checksum),
        parts: &parts,
        is_truncated: page.truncated,
    })))
}

pub(super) async fn uploads(call: &Call<'_>, request: &ListMultipartUploads) -> Answer {
    let query = UploadQuery {
        prefix: request.prefix.clone(),
        delimiter: request.delimiter.clone(),
        key_marker: Some(request.key_marker.clone()).filter(|marker| !marker.is_empty()),
        upload_id_marker: request.upload_id_marker.clone(),
        max: usize::try_from(request.max_uploads).unwrap_or(usize::MAX),
    };
    let page = call
        .store
        .list_uploads(call.bucket(), &query)
        .await
        .map_err(call.fail())?;
    let others: Vec<_> = page
        .uploads
        .iter()
        .map(|upload| {
            let initiator = call.other(upload.initiator.as_deref());
            (initiator, call.other_owner(upload.owner.as_deref()))
        })
        .collect();
    let uploads: Vec<ListedUpload<'_>> = page
        .uploads
        .iter()
        .zip(&others)
        .map(|(upload, (initiator, owned_by))| ListedUpload {
            object_key: &upload.key,
            upload_id: &upload.upload_id,
            initiator: initiator.as_deref().map_or(call.owner(), owner),
            owner: owned_by.as_deref().map_or(call.owner(), owner),
            storage_class: upload.storage_class.as_deref(),
            initiated: upload.initiated,
            checksum_algorithm: algorithm(upload.checksum),
            checksum_type: checksum_type(upload.checksum),
        })
        .collect();
    let next = page
        .next_key_marker
        .as_deref()
        .map(|marker| (marker, page.next_upload_id_marker.as_ref()));
    Ok(xml(list_multipart_uploads(&ListMultipartUploadsAnswer {
        bucket: call.bucket().as_str(),
        request,
        uploads: &uploads,
        common_prefixes: &page.common_prefixes,
        is_truncated: page.truncated,
        next,
    })))
}

fn algorithm(checksum: Option<(ChecksumAlgorithm, ChecksumType)>) -> Option<ChecksumAlgorithm> {
    checksum.map(|(algorithm, _)| algorithm)
}

fn checksum_type(checksum: Option<(ChecksumAlgorithm, ChecksumType)>) -> Option<ChecksumType> {
    checksum.map(|(_, checksum_type)| checksum_type)
}
