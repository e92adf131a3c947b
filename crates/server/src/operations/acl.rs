//! GetBucketAcl, GetObjectAcl, PutBucketAcl and PutObjectAcl: the owner of the bucket may do everything, and that cannot be
//! changed: a bucket whose owner owns every object takes no list of access, not even one that says what holds anyway.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html>.

use countersign_protocol::encode::owner_acl;
use countersign_protocol::operation::{AclDocument, PutAcl};
use countersign_protocol::{ErrorCode, ParseError};

use super::{Answer, Call, parse_failed, xml};
use crate::body::Upload;

pub(super) async fn get(call: &Call<'_>) -> Answer {
    call.check_is_there().await?;
    Ok(xml(owner_acl(call.owner())))
}

pub(super) async fn put(call: &Call<'_>, request: &PutAcl, body: &mut Upload) -> Answer {
    let document = call.document(&request.integrity, body).await?;
    if !request.is_canned {
        AclDocument::parse(&document).map_err(parse_failed)?;
    }
    call.check_is_there().await?;
    Err(parse_failed(ParseError::new(
        ErrorCode::AccessControlListNotSupported,
    )))
}
