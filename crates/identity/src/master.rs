//! The master keys: what seals secrets at rest.
//!
//! New secrets are sealed by the current key. The older ones only open what they sealed, until it is sealed anew.
//!
//! Not here: where the keys come from (file, environment, a secrets manager); that is the operator's and the command line's.

use crate::error::Error;
use crate::random::Random;
use crate::seal::SealingKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;
use zeroize::Zeroizing;

/// The keys that seal secrets at rest.
#[derive(Clone)]
pub struct MasterKeys {
    current: SealingKey,
    older: Vec<SealingKey>,
}

impl MasterKeys {
    /// The first key is the current one. `None` if there is none.
    pub fn new(keys: Vec<Zeroizing<[u8; 32]>>) -> Option<MasterKeys> {
        let mut keys = keys.into_iter().map(SealingKey::new);
        let current = keys.next()?;
        Some(MasterKeys {
            current,
            older: keys.collect(),
        })
    }

    /// A single key of random bytes, for a directory that nothing outlives.
    pub fn random(random: &dyn Random) -> MasterKeys {
        MasterKeys {
            current: SealingKey::random(random),
            older: Vec::new(),
        }
    }

    /// The ids of all keys, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.current)
            .chain(&self.older)
            .map(SealingKey::id)
    }

    /// `KEY-ID.BASE64`.
    pub(crate) fn seal(&self, text: &[u8], bound_to: &[u8], random: &dyn Random) -> String {
        let sealed = self.current.seal(text, bound_to, random);
        format!("{}.{}", self.current.id(), STANDARD_NO_PAD.encode(sealed))
    }

    /// The text. `what` names what was sealed, for the error.
    pub(crate) fn open(
        &self,
        sealed: &str,
        bound_to: &[u8],
        what: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let damaged = || Error::Damaged(format!("the sealed secret of {what}"));
        let (id, sealed) = sealed.split_once('.').ok_or_else(damaged)?;
        let mut keys = std::iter::once(&self.current).chain(&self.older);
        let key = keys
            .find(|key| key.id() == id)
            .ok_or_else(|| Error::UnknownMasterKey {
                id: id.to_owned(),
                what: what.to_owned(),
            })?;
        let sealed = STANDARD_NO_PAD.decode(sealed).map_err(|_| damaged())?;
        key.open(&sealed, bound_to).ok_or_else(damaged)
    }

    /// Whether a text was sealed by the current key.
    pub(crate) fn is_current(&self, sealed: &str) -> bool {
        sealed
            .split_once('.')
            .is_some_and(|(id, _)| id == self.current.id())
    }
}

/// Only the ids are shown.
impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn keys(of: &[u8]) -> MasterKeys {
        let keys = of.iter().map(|byte| Zeroizing::new([*byte; 32]));
        MasterKeys::new(keys.collect()).expect("there is one")
    }

    #[test]
    fn older_keys_open_and_the_first_one_seals() {
        let sealed = keys(&[1]).seal(b"hush", b"place", &SystemRandom);
        let both = keys(&[2, 1]);
        let opened = both.open(&sealed, b"place", "a test").expect("it opens");
        assert_eq!(opened.as_slice(), b"hush");
        assert!(!both.is_current(&sealed));
        let anew = both.seal(&opened, b"place", &SystemRandom);
        assert!(both.is_current(&anew));
        assert!(keys(&[2]).open(&anew, b"place", "a test").is_ok());
    }

    #[test]
    fn an_unknown_master_key_is_named() {
        let sealed = keys(&[1]).seal(b"hush", b"place", &SystemRandom);
        let error = keys(&[2])
            .open(&sealed, b"place", "access key AKIA1")
            .expect_err("another key");
        let id = keys(&[1]).ids().next().expect("one").to_owned();
        assert_eq!(
            error.to_string(),
            format!("access key AKIA1 is sealed by the master key `{id}`, which is not among those given")
        );
    }

    #[test]
    fn what_is_no_sealed_text_is_damaged() {
        let keys = keys(&[1]);
        let sealed = keys.seal(b"hush", b"place", &SystemRandom);
        for wrong in ["", "x", &sealed[..sealed.len() - 4], &format!("{sealed}!")] {
            let opened = keys.open(wrong, b"place", "a test");
            assert!(matches!(opened, Err(Error::Damaged(_))), "{wrong}");
        }
        assert!(matches!(
            keys.open(&sealed, b"elsewhere", "a test"),
            Err(Error::Damaged(_))
        ));
    }

    #[test]
    fn debug_shows_ids_only() {
        let keys = keys(&[1, 2]);
        let ids: Vec<&str> = keys.ids().collect();
        assert_eq!(format!("{keys:?}"), format!("{ids:?}"));
        assert!(MasterKeys::new(Vec::new()).is_none());
    }
}
