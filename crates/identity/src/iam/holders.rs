//! What users, groups and roles have in common: managed policies attached to them, policies inside them, and a permissions boundary.

use super::paging::page;
use super::words::{
    POLICY_NAME_CHARACTERS_MAX, check_boundary, check_document, check_name, check_path_prefix, no_policy,
    not_found, quota,
};
use super::{groups, roles, users};
use crate::limits::ATTACHED_MAX;
use crate::records::{InlineRecord, Other};
use crate::state::{AccountState, InlineEntry, Inlines};
use countersign_policy::{INLINE_GROUP_SIZE_MAX, INLINE_ROLE_SIZE_MAX, INLINE_USER_SIZE_MAX, Kind};
use countersign_types::iam::{Answer, AttachedPolicy, Fault, FaultCode, Holder, PageOf};
use std::sync::Arc;

pub(super) fn attach(state: &mut AccountState, holder: &Holder, policy_arn: &str) -> Result<Answer, Fault> {
    let held = Held::of(state, holder)?;
    if state.policy(policy_arn).is_none() {
        return Err(Fault::new(
            FaultCode::NoSuchEntity,
            format!("Policy {policy_arn} does not exist or is not attachable."),
        ));
    }
    if held.attached.iter().any(|attached| attached == policy_arn) {
        return Ok(Answer::Done);
    }
    if held.attached.len() >= ATTACHED_MAX {
        return Err(quota(&format!("PoliciesPer{}", kind(holder)), ATTACHED_MAX));
    }
    edit(state, holder, |editing| {
        editing.attached.push(policy_arn.to_owned())
    })
}

pub(super) fn detach(state: &mut AccountState, holder: &Holder, policy_arn: &str) -> Result<Answer, Fault> {
    let held = Held::of(state, holder)?;
    if !held.attached.iter().any(|attached| attached == policy_arn) {
        return Err(no_policy(policy_arn));
    }
    edit(state, holder, |editing| {
        editing.attached.retain(|attached| attached != policy_arn)
    })
}

pub(super) fn list_attached(
    state: &AccountState,
    holder: &Holder,
    prefix: Option<&str>,
    asked: &PageOf,
) -> Result<Answer, Fault> {
    let prefix = check_path_prefix(prefix)?;
    let held = Held::of(state, holder)?;
    let attached = attached_described(state, held.attached, prefix);
    let attached = attached
        .into_iter()
        .map(|policy| (policy.policy_arn.clone(), policy));
    page(asked, attached).map(Answer::AttachedPolicies)
}

/// The policies of these ARNs below a path, by ARN.
pub(super) fn attached_described(state: &AccountState, arns: &[String], prefix: &str) -> Vec<AttachedPolicy> {
    let mut attached: Vec<AttachedPolicy> = arns
        .iter()
        .filter_map(|arn| state.policy(arn))
        .filter(|policy| policy.record.path.starts_with(prefix))
        .map(|policy| AttachedPolicy {
            policy_name: policy.record.name.clone(),
            policy_arn: policy.arn.clone(),
        })
        .collect();
    attached.sort_by(|a, b| a.policy_arn.cmp(&b.policy_arn));
    attached
}

pub(super) fn put_inline(
    state: &mut AccountState,
    holder: &Holder,
    name: &str,
    text: &str,
) -> Result<Answer, Fault> {
    check_name("policyName", name, POLICY_NAME_CHARACTERS_MAX)?;
    let held = Held::of(state, holder)?;
    let document = check_document(Kind::Inline, text)?;
    let others = held.inline.values().filter(|entry| entry.record.name != name);
    let others: usize = others
        .map(|entry| Kind::Inline.counted(&entry.record.document))
        .sum();
    let max = match holder {
        Holder::User(_) => INLINE_USER_SIZE_MAX,
        Holder::Group(_) => INLINE_GROUP_SIZE_MAX,
        Holder::Role(_) => INLINE_ROLE_SIZE_MAX,
    };
    if others + Kind::Inline.counted(text) > max {
        let message = format!(
            "Maximum policy size of {max} bytes exceeded for {} {}",
            kind(holder).to_lowercase(),
            called(holder)
        );
        return Err(Fault::new(FaultCode::LimitExceeded, message));
    }
    let record = InlineRecord {
        holder: held.id.to_owned(),
        name: name.to_owned(),
        document: text.to_owned(),
        other: Other::new(),
    };
    let label = format!("{}/{}", kind(holder).to_lowercase(), called(holder));
    let entry = Arc::new(InlineEntry::new(record, document, &label));
    edit(state, holder, |editing| {
        editing.inline.insert(name.to_owned(), entry);
    })
}

