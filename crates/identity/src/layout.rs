//! Where every row of the directory lies, all of them in the system's space. No other module writes a row name.
//!
//! | home | class | suffix | row |
//! |---|---|---|---|
//! | `iam:ACCOUNT-ID` | `A` | empty | the account; its bytes guard every change of the account |
//! | `iam:ACCOUNT-ID` | `I` | `user/NAME`, `group/NAME`, `role/NAME` | a user, a group, a role; the name in lower case |
//! | `iam:ACCOUNT-ID` | `I` | `policy/NAME`, `policy/NAME/vN` | a managed policy, and the document of a version |
//! | `iam:ACCOUNT-ID` | `I` | `inline/HOLDER-ID/NAME` | a policy inside a user, group or role; the holder by its unique id, so that it can be renamed |
//! | `iam:ACCOUNT-ID` | `I` | `key/ID`, `tomb/ID` | an access key, and what is left of a removed one |
//! | `iam:ACCOUNT-ID` | `I` | `revoked/ID` | a credential token that was revoked, while sessions that it began could still run |
//! | `iam:ACCOUNT-ID` | `I` | `oidc/HASH` | an identity provider, by a hash of its URL, which may be longer than a suffix |
//! | `iam:ACCOUNT-ID` | `U` | id of a key or role | its last use; not guarded |
//! | `iam:seal-keys` | `K` | key id | a key that seals session tokens |
//! | `iam:credential-tokens` | `C` | `ACCOUNT-ID/ID` | a token that stands for a role |
//!
//! A bucket's name has three characters at least of which none is a colon, so that no home of a bucket is one of these. Classes `B` and
//! `N` of this space, and what else lies beside a bucket, are `store`'s.

use bytes::Bytes;
use countersign_engine::{Class, Home, Position, Row, ScanRange};
use sha2::{Digest, Sha256};
use std::ops::Bound;

pub(crate) const ACCOUNT: Class = Class(b'A');
pub(crate) const ENTITY: Class = Class(b'I');
pub(crate) const USE: Class = Class(b'U');
pub(crate) const SEAL_KEY: Class = Class(b'K');
pub(crate) const CREDENTIAL_TOKEN: Class = Class(b'C');

/// The home of an account.
pub(crate) fn account_home(account_id: &str) -> Home {
    Home(format!("{PREFIX}{account_id}").into())
}

/// The account whose home it is.
pub(crate) fn account_of(home: &[u8]) -> Option<&str> {
    std::str::from_utf8(home).ok()?.strip_prefix(PREFIX)
}

/// The home of what seals session tokens. No account is called so: their ids are digits.
pub(crate) fn seal_keys_home() -> Home {
    Home(Bytes::from_static(b"iam:seal-keys"))
}

/// The home of all credential tokens. No account is called so.
pub(crate) fn credential_tokens_home() -> Home {
    Home(Bytes::from_static(b"iam:credential-tokens"))
}

/// The row of an account.
pub(crate) fn account_row() -> Row {
    Row {
        class: ACCOUNT,
        suffix: Bytes::new(),
    }
}

/// A row of class `I`.
pub(crate) fn entity_row(suffix: String) -> Row {
    Row {
        class: ENTITY,
        suffix: suffix.into(),
    }
}

/// The last use of a key or role.
pub(crate) fn use_row(id: &str) -> Row {
    Row {
        class: USE,
        suffix: Bytes::copy_from_slice(id.as_bytes()),
    }
}

/// A key that seals session tokens.
pub(crate) fn seal_key_row(id: &str) -> Row {
    Row {
        class: SEAL_KEY,
        suffix: Bytes::copy_from_slice(id.as_bytes()),
    }
}

/// A credential token.
pub(crate) fn credential_token_row(account_id: &str, id: &str) -> Row {
    Row {
        class: CREDENTIAL_TOKEN,
        suffix: format!("{account_id}/{id}").into(),
    }
}

/// The credential tokens of an account.
pub(crate) fn credential_tokens_of(account_id: &str) -> ScanRange {
    let at = |suffix: String| Position {
        home: credential_tokens_home().0,
        suffix: suffix.into(),
    };
    ScanRange {
        from: Bound::Included(at(format!("{account_id}/"))),
        // The character behind the slash.
        until: Bound::Excluded(at(format!("{account_id}0"))),
        fold: None,
    }
}

/// Every home of the directory.
pub(crate) fn everything() -> ScanRange {
    ScanRange {
        from: Bound::Included(at(Bytes::from_static(PREFIX.as_bytes()))),
        until: Bound::Excluded(at(Bytes::from_static(PAST_PREFIX.as_bytes()))),
        fold: None,
    }
}

/// One home.
pub(crate) fn within(home: &Home) -> ScanRange {
    let past = Position {
        home: home.0.clone(),
        suffix: Bytes::from_static(&[0xff]),
    };
    ScanRange {
        from: Bound::Included(at(home.0.clone())),
        until: Bound::Excluded(past),
        fold: None,
    }
}

fn at(home: Bytes) -> Position {
    Position {
        home,
        suffix: Bytes::new(),
    }
}

pub(crate) fn user(name: &str) -> String {
    format!("user/{}", folded(name))
}

pub(crate) fn group(name: &str) -> String {
    format!("group/{}", folded(name))
}

pub(crate) fn role(name: &str) -> String {
    format!("role/{}", folded(name))
}

pub(crate) fn policy(name: &str) -> String {
    format!("policy/{}", folded(name))
}

pub(crate) fn policy_document(name: &str, version: u32) -> String {
    format!("policy/{}/v{version}", folded(name))
}

/// Names of inline policies are told apart by case.
pub(crate) fn inline(holder_id: &str, name: &str) -> String {
    format!("inline/{holder_id}/{name}")
}

pub(crate) fn key(id: &str) -> String {
    format!("key/{id}")
}

pub(crate) fn tomb(id: &str) -> String {
    format!("tomb/{id}")
}

pub(crate) fn revoked(id: &str) -> String {
    format!("revoked/{id}")
}

pub(crate) fn oidc(url: &str) -> String {
    format!("oidc/{}", hex::encode(Sha256::digest(url.as_bytes())))
}

/// Names as they are compared: two that differ in case only cannot both be given.
pub(crate) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

const PREFIX: &str = "iam:";
/// The smallest text past everything that begins with the prefix.
const PAST_PREFIX: &str = "iam;";

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_engine::limits::{HOME_BYTES_MAX, SUFFIX_BYTES_MAX};

    #[test]
    fn the_longest_names_fit_into_a_suffix() {
        let id = "AGPA".repeat(32);
        let name = "n".repeat(128);
        for suffix in [
            user(&name),
            group(&name),
            role(&name),
            policy_document(&name, u32::MAX),
            inline("AGPA12345678901234567", &name),
            key(&id),
            tomb(&id),
            oidc(&"h".repeat(255)),
        ] {
            assert!(suffix.len() <= SUFFIX_BYTES_MAX, "{suffix}");
        }
        assert!(account_home("111122223333").0.len() <= HOME_BYTES_MAX);
    }

    #[test]
    fn homes_read_back_and_lie_in_the_range_of_everything() {
        let home = account_home("111122223333");
        assert_eq!(account_of(&home.0), Some("111122223333"));
        assert_eq!(account_of(b"bucket"), None);
        let Bound::Included(from) = everything().from else {
            panic!("a first home");
        };
        let Bound::Excluded(until) = everything().until else {
            panic!("a last home");
        };
        assert!(from.home < home.0 && home.0 < until.home);
        assert!(b"zzz"[..] > *until.home && b"hzz"[..] < *from.home);
    }
}
