//! GetBucketAcl, GetObjectAcl, PutBucketAcl and PutObjectAcl, and what a write gives the object that it makes: an owner and a list.
//!
//! In a bucket whose owner owns every object there are no lists: that of the owner is shown, and none can be put, not even one that says
//! what holds anyway.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html>.

use std::sync::Arc;

use countersign_identity::Account;
use countersign_protocol::encode::{ListedGrant, ListedGrantee, access_control_list};
use countersign_protocol::operation::{AclDocument, PutAcl, RequestedAcl};
use countersign_protocol::{ErrorCode, ParseError};
use countersign_types::{Grant, Grantee, ObjectAccess};
use http::{HeaderMap, Response, StatusCode};

use super::{Answer, Call, empty, owner, parse_failed, xml};
use crate::body::Upload;
use crate::facts::{self, Target};
use crate::lists;
use crate::refusal::Refusal;
use crate::respond::Outgoing;

pub(super) fn of_bucket(call: &Call<'_>) -> Response<Outgoing> {
    let grants = match call.has_lists() {
        true => call.ground().bucket.access.grants.as_deref(),
        false => None,
    };
    shown(call, call.bucket_owner(), grants)
}

pub(super) async fn of_object(call: &Call<'_>) -> Answer {
    call.check_is_there().await?;
    let access = call.ground().object(call.object_key());
    let owned_by = owner_of(call, access);
    let grants = access.and_then(|access| access.grants.as_deref());
    Ok(shown(call, &owned_by, grants))
}

/// The owner of an object, as it was when the request was allowed.
fn owner_of(call: &Call<'_>, access: Option<&ObjectAccess>) -> Arc<Account> {
    let id = access.and_then(|access| access.owner.as_deref());
    call.account_of(id.unwrap_or(&call.ground().bucket.owner))
}

/// The list as it counts: what a public access block ignores is not in it.
///
/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>.
fn shown(call: &Call<'_>, owned_by: &Account, grants: Option<&[Grant]>) -> Response<Outgoing> {
    let own = [lists::own(owned_by)];
    let ignores_public = call.ground().access_block().ignore_public_acls;
    let counting: Vec<&Grant> = grants
        .unwrap_or(&own)
        .iter()
        .filter(|grant| !(ignores_public && grant.is_public()))
        .collect();
    let accounts: Vec<Option<Arc<Account>>> = counting
        .iter()
        .map(|grant| match &grant.grantee {
            Grantee::Account(id) => Some(named(call, id)),
            Grantee::Group(_) => None,
        })
        .collect();
    let listed: Vec<ListedGrant<'_>> = counting
        .iter()
        .zip(&accounts)
        .map(|(grant, account)| ListedGrant {
            grantee: match (&grant.grantee, account) {
                (Grantee::Group(group), _) => ListedGrantee::Group(group.uri()),
                (Grantee::Account(_), Some(account)) => ListedGrantee::Account(owner(account)),
                (Grantee::Account(id), None) => {
                    ListedGrantee::Account(countersign_protocol::encode::Owner { id, display_name: "" })
                }
            },
            permission: grant.permission,
        })
        .collect();
    xml(access_control_list(owner(owned_by), &listed))
}

/// The account that an entry names. Of one that is gone, or was never here, its canonical id is left.
fn named(call: &Call<'_>, canonical_id: &str) -> Arc<Account> {
    let gone = || Account {
        id: String::new(),
        canonical_id: canonical_id.to_owned(),
        display_name: String::new(),
    };
    let found = call.directory.account_by_canonical_id(canonical_id);
    found.unwrap_or_else(|| Arc::new(gone()))
}

pub(super) async fn put_of_bucket(call: &Call<'_>, request: &PutAcl, body: &mut Upload) -> Answer {
    let owned_by = call.bucket_owner();
    let grants = match asked(call, request, body).await? {
        _ if !call.has_lists() => return Err(not_supported()),
        Asked::Headers(acl) => lists::of_bucket(Some(acl), owned_by),
        Asked::Document(document) => of_document(document, owned_by)?,
    };
    check_grants(call, grants.as_deref())?;
    check_block(
        call,
        grants.as_deref(),
        facts::PUT_BUCKET_ACL,
        &Target::Bucket(call.bucket()),
    )?;
    let seen = &call.ground().bucket;
    let set = call.store.set_bucket_grants(seen, grants).await;
    set.map_err(call.fail())?;
    Ok(empty(StatusCode::OK, HeaderMap::new()))
}

