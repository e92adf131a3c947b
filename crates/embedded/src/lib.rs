//! The storage engine on local disks: one log that is the truth, an index beside it, large bodies in files of their own.
//!
//! Not here: S3, and anything that the contract ([`countersign_engine`]) does not ask for.
//!
//! What is kept true, and what `tests/crash.rs` checks by crashing at every step:
//! - an acknowledged change survives a kill and a power cut; any other is whole or absent;
//! - after a failed sync nothing is written until the engine is opened again, and what it then serves is durable;
//! - the index can be thrown away at any time; a log that is damaged in the middle is never opened as if it ended there;
//! - bytes on disk are made and read in [`format`] alone (`docs/format.md` says them in words).

mod body;
mod buffers;
mod committer;
mod disk;
mod embedded;
mod format;
mod health;
mod index;
mod large;
mod log;
mod open;
mod order;
mod overlay;
mod progress;
mod reclaim;
mod reserve;
mod scrub;
mod sync_point;
mod tasks;

pub use disk::Disk;
pub use embedded::Embedded;
pub use index::{Fjall, MetaIndex, Op, Snapshot, Snapshots, Step, Visit};
pub use open::{OpenIndex, Options, Recovery, is_in_use};
pub use order::{Order, Orders};
pub use progress::Progress;
pub use sync_point::SyncPoint;
pub use tasks::Tasks;
