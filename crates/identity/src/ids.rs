//! Ids and secrets, made of random bytes.
//!
//! Keeps true: every character is as likely as every other, and a secret has more than 160 bits. Nobody can tell the account
//! of a key from its id.

use crate::random::{self, Random};
use zeroize::Zeroizing;

/// What an id belongs to, told by its first four letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    AccessKey,
    SessionKey,
    User,
    Group,
    Role,
    Policy,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Kind::AccessKey => "AKIA",
            Kind::SessionKey => "ASIA",
            Kind::User => "AIDA",
            Kind::Group => "AGPA",
            Kind::Role => "AROA",
            Kind::Policy => "ANPA",
        }
    }

    const fn characters(self) -> usize {
        match self {
            Kind::AccessKey | Kind::SessionKey => 16,
            Kind::User | Kind::Group | Kind::Role | Kind::Policy => 17,
        }
    }
}

/// A new id.
pub(crate) fn id(kind: Kind, random: &dyn Random) -> String {
    let mut id = kind.prefix().to_owned();
    for _ in 0..kind.characters() {
        id.push(drawn(random, BASE32));
    }
    id
}

/// Whether an access key id looks like one of a session.
pub(crate) fn is_session_key(access_key_id: &str) -> bool {
    let rest = access_key_id.strip_prefix(Kind::SessionKey.prefix());
    rest.is_some_and(|rest| {
        rest.len() == Kind::SessionKey.characters() && rest.bytes().all(|byte| BASE32.contains(&byte))
    })
}

/// A new secret: 40 letters and digits, 238 bits. Without the `/` and `+` of base64, which get lost on the way.
pub(crate) fn secret(random: &dyn Random) -> Zeroizing<String> {
    let mut secret = Zeroizing::new(String::with_capacity(SECRET_CHARACTERS));
    for _ in 0..SECRET_CHARACTERS {
        secret.push(drawn(random, LETTERS_AND_DIGITS));
    }
    secret
}

/// A new account id: twelve digits, the first not 0, since some tools read a number.
pub(crate) fn account_id(random: &dyn Random) -> String {
    let mut id = String::with_capacity(12);
    id.push(drawn(random, b"123456789"));
    while id.len() < 12 {
        id.push(drawn(random, b"0123456789"));
    }
    id
}

/// A new canonical id: 64 hex digits.
pub(crate) fn canonical_id(random: &dyn Random) -> String {
    hex::encode(random::bytes::<32>(random))
}

/// One of these characters, each as likely as the others: a byte that would favour some is thrown away.
fn drawn(random: &dyn Random, alphabet: &[u8]) -> char {
    let limit = 256 - 256 % alphabet.len();
    loop {
        let [byte] = random::bytes::<1>(random);
        if usize::from(byte) < limit
            && let Some(character) = alphabet.get(usize::from(byte) % alphabet.len())
        {
            return char::from(*character);
        }
    }
}

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SECRET_CHARACTERS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;
    use std::collections::BTreeSet;

    #[test]
    fn ids_look_like_those_of_aws() {
        for (kind, prefix, characters) in [
            (Kind::AccessKey, "AKIA", 20),
            (Kind::SessionKey, "ASIA", 20),
            (Kind::User, "AIDA", 21),
            (Kind::Group, "AGPA", 21),
            (Kind::Role, "AROA", 21),
            (Kind::Policy, "ANPA", 21),
        ] {
            let id = id(kind, &SystemRandom);
            assert!(id.starts_with(prefix), "{id}");
            assert_eq!(id.len(), characters, "{id}");
            assert!(id.bytes().all(|byte| BASE32.contains(&byte)), "{id}");
            assert_eq!(is_session_key(&id), kind == Kind::SessionKey);
        }
        let account = account_id(&SystemRandom);
        assert!(account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(!account.starts_with('0'));
        assert_eq!(canonical_id(&SystemRandom).len(), 64);
    }

    #[test]
    fn a_secret_uses_its_whole_alphabet_and_nothing_that_gets_lost_in_a_url() {
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let secret = secret(&SystemRandom);
            assert_eq!(secret.len(), 40);
            seen.extend(secret.bytes());
        }
        assert_eq!(seen, LETTERS_AND_DIGITS.iter().copied().collect());
    }
}
