//! What all requests share: configuration, store, identities, and the small memories that help to explain refusals.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use countersign_identity::Directory;
use countersign_store::Store;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::explain::Cache;
use crate::hosts::Hosts;
use crate::metrics::Metrics;
use crate::record::Record;
use crate::throttle::Throttle;

/// Everything that a request needs and that outlives it.
pub(crate) struct Gateway {
    /// What the operator decided.
    pub(crate) config: Config,
    /// The objects.
    pub(crate) store: Store,
    /// The access keys.
    pub(crate) directory: Directory,
    /// Ports that S3 is served on.
    pub(crate) listen_ports: Vec<u16>,
    /// Where the admin API is served.
    pub(crate) admin_address: Option<SocketAddr>,
    /// Hosts that access keys verified with.
    pub(crate) hosts: Hosts,
    /// The latest refusals.
    pub(crate) record: Record,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// How much searching may go on.
    pub(crate) throttle: Throttle,
    /// Diagnoses of the last minute.
    pub(crate) diagnoses: Cache,
    /// One search at a time.
    pub(crate) searches: Semaphore,
}

impl Gateway {
    /// A gateway with empty memories, but for the refusals on disk.
    pub(crate) fn new(
        config: Config,
        store: Store,
        directory: Directory,
        listen_ports: Vec<u16>,
        admin_address: Option<SocketAddr>,
    ) -> Gateway {
        let metrics = Arc::new(Metrics::new());
        let record = Record::open(config.refusals_dir.as_deref(), &metrics);
        Gateway {
            config,
            store,
            directory,
            listen_ports,
            admin_address,
            hosts: Hosts::default(),
            record,
            metrics,
            throttle: Throttle::new(Instant::now()),
            diagnoses: Cache::default(),
            searches: Semaphore::new(1),
        }
    }
}
