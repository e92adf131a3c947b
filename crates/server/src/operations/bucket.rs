//! ListBuckets, CreateBucket, HeadBucket, DeleteBucket, GetBucketLocation and GetBucketVersioning.

use countersign_protocol::encode::{
    ListBucketsAnswer, ListedBucket, bucket_location, bucket_versioning, list_buckets,
};
use countersign_protocol::operation::{CreateBucket, CreateBucketDocument, ListBuckets};
use countersign_protocol::{ErrorCode, ParseError, continuation};
use countersign_store::{Access, Error};
use countersign_types::{Grant, ObjectOwnership};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Answer, Call, acl, empty, owner, parse_failed, xml};
use crate::body::Upload;
use crate::lists;
use crate::refusal::Refusal;

/// Most buckets on a page; AWS's own limit where the caller names none.
const BUCKETS_MAX: u32 = 10_000;
/// Where a region is the default, AWS names it by leaving it out.
const DEFAULT_REGION: &str = "us-east-1";

pub(super) async fn list(call: &Call<'_>, request: &ListBuckets) -> Answer {
    let prefix = request.prefix.as_deref().unwrap_or_default();
    let max = usize::try_from(request.max_buckets.unwrap_or(BUCKETS_MAX)).unwrap_or(usize::MAX);
    let page = call
        .store
        .buckets_owned_by(&call.account().id, request.start_after.as_deref(), prefix, max)
        .await
        .map_err(call.fail())?;
    let is_wanted = |region: &str| {
        request
            .bucket_region
            .as_deref()
            .is_none_or(|wanted| wanted == region)
    };
    // AWS names the region only where the caller pages or filters.
    let shows_region = request.max_buckets.is_some() || request.bucket_region.is_some();
    let buckets: Vec<ListedBucket<'_>> = page
        .buckets
        .iter()
        .filter(|bucket| is_wanted(&bucket.region))
        .map(|bucket| ListedBucket {
            name: bucket.name.as_str(),
            created: bucket.created,
            region: shows_region.then_some(bucket.region.as_str()),
        })
        .collect();
    let next = page.next.as_deref().map(continuation::encode);
    Ok(xml(list_buckets(&ListBucketsAnswer {
        owner: owner(call.account()),
        buckets: &buckets,
        continuation_token: next.as_deref(),
        prefix: request.prefix.as_deref(),
    })))
}

pub(super) async fn create(call: &Call<'_>, request: &CreateBucket, body: &mut Upload) -> Answer {
    let document = call.document(&request.integrity, body).await?;
    let document = CreateBucketDocument::parse(&document).map_err(parse_failed)?;
    check_location(document.location.as_deref(), &call.config.region)?;
    let bucket = call.bucket();
    let access = access_of_new(call, request).await?;
    let grants = access.grants.clone();
    match call
        .store
        .create_bucket_with(bucket, &call.account().id, &call.config.region, access)
        .await
    {
        Ok(()) => {}
        // SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>: in us-east-1, and only there,
        // making one's own bucket again succeeds, and gives it the list of access of this request.
        Err(Error::BucketAlreadyOwnedByYou) if call.config.region == DEFAULT_REGION => {
            let seen = call.store.bucket(bucket).await.map_err(call.fail())?;
            if seen.access.has_lists() && seen.access.grants != grants {
                let set = call.store.set_bucket_grants(&seen, grants).await;
                set.map_err(call.fail())?;
            }
        }
        Err(error) => return Err(call.fail()(error)),
    }
    let mut headers = HeaderMap::new();
    let location = HeaderValue::try_from(format!("/{bucket}")).expect("bucket names are plain ASCII");
    headers.insert(header::LOCATION, location);
    Ok(empty(StatusCode::OK, headers))
}

/// What is set for a new bucket: whose its objects will be, and its list of access.
async fn access_of_new(call: &Call<'_>, request: &CreateBucket) -> Result<Access, Refusal> {
    let owned_by = call.account();
    let ownership = request.ownership.unwrap_or(ObjectOwnership::BucketOwnerEnforced);
    let grants = lists::of_bucket(request.acl.as_ref(), owned_by);
    let refuse = |code| Err(parse_failed(ParseError::new(code)));
    if !ownership.has_lists() && lists::lets_others_in(grants.as_deref(), owned_by) {
        return refuse(ErrorCode::InvalidBucketAclWithObjectOwnership);
    }
    acl::check_grants(call, grants.as_deref())?;
    let is_public = grants.iter().flatten().any(Grant::is_public);
    if is_public {
        let block = call.store.account_block(&owned_by.id).await;
        let block = block.map_err(call.fail())?.unwrap_or_default();
        if block.block_public_acls {
            return refuse(ErrorCode::InvalidBucketAclWithBlockPublicAccessError);
        }
    }
    Ok(Access {
        ownership: Some(ownership),
        grants,
        ..Access::default()
    })
}

/// A bucket lies in this server's region, and the request must say so in AWS's way: by its name, or by nothing where
/// the region is the default.
fn check_location(location: Option<&str>, region: &str) -> Result<(), Refusal> {
    match location {
        None if region == DEFAULT_REGION => Ok(()),
        Some(DEFAULT_REGION) if region == DEFAULT_REGION => Err(parse_failed(
            ParseError::new(ErrorCode::InvalidLocationConstraint).element("LocationConstraint", region),
        )),
        Some(location) if location == region => Ok(()),
        Some("EU") if region == "eu-west-1" => Ok(()),
        other => Err(Refusal::LocationConstraint {
            got: other.unwrap_or_default().to_owned(),
        }),
    }
}

/// That it is there; its region is told with every answer.
pub(super) fn head() -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-access-point-alias", HeaderValue::from_static("false"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Ok(empty(StatusCode::OK, headers))
}

pub(super) async fn delete(call: &Call<'_>) -> Answer {
    call.store
        .delete_bucket(call.bucket())
        .await
        .map_err(call.fail())?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

pub(super) fn location(call: &Call<'_>) -> Answer {
    Ok(xml(bucket_location(&call.ground().bucket.region)))
}

/// There are no versions yet, so they were never switched on.
pub(super) fn versioning() -> Answer {
    Ok(xml(bucket_versioning()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_constraint_must_name_this_region() {
        let check = |location: Option<&str>, region: &str, expected: bool| {
            assert_eq!(
                check_location(location, region).is_ok(),
                expected,
                "{location:?} in {region}"
            );
        };
        check(None, "us-east-1", true);
        check(Some("us-east-1"), "us-east-1", false);
        check(Some("eu-central-1"), "us-east-1", false);
        check(Some("eu-central-1"), "eu-central-1", true);
        check(Some("us-east-1"), "eu-central-1", false);
        check(None, "eu-central-1", false);
        check(Some("EU"), "eu-west-1", true);
        check(Some("EU"), "eu-central-1", false);
    }

    #[test]
    fn naming_the_default_region_is_refused_as_at_aws() {
        let refused = check_location(Some("us-east-1"), "us-east-1");
        assert!(
            matches!(refused, Err(Refusal::Parse(error)) if error.code == ErrorCode::InvalidLocationConstraint)
        );
    }
}
