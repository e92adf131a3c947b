//! A server that does nothing: hyper answering every request with the same bytes from memory. No server on hyper is faster.
//! With a log it does no more than must be done for a PUT: the body is hashed for its ETag and is durable before the answer.
//! No server on hyper that keeps what it acknowledges is faster. With a secret it does no more than must be done for a GET of an
//! object that is in memory already: it verifies the signature and answers with the headers that S3 gives.
//!
//! It runs in a process of its own, like every store, so that its processor time can be told.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use countersign_sigv4::{self as sigv4, Expected, PathRule, Scope, Secret, SigningKey};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::ETAG;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::Fault;
use crate::contender::{LOGGED_BYTES_MAX, ROW_BYTES};
use crate::limits::log::{Log, Waiting};
use crate::payload::random_bytes;

/// Serves until it is killed; the first line of its output is its address.
pub(crate) fn serve(
    body_bytes: usize,
    log_directory: Option<&Path>,
    secret: Option<&str>,
) -> Result<(), Fault> {
    let failed = |error: std::io::Error| Fault::new(format!("the server in memory: {error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let body = Bytes::from(random_bytes(body_bytes, 1));
    let log = match log_directory {
        Some(directory) => Some(start_log(Log::create(directory)?)),
        None => None,
    };
    let key = secret.map(|secret| Arc::new(Key::new(secret)));
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .map_err(failed)?;
        println!("http://{}", listener.local_addr().map_err(failed)?);
        loop {
            let (stream, _) = listener.accept().await.map_err(failed)?;
            stream.set_nodelay(true).map_err(failed)?;
            let (body, log, key) = (body.clone(), log.clone(), key.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let (body, log, key) = (body.clone(), log.clone(), key.clone());
                    async move {
                        match (log, key) {
                            (Some(log), _) => keep(request, body, log).await,
                            (None, Some(key)) => verify(&request, body, &key),
                            (None, None) => answer(request, body).await,
                        }
                    }
                });
                // A client that goes away is no fault of the server.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

async fn answer(
    mut request: Request<Incoming>,
    body: Bytes,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    while let Some(Ok(_)) = request.frame().await {}
    Ok(Response::new(Full::new(body)))
}

/// The one access key of a server that verifies, and what was derived from it for the scope that was asked for last.
struct Key {
    secret: Secret,
    latest: RwLock<Option<(Scope, Arc<SigningKey>)>>,
}

impl Key {
    fn new(secret: &str) -> Key {
        Key {
            secret: Secret::new(secret),
            latest: RwLock::default(),
        }
    }

    fn for_scope(&self, scope: &Scope) -> Arc<SigningKey> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, signing_key)) = latest.as_ref().filter(|(of, _)| of == scope) {
            return Arc::clone(signing_key);
        }
        drop(latest);
        let signing_key = Arc::new(SigningKey::derive(&self.secret, scope));
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        *latest = Some((scope.clone(), Arc::clone(&signing_key)));
        signing_key
    }
}

/// Answers if the signature is right; else it gives up the connection, which fails the run.
fn verify(
    request: &Request<Incoming>,
    body: Bytes,
    key: &Key,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let refused = |why: &str| std::io::Error::other(why.to_owned());
    let lines: Vec<(&str, &[u8])> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let signed = sigv4::Request {
        method: request.method().as_str(),
        path: request.uri().path().as_bytes(),
        query: request.uri().query().map(str::as_bytes),
        headers: &lines,
    };
    let claim = sigv4::claim(&signed).map_err(|refusal| refused(&refusal.to_string()))?;
    let claim = claim.ok_or_else(|| refused("it is not signed"))?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let expected = Expected {
        region: &claim.scope.region,
        service: "s3",
        now: i64::try_from(now).unwrap_or(i64::MAX),
    };
    claim
        .check(&signed, &expected)
        .map_err(|refusal| refused(&refusal.to_string()))?;
    let verdict = sigv4::verify(&signed, &claim, PathRule::S3, &key.for_scope(&claim.scope));
    if !verdict.matched {
        return Err(refused("the signature does not match"));
    }
    let response = Response::builder()
        .header("accept-ranges", "bytes")
        .header("content-type", "application/octet-stream")
        .header("etag", "\"9e107d9d372bb6826bd81d3542a419d6\"")
        .header("last-modified", "Wed, 25 Nov 2026 00:00:00 GMT")
        .header("server", "hyper")
        .header("x-amz-id-2", "YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJlbmNoYmVuY2g=")
        .header("x-amz-request-id", "BENCHBENCHBENCH1");
    response.body(Full::new(body)).map_err(std::io::Error::other)
}

/// A log that writes for all who wait, on a thread of its own.
fn start_log(log: Log) -> mpsc::UnboundedSender<Waiting> {
    let (queue, waiting) = mpsc::unbounded_channel();
    // Who waits for a log that failed is let go without an answer, and the client fails the run.
    std::thread::spawn(move || log.commit(RECORD_BYTES_MAX, waiting));
    queue
}

async fn keep(
    mut request: Request<Incoming>,
    body: Bytes,
    log: mpsc::UnboundedSender<Waiting>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let mut record = vec![7; ROW_BYTES];
    while let Some(frame) = request.frame().await {
        let data = frame.map_err(std::io::Error::other)?.into_data();
        record.extend_from_slice(&data.unwrap_or_default());
    }
    let etag = hex::encode(md5_many::md5(record.get(ROW_BYTES..).unwrap_or_default()));
    let (done, durable) = oneshot::channel();
    let gone = || std::io::Error::other("the log ended");
    log.send((record, done)).map_err(|_| gone())?;
    durable.await.map_err(|_| gone())?;
    let response = Response::builder().header(ETAG, etag);
    response.body(Full::new(body)).map_err(std::io::Error::other)
}

/// The longest body that goes into a log, with its row.
const RECORD_BYTES_MAX: usize = LOGGED_BYTES_MAX + ROW_BYTES;
