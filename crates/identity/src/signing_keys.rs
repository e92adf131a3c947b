//! Signing keys that were derived before, by access key id and scope.
//!
//! Keeps true: what belongs to an access key that is gone or changed is dropped at once, and with it wiped.

use crate::limits::SIGNING_KEYS_MAX;
use crate::principal::AccessKey;
use countersign_sigv4::{Scope, SigningKey};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The keys in memory.
#[derive(Default)]
pub(crate) struct SigningKeys {
    derived: RwLock<Derived>,
}

#[derive(Default)]
struct Derived {
    /// By access key id; of each the newest last, and looked for from there: that is today's.
    keys: HashMap<String, Vec<(Scope, Arc<SigningKey>)>>,
    /// How many there are.
    count: usize,
}

impl SigningKeys {
    /// The signing key of an access key for a scope.
    pub(crate) fn of(&self, access_key: &AccessKey, scope: &Scope) -> Arc<SigningKey> {
        let AccessKey {
            access_key_id,
            secret,
        } = access_key;
        if let Some(signing_key) = self.read().find(access_key_id, scope) {
            return signing_key;
        }
        let mut derived = self.write();
        // Another request may have derived it meanwhile.
        if let Some(signing_key) = derived.find(access_key_id, scope) {
            return signing_key;
        }
        if derived.count >= SIGNING_KEYS_MAX {
            *derived = Derived::default();
        }
        let signing_key = Arc::new(SigningKey::derive(secret, scope));
        derived.count += 1;
        let of_this_key = derived.keys.entry(access_key_id.clone()).or_default();
        of_this_key.push((scope.clone(), Arc::clone(&signing_key)));
        signing_key
    }

    /// Drops what was derived from an access key.
    pub(crate) fn forget(&self, access_key_id: &str) {
        let mut derived = self.write();
        if let Some(forgotten) = derived.keys.remove(access_key_id) {
            derived.count -= forgotten.len();
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.read().keys.values().map(Vec::len).sum()
    }

    fn read(&self) -> RwLockReadGuard<'_, Derived> {
        self.derived.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Derived> {
        self.derived.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Derived {
    fn find(&self, access_key_id: &str, scope: &Scope) -> Option<Arc<SigningKey>> {
        let of_this_key = self.keys.get(access_key_id)?;
        let found = of_this_key.iter().rev().find(|(derived, _)| derived == scope)?;
        Some(Arc::clone(&found.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_sigv4::Secret;

    fn access_key(id: &str) -> AccessKey {
        AccessKey {
            access_key_id: id.to_owned(),
            secret: Secret::new("secret"),
        }
    }

    fn scope(date: &str) -> Scope {
        Scope {
            date: date.into(),
            region: "us-east-1".into(),
            service: "s3".into(),
        }
    }

    #[test]
    fn signing_keys_are_kept_for_their_scope_only() {
        let keys = SigningKeys::default();
        let first = keys.of(&access_key("AKID"), &scope("20261122"));
        assert!(Arc::ptr_eq(
            &first,
            &keys.of(&access_key("AKID"), &scope("20261122"))
        ));
        let other = keys.of(&access_key("AKID"), &scope("20261123"));
        assert_ne!(first.sign(b"text").to_hex(), other.sign(b"text").to_hex());
    }

    #[test]
    fn no_more_signing_keys_are_kept_than_may_be() {
        let keys = SigningKeys::default();
        for day in 0..SIGNING_KEYS_MAX + 10 {
            keys.of(&access_key("AKID"), &scope(&format!("{day:08}")));
            assert!(keys.count() <= SIGNING_KEYS_MAX);
        }
    }

    #[test]
    fn what_is_forgotten_is_derived_anew_and_others_stay() {
        let keys = SigningKeys::default();
        let [first, other] = ["AKID1", "AKID2"].map(access_key);
        let before = [&first, &other].map(|key| keys.of(key, &scope("20261122")));
        keys.forget("AKID1");
        keys.forget("AKID3");
        assert_eq!(keys.count(), 1);
        let after = [&first, &other].map(|key| keys.of(key, &scope("20261122")));
        assert!(!Arc::ptr_eq(&before[0], &after[0]));
        assert!(Arc::ptr_eq(&before[1], &after[1]));
    }
}
