//! Giving back what is dead: which bytes of the log are still needed, compaction, and the index made durable in between.
//!
//! Not here: how a segment's file is given back ([`crate::log`]).
//!
//! Keeps true: of each segment it is known exactly what rows and spaces hold of it, in memory and in the index, where it
//! changes in the same step as they do.

pub(crate) mod audit;
pub(crate) mod checkpoint;
pub(crate) mod choose;
pub(crate) mod compactor;
mod frames;
pub(crate) mod ledger;
pub(crate) mod usage;
