//! The decision: all policies that apply to a request, combined as AWS combines them.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html> within an account,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html> between two, and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html> where access control lists count.
//!
//! Not here: whether one statement applies ([`crate::statement`]).
//!
//! Keeps true: a statement that denies wins over everything but the root's way back to its own bucket policy. Within one set
//! of policies, one more statement that denies never allows, and one more that allows never denies, except where it
//! makes a restricted bucket public. An access control list allows and never denies, and takes nothing from what policies say.

use crate::access_block::PublicAccessBlock;
use crate::access_list::{AccessLists, Listed, Owner};
use crate::context::Context;
use crate::decision::{Decision, Found, Grant, PolicyType, Reason, UNMET_MAX, Unmet};
use crate::document::{Document, Effect};
use crate::principal::Reach;
use crate::requester::Requester;

/// A document and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Attached<'a> {
    /// How a decision names it.
    pub name: &'a str,
    /// The document.
    pub document: &'a Document,
}

/// The policies that apply to a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// Those of the user and its groups, of the role, or of the user behind a federated one.
    pub identity: &'a [Attached<'a>],
    /// The permissions boundary of the user or role.
    pub boundary: Option<Attached<'a>>,
    /// Those passed when the session began, if any were: together they are its limit.
    pub session: Option<&'a [Attached<'a>]>,
    /// What is attached to the resource.
    pub resource: ResourcePolicy<'a>,
    /// The public access block of the bucket together with that of its account.
    pub access_block: PublicAccessBlock,
    /// The access control lists of the bucket and of the object, and whose the object is.
    pub lists: AccessLists<'a>,
}

