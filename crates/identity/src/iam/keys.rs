//! Access keys of users and of the root.
//!
//! Keeps true: a secret is in one answer, that to its creation. The operator's own key is shown and cannot be changed: it is the operator's
//! to replace.

use super::paging::page;
use super::users;
use super::words::quota;
use crate::directory::Means;
use crate::ids;
use crate::limits::ACCESS_KEYS_PER_USER_MAX;
use crate::principal::{AccessKey, Principal};
use crate::records::{KeyRecord, Other};
use crate::state::{AccountState, KeyEntry, UserEntry, key_place};
use crate::tombstone;
use countersign_sigv4::Secret;
use countersign_types::Moment;
use countersign_types::iam::{
    AccessKeyLastUsed, AccessKeyMetadata, AccessKeyStatus, Answer, Fault, FaultCode, NewAccessKey, PageOf,
};
use std::sync::Arc;

pub(super) fn create(
    state: &mut AccountState,
    means: &Means<'_>,
    caller: &Principal,
    user_name: Option<&str>,
    expires: Option<Moment>,
) -> Result<Answer, Fault> {
    let user = users::resolve(state, caller, user_name)?;
    let user = user.as_deref();
    if expires.is_some_and(|expires| expires <= means.now) {
        return Err(Fault::new(
            FaultCode::ValidationError,
            "The specified value for countersignExpirationDate is invalid. It must be in the future.",
        ));
    }
    let operators = operators_key(state, means, user).map_or(0, |_| 1);
    let stored = state.keys_of(user.map(|user| user.record.id.as_str())).count();
    if stored + operators >= ACCESS_KEYS_PER_USER_MAX {
        return Err(quota("AccessKeysPerUser", ACCESS_KEYS_PER_USER_MAX));
    }
    add(state, means, user, expires).map(Answer::NewAccessKey)
}

/// Makes a key of a user or of the root.
pub(crate) fn add(
    state: &mut AccountState,
    means: &Means<'_>,
    user: Option<&UserEntry>,
    expires: Option<Moment>,
) -> Result<NewAccessKey, Fault> {
    let id = ids::id(ids::Kind::AccessKey, means.random());
    let secret = ids::secret(means.random());
    let place = key_place(&state.account.id, &id);
    let record = KeyRecord {
        id: id.clone(),
        user: user.map(|user| user.record.id.clone()),
        active: true,
        created: means.now,
        expires,
        sealed: means.master().seal(secret.as_bytes(), &place, means.random()),
        other: Other::new(),
    };
    let made = NewAccessKey {
        metadata: described(&record, user),
        secret_access_key: secret.as_str().to_owned(),
    };
    let access_key = AccessKey {
        access_key_id: id.clone(),
        secret: Secret::new(secret.as_bytes()),
    };
    let entry = KeyEntry {
        record,
        access_key: Arc::new(access_key),
    };
    Arc::make_mut(&mut state.keys).insert(id, Arc::new(entry));
    Ok(made)
}

pub(super) fn list(
    state: &AccountState,
    means: &Means<'_>,
    caller: &Principal,
    user_name: Option<&str>,
    asked: &PageOf,
) -> Result<Answer, Fault> {
    let user = users::resolve(state, caller, user_name)?;
    let user = user.as_deref();
    let mut keys = of(state, means, user);
    keys.sort_by(|a, b| a.access_key_id.cmp(&b.access_key_id));
    let keys = page(
        asked,
        keys.into_iter().map(|key| (key.access_key_id.clone(), key)),
    )?;
    Ok(Answer::AccessKeys {
        user_name: user.map(|user| user.record.name.clone()),
        keys,
    })
}

/// The keys of a user or of the root.
pub(super) fn of(
    state: &AccountState,
    means: &Means<'_>,
    user: Option<&UserEntry>,
) -> Vec<AccessKeyMetadata> {
    let stored = state.keys_of(user.map(|user| user.record.id.as_str()));
    let stored = stored.map(|key| described(&key.record, user));
    stored.chain(operators_key(state, means, user)).collect()
}

