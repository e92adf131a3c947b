//! Takes a body in: hashes it, holds small ones in memory, stages large ones, and compares it with what was announced.
//!
//! INVARIANT: what comes out of here ended well and is exactly what was announced. Until a commit takes it, nothing of it
//! is visible, and dropping it discards it. Memory stays within one inline body and one piece of the source.

use crate::digest::{Digested, Digests};
use crate::error::{Error, Result};
use crate::model::Expect;
use crate::source::Source;
use crate::{PUT_BYTES_MAX, Store};
use bytes::{Bytes, BytesMut};
use countersign_engine::limits::INLINE_BODY_BYTES_MAX;
use countersign_engine::{Body, Home, Space, Stage, Staged};
use countersign_types::{Checksum, ChecksumAlgorithm};

/// A body that is here.
pub(crate) struct Received {
    pub(crate) payload: Payload,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    /// Of the algorithm to be kept.
    pub(crate) checksum: Checksum,
    /// Of the algorithm that the client named, if it named one.
    pub(crate) answered: Option<Checksum>,
}

/// What a commit takes as the body of a row.
pub(crate) enum Payload {
    /// Held in memory.
    Bytes(Bytes),
    /// Until a commit takes it.
    Staged(Staged),
}

impl Payload {
    /// The body for the next commit; after a refused one it is handed over again.
    pub(crate) fn body(&self) -> Option<Body> {
        match self {
            Payload::Bytes(bytes) => (!bytes.is_empty()).then(|| Body::Bytes(bytes.clone())),
            Payload::Staged(staged) => Some(Body::Staged(staged.clone())),
        }
    }
}

impl Store {
    /// Receives a body for a row of this home. `keep` is the checksum to keep; the client may have announced another.
    pub(crate) async fn receive(
        &self,
        space: Space,
        home: &Home,
        expect: &Expect,
        keep: ChecksumAlgorithm,
        source: &mut dyn Source,
    ) -> Result<Received> {
        let announced = expect.checksum.as_ref().map(|checksum| checksum.algorithm);
        let algorithms: Vec<ChecksumAlgorithm> = announced.into_iter().chain([keep]).collect();
        let mut digests = Digests::new(expect.sha256.is_some(), &algorithms);
        let mut sink = Sink::Memory(BytesMut::new());
        let mut size: u64 = 0;
        check_size(expect.length.unwrap_or(0))?;
        while let Some(piece) = source.next().await {
            let piece = piece.map_err(Error::Source)?;
            size = size.saturating_add(piece.len() as u64);
            check_size(size)?;
            if let Some(expected) = expect.length.filter(|expected| size > *expected) {
                return Err(Error::IncompleteBody {
                    expected,
                    received: size,
                });
            }
            digests.update(&piece);
            sink = self.pour(space, home, sink, piece).await?;
        }
        if let Some(expected) = expect.length.filter(|expected| size != *expected) {
            return Err(Error::IncompleteBody {
                expected,
                received: size,
            });
        }
        let digested = digests.finish();
        let answered = compare(expect, &digested, source)?;
        let checksum = digested
            .checksum(keep)
            .expect("the kept checksum was asked for")
            .clone();
        let payload = match sink {
            Sink::Memory(bytes) => Payload::Bytes(bytes.freeze()),
            Sink::Stage(stage) => Payload::Staged(stage.finish().await?),
        };
        Ok(Received {
            payload,
            size,
            md5: digested.md5,
            checksum,
            answered,
        })
    }

    /// Adds a piece; goes over to a stage once memory would hold more than an inline body.
    async fn pour(&self, space: Space, home: &Home, sink: Sink, piece: Bytes) -> Result<Sink> {
        match sink {
            Sink::Memory(mut bytes) if bytes.len() + piece.len() <= INLINE_BODY_BYTES_MAX => {
                bytes.extend_from_slice(&piece);
                Ok(Sink::Memory(bytes))
            }
            Sink::Memory(bytes) => {
                let mut stage = self.engine().stage(space, home).await?;
                if !bytes.is_empty() {
                    stage.write(bytes.freeze()).await?;
                }
                stage.write(piece).await?;
                Ok(Sink::Stage(stage))
            }
            Sink::Stage(mut stage) => {
                stage.write(piece).await?;
                Ok(Sink::Stage(stage))
            }
        }
    }
}

enum Sink {
    Memory(BytesMut),
    Stage(Box<dyn Stage>),
}

fn check_size(size: u64) -> Result<()> {
    if size > PUT_BYTES_MAX {
        return Err(Error::EntityTooLarge {
            size,
            maximum: PUT_BYTES_MAX,
        });
    }
    Ok(())
}

/// Compares what was announced with what came; gives the checksum of the announced algorithm.
pub(crate) fn compare(expect: &Expect, digested: &Digested, source: &dyn Source) -> Result<Option<Checksum>> {
    if let Some((client, computed)) = expect.sha256.zip(digested.sha256)
        && client != computed
    {
        return Err(Error::ContentSha256Mismatch { client, computed });
    }
    if let Some(expected) = expect.content_md5
        && expected != digested.md5
    {
        return Err(Error::BadDigest {
            expected,
            calculated: digested.md5,
        });
    }
    let Some(announced) = &expect.checksum else {
        return Ok(None);
    };
    let algorithm = announced.algorithm;
    let computed = digested
        .checksum(algorithm)
        .expect("the announced checksum was asked for");
    let trailer = source.trailer(algorithm.header());
    let in_trailer = match trailer {
        Some(value) => {
            let checksum = Checksum::parse(algorithm, value.trim());
            Some(checksum.ok_or(Error::ChecksumInvalid { algorithm, value })?)
        }
        None => None,
    };
    for expected in announced.value.iter().chain(&in_trailer) {
        if expected != computed {
            return Err(Error::ChecksumMismatch {
                algorithm,
                expected: expected.clone(),
                computed: computed.clone(),
            });
        }
    }
    Ok(Some(computed.clone()))
}
