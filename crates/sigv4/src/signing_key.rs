//! The key derivation chain and the HMAC itself.
//!
//! Keeps true: every intermediate key is wiped, and a comparison takes the same time wherever two signatures differ.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::claim::Scope;
use crate::secret::Secret;

/// The key that signs all requests of one secret within one scope (day, region, service).
///
/// Kept as the HMAC that has taken the key in and waits for the text, so that a signature does not begin with that.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

// INVARIANT: a signing key is wiped when it is dropped. An HMAC holds two states of its hash and a block, and each of
// them wipes itself if the hash, which is a state and a block, does.
const _: fn(&Sha256) -> &dyn ZeroizeOnDrop = |hash| hash;

impl SigningKey {
    /// Derives the key of `secret` for `scope`.
    ///
    /// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>: HMAC-SHA256 chained
    /// from `AWS4` + secret over date, region, service and the word `aws4_request`.
    pub fn derive(secret: &Secret, scope: &Scope) -> SigningKey {
        let date_key = SigningKey::date_key(secret, &scope.date);
        let region_key = hmac_sha256(&*date_key, scope.region.as_bytes());
        let service_key = hmac_sha256(&*region_key, scope.service.as_bytes());
        SigningKey(keyed(&*hmac_sha256(&*service_key, Scope::TERMINAL.as_bytes())))
    }

    /// The first link of the chain: the key of one day, from which the secret cannot be had back.
    pub fn date_key(secret: &Secret, date: &str) -> Zeroizing<[u8; 32]> {
        let mut seed = Zeroizing::new(Vec::with_capacity(SEED_PREFIX.len() + secret.expose().len()));
        seed.extend_from_slice(SEED_PREFIX);
        seed.extend_from_slice(secret.expose());
        hmac_sha256(&seed, date.as_bytes())
    }

    /// The signature of a string to sign.
    pub fn sign(&self, string_to_sign: &[u8]) -> Signature {
        Signature(code(self.0.clone(), string_to_sign))
    }

    /// Whether `provided_hex`, the signature as sent, is the lower-case hex of the right one. Constant time in
    /// the content; a wrong length is told at once.
    pub fn matches(&self, string_to_sign: &[u8], provided_hex: &str) -> bool {
        let Some(provided) = words(provided_hex.as_bytes()) else {
            return false;
        };
        let right = Zeroizing::new(hex_words(&self.sign(string_to_sign).0));
        bool::from(right.as_slice().ct_eq(&provided))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(..)")
    }
}

/// A computed signature. Whoever holds it can send the request, so it has no `Debug` of its value.
#[derive(Clone)]
pub struct Signature(Zeroizing<[u8; 32]>);

impl Signature {
    /// 64 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0.as_slice())
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Signature) -> bool {
        bool::from(self.0.as_slice().ct_eq(other.0.as_slice()))
    }
}

impl Eq for Signature {}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Signature(..)")
    }
}

fn hmac_sha256(hmac_key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    code(keyed(hmac_key), message)
}

fn keyed(hmac_key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(hmac_key).expect("HMAC takes keys of any length")
}

fn code(mut mac: Hmac<Sha256>, message: &[u8]) -> Zeroizing<[u8; 32]> {
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// The lower-case hex of 32 bytes.
pub(crate) fn hex_digits(bytes: &[u8; 32]) -> [u8; 64] {
    let mut digits = [0; 64];
    let (eights, _) = digits.as_chunks_mut();
    for (eight, word) in eights.iter_mut().zip(hex_words(bytes)) {
        *eight = word.to_le_bytes();
    }
    digits
}

/// The lower-case hex of 32 bytes, eight digits a word: compared and wiped in an eighth of the steps.
fn hex_words(bytes: &[u8; 32]) -> [u64; 8] {
    let (fours, _) = bytes.as_chunks();
    let mut words = [0; 8];
    for (word, four) in words.iter_mut().zip(fours) {
        *word = hex_word(*four);
    }
    words
}

/// 64 digits as [`hex_words`] has them; `None` for another number of digits.
fn words(digits: &[u8]) -> Option<[u64; 8]> {
    let (eights, []) = digits.as_chunks() else {
        return None;
    };
    let eights: &[[u8; 8]; 8] = eights.try_into().ok()?;
    Some(eights.map(u64::from_le_bytes))
}

/// The eight digits of four bytes, the first in the lowest byte. Arithmetic instead of a table look-up, so that no cache
/// line tells which digit it was.
fn hex_word(four: [u8; 4]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const EVERY_SECOND: u64 = 0x00ff_00ff_00ff_00ff;
    let word = u64::from(u32::from_le_bytes(four));
    let word = (word | word << 16) & 0x0000_ffff_0000_ffff;
    let word = (word | word << 8) & EVERY_SECOND;
    let nibbles = (word >> 4 | word << 8) & (0x0f * EACH);
    // Six more than a nibble reaches the next one where its digit is a letter.
    let is_letter = ((nibbles + 6 * EACH) >> 4) & EACH;
    nibbles + u64::from(b'0') * EACH + u64::from(b'a' - b'0' - 10) * is_letter
}

const SEED_PREFIX: &[u8] = b"AWS4";

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            date: "20150830".into(),
            region: "us-east-1".into(),
            service: "iam".into(),
        }
    }

    /// The worked example of the AWS documentation on deriving a signing key.
    #[test]
    fn the_chain_gives_the_documented_key() {
        let signing_key =
            SigningKey::derive(&Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), &scope());
        let documented = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
        let documented = hex::decode(documented).expect("hex");
        assert!(signing_key.sign(b"text") == Signature(hmac_sha256(&documented, b"text")));
    }

    #[test]
    fn every_nibble_has_its_digit() {
        for first in (0..=u8::MAX).step_by(32) {
            let bytes = std::array::from_fn(|index| first + u8::try_from(index).expect("below 32"));
            assert_eq!(hex_digits(&bytes).as_slice(), hex::encode(bytes).as_bytes());
        }
    }

    #[test]
    fn only_the_exact_lower_case_hex_matches() {
        let signing_key = SigningKey::derive(&Secret::new("s"), &scope());
        let right = signing_key.sign(b"text").to_hex();
        assert!(signing_key.matches(b"text", &right));
        assert!(!signing_key.matches(b"text", &right.to_uppercase()));
        assert!(!signing_key.matches(b"text", &right[..63]));
        assert!(!signing_key.matches(b"text", &format!("{right} ")));
        assert!(!signing_key.matches(b"texT", &right));
        assert!(!signing_key.matches(b"text", ""));
    }

    #[test]
    fn debug_shows_no_values() {
        let signing_key = SigningKey::derive(&Secret::new("s"), &scope());
        assert_eq!(
            format!("{signing_key:?} {:?}", signing_key.sign(b"")),
            "SigningKey(..) Signature(..)"
        );
    }
}
