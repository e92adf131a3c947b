//! The contract that every storage engine obeys: rows in byte order, bodies beside them.
//!
//! A *space* is one incarnation of a bucket (or the system's own rows). Inside a space lie *homes*: for a
//! bucket, one home is one object key. A home owns rows in a few *classes* (heads, parts, uploads ..). A commit is
//! atomic within one home and within nothing larger, because that is the strongest unit that a local log
//! and a distributed store both give without a coordinator.
//!
//! Not here: S3. Nothing in this crate knows what a version, an upload or a bucket is.
//!
//! What every engine keeps true, and what [`conformance`] checks:
//! - `commit` is linearizable: when it answers `Done`, rows and bodies are durable together and seen by every later
//!   `get` and `scan`.
//! - guards compare exact row values (or absence); a refused commit changes nothing and answers what the guarded
//!   rows hold now.
//! - where a body lies is the engine's secret; moving it never changes a row.
//! - an opened body is pinned: it can be read to its end after the row is gone.

pub mod conformance;
mod contract;
pub mod faulty;
pub mod limits;
pub mod memory;
pub mod pieces;
pub mod rules;
mod soon;
pub mod upkeep;
pub mod world;

pub use contract::{
    Body, BodyRef, Change, Class, Engine, Error, Fold, Found, Guard, Home, OpenBody, Outcome, Page, Position,
    Put, Result, Row, ScanRange, Scanned, Seal, Space, Stage, Staged, Stored,
};
pub use soon::Soon;
