//! The public access block of a bucket and its ownership controls: set, shown, removed.
//!
//! Not here: what a block keeps out; the evaluation asks for it with every request.

use countersign_protocol::encode::{ownership_controls, public_access_block};
use countersign_protocol::operation::{
    OwnershipControlsDocument, PublicAccessBlockDocument, PutBucketOwnershipControls, PutPublicAccessBlock,
};
use countersign_protocol::{ErrorCode, ParseError};
use http::{HeaderMap, StatusCode};

use super::{Answer, Call, empty, parse_failed, xml};
use crate::body::Upload;
use crate::refusal::Refusal;

pub(super) async fn put_block(call: &Call<'_>, request: &PutPublicAccessBlock, body: &mut Upload) -> Answer {
    let document = call.document(&request.integrity, body).await?;
    let document = PublicAccessBlockDocument::parse(&document).map_err(parse_failed)?;
    call.store
        .set_public_access_block(&call.ground().bucket, Some(document.block))
        .await
        .map_err(call.fail())?;
    Ok(empty(StatusCode::OK, HeaderMap::new()))
}

pub(super) fn block(call: &Call<'_>) -> Answer {
    match &call.ground().bucket.access.public_access_block {
        Some(block) => Ok(xml(public_access_block(block))),
        None => Err(missing(call, ErrorCode::NoSuchPublicAccessBlockConfiguration)),
    }
}

pub(super) async fn delete_block(call: &Call<'_>) -> Answer {
    call.store
        .set_public_access_block(&call.ground().bucket, None)
        .await
        .map_err(call.fail())?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

pub(super) async fn put_ownership(
    call: &Call<'_>,
    request: &PutBucketOwnershipControls,
    body: &mut Upload,
) -> Answer {
    let document = call.document(&request.integrity, body).await?;
    let OwnershipControlsDocument = OwnershipControlsDocument::parse(&document).map_err(parse_failed)?;
    set_ownership(call, true).await?;
    Ok(empty(StatusCode::OK, HeaderMap::new()))
}

pub(super) fn ownership(call: &Call<'_>) -> Answer {
    match call.ground().bucket.access.has_ownership_controls {
        true => Ok(xml(ownership_controls())),
        false => Err(missing(call, ErrorCode::OwnershipControlsNotFoundError)),
    }
}

pub(super) async fn delete_ownership(call: &Call<'_>) -> Answer {
    set_ownership(call, false).await?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

async fn set_ownership(call: &Call<'_>, are_there: bool) -> Result<(), Refusal> {
    let seen = &call.ground().bucket;
    let set = call.store.set_ownership_controls(seen, are_there).await;
    set.map_err(call.fail())
}

fn missing(call: &Call<'_>, code: ErrorCode) -> Refusal {
    parse_failed(ParseError::new(code).element("BucketName", call.bucket().as_str()))
}
