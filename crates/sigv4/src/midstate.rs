//! A SHA-256 on its way, as a plain value that is copied to go on in several directions.
//!
//! Not here: the compression itself, and whatever needs one hash only; both are the `sha2` crate's. It is for explaining mismatches,
//! where hundreds of texts that begin alike are hashed, and most of the time would go into taking hashers apart and putting them together.
//!
//! Keeps true: the hash is SHA-256, whatever the pieces.

use sha2::block_api::compress256;
use zeroize::{Zeroize, Zeroizing};

/// So many bytes are compressed at once.
const BLOCK: usize = 64;
/// What the two halves of an HMAC mix into their key.
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;
/// Where the length of the text stands in its last block.
const LENGTH_AT: usize = BLOCK - 8;

/// The hash of a beginning.
#[derive(Clone, Copy)]
pub struct Midstate {
    words: [u32; 8],
    /// The last bytes, which do not fill a block yet; what stands behind them is left from before.
    rest: [u8; BLOCK],
    length: u64,
}

impl Midstate {
    /// Of nothing.
    ///
    /// SPEC: FIPS 180-4, 5.3.3: the first 32 bits of the fractional parts of the square roots of the first eight primes.
    pub const EMPTY: Midstate = Midstate {
        words: [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ],
        rest: [0; BLOCK],
        length: 0,
    };

    /// Goes on with these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let filled = self.filled();
        self.length = self.length.wrapping_add(bytes.len() as u64);
        let room = self.rest.get_mut(filled..).unwrap_or_default();
        let Some((first, more)) = bytes.split_at_checked(room.len()) else {
            put(room, bytes);
            return;
        };
        let mut more = more;
        if filled > 0 {
            put(room, first);
            compress256(&mut self.words, std::slice::from_ref(&self.rest));
        } else {
            more = bytes;
        }
        let (blocks, last) = more.as_chunks();
        compress256(&mut self.words, blocks);
        put(&mut self.rest, last);
    }

    /// The hash of all of it.
    pub fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        let (fours, _) = hash.as_chunks_mut();
        for (four, word) in fours.iter_mut().zip(self.finish_words()) {
            *four = word.to_be_bytes();
        }
        hash
    }

    /// The hash as the words it is made of.
    ///
    /// SPEC: FIPS 180-4, 5.1.1: one bit, zeros to the end of a block, and there the length in bits.
    pub(crate) fn finish_words(mut self) -> [u32; 8] {
        let filled = self.filled();
        let bits = self.length.wrapping_mul(8);
        let padding = self.rest.get_mut(filled..).unwrap_or_default();
        padding.fill(0);
        put(padding, &[0x80]);
        if filled >= LENGTH_AT {
            compress256(&mut self.words, std::slice::from_ref(&self.rest));
            self.rest = [0; BLOCK];
        }
        put(
            self.rest.get_mut(LENGTH_AT..).unwrap_or_default(),
            &bits.to_be_bytes(),
        );
        compress256(&mut self.words, std::slice::from_ref(&self.rest));
        self.words
    }

    fn filled(&self) -> usize {
        (self.length % BLOCK as u64) as usize
    }
}

/// Of the words, into which a key was mixed. A key fills its block and is compressed at once, so the bytes that wait are those of a
/// message.
impl Zeroize for Midstate {
    fn zeroize(&mut self) {
        self.words.zeroize();
    }
}

/// Writes bytes to the beginning of a place that has room for them.
fn put(place: &mut [u8], bytes: &[u8]) {
    if let Some(place) = place.get_mut(..bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// An HMAC that has taken its key in. Wiped when dropped.
#[derive(Clone)]
pub(crate) struct Keyed {
    inner: Zeroizing<Midstate>,
    outer: Zeroizing<Midstate>,
}

impl Keyed {
    /// SPEC: RFC 2104: the key, filled up with zeros to a block, or its hash if it is longer.
    pub(crate) fn by(hmac_key: &[u8]) -> Keyed {
        let mut block = Zeroizing::new([0; BLOCK]);
        if hmac_key.len() <= BLOCK {
            put(block.as_mut_slice(), hmac_key);
        } else {
            let mut whole = Midstate::EMPTY;
            whole.update(hmac_key);
            let hash = Zeroizing::new(whole.finish());
            put(block.as_mut_slice(), hash.as_slice());
            // Here the last bytes are those of the key.
            whole.rest.zeroize();
            whole.words.zeroize();
        }
        // One block for both paddings: wiping it takes longer than compressing it.
        let mut padded = |pad: u8| {
            block.iter_mut().for_each(|byte| *byte ^= pad);
            let mut state = Zeroizing::new(Midstate::EMPTY);
            state.update(block.as_slice());
            state
        };
        Keyed {
            inner: padded(INNER),
            outer: padded(INNER ^ OUTER),
        }
    }

    /// Goes on with these bytes of the message.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.inner.update(bytes);
    }

    /// The code of the message so far and these bytes, as words.
    pub(crate) fn code_words(&self, last: &[u8]) -> Zeroizing<[u32; 8]> {
        // What a key was mixed into are the words of the copies; their last bytes are those of the message.
        let (mut inner, mut outer) = (*self.inner, *self.outer);
        inner.update(last);
        outer.update(&inner.finish());
        let code = Zeroizing::new(outer.finish_words());
        inner.words.zeroize();
        outer.words.zeroize();
        code
    }

    /// The code of the message so far and these bytes.
    pub(crate) fn code(&self, last: &[u8]) -> Zeroizing<[u8; 32]> {
        let words = self.code_words(last);
        let mut code = Zeroizing::new([0; 32]);
        let (fours, _) = code.as_chunks_mut();
        for (four, word) in fours.iter_mut().zip(words.iter()) {
            *four = word.to_be_bytes();
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn every_length_around_the_blocks_has_the_hash_that_the_library_gives() {
        for length in 0..200 {
            let text: Vec<u8> = (0..length).map(|n| u8::try_from(n).expect("below 200")).collect();
            let mut state = Midstate::EMPTY;
            state.update(&text);
            assert_eq!(
                state.finish(),
                <[u8; 32]>::from(Sha256::digest(&text)),
                "{length}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_the_pieces_the_hash_is_that_of_the_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6)) {
            let mut state = Midstate::EMPTY;
            for piece in &pieces {
                state.update(piece);
            }
            prop_assert_eq!(state.finish(), <[u8; 32]>::from(Sha256::digest(pieces.concat())));
        }

        #[test]
        fn the_code_is_that_of_the_library(key in prop::collection::vec(any::<u8>(), 0..150), first in prop::collection::vec(any::<u8>(), 0..150), last in prop::collection::vec(any::<u8>(), 0..150)) {
            let mut keyed = Keyed::by(&key);
            keyed.update(&first);
            let mut right = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).expect("any length");
            right.update(&first);
            right.update(&last);
            prop_assert_eq!(*keyed.code(&last), <[u8; 32]>::from(right.finalize().into_bytes()));
        }
    }
}
