//! The body of a request as a source of decoded bytes, and what becomes of a body that nobody wants any more.
//!
//! Not here: what the bytes are for. Length, chunk framing and chunk signatures are checked while the bytes pass; hashes and
//! checksums are compared by the store, which sees the same bytes.

mod form;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use countersign_protocol::form::FormFault;
use countersign_sigv4::{ChunkDecoder, ChunkError, ChunkSeed, Payload, PolicyFault, Trailers};
use countersign_store::{Source, SourceError};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use form::FormBody;

use crate::pipeline::received::Received;

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// Its framing, a chunk's signature or its trailer.
    Chunk(ChunkError),
    /// It is no form, or not one with one file.
    Form(FormFault),
    /// Its file is smaller or larger than its policy allows.
    Policy(PolicyFault),
    /// It ended before its announced length.
    Incomplete,
    /// Nobody said how long it is.
    LengthMissing,
    /// No byte came for too long.
    TooSlow,
    /// It is longer than a document may be.
    TooLarge,
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BodyFault::Chunk(error) => error.fmt(f),
            BodyFault::Form(FormFault::Malformed { reason }) => {
                write!(f, "the form is not well-formed: {reason}")
            }
            BodyFault::Form(FormFault::HeadTooLarge) => {
                f.write_str("the fields before the file are too long")
            }
            BodyFault::Form(FormFault::FileMissing) => f.write_str("the form has no file"),
            BodyFault::Form(FormFault::FileRepeated) => f.write_str("the form has more than one file"),
            BodyFault::Policy(fault) => fault.fmt(f),
            BodyFault::Incomplete => f.write_str("the body ended before its announced length"),
            BodyFault::LengthMissing => f.write_str("the length of the body is not announced"),
            BodyFault::TooSlow => f.write_str("the body stopped coming"),
            BodyFault::TooLarge => f.write_str("the body is too long for a document"),
        }
    }
}

impl std::error::Error for BodyFault {}

/// What is known about a body that was read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyFacts {
    /// Its length in bytes.
    pub length: u64,
    /// How it begins.
    pub head: Vec<u8>,
}

/// What is around the bytes of the object.
enum Framing {
    None,
    Chunks(Box<ChunkDecoder>),
    Form(Box<FormBody>),
}

/// A body that is being received.
pub struct Upload {
    incoming: Incoming,
    /// Framed bytes that are not decoded yet.
    framed: Bytes,
    framing: Framing,
    trailers: Trailers,
    facts: BodyFacts,
    /// Some of it was asked for; a client that waits to be asked has been told to go on.
    is_asked_for: bool,
    /// It was read to its end.
    is_over: bool,
    /// It is wrong, and nothing more will come of it.
    is_broken: bool,
    /// What came off the socket and was not handed out yet, for whoever passes a form on as it is.
    as_sent: Option<VecDeque<Bytes>>,
}

impl Upload {
    /// Takes a body, not yet asking for any of it.
    pub fn new(incoming: Incoming) -> Upload {
        let facts = BodyFacts::default();
        Upload {
            incoming,
            framed: Bytes::new(),
            framing: Framing::None,
            trailers: Trailers::default(),
            facts,
            is_asked_for: false,
            is_over: false,
            is_broken: false,
            as_sent: None,
        }
    }

    /// Keeps what comes off the socket until it is taken with [`Upload::take_as_sent`].
    pub fn keep_as_sent(&mut self) {
        self.as_sent = Some(VecDeque::new());
    }

    /// What came off the socket since the last time, framing and all.
    pub fn take_as_sent(&mut self) -> Option<Bytes> {
        self.as_sent.as_mut()?.pop_front()
    }

