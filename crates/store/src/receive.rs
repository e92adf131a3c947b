//! Takes a body in: hashes it, holds small ones in memory, stages large ones, and compares it with what was announced.
//!
//! INVARIANT: what comes out of here ended well and is exactly what was announced. Until a commit takes it, nothing of it
//! is visible, and dropping it discards it. Memory stays within one inline body, or three pieces of a large one (one that
//! is filled, one that is hashed, one that is written), and one piece of the source.

use crate::digest::beside::Hashing;
use crate::digest::{Digested, Digests};
use crate::error::{Error, Result};
use crate::model::Expect;
use crate::source::Source;
use crate::{PUT_BYTES_MAX, Store};
use bytes::{Bytes, BytesMut};
use countersign_engine::limits::INLINE_BODY_BYTES_MAX;
use countersign_engine::pieces::{PIECE_BYTES, Pieces};
use countersign_engine::{Body, Home, Space, Stage, Staged};
use countersign_types::{Checksum, ChecksumAlgorithm};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A body that is here.
pub(crate) struct Received {
    pub(crate) payload: Payload,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    /// Of the algorithm to be kept.
    pub(crate) checksum: Checksum,
    /// Of the algorithm that the client named, if it named one.
    pub(crate) answered: Option<Checksum>,
    /// Its memory, until a commit took it.
    _room: Option<OwnedSemaphorePermit>,
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
        check_size(expect.length.unwrap_or(0))?;
        let room = self.inner.room.take(expect.length).await;
        let digests = Digests::new(expect.sha256.is_some(), &algorithms);
        let mut incoming = Incoming {
            store: self,
            space,
            home,
            hashing: Hashing::new(&self.inner.beside, &self.inner.world, digests),
            sink: Sink::Memory(Held::Nothing),
            announced: expect.length,
        };
        let mut size: u64 = 0;
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
            incoming.take(piece).await?;
        }
        if let Some(expected) = expect.length.filter(|expected| size != *expected) {
            return Err(Error::IncompleteBody {
                expected,
                received: size,
            });
        }
        let (digested, sink) = incoming.end().await?;
        let answered = compare(expect, &digested, source)?;
        let checksum = digested
            .checksum(keep)
            .expect("the kept checksum was asked for")
            .clone();
        let payload = match sink {
            Ended::Memory(bytes) => Payload::Bytes(bytes),
            Ended::Stage(stage) => Payload::Staged(stage.finish().await?),
        };
        Ok(Received {
            payload,
            size,
            md5: digested.md5,
            checksum,
            answered,
            _room: room,
        })
    }
}

/// A body on its way in: hashed and put where it goes, a piece at a time.
struct Incoming<'a> {
    store: &'a Store,
    space: Space,
    home: &'a Home,
    hashing: Hashing,
    sink: Sink,
    announced: Option<u64>,
}

enum Sink {
    /// Hashed whole, at the end.
    Memory(Held),
    /// Each piece is hashed and written while the next one is received.
    Stage(Box<dyn Stage>, Pieces),
}

enum Ended {
    Memory(Bytes),
    Stage(Box<dyn Stage>),
}

/// A small body. One that came in a single piece is not copied.
enum Held {
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Incoming<'_> {
    /// Adds a piece; goes over to a stage once memory would hold more than an inline body.
    async fn take(&mut self, piece: Bytes) -> Result<()> {
        if let Sink::Memory(held) = &mut self.sink {
            let is_large = self
                .announced
                .is_some_and(|length| length > INLINE_BODY_BYTES_MAX as u64);
            if !is_large && held.len() + piece.len() <= INLINE_BODY_BYTES_MAX {
                held.add(piece, self.announced);
                return Ok(());
            }
            let before = std::mem::replace(held, Held::Nothing).freeze();
            let stage = self.store.engine().stage(self.space, self.home).await?;
            self.sink = Sink::Stage(stage, Pieces::default());
            self.pour(before).await?;
        }
        self.pour(piece).await
    }

    async fn pour(&mut self, mut bytes: Bytes) -> Result<()> {
        let Sink::Stage(stage, pieces) = &mut self.sink else {
            return Ok(());
        };
        while let Some(piece) = pieces.next(&mut bytes) {
            stage.write(piece.clone()).await?;
            self.hashing.update(piece).await?;
        }
        Ok(())
    }

