//! What a call of IAM is about: the ARNs that the caller needs permission on, and what conditions ask of it.
//!
//! SPEC: the resource types of <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>.
//!
//! Keeps true: the ARN is that of the thing as it is, its path and the case of its letters included, not as the caller spells it. What is
//! then done is done to the same thing: a call whose name means another one by then is refused ([`Directory::iam_on`]).

use crate::directory::Directory;
use crate::principal::{Account, Principal, root_arn};
use crate::records::TagRecord;
use crate::state::{AccountState, arn};
use countersign_types::iam::{Call, Holder, Tag, Tagged};

/// What a call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The ARNs; permission is needed on each. One, but for renaming.
    pub arns: Vec<String>,
    /// Its tags, if it is there and has some.
    pub tags: Vec<Tag>,
    /// Its permissions boundary, if it is there and has one.
    pub permissions_boundary: Option<String>,
}

impl Directory {
    /// What a call on an account is about.
    pub fn subject(&self, caller: &Principal, account: &Account, call: &Call) -> Subject {
        match self.state(&account.id) {
            Some(state) => self.subject_in(&state, caller, call),
            None => Subject::at("*".to_owned()),
        }
    }

    /// What a call is about in an account as it is at one moment.
    pub(crate) fn subject_in(&self, state: &AccountState, caller: &Principal, call: &Call) -> Subject {
        About {
            state,
            caller,
            root_key_id: self.root_key_id(),
        }
        .of(call)
    }
}

impl Subject {
    fn at(arn: String) -> Subject {
        Subject {
            arns: vec![arn],
            tags: Vec::new(),
            permissions_boundary: None,
        }
    }

    fn with(arn: &str, tags: &[TagRecord], boundary: Option<&String>) -> Subject {
        Subject {
            arns: vec![arn.to_owned()],
            tags: tags.iter().map(Tag::from).collect(),
            permissions_boundary: boundary.cloned(),
        }
    }
}

struct About<'a> {
    state: &'a AccountState,
    caller: &'a Principal,
    root_key_id: &'a str,
}

