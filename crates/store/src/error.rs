//! What the caller can do about a failure. The server maps every variant to one S3 code.
//!
//! Not here: HTTP statuses and S3's texts.

use crate::condition::Precondition;
use crate::source::SourceError;
use countersign_engine as engine;
use countersign_types::{Checksum, ChecksumAlgorithm, ChecksumType, Etag, Moment, PartNumber};

/// Shorthand for this crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was not done. Unless said otherwise nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no bucket of that name.
    #[error("no such bucket")]
    NoSuchBucket,
    /// The bucket still holds objects.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// Somebody else has a bucket of that name.
    #[error("the bucket exists and has another owner")]
    BucketAlreadyExists,
    /// The same owner has that bucket already.
    #[error("the bucket exists and is yours")]
    BucketAlreadyOwnedByYou,
    /// There is no object of that key.
    #[error("no such object key")]
    NoSuchKey,
    /// The object is another account's, and the request may change its own alone.
    #[error("the object is another account's")]
    NotYours,
    /// The upload was never begun, or is completed or aborted.
    #[error("no such upload")]
    NoSuchUpload,
    /// A part named by Complete is not there, or its etag or checksum is another one.
    #[error("part {number} was not uploaded, or differs from what the request names")]
    InvalidPart {
        /// The part's number.
        number: PartNumber,
        /// The etag that the request named, if it was one.
        etag: Option<Etag>,
    },
    /// The parts named by Complete are not in ascending order.
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// Complete names no part at all.
    #[error("no parts are named")]
    NoParts,
    /// A part other than the last is smaller than 5 MiB.
    #[error("part {number} has {size} bytes, fewer than {minimum}")]
    EntityTooSmall {
        /// The part's number.
        number: PartNumber,
        /// The part's etag.
        etag: Etag,
        /// Its size in bytes.
        size: u64,
        /// The smallest size that is allowed.
        minimum: u64,
    },
    /// The body is larger than one request may carry.
    #[error("{size} bytes are more than {maximum}")]
    EntityTooLarge {
        /// Size in bytes, as declared or as far as it was read.
        size: u64,
        /// The largest size that is allowed.
        maximum: u64,
    },
    /// User metadata is too large.
    #[error("{size} bytes of metadata are more than {maximum}")]
    MetadataTooLarge {
        /// Size in bytes.
        size: usize,
        /// The largest size that is allowed.
        maximum: usize,
    },
    /// A condition of the request does not hold.
    #[error("the precondition {} does not hold", .0.name())]
    PreconditionFailed(Precondition),
    /// A condition held when the request came and was overtaken by another write; the caller sends the request again.
    #[error("another write overtook this conditional request")]
    ConditionalConflict,
    /// Other writes to the same object key overtook this one each time; the caller sends the request again.
    #[error("other writes overtook this request")]
    Conflict,
    /// The link was good for one use.
    #[error("the link was used")]
    LinkUsed {
        /// When it was used.
        at: Moment,
    },
    /// The link ended so long ago that nobody knows any more whether it was used.
    #[error("the link has ended")]
    LinkEnded,
    /// The link is older than the bucket: it may have been used in another one of that name.
    #[error("the link is older than the bucket")]
    LinkOlderThanBucket {
        /// When the bucket was created.
        created: Moment,
    },
    /// The body's MD5 is not the one that was announced.
    #[error("the body's MD5 is not the announced one")]
    BadDigest {
        /// What the client announced.
        expected: [u8; 16],
        /// What the body has.
        calculated: [u8; 16],
    },
    /// The body's SHA-256 is not the signed one.
    #[error("the body's SHA-256 is not the signed one")]
    ContentSha256Mismatch {
        /// What the client signed.
        client: [u8; 32],
        /// What the body has.
        computed: [u8; 32],
    },
    /// A checksum is not the announced one.
    #[error("the {} checksum is not the announced one", .algorithm.name())]
    ChecksumMismatch {
        /// Which checksum.
        algorithm: ChecksumAlgorithm,
        /// What the client announced, in a header, trailer or document.
        expected: Checksum,
        /// What the bytes have.
        computed: Checksum,
    },
    /// A trailer carries no checksum of its algorithm's length.
    #[error("the trailing checksum of {} cannot be read", .algorithm.name())]
    ChecksumInvalid {
        /// Which checksum.
        algorithm: ChecksumAlgorithm,
        /// The text that was sent.
        value: String,
    },
    /// A part's checksum is of another algorithm than the upload's.
    #[error("the checksum's algorithm is not the upload's")]
    ChecksumAlgorithmMismatch {
        /// The upload's.
        expected: Option<ChecksumAlgorithm>,
        /// The request's.
        actual: Option<ChecksumAlgorithm>,
    },
    /// The algorithm cannot be used in that way.
    #[error("{} cannot be used as {}", .algorithm.name(), .checksum_type.name())]
    ChecksumTypeUnsupported {
        /// Which checksum.
        algorithm: ChecksumAlgorithm,
        /// How it was to be used.
        checksum_type: ChecksumType,
    },
    /// Complete names another checksum type than the upload was created with.
    #[error("the checksum's type is not the upload's")]
    ChecksumTypeMismatch {
        /// The upload's.
        expected: ChecksumType,
        /// The request's.
        actual: ChecksumType,
    },
    /// Complete must name each part's checksum when the object's is made of them.
    #[error("the {} checksum of part {number} is missing", .algorithm.name())]
    PartChecksumMissing {
        /// Which checksum.
        algorithm: ChecksumAlgorithm,
        /// The part's number.
        number: PartNumber,
    },
    /// The object's size is not the one that Complete announced.
    #[error("the object has {actual} bytes, not {expected}")]
    ObjectSizeMismatch {
        /// What the client announced.
        expected: u64,
        /// What the parts sum up to.
        actual: u64,
    },
    /// The body ended early or went on past its announced length.
    #[error("the body has {received} bytes, not {expected}")]
    IncompleteBody {
        /// The announced length.
        expected: u64,
        /// Bytes received when this was found.
        received: u64,
    },
    /// The source failed; the cause is its own.
    #[error(transparent)]
    Source(SourceError),
    /// The object has no part of that number.
    #[error("no such part of the object")]
    InvalidPartNumber,
    /// A read past the object's end. The caller resolves ranges before it reads.
    #[error("the range is not within the object")]
    InvalidRange,
    /// The object was replaced and another process swept its parts while it was being read.
    #[error("the object was replaced while it was being read")]
    ReplacedWhileRead,
    /// The change may be durable or may never be; reading again tells in time.
    #[error("the change may have been committed")]
    MayHaveCommitted,
    /// The engine failed.
    #[error(transparent)]
    Engine(engine::Error),
}

impl From<engine::Error> for Error {
    fn from(error: engine::Error) -> Error {
        match error {
            engine::Error::MayHaveCommitted => Error::MayHaveCommitted,
            other => Error::Engine(other),
        }
    }
}

/// A row that this version cannot read.
pub(crate) fn corrupt(what: &str) -> Error {
    Error::Engine(engine::Error::Corrupt(what.to_owned()))
}
