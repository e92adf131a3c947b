//! The one key of a proxy: clients sign with it, and so does the proxy.

use std::sync::Arc;

use countersign_identity::{AccessKey, Account, Principal, Resolved};
use countersign_sigv4::Secret;

/// An access key with what belongs to it.
pub struct Key {
    access_key: Arc<AccessKey>,
    /// That of temporary credentials.
    session_token: Option<Secret>,
}

impl Key {
    /// A key from wherever the caller found it.
    pub fn new(access_key_id: String, secret: Secret, session_token: Option<String>) -> Key {
        Key {
            access_key: Arc::new(AccessKey {
                access_key_id,
                secret,
            }),
            session_token: session_token.map(Secret::new),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.access_key.access_key_id
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.access_key.secret
    }

    pub(crate) fn session_token(&self) -> Option<&str> {
        let token = self.session_token.as_ref()?;
        std::str::from_utf8(token.expose()).ok()
    }

    /// Whether this token, or that there is none, is what belongs to the key.
    pub(crate) fn has_token(&self, sent: Option<&str>) -> bool {
        self.session_token == sent.map(Secret::new)
    }

    /// As refusals know the owner of a key. There is nobody else here.
    pub(crate) fn resolved(&self) -> Resolved {
        Resolved {
            principal: Principal::Root(Arc::new(Account {
                id: String::new(),
                canonical_id: String::new(),
                display_name: String::new(),
            })),
            access_key: Arc::clone(&self.access_key),
            session: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_belongs_to_its_key_and_none_to_a_key_without() {
        let key = |token: Option<&str>| Key::new("AKID".into(), Secret::new("s"), token.map(str::to_owned));
        for (has, sent, expected) in [
            (None, None, true),
            (None, Some("t"), false),
            (Some("t"), None, false),
            (Some("t"), Some("t"), true),
            (Some("t"), Some("other"), false),
        ] {
            assert_eq!(key(has).has_token(sent), expected, "{has:?} {sent:?}");
        }
    }
}
