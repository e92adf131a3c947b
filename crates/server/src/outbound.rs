//! Requests that this program makes itself: to identity providers, to a secrets manager, from the command line to a server, and
//! those that it passes on.
//!
//! One request on a connection of its own, HTTP/1.1, over TLS or in the clear as the URL says. Not here: what is asked, and
//! what an answer means.
//!
//! It keeps true: no redirect is followed, no proxy and no cookie is used; time and bytes are bounded; and the address that was
//! allowed is the address that is connected to, so that a name cannot point elsewhere between the two.

pub mod address;
mod dialed;
mod pinned;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

use crate::config::PublicUrl;

pub use dialed::{Answering, Dialed};

/// How far requests may reach, and how much they may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a request may take, from looking the name up to the last byte of the answer.
    pub time: Duration,
    /// Longest answer that is taken.
    pub body_bytes: usize,
    /// Which addresses may be asked.
    pub reach: Reach,
}

/// Which addresses may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any: the operator named the place.
    Anywhere,
    /// Addresses of the public network, over TLS: somebody else named the place.
    Public,
    /// Those, and private addresses also in the clear: somebody else named the place, and the operator trusts them.
    PrivateToo,
}

impl Reach {
    fn check(self, address: SocketAddr, is_https: bool) -> Result<(), Fault> {
        let is_public = address::is_public(address.ip());
        match self {
            Reach::Anywhere => Ok(()),
            Reach::Public if !is_public => Err(Fault::OutOfReach),
            Reach::Public | Reach::PrivateToo if is_public && !is_https => Err(Fault::NotEncrypted),
            Reach::Public | Reach::PrivateToo => Ok(()),
        }
    }
}

/// Makes requests.
pub struct Outbound {
    limits: Limits,
    /// Read when the first request needs it.
    trust: OnceLock<Arc<Trust>>,
    /// Trusted beside those of the machine.
    more_roots: Vec<CertificateDer<'static>>,
}

/// Who vouches for servers.
struct Trust {
    authorities: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    config: Arc<ClientConfig>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Fault {
    /// The request cannot be sent as it is.
    Request(String),
    /// The name leads nowhere.
    Unknown(String),
    /// All addresses of the name are out of reach.
    OutOfReach,
    /// The way is not safe enough for a place that somebody else named.
    NotEncrypted,
    /// No connection, or none that is trusted.
    Connection(String),
    /// The answer did not come in time.
    Time(Duration),
    /// The answer is longer than it may be, or broken off.
    Answer(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Request(why) => write!(f, "it cannot be asked: {why}"),
            Fault::Unknown(why) => write!(f, "its name has no address: {why}"),
            Fault::OutOfReach => f.write_str("it has a private address"),
            Fault::NotEncrypted => f.write_str("it is not asked without TLS"),
            Fault::Connection(why) => write!(f, "no connection: {why}"),
            Fault::Time(time) => write!(f, "no answer within {} seconds", time.as_secs()),
            Fault::Answer(why) => write!(f, "its answer cannot be read: {why}"),
        }
    }
}

impl std::error::Error for Fault {}

impl Outbound {
    /// Asks within these limits, and trusts the certificate authorities that the machine trusts.
    pub fn new(limits: Limits) -> Outbound {
        Outbound {
            limits,
            trust: OnceLock::new(),
            more_roots: Vec::new(),
        }
    }

    /// Trusts these certificate authorities as well.
    pub fn trusting(self, roots: Vec<CertificateDer<'static>>) -> Outbound {
        Outbound {
            more_roots: roots,
            ..self
        }
    }

    /// Sends one request to `url`. Its target is a path with a query or without; `Host` is added.
    pub async fn send(&self, url: &PublicUrl, request: Request<Bytes>) -> Result<Reply, Fault> {
        self.send_to_pinned(url, request, &[]).await
    }

    /// The same to a server that is trusted also if a certificate of its chain has one of these thumbprints, in hex.
    pub async fn send_to_pinned(
        &self,
        url: &PublicUrl,
        request: Request<Bytes>,
        thumbprints: &[String],
    ) -> Result<Reply, Fault> {
        let time = self.limits.time;
        tokio::time::timeout(time, self.exchange(url, request, thumbprints))
            .await
            .unwrap_or(Err(Fault::Time(time)))
    }

