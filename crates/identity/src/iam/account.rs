//! What there is in an account, and how much there may be.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>.

use crate::directory::Means;
use crate::limits::{
    ACCESS_KEYS_PER_USER_MAX, ATTACHED_MAX, GROUPS_MAX, GROUPS_PER_USER_MAX, POLICIES_MAX, ROLES_MAX,
    USERS_MAX, VERSIONS_PER_POLICY_MAX,
};
use crate::state::AccountState;
use countersign_policy::{
    INLINE_GROUP_SIZE_MAX, INLINE_ROLE_SIZE_MAX, INLINE_USER_SIZE_MAX, MANAGED_SIZE_MAX, TRUST_SIZE_MAX,
};
use countersign_types::iam::{Answer, Fault, FaultCode};

/// There are no passwords, so nothing says what they must be like.
pub(super) fn no_password_policy(state: &AccountState) -> Fault {
    Fault::new(
        FaultCode::NoSuchEntity,
        format!(
            "The Password Policy with domain name {} cannot be found.",
            state.account.id
        ),
    )
}

pub(super) fn summary(state: &AccountState, means: &Means<'_>) -> Answer {
    let root_keys = state.keys_of(None).count() + means.root_key_id(state).map_or(0, |_| 1);
    let versions: usize = state.policies.iter().map(|policy| policy.versions.len()).sum();
    let numbers: [(&'static str, usize); 28] = [
        ("AccessKeysPerUserQuota", ACCESS_KEYS_PER_USER_MAX),
        ("AccountAccessKeysPresent", usize::from(root_keys > 0)),
        ("AccountMFAEnabled", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("AssumeRolePolicySizeQuota", TRUST_SIZE_MAX),
        ("AttachedPoliciesPerGroupQuota", ATTACHED_MAX),
        ("AttachedPoliciesPerRoleQuota", ATTACHED_MAX),
        ("AttachedPoliciesPerUserQuota", ATTACHED_MAX),
        ("GroupPolicySizeQuota", INLINE_GROUP_SIZE_MAX),
        ("Groups", state.groups.len()),
        ("GroupsPerUserQuota", GROUPS_PER_USER_MAX),
        ("GroupsQuota", GROUPS_MAX),
        ("InstanceProfiles", 0),
        ("MFADevices", 0),
        ("MFADevicesInUse", 0),
        ("Policies", state.policies.len()),
        ("PoliciesQuota", POLICIES_MAX),
        ("PolicySizeQuota", MANAGED_SIZE_MAX),
        ("PolicyVersionsInUse", versions),
        ("Providers", state.providers.len()),
        ("RolePolicySizeQuota", INLINE_ROLE_SIZE_MAX),
        ("Roles", state.roles.len()),
        ("RolesQuota", ROLES_MAX),
        ("ServerCertificates", 0),
        ("UserPolicySizeQuota", INLINE_USER_SIZE_MAX),
        ("Users", state.users.len()),
        ("UsersQuota", USERS_MAX),
        ("VersionsPerPolicyQuota", VERSIONS_PER_POLICY_MAX),
    ];
    Answer::AccountSummary(numbers.map(|(name, number)| (name, number as u64)).into())
}