pub(super) fn find_inline(state: &AccountState, holder: &Holder, name: &str) -> Result<Answer, Fault> {
    let held = Held::of(state, holder)?;
    let entry = held.inline.get(name).ok_or_else(|| no_inline(holder, name))?;
    Ok(Answer::InlinePolicy {
        policy_name: entry.record.name.clone(),
        document: entry.record.document.clone(),
    })
}

pub(super) fn delete_inline(state: &mut AccountState, holder: &Holder, name: &str) -> Result<Answer, Fault> {
    if !Held::of(state, holder)?.inline.contains_key(name) {
        return Err(no_inline(holder, name));
    }
    edit(state, holder, |editing| {
        editing.inline.remove(name);
    })
}

pub(super) fn list_inline(state: &AccountState, holder: &Holder, asked: &PageOf) -> Result<Answer, Fault> {
    let held = Held::of(state, holder)?;
    let names = held.inline.keys().map(|name| (name.clone(), name.clone()));
    page(asked, names).map(Answer::InlinePolicies)
}

pub(super) fn put_boundary(
    state: &mut AccountState,
    holder: &Holder,
    policy_arn: &str,
) -> Result<Answer, Fault> {
    Held::of(state, holder)?;
    let boundary = check_boundary(state, Some(policy_arn))?;
    set_boundary(state, holder, boundary)
}

pub(super) fn delete_boundary(state: &mut AccountState, holder: &Holder) -> Result<Answer, Fault> {
    set_boundary(state, holder, None)
}

fn set_boundary(
    state: &mut AccountState,
    holder: &Holder,
    boundary: Option<String>,
) -> Result<Answer, Fault> {
    if let Holder::Group(_) = holder {
        return Err(Fault::new(
            FaultCode::InvalidInput,
            "A group has no permissions boundary.",
        ));
    }
    edit(state, holder, |editing| {
        if let Some(held) = editing.boundary {
            *held = boundary;
        }
    })
}

/// What one of them has.
struct Held<'a> {
    id: &'a str,
    attached: &'a [String],
    inline: &'a Inlines,
}

impl<'a> Held<'a> {
    fn of(state: &'a AccountState, holder: &Holder) -> Result<Held<'a>, Fault> {
        let found = match holder {
            Holder::User(name) => state.users.get(name).map(|user| Held {
                id: &user.record.id,
                attached: &user.record.attached,
                inline: &user.inline,
            }),
            Holder::Group(name) => state.groups.get(name).map(|group| Held {
                id: &group.record.id,
                attached: &group.record.attached,
                inline: &group.inline,
            }),
            Holder::Role(name) => state.roles.get(name).map(|role| Held {
                id: &role.record.id,
                attached: &role.record.attached,
                inline: &role.inline,
            }),
        };
        found.ok_or_else(|| not_found(&kind(holder).to_lowercase(), called(holder)))
    }
}

/// The same, to be changed.
struct Editing<'a> {
    attached: &'a mut Vec<String>,
    inline: &'a mut Inlines,
    /// `None`: a group has none.
    boundary: Option<&'a mut Option<String>>,
}

fn edit(
    state: &mut AccountState,
    holder: &Holder,
    change: impl FnOnce(Editing<'_>),
) -> Result<Answer, Fault> {
    match holder {
        Holder::User(name) => {
            let mut user = (*users::get(state, name)?).clone();
            change(Editing {
                attached: &mut user.record.attached,
                inline: &mut user.inline,
                boundary: Some(&mut user.record.boundary),
            });
            Arc::make_mut(&mut state.users).insert(user);
        }
        Holder::Group(name) => {
            let mut group = (*groups::get(state, name)?).clone();
            change(Editing {
                attached: &mut group.record.attached,
                inline: &mut group.inline,
                boundary: None,
            });
            Arc::make_mut(&mut state.groups).insert(group);
        }
        Holder::Role(name) => {
            let mut role = (*roles::get(state, name)?).clone();
            change(Editing {
                attached: &mut role.record.attached,
                inline: &mut role.inline,
                boundary: Some(&mut role.record.boundary),
            });
            Arc::make_mut(&mut state.roles).insert(role);
        }
    }
    Ok(Answer::Done)
}

fn kind(holder: &Holder) -> &'static str {
    match holder {
        Holder::User(_) => "User",
        Holder::Group(_) => "Group",
        Holder::Role(_) => "Role",
    }
}

fn called(holder: &Holder) -> &str {
    match holder {
        Holder::User(name) | Holder::Group(name) | Holder::Role(name) => name,
    }
}

fn no_inline(holder: &Holder, name: &str) -> Fault {
    not_found(&format!("{} policy", kind(holder).to_lowercase()), name)
}
