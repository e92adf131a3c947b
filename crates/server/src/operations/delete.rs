//! DeleteObject and DeleteObjects.

use countersign_protocol::ErrorCode;
use countersign_protocol::encode::{DeletedObject, delete_objects};
use countersign_protocol::operation::{DeleteObject, DeleteObjects, DeleteObjectsDocument, ObjectToDelete};
use countersign_store::Error;
use countersign_types::WriteCondition;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{HeaderMap, StatusCode};

use super::{Answer, Call, empty, parse_failed, xml};
use crate::body::Upload;
use crate::refusal::{Refusal, Refused, S3Error};

pub(super) async fn one(call: &Call<'_>, request: &DeleteObject) -> Answer {
    let condition = request.condition.clone();
    call.store
        .delete_object_within(
            call.bucket(),
            call.object_key(),
            call.authorized.reach(),
            &condition,
        )
        .await
        .map_err(call.fail())?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

pub(super) async fn many(call: &Call<'_>, request: &DeleteObjects, body: &mut Upload) -> Answer {
    let document = call.document(&request.integrity, body).await?;
    let document = DeleteObjectsDocument::parse(&document).map_err(parse_failed)?;
    // Several at once, because deletes that wait together share one sync of the log.
    let deletes: Vec<_> = document
        .objects
        .iter()
        .map(|object| delete(call, object))
        .collect();
    let deletes = stream::iter(deletes).buffered(DELETES_AT_ONCE);
    let failures: Vec<Option<S3Error>> = deletes.try_collect().await?;
    let objects: Vec<DeletedObject<'_>> = document
        .objects
        .iter()
        .zip(&failures)
        .map(|(object, failure)| DeletedObject {
            object_key: object.object_key.as_str(),
            version_id: object.version_id.as_deref(),
            error: failure.as_ref().map(|error| (error.code, error.message.as_ref())),
        })
        .collect();
    Ok(xml(delete_objects(&objects, document.quiet)))
}

/// Deletes one object; a failure is part of the answer, unless no further object could be deleted either.
async fn delete(call: &Call<'_>, object: &ObjectToDelete) -> Result<Option<S3Error>, Refusal> {
    let version_id = object.version_id.as_deref();
    let told = |refusal| Ok(Some(Refused::new(refusal).s3_error(call.received.at)));
    let may = call
        .authorized
        .may_delete(&object.object_key, version_id, object.if_match.as_ref());
    let reach = match may {
        Ok(reach) => reach,
        Err(refusal) => return told(refusal),
    };
    if let Some(error) = wrong_version(version_id) {
        return Ok(Some(error));
    }
    let condition = WriteCondition {
        if_match: object.if_match.clone(),
        if_none_match: None,
    };
    match call
        .store
        .delete_object_within(call.bucket(), &object.object_key, &reach, &condition)
        .await
    {
        Ok(_) => Ok(None),
        Err(error @ (Error::NoSuchBucket | Error::Engine(countersign_engine::Error::Failed(_)))) => {
            Err(call.fail()(error))
        }
        Err(error) => told(call.authorized.veil(call.fail()(error))),
    }
}

/// There are no versions yet, so `null` is the only one that an object can have.
fn wrong_version(version_id: Option<&str>) -> Option<S3Error> {
    version_id
        .filter(|version_id| *version_id != "null")
        .map(|_| S3Error::new(ErrorCode::NoSuchVersion))
}

/// Objects of one request that are deleted at the same time. All of a full request would crowd out everybody else.
const DELETES_AT_ONCE: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_cannot_be_is_an_error_of_that_object() {
        assert_eq!(wrong_version(Some("null")), None);
        assert_eq!(wrong_version(None), None);
        let error = wrong_version(Some("3HL4kqtJlcpXroDTDmJ")).expect("no such version");
        assert_eq!(error.code, ErrorCode::NoSuchVersion);
    }
}