/// What is attached to the resource.
#[derive(Clone, Copy, Debug, Default)]
pub enum ResourcePolicy<'a> {
    /// Nothing.
    #[default]
    None,
    /// A bucket policy.
    Bucket(Attached<'a>),
    /// The trust policy of a role. Unlike others it has to allow, within the account too.
    Trust(Attached<'a>),
}

/// Decides.
pub fn evaluate(context: &Context, policies: &Policies<'_>) -> Decision {
    let denied = |reason, unmet| Decision::denied(context, reason, unmet, policies.is_own(context));
    if let Some(found) = policies.explicit_deny(context)
        && !is_way_back(context, found.policy_type)
    {
        return denied(Reason::ExplicitDeny(found), Vec::new());
    }
    if let ResourcePolicy::Bucket(bucket) = policies.resource
        && policies.access_block.keeps_out(bucket.document, context)
    {
        return denied(Reason::PublicAccessRestricted, Vec::new());
    }
    match policies.allow(context) {
        Ok(grant) => Decision::Allowed(grant),
        Err(lacking) => {
            let unmet = match &lacking {
                Reason::NoAllow(policy_type) => policies.unmet(context, *policy_type),
                Reason::NoGrant | Reason::ExplicitDeny(_) | Reason::PublicAccessRestricted => Vec::new(),
            };
            denied(lacking, unmet)
        }
    }
}

impl Policies<'_> {
    /// The first statement that denies.
    fn explicit_deny(&self, context: &Context) -> Option<Found> {
        let denies = |attached: &[Attached<'_>], policy_type| {
            find(attached, context, Effect::Deny, policy_type).map(|(found, _)| found)
        };
        denies(self.identity, PolicyType::Identity)
            .or_else(|| denies(self.boundary.as_slice(), PolicyType::Boundary))
            .or_else(|| denies(self.session.unwrap_or_default(), PolicyType::Session))
            .or_else(|| {
                let (attached, policy_type) = self.resource.attached()?;
                denies(&[attached], policy_type)
            })
    }

    /// Whether what is asked for is the requester's account's.
    fn is_own(&self, context: &Context) -> bool {
        match self.lists.owner {
            Owner::Bucket => context.is_own_account(),
            Owner::Account(owner) => context
                .requester()
                .account()
                .is_some_and(|account| account.id == owner),
            Owner::Requester => true,
        }
    }

    /// What allows it, or what would have to.
    fn allow(&self, context: &Context) -> Result<Grant, Reason> {
        match self.lists.owner {
            Owner::Bucket => self.allow_of_bucket(context),
            Owner::Requester if context.requester().account().is_none() => Ok(Grant::Writer),
            Owner::Account(_) | Owner::Requester => self.allow_of_owner(context),
        }
    }

    /// What a list grants, to the requester's account or to everybody.
    fn by_list(&self, context: &Context) -> Option<Grant> {
        let to_account = self.lists.find(context, false);
        to_account
            .or_else(|| self.by_public_list(context))
            .map(Grant::List)
    }

    /// What a list grants to everybody, unless that counts for nothing.
    fn by_public_list(&self, context: &Context) -> Option<Listed> {
        let counts = !self.access_block.ignore_public_acls;
        counts.then(|| self.lists.find(context, true)).flatten()
    }

    /// What allows it where the object is not the bucket's owner's: it is its owner's to give access to.
    fn allow_of_owner(&self, context: &Context) -> Result<Grant, Reason> {
        let is_own = self.is_own(context);
        match context.requester() {
            Requester::Root(_) if is_own => Ok(Grant::Root),
            _ if is_own => self.allow_own(context),
            Requester::Anonymous | Requester::Service { .. } | Requester::WebIdentity { .. } => {
                self.by_list(context).ok_or(Reason::NoGrant)
            }
            requester => {
                if !matches!(requester, Requester::Root(_)) {
                    self.allow_by_identity(context).map_err(Reason::NoAllow)?;
                }
                self.by_list(context).ok_or(Reason::NoGrant)
            }
        }
    }

    fn allow_of_bucket(&self, context: &Context) -> Result<Grant, Reason> {
        let by_resource = self
            .resource
            .attached()
            .and_then(|(attached, policy_type)| find(&[attached], context, Effect::Allow, policy_type));
        let lacking = Reason::NoAllow(self.resource.policy_type());
        let by_either = |by_resource: Option<(Found, Reach)>| match by_resource {
            Some((found, _)) => Some(Grant::Statement(found)),
            None => self.by_list(context),
        };
        let must_trust = matches!(self.resource, ResourcePolicy::Trust(_));
        match context.requester() {
            // They have no policies of their own.
            Requester::Anonymous | Requester::Service { .. } | Requester::WebIdentity { .. } => {
                by_either(by_resource).ok_or(lacking)
            }
            Requester::Root(_) if context.is_own_account() && !must_trust => Ok(Grant::Root),
            _ if context.is_own_account() => match by_resource {
                None if must_trust => Err(lacking),
                Some((found, Reach::Direct)) => Ok(Grant::Statement(found)),
                Some((found, Reach::BehindSession)) => {
                    self.check_limits(context).map_err(Reason::NoAllow)?;
                    Ok(Grant::Statement(found))
                }
                // Naming the account leaves it to the account's own policies.
                Some((_, Reach::Account)) | None => self.allow_own(context),
            },
            // Both accounts have to allow.
            requester => {
                if !matches!(requester, Requester::Root(_)) {
                    self.allow_by_identity(context).map_err(Reason::NoAllow)?;
                }
                by_either(by_resource).ok_or(lacking)
            }
        }
    }

    /// What allows it within the account that owns it. An entry of a list that names the account leaves it to the account's own policies; one
    /// that lets in everybody lets in the account's users too, within their limits.
    fn allow_own(&self, context: &Context) -> Result<Grant, Reason> {
        let lacking = match self.allow_by_identity(context) {
            Ok(grant) => return Ok(grant),
            Err(lacking) => Reason::NoAllow(lacking),
        };
        match self.by_public_list(context) {
            Some(listed) if self.check_limits(context).is_ok() => Ok(Grant::List(listed)),
            _ => Err(lacking),
        }
    }

    /// The conditions that kept statements from allowing, of the policies that had to and of the resource's, which might have.
    fn unmet(&self, context: &Context, lacking: PolicyType) -> Vec<Unmet> {
        let had_to: &[Attached<'_>] = match lacking {
            PolicyType::Identity => self.identity,
            PolicyType::Boundary => self.boundary.as_slice(),
            PolicyType::Session => self.session.unwrap_or_default(),
            PolicyType::Resource | PolicyType::RoleTrust => &[],
        };
        let of_resource = match lacking {
            PolicyType::Identity | PolicyType::Resource | PolicyType::RoleTrust => self.resource.attached(),
            PolicyType::Boundary | PolicyType::Session => None,
        };
        // An object may be the requester's, and the bucket and its policy another account's.
        let of_resource = of_resource.filter(|_| context.is_own_account() || !self.is_own(context));
        let had_to = had_to.iter().map(|attached| (*attached, lacking));
        let unmet = had_to
            .chain(of_resource)
            .flat_map(|(attached, policy_type)| unmet(attached, context, policy_type));
        unmet.take(UNMET_MAX).collect()
    }

    fn allow_by_identity(&self, context: &Context) -> Result<Grant, PolicyType> {
        let found = find(self.identity, context, Effect::Allow, PolicyType::Identity);
        let (found, _) = found.ok_or(PolicyType::Identity)?;
        self.check_limits(context)?;
        Ok(Grant::Statement(found))
    }

    /// What allows nothing by itself, but has to allow as well.
    fn check_limits(&self, context: &Context) -> Result<(), PolicyType> {
        let allows = |attached: &[Attached<'_>], policy_type| {
            find(attached, context, Effect::Allow, policy_type)
                .map(|_| ())
                .ok_or(policy_type)
        };
        if self.boundary.is_some() {
            allows(self.boundary.as_slice(), PolicyType::Boundary)?;
        }
        match self.session {
            Some(session) => allows(session, PolicyType::Session),
            // A federated user may do what was passed for it, and nothing was.
            None if matches!(context.requester(), Requester::FederatedUser { .. }) => {
                Err(PolicyType::Session)
            }
            None => Ok(()),
        }
    }
}

