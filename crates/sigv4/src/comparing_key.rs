//! A signing key that many texts are held against, as fast as hashing allows: for explaining mismatches, never for letting a request in.
//!
//! Not here: verifying (`signing_key`, `verify`), and which keys and texts are worth a try.
//!
//! Keeps true: it gives the signatures that [`SigningKey`](crate::SigningKey) gives; keys and signatures are wiped, and a comparison
//! takes the same time wherever two signatures differ.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::claim::Scope;
use crate::midstate::Keyed;
use crate::signing_key::hex_digits;

/// A signing key, and what it has read of the text.
#[derive(Clone)]
pub struct ComparingKey(Keyed);

/// A signature as it was sent, ready for comparing.
#[derive(Clone, Copy)]
pub struct Provided([u32; 8]);

/// Steps that signers take in the place of the right ones. Each needs the whole secret, as the right ones do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chain {
    /// Each step took the hex of the one before for its key.
    Hex,
    /// Key and message of each step were exchanged.
    Exchanged,
    /// The last step, over `aws4_request`, was left out.
    NotTerminated,
    /// The region came before the date.
    RegionFirst,
}

impl Provided {
    /// Reads 64 lower-case hex digits; `None` for anything else, which no signature equals.
    pub fn parse(hex: &str) -> Option<Provided> {
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex, &mut bytes).ok()?;
        let (fours, _) = bytes.as_chunks();
        let mut words = [0; 8];
        for (word, four) in words.iter_mut().zip(fours) {
            *word = u32::from_be_bytes(*four);
        }
        Some(Provided(words)).filter(|_| hex.as_bytes().iter().all(is_digit))
    }
}

impl ComparingKey {
    /// Derives from a start value given as it is, without the `AWS4` prefix.
    pub fn derive_from_seed(seed: &[u8], scope: &Scope) -> ComparingKey {
        ComparingKey::derive_from_date_key(&step(seed, scope.date.as_bytes()), scope)
    }

    /// Derives from the first link of the chain, the key of one day.
    pub fn derive_from_date_key(date_key: &[u8; 32], scope: &Scope) -> ComparingKey {
        let region_key = step(date_key, scope.region.as_bytes());
        let service_key = step(&*region_key, scope.service.as_bytes());
        let signing_key = step(&*service_key, Scope::TERMINAL.as_bytes());
        ComparingKey(Keyed::by(&*signing_key))
    }

    /// Derives by steps that are not the right ones.
    pub fn derive_by(chain: Chain, seed: &[u8], scope: &Scope) -> ComparingKey {
        let [date, region, service, terminal] = [
            scope.date.as_bytes(),
            scope.region.as_bytes(),
            scope.service.as_bytes(),
            Scope::TERMINAL.as_bytes(),
        ];
        let steps: &[&[u8]] = match chain {
            Chain::Hex | Chain::Exchanged => &[date, region, service, terminal],
            Chain::NotTerminated => &[date, region, service],
            Chain::RegionFirst => &[region, date, service, terminal],
        };
        let mut key = Zeroizing::new(seed.to_vec());
        for message in steps {
            key = match chain {
                Chain::Exchanged => Zeroizing::new(step(message, &key).to_vec()),
                Chain::Hex => Zeroizing::new(hex_digits(&step(&key, message)).to_vec()),
                Chain::NotTerminated | Chain::RegionFirst => Zeroizing::new(step(&key, message).to_vec()),
            };
        }
        ComparingKey(Keyed::by(&key))
    }

    /// The key that has read the beginning of a text already. For many texts that begin alike.
    #[must_use]
    pub fn having_read(&self, beginning: &[u8]) -> ComparingKey {
        let mut read = self.clone();
        read.0.update(beginning);
        read
    }

    /// The signature of what was read and these bytes.
    pub fn sign(&self, rest: &[u8]) -> Zeroizing<[u8; 32]> {
        self.0.code(rest)
    }

    /// Whether this is the signature of what was read and these bytes.
    pub fn matches(&self, rest: &[u8], provided: &Provided) -> bool {
        let right = self.0.code_words(rest);
        let words = right.iter().zip(&provided.0);
        let difference = words.fold(0, |all, (right, provided)| all | (right ^ provided));
        bool::from(difference.ct_eq(&0))
    }

    /// Whether this is the signature of what was read and the hex digits of a hash, with which a string to sign ends.
    pub fn matches_hash(&self, hash: &[u8; 32], provided: &Provided) -> bool {
        self.matches(&hex_digits(hash), provided)
    }
}

impl fmt::Debug for ComparingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ComparingKey(..)")
    }
}

fn step(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    Keyed::by(key).code(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secret, SigningKey};

    fn scope() -> Scope {
        Scope {
            date: "20150830".into(),
            region: "us-east-1".into(),
            service: "iam".into(),
        }
    }

    fn provided(text: &[u8]) -> Provided {
        let signature = SigningKey::derive(&Secret::new("s"), &scope()).sign(text);
        Provided::parse(&signature.to_hex()).expect("hex")
    }

    #[test]
    fn it_matches_what_the_signing_key_signs_and_nothing_else() {
        let signed = provided(b"text");
        let date_key = SigningKey::date_key(&Secret::new("s"), "20150830");
        for key in [
            ComparingKey::derive_from_seed(b"AWS4s", &scope()),
            ComparingKey::derive_from_date_key(&date_key, &scope()),
        ] {
            assert!(key.matches(b"text", &signed));
            assert!(key.having_read(b"te").matches(b"xt", &signed));
            assert!(!key.matches(b"texT", &signed) && !key.matches(b"", &signed));
        }
        let other = ComparingKey::derive_from_seed(b"AWS4t", &scope());
        assert!(!other.matches(b"text", &signed));
        let sent = SigningKey::derive(&Secret::new("s"), &scope())
            .sign(b"text")
            .to_hex();
        let right = ComparingKey::derive_from_seed(b"AWS4s", &scope()).sign(b"text");
        assert_eq!(hex::encode(*right), sent);
        let hash = [0xab; 32];
        let key = ComparingKey::derive_from_seed(b"AWS4s", &scope());
        assert!(key.matches_hash(&hash, &provided(hex::encode(hash).as_bytes())));
    }

    #[test]
    fn a_difference_in_any_bit_is_a_difference() {
        let key = ComparingKey::derive_from_seed(b"AWS4s", &scope());
        let right = provided(b"text");
        for place in 0..256 {
            let mut other = right;
            if let Some(word) = other.0.get_mut(place / 32) {
                *word ^= 1 << (place % 32);
            }
            assert!(!key.matches(b"text", &other), "{place}");
        }
    }

    #[test]
    fn other_steps_give_other_keys() {
        let signed = provided(b"text");
        for chain in [
            Chain::Hex,
            Chain::Exchanged,
            Chain::NotTerminated,
            Chain::RegionFirst,
        ] {
            let other = ComparingKey::derive_by(chain, b"AWS4s", &scope());
            assert!(!other.matches(b"text", &signed), "{chain:?}");
        }
    }

    #[test]
    fn only_lower_case_hex_is_a_signature() {
        let right = "5b".repeat(32);
        assert!(Provided::parse(&right).is_some());
        for wrong in [&right.to_uppercase(), &right[..63], &format!("{right}0"), ""] {
            assert!(Provided::parse(wrong).is_none(), "{wrong}");
        }
    }
}
