//! Groups, and who is in them.

use super::paging::page;
use super::users;
use super::words::{
    GROUP_NAME_CHARACTERS_MAX, Renamed, check_name, check_path, check_path_prefix, conflict, exists,
    not_found, quota, rename,
};
use crate::directory::Means;
use crate::ids;
use crate::layout::folded;
use crate::limits::{GROUPS_MAX, GROUPS_PER_USER_MAX};
use crate::records::{GroupRecord, Other};
use crate::state::{AccountState, GroupEntry, UserEntry};
use countersign_types::iam::{Answer, Fault, FaultCode, Group, PageOf};
use std::sync::Arc;

pub(super) fn create(
    state: &mut AccountState,
    means: &Means<'_>,
    path: Option<&str>,
    name: &str,
) -> Result<Answer, Fault> {
    check_name("groupName", name, GROUP_NAME_CHARACTERS_MAX)?;
    let record = GroupRecord {
        id: ids::id(ids::Kind::Group, means.random()),
        name: name.to_owned(),
        path: check_path(path)?.to_owned(),
        created: means.now,
        attached: Vec::new(),
        other: Other::new(),
    };
    if state.groups.is_taken(name) {
        return Err(exists("Group", name));
    }
    if state.groups.len() >= GROUPS_MAX {
        return Err(quota("GroupsPerAccount", GROUPS_MAX));
    }
    let entry = GroupEntry::new(&state.account.id, record, Default::default());
    let group = described(&entry);
    Arc::make_mut(&mut state.groups).insert(entry);
    Ok(Answer::Group(group))
}

pub(super) fn find(state: &AccountState, name: &str, asked: &PageOf) -> Result<Answer, Fault> {
    let group = get(state, name)?;
    let users = members(state, &group).map(|user| (folded(&user.record.name), users::described(user)));
    Ok(Answer::GroupWithUsers {
        group: described(&group),
        users: page(asked, users)?,
    })
}

pub(super) fn update(
    state: &mut AccountState,
    name: &str,
    new_path: Option<&str>,
    new_name: Option<&str>,
) -> Result<Answer, Fault> {
    let group = get(state, name)?;
    let mut record = group.record.clone();
    let renamed = Renamed {
        kind: "Group",
        path: &mut record.path,
        name: &mut record.name,
        name_characters_max: GROUP_NAME_CHARACTERS_MAX,
    };
    rename(renamed, new_path, new_name, |name| state.groups.is_taken(name))?;
    let entry = GroupEntry::new(&state.account.id, record, group.inline.clone());
    Arc::make_mut(&mut state.groups).insert(entry);
    Ok(Answer::Done)
}

pub(super) fn delete(state: &mut AccountState, name: &str) -> Result<Answer, Fault> {
    let group = get(state, name)?;
    if members(state, &group).next().is_some() {
        return Err(conflict("remove users from group"));
    }
    if !group.inline.is_empty() {
        return Err(conflict("delete policies"));
    }
    if !group.record.attached.is_empty() {
        return Err(conflict("detach all policies"));
    }
    Arc::make_mut(&mut state.groups).remove(&group.record.id);
    Ok(Answer::Done)
}

pub(super) fn list(state: &AccountState, prefix: Option<&str>, asked: &PageOf) -> Result<Answer, Fault> {
    let prefix = check_path_prefix(prefix)?;
    let groups = state
        .groups
        .iter()
        .filter(|group| group.record.path.starts_with(prefix));
    let groups = groups.map(|group| (folded(&group.record.name), described(group)));
    page(asked, groups).map(Answer::Groups)
}

pub(super) fn add_user(state: &mut AccountState, name: &str, user_name: &str) -> Result<Answer, Fault> {
    let group = get(state, name)?;
    let user = users::get(state, user_name)?;
    if user.record.groups.contains(&group.record.id) {
        return Ok(Answer::Done);
    }
    if user.record.groups.len() >= GROUPS_PER_USER_MAX {
        return Err(quota("GroupsPerUser", GROUPS_PER_USER_MAX));
    }
    let mut changed = (*user).clone();
    changed.record.groups.push(group.record.id.clone());
    Arc::make_mut(&mut state.users).insert(changed);
    Ok(Answer::Done)
}

pub(super) fn remove_user(state: &mut AccountState, name: &str, user_name: &str) -> Result<Answer, Fault> {
    let group = get(state, name)?;
    let user = users::get(state, user_name)?;
    if !user.record.groups.contains(&group.record.id) {
        return Err(Fault::new(
            FaultCode::NoSuchEntity,
            format!("The user with name {user_name} is not in the group with name {name}."),
        ));
    }
    let mut changed = (*user).clone();
    changed.record.groups.retain(|id| *id != group.record.id);
    Arc::make_mut(&mut state.users).insert(changed);
    Ok(Answer::Done)
}

pub(super) fn of_user(state: &AccountState, user_name: &str, asked: &PageOf) -> Result<Answer, Fault> {
    let user = users::get(state, user_name)?;
    let groups = state.groups.iter();
    let groups = groups.filter(|group| user.record.groups.contains(&group.record.id));
    let groups = groups.map(|group| (folded(&group.record.name), described(group)));
    page(asked, groups).map(Answer::Groups)
}

/// The group of a name.
pub(super) fn get(state: &AccountState, name: &str) -> Result<Arc<GroupEntry>, Fault> {
    state
        .groups
        .get(name)
        .cloned()
        .ok_or_else(|| not_found("group", name))
}

fn members<'a>(state: &'a AccountState, group: &'a GroupEntry) -> impl Iterator<Item = &'a Arc<UserEntry>> {
    let users = state.users.iter();
    users.filter(|user| user.record.groups.contains(&group.record.id))
}

pub(super) fn described(group: &GroupEntry) -> Group {
    let GroupEntry { record, arn, .. } = group;
    Group {
        path: record.path.clone(),
        group_name: record.name.clone(),
        group_id: record.id.clone(),
        arn: arn.clone(),
        create_date: record.created,
    }
}
