//! What is asked of IAM.

use super::AccessKeyStatus;
use crate::Moment;

/// A name and a value, attached to something by its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// 0 to 256 characters.
    pub value: String,
}

/// Where a listing goes on, and how much is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageOf {
    /// The marker of the page before.
    pub marker: Option<String>,
    /// At most so many; 100 if nothing is said, 1000 at most.
    pub max_items: Option<u32>,
}

/// What holds policies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// The user of that name.
    User(String),
    /// The group of that name.
    Group(String),
    /// The role of that name.
    Role(String),
}

/// What holds tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tagged {
    /// The user of that name.
    User(String),
    /// The role of that name.
    Role(String),
    /// The managed policy of that ARN.
    Policy(String),
    /// The identity provider of that ARN.
    OidcProvider(String),
}

/// Whose managed policies are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyScope {
    /// All of them.
    #[default]
    All,
    /// Those that come with the server, as AWS's do.
    Aws,
    /// Those of the account.
    Local,
}

/// What managed policies are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyUsage {
    /// They give permissions.
    PermissionsPolicy,
    /// They bound them.
    PermissionsBoundary,
}

/// What is told of an account as a whole can be limited to some of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// Users.
    User,
    /// Roles.
    Role,
    /// Groups.
    Group,
    /// Managed policies of the account.
    LocalManagedPolicy,
    /// Managed policies that come with the server, if they are used.
    AwsManagedPolicy,
}

/// One key of a simulated request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextEntry {
    /// Like `aws:SourceIp`.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// What is simulated: each action on each resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// Policies beside those attached.
    pub policies: Vec<String>,
    /// Boundaries in place of the one attached.
    pub boundaries: Vec<String>,
    /// The actions.
    pub actions: Vec<String>,
    /// The resources; every one if none is named.
    pub resources: Vec<String>,
    /// A policy of the resource.
    pub resource_policy: Option<String>,
    /// The account that owns the resource, as ARN or twelve digits.
    pub resource_owner: Option<String>,
    /// Who asks, if it is somebody other than the policies' source.
    pub caller_arn: Option<String>,
    /// What is known of the request.
    pub context: Vec<ContextEntry>,
    /// The page.
    pub page: PageOf,
}

/// One call.
///
/// A user name that is `None` is the caller's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the parameters are those of the call of the same name, in IAM's API reference"
)]
pub enum Call {
    // Users.
    CreateUser {
        path: Option<String>,
        user_name: String,
        permissions_boundary: Option<String>,
        tags: Vec<Tag>,
    },
    GetUser {
        user_name: Option<String>,
    },
    UpdateUser {
        user_name: String,
        new_path: Option<String>,
        new_user_name: Option<String>,
    },
    DeleteUser {
        user_name: String,
    },
    ListUsers {
        path_prefix: Option<String>,
        page: PageOf,
    },

    // Access keys.
    CreateAccessKey {
        user_name: Option<String>,
        /// Ours (`CountersignExpirationDate`): when the key stops signing by itself.
        expiration_date: Option<Moment>,
    },
    ListAccessKeys {
        user_name: Option<String>,
        page: PageOf,
    },
    UpdateAccessKey {
        user_name: Option<String>,
        access_key_id: String,
        status: AccessKeyStatus,
    },
    DeleteAccessKey {
        user_name: Option<String>,
        access_key_id: String,
    },
    GetAccessKeyLastUsed {
        access_key_id: String,
    },

    // What AWS hangs on users and there is none of here: the answers are empty lists, and of a password that it is not there.
    GetLoginProfile {
        user_name: Option<String>,
    },
    DeleteLoginProfile {
        user_name: Option<String>,
    },
    ListMfaDevices {
        user_name: Option<String>,
        page: PageOf,
    },
    ListSshPublicKeys {
        user_name: Option<String>,
        page: PageOf,
    },
    ListSigningCertificates {
        user_name: Option<String>,
        page: PageOf,
    },
    ListServiceSpecificCredentials {
        user_name: Option<String>,
    },

    // Groups.
    CreateGroup {
        path: Option<String>,
        group_name: String,
    },
    GetGroup {
        group_name: String,
        page: PageOf,
    },
    UpdateGroup {
        group_name: String,
        new_path: Option<String>,
        new_group_name: Option<String>,
    },
    DeleteGroup {
        group_name: String,
    },
    ListGroups {
        path_prefix: Option<String>,
        page: PageOf,
    },
    AddUserToGroup {
        group_name: String,
        user_name: String,
    },
    RemoveUserFromGroup {
        group_name: String,
        user_name: String,
    },
    ListGroupsForUser {
        user_name: String,
        page: PageOf,
    },

