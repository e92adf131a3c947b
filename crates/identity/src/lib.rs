//! Who an access key belongs to, and the secret that proves it.
//!
//! Now there is one principal: the root of the one account, whose key the operator gives or the first start
//! makes. A claim names an access key; [`Directory::resolve`] finds whose it is, between parsing the claim and verifying it.
//!
//! Not here: verifying (that is `sigv4`) and what a principal may do.
//!
//! It keeps true: a secret never leaves in text; signing keys are derived once a day, region and service
//! and kept for that scope only.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use countersign_sigv4::{Scope, Secret, SigningKey};

/// Who makes a request. Nobody is somebody too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The root of an account: may do everything to what the account owns.
    Root(Arc<Account>),
    /// Nobody that we know: a request without a signature.
    Anonymous,
}

/// The unit that owns buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits, as in ARNs.
    pub id: String,
    /// 64 hex digits, as in listings and grants.
    pub canonical_id: String,
    /// What people call it.
    pub display_name: String,
}

/// An access key and its secret.
pub struct AccessKey {
    /// The public half.
    pub access_key_id: String,
    /// The private half.
    pub secret: Secret,
}

/// Whose an access key is.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The principal that the key speaks for.
    pub principal: Principal,
    /// The key itself; shared, never copied.
    pub access_key: Arc<AccessKey>,
}

/// The secret is not shown.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// All access keys, and the signing keys derived from them.
pub struct Directory {
    root: Resolved,
    /// The newest last, and looked for from there: that is today's.
    signing_keys: RwLock<Vec<Cached>>,
}

/// A signing key that was derived before.
struct Cached {
    access_key_id: String,
    scope: Scope,
    signing_key: Arc<SigningKey>,
}

impl Directory {
    /// A directory with a single account and its root key.
    pub fn of_root(access_key: AccessKey) -> Directory {
        let root = Resolved {
            principal: Principal::Root(Arc::new(root_account())),
            access_key: Arc::new(access_key),
        };
        Directory {
            root,
            signing_keys: RwLock::default(),
        }
    }

    /// Finds whose access key this is.
    pub fn resolve(&self, access_key_id: &str) -> Option<Resolved> {
        (self.root.access_key.access_key_id == access_key_id).then(|| self.root.clone())
    }

    /// The account that owns what the root key makes.
    pub fn root_account(&self) -> Account {
        root_account()
    }

    /// The signing key of `resolved` for a scope that was already found right (this day, our region, our service):
    /// a wrong scope must not fill the cache.
    pub fn signing_key(&self, resolved: &Resolved, scope: &Scope) -> Arc<SigningKey> {
        let AccessKey {
            access_key_id,
            secret,
        } = &*resolved.access_key;
        let cached = self.signing_keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(signing_key) = find(&cached, access_key_id, scope) {
            return signing_key;
        }
        drop(cached);
        let mut cached = self.signing_keys.write().unwrap_or_else(PoisonError::into_inner);
        // Another request may have derived it meanwhile.
        if let Some(signing_key) = find(&cached, access_key_id, scope) {
            return signing_key;
        }
        if cached.len() >= SIGNING_KEYS_MAX {
            cached.clear();
        }
        let signing_key = Arc::new(SigningKey::derive(secret, scope));
        cached.push(Cached {
            access_key_id: access_key_id.clone(),
            scope: scope.clone(),
            signing_key: Arc::clone(&signing_key),
        });
        signing_key
    }
}

fn find(cached: &[Cached], access_key_id: &str, scope: &Scope) -> Option<Arc<SigningKey>> {
    let is_it = |cached: &&Cached| cached.scope == *scope && cached.access_key_id == access_key_id;
    let found = cached.iter().rev().find(is_it)?;
    Some(Arc::clone(&found.signing_key))
}

/// Most signing keys kept. Presigned links live for 7 days, so a handful a key is in use at once.
const SIGNING_KEYS_MAX: usize = 256;

fn root_account() -> Account {
    Account {
        id: "000000000001".to_owned(),
        // SHA-256 of `countersign account 000000000001`: stable, and says nothing about the key.
        canonical_id: "e990fb7ce425f8e92798b722b45b00fc358cbb2332000de2db7a5531b368dff0".to_owned(),
        display_name: "root".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        Directory::of_root(AccessKey {
            access_key_id: "AKID".to_owned(),
            secret: Secret::new("secret"),
        })
    }

    #[test]
    fn only_the_root_key_is_known() {
        assert!(
            directory()
                .resolve("AKID")
                .is_some_and(|r| matches!(r.principal, Principal::Root(_)))
        );
        for other in ["", "akid", "AKID ", "AKIDX"] {
            assert!(directory().resolve(other).is_none(), "{other}");
        }
    }

    #[test]
    fn signing_keys_are_kept_for_their_scope_only() {
        let directory = directory();
        let resolved = directory.resolve("AKID").expect("the root key");
        let scope = |date: &str| Scope {
            date: date.into(),
            region: "us-east-1".into(),
            service: "s3".into(),
        };
        let first = directory.signing_key(&resolved, &scope("20261122"));
        assert!(Arc::ptr_eq(
            &first,
            &directory.signing_key(&resolved, &scope("20261122"))
        ));
        let other = directory.signing_key(&resolved, &scope("20261123"));
        assert_ne!(first.sign(b"text").to_hex(), other.sign(b"text").to_hex());
        for day in 0..2 * SIGNING_KEYS_MAX {
            directory.signing_key(&resolved, &scope(&format!("{day:08}")));
        }
        assert!(
            directory
                .signing_keys
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .len()
                <= SIGNING_KEYS_MAX
        );
    }
}
