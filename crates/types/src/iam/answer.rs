//! What IAM answers.

use super::{AccessKeyStatus, Tag};
use crate::Moment;

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing<T> {
    /// What was asked for, in the order of names.
    pub items: Vec<T>,
    /// Where the next page begins, if there is one.
    pub marker: Option<String>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type of the same name"
)]
pub struct User {
    pub path: String,
    pub user_name: String,
    /// `AIDA...`.
    pub user_id: String,
    pub arn: String,
    pub create_date: Moment,
    /// The ARN of a managed policy.
    pub permissions_boundary: Option<String>,
    pub tags: Vec<Tag>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type of the same name"
)]
pub struct Group {
    pub path: String,
    pub group_name: String,
    /// `AGPA...`.
    pub group_id: String,
    pub arn: String,
    pub create_date: Moment,
}

/// An access key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type of the same name"
)]
pub struct AccessKeyMetadata {
    /// `None`: the root of the account, whom IAM gives no name.
    pub user_name: Option<String>,
    pub access_key_id: String,
    pub status: AccessKeyStatus,
    pub create_date: Moment,
    /// Ours: when it stops signing by itself.
    pub expiration_date: Option<Moment>,
}

/// An access key that was made just now. Its secret is told this once.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of IAM's data type `AccessKey`")]
pub struct NewAccessKey {
    pub metadata: AccessKeyMetadata,
    pub secret_access_key: String,
}

/// The secret is not shown.
impl std::fmt::Debug for NewAccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccessKey")
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// When an access key signed something last, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type of the same name"
)]
pub struct AccessKeyLastUsed {
    pub user_name: Option<String>,
    /// `None`: never.
    pub last_used_date: Option<Moment>,
    pub region: Option<String>,
    pub service_name: Option<String>,
    /// Ours: what the client called itself.
    pub user_agent: Option<String>,
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of IAM's data type `Policy`")]
pub struct ManagedPolicy {
    pub policy_name: String,
    /// `ANPA...`.
    pub policy_id: String,
    pub arn: String,
    pub path: String,
    pub default_version_id: String,
    pub attachment_count: u32,
    pub permissions_boundary_usage_count: u32,
    pub description: Option<String>,
    pub create_date: Moment,
    pub update_date: Moment,
    pub tags: Vec<Tag>,
}

/// A version of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type of the same name"
)]
pub struct PolicyVersion {
    /// As it was sent; on the wire it is percent-encoded. `None` where IAM leaves it out (listings, and the answer to its creation).
    pub document: Option<String>,
    pub version_id: String,
    pub is_default_version: bool,
    pub create_date: Moment,
}

/// A managed policy that is attached to something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type of the same name"
)]
pub struct AttachedPolicy {
    pub policy_name: String,
    pub policy_arn: String,
}

/// Something that a managed policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "a name and an id, as IAM's data types `PolicyUser`, `PolicyGroup` and `PolicyRole` have"
)]
pub enum PolicyHolder {
    User { name: String, id: String },
    Group { name: String, id: String },
    Role { name: String, id: String },
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type of the same name"
)]
pub struct Role {
    pub path: String,
    pub role_name: String,
    /// `AROA...`.
    pub role_id: String,
    pub arn: String,
    pub create_date: Moment,
    /// As it was sent; on the wire it is percent-encoded.
    pub trust_policy: String,
    pub description: Option<String>,
    /// Seconds.
    pub max_session_duration: u32,
    pub permissions_boundary: Option<String>,
    pub tags: Vec<Tag>,
    pub last_used: Option<RoleLastUsed>,
}

/// When a role was used last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type of the same name"
)]
pub struct RoleLastUsed {
    pub last_used_date: Moment,
    pub region: String,
}

/// An OpenID Connect identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's call `GetOpenIDConnectProvider`"
)]
pub struct OidcProvider {
    pub arn: String,
    /// Without `https://`.
    pub url: String,
    pub client_ids: Vec<String>,
    pub thumbprints: Vec<String>,
    pub create_date: Moment,
    pub tags: Vec<Tag>,
}

/// What a simulation says of one action on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type `EvaluationResult`"
)]
pub struct SimulatedAction {
    pub action: String,
    pub resource: String,
    /// `allowed`, `explicitDeny`, `implicitDeny`.
    pub decision: &'static str,
    pub matched: Vec<SimulatedStatement>,
    pub missing_context: Vec<String>,
    /// `None`: there is no boundary.
    pub is_allowed_by_boundary: Option<bool>,
}

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedStatement {
    /// Which policy.
    pub policy_id: String,
    /// `user`, `group`, `role`, `aws-managed`, `user-managed`, `resource`, `none`.
    pub policy_type: &'static str,
}

/// A policy inside a user, group or role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of IAM's data type `PolicyDetail`"
)]
pub struct InlinePolicy {
    pub policy_name: String,
    /// As it was sent; on the wire it is percent-encoded.
    pub document: String,
}

/// One thing of an account with all that hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "they are IAM's data types `UserDetail`, `GroupDetail`, `RoleDetail` and `ManagedPolicyDetail`"
)]
pub enum AccountDetail {
    User {
        user: User,
        inline: Vec<InlinePolicy>,
        /// Names of groups.
        groups: Vec<String>,
        attached: Vec<AttachedPolicy>,
    },
    Group {
        group: Group,
        inline: Vec<InlinePolicy>,
        attached: Vec<AttachedPolicy>,
    },
    Role {
        role: Role,
        inline: Vec<InlinePolicy>,
        attached: Vec<AttachedPolicy>,
    },
    Policy {
        policy: ManagedPolicy,
        versions: Vec<PolicyVersion>,
    },
}

/// What came of a call. Calls that answer nothing but that they were done answer [`Answer::Done`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named after what it holds")]
pub enum Answer {
    Done,
    User(User),
    Users(Listing<User>),
    NewAccessKey(NewAccessKey),
    AccessKeys {
        user_name: Option<String>,
        keys: Listing<AccessKeyMetadata>,
    },
    AccessKeyLastUsed(AccessKeyLastUsed),
    Group(Group),
    GroupWithUsers {
        group: Group,
        users: Listing<User>,
    },
    Groups(Listing<Group>),
    Policy(ManagedPolicy),
    Policies(Listing<ManagedPolicy>),
    PolicyVersion(PolicyVersion),
    PolicyVersions(Listing<PolicyVersion>),
    PolicyHolders(Listing<PolicyHolder>),
    AttachedPolicies(Listing<AttachedPolicy>),
    InlinePolicy {
        policy_name: String,
        document: String,
    },
    InlinePolicies(Listing<String>),
    Role(Role),
    Roles(Listing<Role>),
    OidcProvider(OidcProvider),
    /// Their ARNs.
    OidcProviders(Vec<String>),
    Tags(Listing<Tag>),
    /// Names and numbers, like `Users` and `UsersQuota`.
    AccountSummary(Vec<(&'static str, u64)>),
    Simulated(Listing<SimulatedAction>),
    /// The keys of requests that policies ask about, in lower case.
    ContextKeys(Vec<String>),
    AccountDetails(Listing<AccountDetail>),
    /// A report can be had. Here it is made when it is asked for.
    CredentialReportReady,
    CredentialReport {
        /// Comma-separated values; on the wire in base64.
        content: String,
        generated: Moment,
    },
    /// A list that is always empty here: MFA devices, certificates, aliases and the like.
    Nothing,
}
