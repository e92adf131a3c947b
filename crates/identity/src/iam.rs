//! Carries out the calls of IAM, for a caller who may.
//!
//! Each call is a function from an account, as it is, to an answer and the account, as it is then; so a call that lost a race is
//! simply carried out again. One match over all calls leads to them.
//!
//! Not here: whether the caller may, bytes on the wire.
//!
//! Keeps true: a call either did all of what it says or nothing; the fault says why, in IAM's words.

mod account;
mod details;
mod groups;
mod holders;
mod keys;
mod paging;
mod policies;
mod providers;
mod report;
mod roles;
mod simulate;
mod tags;
mod users;
pub(crate) mod words;

pub(crate) use keys::add as add_key;

use crate::directory::{Directory, Means};
use crate::principal::{Account, Principal};
use crate::state::AccountState;
use countersign_types::Moment;
use countersign_types::iam::{Answer, Call, Fault, FaultCode};

impl Directory {
    /// Carries out a call of IAM on an account. `caller` is asked for where a call leaves out whom it is about.
    pub async fn iam(
        &self,
        caller: &Principal,
        account: &Account,
        call: Call,
        now: Moment,
    ) -> Result<Answer, Fault> {
        self.carry_out(caller, account, call, None, now).await
    }

    /// The same for a caller who has permission on these ARNs, which are those of [`Directory::subject`]. If the call is about others
    /// meanwhile, because something was removed, made or renamed in between, nothing is done.
    pub async fn iam_on(
        &self,
        caller: &Principal,
        account: &Account,
        call: Call,
        permitted_arns: &[String],
        now: Moment,
    ) -> Result<Answer, Fault> {
        self.carry_out(caller, account, call, Some(permitted_arns), now)
            .await
    }

    async fn carry_out(
        &self,
        caller: &Principal,
        account: &Account,
        call: Call,
        permitted_arns: Option<&[String]>,
        now: Moment,
    ) -> Result<Answer, Fault> {
        let check_subject = |state: &AccountState| match permitted_arns {
            Some(arns) if self.subject_in(state, caller, &call).arns != arns => Err(Fault::new(
                FaultCode::ConcurrentModification,
                "The request was rejected because what it is about was changed at the same time. Submit your request again.",
            )),
            Some(_) | None => Ok(()),
        };
        if !is_question(&call) {
            return self
                .change(&account.id, now, |state, means| {
                    check_subject(state)?;
                    act(state, means, caller, &call)
                })
                .await;
        }
        let state = self.state(&account.id).ok_or_else(|| {
            let message = format!("there is no account {}", account.id);
            Fault::new(FaultCode::NoSuchEntity, message)
        })?;
        // Other servers note uses, too.
        if let Call::GetAccessKeyLastUsed { access_key_id } = &call {
            self.read_use(&state, access_key_id).await?;
        }
        if let Call::GetRole { role_name } = &call
            && let Some(role) = state.roles.get(role_name)
        {
            self.read_use(&state, &role.record.id).await?;
        }
        match &call {
            Call::GetCredentialReport => self.read_uses(&state, state.keys.keys()).await?,
            Call::GetAccountAuthorizationDetails { .. } => {
                let ids = state.roles.iter().map(|role| &role.record.id);
                self.read_uses(&state, ids).await?;
            }
            _ => {}
        }
        check_subject(&state)?;
        let means = Means { now, directory: self };
        act(&mut (*state).clone(), &means, caller, &call)
    }
}

/// Calls that change nothing. One that is missing here is carried out like a change that comes to nothing.
fn is_question(call: &Call) -> bool {
    matches!(
        call,
        Call::GetUser { .. }
            | Call::ListUsers { .. }
            | Call::ListAccessKeys { .. }
            | Call::GetAccessKeyLastUsed { .. }
            | Call::GetLoginProfile { .. }
            | Call::ListMfaDevices { .. }
            | Call::ListSshPublicKeys { .. }
            | Call::ListSigningCertificates { .. }
            | Call::ListServiceSpecificCredentials { .. }
            | Call::GetGroup { .. }
            | Call::ListGroups { .. }
            | Call::ListGroupsForUser { .. }
            | Call::GetPolicy { .. }
            | Call::ListPolicies { .. }
            | Call::GetPolicyVersion { .. }
            | Call::ListPolicyVersions { .. }
            | Call::ListEntitiesForPolicy { .. }
            | Call::ListAttachedPolicies { .. }
            | Call::GetInlinePolicy { .. }
            | Call::ListInlinePolicies { .. }
            | Call::GetRole { .. }
            | Call::ListRoles { .. }
            | Call::ListInstanceProfilesForRole { .. }
            | Call::GetOidcProvider { .. }
            | Call::ListOidcProviders
            | Call::ListTags { .. }
            | Call::GetAccountSummary
            | Call::ListAccountAliases { .. }
            | Call::ListVirtualMfaDevices { .. }
            | Call::SimulatePrincipalPolicy { .. }
            | Call::SimulateCustomPolicy { .. }
            | Call::GetContextKeysForPrincipalPolicy { .. }
            | Call::GetContextKeysForCustomPolicy { .. }
            | Call::GetAccountAuthorizationDetails { .. }
            | Call::GenerateCredentialReport
            | Call::GetCredentialReport
            | Call::GetAccountPasswordPolicy
            | Call::DeleteAccountPasswordPolicy
            | Call::ListInstanceProfiles { .. }
            | Call::ListServerCertificates { .. }
            | Call::ListSamlProviders
    )
}

