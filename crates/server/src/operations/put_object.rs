//! PutObject: announced length, hashes and conditions go to the store with the body.
//!
//! Not here: taking the framing off and holding bytes against what was announced; the body and the store do that.

use countersign_protocol::encode::written_headers;
use countersign_protocol::operation::PutObject;
use countersign_store::NewObject;
use http::StatusCode;

use super::{Answer, Call, acl, empty, written_checksum};
use crate::body::Upload;

pub(super) async fn put(call: &Call<'_>, request: &PutObject, body: &mut Upload) -> Answer {
    let new = NewObject {
        metadata: request.metadata.clone(),
        expect: call.expect(&request.integrity),
        condition: request.condition.clone(),
        link: call.one_time_link(),
        access: acl::of_written(call, request.acl.as_ref())?,
        reach: call.authorized.reach().clone(),
    };
    let written = call
        .store
        .put_object(call.bucket(), call.object_key(), new, body)
        .await
        .map_err(call.fail())?;
    Ok(empty(
        StatusCode::OK,
        written_headers(&written.etag, written_checksum(&written)),
    ))
}
