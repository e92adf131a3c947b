//! What was decided, why, and how AWS says so.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html> and, for S3,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>: who, what, on what, and which type of policy
//! denied or lacks an allow. Only the requester's own account is told that much; others read `Access Denied`.
//!
//! Keeps true: every decision has its reason, down to the statement, whether or not it is told.

use std::fmt;

use crate::access_list::Listed;
use crate::context::Context;

/// May they?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allowed(Grant),
    /// No.
    Denied(Box<Denial>),
}

/// Why something is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// The root of the account that owns it asks.
    Root,
    /// A statement allows it.
    Statement(Found),
    /// An access control list grants it.
    List(Listed),
    /// It will be the requester's own.
    Writer,
}

/// Why something is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Who asked, as an ARN where there is one.
    pub requester: String,
    /// What was asked for.
    pub action: String,
    /// The ARN of what it was asked for.
    pub resource: String,
    /// The reason.
    pub reason: Reason,
    /// Where nothing allows it: conditions that kept statements from doing so, at most [`UNMET_MAX`] of them.
    pub unmet: Vec<Unmet>,
    /// Whether requester and resource are of one account, so that the requester may read the reason.
    pub is_own_account: bool,
}

/// The reason of a denial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A statement denies it.
    ExplicitDeny(Found),
    /// No statement of such a policy allows it.
    NoAllow(PolicyType),
    /// The object is another account's than the bucket, and its list does not grant it.
    NoGrant,
    /// The bucket's policy is public, and its public access block restricts such buckets to their own account. To the
    /// requester it reads like a statement that denies.
    PublicAccessRestricted,
}

/// A statement, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The type of the policy.
    pub policy_type: PolicyType,
    /// What the caller called the policy.
    pub policy: String,
    /// Its place among the statements, from 0.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
}

/// A condition that did not hold, in a statement that would have allowed otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The statement.
    pub statement: Found,
    /// As the document writes it, like `ForAnyValue:StringLike`; `ArnEquals` is called `ArnLike`, which does the same.
    pub operator: String,
    /// The key that it asks about, in lower case.
    pub key: String,
    /// Whether the request has such a key.
    pub has_key: bool,
}

/// Most conditions that a denial names: enough to see what is wrong, and no list of everything that somebody may.
pub const UNMET_MAX: usize = 8;

/// The types of policies, as denials call them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyType {
    /// Of a user, a group or a role.
    Identity,
    /// A permissions boundary.
    Boundary,
    /// Passed for a session.
    Session,
    /// Of a bucket.
    Resource,
    /// Of a role: who may assume it.
    RoleTrust,
}

impl Decision {
    /// Whether it is a yes.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allowed(_))
    }

    /// The denial, if it is one.
    pub fn denial(&self) -> Option<&Denial> {
        match self {
            Decision::Allowed(_) => None,
            Decision::Denied(denial) => Some(denial),
        }
    }

    pub(crate) fn denied(
        context: &Context,
        reason: Reason,
        unmet: Vec<Unmet>,
        is_own_account: bool,
    ) -> Decision {
        Decision::Denied(Box::new(Denial {
            requester: context.requester().name(),
            action: context.action().to_owned(),
            resource: context.resource().to_owned(),
            reason,
            unmet,
            is_own_account,
        }))
    }
}

impl Denial {
    /// AWS's message in full.
    pub fn message(&self) -> String {
        self.to_string()
    }

    /// AWS's message as the requester may read it.
    pub fn told(&self) -> String {
        if self.is_own_account {
            self.message()
        } else {
            "Access Denied".to_owned()
        }
    }
}

/// The message in full.
impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Denial {
            requester,
            action,
            resource,
            ..
        } = self;
        write!(
            formatter,
            "User: {requester} is not authorized to perform: {action}"
        )?;
        // S3 puts the resource in quotes, IAM and STS do not. A list of buckets is about none of them.
        match action.strip_prefix("s3:") {
            Some("ListAllMyBuckets") => {}
            Some(_) => write!(formatter, " on resource: \"{resource}\"")?,
            None => write!(formatter, " on resource: {resource}")?,
        }
        match &self.reason {
            Reason::ExplicitDeny(found) => {
                write!(
                    formatter,
                    " with an explicit deny in {}",
                    found.policy_type.with_article()
                )
            }
            Reason::NoAllow(policy_type) => {
                write!(formatter, " because no {policy_type} allows the {action} action")
            }
            Reason::NoGrant => write!(
                formatter,
                " because no access control list grants the {action} action"
            ),
            Reason::PublicAccessRestricted => {
                let policy_type = PolicyType::Resource.with_article();
                write!(formatter, " with an explicit deny in {policy_type}")
            }
        }
    }
}

impl PolicyType {
    fn with_article(self) -> &'static str {
        match self {
            PolicyType::Identity => "an identity-based policy",
            PolicyType::Boundary => "a permissions boundary",
            PolicyType::Session => "a session policy",
            PolicyType::Resource => "a resource-based policy",
            PolicyType::RoleTrust => "the role trust policy",
        }
    }
}

impl fmt::Display for PolicyType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            PolicyType::Identity => "identity-based policy",
            PolicyType::Boundary => "permissions boundary",
            PolicyType::Session => "session policy",
            PolicyType::Resource => "resource-based policy",
            PolicyType::RoleTrust => "role trust policy",
        })
    }
}
