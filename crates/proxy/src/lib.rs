//! A verifying proxy in front of any S3: clients sign for it with the key that it signs with itself.
//!
//! A request is verified as the server would verify it. What is refused is answered like the server's own refusals, with what
//! explains it; what is right is signed anew for the upstream and passed on, either body piece by piece. What the upstream
//! refuses is explained too, since the proxy knows what it signed.
//!
//! Absent on purpose: flags and environment (the binary has those), storing anything, and deciding who may do what: the
//! upstream does that.
//!
//! It keeps true:
//! - nothing is passed on with the proxy's signature that was not signed with the same secret: what nobody signed goes on unsigned.
//! - no body is held in memory: a piece is passed on when it came, and one whose hash or chunk signature is wrong never ends well
//!   upstream.
//! - path and query go on byte for byte; the secret stands in nothing that is answered or logged.

mod answer;
mod carry;
mod head;
mod key;
mod names;
mod passing;
mod refuse;
mod sign;
mod upstream;
mod verify;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use countersign_server::front::{self, Answer, Hosts, Origin, Upload};
use countersign_server::outbound::{Limits, Outbound, Reach};
use countersign_server::{Clock, Real};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use key::Key;
pub use upstream::Upstream;

use answer::Passed;

/// A proxy that is configured and not yet listening.
pub struct Proxy {
    /// Where requests go.
    upstream: Upstream,
    /// What clients sign with, and what is signed with anew.
    key: Key,
    /// The region that clients have to sign for.
    region: String,
    /// Names whose first label is a bucket.
    domains: Vec<String>,
    listen_ports: Vec<u16>,
    /// Whether it listens to this machine alone.
    is_loopback: bool,
    outbound: Outbound,
    /// Hosts that clients verified with.
    hosts: Hosts,
    /// One search for a cause at a time.
    searches: Semaphore,
    clock: Arc<dyn Clock>,
}

impl Proxy {
    /// A proxy to this upstream, with this key; clients sign for `region`.
    pub fn new(upstream: Upstream, key: Key, region: &str) -> Proxy {
        Proxy {
            upstream,
            key,
            region: region.to_owned(),
            domains: Vec::new(),
            listen_ports: Vec::new(),
            is_loopback: false,
            outbound: Outbound::new(LIMITS),
            hosts: Hosts::default(),
            searches: Semaphore::new(1),
            clock: Arc::new(Real),
        }
    }

    /// Takes the first label of these names for a bucket, beside that of `localhost`.
    pub fn below(self, domains: Vec<String>) -> Proxy {
        Proxy { domains, ..self }
    }

    /// Times requests by another clock than the machine's.
    pub fn by_clock(self, clock: Arc<dyn Clock>) -> Proxy {
        Proxy { clock, ..self }
    }

    /// Serves until `stop` is over, then lets requests in flight end. Fails if a listener cannot be used.
    pub async fn run(
        mut self,
        listeners: Vec<TcpListener>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let addresses = listeners.iter().map(TcpListener::local_addr);
        let addresses = addresses.collect::<io::Result<Vec<SocketAddr>>>()?;
        self.listen_ports = addresses.iter().map(SocketAddr::port).collect();
        self.is_loopback = addresses
            .iter()
            .all(|address| address.ip().to_canonical().is_loopback());
        let connections_max = front::connections_max(listeners.len());
        let front = Arc::new(Front(self));
        let (stop_sender, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for listener in listeners {
            let listener = front::take_over(listener)?;
            tasks.spawn(front::accept(
                listener,
                connections_max,
                Arc::clone(&front),
                stopped.clone(),
            ));
        }
        stop.await;
        // Nobody listens any more only if every task is gone already.
        let _ = stop_sender.send(true);
        while tasks.join_next().await.is_some() {}
        Ok(())
    }
}

/// Answers requests.
struct Front(Proxy);

impl Answer for Front {
    type Body = Passed;

    async fn answer(self: Arc<Self>, origin: Origin, request: Request<Incoming>) -> Response<Passed> {
        let (parts, incoming) = request.into_parts();
        let received = front::Received::new(parts, origin, self.0.clock.now());
        let mut body = Upload::new(incoming);
        let response = match passing::pass(&self.0, &received, &mut body).await {
            Ok(response) => response,
            Err(stop) => refuse::refuse(&self.0, &received, *stop, &mut body).await,
        };
        refuse::let_go(response, &received, body)
    }
}

/// How far the proxy reaches, and how long it takes to get there. Whoever started it named the place.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    body_bytes: answer::DOCUMENT_BYTES_MAX,
    reach: Reach::Anywhere,
};
