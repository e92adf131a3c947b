//! PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy and GetBucketPolicyStatus.
//!
//! Not here: what a policy may say (`policy` reads it) and whom it lets in.

use countersign_policy::{Document, Kind};
use countersign_protocol::encode::policy_status;
use countersign_protocol::operation::PutBucketPolicy;
use countersign_protocol::{ErrorCode, ParseError};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{Answer, Call, empty, parse_failed, xml};
use crate::body::Upload;
use crate::bucket_policies::{BucketPolicy, evaluated};
use crate::facts::{self, Target};
use crate::refusal::Refusal;
use crate::respond::Outgoing;

pub(super) async fn put(call: &Call<'_>, request: &PutBucketPolicy, body: &mut Upload) -> Answer {
    let text = call.document(&request.integrity, body).await?;
    let document = Document::parse(Kind::Bucket(call.bucket().as_str()), &text)
        .map_err(|fault| malformed(fault.message))?;
    if !are_there(call, &document) {
        return Err(malformed("Invalid principal in policy".to_owned()));
    }
    let ground = call.ground();
    let target = Target::Bucket(call.bucket());
    let putting = call
        .authorized
        .doing(facts::PUT_BUCKET_POLICY, &target, Some(ground));
    let of_account = call.store.account_block(&ground.bucket.owner).await;
    let block = evaluated(of_account.map_err(call.fail())?).with(ground.access_block());
    if let Some(message) = block.refuses(&document, &putting) {
        let error = ParseError::with_message(ErrorCode::AccessDenied, message);
        return Err(parse_failed(error));
    }
    // If what is set for the bucket has changed meanwhile, the block may be another: then nothing is written.
    call.store
        .put_bucket_policy(&ground.bucket, &text)
        .await
        .map_err(call.fail())?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

pub(super) async fn get(call: &Call<'_>) -> Answer {
    let (_, text) = call
        .store
        .bucket_policy(call.bucket())
        .await
        .map_err(call.fail())?;
    let mut response = Response::new(Outgoing::bytes(text.ok_or_else(|| missing(call))?));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

pub(super) async fn delete(call: &Call<'_>) -> Answer {
    call.store
        .delete_bucket_policy(&call.ground().bucket)
        .await
        .map_err(call.fail())?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

pub(super) fn status(call: &Call<'_>) -> Answer {
    match &call.ground().policy {
        BucketPolicy::Of(document) => Ok(xml(policy_status(document.is_public()))),
        // In doubt it is.
        BucketPolicy::Unreadable => Ok(xml(policy_status(true))),
        BucketPolicy::None => Err(missing(call)),
    }
}

/// Whether everybody exists whom the document names. Services and identity providers are names of the world outside.
fn are_there(call: &Call<'_>, document: &Document) -> bool {
    let directory = call.directory;
    let is_canonical_id = |id: &str| directory.account_by_canonical_id(id).is_some();
    document
        .principal_accounts()
        .all(|id| directory.account(id).is_some())
        && document.principal_canonical_ids().all(is_canonical_id)
        && document.principal_arns().all(|arn| directory.is_known(arn))
}

fn malformed(message: String) -> Refusal {
    parse_failed(ParseError::with_message(ErrorCode::MalformedPolicy, message))
}

fn missing(call: &Call<'_>) -> Refusal {
    let error = ParseError::new(ErrorCode::NoSuchBucketPolicy);
    parse_failed(error.element("BucketName", call.bucket().as_str()))
}
