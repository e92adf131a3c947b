//! Users: made, found, renamed, listed and removed, and whom a call means that names none.
//!
//! Not here: their keys ([`super::keys`]) and what is attached to them ([`super::holders`]).

use super::paging::page;
use super::words::{
    self, Renamed, USER_NAME_CHARACTERS_MAX, check_name, check_path, check_path_prefix, conflict, exists,
    not_found, quota, rename,
};
use crate::directory::Means;
use crate::ids;
use crate::layout::folded;
use crate::limits::USERS_MAX;
use crate::principal::{Principal, root_arn};
use crate::records::{Other, UserRecord};
use crate::state::{AccountState, UserEntry};
use countersign_types::iam::{Answer, Fault, FaultCode, PageOf, Tag, User};
use std::sync::Arc;

pub(super) fn create(
    state: &mut AccountState,
    means: &Means<'_>,
    path: Option<&str>,
    name: &str,
    boundary: Option<&str>,
    tags: &[Tag],
) -> Result<Answer, Fault> {
    check_name("userName", name, USER_NAME_CHARACTERS_MAX)?;
    let record = UserRecord {
        id: ids::id(ids::Kind::User, means.random()),
        name: name.to_owned(),
        path: check_path(path)?.to_owned(),
        created: means.now,
        tags: words::check_tags(tags)?,
        boundary: words::check_boundary(state, boundary)?,
        attached: Vec::new(),
        groups: Vec::new(),
        other: Other::new(),
    };
    if state.users.is_taken(name) {
        return Err(exists("User", name));
    }
    if state.users.len() >= USERS_MAX {
        return Err(quota("UsersPerAccount", USERS_MAX));
    }
    let entry = UserEntry::new(&state.account.id, record, Default::default());
    let user = described(&entry);
    Arc::make_mut(&mut state.users).insert(entry);
    Ok(Answer::User(user))
}

pub(super) fn find(state: &AccountState, caller: &Principal, name: Option<&str>) -> Result<Answer, Fault> {
    Ok(Answer::User(match resolve(state, caller, name)? {
        Some(user) => described(&user),
        None => root(state),
    }))
}

pub(super) fn update(
    state: &mut AccountState,
    name: &str,
    new_path: Option<&str>,
    new_name: Option<&str>,
) -> Result<Answer, Fault> {
    let user = get(state, name)?;
    let mut record = user.record.clone();
    let renamed = Renamed {
        kind: "User",
        path: &mut record.path,
        name: &mut record.name,
        name_characters_max: USER_NAME_CHARACTERS_MAX,
    };
    rename(renamed, new_path, new_name, |name| state.users.is_taken(name))?;
    let entry = UserEntry::new(&state.account.id, record, user.inline.clone());
    Arc::make_mut(&mut state.users).insert(entry);
    Ok(Answer::Done)
}

pub(super) fn delete(state: &mut AccountState, name: &str) -> Result<Answer, Fault> {
    let user = get(state, name)?;
    let record = &user.record;
    if state.keys_of(Some(&record.id)).next().is_some() {
        return Err(conflict("delete access keys"));
    }
    if !user.inline.is_empty() {
        return Err(conflict("delete policies"));
    }
    if !record.attached.is_empty() {
        return Err(conflict("detach all policies"));
    }
    if !record.groups.is_empty() {
        return Err(conflict("remove users from group"));
    }
    Arc::make_mut(&mut state.users).remove(&record.id);
    Ok(Answer::Done)
}

pub(super) fn list(state: &AccountState, prefix: Option<&str>, asked: &PageOf) -> Result<Answer, Fault> {
    let prefix = check_path_prefix(prefix)?;
    let users = state
        .users
        .iter()
        .filter(|user| user.record.path.starts_with(prefix));
    let users = users.map(|user| (folded(&user.record.name), described(user)));
    page(asked, users).map(Answer::Users)
}

/// Nobody has a password here.
pub(super) fn no_login_profile(
    state: &AccountState,
    caller: &Principal,
    name: Option<&str>,
) -> Result<Answer, Fault> {
    let user = resolve(state, caller, name)?;
    let name = user.as_ref().map_or("root", |user| &user.record.name);
    Err(Fault::new(
        FaultCode::NoSuchEntity,
        format!("Login Profile for User {name} cannot be found."),
    ))
}

/// The user of a name.
pub(super) fn get(state: &AccountState, name: &str) -> Result<Arc<UserEntry>, Fault> {
    state
        .users
        .get(name)
        .cloned()
        .ok_or_else(|| not_found("user", name))
}

/// The user of a name, or whom the caller is; `None`: the root.
pub(super) fn resolve(
    state: &AccountState,
    caller: &Principal,
    name: Option<&str>,
) -> Result<Option<Arc<UserEntry>>, Fault> {
    if let Some(name) = name {
        return get(state, name).map(Some);
    }
    let is_own = caller
        .account()
        .is_some_and(|account| account.id == state.account.id);
    match caller {
        Principal::Root(_) if is_own => Ok(None),
        // By the id, since the user may have another name meanwhile.
        Principal::User(user) if is_own => {
            let id = &user.entry.record.id;
            let found = state.users.by_reference(id).cloned();
            found.map(Some).ok_or_else(|| not_found("user", user.name()))
        }
        Principal::Root(_)
        | Principal::User(_)
        | Principal::RoleSession(_)
        | Principal::FederatedUser(_)
        | Principal::Anonymous => Err(Fault::new(
            FaultCode::ValidationError,
            "Must specify userName when calling with non-User credentials",
        )),
    }
}

pub(super) fn described(user: &UserEntry) -> User {
    let UserEntry { record, arn, .. } = user;
    User {
        path: record.path.clone(),
        user_name: record.name.clone(),
        user_id: record.id.clone(),
        arn: arn.clone(),
        create_date: record.created,
        permissions_boundary: record.boundary.clone(),
        tags: record.tags.iter().map(Tag::from).collect(),
    }
}

/// The root, as far as it looks like a user.
fn root(state: &AccountState) -> User {
    User {
        path: "/".to_owned(),
        user_name: "root".to_owned(),
        user_id: state.account.id.clone(),
        arn: root_arn(&state.account),
        create_date: state.record.created,
        permissions_boundary: None,
        tags: Vec::new(),
    }
}