    /// Bytes still to come, framing and all, if that was announced as a length.
    pub fn announced(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// What stood behind the last chunk, once the body is over.
    pub fn trailers(&self) -> &Trailers {
        &self.trailers
    }

    /// Prepares to take the framing off, once the signature that begins the chain of chunks is verified. Chunks that nobody signed
    /// begin no chain.
    pub fn decode(
        &mut self,
        received: &Received,
        payload: &Payload,
        seed: Option<ChunkSeed>,
    ) -> Result<(), BodyFault> {
        let Payload::Streaming(mode) = *payload else {
            return Ok(());
        };
        let decoded = received.header("x-amz-decoded-content-length");
        let decoded = decoded
            .and_then(|text| text.trim().parse().ok())
            .ok_or(BodyFault::LengthMissing)?;
        let announced = received.header("x-amz-trailer").unwrap_or_default();
        let announced: Vec<String> = announced.split(',').map(|name| name.trim().to_owned()).collect();
        let decoder = ChunkDecoder::new(mode, seed.filter(|_| mode.is_signed()), &announced, Some(decoded));
        self.framing = Framing::Chunks(Box::new(decoder));
        Ok(())
    }

    /// Reads all of it, if it is not longer than `bytes_max`.
    pub(crate) async fn read_whole(&mut self, bytes_max: usize) -> Result<Bytes, BodyFault> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await {
            let piece = piece.map_err(|error| match error.cause().downcast_ref::<BodyFault>() {
                Some(fault) => fault.clone(),
                None => BodyFault::Incomplete,
            })?;
            if piece.len() > bytes_max.saturating_sub(whole.len()) {
                return Err(BodyFault::TooLarge);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// What is known about the body so far.
    pub fn facts(&self) -> &BodyFacts {
        &self.facts
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, BodyFault> {
        loop {
            let data = match &mut self.framing {
                Framing::None => None,
                Framing::Chunks(decoder) => decoder.decode(&mut self.framed).map_err(BodyFault::Chunk)?,
                Framing::Form(form) => form.data(&mut self.framed)?,
            };
            if data.is_some() {
                return Ok(data);
            }
            let received = receive(&mut self.incoming).await?;
            if let (Some(kept), Some(bytes)) = (&mut self.as_sent, &received) {
                kept.push_back(bytes.clone());
            }
            match (received, &mut self.framing) {
                (Some(bytes), Framing::None) => return Ok(Some(bytes)),
                (Some(bytes), _) => self.framed = bytes,
                (None, Framing::None) => return Ok(None),
                (None, Framing::Form(form)) => return form.finish().map(|()| None),
                (None, Framing::Chunks(_)) => {
                    if let Framing::Chunks(decoder) = std::mem::replace(&mut self.framing, Framing::None) {
                        self.trailers = decoder.finish().map_err(BodyFault::Chunk)?;
                    }
                    return Ok(None);
                }
            }
        }
    }
}

#[async_trait]
impl Source for Upload {
    async fn next(&mut self) -> Option<Result<Bytes, SourceError>> {
        if self.is_over || self.is_broken {
            return None;
        }
        self.is_asked_for = true;
        match self.piece().await {
            Ok(Some(bytes)) => {
                self.facts.length += bytes.len() as u64;
                let missing = HEAD_BYTES_MAX.saturating_sub(self.facts.head.len());
                let head = bytes.get(..missing).unwrap_or(&bytes);
                self.facts.head.extend_from_slice(head);
                Some(Ok(bytes))
            }
            Ok(None) => {
                self.is_over = true;
                None
            }
            Err(fault) => {
                self.is_broken = true;
                Some(Err(SourceError::new(fault)))
            }
        }
    }

    fn trailer(&self, name: &str) -> Option<String> {
        self.trailers.value(name).map(str::to_owned)
    }
}

/// The next bytes off the socket; trailers of HTTP itself are not S3's and are passed over.
async fn receive(incoming: &mut Incoming) -> Result<Option<Bytes>, BodyFault> {
    loop {
        let frame = tokio::time::timeout(BODY_IDLE_MAX, incoming.frame()).await;
        match frame.map_err(|_| BodyFault::TooSlow)? {
            None => return Ok(None),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Ok(Some(bytes)),
                Err(_) => {}
            },
            Some(Err(_)) => return Err(BodyFault::Incomplete),
        }
    }
}

/// Keeps reading a body that was refused while it is still being sent, so that the client, who may not look for an
/// answer before it has sent everything, gets to it. Returns at once; says whether the connection can be used again.
///
/// A body that the client holds back until it is asked for (`Expect: 100-continue`) is not asked for.
pub fn drain(body: Upload, is_held_back: bool) -> bool {
    let incoming = body.incoming;
    if body.is_over || incoming.is_end_stream() {
        return true;
    }
    if is_held_back && !body.is_asked_for {
        return false;
    }
    let is_small = incoming
        .size_hint()
        .upper()
        .is_some_and(|length| length <= DRAIN_BYTES_KEPT);
    tokio::spawn(async move {
        let mut incoming = incoming;
        let mut left = DRAIN_BYTES_MAX;
        let drained = async {
            while let Ok(Ok(Some(bytes))) = tokio::time::timeout(DRAIN_IDLE_MAX, receive(&mut incoming)).await
            {
                left = left.saturating_sub(bytes.len() as u64);
                if left == 0 {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(DRAIN_TIME_MAX, drained).await;
    });
    is_small
}

/// How long a body may stop coming.
const BODY_IDLE_MAX: Duration = Duration::from_secs(60);
/// How much of a body's beginning is kept for a diagnosis.
const HEAD_BYTES_MAX: usize = 256;
/// Most bytes of a refused body that are read and thrown away.
const DRAIN_BYTES_MAX: u64 = 6 * 1024 * 1024 * 1024;
/// How long a refused body may stop coming.
const DRAIN_IDLE_MAX: Duration = Duration::from_secs(5);
/// How long a refused body is read at all.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(120);
/// A refused body up to this length does not cost the connection.
const DRAIN_BYTES_KEPT: u64 = 256 * 1024;
