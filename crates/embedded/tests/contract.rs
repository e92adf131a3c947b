//! The engine against the contract's suite: on this machine's disk, and on simulated files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use async_trait::async_trait;
use countersign_embedded::{Embedded, Options};
use countersign_engine::Engine;
use countersign_engine::conformance::{Subject, run};
use countersign_engine::world::sim::Sim;
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
