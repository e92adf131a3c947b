//! A server that does nothing: hyper answering every request with the same bytes from memory. No server on hyper is faster.
//! With a log it does no more than must be done for a PUT: the body is hashed for its ETag and is durable before the answer.
//! No server on hyper that keeps what it acknowledges is faster.
//!
//! It runs in a process of its own, like every store, so that its processor time can be told.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
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
pub(crate) fn serve(body_bytes: usize, log_directory: Option<&Path>) -> Result<(), Fault> {
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
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .map_err(failed)?;
        println!("http://{}", listener.local_addr().map_err(failed)?);
        loop {
            let (stream, _) = listener.accept().await.map_err(failed)?;
            stream.set_nodelay(true).map_err(failed)?;
            let (body, log) = (body.clone(), log.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let (body, log) = (body.clone(), log.clone());
                    async move {
                        match log {
                            Some(log) => keep(request, body, log).await,
                            None => answer(request, body).await,
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