    async fn exchange(
        &self,
        url: &PublicUrl,
        mut request: Request<Bytes>,
        thumbprints: &[String],
    ) -> Result<Reply, Fault> {
        let host =
            HeaderValue::from_str(&url.authority).map_err(|error| Fault::Request(error.to_string()))?;
        request.headers_mut().insert(header::HOST, host);
        let dialed = self.connected(url, &url.authority, thumbprints).await?;
        let answer = dialed.send(request.map(Full::new)).await?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, self.limits.body_bytes)
            .collect()
            .await
            .map_err(|error| Fault::Answer(error.to_string()))?;
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        })
    }

    /// Connects to `url` for one request that is sent while it comes and answered while the answer goes on: only connecting has
    /// its time. Over TLS the server must be the one that `host` names, `host` or `host:port`.
    pub async fn dial(&self, url: &PublicUrl, host: &str) -> Result<Dialed, Fault> {
        let time = self.limits.time;
        tokio::time::timeout(time, self.connected(url, host, &[]))
            .await
            .unwrap_or(Err(Fault::Time(time)))
    }

    async fn connected(&self, url: &PublicUrl, host: &str, thumbprints: &[String]) -> Result<Dialed, Fault> {
        let (name, port) = split(&url.authority, url.is_https)?;
        let stream = self.connect(name, port, url.is_https).await?;
        if !url.is_https {
            return Ok(Dialed::over(stream));
        }
        let (server, _) = split(host, url.is_https)?;
        let server =
            ServerName::try_from(server.to_owned()).map_err(|error| Fault::Request(error.to_string()))?;
        let connector = TlsConnector::from(self.tls(thumbprints).await?);
        let stream = connector.connect(server, stream).await;
        Ok(Dialed::over(
            stream.map_err(|error| Fault::Connection(error.to_string()))?,
        ))
    }

    /// Connects to the first address of the name that may be asked and answers.
    async fn connect(&self, name: &str, port: u16, is_https: bool) -> Result<TcpStream, Fault> {
        let found = tokio::net::lookup_host((name, port)).await;
        let found: Vec<SocketAddr> = found
            .map_err(|error| Fault::Unknown(error.to_string()))?
            .collect();
        let mut fault = Fault::Unknown("there is none".to_owned());
        for address in found {
            if let Err(refused) = self.limits.reach.check(address, is_https) {
                fault = refused;
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => fault = Fault::Connection(error.to_string()),
            }
        }
        Err(fault)
    }

    async fn tls(&self, thumbprints: &[String]) -> Result<Arc<ClientConfig>, Fault> {
        let trust = self.trust().await?;
        if thumbprints.is_empty() {
            return Ok(Arc::clone(&trust.config));
        }
        let pinned = pinned::trust(&trust.authorities, &trust.provider, thumbprints);
        pinned
            .map(Arc::new)
            .map_err(|error| Fault::Connection(error.to_string()))
    }

    /// Who is trusted. Reading the machine's certificates takes a while, so it is done aside and once.
    async fn trust(&self) -> Result<Arc<Trust>, Fault> {
        if let Some(trust) = self.trust.get() {
            return Ok(Arc::clone(trust));
        }
        let more_roots = self.more_roots.clone();
        let made = tokio::task::spawn_blocking(move || trust(more_roots)).await;
        let made = made.map_err(|error| Fault::Connection(error.to_string()))?;
        let made = made.map_err(|error| Fault::Connection(error.to_string()))?;
        Ok(Arc::clone(self.trust.get_or_init(|| Arc::new(made))))
    }
}

/// The certificate authorities of the machine, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`, and more.
fn trust(more_roots: Vec<CertificateDer<'static>>) -> Result<Trust, Error> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "certificates of this machine cannot be read");
    }
    let mut roots = RootCertStore::empty();
    // What is no certificate is trusted by nobody.
    let (known, _) = roots.add_parsable_certificates(found.certs.into_iter().chain(more_roots));
    if known == 0 {
        tracing::warn!("this machine trusts no certificate authority: https cannot be asked");
    }
    let (authorities, provider) = (Arc::new(roots), Arc::new(aws_lc_rs::default_provider()));
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(Arc::clone(&authorities))
        .with_no_client_auth();
    Ok(Trust {
        authorities,
        provider,
        config: Arc::new(config),
    })
}

/// Host and port of `host[:port]`; the host of an address of version 6 without its brackets.
fn split(authority: &str, is_https: bool) -> Result<(&str, u16), Fault> {
    let default = if is_https { 443 } else { 80 };
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => {
            let port = port
                .parse()
                .map_err(|_| Fault::Request(format!("`{port}` is no port")))?;
            (name, port)
        }
        _ => (authority, default),
    };
    let name = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    Ok((name, port))
}

#[cfg(test)]
mod tests;
