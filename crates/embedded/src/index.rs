//! The index beside the log: an ordered map that can be made anew from the log at any time.
//!
//! Not here: what its names and values mean ([`crate::format::entry`]).
//!
//! What every index keeps true: after a crash it holds what some first part of the `apply` calls since the last
//! `clear` left behind; never a part of one call, never a later call without an earlier one. Nothing in it needs to
//! be durable.

mod cached;
mod fjall;

pub(crate) use self::cached::Cached;
pub use self::fjall::Fjall;

use bytes::Bytes;
use countersign_engine::Result;

/// One change of the index: a name, and its value or that it is gone.
pub type Op = (Vec<u8>, Option<Vec<u8>>);

/// The index. Calls may block.
pub trait MetaIndex: Send + Sync + 'static {
    /// Values of some names, all at one moment, in the order asked for.
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>>;
    /// Names from `from` (included) to `until` (excluded) in order with their values, at most `max`, at one moment.
    fn scan(&self, from: &[u8], until: &[u8], max: usize) -> Result<Vec<(Bytes, Bytes)>>;
    /// Makes all changes in one step.
    fn apply(&self, ops: Vec<Op>) -> Result<()>;
    /// Makes durable what was applied so far, so that the next start has less of the log to read.
    fn persist(&self) -> Result<()>;
    /// Forgets everything. A crash meanwhile may leave some of the last `apply` calls, without those before them.
    fn clear(&self) -> Result<()>;
}
