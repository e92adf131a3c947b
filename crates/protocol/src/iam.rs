//! IAM as bytes: parameters become a call, an answer becomes XML. Names and order of elements are those of AWS.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>.
//!
//! Not here: what a value may hold, and who may; the shape of parameters and of answers ([`crate::query`]).

mod not_here;
mod parse;
mod write;

use countersign_types::iam::{Call, Holder, Tagged};

pub(crate) use parse::parse;
pub(crate) use write::write;

/// As policies name it.
pub(crate) fn name(call: &Call) -> &'static str {
    match call {
        Call::CreateUser { .. } => "iam:CreateUser",
        Call::GetUser { .. } => "iam:GetUser",
        Call::UpdateUser { .. } => "iam:UpdateUser",
        Call::DeleteUser { .. } => "iam:DeleteUser",
        Call::ListUsers { .. } => "iam:ListUsers",
        Call::CreateAccessKey { .. } => "iam:CreateAccessKey",
        Call::ListAccessKeys { .. } => "iam:ListAccessKeys",
        Call::UpdateAccessKey { .. } => "iam:UpdateAccessKey",
        Call::DeleteAccessKey { .. } => "iam:DeleteAccessKey",
        Call::GetAccessKeyLastUsed { .. } => "iam:GetAccessKeyLastUsed",
        Call::GetLoginProfile { .. } => "iam:GetLoginProfile",
        Call::DeleteLoginProfile { .. } => "iam:DeleteLoginProfile",
        Call::ListMfaDevices { .. } => "iam:ListMFADevices",
        Call::ListSshPublicKeys { .. } => "iam:ListSSHPublicKeys",
        Call::ListSigningCertificates { .. } => "iam:ListSigningCertificates",
        Call::ListServiceSpecificCredentials { .. } => "iam:ListServiceSpecificCredentials",
        Call::CreateGroup { .. } => "iam:CreateGroup",
        Call::GetGroup { .. } => "iam:GetGroup",
        Call::UpdateGroup { .. } => "iam:UpdateGroup",
        Call::DeleteGroup { .. } => "iam:DeleteGroup",
        Call::ListGroups { .. } => "iam:ListGroups",
        Call::AddUserToGroup { .. } => "iam:AddUserToGroup",
        Call::RemoveUserFromGroup { .. } => "iam:RemoveUserFromGroup",
        Call::ListGroupsForUser { .. } => "iam:ListGroupsForUser",
        Call::CreatePolicy { .. } => "iam:CreatePolicy",
        Call::GetPolicy { .. } => "iam:GetPolicy",
        Call::DeletePolicy { .. } => "iam:DeletePolicy",
        Call::ListPolicies { .. } => "iam:ListPolicies",
        Call::CreatePolicyVersion { .. } => "iam:CreatePolicyVersion",
        Call::GetPolicyVersion { .. } => "iam:GetPolicyVersion",
        Call::DeletePolicyVersion { .. } => "iam:DeletePolicyVersion",
        Call::SetDefaultPolicyVersion { .. } => "iam:SetDefaultPolicyVersion",
        Call::ListPolicyVersions { .. } => "iam:ListPolicyVersions",
        Call::ListEntitiesForPolicy { .. } => "iam:ListEntitiesForPolicy",
        Call::AttachPolicy { holder, .. } => of_holder(
            holder,
            "iam:AttachUserPolicy",
            "iam:AttachGroupPolicy",
            "iam:AttachRolePolicy",
        ),
        Call::DetachPolicy { holder, .. } => of_holder(
            holder,
            "iam:DetachUserPolicy",
            "iam:DetachGroupPolicy",
            "iam:DetachRolePolicy",
        ),
        Call::ListAttachedPolicies { holder, .. } => of_holder(
            holder,
            "iam:ListAttachedUserPolicies",
            "iam:ListAttachedGroupPolicies",
            "iam:ListAttachedRolePolicies",
        ),
        Call::PutInlinePolicy { holder, .. } => of_holder(
            holder,
            "iam:PutUserPolicy",
            "iam:PutGroupPolicy",
            "iam:PutRolePolicy",
        ),
        Call::GetInlinePolicy { holder, .. } => of_holder(
            holder,
            "iam:GetUserPolicy",
            "iam:GetGroupPolicy",
            "iam:GetRolePolicy",
        ),
        Call::DeleteInlinePolicy { holder, .. } => of_holder(
            holder,
            "iam:DeleteUserPolicy",
            "iam:DeleteGroupPolicy",
            "iam:DeleteRolePolicy",
        ),
        Call::ListInlinePolicies { holder, .. } => of_holder(
            holder,
            "iam:ListUserPolicies",
            "iam:ListGroupPolicies",
            "iam:ListRolePolicies",
        ),
        // Groups have no boundary, and no call would make one.
        Call::PutPermissionsBoundary { holder, .. } => of_holder(
            holder,
            "iam:PutUserPermissionsBoundary",
            "iam:PutGroupPermissionsBoundary",
            "iam:PutRolePermissionsBoundary",
        ),
        Call::DeletePermissionsBoundary { holder } => of_holder(
            holder,
            "iam:DeleteUserPermissionsBoundary",
            "iam:DeleteGroupPermissionsBoundary",
            "iam:DeleteRolePermissionsBoundary",
        ),
        Call::CreateRole { .. } => "iam:CreateRole",
        Call::GetRole { .. } => "iam:GetRole",
        Call::UpdateRole { .. } => "iam:UpdateRole",
        Call::UpdateRoleDescription { .. } => "iam:UpdateRoleDescription",
        Call::UpdateAssumeRolePolicy { .. } => "iam:UpdateAssumeRolePolicy",
        Call::DeleteRole { .. } => "iam:DeleteRole",
        Call::ListRoles { .. } => "iam:ListRoles",
        Call::ListInstanceProfilesForRole { .. } => "iam:ListInstanceProfilesForRole",
        Call::CreateOidcProvider { .. } => "iam:CreateOpenIDConnectProvider",
        Call::GetOidcProvider { .. } => "iam:GetOpenIDConnectProvider",
        Call::DeleteOidcProvider { .. } => "iam:DeleteOpenIDConnectProvider",
        Call::ListOidcProviders => "iam:ListOpenIDConnectProviders",
        Call::AddClientIdToOidcProvider { .. } => "iam:AddClientIDToOpenIDConnectProvider",
        Call::RemoveClientIdFromOidcProvider { .. } => "iam:RemoveClientIDFromOpenIDConnectProvider",
        Call::UpdateOidcProviderThumbprint { .. } => "iam:UpdateOpenIDConnectProviderThumbprint",
        Call::Tag { of, .. } => of_tagged(
            of,
            [
                "iam:TagUser",
                "iam:TagRole",
                "iam:TagPolicy",
                "iam:TagOpenIDConnectProvider",
            ],
        ),
        Call::Untag { of, .. } => of_tagged(
            of,
            [
                "iam:UntagUser",
                "iam:UntagRole",
                "iam:UntagPolicy",
                "iam:UntagOpenIDConnectProvider",
            ],
        ),
        Call::ListTags { of, .. } => of_tagged(
            of,
            [
                "iam:ListUserTags",
                "iam:ListRoleTags",
                "iam:ListPolicyTags",
                "iam:ListOpenIDConnectProviderTags",
            ],
        ),
        Call::GetAccountSummary => "iam:GetAccountSummary",
        Call::ListAccountAliases { .. } => "iam:ListAccountAliases",
        Call::ListVirtualMfaDevices { .. } => "iam:ListVirtualMFADevices",
        Call::SimulatePrincipalPolicy { .. } => "iam:SimulatePrincipalPolicy",
        Call::SimulateCustomPolicy { .. } => "iam:SimulateCustomPolicy",
        Call::GetContextKeysForPrincipalPolicy { .. } => "iam:GetContextKeysForPrincipalPolicy",
        Call::GetContextKeysForCustomPolicy { .. } => "iam:GetContextKeysForCustomPolicy",
        Call::GetAccountAuthorizationDetails { .. } => "iam:GetAccountAuthorizationDetails",
        Call::GenerateCredentialReport => "iam:GenerateCredentialReport",
        Call::GetCredentialReport => "iam:GetCredentialReport",
        Call::GetAccountPasswordPolicy => "iam:GetAccountPasswordPolicy",
        Call::DeleteAccountPasswordPolicy => "iam:DeleteAccountPasswordPolicy",
        Call::ListInstanceProfiles { .. } => "iam:ListInstanceProfiles",
        Call::ListServerCertificates { .. } => "iam:ListServerCertificates",
        Call::ListSamlProviders => "iam:ListSAMLProviders",
    }
}

fn of_holder(holder: &Holder, user: &'static str, group: &'static str, role: &'static str) -> &'static str {
    match holder {
        Holder::User(_) => user,
        Holder::Group(_) => group,
        Holder::Role(_) => role,
    }
}

fn of_tagged(of: &Tagged, [user, role, policy, provider]: [&'static str; 4]) -> &'static str {
    match of {
        Tagged::User(_) => user,
        Tagged::Role(_) => role,
        Tagged::Policy(_) => policy,
        Tagged::OidcProvider(_) => provider,
    }
}

#[cfg(test)]
mod tests;
