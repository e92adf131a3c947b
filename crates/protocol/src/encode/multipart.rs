//! Answers about multipart uploads.

use bytes::Bytes;
use countersign_types::{Checksum, ChecksumAlgorithm, ChecksumType, Etag, Moment, PartNumber, UploadId};

use crate::encode::Owner;
use crate::encode::headers::ObjectChecksum;
use crate::encode::xml::Xml;
use crate::operation::{ListMultipartUploads, ListParts, STANDARD_STORAGE_CLASS};

/// The answer to `CompleteMultipartUpload`.
#[derive(Clone, Copy, Debug)]
pub struct CompleteMultipartUploadAnswer<'a> {
    /// The URL of the object.
    pub location: &'a str,
    /// The bucket's name.
    pub bucket: &'a str,
    /// The object's key.
    pub object_key: &'a str,
    /// The object's tag.
    pub etag: Etag,
    /// The object's checksum.
    pub checksum: Option<ObjectChecksum<'a>>,
}

/// The answer to `ListParts`.
#[derive(Clone, Copy, Debug)]
pub struct ListPartsAnswer<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// The object's key.
    pub object_key: &'a str,
    /// What was asked.
    pub request: &'a ListParts,
    /// Who began the upload.
    pub initiator: Owner<'a>,
    /// Who will own the object.
    pub owner: Owner<'a>,
    /// The class the object will have; `None` is `STANDARD`.
    pub storage_class: Option<&'a str>,
    /// The upload's checksum algorithm.
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// The upload's checksum type.
    pub checksum_type: Option<ChecksumType>,
    /// The parts of this page, in order.
    pub parts: &'a [ListedPart<'a>],
    /// Whether there are more.
    pub is_truncated: bool,
}

/// One part of [`ListPartsAnswer`].
#[derive(Clone, Copy, Debug)]
pub struct ListedPart<'a> {
    /// `PartNumber`
    pub part: PartNumber,
    /// `LastModified`
    pub last_modified: Moment,
    /// `ETag`
    pub etag: Etag,
    /// `Size` in bytes.
    pub size: u64,
    /// Its checksum.
    pub checksum: Option<&'a Checksum>,
}

/// The answer to `ListMultipartUploads`.
#[derive(Clone, Copy, Debug)]
pub struct ListMultipartUploadsAnswer<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// What was asked.
    pub request: &'a ListMultipartUploads,
    /// The uploads of this page, by key and then by id.
    pub uploads: &'a [ListedUpload<'a>],
    /// The common prefixes of this page.
    pub common_prefixes: &'a [String],
    /// Whether there are more.
    pub is_truncated: bool,
    /// Where the next page begins: the last key or prefix, and the last upload's id.
    pub next: Option<(&'a str, Option<&'a UploadId>)>,
}

/// One upload of [`ListMultipartUploadsAnswer`].
#[derive(Clone, Copy, Debug)]
pub struct ListedUpload<'a> {
    /// `Key`
    pub object_key: &'a str,
    /// `UploadId`
    pub upload_id: &'a UploadId,
    /// Who began it.
    pub initiator: Owner<'a>,
    /// Who will own the object.
    pub owner: Owner<'a>,
    /// The class the object will have; `None` is `STANDARD`.
    pub storage_class: Option<&'a str>,
    /// When it was begun.
    pub initiated: Moment,
    /// Its checksum algorithm.
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// Its checksum type.
    pub checksum_type: Option<ChecksumType>,
}

/// The answer to `CreateMultipartUpload`.
pub fn initiate_multipart_upload(bucket: &str, object_key: &str, upload_id: &UploadId) -> Bytes {
    const ROOT: &str = "InitiateMultipartUploadResult";
    let mut xml = Xml::result(ROOT);
    xml.element("Bucket", bucket);
    xml.element("Key", object_key);
    xml.element("UploadId", upload_id.as_str());
    xml.finish(ROOT)
}

