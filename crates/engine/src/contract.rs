//! The types and the one trait of the contract. See the crate's opening lines for what engines keep true.

use crate::Soon;
use async_trait::async_trait;
use bytes::Bytes;
use smallvec::SmallVec;
use std::any::Any;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

/// One incarnation of a bucket, or one of the system's own spaces. Ids are never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Space(pub u64);

impl Space {
    /// The space of the system's own rows (bucket directory, counters). It always exists and is never sealed.
    pub const SYSTEM: Space = Space(0);
}

/// A sort of row inside a home. Rows of one class are scanned together; classes never mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub u8);

/// What a commit is atomic within; for a bucket, one object key (escaped by the caller: no 0x00 byte).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Home(pub Bytes);

/// The name of a row inside its home. `suffix` may be empty and carries no 0x00 byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// Which sort of row.
    pub class: Class,
    /// Which one of that sort, in byte order.
    pub suffix: Bytes,
}

/// Where a row stands in a class: homes in byte order, then suffixes in byte order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The home's bytes.
    pub home: Bytes,
    /// The row's suffix.
    pub suffix: Bytes,
}

/// What a row must hold (exact bytes, or nothing) for the commit to happen.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The guarded row.
    pub row: Row,
    /// `None`: the row must be absent.
    pub expected: Option<Bytes>,
}

/// One row to write. `value` is never empty.
#[derive(Debug)]
pub struct Put {
    /// The row's name.
    pub row: Row,
    /// The row's value, at most [`crate::limits::ROW_BYTES_MAX`].
    pub value: Bytes,
    /// The body that belongs to the row from now on; `None`: the row has no body.
    pub body: Option<Body>,
}

/// Where the body of a written row comes from.
#[derive(Debug)]
pub enum Body {
    /// These bytes, at most [`crate::limits::INLINE_BODY_BYTES_MAX`].
    Bytes(Bytes),
    /// What was staged; durable with the commit. A clone that the caller keeps can be handed over again if the commit was
    /// refused or changed nothing; after one that was done, or may have been, it is [`Error::Invalid`].
    Staged(Staged),
    /// The body that the named row of the same home has *before* this commit. That row is deleted or
    /// rewritten by the same commit (naming the written row itself keeps its body).
    Of(Row),
}

/// Rows to write and delete in one home, all or nothing.
#[derive(Debug, Default)]
pub struct Change {
    /// All of them must hold.
    pub guards: Vec<Guard>,
    /// Rows to write. A row is named at most once over `puts` and `deletes`.
    pub puts: Vec<Put>,
    /// Rows to delete; absent ones are no error. A deleted or overwritten row's body is reclaimed.
    pub deletes: Vec<Row>,
}

/// What came of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Durable and visible.
    Done,
    /// Nothing changed; what each guarded row holds now, in the order of the guards.
    Refused(Vec<Option<Bytes>>),
}

/// A row's value and its body, found in one look-up.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The row's value.
    pub value: Bytes,
    /// The row's body, if it has one.
    pub body: Option<BodyRef>,
}

/// What was found of some rows, in the order asked for. Most ask for one, which needs no memory of its own.
pub type Found = SmallVec<[Option<Stored>; 1]>;

/// Names a body as it was when the row was read. [`Engine::open`] pins it.
#[derive(Clone)]
pub struct BodyRef {
    /// Length in bytes.
    pub len: u64,
    /// The engine's own note of where the body lies.
    pub place: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for BodyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyRef")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// A staged body, not yet promised to anybody. Clones are the same body: dropping the last one discards what was staged,
/// unless a commit took it.
#[derive(Clone)]
pub struct Staged {
    /// Length in bytes.
    pub len: u64,
    /// The engine's own handle; its `Drop` discards the staged bytes unless a commit took them.
    pub handle: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// A part of one class, in order.
#[derive(Clone, Debug)]
pub struct ScanRange {
    /// Where to begin.
    pub from: Bound<Position>,
    /// Where to end.
    pub until: Bound<Position>,
    /// Which rows are passed over; `None`: every row is answered.
    pub fold: Option<Fold>,
}

/// Groups of homes that begin alike. Of the rows of a group a scan answers the first one in its range and passes over the
/// others, for what a look-up costs, however many they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// How many bytes of a home are not looked at.
    pub after: usize,
    /// What ends the beginning that the homes of a group share. Never empty.
    pub delimiter: Bytes,
}

impl Fold {
    /// The beginning of a home up to the end of the first delimiter in it: what its group shares. `None`: it is in none.
    pub fn group<'h>(&self, home: &'h [u8]) -> Option<&'h [u8]> {
        let rest = home.get(self.after..)?;
        let at = match *self.delimiter {
            [] => None,
            [byte] => rest.iter().position(|other| *other == byte),
            ref delimiter => rest
                .windows(delimiter.len())
                .position(|window| window == delimiter),
        };
        home.get(..self.after + at? + self.delimiter.len())
    }
}

