//! Listings: objects and uploads in the order of their keys, groups of keys folded into common prefixes.
//!
//! The listing of a whole bucket under a prefix and delimiter is one sequence of entries, keys and common prefixes, in
//! byte order. A page is what of it comes after a marker; the marker for the next page is the last entry of
//! this one. So a marker that lies in or on a common prefix is past that prefix, nothing is lost and nothing comes twice.
//!
//! A common prefix costs the same however many keys it holds: the scan goes on past its end.

mod walk;

pub(crate) use walk::{Item, Walk, WalkRow, cut};

use crate::Store;
use crate::error::Result;
use crate::layout::{self, HEAD};
use crate::records::Head;
use countersign_engine::Space;
use countersign_types::{BucketName, ChecksumAlgorithm, ChecksumType, Etag, Moment};

/// What to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Only keys that begin with this.
    pub prefix: String,
    /// Folds keys that carry it after the prefix; `None` or empty: none are folded.
    pub delimiter: Option<String>,
    /// Only entries after this; the marker, start-after or `next` of the page before.
    pub start_after: Option<String>,
    /// Most entries (keys and common prefixes together). Zero gives an empty page that is not truncated.
    pub max: usize,
}

/// One object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its tag.
    pub etag: Etag,
    /// Size in bytes.
    pub size: u64,
    /// When it was written.
    pub last_modified: Moment,
    /// Which checksum it has.
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// How that was made.
    pub checksum_type: Option<ChecksumType>,
    /// As it was sent; `None` is `STANDARD`.
    pub storage_class: Option<String>,
    /// The account that owns it, if it is not the bucket's.
    pub owner: Option<String>,
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Objects, in order.
    pub entries: Vec<Entry>,
    /// Common prefixes, in order.
    pub common_prefixes: Vec<String>,
    /// True if there are entries after this page.
    pub truncated: bool,
    /// The last entry of a truncated page, a key or a common prefix.
    pub next: Option<String>,
}

impl Store {
    /// Lists objects.
    pub async fn list_objects(&self, bucket: &BucketName, query: &ListQuery) -> Result<Listing> {
        let space = self.space(bucket).await?;
        let listed = self.list_in(space, query).await;
        self.settle(bucket, space, listed).await
    }

    async fn list_in(&self, space: Space, query: &ListQuery) -> Result<Listing> {
        let start_after = query.start_after.as_deref().filter(|marker| !marker.is_empty());
        let walk = Walk {
            class: HEAD,
            prefix: &query.prefix,
            delimiter: query.delimiter.as_deref(),
            marker: start_after,
            after: start_after.map(|marker| layout::at_home(layout::escape_bytes(cut(marker)))),
            max: query.max,
        };
        let (items, truncated) = self.walk(space, &walk).await?;
        let mut listing = Listing {
            truncated,
            ..Listing::default()
        };
        if truncated {
            listing.next = items.last().map(|item| item.text().to_owned());
        }
        for item in items {
            match item {
                Item::Prefix(prefix) => listing.common_prefixes.push(prefix),
                Item::Row(row) => listing.entries.push(entry(row)?),
            }
        }
        Ok(listing)
    }
}

fn entry(row: WalkRow) -> Result<Entry> {
    let info = Head::decode(&row.value)?.into_info();
    Ok(Entry {
        key: row.key,
        etag: info.etag,
        size: info.size,
        last_modified: info.last_modified,
        checksum_algorithm: info.checksum.map(|checksum| checksum.algorithm()),
        checksum_type: info.checksum_type,
        storage_class: info.metadata.storage_class,
        owner: info.access.owner,
    })
}
