//! Bodies to store: as many different ones as are asked for, out of little memory, their SHA-256 mostly known beforehand.
//!
//! A body is a window into one arena of random bytes and a stamp of its number behind it. The hash of the window is kept
//! as a half-done state, so that a client that signs its payload costs the machine next to nothing. The windows are
//! shifted against each other by no multiple of a block, so that a store that keeps equal blocks once gains nothing.
//!
//! Not here: what is sent when.

use std::sync::Arc;

use sha2::{Digest, Sha256};

/// Different bodies of one length.
pub(crate) struct Bodies {
    arena: Vec<u8>,
    len: usize,
    /// The hash of each window, not yet finished; the stamp is still to come.
    windows: Vec<Sha256>,
}

/// One body: its pieces in order and its hash.
pub(crate) struct Body<'a> {
    pub(crate) window: &'a [u8],
    pub(crate) stamp: [u8; STAMP_BYTES],
    pub(crate) sha256: String,
}

impl Bodies {
    /// Bodies of `len` bytes (at least [`BODY_BYTES_MIN`]), other ones for each seed; about so many different windows.
    pub(crate) fn new(len: usize, seed: u64, wanted: u64) -> Arc<Bodies> {
        let len = len.max(BODY_BYTES_MIN);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let count = wanted.min(HASHED_BYTES_MAX / len).clamp(1, WINDOWS_MAX);
        let arena = random_bytes(len + (count - 1) * SHIFT_BYTES, seed);
        let mut windows = vec![Sha256::new(); count];
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for (share, states) in windows.chunks_mut(count.div_ceil(threads)).enumerate() {
                let arena = &arena;
                scope.spawn(move || {
                    for (at, state) in states.iter_mut().enumerate() {
                        state.update(window(arena, len, share * count.div_ceil(threads) + at));
                    }
                });
            }
        });
        Arc::new(Bodies { arena, len, windows })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The body with this number. The numbers go on for ever: after the last window the stamp alone differs.
    pub(crate) fn body(&self, number: u64) -> Body<'_> {
        let (at, stamp) = self.place(number);
        let mut sha256 = self.windows.get(at).cloned().unwrap_or_default();
        sha256.update(stamp);
        Body {
            window: window(&self.arena, self.len, at),
            stamp,
            sha256: hex::encode(sha256.finalize()),
        }
    }

    /// Whether `bytes` stand at `offset` of the body with this number.
    pub(crate) fn holds(&self, number: u64, offset: usize, bytes: &[u8]) -> bool {
        let (at, stamp) = self.place(number);
        let window = window(&self.arena, self.len, at);
        let in_window = window.len().saturating_sub(offset).min(bytes.len());
        let (first, last) = bytes.split_at(in_window);
        let begin = offset.saturating_sub(window.len());
        window
            .get(offset.min(window.len())..)
            .is_some_and(|rest| rest.starts_with(first))
            && stamp
                .get(begin.min(STAMP_BYTES)..)
                .is_some_and(|rest| rest.starts_with(last))
    }

    fn place(&self, number: u64) -> (usize, [u8; STAMP_BYTES]) {
        let mut stamp = [0; STAMP_BYTES];
        for (digit, shift) in stamp.iter_mut().zip((0..STAMP_BYTES).rev()) {
            *digit = b'a' + ((number >> (4 * shift)) & 15) as u8;
        }
        ((number % self.windows.len() as u64) as usize, stamp)
    }
}

/// Numbers that look like chance and come out the same for the same seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// Bytes that no compression makes smaller.
pub(crate) fn random_bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn window(arena: &[u8], len: usize, at: usize) -> &[u8] {
    let begin = at * SHIFT_BYTES;
    arena.get(begin..begin + len - STAMP_BYTES).unwrap_or_default()
}

/// Four bits a byte of the body's number.
const STAMP_BYTES: usize = 16;

/// The shortest body: a stamp and nothing else.
pub(crate) const BODY_BYTES_MIN: usize = STAMP_BYTES;

/// An odd multiple of 64 bytes: two windows lie a multiple of 1 MiB apart only if their numbers differ by 16,384.
const SHIFT_BYTES: usize = 64 * 1025;

/// Enough windows that most rounds use none twice; each costs 64 KiB of memory.
const WINDOWS_MAX: usize = 1024;

/// What is hashed before a round at most, about a second of one core.
const HASHED_BYTES_MAX: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bodies: &Bodies, number: u64) -> Vec<u8> {
        let body = bodies.body(number);
        [body.window, &body.stamp].concat()
    }

    #[test]
    fn a_body_has_its_length_and_its_hash() {
        for len in [16, 17, 1024, 4096, 100_000] {
            let bodies = Bodies::new(len, 7, 9000);
            for number in [0, 1, 5000, u64::MAX] {
                let bytes = whole(&bodies, number);
                assert_eq!(bytes.len(), len);
                assert_eq!(
                    bodies.body(number).sha256,
                    hex::encode(Sha256::digest(&bytes)),
                    "{len} {number}"
                );
            }
        }
    }

    #[test]
    fn bodies_of_other_numbers_or_seeds_are_other_bytes() {
        let bodies = Bodies::new(4096, 7, 9000);
        assert_ne!(whole(&bodies, 0)[..64], whole(&bodies, 1)[..64]);
        assert_ne!(whole(&bodies, 0), whole(&bodies, WINDOWS_MAX as u64));
        assert_ne!(
            whole(&bodies, 0)[..64],
            whole(&Bodies::new(4096, 8, 9000), 0)[..64]
        );
    }

    #[test]
    fn bytes_are_recognised_at_every_place_and_others_are_not() {
        let bodies = Bodies::new(1000, 7, 9000);
        let bytes = whole(&bodies, 3);
        for (begin, end) in [
            (0, 1000),
            (0, 1),
            (500, 990),
            (980, 1000),
            (984, 984),
            (990, 1000),
            (1000, 1000),
        ] {
            assert!(bodies.holds(3, begin, &bytes[begin..end]), "{begin}..{end}");
        }
        let mut wrong = bytes.clone();
        wrong[999] ^= 1;
        assert!(!bodies.holds(3, 0, &wrong));
        assert!(!bodies.holds(3, 990, &wrong[990..]));
        assert!(!bodies.holds(4, 0, &bytes));
        assert!(
            !bodies.holds(3, 0, &[&bytes[..], b"x"].concat()),
            "longer than the body"
        );
    }
}
