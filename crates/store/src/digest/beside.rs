//! Hashes of bodies beside receiving them: pieces of several bodies wait together, and whoever hashes takes all that
//! wait, because MD5 of eight pieces side by side costs hardly more than of one.
//!
//! Not here: which hashes a body needs, and where the work runs ([`World::aside`]).
//!
//! Keeps true: a body's pieces are hashed in their order, since its digests go along with one piece at a time. What waits is
//! bounded by the number of bodies that are received, one piece each.

use super::Digests;
use crate::World;
use crate::error::Result;
use bytes::Bytes;
use countersign_engine as engine;
use md5_many::{Md5Many, Md5State};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// What waits to be hashed. All bodies of a store share one.
#[derive(Default)]
pub(crate) struct Beside {
    many: Md5Many,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Piece>,
    /// How many are at work.
    workers: usize,
}

/// A piece of a body, with the digests of everything before it.
struct Piece {
    digests: Box<Digests>,
    bytes: Bytes,
    answer: oneshot::Sender<Box<Digests>>,
}

/// One body's digests, here or on their way.
pub(crate) struct Hashing {
    beside: Arc<Beside>,
    world: Arc<dyn World>,
    at: At,
}

enum At {
    Here(Box<Digests>),
    Beside(oneshot::Receiver<Box<Digests>>),
    /// Whoever had them is gone.
    Lost,
}

impl Hashing {
    pub(crate) fn new(beside: &Arc<Beside>, world: &Arc<dyn World>, digests: Digests) -> Hashing {
        Hashing {
            beside: beside.clone(),
            world: world.clone(),
            at: At::Here(Box::new(digests)),
        }
    }

    /// Hashes the next piece of the body, in a while. Waits for the piece before it.
    pub(crate) async fn update(&mut self, bytes: Bytes) -> Result<()> {
        let mut digests = self.settled().await?;
        if bytes.len() < ASIDE_BYTES_MIN {
            digests.update(&bytes);
            self.at = At::Here(digests);
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        self.at = At::Beside(answered);
        let piece = Piece {
            digests,
            bytes,
            answer,
        };
        if self.beside.add(piece) {
            let beside = self.beside.clone();
            self.world.aside(Box::new(move || beside.work()));
        }
        Ok(())
    }

    /// The digests, once everything is hashed.
    pub(crate) async fn finish(mut self) -> Result<Box<Digests>> {
        self.settled().await
    }

    async fn settled(&mut self) -> Result<Box<Digests>> {
        let lost = || engine::Error::Unavailable("a hash ended early".into()).into();
        match std::mem::replace(&mut self.at, At::Lost) {
            At::Here(digests) => Ok(digests),
            At::Beside(answered) => answered.await.map_err(|_| lost()),
            At::Lost => Err(lost()),
        }
    }
}

impl Beside {
    /// True if somebody has to come and work: nobody does, or so much waits that one more is worth it.
    fn add(&self, piece: Piece) -> bool {
        let mut state = self.lock();
        state.waiting.push_back(piece);
        let is_needed = state.workers == 0 || state.waiting.len() > state.workers * self.pieces_max();
        state.workers += usize::from(is_needed);
        is_needed
    }

    /// Hashes until nothing waits. Whoever comes meanwhile joins in at the next step.
    fn work(&self) {
        let mut running: Vec<Running> = Vec::new();
        loop {
            {
                let mut state = self.lock();
                let room = self.pieces_max() - running.len();
                let count = state.waiting.len().min(room);
                running.extend(state.waiting.drain(..count).map(Running::new));
                if running.is_empty() {
                    state.workers -= 1;
                    return;
                }
            }
            let mut streams: Vec<(Md5State, &[u8])> = running.iter().map(Running::stream).collect();
            step(self.many, &mut streams);
            let reached: Vec<(Md5State, usize)> =
                streams.iter().map(|(md5, rest)| (*md5, rest.len())).collect();
            for (piece, (md5, left)) in running.iter_mut().zip(reached) {
                (piece.md5, piece.left) = (md5, left);
            }
            running
                .extract_if(.., |piece| piece.left == 0)
                .for_each(Running::end);
        }
    }

