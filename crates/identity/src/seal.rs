//! Sealing: what is kept or sent so that only a holder of the key can read it, and nobody can change or move it.
//!
//! AES-256-GCM-SIV (RFC 8452), whose nonces may repeat without giving the key away. The associated data bind a sealed text to its
//! place: one that was moved to another row or another access key does not open.
//!
//! Keeps true: keys and opened texts are wiped, and neither is printed.

use crate::random::{self, Random};
use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::aes::Aes256;
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

// INVARIANT: what the cipher makes of a key is wiped when it is dropped.
const _: fn(&Aes256) -> &dyn ZeroizeOnDrop = |cipher| cipher;

/// A key that seals.
#[derive(Clone)]
pub(crate) struct SealingKey {
    id: String,
    bytes: Zeroizing<[u8; 32]>,
}

impl SealingKey {
    /// A key whose id follows from it: part of a hash, from which the key cannot be had back.
    pub(crate) fn new(bytes: Zeroizing<[u8; 32]>) -> SealingKey {
        let mut hash = Sha256::new();
        hash.update(b"countersign sealing key id\0");
        hash.update(*bytes);
        let id = hex::encode(hash.finalize())
            .get(..ID_CHARACTERS)
            .unwrap_or_default()
            .to_owned();
        SealingKey { id, bytes }
    }

    /// A new key.
    pub(crate) fn random(random: &dyn Random) -> SealingKey {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(&mut *bytes);
        SealingKey::new(bytes)
    }

    /// Names it, and says nothing of it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The key itself, for whoever seals it.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// A nonce and the sealed text.
    pub(crate) fn seal(&self, text: &[u8], bound_to: &[u8], random: &dyn Random) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random::bytes(random);
        let payload = Payload {
            msg: text,
            aad: bound_to,
        };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .expect("what is sealed here is far below the cipher's limit of 64 GiB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// The text; `None` if it was sealed by another key, for another place, or changed.
    pub(crate) fn open(&self, sealed: &[u8], bound_to: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: sealed,
            aad: bound_to,
        };
        let opened = self.cipher().decrypt(&Nonce::from(*nonce), payload);
        opened.ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new((&*self.bytes).into())
    }
}

/// Only the id is shown.
impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// What a sealed text is bound to: words that no other list of words is joined to.
pub(crate) fn bound_to(words: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in words {
        bytes.extend((word.len() as u64).to_be_bytes());
        bytes.extend(word.as_bytes());
    }
    bytes
}

const ID_CHARACTERS: usize = 16;
const NONCE_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn what_is_sealed_opens_with_its_key_at_its_place_and_nowhere_else() {
        let key = SealingKey::new(Zeroizing::new([7; 32]));
        let place = bound_to(&["a", "b"]);
        let sealed = key.seal(b"hush", &place, &SystemRandom);
        assert_eq!(
            key.open(&sealed, &place).as_deref().map(Vec::as_slice),
            Some(&b"hush"[..])
        );
        assert!(!sealed.windows(4).any(|window| window == b"hush"));
        for elsewhere in [&["ab"][..], &["a", "c"], &["a", "b", ""], &["", "a", "b"]] {
            assert!(key.open(&sealed, &bound_to(elsewhere)).is_none(), "{elsewhere:?}");
        }
        let other = SealingKey::new(Zeroizing::new([8; 32]));
        assert!(other.open(&sealed, &place).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(&changed, &place).is_none(), "byte {at}");
        }
        assert!(key.open(&sealed[..11], &place).is_none());
    }

    #[test]
    fn a_key_is_named_by_an_id_that_is_no_part_of_it() {
        let key = SealingKey::new(Zeroizing::new([0xab; 32]));
        assert_eq!(format!("{key:?}"), format!("SealingKey({})", key.id()));
        assert_eq!(key.id().len(), ID_CHARACTERS);
        assert!(!key.id().contains("abab"));
        assert_ne!(key.id(), SealingKey::new(Zeroizing::new([0xac; 32])).id());
    }
}
