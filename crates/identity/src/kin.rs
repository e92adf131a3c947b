//! What explains a signature that does not match: the other keys of the same principal, and what became of a key that is no longer in use.
//!
//! Of a key that is asked about nothing is handed out but the first link of its signing keys for one day, which cannot be turned back into
//! the secret. Not here: deciding anything with it. Nothing is ever verified with the key of another id, or with one that is not in use.

use crate::directory::{Directory, is_in_use};
use crate::limits::OTHER_KEYS_MAX;
use crate::principal::{Principal, Resolved, Unresolved};
use crate::records::TombRecord;
use crate::state::{AccountState, KeyEntry};
use crate::tombstone;
use countersign_sigv4::{Secret, SigningKey};
use countersign_types::Moment;
use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An access key that somebody may have signed with instead of another one.
pub struct OtherKey {
    /// Its id.
    pub access_key_id: String,
    /// What became of it; `None` if it is in use.
    pub retired: Option<Retired>,
    /// The first link of its signing keys for the day that was asked for; `None` if that is not kept.
    pub date_key: Option<Zeroizing<[u8; 32]>>,
}

/// What became of a key that is no longer in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It was removed then.
    Removed(Moment),
    /// It was made inactive.
    Inactive,
    /// It reached its end then.
    Expired(Moment),
}

/// What is known of the past of a key in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyHistory {
    /// Whether it is one that was made here and that nothing was ever signed with.
    pub is_unused: bool,
    /// Whether another key of the same principal was taken out of use in the last days.
    pub is_rotated: bool,
}

/// The key of the day is not shown.
impl fmt::Debug for OtherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherKey")
            .field("access_key_id", &self.access_key_id)
            .field("retired", &self.retired)
            .finish_non_exhaustive()
    }
}

impl Directory {
    /// The other keys of the principal whose key this is, those in use first and then the newest, at most [`OTHER_KEYS_MAX`]; each with
    /// its first link for `date` (`YYYYMMDD`). Who assumed a role, and a federated user, have none.
    pub fn other_keys(&self, of: &Resolved, date: &str, now: Moment) -> Vec<OtherKey> {
        let Some((state, user)) = self.owner(&of.principal) else {
            return Vec::new();
        };
        let own_id = of.access_key.access_key_id.as_str();
        let mut kin: Vec<Kin<'_>> = self
            .kin(&state, user, now)
            .filter(|kin| kin.id() != own_id)
            .collect();
        kin.sort_by_key(|kin| (kin.retired.is_some(), Reverse(kin.since), kin.id().to_owned()));
        kin.truncate(OTHER_KEYS_MAX);
        let known = |kin: Kin<'_>| OtherKey {
            access_key_id: kin.id().to_owned(),
            retired: kin.retired,
            date_key: match kin.key {
                KinKey::Kept { secret, .. } => Some(SigningKey::date_key(secret, date)),
                KinKey::Removed(tomb) => tombstone::open(&state.account.id, tomb, date, &self.master),
            },
        };
        kin.into_iter().map(known).collect()
    }

    /// What became of a key of this id that is no longer in use, with its first link for `date`; `None` if it is in use, or never was.
    pub fn retired_key(&self, access_key_id: &str, date: &str, now: Moment) -> Option<OtherKey> {
        let other = |retired, date_key| OtherKey {
            access_key_id: access_key_id.to_owned(),
            retired: Some(retired),
            date_key,
        };
        if let Some(state) = self.account_of_key(access_key_id) {
            let key = state.keys.get(access_key_id)?;
            let date_key = SigningKey::date_key(&key.access_key.secret, date);
            return Some(other(retired(key, now)?, Some(date_key)));
        }
        let states = self.states();
        let mut tombs = states
            .iter()
            .filter_map(|state| Some((state, state.tombs.get(access_key_id)?)));
        let (state, tomb) = tombs.next()?;
        let date_key = tombstone::open(&state.account.id, tomb, date, &self.master);
        Some(other(Retired::Removed(tomb.removed), date_key))
    }

    /// What is known of the past of a key in use.
    pub fn key_history(&self, of: &Resolved, now: Moment) -> KeyHistory {
        let Some((state, user)) = self.owner(&of.principal) else {
            return KeyHistory::default();
        };
        let id = of.access_key.access_key_id.as_str();
        let is_kept = of.session.is_none() && state.keys.contains_key(id);
        let is_rotated = self
            .kin(&state, user, now)
            .any(|kin| kin.retired.is_some() && kin.id() != id);
        KeyHistory {
            is_unused: is_kept && self.uses.of(id).is_none(),
            is_rotated,
        }
    }

    /// Whose keys a principal has: the account as it is now, and the user, or its root.
    fn owner<'p>(&self, principal: &'p Principal) -> Option<(Arc<AccountState>, Option<&'p str>)> {
        let user = match principal {
            Principal::Root(_) => None,
            Principal::User(user) => Some(user.entry.record.id.as_str()),
            Principal::RoleSession(_) | Principal::FederatedUser(_) | Principal::Anonymous => return None,
        };
        Some((self.state(&principal.account()?.id)?, user))
    }

    /// All keys that a user, or the root of an account, has and had lately.
    fn kin<'a>(
        &'a self,
        state: &'a AccountState,
        user: Option<&'a str>,
        now: Moment,
    ) -> impl Iterator<Item = Kin<'a>> {
        let kept = state.keys_of(user).map(move |key| Kin {
            retired: retired(key, now),
            since: key.record.created,
            key: KinKey::Kept {
                id: &key.record.id,
                secret: &key.access_key.secret,
            },
        });
        let removed = state
            .tombs
            .values()
            .filter(move |tomb| tomb.user.as_deref() == user);
        let removed = removed.map(|tomb| Kin {
            retired: Some(Retired::Removed(tomb.removed)),
            since: tomb.removed,
            key: KinKey::Removed(tomb),
        });
        // The key that the server was started with belongs to the root of the operator's account.
        let operators = self.root_access_key(state).filter(|_| user.is_none());
        let operators = operators.map(|key| Kin {
            retired: None,
            since: state.record.created,
            key: KinKey::Kept {
                id: &key.access_key_id,
                secret: &key.secret,
            },
        });
        kept.chain(removed).chain(operators)
    }
}

/// One of the keys of a principal.
struct Kin<'a> {
    retired: Option<Retired>,
    /// When it was made or removed.
    since: Moment,
    key: KinKey<'a>,
}

enum KinKey<'a> {
    Kept { id: &'a str, secret: &'a Secret },
    Removed(&'a TombRecord),
}

impl Kin<'_> {
    fn id(&self) -> &str {
        match self.key {
            KinKey::Kept { id, .. } => id,
            KinKey::Removed(tomb) => &tomb.id,
        }
    }
}

/// Why a key that is still there is not in use; `None` if it is.
fn retired(key: &KeyEntry, now: Moment) -> Option<Retired> {
    match is_in_use(key, now) {
        Ok(()) => None,
        Err(Unresolved::Expired) => key.record.expires.map(Retired::Expired),
        Err(_) => Some(Retired::Inactive),
    }
}
