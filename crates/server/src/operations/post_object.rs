//! PostObject: the file of a form goes to the store, held against the form's policy, and the answer is the one that the
//! form asks for.
//!
//! Not here: the claim and the fields, which the gates have looked at.

use countersign_protocol::encode::PostObjectAnswer;
use countersign_protocol::operation::{FormSuccess, PostObject};
use countersign_store::{self as store, NewObject};
use countersign_types::WriteCondition;
use http::{Response, StatusCode};

use super::{Answer, Call, acl, empty, written_checksum, xml};
use crate::body::{BodyFault, Upload};
use crate::refusal::Refusal;

pub(super) async fn post(call: &Call<'_>, request: &PostObject, body: &mut Upload) -> Answer {
    if let Some(policy) = call.authorized.policy() {
        body.hold_file_to(policy.clone());
    }
    let new = NewObject {
        metadata: request.metadata.clone(),
        expect: call.expect(&request.integrity),
        condition: WriteCondition::default(),
        link: None,
        access: acl::of_written(call, request.acl.as_ref())?,
        reach: call.authorized.reach().clone(),
    };
    let (bucket, object_key) = (call.bucket(), call.object_key());
    let written = call.store.put_object(bucket, object_key, new, body).await;
    let written = written.map_err(|error| fail(call, error))?;
    let host = call.received.header("host").unwrap_or_default();
    let path = call.received.path().trim_end_matches('/');
    let answer = PostObjectAnswer {
        bucket_address: &format!("http://{host}{path}"),
        bucket: bucket.as_str(),
        object_key: object_key.as_str(),
        etag: written.etag,
        checksum: written_checksum(&written),
    };
    Ok(match &request.success {
        FormSuccess::NoContent => empty(StatusCode::NO_CONTENT, answer.headers()),
        FormSuccess::Ok => empty(StatusCode::OK, answer.headers()),
        FormSuccess::Created => created(&answer),
        FormSuccess::Redirect(address) => empty(StatusCode::SEE_OTHER, answer.redirect_headers(address)),
    })
}

fn created(answer: &PostObjectAnswer<'_>) -> Response<crate::respond::Outgoing> {
    let mut response = xml(answer.document());
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().extend(answer.headers());
    response
}

/// A file that the policy does not allow is the policy's refusal, not the body's.
fn fail(call: &Call<'_>, error: store::Error) -> Refusal {
    let error = match error {
        store::Error::Source(source) => match source.downcast::<BodyFault>() {
            Ok(fault) => return Refusal::of_body(*fault),
            Err(source) => store::Error::Source(source),
        },
        error => error,
    };
    call.fail()(error)
}