/// The answer to `CompleteMultipartUpload`.
pub fn complete_multipart_upload(answer: &CompleteMultipartUploadAnswer<'_>) -> Bytes {
    const ROOT: &str = "CompleteMultipartUploadResult";
    let mut xml = Xml::result(ROOT);
    xml.element("Location", answer.location);
    xml.element("Bucket", answer.bucket);
    xml.element("Key", answer.object_key);
    xml.etag(&answer.etag);
    xml.checksum(answer.checksum);
    xml.finish(ROOT)
}

/// The answer to `ListParts`.
pub fn list_parts(answer: &ListPartsAnswer<'_>) -> Bytes {
    const ROOT: &str = "ListPartsResult";
    let request = answer.request;
    let mut xml = Xml::result(ROOT).url_encoded(request.url_encoded);
    xml.element("Bucket", answer.bucket);
    xml.name("Key", answer.object_key);
    xml.element("UploadId", request.upload_id.as_str());
    xml.owner("Initiator", answer.initiator);
    xml.owner("Owner", answer.owner);
    xml.element(
        "StorageClass",
        answer.storage_class.unwrap_or(STANDARD_STORAGE_CLASS),
    );
    let marker = request.after.map_or(0, PartNumber::get);
    xml.number("PartNumberMarker", marker.into());
    let last = answer.parts.last().map_or(marker, |part| part.part.get());
    xml.number("NextPartNumberMarker", last.into());
    xml.number("MaxParts", request.max_parts.into());
    if request.url_encoded {
        xml.element("EncodingType", "url");
    }
    xml.boolean("IsTruncated", answer.is_truncated);
    xml.optional(
        "ChecksumAlgorithm",
        answer.checksum_algorithm.map(ChecksumAlgorithm::name),
    );
    xml.optional("ChecksumType", answer.checksum_type.map(ChecksumType::name));
    for part in answer.parts {
        xml.open("Part");
        xml.number("PartNumber", part.part.get().into());
        xml.element("LastModified", &part.last_modified.iso8601());
        xml.etag(&part.etag);
        xml.number("Size", part.size);
        xml.checksum(part.checksum.map(ObjectChecksum::part));
        xml.close("Part");
    }
    xml.finish(ROOT)
}

/// The answer to `ListMultipartUploads`.
pub fn list_multipart_uploads(answer: &ListMultipartUploadsAnswer<'_>) -> Bytes {
    const ROOT: &str = "ListMultipartUploadsResult";
    let request = answer.request;
    let mut xml = Xml::result(ROOT).url_encoded(request.url_encoded);
    xml.element("Bucket", answer.bucket);
    xml.name("KeyMarker", &request.key_marker);
    let upload_id_marker = request.upload_id_marker.as_ref().map_or("", UploadId::as_str);
    xml.element("UploadIdMarker", upload_id_marker);
    if let Some((object_key, upload_id)) = answer.next.filter(|_| answer.is_truncated) {
        xml.name("NextKeyMarker", object_key);
        xml.element("NextUploadIdMarker", upload_id.map_or("", UploadId::as_str));
    }
    if let Some(delimiter) = &request.delimiter {
        xml.name("Delimiter", delimiter);
    }
    xml.name("Prefix", &request.prefix);
    xml.number("MaxUploads", request.max_uploads.into());
    xml.listing_tail(None, request.url_encoded, answer.is_truncated);
    for upload in answer.uploads {
        xml.open("Upload");
        xml.name("Key", upload.object_key);
        xml.element("UploadId", upload.upload_id.as_str());
        xml.owner("Initiator", upload.initiator);
        xml.owner("Owner", upload.owner);
        xml.element(
            "StorageClass",
            upload.storage_class.unwrap_or(STANDARD_STORAGE_CLASS),
        );
        xml.element("Initiated", &upload.initiated.iso8601());
        xml.optional(
            "ChecksumAlgorithm",
            upload.checksum_algorithm.map(ChecksumAlgorithm::name),
        );
        xml.optional("ChecksumType", upload.checksum_type.map(ChecksumType::name));
        xml.close("Upload");
    }
    xml.common_prefixes(answer.common_prefixes);
    xml.finish(ROOT)
}