/// One row met by a scan. Bodies are not looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// The row's place; give it as `Bound::Excluded` to go on after it.
    pub position: Position,
    /// The row's value.
    pub value: Bytes,
}

/// Rows in order, and whether the range holds more.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// At most as many as were asked for.
    pub rows: Vec<Scanned>,
    /// True if the range goes on after the last row.
    pub more: bool,
}

/// What came of sealing a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Sealed now or before: no commit will succeed any more.
    Sealed,
    /// It holds rows of a class that had to be empty; nothing changed.
    NotEmpty,
}

/// What the caller can do about a failure.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The space was never created, or is removed.
    #[error("no such space")]
    NoSpace,
    /// The space is sealed: whoever meets this finishes the removal.
    #[error("the space is sealed")]
    Sealed,
    /// The caller broke a limit of the contract; the name of the limit.
    #[error("over the limit {0}")]
    Limit(&'static str),
    /// The caller broke a rule of the contract other than a limit; which.
    #[error("not a valid request to the engine: {0}")]
    Invalid(&'static str),
    /// The change may be durable or may never be. Reading tells, unless writes are refused since: then reading tells
    /// after the engine was opened again.
    #[error("the change may have been committed")]
    MayHaveCommitted,
    /// Nothing was written: the device is full. Reads go on.
    #[error("no space left on the device")]
    Full,
    /// A sync failed earlier: no more writes until the engine is opened again.
    #[error("writes are refused since a sync failed: {0}")]
    Failed(String),
    /// Stored bytes are not what was written; what they belong to.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// The device or the network failed; trying again may help.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
}

/// Shorthand for this crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Receives a body that is too large for one commit, piece by piece.
#[async_trait]
pub trait Stage: Send {
    /// Takes the next bytes. It may answer before they are written, and tell what became of them later. After an error the
    /// stage is dropped and nothing of it remains. Best given in [`crate::pieces`].
    async fn write(&mut self, bytes: Bytes) -> Result<()>;
    /// No more bytes. Promises nothing until a commit takes the result.
    async fn finish(self: Box<Self>) -> Result<Staged>;
}

/// A pinned body.
pub trait OpenBody: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;
    /// True if there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Reads exactly `len` bytes at `offset`. Damaged bytes are [`Error::Corrupt`], never handed out.
    /// Reading past the end is [`Error::Invalid`].
    fn read(&self, offset: u64, len: usize) -> Soon<'_, Result<Bytes>>;
}

/// A storage engine.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Makes a new space. An id that was ever used is [`Error::Invalid`]; a space that exists is left alone and is no error.
    async fn create(&self, space: Space) -> Result<()>;
    /// Refuses all further commits to the space if none of `empty` has a row in it. Repeatable.
    async fn seal(&self, space: Space, empty: &[Class]) -> Result<Seal>;
    /// Removes a sealed space with every row and body in it. Repeatable; an unsealed space is [`Error::Invalid`].
    async fn remove(&self, space: Space) -> Result<()>;
    /// Reads rows of one home at one moment, in the order asked for.
    fn get<'a>(&'a self, space: Space, home: &'a Home, rows: &'a [Row]) -> Soon<'a, Result<Found>>;
    /// Reads a class in order, at most `max` rows (1 ..= [`crate::limits::SCAN_ROWS_MAX`]).
    async fn scan(&self, space: Space, class: Class, range: ScanRange, max: usize) -> Result<Page>;
    /// Applies a change to one home, atomically and durably.
    async fn commit(&self, space: Space, home: &Home, change: Change) -> Result<Outcome>;
    /// Begins a body of more than [`crate::limits::INLINE_BODY_BYTES_MAX`] bytes (smaller is allowed).
    async fn stage(&self, space: Space, home: &Home) -> Result<Box<dyn Stage>>;
    /// Pins a body; `None` if it is gone since the row was read (read the row again).
    fn open<'a>(&'a self, body: &'a BodyRef) -> Soon<'a, Result<Option<Arc<dyn OpenBody>>>>;
}
