//! Where the engine's work runs: on threads, or, for tests, by turns on one thread in an order that a seed decides.
//!
//! Not here: any of the work. Whatever waits, blocks, pauses or loops in this crate does so through [`Tasks`], which is
//! what lets a seed repeat a whole run.

use countersign_engine::world::turns::Table;
use countersign_engine::{Error, Result};
use std::future::Future;
use std::time::Duration;
use std::{io, thread};
use tokio::sync::oneshot;

/// Where the engine's work runs. Clones are the same.
#[derive(Clone, Debug)]
pub struct Tasks(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Threads,
    Turns(Table),
}

impl Tasks {
    /// Loops have a thread each; what blocks runs on the threads that tokio's runtime keeps for it.
    pub fn threads() -> Tasks {
        Tasks(Kind::Threads)
    }

    /// Everything runs by these turns, what blocks too.
    pub fn turns(table: Table) -> Tasks {
        Tasks(Kind::Turns(table))
    }

    /// Starts a loop of the engine. It ends by itself once nobody can ask it for anything any more, and it may block:
    /// nothing else runs on its thread.
    pub(crate) fn start(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<Running> {
        match &self.0 {
            Kind::Threads => {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()?;
                let thread = thread::Builder::new().name(name.into());
                Ok(Running::Thread(thread.spawn(move || runtime.block_on(work))?))
            }
            Kind::Turns(table) => {
                let (ended, running) = oneshot::channel();
                table.start(async move {
                    work.await;
                    // Nobody may be waiting for it.
                    let _ = ended.send(());
                });
                Ok(Running::Turns(running))
            }
        }
    }

    /// Runs `work` off the threads that serve.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match &self.0 {
            Kind::Threads => match tokio::task::spawn_blocking(work).await {
                Ok(done) => done,
                Err(error) => Err(Error::Unavailable(format!("a storage task ended early: {error}"))),
            },
            Kind::Turns(table) => {
                table.turn().await;
                work()
            }
        }
    }

    /// Runs `work` off the threads that serve, and nobody waits for it.
    pub(crate) fn aside(&self, work: impl FnOnce() + Send + 'static) {
        match &self.0 {
            Kind::Threads => match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(work)),
                Err(_) => work(),
            },
            Kind::Turns(table) => table.start(async move { work() }),
        }
    }

    /// Between two steps of a loop: lets others have a turn, where all share a thread.
    pub(crate) async fn turn(&self) {
        if let Kind::Turns(table) = &self.0 {
            table.turn().await;
        }
    }

    /// Waits. Only in a loop of the engine: elsewhere tokio's clock need not run.
    pub(crate) async fn pause(&self, time: Duration) {
        match &self.0 {
            Kind::Threads => tokio::time::sleep(time).await,
            Kind::Turns(table) => table.pause(time).await,
        }
    }
}

/// A loop that was started.
pub(crate) enum Running {
    Thread(thread::JoinHandle<()>),
    Turns(oneshot::Receiver<()>),
}

impl Running {
    /// Waits until the loop's thread has ended. Where all share a thread there is nothing to wait for: the loop ends at
    /// its next turn.
    pub(crate) fn join(self) {
        if let Running::Thread(thread) = self {
            // A thread that panicked has nothing more to do.
            let _ = thread.join();
        }
    }

    /// Waits until the loop has ended.
    pub(crate) async fn ended(self) {
        match self {
            Running::Thread(thread) => drop(tokio::task::spawn_blocking(move || thread.join()).await),
            // Without an answer it ended, too.
            Running::Turns(ended) => drop(ended.await),
        }
    }
}