    /// Two groups of lanes cost what one does: while one waits for its sums, the other computes.
    fn pieces_max(&self) -> usize {
        2 * self.many.lanes()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A piece that is being hashed.
struct Running {
    piece: Piece,
    /// As far as it got.
    md5: Md5State,
    /// Bytes at its end that are not hashed yet.
    left: usize,
}

impl Running {
    fn new(piece: Piece) -> Running {
        let (md5, left) = (piece.digests.md5, piece.bytes.len());
        Running { piece, md5, left }
    }

    fn stream(&self) -> (Md5State, &[u8]) {
        let bytes = &self.piece.bytes;
        let rest = bytes.get(bytes.len() - self.left..).unwrap_or_default();
        (self.md5, rest)
    }

    fn end(self) {
        let Piece {
            mut digests,
            bytes,
            answer,
        } = self.piece;
        digests.md5 = self.md5;
        digests.update_all_but_md5(&bytes);
        // A body that was given up wants no answer.
        let _ = answer.send(digests);
    }
}

/// Takes each stream a step further: side by side as far as the shortest goes, or to its end.
fn step(many: Md5Many, streams: &mut [(Md5State, &[u8])]) {
    let lanes = many.lanes();
    let mut abreast = Vec::with_capacity(streams.len());
    for stream in streams {
        if stream.1.len() < BLOCK {
            stream.0.update(std::mem::take(&mut stream.1));
        } else {
            abreast.push(stream);
        }
    }
    let shortest = abreast.iter().map(|(_, rest)| rest.len()).min().unwrap_or(0);
    let common = shortest.min(STEP_BYTES) / BLOCK * BLOCK;
    let mut inputs: Vec<&[u8]> = abreast
        .iter_mut()
        .filter_map(|(_, rest)| rest.split_off(..common))
        .collect();
    if lanes == 1 || abreast.len() < 2 {
        let alone = abreast.into_iter().zip(inputs);
        return alone.for_each(|(stream, bytes)| stream.0.update(bytes));
    }
    let mut states: Vec<Md5State> = abreast.iter().map(|(state, _)| *state).collect();
    // Lanes that are left over hash something all the same; the library is many times slower on groups that are not full.
    let width = abreast.len().next_multiple_of(lanes);
    states.resize(width, Md5State::new());
    let filler = inputs.first().copied().unwrap_or_default();
    inputs.resize(width, filler);
    many.update_many(&mut states, &inputs);
    for (stream, state) in abreast.into_iter().zip(states) {
        stream.0 = state;
    }
}

/// Shorter pieces are hashed where they are: handing one over costs about as much as hashing this.
const ASIDE_BYTES_MIN: usize = 32 * 1024;
/// After so many bytes of each piece, those that came meanwhile join in.
const STEP_BYTES: usize = 64 * 1024;
/// MD5 takes blocks of so many bytes.
const BLOCK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use countersign_types::{ChecksumAlgorithm, Moment};
    use md5::Digest as _;
    use proptest::prelude::*;

    fn pattern(len: usize, seed: usize) -> Bytes {
        (0..len)
            .map(|place| (place.wrapping_mul(31) ^ (place >> 8) ^ seed) as u8)
            .collect()
    }

    proptest! {
        #[test]
        fn streams_side_by_side_are_each_as_if_alone(
            lengths in prop::collection::vec(prop::sample::select(vec![0, 1, 63, 64, 65, 1000, 4096, STEP_BYTES + 70]), 0..40),
            before in 0..130_usize,
        ) {
            let bodies: Vec<Bytes> = lengths.iter().enumerate().map(|(seed, len)| pattern(before + len, seed)).collect();
            let mut streams: Vec<(Md5State, &[u8])> = bodies
                .iter()
                .map(|body| {
                    let mut state = Md5State::new();
                    state.update(&body[..before]);
                    (state, &body[before..])
                })
                .collect();
            while streams.iter().any(|(_, rest)| !rest.is_empty()) {
                step(Md5Many::new(), &mut streams);
            }
            for ((state, _), body) in streams.iter().zip(&bodies) {
                let expected: [u8; 16] = md5::Md5::digest(body).into();
                prop_assert_eq!(state.finalize(), expected);
            }
        }
    }

    /// Keeps what is asked for until somebody comes.
    #[derive(Default)]
    struct Later(Mutex<Vec<Box<dyn FnOnce() + Send>>>);

    impl World for Later {
        fn now(&self) -> Moment {
            Moment::from_millis(0)
        }

        fn random(&self) -> [u8; 16] {
            [0; 16]
        }

        fn aside(&self, work: Box<dyn FnOnce() + Send>) {
            self.0.lock().expect("not poisoned").push(work);
        }
    }

    #[tokio::test]
    async fn what_waits_is_hashed_by_one_worker_and_each_body_gets_its_own() {
        let (beside, later) = (Arc::new(Beside::default()), Arc::new(Later::default()));
        let world: Arc<dyn World> = later.clone();
        let bodies: Vec<Bytes> = (0..5).map(|n| pattern(ASIDE_BYTES_MIN + 1000 * n, n)).collect();
        let mut all = Vec::new();
        for body in &bodies {
            let digests = Digests::new(true, &[ChecksumAlgorithm::Crc64Nvme]);
            let mut hashing = Hashing::new(&beside, &world, digests);
            hashing.update(body.slice(..10)).await.expect("hashed here");
            hashing.update(body.slice(10..)).await.expect("handed over");
            all.push(hashing);
        }
        let work: Vec<_> = std::mem::take(&mut *later.0.lock().expect("not poisoned"));
        assert_eq!(work.len(), 1, "each piece has a worker of its own");
        work.into_iter().for_each(|work| work());
        for (hashing, body) in all.into_iter().zip(&bodies) {
            let mut expected = Digests::new(true, &[ChecksumAlgorithm::Crc64Nvme]);
            expected.update(body);
            let (found, expected) = (
                hashing.finish().await.expect("hashed").finish(),
                expected.finish(),
            );
            assert_eq!((found.md5, found.sha256), (expected.md5, expected.sha256));
            let algorithm = ChecksumAlgorithm::Crc64Nvme;
            assert_eq!(found.checksum(algorithm), expected.checksum(algorithm));
        }
    }

    #[tokio::test]
    async fn work_that_nobody_did_is_an_error() {
        let (beside, later) = (Arc::new(Beside::default()), Arc::new(Later::default()));
        let world: Arc<dyn World> = later.clone();
        let mut hashing = Hashing::new(&beside, &world, Digests::new(false, &[]));
        hashing
            .update(pattern(ASIDE_BYTES_MIN, 1))
            .await
            .expect("handed over");
        beside.lock().waiting.clear();
        assert!(matches!(
            hashing.finish().await,
            Err(Error::Engine(engine::Error::Unavailable(_)))
        ));
    }
}
