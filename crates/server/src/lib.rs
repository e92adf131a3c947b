//! Sockets, clock and the pipeline: the server as a library that gets values and a store.
//!
//! Read `pipeline.rs` first: a request moves one way through it. Not here: flags and files (the binary has those), which
//! storage engine runs below the store, S3's semantics, and how a signature is verified.

mod admin;
mod body;
mod bucket_policies;
mod clock;
mod config;
mod cors;
mod directory_upkeep;
mod explain;
mod facts;
pub mod front;
mod gateway;
mod hosts;
mod judge;
mod key_memory;
mod listen;
mod lists;
mod metrics;
mod once;
mod operations;
pub mod outbound;
mod pipeline;
mod probe;
mod query;
mod record;
mod refusal;
mod request_id;
mod respond;
mod scrub;
#[cfg(test)]
mod testing;
mod throttle;
mod web_identity;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use countersign_engine::upkeep::Upkeep;
use countersign_identity::Directory;
use countersign_store::Store;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use clock::{Clock, Real};
pub use config::{Cidr, Config, DiagnosisMode, PublicUrl, ScrubSchedule};
pub use scrub::scrub_once;
pub use web_identity::{WebIdentity, WebIdentityVerifier};

use crate::gateway::Gateway;

/// A server that is configured and not yet listening.
pub struct Server {
    config: Config,
    store: Store,
    upkeep: Option<Arc<dyn Upkeep>>,
    directory: Directory,
    clock: Arc<dyn Clock>,
}

impl Server {
    /// Puts a server together.
    pub fn new(config: Config, store: Store, directory: Directory) -> Server {
        Server {
            config,
            store,
            upkeep: None,
            directory,
            clock: Arc::new(Real),
        }
    }

    /// Times requests by another clock than the machine's.
    pub fn by_clock(self, clock: Arc<dyn Clock>) -> Server {
        Server { clock, ..self }
    }

    /// Watches the engine below the store: whether it takes writes, and whether what it stored is whole.
    pub fn watching(self, upkeep: Arc<dyn Upkeep>) -> Server {
        Server {
            upkeep: Some(upkeep),
            ..self
        }
    }

    /// Serves S3 on `listeners` and the admin API on `admin_listeners` until `stop` is over, then lets requests in flight
    /// end. Fails if a listener cannot be used.
    pub async fn run(
        self,
        listeners: Vec<TcpListener>,
        admin_listeners: Vec<TcpListener>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let ports = listeners
            .iter()
            .map(|l| l.local_addr().map(|address| address.port()));
        let ports = ports.collect::<io::Result<Vec<u16>>>()?;
        let admin_address = admin_listeners.first().and_then(|l| l.local_addr().ok());
        let gateway = tokio::task::spawn_blocking(move || {
            // Reads the record of refusals from disk.
            Gateway::new(
                self.config,
                self.store,
                self.upkeep,
                self.directory,
                self.clock,
                ports,
                admin_address,
            )
        });
        let gateway = Arc::new(gateway.await.map_err(io::Error::other)?);
        let (stop_sender, stopped) = watch::channel(false);
        let connections_max = listen::connections_max(listeners.len() + admin_listeners.len());
        let mut tasks = JoinSet::new();
        let s3 = Arc::new(pipeline::S3(Arc::clone(&gateway)));
        for listener in listeners {
            let listener = listen::take_over(listener)?;
            tasks.spawn(listen::accept(
                listener,
                connections_max,
                Arc::clone(&s3),
                stopped.clone(),
            ));
        }
        let admin = Arc::new(admin::Admin(Arc::clone(&gateway)));
        for listener in admin_listeners {
            let listener = listen::take_over(listener)?;
            tasks.spawn(listen::accept(
                listener,
                connections_max,
                Arc::clone(&admin),
                stopped.clone(),
            ));
        }
        tasks.spawn(sweep(gateway.store.clone(), stopped.clone()));
        tasks.spawn(directory_upkeep::run(Arc::clone(&gateway), stopped.clone()));
        if let Some(scrubber) = &gateway.scrubber {
            tasks.spawn(Arc::clone(scrubber).run(stopped));
        }
        stop.await;
        tracing::info!("stopping: requests in flight are finished first");
        // Nobody listens any more only if every task is gone already.
        let _ = stop_sender.send(true);
        while tasks.join_next().await.is_some() {}
        Ok(())
    }
}

/// Reclaims what replaced objects left behind, now and then.
async fn sweep(store: Store, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = store.sweep().await {
            tracing::warn!(%error, "what replaced objects left behind could not be swept");
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_PAUSE) => {}
            () = listen::until_stopped(&mut stopped) => return,
        }
    }
}

const SWEEP_PAUSE: Duration = Duration::from_secs(60);
