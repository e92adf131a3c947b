//! The public access block of a bucket and its ownership controls: set, shown, removed.
//!
//! Not here: what a block keeps out; the evaluation asks for it with every request.

use countersign_protocol::encode::{ownership_controls, public_access_block};
use countersign_protocol::operation::{
    AccountId, OwnershipControlsDocument, PublicAccessBlockDocument, PutAccountPublicAccessBlock,
    PutBucketOwnershipControls, PutPublicAccessBlock,
};
use countersign_protocol::{ErrorCode, ParseError};
use countersign_types::ObjectOwnership;
use http::{HeaderMap, StatusCode};

use super::{Answer, Call, empty, parse_failed, xml};
use crate::body::Upload;
use crate::lists;
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

pub(super) async fn put_account_block(
    call: &Call<'_>,
    request: &PutAccountPublicAccessBlock,
    body: &mut Upload,
) -> Answer {
    let document = call.document(&request.integrity, body).await?;
    let document = PublicAccessBlockDocument::parse(&document).map_err(parse_failed)?;
    let id = own(call, &request.account)?;
    let set = call.store.set_account_block(id, Some(document.block)).await;
    set.map_err(call.fail())?;
    Ok(empty(StatusCode::CREATED, HeaderMap::new()))
}

pub(super) async fn account_block(call: &Call<'_>, account: &AccountId) -> Answer {
    let found = call.store.account_block(own(call, account)?).await;
    match found.map_err(call.fail())? {
        Some(block) => Ok(xml(public_access_block(&block))),
        None => {
            let error = ParseError::new(ErrorCode::NoSuchPublicAccessBlockConfiguration);
            Err(parse_failed(error.element("AccountId", account.as_str())))
        }
    }
}

pub(super) async fn delete_account_block(call: &Call<'_>, account: &AccountId) -> Answer {
    let set = call.store.set_account_block(own(call, account)?, None).await;
    set.map_err(call.fail())?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

/// The account that is named, which has to be the one that asks.
fn own<'a>(call: &'a Call<'_>, named: &AccountId) -> Result<&'a str, Refusal> {
    let id = call.account().id.as_str();
    match named.as_str() == id {
        true => Ok(id),
        false => Err(Refusal::AccessDenied),
    }
}

pub(super) async fn put_ownership(
    call: &Call<'_>,
    request: &PutBucketOwnershipControls,
    body: &mut Upload,
) -> Answer {
    let document = call.document(&request.integrity, body).await?;
    let OwnershipControlsDocument { ownership } =
        OwnershipControlsDocument::parse(&document).map_err(parse_failed)?;
    let grants = call.ground().bucket.access.grants.as_deref();
    if !ownership.has_lists() && lists::lets_others_in(grants, call.bucket_owner()) {
        // Whoever relies on the list has to be let in by a policy first.
        return Err(parse_failed(ParseError::new(
            ErrorCode::InvalidBucketAclWithObjectOwnership,
        )));
    }
    set_ownership(call, Some(ownership)).await?;
    Ok(empty(StatusCode::OK, HeaderMap::new()))
}

pub(super) fn ownership(call: &Call<'_>) -> Answer {
    match call.ground().bucket.access.ownership {
        Some(ownership) => Ok(xml(ownership_controls(ownership))),
        None => Err(missing(call, ErrorCode::OwnershipControlsNotFoundError)),
    }
}

pub(super) async fn delete_ownership(call: &Call<'_>) -> Answer {
    set_ownership(call, None).await?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

async fn set_ownership(call: &Call<'_>, ownership: Option<ObjectOwnership>) -> Result<(), Refusal> {
    let seen = &call.ground().bucket;
    let set = call.store.set_ownership(seen, ownership).await;
    set.map_err(call.fail())
}

fn missing(call: &Call<'_>, code: ErrorCode) -> Refusal {
    parse_failed(ParseError::new(code).element("BucketName", call.bucket().as_str()))
}
