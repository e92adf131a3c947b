//! Managed policies, their versions, and what they are attached to.

use super::paging::page;
use super::words::{
    self, POLICY_NAME_CHARACTERS_MAX, check_description, check_document, check_name, check_path,
    check_path_prefix, no_policy, quota,
};
use crate::directory::Means;
use crate::ids;
use crate::layout::folded;
use crate::limits::{POLICIES_MAX, VERSIONS_PER_POLICY_MAX};
use crate::managed;
use crate::records::{Other, PolicyRecord, VersionRecord};
use crate::state::{AccountState, PolicyEntry, VersionEntry, arn};
use countersign_policy::Kind;
use countersign_types::iam::{
    Answer, Fault, FaultCode, ManagedPolicy, PageOf, PolicyHolder, PolicyScope, PolicyUsage, PolicyVersion,
    Tag,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(super) fn create(
    state: &mut AccountState,
    means: &Means<'_>,
    path: Option<&str>,
    name: &str,
    text: &str,
    description: Option<&str>,
    tags: &[Tag],
) -> Result<Answer, Fault> {
    check_name("policyName", name, POLICY_NAME_CHARACTERS_MAX)?;
    let path = check_path(path)?;
    let description = check_description(description)?;
    let tags = words::check_tags(tags)?;
    let document = check_document(Kind::Managed, text)?;
    if state.policies.is_taken(name) {
        return Err(Fault::new(
            FaultCode::EntityAlreadyExists,
            format!("A policy called {name} already exists. Duplicate names are not allowed."),
        ));
    }
    if state.policies.len() >= POLICIES_MAX {
        return Err(quota("PoliciesPerAccount", POLICIES_MAX));
    }
    let record = PolicyRecord {
        id: ids::id(ids::Kind::Policy, means.random()),
        name: name.to_owned(),
        path: path.to_owned(),
        created: means.now,
        updated: means.now,
        description,
        tags,
        default_version: 1,
        last_version: 1,
        other: Other::new(),
    };
    let version = VersionEntry {
        record: VersionRecord {
            number: 1,
            created: means.now,
            document: text.to_owned(),
            other: Other::new(),
        },
        document,
    };
    let entry = PolicyEntry {
        record,
        arn: arn(&state.account.id, "policy", path, name),
        versions: BTreeMap::from([(1, Arc::new(version))]),
    };
    let policy = described(&entry, Usage::default());
    Arc::make_mut(&mut state.policies).insert(entry);
    Ok(Answer::Policy(policy))
}

pub(super) fn find(state: &AccountState, arn: &str) -> Result<Answer, Fault> {
    let policy = get(state, arn)?;
    let usage = usages(state).get(arn).copied().unwrap_or_default();
    Ok(Answer::Policy(described(&policy, usage)))
}

pub(super) fn delete(state: &mut AccountState, arn: &str) -> Result<Answer, Fault> {
    let policy = own(state, arn)?;
    let usage = usages(state).get(arn).copied().unwrap_or_default();
    if usage.attached > 0 || usage.bounding > 0 {
        return Err(Fault::new(
            FaultCode::DeleteConflict,
            "Cannot delete a policy attached to entities.",
        ));
    }
    if policy.versions.len() > 1 {
        return Err(Fault::new(
            FaultCode::DeleteConflict,
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
             The default version is deleted with the policy.",
        ));
    }
    Arc::make_mut(&mut state.policies).remove(arn);
    Ok(Answer::Done)
}

pub(super) fn list(
    state: &AccountState,
    scope: PolicyScope,
    only_attached: bool,
    prefix: Option<&str>,
    usage: Option<PolicyUsage>,
    asked: &PageOf,
) -> Result<Answer, Fault> {
    let prefix = check_path_prefix(prefix)?;
    let usages = usages(state);
    let (local, aws) = match scope {
        PolicyScope::All => (true, true),
        PolicyScope::Aws => (false, true),
        PolicyScope::Local => (true, false),
    };
    let local = state.policies.iter().filter(|_| local);
    let aws = managed::policies().iter().filter(|_| aws);
    let mut found: Vec<(String, ManagedPolicy)> = local
        .chain(aws)
        .filter(|policy| policy.record.path.starts_with(prefix))
        .map(|policy| {
            (
                policy,
                usages.get(policy.arn.as_str()).copied().unwrap_or_default(),
            )
        })
        .filter(|(_, used)| match usage {
            None => !only_attached || used.attached > 0,
            Some(PolicyUsage::PermissionsPolicy) => used.attached > 0,
            Some(PolicyUsage::PermissionsBoundary) => used.bounding > 0,
        })
        .map(|(policy, used)| (policy.arn.clone(), described(policy, used)))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    page(asked, found.into_iter()).map(Answer::Policies)
}

pub(super) fn create_version(
    state: &mut AccountState,
    means: &Means<'_>,
    arn: &str,
    text: &str,
    set_as_default: bool,
) -> Result<Answer, Fault> {
    let document = check_document(Kind::Managed, text)?;
    let policy = own(state, arn)?;
    if policy.versions.len() >= VERSIONS_PER_POLICY_MAX {
        return Err(Fault::new(
            FaultCode::LimitExceeded,
            format!(
                "A managed policy can have up to {VERSIONS_PER_POLICY_MAX} versions. Before you create a new version, you must \
                 delete an existing version."
            ),
        ));
    }
    let mut changed = (*policy).clone();
    let number = changed.record.last_version + 1;
    changed.record.last_version = number;
    changed.record.updated = means.now;
    if set_as_default {
        changed.record.default_version = number;
    }
    let version = Arc::new(VersionEntry {
        record: VersionRecord {
            number,
            created: means.now,
            document: text.to_owned(),
            other: Other::new(),
        },
        document,
    });
    let answer = version_described(&changed, &version, false);
    changed.versions.insert(number, version);
    Arc::make_mut(&mut state.policies).insert(changed);
    Ok(Answer::PolicyVersion(answer))
}

pub(super) fn find_version(state: &AccountState, arn: &str, version_id: &str) -> Result<Answer, Fault> {
    let policy = get(state, arn)?;
    let version = version(&policy, version_id)?;
    Ok(Answer::PolicyVersion(version_described(&policy, &version, true)))
}

pub(super) fn delete_version(state: &mut AccountState, arn: &str, version_id: &str) -> Result<Answer, Fault> {
    let policy = own(state, arn)?;
    let number = version(&policy, version_id)?.record.number;
    if number == policy.record.default_version {
        return Err(Fault::new(
            FaultCode::DeleteConflict,
            "Cannot delete the default version of a policy.",
        ));
    }
    let mut changed = (*policy).clone();
    changed.versions.remove(&number);
    Arc::make_mut(&mut state.policies).insert(changed);
    Ok(Answer::Done)
}

pub(super) fn set_default_version(
    state: &mut AccountState,
    means: &Means<'_>,
    arn: &str,
    version_id: &str,
) -> Result<Answer, Fault> {
    let policy = own(state, arn)?;
    let number = version(&policy, version_id)?.record.number;
    let mut changed = (*policy).clone();
    changed.record.default_version = number;
    changed.record.updated = means.now;
    Arc::make_mut(&mut state.policies).insert(changed);
    Ok(Answer::Done)
}

pub(super) fn list_versions(state: &AccountState, arn: &str, asked: &PageOf) -> Result<Answer, Fault> {
    let policy = get(state, arn)?;
    // The newest first.
    let versions = policy.versions.values().rev().map(|version| {
        let key = format!("{:010}", u32::MAX - version.record.number);
        (key, version_described(&policy, version, false))
    });
    page(asked, versions).map(Answer::PolicyVersions)
}

pub(super) fn list_holders(
    state: &AccountState,
    arn: &str,
    filter: Option<&str>,
    prefix: Option<&str>,
    usage: Option<PolicyUsage>,
    asked: &PageOf,
) -> Result<Answer, Fault> {
    get(state, arn)?;
    let prefix = check_path_prefix(prefix)?;
    let wants = |kind: &str| filter.is_none_or(|filter| filter == kind);
    let holds = |attached: &[String], boundary: Option<&String>| {
        let is_attached = attached.iter().any(|attached| attached == arn);
        let bounds = boundary.is_some_and(|boundary| boundary == arn);
        match usage {
            None => is_attached || bounds,
            Some(PolicyUsage::PermissionsPolicy) => is_attached,
            Some(PolicyUsage::PermissionsBoundary) => bounds,
        }
    };
    let groups = state
        .groups
        .iter()
        .map(|group| &group.record)
        .filter(|group| wants("Group") && group.path.starts_with(prefix) && holds(&group.attached, None));
    let groups = groups.map(|group| {
        let holder = PolicyHolder::Group {
            name: group.name.clone(),
            id: group.id.clone(),
        };
        (format!("1/{}", folded(&group.name)), holder)
    });
    let roles = state.roles.iter().map(|role| &role.record).filter(|role| {
        wants("Role") && role.path.starts_with(prefix) && holds(&role.attached, role.boundary.as_ref())
    });
    let roles = roles.map(|role| {
        let holder = PolicyHolder::Role {
            name: role.name.clone(),
            id: role.id.clone(),
        };
        (format!("2/{}", folded(&role.name)), holder)
    });
    let users = state.users.iter().map(|user| &user.record).filter(|user| {
        wants("User") && user.path.starts_with(prefix) && holds(&user.attached, user.boundary.as_ref())
    });
    let users = users.map(|user| {
        let holder = PolicyHolder::User {
            name: user.name.clone(),
            id: user.id.clone(),
        };
        (format!("3/{}", folded(&user.name)), holder)
    });
    page(asked, groups.chain(roles).chain(users)).map(Answer::PolicyHolders)
}

/// The managed policy of an ARN.
pub(super) fn get(state: &AccountState, arn: &str) -> Result<Arc<PolicyEntry>, Fault> {
    state.policy(arn).cloned().ok_or_else(|| no_policy(arn))
}

/// The account's own managed policy of an ARN.
pub(super) fn own(state: &AccountState, arn: &str) -> Result<Arc<PolicyEntry>, Fault> {
    if managed::is_managed(arn) && managed::policies().by_reference(arn).is_some() {
        return Err(Fault::new(
            FaultCode::UnmodifiableEntity,
            format!("Policy {arn} comes with the server and cannot be changed."),
        ));
    }
    let found = state.policies.by_reference(arn).cloned();
    found.ok_or_else(|| no_policy(arn))
}

/// How often a policy is attached, and how often it is a boundary.
#[derive(Clone, Copy, Default)]
pub(super) struct Usage {
    attached: u32,
    bounding: u32,
}

/// How often each policy is used.
pub(super) fn usages(state: &AccountState) -> HashMap<&str, Usage> {
    let mut usages: HashMap<&str, Usage> = HashMap::new();
    let users = state
        .users
        .iter()
        .map(|user| (&user.record.attached, user.record.boundary.as_ref()));
    let roles = state
        .roles
        .iter()
        .map(|role| (&role.record.attached, role.record.boundary.as_ref()));
    let groups = state.groups.iter().map(|group| (&group.record.attached, None));
    for (attached, boundary) in users.chain(roles).chain(groups) {
        for arn in attached {
            usages.entry(arn).or_default().attached += 1;
        }
        if let Some(arn) = boundary {
            usages.entry(arn).or_default().bounding += 1;
        }
    }
    usages
}

fn version(policy: &PolicyEntry, version_id: &str) -> Result<Arc<VersionEntry>, Fault> {
    let number = version_id
        .strip_prefix('v')
        .and_then(|number| number.parse::<u32>().ok());
    let found = number.and_then(|number| policy.versions.get(&number));
    found.cloned().ok_or_else(|| {
        Fault::new(
            FaultCode::NoSuchEntity,
            format!(
                "Policy {} version {version_id} does not exist or is not attachable.",
                policy.arn
            ),
        )
    })
}

pub(super) fn described(policy: &PolicyEntry, usage: Usage) -> ManagedPolicy {
    let PolicyEntry { record, arn, .. } = policy;
    ManagedPolicy {
        policy_name: record.name.clone(),
        policy_id: record.id.clone(),
        arn: arn.clone(),
        path: record.path.clone(),
        default_version_id: format!("v{}", record.default_version),
        attachment_count: usage.attached,
        permissions_boundary_usage_count: usage.bounding,
        description: record.description.clone(),
        create_date: record.created,
        update_date: record.updated,
        tags: record.tags.iter().map(Tag::from).collect(),
    }
}

/// How a version of a policy is told.
pub(super) fn version_described(
    policy: &PolicyEntry,
    version: &VersionEntry,
    with_document: bool,
) -> PolicyVersion {
    let VersionRecord {
        number,
        created,
        document,
        ..
    } = &version.record;
    PolicyVersion {
        document: with_document.then(|| document.clone()),
        version_id: format!("v{number}"),
        is_default_version: *number == policy.record.default_version,
        create_date: *created,
    }
}
