//! Simulations: what would be decided of actions on resources, by policies that are there or that are only tried.
//!
//! The decisions are those of `countersign-policy`, the same that requests get.
//!
//! Keeps true: nothing is changed, and nobody gains anything by a simulation.

use super::paging::page;
use super::words::{check_document, quota};
use crate::limits::SIMULATIONS_MAX;
use crate::managed;
use crate::principal::{attached, own};
use crate::state::{AccountState, Inlines};
use countersign_policy::{
    self as policy, Attached, Context, Decision, Document, Grant, Keys, Kind, Policies, PolicyType, Reason,
    Requester, ResourcePolicy, evaluate,
};
use countersign_types::iam::{Answer, Fault, FaultCode, SimulatedAction, SimulatedStatement, Simulation};
use std::collections::BTreeSet;

/// What the policies of a user, a group or a role would say.
pub(super) fn principal(
    state: &AccountState,
    source_arn: &str,
    simulation: &Simulation,
) -> Result<Answer, Fault> {
    let source = Source::of(state, source_arn).ok_or_else(|| no_source(source_arn))?;
    simulate(state, source, simulation)
}

fn no_source(arn: &str) -> Fault {
    Fault::new(
        FaultCode::NoSuchEntity,
        format!("The entity with ARN {arn} cannot be found."),
    )
}

/// What policies that are attached to nobody would say.
pub(super) fn custom(state: &AccountState, simulation: &Simulation) -> Result<Answer, Fault> {
    let source = Source {
        requester: nobody_in_particular(state),
        policies: Vec::new(),
        boundary: None,
    };
    simulate(state, source, simulation)
}

/// The keys that the policies of a user, a group or a role ask about, and those that are passed beside them.
pub(super) fn context_keys_of_principal(
    state: &AccountState,
    source_arn: &str,
    policies: &[String],
) -> Result<Answer, Fault> {
    let source = Source::of(state, source_arn).ok_or_else(|| no_source(source_arn))?;
    let boundary = source.boundary.iter();
    let attached = source
        .policies
        .iter()
        .map(|(attached, _)| attached)
        .chain(boundary);
    let documents: Vec<&Document> = attached.map(|attached| attached.document).collect();
    context_keys(&documents, policies)
}

/// The keys that policies ask about.
pub(super) fn context_keys(attached: &[&Document], passed: &[String]) -> Result<Answer, Fault> {
    let passed: Vec<Document> = passed
        .iter()
        .map(|text| check_document(Kind::Managed, text))
        .collect::<Result<_, _>>()?;
    let documents = attached.iter().copied().chain(&passed);
    let keys: BTreeSet<&str> = documents.flat_map(Document::context_keys).collect();
    Ok(Answer::ContextKeys(keys.into_iter().map(str::to_owned).collect()))
}

/// Whose policies are simulated.
struct Source<'a> {
    requester: Requester,
    policies: Vec<(Attached<'a>, &'static str)>,
    boundary: Option<Attached<'a>>,
}

