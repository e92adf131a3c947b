//! What an engine on disks of its own is asked beside the contract: does it still write, is what it stored whole, and how
//! much room does it take?
//!
//! Not here: when to ask, how fast, and what a damaged row is called outside of the engine.
//!
//! Keeps true: a scrub reads what is on the disks and not a copy in memory, changes nothing, and is in nobody's way for
//! longer than a step.

use crate::contract::{Home, Result, Row, Space};
use async_trait::async_trait;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A row's full name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowName {
    /// Which space.
    pub space: Space,
    /// Which home of it.
    pub home: Home,
    /// Which row of that.
    pub row: Row,
}

/// Something stored that is not what was written, or is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The row that cannot be read whole; `None` if it is no row's.
    pub row: Option<RowName>,
    /// What is wrong, and where it lies.
    pub what: String,
}

/// How far a pass over everything has come.
#[derive(Clone)]
pub struct ScrubPosition {
    /// About where, as a line of text that may be kept over a restart; the engine's own note.
    pub text: String,
    /// Exactly where, if it was this process that came so far; the engine's own note.
    pub exact: Option<Arc<dyn Any + Send + Sync>>,
}

impl ScrubPosition {
    /// From a text that was kept. One that means nothing begins anew.
    pub fn kept(text: impl Into<String>) -> ScrubPosition {
        ScrubPosition {
            text: text.into(),
            exact: None,
        }
    }
}

impl fmt::Debug for ScrubPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What one step of a scrub did.
#[derive(Clone, Debug, Default)]
pub struct ScrubStep {
    /// Bytes read and checked.
    pub bytes: u64,
    /// Rows whose bodies were checked.
    pub rows: u64,
    /// What was found damaged.
    pub damage: Vec<Damage>,
    /// Where the next step begins; `None`: everything was checked.
    pub next: Option<ScrubPosition>,
}

/// How much is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Spaces that can be read.
    pub spaces: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bodies in files of their own.
    pub large_bodies: u64,
    /// Bytes of all bodies.
    pub body_bytes: u64,
    /// About how many bytes a scrub reads.
    pub scrub_bytes: u64,
    /// Rows whose bodies are gone: the first of them.
    pub missing: Vec<Damage>,
    /// How many of those there are.
    pub missing_count: u64,
}

/// What an engine's log takes, and what became of it since the engine was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Segments that are the log.
    pub segments: u64,
    /// Bytes written in them.
    pub log_bytes: u64,
    /// Bytes of them that rows need.
    pub live_bytes: u64,
    /// Segments given up.
    pub segments_given_up: u64,
    /// Bytes of rows and bodies that were written again so that a segment could be given up.
    pub compacted_bytes: u64,
    /// How often the index was made durable.
    pub checkpoints: u64,
}

/// An engine that can say how it is.
#[async_trait]
pub trait Upkeep: Send + Sync + 'static {
    /// `Err` once writes are refused, with the reason.
    fn health(&self) -> Result<()>;
    /// Checks what comes next behind `from` (`None`: from the beginning), about `bytes_max` bytes of it.
    async fn scrub(&self, from: Option<ScrubPosition>, bytes_max: u64) -> Result<ScrubStep>;
    /// Counts what is stored, without reading bodies. Takes a while.
    async fn census(&self) -> Result<Census>;
    /// How much room what is stored takes. At once.
    fn usage(&self) -> Usage;
}
