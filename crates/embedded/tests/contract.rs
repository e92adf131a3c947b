//! The engine against the contract's suite: on this machine's disk, on simulated files, and there by turns on one thread.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use async_trait::async_trait;
use countersign_embedded::{Embedded, Options, Tasks};
use countersign_engine::Engine;
use countersign_engine::conformance::{Subject, run};
use countersign_engine::world::sim::Sim;
use countersign_engine::world::turns::{Table, Turns};
use std::path::Path;
use std::sync::{Arc, Mutex};
use support::prefix_index::PrefixIndex;

/// Engines in directories of their own, which go when the test ends.
struct OnDisk {
    dirs: Mutex<Vec<tempfile::TempDir>>,
}

#[async_trait]
impl Subject for OnDisk {
    async fn fresh(&self) -> Arc<dyn Engine> {
        let mut dirs = self.dirs.lock().unwrap();
        dirs.push(tempfile::tempdir().unwrap());
        open_disk(&dirs.last().unwrap().path().join("data"))
    }

    async fn reopen(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        drop(engine);
        let path = self.dirs.lock().unwrap().last().unwrap().path().join("data");
        open_disk(&path)
    }
}

fn open_disk(path: &Path) -> Arc<dyn Engine> {
    Arc::new(Embedded::open(path, &Options::new(7)).unwrap())
}

/// Engines on simulated files, each with an index that starts anew when it is opened again.
struct OnSimulatedFiles {
    files: Mutex<Sim>,
}

#[async_trait]
impl Subject for OnSimulatedFiles {
    async fn fresh(&self) -> Arc<dyn Engine> {
        *self.files.lock().unwrap() = Sim::new();
        self.open()
    }

    async fn reopen(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        drop(engine);
        self.open()
    }
}

impl OnSimulatedFiles {
    fn open(&self) -> Arc<dyn Engine> {
        let files = Arc::new(self.files.lock().unwrap().clone());
        let options = Options {
            segment_bytes: 100_000,
            ..Options::new(7)
        };
        let index = PrefixIndex::default().opener();
        Arc::new(Embedded::open_with(files, index, Path::new("/data"), &options).unwrap())
    }
}

/// The same, with everything the engine does on the thread of the test.
struct ByTurns {
    files: Mutex<Sim>,
    table: Table,
    open: Mutex<Option<Arc<Embedded>>>,
}

#[async_trait]
impl Subject for ByTurns {
    async fn fresh(&self) -> Arc<dyn Engine> {
        *self.files.lock().unwrap() = Sim::new();
        self.open()
    }

    async fn reopen(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        drop(engine);
        let ours = self.open.lock().unwrap().take().and_then(Arc::into_inner);
        ours.unwrap().close().await;
        self.open()
    }
}

impl ByTurns {
    fn open(&self) -> Arc<dyn Engine> {
        let files = Arc::new(self.files.lock().unwrap().clone());
        let options = Options {
            tasks: Tasks::turns(self.table.clone()),
            ..Options::new(7)
        };
        let index = PrefixIndex::default().opener();
        let engine = Embedded::open_with(files, index, Path::new("/data"), &options).unwrap();
        let engine = Arc::new(engine);
        *self.open.lock().unwrap() = Some(engine.clone());
        engine
    }
}

#[test]
fn the_engine_by_turns_on_one_thread_obeys_the_contract() {
    let turns = Turns::new(11);
    let subject = ByTurns {
        files: Mutex::default(),
        table: turns.table(),
        open: Mutex::default(),
    };
    assert!(turns.run(run(&subject)).unwrap().unwrap() > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_on_a_real_disk_obeys_the_contract() {
    let subject = OnDisk {
        dirs: Mutex::default(),
    };
    assert!(run(&subject).await.unwrap() > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_on_simulated_files_obeys_the_contract() {
    let subject = OnSimulatedFiles {
        files: Mutex::default(),
    };
    assert!(run(&subject).await.unwrap() > 20);
}
