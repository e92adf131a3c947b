//! Whether writes are still allowed.
//!
//! Keeps true: once a sync failed, nothing is written until the engine is opened again, because the operating system
//! may forget what it could not write and answer `Ok` the next time.

use countersign_engine::{Error, Result};
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::{io, thread};

/// Shared by everything that writes.
#[derive(Default)]
pub(crate) struct Health {
    failure: OnceLock<String>,
}

impl Health {
    /// `Err` once anything failed.
    pub(crate) fn check(&self) -> Result<()> {
        match self.failure.get() {
            Some(failure) => Err(Error::Failed(failure.clone())),
            None => Ok(()),
        }
    }

    /// Notes a failure; the first one stays.
    pub(crate) fn fail(&self, failure: String) -> Error {
        Error::Failed(self.failure.get_or_init(|| failure).clone())
    }
}

/// A loop without which nothing may be written: if it panics, that is the failure.
pub(crate) async fn vital(health: Arc<Health>, work: impl Future<Output = ()>) {
    struct Watch(Arc<Health>);
    impl Drop for Watch {
        fn drop(&mut self) {
            let thread = thread::current();
            if thread::panicking() {
                let name = thread.name().unwrap_or("of the engine");
                self.0.fail(format!("the thread {name} panicked"));
            }
        }
    }
    let _watch = Watch(health);
    work.await;
}

/// True if a write failed for want of space.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// A failure that left everything as it was.
pub(crate) fn unavailable(what: &str, error: &io::Error) -> Error {
    if is_full(error) {
        Error::Full
    } else {
        Error::Unavailable(format!("{what}: {error}"))
    }
}
