//! What was never set of a bucket or object: asking for it, and removing it, which changes nothing.

use countersign_protocol::ParseError;
use countersign_protocol::encode::unset;
use countersign_protocol::operation::{Unset, UnsetAnswer};
use http::{HeaderMap, StatusCode};

use super::{Answer, Call, empty, parse_failed, xml};

pub(super) async fn get(call: &Call<'_>, what: Unset) -> Answer {
    call.check_is_there().await?;
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
    call.check_is_there().await?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}
