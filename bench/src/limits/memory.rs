//! A server that does nothing: hyper answering every request with the same bytes from memory. No server on hyper is faster.
//!
//! It runs in a process of its own, like every store, so that its processor time can be told.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Fault;
use crate::payload::random_bytes;

/// Serves until it is killed; the first line of its output is its address.
pub(crate) fn serve(body_bytes: usize) -> Result<(), Fault> {
    let failed = |error: std::io::Error| Fault::new(format!("the server in memory: {error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let body = Bytes::from(random_bytes(body_bytes, 1));
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .map_err(failed)?;
        println!("http://{}", listener.local_addr().map_err(failed)?);
        loop {
            let (stream, _) = listener.accept().await.map_err(failed)?;
            stream.set_nodelay(true).map_err(failed)?;
            let body = body.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| answer(request, body.clone()));
                // A client that goes away is no fault of the server.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

async fn answer(mut request: Request<Incoming>, body: Bytes) -> Result<Response<Full<Bytes>>, Infallible> {
    while let Some(Ok(_)) = request.frame().await {}
    Ok(Response::new(Full::new(body)))
}
