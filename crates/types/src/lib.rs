//! The words of the domain: bucket, object key, part, upload, etag, checksum, moment; the calls of IAM and STS. A value that exists is valid.
//!
//! Not here: anything that reads a clock, a socket or a disk, and anything that knows HTTP or XML.

mod access;
mod acl;
mod bucket_name;
mod checksum;
mod condition;
mod cors;
mod etag;
pub mod iam;
mod metadata;
mod object_key;
mod part;
pub mod sts;
mod time;

pub use access::PublicAccessBlock;
pub use acl::{AclPermission, Grant, Grantee, Group, ObjectAccess, ObjectOwnership};
pub use bucket_name::{BucketName, BucketNameError};
pub use checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
pub use condition::{EtagMatch, ReadCondition, WriteCondition};
pub use cors::{CorsMethod, CorsRule};
pub use etag::Etag;
pub use metadata::ObjectMetadata;
pub use object_key::{ObjectKey, ObjectKeyError};
pub use part::{PartNumber, UploadId};
pub use time::Moment;
