//! The index beside the log: an ordered map that can be made anew from the log at any time.
//!
//! Not here: what its names and values mean ([`crate::format::entry`]).
//!
//! What every index keeps true: after a crash it holds what some first part of the `apply` calls since the last
//! `clear` left behind; never a part of one call, never a later call without an earlier one. Nothing in it needs to
//! be durable.

mod behind;
mod cached;
mod fjall;

pub(crate) use self::behind::{Behind, Follower};
pub(crate) use self::cached::{Cached, Found};
pub use self::fjall::Fjall;

use bytes::Bytes;
use countersign_engine::Result;

/// One change of the index: a name, and its value or that it is gone.
pub type Op = (Vec<u8>, Option<Vec<u8>>);

/// Is shown a name and its value, and says where a walk goes on.
pub type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> Step;

/// Where a walk goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// At the next name.
    Next,
    /// At the first name that is not before this one.
    To(Vec<u8>),
    /// Nowhere.
    End,
}

/// The index. Calls may block.
pub trait MetaIndex: Send + Sync + 'static {
    /// Values of some names, all at one moment, in the order asked for.
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>>;
    /// Shows names from `from` (included) to `until` (excluded) in order with their values, all at one moment, and does
    /// what the answer to each says.
    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()>;
    /// Names from `from` (included) to `until` (excluded) in order with their values, at most `max`, at one moment.
    fn scan(&self, from: &[u8], until: &[u8], max: usize) -> Result<Vec<(Bytes, Bytes)>> {
        let mut found = Vec::new();
        self.walk(from, until, &mut |name, value| {
            if found.len() == max {
                return Step::End;
            }
            found.push((Bytes::copy_from_slice(name), Bytes::copy_from_slice(value)));
            Step::Next
        })?;
        Ok(found)
    }
    /// Makes all changes in one step.
    fn apply(&self, ops: Vec<Op>) -> Result<()>;
    /// Makes durable what was applied so far, so that the next start has less of the log to read.
    fn persist(&self) -> Result<()>;
    /// Forgets everything. A crash meanwhile may leave some of the last `apply` calls, without those before them.
    fn clear(&self) -> Result<()>;
}

/// What an index holds at one moment.
pub trait Snapshot {
    /// As [`MetaIndex::get`].
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>>;
    /// As [`MetaIndex::walk`].
    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()>;
}

/// An index that can be read as of a moment while it goes on changing.
pub trait Snapshots: MetaIndex {
    /// Takes a snapshot, without waiting for a disk.
    fn snapshot(&self) -> Box<dyn Snapshot + '_>;
}
