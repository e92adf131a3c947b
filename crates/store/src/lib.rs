//! What S3 means, written once above the engine contract: buckets, objects, conditions, listings, multipart uploads.
//!
//! An operation reads rows, decides, and commits with guards on exactly the rows its decision stood on. If somebody
//! else was faster, the engine answers what the rows hold now and the decision is made again. No lock is held and no
//! state outlives a call, so any number of stores may share one engine.
//!
//! Not here: HTTP, XML, who may do what, and which engine this runs on. The clock and randomness are passed in.
//!
//! What it keeps true:
//! - an object becomes visible only when length, checksums, payload hash and the source's own end agree, in one commit;
//! - a conditional write is decided by a guard: of two that contradict each other exactly one succeeds;
//! - a read never mixes two incarnations of an object, however long it takes;
//! - what an overwritten or deleted object leaves behind is named by a row in the same commit ([`Store::sweep`]);
//! - of all uses of a [`OneTimeLink`] exactly one succeeds.

mod access;
mod acl;
mod bucket;
mod condition;
mod cors;
mod delete;
mod digest;
mod document;
mod error;
mod home;
mod layout;
mod list;
mod model;
mod multipart;
mod once;
mod owner;
mod pins;
mod put;
mod read;
mod receive;
mod records;
mod source;
mod sweep;

use bytes::Bytes;
use countersign_engine::Engine;
use countersign_types::Moment;
use std::sync::Arc;
use std::time::Duration;

pub use access::Access;
pub use bucket::{Bucket, BucketPage};
pub use condition::{Precondition, Read, Write, evaluate_read_condition, evaluate_write_condition};
pub use delete::Deleted;
pub use digest::{combine_checksums, default_checksum_type};
pub use document::receive_document;
pub use error::{Error, Result};
pub use list::{Entry, ListQuery, Listing};
pub use model::{
    CompleteUpload, CompletedPart, Expect, ExpectedChecksum, NewObject, ObjectInfo, PartView, PutObject,
    PutPart, Reach,
};
pub use multipart::{ListedPart, ListedUpload, NewUpload, PartPage, Upload, UploadPage, UploadQuery};
pub use once::{AFTER_END, OneTimeLink};
pub use owner::{RowOwner, RowRole};
pub use read::{Object, ObjectReader};
pub use source::{BytesSource, ObjectSource, Source, SourceError};
pub use sweep::Swept;

/// The clock, the randomness and the processors that a store runs on.
pub trait World: Send + Sync + 'static {
    /// What time it is.
    fn now(&self) -> Moment;
    /// 16 bytes that nobody can guess and that never come twice.
    fn random(&self) -> [u8; 16];
    /// Runs what only computes, for about a millisecond, preferably beside the caller and not on a thread that serves.
    /// By itself it is done at once, by the caller.
    fn aside(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }
}

/// How a store behaves where more than one answer is right.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long the parts of an overwritten or deleted multipart object stay for readers in *other* processes. Readers of
    /// this store are known and waited for, so a store that has its engine for itself may say zero.
    pub sweep_after: Duration,
    /// Smallest part but the last, in bytes. S3 says [`PART_BYTES_MIN`]; a simulation has smaller ones.
    pub part_bytes_min: u64,
}

impl Default for Settings {
    /// Safe for many stores on one engine: one hour. Parts as S3 has them.
    fn default() -> Settings {
        Settings {
            sweep_after: Duration::from_secs(3600),
            part_bytes_min: PART_BYTES_MIN,
        }
    }
}

/// S3's semantics over one engine. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// Buckets that were looked up before: under their names this store means these incarnations and no others.
    pinned: [Option<Arc<Bucket>>; PINNED_MAX],
}

/// Most buckets that one request is about: the one that it names, and the source of a copy.
pub const PINNED_MAX: usize = 2;

pub(crate) struct Inner {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) settings: Settings,
    /// Multipart objects that are being read by this process; the sweep leaves them alone.
    pub(crate) pins: Arc<pins::Pins>,
    /// Pieces of bodies that wait to be hashed.
    pub(crate) beside: Arc<digest::beside::Beside>,
    /// Memory for bodies.
    pub(crate) room: receive::Room,
    /// Held by who takes the next number of a space: of many that guard the same row only one gets on at a time.
    pub(crate) numbering: tokio::sync::Mutex<()>,
}

impl Store {
    /// Opens a store with the default [`Settings`].
    pub async fn open(engine: Arc<dyn Engine>, world: Arc<dyn World>) -> Result<Store> {
        Store::open_with(engine, world, Settings::default()).await
    }

    /// Opens a store. Fails if the engine does not answer or holds a bucket directory that this version cannot read.
    pub async fn open_with(
        engine: Arc<dyn Engine>,
        world: Arc<dyn World>,
        settings: Settings,
    ) -> Result<Store> {
        let pins = Arc::new(pins::Pins::default());
        let store = Store {
            inner: Arc::new(Inner {
                engine,
                world,
                settings,
                pins,
                beside: Arc::default(),
                room: receive::Room::default(),
                numbering: tokio::sync::Mutex::default(),
            }),
            pinned: [None, None],
        };
        store.buckets(None, "", 1).await?;
        Ok(store)
    }

    /// The same store, for whoever has looked at these buckets and decided something about them: what it does under their
    /// names is done to these incarnations. One that was removed meanwhile is no such bucket, even if another has its name.
    pub fn pinned(&self, buckets: [Option<Arc<Bucket>>; PINNED_MAX]) -> Store {
        Store {
            inner: Arc::clone(&self.inner),
            pinned: buckets,
        }
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        self.inner.engine.as_ref()
    }

    pub(crate) fn now(&self) -> Moment {
        self.inner.world.now()
    }

    /// An id that grows with time and is never used twice: the moment, then randomness.
    pub(crate) fn new_generation(&self) -> records::Generation {
        let mut bytes = self.inner.world.random();
        let millis = self.now().millis().unsigned_abs().to_be_bytes();
        bytes.iter_mut().zip(millis).for_each(|(to, from)| *to = from);
        records::Generation(bytes)
    }
}

/// Most times that one call decides anew because others were faster, before it answers [`Error::Conflict`].
pub(crate) const ATTEMPTS_MAX: usize = 64;

/// Largest whole object or part, in bytes (5 GiB).
pub const PUT_BYTES_MAX: u64 = countersign_engine::limits::BODY_BYTES_MAX;
/// Smallest part but the last, in bytes (5 MiB).
pub const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;
/// Most user metadata of one object: names and values together, in bytes.
pub const USER_METADATA_BYTES_MAX: usize = 2048;
/// Largest piece that an [`ObjectReader`] gives, in bytes.
pub const READ_PIECE_BYTES_MAX: usize = 1024 * 1024;

pub(crate) type Value = Option<Bytes>;