pub(super) fn update(
    state: &mut AccountState,
    means: &Means<'_>,
    caller: &Principal,
    user_name: Option<&str>,
    access_key_id: &str,
    status: AccessKeyStatus,
) -> Result<Answer, Fault> {
    let key = get(state, means, caller, user_name, access_key_id)?;
    let mut changed = (*key).clone();
    changed.record.active = status == AccessKeyStatus::Active;
    Arc::make_mut(&mut state.keys).insert(access_key_id.to_owned(), Arc::new(changed));
    Ok(Answer::Done)
}

pub(super) fn delete(
    state: &mut AccountState,
    means: &Means<'_>,
    caller: &Principal,
    user_name: Option<&str>,
    access_key_id: &str,
) -> Result<Answer, Fault> {
    let key = get(state, means, caller, user_name, access_key_id)?;
    Arc::make_mut(&mut state.keys).remove(access_key_id);
    tombstone::bury(
        state,
        &key.record,
        &key.access_key.secret,
        means.now,
        means.master(),
        means.random(),
    );
    Ok(Answer::Done)
}

pub(super) fn last_used(
    state: &AccountState,
    means: &Means<'_>,
    access_key_id: &str,
) -> Result<Answer, Fault> {
    let user_id = match state.keys.get(access_key_id) {
        Some(key) => key.record.user.as_deref(),
        None if means.root_key_id(state) == Some(access_key_id) => None,
        None => return Err(no_key(access_key_id)),
    };
    let user = user_id.and_then(|id| state.users.by_reference(id));
    let used = means.directory.uses.of(access_key_id);
    Ok(Answer::AccessKeyLastUsed(AccessKeyLastUsed {
        user_name: user.map(|user| user.record.name.clone()),
        last_used_date: used.as_ref().map(|used| used.at),
        region: used.as_ref().map(|used| used.region.clone()),
        service_name: used.as_ref().map(|used| used.service.clone()),
        user_agent: used.and_then(|used| used.user_agent),
    }))
}

/// The key of an id, if it belongs to the user that is named.
fn get(
    state: &AccountState,
    means: &Means<'_>,
    caller: &Principal,
    user_name: Option<&str>,
    access_key_id: &str,
) -> Result<Arc<KeyEntry>, Fault> {
    let user = users::resolve(state, caller, user_name)?;
    if user.is_none() && means.root_key_id(state) == Some(access_key_id) {
        return Err(Fault::new(
            FaultCode::UnmodifiableEntity,
            format!(
                "The Access Key with id {access_key_id} is the operator's and is replaced where the server is started."
            ),
        ));
    }
    let key = state
        .keys
        .get(access_key_id)
        .filter(|key| key.record.user.as_deref() == user.as_ref().map(|user| user.record.id.as_str()));
    key.cloned().ok_or_else(|| no_key(access_key_id))
}

/// The key that the server was started with, if it is this user's.
fn operators_key(
    state: &AccountState,
    means: &Means<'_>,
    user: Option<&UserEntry>,
) -> Option<AccessKeyMetadata> {
    let id = means.root_key_id(state)?;
    user.is_none().then(|| AccessKeyMetadata {
        user_name: None,
        access_key_id: id.to_owned(),
        status: AccessKeyStatus::Active,
        create_date: state.record.created,
        expiration_date: None,
    })
}

fn described(key: &KeyRecord, user: Option<&UserEntry>) -> AccessKeyMetadata {
    AccessKeyMetadata {
        user_name: user.map(|user| user.record.name.clone()),
        access_key_id: key.id.clone(),
        status: match key.active {
            true => AccessKeyStatus::Active,
            false => AccessKeyStatus::Inactive,
        },
        create_date: key.created,
        expiration_date: key.expires,
    }
}

fn no_key(access_key_id: &str) -> Fault {
    Fault::new(
        FaultCode::NoSuchEntity,
        format!("The Access Key with id {access_key_id} cannot be found."),
    )
}