/// Carries out a call on a copy of an account.
fn act(
    state: &mut AccountState,
    means: &Means<'_>,
    caller: &Principal,
    call: &Call,
) -> Result<Answer, Fault> {
    match call {
        Call::CreateUser {
            path,
            user_name,
            permissions_boundary,
            tags,
        } => users::create(
            state,
            means,
            path.as_deref(),
            user_name,
            permissions_boundary.as_deref(),
            tags,
        ),
        Call::GetUser { user_name } => users::find(state, caller, user_name.as_deref()),
        Call::UpdateUser {
            user_name,
            new_path,
            new_user_name,
        } => users::update(state, user_name, new_path.as_deref(), new_user_name.as_deref()),
        Call::DeleteUser { user_name } => users::delete(state, user_name),
        Call::ListUsers { path_prefix, page } => users::list(state, path_prefix.as_deref(), page),

        Call::CreateAccessKey {
            user_name,
            expiration_date,
        } => keys::create(state, means, caller, user_name.as_deref(), *expiration_date),
        Call::ListAccessKeys { user_name, page } => {
            keys::list(state, means, caller, user_name.as_deref(), page)
        }
        Call::UpdateAccessKey {
            user_name,
            access_key_id,
            status,
        } => keys::update(state, means, caller, user_name.as_deref(), access_key_id, *status),
        Call::DeleteAccessKey {
            user_name,
            access_key_id,
        } => keys::delete(state, means, caller, user_name.as_deref(), access_key_id),
        Call::GetAccessKeyLastUsed { access_key_id } => keys::last_used(state, means, access_key_id),

        Call::GetLoginProfile { user_name } | Call::DeleteLoginProfile { user_name } => {
            users::no_login_profile(state, caller, user_name.as_deref())
        }
        Call::ListMfaDevices { user_name, page: _ }
        | Call::ListSshPublicKeys { user_name, page: _ }
        | Call::ListSigningCertificates { user_name, page: _ }
        | Call::ListServiceSpecificCredentials { user_name } => {
            users::resolve(state, caller, user_name.as_deref())?;
            Ok(Answer::Nothing)
        }

        Call::CreateGroup { path, group_name } => groups::create(state, means, path.as_deref(), group_name),
        Call::GetGroup { group_name, page } => groups::find(state, group_name, page),
        Call::UpdateGroup {
            group_name,
            new_path,
            new_group_name,
        } => groups::update(state, group_name, new_path.as_deref(), new_group_name.as_deref()),
        Call::DeleteGroup { group_name } => groups::delete(state, group_name),
        Call::ListGroups { path_prefix, page } => groups::list(state, path_prefix.as_deref(), page),
        Call::AddUserToGroup {
            group_name,
            user_name,
        } => groups::add_user(state, group_name, user_name),
        Call::RemoveUserFromGroup {
            group_name,
            user_name,
        } => groups::remove_user(state, group_name, user_name),
        Call::ListGroupsForUser { user_name, page } => groups::of_user(state, user_name, page),

        Call::CreatePolicy {
            path,
            policy_name,
            document,
            description,
            tags,
        } => policies::create(
            state,
            means,
            path.as_deref(),
            policy_name,
            document,
            description.as_deref(),
            tags,
        ),
        Call::GetPolicy { policy_arn } => policies::find(state, policy_arn),
        Call::DeletePolicy { policy_arn } => policies::delete(state, policy_arn),
        Call::ListPolicies {
            scope,
            only_attached,
            path_prefix,
            usage,
            page,
        } => policies::list(
            state,
            *scope,
            *only_attached,
            path_prefix.as_deref(),
            *usage,
            page,
        ),
        Call::CreatePolicyVersion {
            policy_arn,
            document,
            set_as_default,
        } => policies::create_version(state, means, policy_arn, document, *set_as_default),
        Call::GetPolicyVersion {
            policy_arn,
            version_id,
        } => policies::find_version(state, policy_arn, version_id),
        Call::DeletePolicyVersion {
            policy_arn,
            version_id,
        } => policies::delete_version(state, policy_arn, version_id),
        Call::SetDefaultPolicyVersion {
            policy_arn,
            version_id,
        } => policies::set_default_version(state, means, policy_arn, version_id),
        Call::ListPolicyVersions { policy_arn, page } => policies::list_versions(state, policy_arn, page),
        Call::ListEntitiesForPolicy {
            policy_arn,
            entity_filter,
            path_prefix,
            usage,
            page,
        } => policies::list_holders(
            state,
            policy_arn,
            entity_filter.as_deref(),
            path_prefix.as_deref(),
            *usage,
            page,
        ),

        Call::AttachPolicy { holder, policy_arn } => holders::attach(state, holder, policy_arn),
        Call::DetachPolicy { holder, policy_arn } => holders::detach(state, holder, policy_arn),
        Call::ListAttachedPolicies {
            holder,
            path_prefix,
            page,
        } => holders::list_attached(state, holder, path_prefix.as_deref(), page),
        Call::PutInlinePolicy {
            holder,
            policy_name,
            document,
        } => holders::put_inline(state, holder, policy_name, document),
        Call::GetInlinePolicy { holder, policy_name } => holders::find_inline(state, holder, policy_name),
        Call::DeleteInlinePolicy { holder, policy_name } => {
            holders::delete_inline(state, holder, policy_name)
        }
        Call::ListInlinePolicies { holder, page } => holders::list_inline(state, holder, page),
        Call::PutPermissionsBoundary { holder, policy_arn } => {
            holders::put_boundary(state, holder, policy_arn)
        }
        Call::DeletePermissionsBoundary { holder } => holders::delete_boundary(state, holder),

        Call::CreateRole {
            path,
            role_name,
            trust_policy,
            description,
            max_session_duration,
            permissions_boundary,
            tags,
        } => roles::create(
            state,
            means,
            &roles::New {
                path: path.as_deref(),
                name: role_name,
                trust: trust_policy,
                description: description.as_deref(),
                session_max: *max_session_duration,
                boundary: permissions_boundary.as_deref(),
                tags,
            },
        ),
        Call::GetRole { role_name } => roles::find(state, means, role_name),
        Call::UpdateRole {
            role_name,
            description,
            max_session_duration,
        } => roles::update(state, role_name, description.as_deref(), *max_session_duration),
        Call::UpdateRoleDescription {
            role_name,
            description,
        } => roles::describe(state, role_name, description),
        Call::UpdateAssumeRolePolicy {
            role_name,
            trust_policy,
        } => roles::update_trust(state, means, role_name, trust_policy),
        Call::DeleteRole { role_name } => roles::delete(state, role_name),
        Call::ListRoles { path_prefix, page } => roles::list(state, path_prefix.as_deref(), page),
        Call::ListInstanceProfilesForRole { role_name, page: _ } => {
            roles::get(state, role_name)?;
            Ok(Answer::Nothing)
        }

        Call::CreateOidcProvider {
            url,
            client_ids,
            thumbprints,
            tags,
        } => providers::create(state, means, url, client_ids, thumbprints, tags),
        Call::GetOidcProvider { arn } => providers::find(state, arn),
        Call::DeleteOidcProvider { arn } => providers::delete(state, arn),
        Call::ListOidcProviders => Ok(providers::list(state)),
        Call::AddClientIdToOidcProvider { arn, client_id } => providers::add_client_id(state, arn, client_id),
        Call::RemoveClientIdFromOidcProvider { arn, client_id } => {
            providers::remove_client_id(state, arn, client_id)
        }
        Call::UpdateOidcProviderThumbprint { arn, thumbprints } => {
            providers::update_thumbprints(state, arn, thumbprints)
        }

        Call::Tag { of, tags } => tags::add(state, of, tags),
        Call::Untag { of, keys } => tags::remove(state, of, keys),
        Call::ListTags { of, page } => tags::list(state, of, page),

        Call::GetAccountSummary => Ok(account::summary(state, means)),
        Call::ListAccountAliases { page: _ } | Call::ListVirtualMfaDevices { page: _ } => Ok(Answer::Nothing),
        Call::SimulatePrincipalPolicy {
            source_arn,
            simulation,
        } => simulate::principal(state, source_arn, simulation),
        Call::SimulateCustomPolicy { simulation } => simulate::custom(state, simulation),
        Call::GetContextKeysForPrincipalPolicy { source_arn, policies } => {
            simulate::context_keys_of_principal(state, source_arn, policies)
        }
        Call::GetContextKeysForCustomPolicy { policies } => simulate::context_keys(&[], policies),
        Call::GetAccountAuthorizationDetails { filter, page } => details::list(state, means, filter, page),
        Call::GenerateCredentialReport => Ok(Answer::CredentialReportReady),
        Call::GetCredentialReport => Ok(report::content(state, means)),

        Call::GetAccountPasswordPolicy | Call::DeleteAccountPasswordPolicy => {
            Err(account::no_password_policy(state))
        }
        Call::ListInstanceProfiles { path_prefix, page: _ }
        | Call::ListServerCertificates { path_prefix, page: _ } => {
            words::check_path_prefix(path_prefix.as_deref())?;
            Ok(Answer::Nothing)
        }
        Call::ListSamlProviders => Ok(Answer::Nothing),
    }
}
