//! The operations of S3 that this server knows, with every input as a value.
//!
//! One variant an operation; its inputs stand beside their parser in the files below. A value of [`Operation`] says
//! everything about the request but its body: headers that change the meaning and are not understood were refused.

use countersign_types::{BucketName, ObjectKey};

mod access;
pub(crate) mod account;
mod acl;
mod attributes;
mod bucket;
mod condition;
mod content;
pub(crate) mod copy;
mod cors;
mod integrity;
mod listing;
mod multipart;
mod object;
mod post_object;
mod unset;

pub use access::{
    OwnershipControlsDocument, PublicAccessBlockDocument, PutBucketOwnershipControls, PutBucketPolicy,
    PutPublicAccessBlock,
};
pub use account::{AccountId, PutAccountPublicAccessBlock};
pub use acl::{AclDocument, CannedAcl, GRANT_HEADERS, PutAcl, RequestedAcl};
pub use attributes::{GetObjectAttributes, ObjectAttribute};
pub use bucket::{CreateBucket, CreateBucketDocument, ListBuckets};
pub use condition::RangeCondition;
pub use content::STANDARD_STORAGE_CLASS;
pub use copy::{CopyObject, CopySource, MetadataDirective, UploadPartCopy};
pub use cors::{CorsDocument, Preflight, PutBucketCors};
pub use integrity::{CHECKSUM_NOT_SENT, DeclaredChecksum, Integrity};
pub use listing::{ListMultipartUploads, ListObjectVersions, ListObjects, ListObjectsV2, ListParts};
pub use multipart::{
    AbortMultipartUpload, CompleteMultipartUpload, CompleteMultipartUploadDocument, CompletedPart,
    CreateMultipartUpload, UploadPart,
};
pub use object::{
    DeleteObject, DeleteObjects, DeleteObjectsDocument, GetObject, ObjectToDelete, PutObject,
    ResponseOverrides,
};

pub use post_object::{FORM_KEY_EMPTY, FormSuccess, PostObject};
pub use unset::{Unset, UnsetAnswer, UnsetDocument};

pub(crate) use acl::AclTarget;
pub(crate) use object::parse_object_key;
pub(crate) use post_object::parse_form_key;

/// A request whose meaning is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What is asked for.
    pub operation: Operation,
    /// The bucket; `None` only for [`Operation::ListBuckets`], for what is about an account, and for an [`Operation::Preflight`] that names
    /// none.
    pub bucket: Option<BucketName>,
    /// The object key; present for exactly the operations on an object.
    pub object_key: Option<ObjectKey>,
    /// `versionId`, as sent; only `null` names a version here.
    pub version_id: Option<String>,
    /// `x-amz-expected-bucket-owner`: the server refuses (403 `AccessDenied`) if the bucket belongs to somebody else.
    pub expected_bucket_owner: Option<String>,
    /// `x-amz-source-expected-bucket-owner`: the same for the bucket a copy reads from.
    pub expected_source_bucket_owner: Option<String>,
    /// `x-countersign-once=1`: a link that is good for one use.
    pub is_once: bool,
}

