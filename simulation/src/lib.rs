//! The whole of what stores objects, on one thread and from a seed: the store's S3 semantics, the embedded engine with
//! all its loops, simulated files, a clock, and what goes wrong with them.
//!
//! A *run* is a number of *lives* of one data directory. In each life several clients put, get, copy, delete and list at
//! once, in small buckets that come and go, and the life ends: orderly, by a kill or by a power cut at any step, after a
//! failed sync, or with a full disk in the middle. What was answered is kept in a [`history::History`] for each object key
//! and bucket; at the end one order must explain all of it. Last, single bytes are turned over: what is read then is
//! right or refused.
//!
//! Not here: sockets and signatures, and threads. What the real ones do is for the tests with the real binary.

mod client;
pub mod history;
mod life;
#[path = "../../crates/embedded/tests/support/prefix_index.rs"]
#[expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "it is shared with the engine's own tests"
)]
mod prefix_index;
mod record;

use countersign_embedded::SyncPoint;
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::Sim;
use life::Directory;
use record::Record;
use std::sync::Arc;

/// What a run is made of.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// How often the directory is opened and used.
    pub lives: usize,
    /// How many clients are at work at once.
    pub clients: usize,
    /// Operations of each client in each life.
    pub operations: usize,
    /// Bytes that are turned over at the end.
    pub damages: usize,
}

impl Default for Size {
    fn default() -> Size {
        Size {
            lives: 6,
            clients: 4,
            operations: 25,
            damages: 8,
        }
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Answers that were held against the rest.
    pub operations: u64,
    /// Lives that were cut short by a crash.
    pub crashes: u64,
    /// Lives with a failed sync.
    pub failed_syncs: u64,
    /// Writes that were refused for want of space.
    pub full: u64,
    /// Damaged bytes that were noticed.
    pub damages_found: u64,
    /// Stands for every turn and every answer.
    pub trace: u64,
}

/// Runs what the seed says. `Err` says what is wrong. `without` leaves a sync point out, to see that it is missed.
pub fn run(seed: u64, size: Size, without: Option<SyncPoint>) -> Result<Report, String> {
    let mut random = Seeded::new(seed);
    let mut directory = Directory::new(Sim::new());
    if let Some(point) = without {
        directory.files.ignore(point.name());
    }
    let record = Arc::new(Record::new(random.number()));
    for number in 0..size.lives {
        let ending = life::choose_ending(&mut random);
        let told = format!("life {number}, {ending:?}");
        directory = life::live(directory, &record, size, &ending, &mut random)
            .map_err(|wrong| format!("{told}: {wrong}"))?;
    }
    let directory = life::look_at_everything(directory, &record, &mut random)
        .map_err(|wrong| format!("at the end: {wrong}"))?;
    record.check()?;
    for _ in 0..size.damages {
        life::damage(&directory, &record, &mut random)?;
    }
    Ok(record.report())
}