impl<'a> Source<'a> {
    fn of(state: &'a AccountState, arn: &str) -> Option<Source<'a>> {
        let name = arn.rsplit('/').next()?;
        let account = account(state);
        if let Some(user) = state.users.get(name).filter(|user| user.arn == arn) {
            let mut policies = typed(state, &user.inline, &user.record.attached, "user");
            for id in &user.record.groups {
                if let Some(group) = state.groups.by_reference(id) {
                    policies.extend(typed(state, &group.inline, &group.record.attached, "group"));
                }
            }
            return Some(Source {
                requester: Requester::User {
                    account,
                    arn: arn.to_owned(),
                    unique_id: user.record.id.clone(),
                },
                policies,
                boundary: user.record.boundary.as_deref().map(|arn| attached(state, arn)),
            });
        }
        if let Some(group) = state.groups.get(name).filter(|group| group.arn == arn) {
            return Some(Source {
                requester: nobody_in_particular(state),
                policies: typed(state, &group.inline, &group.record.attached, "group"),
                boundary: None,
            });
        }
        let role = state.roles.get(name).filter(|role| role.arn == arn)?;
        let id = &role.record.id;
        Some(Source {
            requester: Requester::RoleSession {
                session_arn: format!("arn:aws:sts::{}:assumed-role/{name}/{SESSION}", account.id),
                account,
                role_arn: arn.to_owned(),
                unique_id: format!("{id}:{SESSION}"),
            },
            policies: typed(state, &role.inline, &role.record.attached, "role"),
            boundary: role.record.boundary.as_deref().map(|arn| attached(state, arn)),
        })
    }
}

fn simulate(state: &AccountState, source: Source<'_>, simulation: &Simulation) -> Result<Answer, Fault> {
    let read = |texts: &[String], kind: Kind<'_>| -> Result<Vec<Document>, Fault> {
        texts.iter().map(|text| check_document(kind, text)).collect()
    };
    let passed = read(&simulation.policies, Kind::Managed)?;
    let boundaries = read(&simulation.boundaries, Kind::Boundary)?;
    let passed_names = names("PolicyInputList", passed.len());
    let boundary_names = names("PermissionsBoundaryPolicyInputList", boundaries.len());
    let mut policies = source.policies;
    policies.extend(
        passed
            .iter()
            .zip(&passed_names)
            .map(|(document, name)| (Attached { name, document }, "none")),
    );
    let boundary = match boundaries.first().zip(boundary_names.first()) {
        Some((document, name)) => Some(Attached { name, document }),
        None => source.boundary,
    };
    let everything = ["*".to_owned()];
    let resources: &[String] = match simulation.resources.as_slice() {
        [] => &everything,
        some => some,
    };
    if simulation.actions.len().saturating_mul(resources.len()) > SIMULATIONS_MAX {
        return Err(quota(
            "the actions and resources of a simulation",
            SIMULATIONS_MAX,
        ));
    }
    let requester = match &simulation.caller_arn {
        None => source.requester,
        Some(arn) => Requester::User {
            account: account(state),
            arn: arn.clone(),
            unique_id: String::new(),
        },
    };
    let bucket = resources.first().map_or("", |arn| bucket_of(arn));
    let resource_policy = match &simulation.resource_policy {
        None => None,
        Some(text) => Some(check_document(Kind::Bucket(bucket), text)?),
    };
    let owner = simulation
        .resource_owner
        .as_deref()
        .map_or(state.account.id.as_str(), account_in);
    let identity: Vec<Attached<'_>> = policies.iter().map(|(attached, _)| *attached).collect();
    let policies_of_request = Policies {
        identity: &identity,
        boundary,
        resource: match &resource_policy {
            None => ResourcePolicy::None,
            Some(document) => ResourcePolicy::Bucket(Attached {
                name: RESOURCE_POLICY,
                document,
            }),
        },
        ..Policies::default()
    };
    let mut answers = Vec::with_capacity(simulation.actions.len() * resources.len());
    for action in &simulation.actions {
        for resource in resources {
            let mut context = Context::new(requester.clone(), action, resource, owner);
            for entry in &simulation.context {
                context
                    .keys
                    .set(&entry.name, entry.values.iter().map(String::as_str));
            }
            let decision = evaluate(&context, &policies_of_request);
            let documents = identity.iter().chain(&boundary).map(|attached| attached.document);
            answers.push(SimulatedAction {
                action: action.clone(),
                resource: resource.clone(),
                decision: word(&decision),
                matched: matched(&decision, &policies),
                missing_context: missing(documents.chain(&resource_policy), &context.keys),
                is_allowed_by_boundary: boundary.map(|_| !lacks_boundary(&decision)),
            });
        }
    }
    let answers = answers
        .into_iter()
        .enumerate()
        .map(|(at, answer)| (format!("{at:06}"), answer));
    page(&simulation.page, answers).map(Answer::Simulated)
}

fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allowed(_) => "allowed",
        Decision::Denied(denial) => match denial.reason {
            Reason::ExplicitDeny(_) => "explicitDeny",
            Reason::NoAllow(_) | Reason::NoGrant | Reason::PublicAccessRestricted => "implicitDeny",
        },
    }
}

fn matched(decision: &Decision, policies: &[(Attached<'_>, &'static str)]) -> Vec<SimulatedStatement> {
    let found = match decision {
        Decision::Allowed(Grant::Statement(found)) => found,
        // No list is part of a simulation.
        Decision::Allowed(Grant::Root | Grant::List(_) | Grant::Writer) => return Vec::new(),
        Decision::Denied(denial) => match &denial.reason {
            Reason::ExplicitDeny(found) => found,
            Reason::NoAllow(_) | Reason::NoGrant | Reason::PublicAccessRestricted => return Vec::new(),
        },
    };
    let mut sources = policies
        .iter()
        .filter(|(attached, _)| attached.name == found.policy);
    let policy_type = match found.policy_type {
        PolicyType::Resource | PolicyType::RoleTrust => "resource",
        PolicyType::Identity | PolicyType::Boundary | PolicyType::Session => {
            sources.next().map_or("none", |(_, policy_type)| policy_type)
        }
    };
    vec![SimulatedStatement {
        policy_id: found.policy.clone(),
        policy_type,
    }]
}

fn lacks_boundary(decision: &Decision) -> bool {
    decision.denial().is_some_and(|denial| match &denial.reason {
        Reason::NoAllow(policy_type) => *policy_type == PolicyType::Boundary,
        Reason::ExplicitDeny(found) => found.policy_type == PolicyType::Boundary,
        Reason::NoGrant | Reason::PublicAccessRestricted => false,
    })
}

/// The keys that conditions ask about and nobody said anything of.
fn missing<'a>(documents: impl Iterator<Item = &'a Document>, keys: &Keys) -> Vec<String> {
    let asked: BTreeSet<&str> = documents.flat_map(Document::condition_keys).collect();
    let missing = asked.into_iter().filter(|key| keys.values(key).is_empty());
    missing.map(str::to_owned).collect()
}

/// The policies of one holder, and of which type IAM calls each.
fn typed<'a>(
    state: &'a AccountState,
    inline: &'a Inlines,
    attached_arns: &'a [String],
    holder: &'static str,
) -> Vec<(Attached<'a>, &'static str)> {
    let policies = own(inline, attached_arns, state);
    let policies = policies.map(|attached| {
        let policy_type = match attached.name {
            name if managed::is_managed(name) => "aws-managed",
            name if name.starts_with("arn:") => "user-managed",
            _ => holder,
        };
        (attached, policy_type)
    });
    policies.collect()
}

fn names(list: &str, len: usize) -> Vec<String> {
    (1..=len).map(|at| format!("{list}.{at}")).collect()
}

/// A user without a name: what no policy is about but through a wildcard.
fn nobody_in_particular(state: &AccountState) -> Requester {
    Requester::User {
        account: account(state),
        arn: state.arn("user", "/", ""),
        unique_id: String::new(),
    }
}

fn account(state: &AccountState) -> policy::Account {
    policy::Account {
        id: state.account.id.clone(),
        canonical_id: state.account.canonical_id.clone(),
    }
}

/// The account in an ARN, or the digits as they are.
fn account_in(owner: &str) -> &str {
    match owner.starts_with("arn:") {
        true => owner.split(':').nth(4).unwrap_or_default(),
        false => owner,
    }
}

fn bucket_of(arn: &str) -> &str {
    let path = arn.strip_prefix("arn:aws:s3:::").unwrap_or_default();
    path.split('/').next().unwrap_or_default()
}

const SESSION: &str = "simulation";
const RESOURCE_POLICY: &str = "ResourcePolicy";