/// An operation and its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `GET /`
    ListBuckets(ListBuckets),
    /// `PUT /bucket`, with an optional document
    CreateBucket(CreateBucket),
    /// `HEAD /bucket`
    HeadBucket,
    /// `DELETE /bucket`
    DeleteBucket,
    /// `GET /bucket?location`
    GetBucketLocation,
    /// `PUT /bucket?cors`, with a document
    PutBucketCors(PutBucketCors),
    /// `GET /bucket?cors`
    GetBucketCors,
    /// `DELETE /bucket?cors`
    DeleteBucketCors,
    /// `OPTIONS` on anything
    Preflight(Preflight),
    /// `GET /bucket`
    ListObjects(ListObjects),
    /// `GET /bucket?list-type=2`
    ListObjectsV2(ListObjectsV2),
    /// `GET /bucket?versions`
    ListObjectVersions(ListObjectVersions),
    /// `GET /bucket?versioning`
    GetBucketVersioning,
    /// `GET /bucket?acl`
    GetBucketAcl,
    /// `PUT /bucket?acl`, with a document or without
    PutBucketAcl(PutAcl),
    /// `PUT /bucket?policy`, with a document
    PutBucketPolicy(PutBucketPolicy),
    /// `GET /bucket?policy`
    GetBucketPolicy,
    /// `DELETE /bucket?policy`
    DeleteBucketPolicy,
    /// `GET /bucket?policyStatus`
    GetBucketPolicyStatus,
    /// `PUT /bucket?publicAccessBlock`, with a document
    PutPublicAccessBlock(PutPublicAccessBlock),
    /// `GET /bucket?publicAccessBlock`
    GetPublicAccessBlock,
    /// `DELETE /bucket?publicAccessBlock`
    DeletePublicAccessBlock,
    /// `PUT /v20180820/configuration/publicAccessBlock` of S3 Control, with a document
    PutAccountPublicAccessBlock(PutAccountPublicAccessBlock),
    /// `GET /v20180820/configuration/publicAccessBlock` of S3 Control
    GetAccountPublicAccessBlock(AccountId),
    /// `DELETE /v20180820/configuration/publicAccessBlock` of S3 Control
    DeleteAccountPublicAccessBlock(AccountId),
    /// `PUT /bucket?ownershipControls`, with a document
    PutBucketOwnershipControls(PutBucketOwnershipControls),
    /// `GET /bucket?ownershipControls`
    GetBucketOwnershipControls,
    /// `DELETE /bucket?ownershipControls`
    DeleteBucketOwnershipControls,
    /// `GET /bucket?lifecycle` and its like, also of objects: what nothing here can set yet
    GetUnset(Unset),
    /// `DELETE /bucket?lifecycle` and its like
    DeleteUnset(Unset),
    /// `GET /bucket?uploads`
    ListMultipartUploads(ListMultipartUploads),
    /// `POST /bucket?delete`, with a document
    DeleteObjects(DeleteObjects),
    /// `PUT /bucket/key`
    PutObject(PutObject),
    /// `POST /bucket` with a form
    PostObject(PostObject),
    /// `PUT /bucket/key` with `x-amz-copy-source`
    CopyObject(CopyObject),
    /// `GET /bucket/key`
    GetObject(GetObject),
    /// `HEAD /bucket/key`
    HeadObject(GetObject),
    /// `GET /bucket/key?acl`
    GetObjectAcl,
    /// `PUT /bucket/key?acl`, with a document or without
    PutObjectAcl(PutAcl),
    /// `GET /bucket/key?attributes`
    GetObjectAttributes(GetObjectAttributes),
    /// `DELETE /bucket/key`
    DeleteObject(DeleteObject),
    /// `POST /bucket/key?uploads`
    CreateMultipartUpload(CreateMultipartUpload),
    /// `PUT /bucket/key?partNumber&uploadId`
    UploadPart(UploadPart),
    /// `PUT /bucket/key?partNumber&uploadId` with `x-amz-copy-source`
    UploadPartCopy(UploadPartCopy),
    /// `POST /bucket/key?uploadId`, with a document
    CompleteMultipartUpload(CompleteMultipartUpload),
    /// `DELETE /bucket/key?uploadId`
    AbortMultipartUpload(AbortMultipartUpload),
    /// `GET /bucket/key?uploadId`
    ListParts(ListParts),
}

/// The id of the one version that an object has where there are no versions.
pub const NULL_VERSION_ID: &str = "null";

