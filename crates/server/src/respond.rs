//! Response bodies: nothing, bytes, or an object read piece by piece as the client takes it.
//!
//! Not here: which status or header a response has; that is decided by `protocol` and by the operation.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};

/// A body that could not be read to its end. The connection is cut, so that the client never takes
/// what it has for the whole.
#[derive(Debug)]
pub struct BrokenBody(
    /// Why.
    pub String,
);

impl fmt::Display for BrokenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body could not be read to its end: {}", self.0)
    }
}

impl std::error::Error for BrokenBody {}

/// Pieces of a body, in order.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, BrokenBody>> + Send>>;

/// The body of a response.
pub enum Outgoing {
    /// These bytes, or none.
    Whole(Option<Bytes>),
    /// Pieces that are read while they are sent; `left` bytes are still to come.
    Streamed {
        /// Bytes still to come, announced as `Content-Length` at the start.
        left: u64,
        /// Where they come from.
        pieces: Pieces,
    },
}

impl Outgoing {
    /// No body.
    pub fn empty() -> Outgoing {
        Outgoing::Whole(None)
    }

    /// These bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Outgoing {
        Outgoing::Whole(Some(bytes.into()).filter(|b: &Bytes| !b.is_empty()))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BrokenBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        match &mut *self {
            Outgoing::Whole(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Outgoing::Streamed { left: 0, .. } => Poll::Ready(None),
            Outgoing::Streamed { left, pieces } => {
                let piece = ready!(pieces.as_mut().poll_next(cx));
                let piece = piece.unwrap_or_else(|| Err(BrokenBody("it ended early".to_owned())));
                match &piece {
                    Ok(bytes) => *left = left.saturating_sub(bytes.len() as u64),
                    Err(error) => tracing::error!(%error, "a body broke off while it was sent"),
                }
                Poll::Ready(Some(piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Whole(bytes) => bytes.is_none(),
            Outgoing::Streamed { left, .. } => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Outgoing::Whole(bytes) => bytes.as_ref().map_or(0, |b| b.len() as u64),
            Outgoing::Streamed { left, .. } => *left,
        })
    }
}