impl<'a> ResourcePolicy<'a> {
    fn attached(self) -> Option<(Attached<'a>, PolicyType)> {
        match self {
            ResourcePolicy::None => None,
            ResourcePolicy::Bucket(attached) => Some((attached, PolicyType::Resource)),
            ResourcePolicy::Trust(attached) => Some((attached, PolicyType::RoleTrust)),
        }
    }

    fn policy_type(self) -> PolicyType {
        match self {
            ResourcePolicy::None | ResourcePolicy::Bucket(_) => PolicyType::Resource,
            ResourcePolicy::Trust(_) => PolicyType::RoleTrust,
        }
    }
}

/// The statement of that effect that applies; of several, the one that names the requester most directly, and of those the first.
fn find(
    attached: &[Attached<'_>],
    context: &Context,
    effect: Effect,
    policy_type: PolicyType,
) -> Option<(Found, Reach)> {
    let mut best: Option<(Found, Reach)> = None;
    for Attached { name, document } in attached {
        for (at, statement) in document.statements.iter().enumerate() {
            if statement.effect != effect {
                continue;
            }
            let Some(reach) = statement.reach(context) else {
                continue;
            };
            if best.as_ref().is_some_and(|(_, before)| *before >= reach) {
                continue;
            }
            let found = Found {
                policy_type,
                policy: (*name).to_owned(),
                statement: at,
                sid: statement.sid.clone(),
            };
            // Nothing is more direct, and for a denial it does not matter how direct it is.
            if reach == Reach::Direct || effect == Effect::Deny {
                return Some((found, reach));
            }
            best = Some((found, reach));
        }
    }
    best
}

/// The conditions that kept statements of a document from allowing.
fn unmet<'a>(
    attached: Attached<'a>,
    context: &'a Context,
    policy_type: PolicyType,
) -> impl Iterator<Item = Unmet> + 'a {
    let Attached { name, document } = attached;
    let statements = document.statements.iter().enumerate();
    let allowing = statements.filter(|(_, statement)| statement.effect == Effect::Allow);
    allowing.flat_map(move |(at, statement)| {
        statement.unmet(context).map(move |condition| Unmet {
            statement: Found {
                policy_type,
                policy: name.to_owned(),
                statement: at,
                sid: statement.sid.clone(),
            },
            operator: condition.operator.to_string(),
            key: condition.key.clone(),
            has_key: !context.keys.values(&condition.key).is_empty(),
        })
    })
}

/// The root of an account can always read, replace and remove the policy of its bucket, so that nobody is locked out for good.
///
/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>.
fn is_way_back(context: &Context, policy_type: PolicyType) -> bool {
    let is_root = matches!(context.requester(), Requester::Root(_)) && context.is_own_account();
    let action = context.action();
    is_root
        && policy_type == PolicyType::Resource
        && ROOT_ACTIONS.iter().any(|name| action.eq_ignore_ascii_case(name))
}

const ROOT_ACTIONS: [&str; 3] = [
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
];