pub(super) async fn put_of_object(call: &Call<'_>, request: &PutAcl, body: &mut Upload) -> Answer {
    let asked = asked(call, request, body).await?;
    call.check_is_there().await?;
    let (bucket, object_key) = (call.bucket(), call.object_key());
    if !call.has_lists() {
        return Err(not_supported());
    }
    let Some(seen) = call.ground().object(object_key) else {
        // It was not there when the request was allowed.
        return Err(call.fail()(countersign_store::Error::Conflict));
    };
    let owned_by = owner_of(call, Some(seen));
    let grants = match asked {
        Asked::Headers(acl) => lists::of_object(Some(acl), &owned_by, call.bucket_owner()),
        Asked::Document(document) => of_document(document, &owned_by)?,
    };
    check_grants(call, grants.as_deref())?;
    let target = Target::Object(bucket, object_key);
    check_block(call, grants.as_deref(), facts::PUT_OBJECT_ACL, &target)?;
    let set = call
        .store
        .set_object_grants(bucket, object_key, seen, grants)
        .await;
    set.map_err(call.fail())?;
    Ok(empty(StatusCode::OK, HeaderMap::new()))
}

/// What a request puts: in its headers, or in its document.
enum Asked<'a> {
    Headers(&'a RequestedAcl),
    Document(AclDocument),
}

async fn asked<'a>(call: &Call<'_>, request: &'a PutAcl, body: &mut Upload) -> Result<Asked<'a>, Refusal> {
    let document = call.document(&request.integrity, body).await?;
    match &request.requested {
        Some(acl) if document.is_empty() => Ok(Asked::Headers(acl)),
        Some(_) => Err(parse_failed(ParseError::new(ErrorCode::UnexpectedContent))),
        None => AclDocument::parse(&document)
            .map(Asked::Document)
            .map_err(parse_failed),
    }
}

/// A document names the owner, which it cannot change.
fn of_document(document: AclDocument, owned_by: &Account) -> Result<Option<Vec<Grant>>, Refusal> {
    match document.owner == owned_by.canonical_id {
        true => Ok(Some(document.grants)),
        false => Err(Refusal::AccessDenied),
    }
}

fn not_supported() -> Refusal {
    parse_failed(ParseError::new(ErrorCode::AccessControlListNotSupported))
}

/// Refuses entries for accounts that do not exist.
pub(super) fn check_grants(call: &Call<'_>, grants: Option<&[Grant]>) -> Result<(), Refusal> {
    for grant in grants.unwrap_or_default() {
        let Grantee::Account(id) = &grant.grantee else {
            continue;
        };
        let is_there = lists::is_of_aws(id) || call.directory.account_by_canonical_id(id).is_some();
        if !is_there {
            let error = ParseError::argument("Invalid id", "CanonicalUser/ID", id);
            return Err(parse_failed(error));
        }
    }
    Ok(())
}

/// Refuses a list that a public access block forbids.
fn check_block(
    call: &Call<'_>,
    grants: Option<&[Grant]>,
    action: &str,
    target: &Target<'_>,
) -> Result<(), Refusal> {
    let ground = call.ground();
    let doing = call.authorized.doing(action, target, Some(ground));
    match ground
        .access_block()
        .refuses_list(&lists::entries(grants), &doing)
    {
        None => Ok(()),
        Some(message) => {
            let error = ParseError::with_message(ErrorCode::AccessDenied, message);
            Err(parse_failed(error))
        }
    }
}

/// Who will own what the request writes, and its list.
pub(super) fn of_written(call: &Call<'_>, acl: Option<&RequestedAcl>) -> Result<ObjectAccess, Refusal> {
    let ground = call.ground();
    let ownership = ground.bucket.access.ownership();
    if !ownership.has_lists() {
        // Asked for only where something is said: most writes say nothing of it.
        return match acl.is_none() || lists::says_what_holds(acl, call.bucket_owner()) {
            true => Ok(ObjectAccess::default()),
            false => Err(not_supported()),
        };
    }
    let bucket_owner = call.bucket_owner();
    let owned_by = match lists::is_given_up(ownership, acl) {
        true => bucket_owner.clone(),
        false => call.writer(),
    };
    let grants = lists::of_object(acl, &owned_by, bucket_owner);
    check_grants(call, grants.as_deref())?;
    let target = Target::NewObject(call.bucket(), call.object_key());
    check_block(call, grants.as_deref(), facts::PUT_OBJECT, &target)?;
    Ok(ObjectAccess {
        owner: lists::owner_id(&owned_by, ground),
        grants,
    })
}
