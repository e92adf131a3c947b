//! What callers hand in and get back: plain values.
//!
//! Not here: how they are written to rows (`records`), and the rules between them.

use crate::once::OneTimeLink;
use countersign_types::{
    Checksum, ChecksumAlgorithm, ChecksumType, Etag, Moment, ObjectAccess, ObjectMetadata, PartNumber,
    WriteCondition,
};

/// What the body of a request was announced to be. Everything said must hold before anything becomes visible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// Length in bytes.
    pub length: Option<u64>,
    /// `Content-MD5`
    pub content_md5: Option<[u8; 16]>,
    /// The signed hash of the payload.
    pub sha256: Option<[u8; 32]>,
    /// The checksum to compute and keep; `None`: CRC-64/NVME.
    pub checksum: Option<ExpectedChecksum>,
}

/// A checksum to compute, and its value if it came before the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedChecksum {
    /// Which checksum.
    pub algorithm: ChecksumAlgorithm,
    /// What it must be. `None`: the source's trailer says it, or nobody does and it is only computed.
    pub value: Option<Checksum>,
}

/// An object to be written.
#[derive(Clone, Debug, Default)]
pub struct NewObject {
    /// What it carries besides its bytes.
    pub metadata: ObjectMetadata,
    /// What its body was announced to be.
    pub expect: Expect,
    /// What must hold for it to be written.
    pub condition: WriteCondition,
    /// The link that the write uses up.
    pub link: Option<OneTimeLink>,
    /// Who owns it, and its list of access.
    pub access: ObjectAccess,
    /// What it may replace.
    pub reach: Reach,
}

/// Which objects and uploads of a bucket a request may change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    #[default]
    All,
    /// Those of one owner alone, named as [`ObjectAccess::owner`] names it. What is not there yet is nobody's.
    Of(Option<String>),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutObject {
    /// The new object's tag.
    pub etag: Etag,
    /// Its checksum.
    pub checksum: Option<Checksum>,
    /// How the checksum was made.
    pub checksum_type: Option<ChecksumType>,
    /// Size in bytes.
    pub size: u64,
    /// When it was written.
    pub last_modified: Moment,
}

/// A part that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutPart {
    /// The part's tag.
    pub etag: Etag,
    /// Its checksum. AWS shows it only if the client sent or asked for one.
    pub checksum: Option<Checksum>,
    /// Size in bytes.
    pub size: u64,
    /// When it was written.
    pub last_modified: Moment,
}

/// Everything about an object but its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// What it carries besides its bytes.
    pub metadata: ObjectMetadata,
    /// Who owns it, and its list of access.
    pub access: ObjectAccess,
    /// Size in bytes.
    pub size: u64,
    /// Its tag.
    pub etag: Etag,
    /// When it was written.
    pub last_modified: Moment,
    /// Its checksum.
    pub checksum: Option<Checksum>,
    /// How the checksum was made.
    pub checksum_type: Option<ChecksumType>,
    /// How many parts it was made of; `None` if it was written whole.
    pub parts: Option<u16>,
    /// The part that was asked for.
    pub part: Option<PartView>,
}

/// One part of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartView {
    /// Its place among the object's parts, from 1. Parts are counted as Complete listed them.
    pub number: PartNumber,
    /// Where it begins in the object, in bytes.
    pub offset: u64,
    /// Size in bytes.
    pub size: u64,
    /// Its own checksum.
    pub checksum: Option<Checksum>,
}

/// A part as Complete names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedPart {
    /// The part's number.
    pub number: PartNumber,
    /// The tag it must have; `None` if the text that was sent is none, which matches no part.
    pub etag: Option<Etag>,
    /// The checksum it must have.
    pub checksum: Option<Checksum>,
}

/// What Complete asks for.
#[derive(Clone, Debug, Default)]
pub struct CompleteUpload {
    /// The object's parts, in ascending order.
    pub parts: Vec<CompletedPart>,
    /// What must hold for the object to be written.
    pub condition: WriteCondition,
    /// The checksum that the object must have.
    pub checksum: Option<Checksum>,
    /// How it was made; must be the upload's.
    pub checksum_type: Option<ChecksumType>,
    /// The size that the object must have (`x-amz-mp-object-size`).
    pub size: Option<u64>,
    /// What the object may replace, and whose the upload must be.
    pub reach: Reach,
}
