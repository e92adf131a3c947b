//! All that there is in an account, each thing with what hangs on it: `GetAccountAuthorizationDetails`.
//!
//! Keeps true: a page holds things whole, and no more bytes of documents than it may.

use super::paging::page_within;
use super::{groups, holders, policies, roles, users};
use crate::directory::Means;
use crate::layout::folded;
use crate::limits::DETAILS_BYTES_MAX;
use crate::managed;
use crate::state::{AccountState, GroupEntry, Inlines, PolicyEntry, RoleEntry, UserEntry};
use countersign_types::iam::{AccountDetail, Answer, EntityKind, Fault, InlinePolicy, Listing, PageOf};
use std::sync::Arc;

/// A page of what there is: users, groups, roles, and then policies. Of those that come with the server only what is used.
pub(super) fn list(
    state: &AccountState,
    means: &Means<'_>,
    filter: &[EntityKind],
    asked: &PageOf,
) -> Result<Answer, Fault> {
    let usages = policies::usages(state);
    let wants = |kind| filter.is_empty() || filter.contains(&kind);
    let users = state.users.iter().filter(|_| wants(EntityKind::User));
    let groups = state.groups.iter().filter(|_| wants(EntityKind::Group));
    let roles = state.roles.iter().filter(|_| wants(EntityKind::Role));
    let own = state
        .policies
        .iter()
        .filter(|_| wants(EntityKind::LocalManagedPolicy));
    let used = managed::policies()
        .iter()
        .filter(|policy| wants(EntityKind::AwsManagedPolicy) && usages.contains_key(policy.arn.as_str()));
    let found = users
        .map(|user| (key(1, &user.record.name), Found::User(user)))
        .chain(groups.map(|group| (key(2, &group.record.name), Found::Group(group))))
        .chain(roles.map(|role| (key(3, &role.record.name), Found::Role(role))))
        .chain(own.map(|policy| (key(4, &policy.record.name), Found::Policy(policy))))
        .chain(used.map(|policy| (key(5, &policy.record.name), Found::Policy(policy))));
    let Listing { items, marker } = page_within(asked, found, Found::bytes, DETAILS_BYTES_MAX)?;
    let details = items.into_iter().map(|found| match found {
        Found::User(user) => user_detail(state, user),
        Found::Group(group) => AccountDetail::Group {
            group: groups::described(group),
            inline: inline(&group.inline),
            attached: holders::attached_described(state, &group.record.attached, "/"),
        },
        Found::Role(role) => AccountDetail::Role {
            role: roles::described(role, roles::last_used(means, role)),
            inline: inline(&role.inline),
            attached: holders::attached_described(state, &role.record.attached, "/"),
        },
        Found::Policy(policy) => {
            let usage = usages.get(policy.arn.as_str()).copied().unwrap_or_default();
            let versions = policy.versions.values();
            AccountDetail::Policy {
                policy: policies::described(policy, usage),
                versions: versions
                    .map(|version| policies::version_described(policy, version, true))
                    .collect(),
            }
        }
    });
    Ok(Answer::AccountDetails(Listing {
        items: details.collect(),
        marker,
    }))
}

/// Something that is on a page, not yet told.
enum Found<'a> {
    User(&'a Arc<UserEntry>),
    Group(&'a Arc<GroupEntry>),
    Role(&'a Arc<RoleEntry>),
    Policy(&'a Arc<PolicyEntry>),
}

impl Found<'_> {
    /// Bytes of its documents.
    fn bytes(&self) -> usize {
        match self {
            Found::User(user) => inline_bytes(&user.inline),
            Found::Group(group) => inline_bytes(&group.inline),
            Found::Role(role) => role.record.trust.len() + inline_bytes(&role.inline),
            Found::Policy(policy) => {
                let versions = policy.versions.values();
                versions.map(|version| version.record.document.len()).sum()
            }
        }
    }
}

fn user_detail(state: &AccountState, user: &UserEntry) -> AccountDetail {
    let groups = user.record.groups.iter();
    let groups = groups.filter_map(|id| state.groups.by_reference(id));
    AccountDetail::User {
        user: users::described(user),
        inline: inline(&user.inline),
        groups: groups.map(|group| group.record.name.clone()).collect(),
        attached: holders::attached_described(state, &user.record.attached, "/"),
    }
}

fn inline(inline: &Inlines) -> Vec<InlinePolicy> {
    let policies = inline.values().map(|entry| InlinePolicy {
        policy_name: entry.record.name.clone(),
        document: entry.record.document.clone(),
    });
    policies.collect()
}

fn inline_bytes(inline: &Inlines) -> usize {
    inline.values().map(|entry| entry.record.document.len()).sum()
}

/// The order of a page: by kind, then by name.
fn key(kind: u8, name: &str) -> String {
    format!("{kind}/{}", folded(name))
}
