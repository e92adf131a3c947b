//! Writes answers: one function a document, with AWS's element order, and the headers of objects.
//!
//! Not here: request ids, `Content-Type: application/xml` and everything else that the server puts on every answer.
//! Inputs are plain borrowed values, so nothing is copied but into the answer itself.

mod access;
mod attributes;
mod bucket;
mod cors;
pub(crate) mod error;
mod headers;
mod listing;
mod multipart;
mod object;
mod post_object;
mod unset;
mod versions;
pub(crate) mod xml;

pub use access::{
    ListedGrant, ListedGrantee, access_control_list, ownership_controls, policy_status, public_access_block,
};
pub use attributes::{AttributePart, AttributeParts, ObjectAttributesAnswer, object_attributes};
pub use bucket::{ListBucketsAnswer, ListedBucket, bucket_location, list_buckets};
pub use cors::cors_configuration;
pub use error::{Cause, Decision, Diagnosis, ErrorAnswer, UnmetCondition, error, explained};
pub use headers::{DEFAULT_CONTENT_TYPE, ObjectChecksum, ObjectHeaders, written_headers};
pub use listing::{ListObjectsAnswer, ListObjectsV2Answer, ListedObject, list_objects, list_objects_v2};
pub use multipart::{
    CompleteMultipartUploadAnswer, ListMultipartUploadsAnswer, ListPartsAnswer, ListedPart, ListedUpload,
    complete_multipart_upload, initiate_multipart_upload, list_multipart_uploads, list_parts,
};
pub use object::{DeletedObject, copy_object, copy_part, delete_objects};
pub use post_object::PostObjectAnswer;
pub use unset::unset;
pub use versions::{ListObjectVersionsAnswer, bucket_versioning, list_object_versions};
pub use xml::DECLARATION;

/// The owner of a bucket, object or upload, as XML shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The canonical id.
    pub id: &'a str,
    /// The display name.
    pub display_name: &'a str,
}
