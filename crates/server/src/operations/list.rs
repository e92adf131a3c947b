//! ListObjects, ListObjectsV2 and ListObjectVersions.

use std::sync::Arc;

use countersign_identity::Account;
use countersign_protocol::encode::{
    ListObjectVersionsAnswer, ListObjectsAnswer, ListObjectsV2Answer, ListedObject, list_object_versions,
    list_objects, list_objects_v2,
};
use countersign_protocol::operation::{ListObjectVersions, ListObjects, ListObjectsV2};
use countersign_store::{Entry, ListQuery, Listing};

use super::{Answer, Call, owner, xml};
use crate::refusal::Refusal;

pub(super) async fn v1(call: &Call<'_>, request: &ListObjects) -> Answer {
    let start_after = Some(request.marker.as_str()).filter(|marker| !marker.is_empty());
    let listing = list(
        call,
        &request.prefix,
        request.delimiter.as_ref(),
        start_after,
        request.max_keys,
    )
    .await?;
    let owners = owners(call, &listing);
    let objects: Vec<ListedObject<'_>> = listing.entries.iter().zip(&owners).map(shown).collect();
    Ok(xml(list_objects(&ListObjectsAnswer {
        bucket: call.bucket().as_str(),
        request,
        objects: &objects,
        common_prefixes: &listing.common_prefixes,
        is_truncated: listing.truncated,
        next_marker: listing.next.as_deref(),
        owner: Some(call.owner()),
    })))
}

pub(super) async fn v2(call: &Call<'_>, request: &ListObjectsV2) -> Answer {
    let start_after = request.begin_after();
    let listing = list(
        call,
        &request.prefix,
        request.delimiter.as_ref(),
        start_after,
        request.max_keys,
    )
    .await?;
    let owners = owners(call, &listing);
    let objects: Vec<ListedObject<'_>> = listing.entries.iter().zip(&owners).map(shown).collect();
    Ok(xml(list_objects_v2(&ListObjectsV2Answer {
        bucket: call.bucket().as_str(),
        request,
        objects: &objects,
        common_prefixes: &listing.common_prefixes,
        is_truncated: listing.truncated,
        next: listing.next.as_deref(),
        owner: Some(call.owner()),
    })))
}

pub(super) async fn versions(call: &Call<'_>, request: &ListObjectVersions) -> Answer {
    let start_after = Some(request.key_marker.as_str()).filter(|marker| !marker.is_empty());
    let listing = list(
        call,
        &request.prefix,
        request.delimiter.as_ref(),
        start_after,
        request.max_keys,
    )
    .await?;
    let owners = owners(call, &listing);
    let objects: Vec<ListedObject<'_>> = listing.entries.iter().zip(&owners).map(shown).collect();
    Ok(xml(list_object_versions(&ListObjectVersionsAnswer {
        bucket: call.bucket().as_str(),
        request,
        objects: &objects,
        common_prefixes: &listing.common_prefixes,
        is_truncated: listing.truncated,
        next: listing.next.as_deref(),
        owner: call.owner(),
    })))
}

/// The page that all of them answer, each in its own words.
async fn list(
    call: &Call<'_>,
    prefix: &str,
    delimiter: Option<&String>,
    start_after: Option<&str>,
    max_keys: u32,
) -> Result<Listing, Refusal> {
    let query = ListQuery {
        prefix: prefix.to_owned(),
        delimiter: delimiter.cloned(),
        start_after: start_after.map(str::to_owned),
        max: usize::try_from(max_keys).unwrap_or(usize::MAX),
    };
    call.store
        .list_objects(call.bucket(), &query)
        .await
        .map_err(call.fail())
}

/// The owners of the objects on a page, where they are not the bucket's. Most pages name nobody else.
fn owners(call: &Call<'_>, listing: &Listing) -> Vec<Option<Arc<Account>>> {
    let has_lists = call.has_lists();
    let entries = listing.entries.iter();
    entries
        .map(|entry| entry.owner.as_deref().filter(|_| has_lists))
        .map(|id| call.other(id))
        .collect()
}

fn shown<'a>((entry, owned_by): (&'a Entry, &'a Option<Arc<Account>>)) -> ListedObject<'a> {
    ListedObject {
        object_key: &entry.key,
        last_modified: entry.last_modified,
        etag: entry.etag,
        checksum_algorithm: entry.checksum_algorithm,
        checksum_type: entry.checksum_type,
        size: entry.size,
        storage_class: entry.storage_class.as_deref(),
        owner: owned_by.as_deref().map(owner),
    }
}
