//! Listing the parts of an upload and the uploads of a bucket.

use crate::Store;
use crate::error::{Result, corrupt};
use crate::layout::{self, PART, UPLOAD};
use crate::list::{Item, Walk};
use crate::records::{Generation, PartRecord, UploadRecord};
use bytes::Bytes;
use countersign_engine::limits::SCAN_ROWS_MAX;
use countersign_engine::{Position, ScanRange, Space};
use countersign_types::{
    BucketName, Checksum, ChecksumAlgorithm, ChecksumType, Etag, Moment, ObjectKey, PartNumber, UploadId,
};

/// Parts of an upload, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartPage {
    /// The upload they belong to.
    pub upload: super::Upload,
    /// At most as many as were asked for.
    pub parts: Vec<ListedPart>,
    /// True if there are more; go on after the last number.
    pub truncated: bool,
}

/// A part in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPart {
    /// Its number.
    pub number: PartNumber,
    /// Its tag.
    pub etag: Etag,
    /// Size in bytes.
    pub size: u64,
    /// When it was written.
    pub last_modified: Moment,
    /// Its checksum.
    pub checksum: Option<Checksum>,
}

/// Which uploads to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadQuery {
    /// Only keys that begin with this.
    pub prefix: String,
    /// Folds keys that carry it after the prefix; `None` or empty: none are folded.
    pub delimiter: Option<String>,
    /// Only uploads of keys after this, or of this key after `upload_id_marker`.
    pub key_marker: Option<String>,
    /// Counts only together with `key_marker`.
    pub upload_id_marker: Option<UploadId>,
    /// Most uploads and common prefixes together.
    pub max: usize,
}

/// An upload in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUpload {
    /// The key of the object it will become.
    pub key: String,
    /// Its id.
    pub upload_id: UploadId,
    /// When it was begun.
    pub initiated: Moment,
    /// The account that began it, if it is not the bucket's.
    pub initiator: Option<String>,
    /// The account that will own the object, if it is not the bucket's.
    pub owner: Option<String>,
    /// As it was sent; `None` is `STANDARD`.
    pub storage_class: Option<String>,
    /// Which checksum the client chose, and how it will be made.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
}

/// A page of uploads: by key, and of one key by age.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadPage {
    /// Uploads, in order.
    pub uploads: Vec<ListedUpload>,
    /// Common prefixes, in order.
    pub common_prefixes: Vec<String>,
    /// True if there are entries after this page.
    pub truncated: bool,
    /// `key_marker` of the next page.
    pub next_key_marker: Option<String>,
    /// `upload_id_marker` of the next page; `None` after a common prefix.
    pub next_upload_id_marker: Option<UploadId>,
}

impl Store {
    /// Lists parts with numbers greater than `after`, at most `max`.
    pub async fn list_parts(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        upload_id: &UploadId,
        after: Option<PartNumber>,
        max: usize,
    ) -> Result<PartPage> {
        let upload = self.upload(bucket, object_key, upload_id).await?;
        let space = self.space(bucket).await?;
        let home = layout::object_home(object_key);
        let after = after.map_or(0, PartNumber::get);
        let (from, until) = layout::numbered_range(&home, Generation::of_upload(upload_id), after);
        if max == 0 {
            return Ok(PartPage {
                upload,
                parts: Vec::new(),
                truncated: false,
            });
        }
        let scanned = self
            .engine()
            .scan(
                space,
                PART,
                ScanRange {
                    from,
                    until,
                    fold: None,
                },
                max.min(SCAN_ROWS_MAX),
            )
            .await;
        let page = self.settle(bucket, space, scanned.map_err(Into::into)).await?;
        let parts = page.rows.iter().map(|row| {
            let number =
                layout::part_number(&row.position.suffix).ok_or_else(|| corrupt("the name of a part"))?;
            listed_part(number, PartRecord::decode(&row.value)?)
        });
        Ok(PartPage {
            upload,
            parts: parts.collect::<Result<_>>()?,
            truncated: page.more,
        })
    }

    /// Lists uploads that are neither completed nor aborted.
    pub async fn list_uploads(&self, bucket: &BucketName, query: &UploadQuery) -> Result<UploadPage> {
        let space = self.space(bucket).await?;
        let listed = self.list_uploads_in(space, query).await;
        self.settle(bucket, space, listed).await
    }

    async fn list_uploads_in(&self, space: Space, query: &UploadQuery) -> Result<UploadPage> {
        let key_marker = query.key_marker.as_deref().filter(|marker| !marker.is_empty());
        let after = key_marker.map(|marker| {
            let home = layout::escape_bytes(crate::list::cut(marker));
            match &query.upload_id_marker {
                Some(id) => Position {
                    home,
                    suffix: Bytes::copy_from_slice(id.as_str().as_bytes()),
                },
                None => layout::past_home(home),
            }
        });
        let walk = Walk {
            class: UPLOAD,
            prefix: &query.prefix,
            delimiter: query.delimiter.as_deref(),
            marker: key_marker,
            after,
            max: query.max,
        };
        let (items, truncated) = self.walk(space, &walk).await?;
        let mut page = UploadPage {
            truncated,
            ..UploadPage::default()
        };
        for item in items {
            page.next_key_marker = truncated.then(|| item.text().to_owned());
            page.next_upload_id_marker = None;
            match item {
                Item::Prefix(prefix) => page.common_prefixes.push(prefix),
                Item::Row(row) => {
                    let upload_id = layout::generation(&row.suffix).map(Generation::upload_id);
                    let upload_id = upload_id.ok_or_else(|| corrupt("the name of an upload"))?;
                    page.next_upload_id_marker = truncated.then(|| upload_id.clone());
                    let record = UploadRecord::decode(&row.value)?;
                    page.uploads.push(ListedUpload {
                        key: row.key,
                        upload_id,
                        initiated: record.initiated,
                        initiator: record.initiator,
                        owner: record.access.owner,
                        storage_class: record.metadata.storage_class,
                        checksum: record.checksum,
                    });
                }
            }
        }
        Ok(page)
    }
}

fn listed_part(number: PartNumber, part: PartRecord) -> Result<ListedPart> {
    Ok(ListedPart {
        number,
        etag: part.etag(),
        size: part.size,
        last_modified: part.modified,
        checksum: part.checksum,
    })
}
