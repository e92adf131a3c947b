//! What all requests share: configuration, store, identities, and the small memories that help to explain refusals.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use countersign_engine::upkeep::Upkeep;
use countersign_identity::Directory;
use countersign_sigv4::{Claim, Form};
use countersign_store::Store;
use http::header;
use tokio::sync::Semaphore;

use crate::bucket_policies::BucketPolicies;
use crate::clock::Clock;
use crate::config::Config;
use crate::explain::Cache;
use crate::hosts::Hosts;
use crate::key_memory::{KeyMemory, Kind};
use crate::metrics::Metrics;
use crate::pipeline::received::Received;
use crate::probe::Health;
use crate::record::Record;
use crate::scrub::Scrubber;
use crate::throttle::Throttle;
use crate::web_identity::WebIdentityVerifier;

/// Everything that a request needs and that outlives it.
pub(crate) struct Gateway {
    /// What the operator decided.
    pub(crate) config: Config,
    /// The objects.
    pub(crate) store: Store,
    /// The policies of buckets.
    pub(crate) bucket_policies: BucketPolicies,
    /// How the engine below the store is; `None` if it cannot say.
    pub(crate) upkeep: Option<Arc<dyn Upkeep>>,
    /// Reads what is stored against its checksums, where the engine can.
    pub(crate) scrubber: Option<Arc<Scrubber>>,
    /// The access keys.
    pub(crate) directory: Directory,
    /// What requests are timed by.
    pub(crate) clock: Arc<dyn Clock>,
    /// Ports that S3 is served on.
    pub(crate) listen_ports: Vec<u16>,
    /// Where the admin API is served.
    pub(crate) admin_address: Option<SocketAddr>,
    /// Hosts that access keys verified with.
    pub(crate) hosts: Hosts,
    /// What became of the latest requests with each access key.
    pub(crate) keys: KeyMemory,
    /// Verifies the tokens of identity providers.
    pub(crate) web_identity: WebIdentityVerifier,
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
        upkeep: Option<Arc<dyn Upkeep>>,
        directory: Directory,
        clock: Arc<dyn Clock>,
        listen_ports: Vec<u16>,
        admin_address: Option<SocketAddr>,
    ) -> Gateway {
        let metrics = Arc::new(Metrics::new());
        let record = Record::open(config.refusals_dir.as_deref(), &metrics);
        let scrubber = upkeep.clone().map(|upkeep| {
            let (schedule, file) = (config.scrub, config.scrub_file.clone());
            Arc::new(Scrubber::open(
                upkeep,
                store.clone(),
                schedule,
                file,
                metrics.clone(),
            ))
        });
        let web_identity = WebIdentityVerifier::new(config.are_private_identity_providers_allowed);
        Gateway {
            config,
            store,
            bucket_policies: BucketPolicies::default(),
            upkeep,
            scrubber,
            directory,
            clock,
            listen_ports,
            admin_address,
            hosts: Hosts::default(),
            keys: KeyMemory::default(),
            web_identity,
            record,
            metrics,
            throttle: Throttle::new(Instant::now()),
            diagnoses: Cache::default(),
            searches: Semaphore::new(1),
        }
    }

    /// Remembers that a request verified, for the sake of those that will not.
    pub(crate) fn note_verified(&self, received: &Received, claim: &Claim) {
        // A form signs its policy and no host.
        if claim.form != Form::Policy {
            let host = received.header(header::HOST).unwrap_or_default();
            self.hosts.note(&claim.access_key_id, host);
        }
        let now = received.at.seconds();
        // A link and a form are dated when they are made.
        let clock = (claim.form == Form::Header).then(|| claim.time - now);
        let (client, kind) = (received.client_address(&self.config), Kind::of(received.method()));
        self.keys.verified(&claim.access_key_id, client, kind, clock, now);
    }

    /// Whether the store takes writes.
    pub(crate) fn health(&self) -> Health {
        match &self.upkeep {
            Some(upkeep) if upkeep.health().is_err() => Health::WritesRefused,
            Some(_) | None => Health::Good,
        }
    }
}