impl Operation {
    /// AWS's name, as in access logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ListBuckets(_) => "ListBuckets",
            Self::CreateBucket(_) => "CreateBucket",
            Self::HeadBucket => "HeadBucket",
            Self::DeleteBucket => "DeleteBucket",
            Self::GetBucketLocation => "GetBucketLocation",
            Self::PutBucketCors(_) => "PutBucketCors",
            Self::GetBucketCors => "GetBucketCors",
            Self::DeleteBucketCors => "DeleteBucketCors",
            Self::Preflight(_) => "Preflight",
            Self::ListObjects(_) => "ListObjects",
            Self::ListObjectsV2(_) => "ListObjectsV2",
            Self::ListObjectVersions(_) => "ListObjectVersions",
            Self::GetBucketVersioning => "GetBucketVersioning",
            Self::GetBucketAcl => "GetBucketAcl",
            Self::PutBucketAcl(_) => "PutBucketAcl",
            Self::PutBucketPolicy(_) => "PutBucketPolicy",
            Self::GetBucketPolicy => "GetBucketPolicy",
            Self::DeleteBucketPolicy => "DeleteBucketPolicy",
            Self::GetBucketPolicyStatus => "GetBucketPolicyStatus",
            Self::PutPublicAccessBlock(_) => "PutPublicAccessBlock",
            Self::GetPublicAccessBlock => "GetPublicAccessBlock",
            Self::DeletePublicAccessBlock => "DeletePublicAccessBlock",
            Self::PutAccountPublicAccessBlock(_) => "PutAccountPublicAccessBlock",
            Self::GetAccountPublicAccessBlock(_) => "GetAccountPublicAccessBlock",
            Self::DeleteAccountPublicAccessBlock(_) => "DeleteAccountPublicAccessBlock",
            Self::PutBucketOwnershipControls(_) => "PutBucketOwnershipControls",
            Self::GetBucketOwnershipControls => "GetBucketOwnershipControls",
            Self::DeleteBucketOwnershipControls => "DeleteBucketOwnershipControls",
            Self::GetUnset(unset) => unset.getter(),
            Self::DeleteUnset(unset) => unset.remover(),
            Self::ListMultipartUploads(_) => "ListMultipartUploads",
            Self::DeleteObjects(_) => "DeleteObjects",
            Self::PutObject(_) => "PutObject",
            Self::PostObject(_) => "PostObject",
            Self::CopyObject(_) => "CopyObject",
            Self::GetObject(_) => "GetObject",
            Self::HeadObject(_) => "HeadObject",
            Self::GetObjectAcl => "GetObjectAcl",
            Self::PutObjectAcl(_) => "PutObjectAcl",
            Self::GetObjectAttributes(_) => "GetObjectAttributes",
            Self::DeleteObject(_) => "DeleteObject",
            Self::CreateMultipartUpload(_) => "CreateMultipartUpload",
            Self::UploadPart(_) => "UploadPart",
            Self::UploadPartCopy(_) => "UploadPartCopy",
            Self::CompleteMultipartUpload(_) => "CompleteMultipartUpload",
            Self::AbortMultipartUpload(_) => "AbortMultipartUpload",
            Self::ListParts(_) => "ListParts",
        }
    }

    /// Whether the body is a document, and its largest size in bytes. The server reads that much, answers
    /// `MaxMessageLengthExceeded` to more, and gives the bytes to the document's own `parse`.
    pub const fn document_limit(&self) -> Option<usize> {
        match self {
            Self::CreateBucket(_) => Some(CreateBucketDocument::BYTES_MAX),
            Self::PutBucketCors(_) => Some(CorsDocument::BYTES_MAX),
            Self::PutBucketPolicy(_) => Some(PutBucketPolicy::BYTES_MAX),
            Self::PutPublicAccessBlock(_) | Self::PutAccountPublicAccessBlock(_) => {
                Some(PublicAccessBlockDocument::BYTES_MAX)
            }
            Self::PutBucketOwnershipControls(_) => Some(OwnershipControlsDocument::BYTES_MAX),
            Self::PutBucketAcl(_) | Self::PutObjectAcl(_) => Some(AclDocument::BYTES_MAX),
            Self::DeleteObjects(_) => Some(DeleteObjectsDocument::BYTES_MAX),
            Self::CompleteMultipartUpload(_) => Some(CompleteMultipartUploadDocument::BYTES_MAX),
            _ => None,
        }
    }

    /// Whether the body is the bytes of an object or part.
    pub const fn has_data(&self) -> bool {
        matches!(
            self,
            Self::PutObject(_) | Self::PostObject(_) | Self::UploadPart(_)
        )
    }
}