    // Managed policies.
    CreatePolicy {
        path: Option<String>,
        policy_name: String,
        document: String,
        description: Option<String>,
        tags: Vec<Tag>,
    },
    GetPolicy {
        policy_arn: String,
    },
    DeletePolicy {
        policy_arn: String,
    },
    ListPolicies {
        scope: PolicyScope,
        only_attached: bool,
        path_prefix: Option<String>,
        usage: Option<PolicyUsage>,
        page: PageOf,
    },
    CreatePolicyVersion {
        policy_arn: String,
        document: String,
        set_as_default: bool,
    },
    GetPolicyVersion {
        policy_arn: String,
        version_id: String,
    },
    DeletePolicyVersion {
        policy_arn: String,
        version_id: String,
    },
    SetDefaultPolicyVersion {
        policy_arn: String,
        version_id: String,
    },
    ListPolicyVersions {
        policy_arn: String,
        page: PageOf,
    },
    ListEntitiesForPolicy {
        policy_arn: String,
        /// `User`, `Role`, `Group`; anything if `None`.
        entity_filter: Option<String>,
        path_prefix: Option<String>,
        usage: Option<PolicyUsage>,
        page: PageOf,
    },
    AttachPolicy {
        holder: Holder,
        policy_arn: String,
    },
    DetachPolicy {
        holder: Holder,
        policy_arn: String,
    },
    ListAttachedPolicies {
        holder: Holder,
        path_prefix: Option<String>,
        page: PageOf,
    },

    // Inline policies.
    PutInlinePolicy {
        holder: Holder,
        policy_name: String,
        document: String,
    },
    GetInlinePolicy {
        holder: Holder,
        policy_name: String,
    },
    DeleteInlinePolicy {
        holder: Holder,
        policy_name: String,
    },
    ListInlinePolicies {
        holder: Holder,
        page: PageOf,
    },

    // Permission boundaries; of users and roles.
    PutPermissionsBoundary {
        holder: Holder,
        policy_arn: String,
    },
    DeletePermissionsBoundary {
        holder: Holder,
    },

    // Roles.
    CreateRole {
        path: Option<String>,
        role_name: String,
        trust_policy: String,
        description: Option<String>,
        /// Seconds.
        max_session_duration: Option<u32>,
        permissions_boundary: Option<String>,
        tags: Vec<Tag>,
    },
    GetRole {
        role_name: String,
    },
    UpdateRole {
        role_name: String,
        description: Option<String>,
        max_session_duration: Option<u32>,
    },
    UpdateRoleDescription {
        role_name: String,
        description: String,
    },
    UpdateAssumeRolePolicy {
        role_name: String,
        trust_policy: String,
    },
    DeleteRole {
        role_name: String,
    },
    ListRoles {
        path_prefix: Option<String>,
        page: PageOf,
    },
    ListInstanceProfilesForRole {
        role_name: String,
        page: PageOf,
    },

    // Identity providers.
    CreateOidcProvider {
        url: String,
        client_ids: Vec<String>,
        thumbprints: Vec<String>,
        tags: Vec<Tag>,
    },
    GetOidcProvider {
        arn: String,
    },
    DeleteOidcProvider {
        arn: String,
    },
    ListOidcProviders,
    AddClientIdToOidcProvider {
        arn: String,
        client_id: String,
    },
    RemoveClientIdFromOidcProvider {
        arn: String,
        client_id: String,
    },
    UpdateOidcProviderThumbprint {
        arn: String,
        thumbprints: Vec<String>,
    },

    // Tags.
    Tag {
        of: Tagged,
        tags: Vec<Tag>,
    },
    Untag {
        of: Tagged,
        keys: Vec<String>,
    },
    ListTags {
        of: Tagged,
        page: PageOf,
    },

    // The account.
    GetAccountSummary,
    ListAccountAliases {
        page: PageOf,
    },
    ListVirtualMfaDevices {
        page: PageOf,
    },
    SimulatePrincipalPolicy {
        source_arn: String,
        simulation: Simulation,
    },
    SimulateCustomPolicy {
        simulation: Simulation,
    },
    GetContextKeysForPrincipalPolicy {
        source_arn: String,
        /// Policies beside those attached.
        policies: Vec<String>,
    },
    GetContextKeysForCustomPolicy {
        policies: Vec<String>,
    },
    GetAccountAuthorizationDetails {
        /// Everything if nothing is named.
        filter: Vec<EntityKind>,
        page: PageOf,
    },
    GenerateCredentialReport,
    GetCredentialReport,

    // What an account has at AWS and not here.
    GetAccountPasswordPolicy,
    DeleteAccountPasswordPolicy,
    ListInstanceProfiles {
        path_prefix: Option<String>,
        page: PageOf,
    },
    ListServerCertificates {
        path_prefix: Option<String>,
        page: PageOf,
    },
    ListSamlProviders,
}
