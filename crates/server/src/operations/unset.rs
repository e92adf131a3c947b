//! What was never set of a bucket or object: asking for it, and removing it, which changes nothing.

use countersign_protocol::ParseError;
use countersign_protocol::encode::unset;
use countersign_protocol::operation::{Unset, UnsetAnswer};
use http::{HeaderMap, StatusCode};

use super::{Answer, Call, empty, parse_failed, xml};
use crate::refusal::Refusal;

pub(super) async fn get(call: &Call<'_>, what: Unset) -> Answer {
    check_is_there(call).await?;
    match what.answer() {
        UnsetAnswer::Document(document) => Ok(xml(unset(&document))),
        UnsetAnswer::Missing(code) => {
            let error = ParseError::new(code).element("BucketName", call.bucket().as_str());
            Err(parse_failed(error))
        }
        UnsetAnswer::WithoutObjectLock => Err(parse_failed(ParseError::request(
            "Bucket is missing Object Lock Configuration",
        ))),
    }
}

pub(super) async fn delete(call: &Call<'_>) -> Answer {
    check_is_there(call).await?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

/// The object, where one is named, or else the bucket.
async fn check_is_there(call: &Call<'_>) -> Result<(), Refusal> {
    let named = call.authorized.named();
    match &named.object_key {
        Some(object_key) => {
            let info = call.store.object_info(call.bucket(), object_key, None).await;
            info.map(drop).map_err(call.fail())
        }
        None => {
            let bucket = call.store.bucket(call.bucket()).await;
            bucket.map(drop).map_err(call.fail())
        }
    }
}
