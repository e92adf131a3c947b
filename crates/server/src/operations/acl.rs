//! GetBucketAcl, GetObjectAcl, PutBucketAcl and PutObjectAcl: the owner of the bucket may do everything, and that cannot be
//! changed. Who puts what holds anyway has changed nothing, and is told so.

use countersign_protocol::encode::owner_acl;
use countersign_protocol::operation::{AclDocument, PutAcl};
use countersign_protocol::{ErrorCode, ParseError};
use http::{HeaderMap, StatusCode};

use super::{Answer, Call, empty, parse_failed, xml};
use crate::body::Upload;

pub(super) async fn get(call: &Call<'_>) -> Answer {
    call.check_is_there().await?;
    Ok(xml(owner_acl(call.owner())))
}

pub(super) async fn put(call: &Call<'_>, request: &PutAcl, body: &mut Upload) -> Answer {
    let document = call.document(&request.integrity, body).await?;
    if !request.is_canned {
        let document = AclDocument::parse(&document).map_err(parse_failed)?;
        if !document.is_owners_alone(call.owner().id) {
            return Err(parse_failed(ParseError::new(
                ErrorCode::AccessControlListNotSupported,
            )));
        }
    }
    call.check_is_there().await?;
    Ok(empty(StatusCode::OK, HeaderMap::new()))
}