    async fn end(mut self) -> Result<(Digested, Ended)> {
        let ended = match self.sink {
            Sink::Memory(held) => {
                let bytes = held.freeze();
                self.hashing.update(bytes.clone()).await?;
                Ended::Memory(bytes)
            }
            Sink::Stage(mut stage, mut pieces) => {
                let rest = pieces.rest();
                if !rest.is_empty() {
                    self.hashing.update(rest.clone()).await?;
                    stage.write(rest).await?;
                }
                Ended::Stage(stage)
            }
        };
        Ok((self.hashing.finish().await?.finish(), ended))
    }
}

impl Held {
    fn len(&self) -> usize {
        match self {
            Held::Nothing => 0,
            Held::One(bytes) => bytes.len(),
            Held::Many(bytes) => bytes.len(),
        }
    }

    /// `announced` is how long the whole will be, not more than an inline body.
    fn add(&mut self, piece: Bytes, announced: Option<u64>) {
        *self = match std::mem::replace(self, Held::Nothing) {
            Held::Nothing => Held::One(piece),
            Held::One(first) => {
                let whole = announced.and_then(|length| usize::try_from(length).ok());
                let mut all = BytesMut::with_capacity(whole.unwrap_or(first.len() + piece.len()));
                all.extend_from_slice(&first);
                all.extend_from_slice(&piece);
                Held::Many(all)
            }
            Held::Many(mut all) => {
                all.extend_from_slice(&piece);
                Held::Many(all)
            }
        };
    }

    fn freeze(self) -> Bytes {
        match self {
            Held::Nothing => Bytes::new(),
            Held::One(bytes) => bytes,
            Held::Many(bytes) => bytes.freeze(),
        }
    }
}

/// Memory for bodies that are being received, of all of them together. Small ones have a share of their own: many clients that
/// are slow with large bodies must not keep everybody else from writing anything.
pub(crate) struct Room {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Room {
        let of_bytes = |bytes| Arc::new(Semaphore::new(bytes / ROOM_UNIT));
        Room {
            small: of_bytes(SMALL_BYTES_MAX),
            large: of_bytes(RECEIVED_BYTES_MAX - SMALL_BYTES_MAX),
        }
    }
}

impl Room {
    /// Waits until there is room for a body; who came first is first. `None` as the length: nobody said how long it is.
    async fn take(&self, length: Option<u64>) -> Option<OwnedSemaphorePermit> {
        let (room, bytes) = match length.and_then(|length| usize::try_from(length).ok()) {
            Some(length) if length <= INLINE_BODY_BYTES_MAX => (&self.small, length),
            _ => (&self.large, LARGE_BODY_BYTES),
        };
        let units = u32::try_from(bytes.div_ceil(ROOM_UNIT)).unwrap_or(u32::MAX);
        // It is never closed.
        room.clone().acquire_many_owned(units).await.ok()
    }
}

/// Most memory for bodies that are being received at once; further ones are not asked for before some have ended.
const RECEIVED_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// The share of those that are held in memory whole.
const SMALL_BYTES_MAX: usize = RECEIVED_BYTES_MAX / 4;
/// What a body that is staged takes: three pieces, and what the source holds.
const LARGE_BODY_BYTES: usize = 4 * PIECE_BYTES;
/// Memory is counted in these.
const ROOM_UNIT: usize = 4096;

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn bodies_wait_for_room_once_all_of_it_is_taken() {
        let room = Room::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut take = |length| {
            let mut taking = Box::pin(room.take(length));
            match taking.as_mut().poll(&mut context) {
                Poll::Ready(taken) => taken,
                Poll::Pending => None,
            }
        };
        let large = (RECEIVED_BYTES_MAX - SMALL_BYTES_MAX) / LARGE_BODY_BYTES;
        let mut taken: Vec<_> = (1..large)
            .filter_map(|_| take(Some(INLINE_BODY_BYTES_MAX as u64 + 1)))
            .collect();
        taken.extend(take(None));
        assert_eq!(taken.len(), large);
        assert!(take(None).is_none(), "there is more room than there is");
        // Small ones come in all the same.
        let small = SMALL_BYTES_MAX / INLINE_BODY_BYTES_MAX;
        taken.extend((0..small).filter_map(|_| take(Some(INLINE_BODY_BYTES_MAX as u64))));
        assert_eq!(taken.len(), large + small);
        assert!(take(Some(0)).is_some(), "nothing needs no room");
        assert!(take(Some(1)).is_none(), "there is more room than there is");
        taken.pop();
        assert!(take(Some(1)).is_some());
    }
}
