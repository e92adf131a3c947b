//! Roles, and who may assume them.

use super::paging::page;
use super::words::{
    self, ROLE_NAME_CHARACTERS_MAX, check_description, check_name, check_path, check_path_prefix,
    check_trust, conflict, constraint, exists, not_found, quota,
};
use crate::directory::Means;
use crate::ids;
use crate::layout::folded;
use crate::limits::{MAX_SESSION_DURATION, ROLE_SESSION_SECONDS_DEFAULT, ROLES_MAX};
use crate::records::{Other, RoleRecord};
use crate::state::{AccountState, RoleEntry, arn};
use countersign_types::iam::{Answer, Fault, PageOf, Role, RoleLastUsed, Tag};
use std::sync::Arc;

/// What a role is made of.
pub(super) struct New<'a> {
    pub(super) path: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) trust: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) session_max: Option<u32>,
    pub(super) boundary: Option<&'a str>,
    pub(super) tags: &'a [Tag],
}

pub(super) fn create(state: &mut AccountState, means: &Means<'_>, new: &New<'_>) -> Result<Answer, Fault> {
    check_name("roleName", new.name, ROLE_NAME_CHARACTERS_MAX)?;
    let path = check_path(new.path)?;
    let record = RoleRecord {
        id: ids::id(ids::Kind::Role, means.random()),
        name: new.name.to_owned(),
        path: path.to_owned(),
        created: means.now,
        trust: new.trust.to_owned(),
        description: check_description(new.description)?,
        session_max: check_session_max(new.session_max)?.unwrap_or(ROLE_SESSION_SECONDS_DEFAULT),
        tags: words::check_tags(new.tags)?,
        boundary: words::check_boundary(state, new.boundary)?,
        attached: Vec::new(),
        other: Other::new(),
    };
    let entry = RoleEntry {
        arn: arn(&state.account.id, "role", path, new.name),
        trust: check_trust(means, new.trust)?,
        inline: Default::default(),
        record,
    };
    if state.roles.is_taken(new.name) {
        return Err(exists("Role", new.name));
    }
    if state.roles.len() >= ROLES_MAX {
        return Err(quota("RolesPerAccount", ROLES_MAX));
    }
    let role = described(&entry, None);
    Arc::make_mut(&mut state.roles).insert(entry);
    Ok(Answer::Role(role))
}

pub(super) fn find(state: &AccountState, means: &Means<'_>, name: &str) -> Result<Answer, Fault> {
    let role = get(state, name)?;
    let used = last_used(means, &role);
    Ok(Answer::Role(described(&role, used)))
}

/// When it was used last.
pub(super) fn last_used(means: &Means<'_>, role: &RoleEntry) -> Option<RoleLastUsed> {
    let used = means.directory.uses.of(&role.record.id)?;
    Some(RoleLastUsed {
        last_used_date: used.at,
        region: used.region,
    })
}

pub(super) fn update(
    state: &mut AccountState,
    name: &str,
    description: Option<&str>,
    session_max: Option<u32>,
) -> Result<Answer, Fault> {
    let mut role = (*get(state, name)?).clone();
    if description.is_some() {
        role.record.description = check_description(description)?;
    }
    if let Some(session_max) = check_session_max(session_max)? {
        role.record.session_max = session_max;
    }
    Arc::make_mut(&mut state.roles).insert(role);
    Ok(Answer::Done)
}

pub(super) fn describe(state: &mut AccountState, name: &str, description: &str) -> Result<Answer, Fault> {
    let mut role = (*get(state, name)?).clone();
    role.record.description = check_description(Some(description))?;
    let answer = described(&role, None);
    Arc::make_mut(&mut state.roles).insert(role);
    Ok(Answer::Role(answer))
}

pub(super) fn update_trust(
    state: &mut AccountState,
    means: &Means<'_>,
    name: &str,
    text: &str,
) -> Result<Answer, Fault> {
    let mut role = (*get(state, name)?).clone();
    role.trust = check_trust(means, text)?;
    role.record.trust = text.to_owned();
    Arc::make_mut(&mut state.roles).insert(role);
    Ok(Answer::Done)
}

pub(super) fn delete(state: &mut AccountState, name: &str) -> Result<Answer, Fault> {
    let role = get(state, name)?;
    if !role.inline.is_empty() {
        return Err(conflict("delete policies"));
    }
    if !role.record.attached.is_empty() {
        return Err(conflict("detach all policies"));
    }
    Arc::make_mut(&mut state.roles).remove(&role.record.id);
    Ok(Answer::Done)
}

pub(super) fn list(state: &AccountState, prefix: Option<&str>, asked: &PageOf) -> Result<Answer, Fault> {
    let prefix = check_path_prefix(prefix)?;
    let roles = state
        .roles
        .iter()
        .filter(|role| role.record.path.starts_with(prefix));
    let roles = roles.map(|role| (folded(&role.record.name), described(role, None)));
    page(asked, roles).map(Answer::Roles)
}

/// The role of a name.
pub(super) fn get(state: &AccountState, name: &str) -> Result<Arc<RoleEntry>, Fault> {
    state
        .roles
        .get(name)
        .cloned()
        .ok_or_else(|| not_found("role", name))
}

fn check_session_max(seconds: Option<u32>) -> Result<Option<u32>, Fault> {
    let Some(seconds) = seconds else {
        return Ok(None);
    };
    let must = match seconds {
        seconds if MAX_SESSION_DURATION.contains(&seconds) => return Ok(Some(seconds)),
        seconds if seconds < *MAX_SESSION_DURATION.start() => {
            format!(
                "have value greater than or equal to {}",
                MAX_SESSION_DURATION.start()
            )
        }
        _ => format!("have value less than or equal to {}", MAX_SESSION_DURATION.end()),
    };
    Err(constraint(&seconds.to_string(), "maxSessionDuration", &must))
}

pub(super) fn described(role: &RoleEntry, last_used: Option<RoleLastUsed>) -> Role {
    let RoleEntry { record, arn, .. } = role;
    Role {
        path: record.path.clone(),
        role_name: record.name.clone(),
        role_id: record.id.clone(),
        arn: arn.clone(),
        create_date: record.created,
        trust_policy: record.trust.clone(),
        description: record.description.clone(),
        max_session_duration: record.session_max,
        permissions_boundary: record.boundary.clone(),
        tags: record.tags.iter().map(Tag::from).collect(),
        last_used,
    }
}