impl About<'_> {
    fn of(&self, call: &Call) -> Subject {
        match call {
            Call::CreateUser { path, user_name, .. } => self.named("user", path.as_deref(), user_name),
            Call::GetUser { user_name }
            | Call::CreateAccessKey { user_name, .. }
            | Call::ListAccessKeys { user_name, .. }
            | Call::UpdateAccessKey { user_name, .. }
            | Call::DeleteAccessKey { user_name, .. }
            | Call::GetLoginProfile { user_name }
            | Call::DeleteLoginProfile { user_name }
            | Call::ListMfaDevices { user_name, .. }
            | Call::ListSshPublicKeys { user_name, .. }
            | Call::ListSigningCertificates { user_name, .. }
            | Call::ListServiceSpecificCredentials { user_name } => self.user_or_caller(user_name.as_deref()),
            Call::UpdateUser {
                user_name,
                new_path,
                new_user_name,
            } => {
                let mut subject = self.user(user_name);
                if new_path.is_some() || new_user_name.is_some() {
                    let path = self
                        .state
                        .users
                        .get(user_name)
                        .map(|user| user.record.path.as_str());
                    let path = new_path.as_deref().or(path);
                    let name = new_user_name.as_ref().unwrap_or(user_name);
                    subject.arns.extend(self.named("user", path, name).arns);
                }
                subject
            }
            Call::DeleteUser { user_name } | Call::ListGroupsForUser { user_name, .. } => {
                self.user(user_name)
            }
            Call::ListUsers { path_prefix, .. } => self.list("user", path_prefix.as_deref()),
            Call::GetAccessKeyLastUsed { access_key_id } => self.owner_of_key(access_key_id),

            Call::CreateGroup { path, group_name } => self.named("group", path.as_deref(), group_name),
            Call::UpdateGroup {
                group_name,
                new_path,
                new_group_name,
            } => {
                let mut subject = self.group(group_name);
                if new_path.is_some() || new_group_name.is_some() {
                    let path = self
                        .state
                        .groups
                        .get(group_name)
                        .map(|group| group.record.path.as_str());
                    let path = new_path.as_deref().or(path);
                    let name = new_group_name.as_ref().unwrap_or(group_name);
                    subject.arns.extend(self.named("group", path, name).arns);
                }
                subject
            }
            Call::GetGroup { group_name, .. }
            | Call::DeleteGroup { group_name }
            | Call::AddUserToGroup { group_name, .. }
            | Call::RemoveUserFromGroup { group_name, .. } => self.group(group_name),
            Call::ListGroups { path_prefix, .. } => self.list("group", path_prefix.as_deref()),

            Call::CreatePolicy {
                path, policy_name, ..
            } => self.named("policy", path.as_deref(), policy_name),
            Call::GetPolicy { policy_arn }
            | Call::DeletePolicy { policy_arn }
            | Call::CreatePolicyVersion { policy_arn, .. }
            | Call::GetPolicyVersion { policy_arn, .. }
            | Call::DeletePolicyVersion { policy_arn, .. }
            | Call::SetDefaultPolicyVersion { policy_arn, .. }
            | Call::ListPolicyVersions { policy_arn, .. }
            | Call::ListEntitiesForPolicy { policy_arn, .. } => self.policy(policy_arn),
            Call::ListPolicies { path_prefix, .. } => self.list("policy", path_prefix.as_deref()),

            Call::AttachPolicy { holder, .. }
            | Call::DetachPolicy { holder, .. }
            | Call::ListAttachedPolicies { holder, .. }
            | Call::PutInlinePolicy { holder, .. }
            | Call::GetInlinePolicy { holder, .. }
            | Call::DeleteInlinePolicy { holder, .. }
            | Call::ListInlinePolicies { holder, .. }
            | Call::PutPermissionsBoundary { holder, .. }
            | Call::DeletePermissionsBoundary { holder } => match holder {
                Holder::User(name) => self.user(name),
                Holder::Group(name) => self.group(name),
                Holder::Role(name) => self.role(name),
            },

            Call::CreateRole { path, role_name, .. } => self.named("role", path.as_deref(), role_name),
            Call::GetRole { role_name }
            | Call::UpdateRole { role_name, .. }
            | Call::UpdateRoleDescription { role_name, .. }
            | Call::UpdateAssumeRolePolicy { role_name, .. }
            | Call::DeleteRole { role_name }
            | Call::ListInstanceProfilesForRole { role_name, .. } => self.role(role_name),
            Call::ListRoles { path_prefix, .. } => self.list("role", path_prefix.as_deref()),

            Call::CreateOidcProvider { url, .. } => {
                let url = url.strip_prefix("https://").unwrap_or(url);
                Subject::at(self.state.arn("oidc-provider", "/", url))
            }
            Call::GetOidcProvider { arn }
            | Call::DeleteOidcProvider { arn }
            | Call::AddClientIdToOidcProvider { arn, .. }
            | Call::RemoveClientIdFromOidcProvider { arn, .. }
            | Call::UpdateOidcProviderThumbprint { arn, .. } => self.provider(arn),
            Call::ListOidcProviders => self.list("oidc-provider", None),

            Call::Tag { of, .. } | Call::Untag { of, .. } | Call::ListTags { of, .. } => match of {
                Tagged::User(name) => self.user(name),
                Tagged::Role(name) => self.role(name),
                Tagged::Policy(arn) => self.policy(arn),
                Tagged::OidcProvider(arn) => self.provider(arn),
            },

            Call::SimulatePrincipalPolicy { source_arn, .. }
            | Call::GetContextKeysForPrincipalPolicy { source_arn, .. } => Subject::at(source_arn.clone()),
            Call::ListInstanceProfiles { path_prefix, .. } => {
                self.list("instance-profile", path_prefix.as_deref())
            }
            Call::GetAccountSummary
            | Call::ListAccountAliases { .. }
            | Call::ListVirtualMfaDevices { .. }
            | Call::SimulateCustomPolicy { .. }
            | Call::GetContextKeysForCustomPolicy { .. }
            | Call::GetAccountAuthorizationDetails { .. }
            | Call::GenerateCredentialReport
            | Call::GetCredentialReport
            | Call::GetAccountPasswordPolicy
            | Call::DeleteAccountPasswordPolicy
            | Call::ListServerCertificates { .. }
            | Call::ListSamlProviders => Subject::at("*".to_owned()),
        }
    }

    fn named(&self, kind: &str, path: Option<&str>, name: &str) -> Subject {
        Subject::at(arn(&self.state.account.id, kind, path.unwrap_or("/"), name))
    }

    fn list(&self, kind: &str, prefix: Option<&str>) -> Subject {
        self.named(kind, prefix, "")
    }

    fn user(&self, name: &str) -> Subject {
        match self.state.users.get(name) {
            Some(user) => Subject::with(&user.arn, &user.record.tags, user.record.boundary.as_ref()),
            None => self.named("user", None, name),
        }
    }

    fn user_or_caller(&self, name: Option<&str>) -> Subject {
        match (name, self.caller) {
            (Some(name), _) => self.user(name),
            (None, Principal::User(user)) => self.user(user.name()),
            (None, _) => Subject::at(root_arn(&self.state.account)),
        }
    }

    fn group(&self, name: &str) -> Subject {
        match self.state.groups.get(name) {
            Some(group) => Subject::at(group.arn.clone()),
            None => self.named("group", None, name),
        }
    }

    fn role(&self, name: &str) -> Subject {
        match self.state.roles.get(name) {
            Some(role) => Subject::with(&role.arn, &role.record.tags, role.record.boundary.as_ref()),
            None => self.named("role", None, name),
        }
    }

    fn policy(&self, arn: &str) -> Subject {
        match self.state.policy(arn) {
            Some(policy) => Subject::with(&policy.arn, &policy.record.tags, None),
            None => Subject::at(arn.to_owned()),
        }
    }

    fn provider(&self, arn: &str) -> Subject {
        let url = arn.strip_prefix(&self.state.arn("oidc-provider", "/", ""));
        match url.and_then(|url| self.state.providers.get(url)) {
            Some(provider) => Subject::with(arn, &provider.tags, None),
            None => Subject::at(arn.to_owned()),
        }
    }

    fn owner_of_key(&self, access_key_id: &str) -> Subject {
        let key = self.state.keys.get(access_key_id);
        match key.map(|key| key.record.user.as_deref()) {
            Some(Some(user_id)) => match self.state.users.by_reference(user_id) {
                Some(user) => self.user(&user.record.name),
                None => self.list("user", None),
            },
            Some(None) => Subject::at(root_arn(&self.state.account)),
            None if self.root_key_id == access_key_id => Subject::at(root_arn(&self.state.account)),
            None => self.list("user", None),
        }
    }
}
