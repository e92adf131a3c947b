//! A connection on which one request is sent and answered, either body piece by piece.
//!
//! Not here: how the connection is made. Keeps true: it ends with the answer's body, or with whoever lets go of it.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Fault;

/// A connection that nothing was sent on yet.
pub struct Dialed {
    io: Box<dyn Io>,
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for T {}

/// The body of an answer; the connection ends with it.
pub struct Answering {
    incoming: Incoming,
    _connection: AbortOnDrop,
}

/// The task that moves the bytes of a connection ends with the request it was for.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Dialed {
    pub(super) fn over<S>(stream: S) -> Dialed
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Dialed { io: Box::new(stream) }
    }

    /// Sends the request as it is, `Host` and all, and waits for the head of the answer.
    pub async fn send<B>(self, request: Request<B>) -> Result<Response<Answering>, Fault>
    where
        B: Body<Data = Bytes, Error: Error + Send + Sync> + Send + 'static,
    {
        let broken = |error: hyper::Error| Fault::Connection(error.to_string());
        let (mut sender, connection) = http1::handshake(TokioIo::new(self.io)).await.map_err(broken)?;
        let connection = AbortOnDrop(tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of ours ended early");
            }
        }));
        let answer = sender.send_request(request).await.map_err(broken)?;
        Ok(answer.map(|incoming| Answering {
            incoming,
            _connection: connection,
        }))
    }
}

impl Body for Answering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.incoming).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
