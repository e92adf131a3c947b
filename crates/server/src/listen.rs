//! Sockets: accepts connections, speaks HTTP/1.1 on them and lets go of them without losing an answer.
//!
//! Not here: what a request means. Each one is handed on with its body untouched.
//!
//! What it keeps true:
//! - `TCP_NODELAY` is set: a small answer never waits for the peer's delayed acknowledgement.
//! - a client that is still sending when it is refused gets the answer. The refusal's body drain keeps reading
//!   (see [`crate::body::drain`]), then the connection lingers: half-closed, reading and discarding, within named limits.
//!   Closing a socket with unread bytes would make the kernel send a reset that overtakes the answer.
//! - the number of connections, the bytes of a head, the time to send it and the time to begin taking an answer are bounded.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt::set_tcp_user_timeout;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Longest request head (request line and headers) in bytes that is read at all. The HTTP library answers a longer one,
/// or one with more lines, with a bare 431 that cannot be given a body, so the pipeline's own limits lie below.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most header lines of one request that are read at all.
const HEADERS_MAX: usize = 256;
/// How long a client may take to send one head.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// Most connections at once on one listener; further ones wait to be accepted. Fewer where few files may be open, see
/// [`connections_max`].
const CONNECTIONS_MAX: usize = 8192;
/// How many connections the kernel keeps ready until they are accepted.
const BACKLOG: i32 = 1024;
/// How long a client may take none of an answer that is ready for it.
const STALL_TIME_MAX: Duration = Duration::from_secs(300);
/// How many bytes are read and discarded after the answer, so that it is not overtaken by a reset.
const LINGER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long that may go on without a byte.
const LINGER_IDLE_MAX: Duration = Duration::from_secs(2);
/// How long it may go on at all.
const LINGER_TIME_MAX: Duration = Duration::from_secs(20);
/// How long requests in flight may go on after the server was told to stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The client's address.
    pub peer: SocketAddr,
}

/// What answers requests.
pub trait Answer: Send + Sync + 'static {
    /// What its answers carry.
    type Body: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static;

    /// Answers one request; never fails, because a failure is an answer too.
    fn answer(
        self: Arc<Self>,
        origin: Origin,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// Most connections at once on each of so many listeners. Lets the process open as many files as it may, and leaves half
/// of them to the store: idle connections must not keep it from opening a body or a piece of its log.
pub fn connections_max(listeners: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    };
    share_of(files, listeners)
}

/// `files` is `None` where there is no limit.
fn share_of(files: Option<u64>, listeners: usize) -> usize {
    let files = files
        .and_then(|files| usize::try_from(files).ok())
        .unwrap_or(usize::MAX);
    (files / 2 / listeners.max(1)).clamp(1, CONNECTIONS_MAX)
}

/// Takes over a listening socket, with a backlog that a burst of clients fits into.
pub fn take_over(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    rustix::net::listen(&listener, BACKLOG)?;
    TcpListener::from_std(listener)
}

/// Accepts on one listener, up to so many connections at once, until told to stop; then waits for what is in flight.
pub async fn accept<A: Answer>(
    listener: TcpListener,
    connections_max: usize,
    answer: Arc<A>,
    stop: watch::Receiver<bool>,
) {
    let connections = Arc::new(Semaphore::new(connections_max));
    let mut stopped = stop.clone();
    loop {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = until_stopped(&mut stopped) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let answer = Arc::clone(&answer);
                let stop = stop.clone();
                tokio::spawn(async move {
                    serve(stream, peer, answer, stop).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file descriptors, or the peer is gone already. Neither ends the listener; the
                // pause keeps a lasting shortage from spinning.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let all = u32::try_from(connections_max).expect("the limit is small");
    if tokio::time::timeout(STOP_TIME_MAX, connections.acquire_many(all))
        .await
        .is_err()
    {
        tracing::warn!("stopped with requests still in flight");
    }
}

async fn serve<A: Answer>(
    stream: TcpStream,
    peer: SocketAddr,
    answer: Arc<A>,
    mut stop: watch::Receiver<bool>,
) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%error, %peer, "a connection could not be prepared");
    }
    let origin = Origin { peer };
    let service = service_fn(move |request| {
        let answer = Arc::clone(&answer);
        async move { Ok::<_, Infallible>(answer.answer(origin, request).await) }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        biased;
        end = &mut connection => Some(end),
        () = until_stopped(&mut stop) => None,
    };
    let end = match ended {
        Some(end) => end,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    if let Err(error) = end {
        tracing::debug!(%error, %peer, "the connection ended early");
    }
    let stream = connection.into_parts().io.into_inner();
    if tokio::time::timeout(LINGER_TIME_MAX, linger(stream))
        .await
        .is_err()
    {
        tracing::debug!(%peer, "a client was still sending long after its answer");
    }
}

/// What every connection is set to before its first byte: small answers go out at once, and a client that takes none
/// of its answer is let go, or it would hold the connection for as long as it likes.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let milliseconds = u32::try_from(STALL_TIME_MAX.as_millis()).unwrap_or(u32::MAX);
    Ok(set_tcp_user_timeout(stream.as_fd(), milliseconds)?)
}

/// Waits until the server is told to stop, or nobody is left who could tell.
pub(crate) async fn until_stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Says that no more will be sent, then reads and discards what the client still sends.
async fn linger(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    // On the heap, or every connection would hold it from its first request on.
    let mut buffer = vec![0; 16 * 1024];
    let mut read: u64 = 0;
    while read < LINGER_BYTES_MAX {
        match tokio::time::timeout(LINGER_IDLE_MAX, stream.read(&mut buffer)).await {
            Ok(Ok(0)) | Err(_) => break,
            Ok(Ok(n)) => read += n as u64,
            Ok(Err(error)) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_the_store() {
        for (files, listeners, expected) in [
            (Some(1024), 4, 128),
            (Some(1024), 2, 256),
            (Some(20_000), 2, 5_000),
            (Some(1_048_576), 4, CONNECTIONS_MAX),
            (None, 1, CONNECTIONS_MAX),
            (Some(3), 4, 1),
        ] {
            assert_eq!(share_of(files, listeners), expected, "{files:?} {listeners}");
        }
    }

    #[tokio::test]
    async fn small_answers_do_not_wait_for_an_acknowledgement() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (_client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (stream, _) = accepted.expect("a connection");
        assert!(
            !stream.nodelay().expect("a socket"),
            "else the test shows nothing"
        );
        prepare(&stream).expect("set");
        assert!(stream.nodelay().expect("a socket"));
        let stall = rustix::net::sockopt::tcp_user_timeout(&stream).expect("a socket");
        assert_eq!(u128::from(stall), STALL_TIME_MAX.as_millis());
    }
}
