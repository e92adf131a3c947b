//! Parameters become a call of IAM.
//!
//! A table: each call with its parameters under AWS's names. Not here: what the values may hold.

use countersign_types::iam::{
    AccessKeyStatus, Call, ContextEntry, EntityKind, Fault, Holder, PolicyScope, PolicyUsage, Simulation,
    Tagged,
};

use super::not_here::NOT_HERE;
use crate::query::{Reader, Service, constraint, unknown_action};

/// Reads a call; every parameter of it must be one that the call has.
pub(crate) fn parse(mut reader: Reader) -> Result<Call, Fault> {
    let action = reader.action.clone();
    let call = match read(&action, &mut reader)? {
        Some(call) => call,
        None => return Err(unknown_action(&action, Service::Iam.version(), &NOT_HERE)),
    };
    reader.finish()?;
    Ok(call)
}

/// `None` for an action that is not here.
fn read(action: &str, read: &mut Reader) -> Result<Option<Call>, Fault> {
    Ok(Some(match action {
        // Users.
        "CreateUser" => Call::CreateUser {
            path: read.optional("Path"),
            user_name: read.required("UserName")?,
            permissions_boundary: read.optional("PermissionsBoundary"),
            tags: read.tags(),
        },
        "GetUser" => Call::GetUser {
            user_name: read.optional("UserName"),
        },
        "UpdateUser" => Call::UpdateUser {
            user_name: read.required("UserName")?,
            new_path: read.optional("NewPath"),
            new_user_name: read.optional("NewUserName"),
        },
        "DeleteUser" => Call::DeleteUser {
            user_name: read.required("UserName")?,
        },
        "ListUsers" => Call::ListUsers {
            path_prefix: read.optional("PathPrefix"),
            page: read.page()?,
        },

        // Access keys.
        "CreateAccessKey" => Call::CreateAccessKey {
            user_name: read.optional("UserName"),
            expiration_date: read.moment("CountersignExpirationDate")?,
        },
        "ListAccessKeys" => Call::ListAccessKeys {
            user_name: read.optional("UserName"),
            page: read.page()?,
        },
        "UpdateAccessKey" => Call::UpdateAccessKey {
            user_name: read.optional("UserName"),
            access_key_id: read.required("AccessKeyId")?,
            status: access_key_status(read)?,
        },
        "DeleteAccessKey" => Call::DeleteAccessKey {
            user_name: read.optional("UserName"),
            access_key_id: read.required("AccessKeyId")?,
        },
        "GetAccessKeyLastUsed" => Call::GetAccessKeyLastUsed {
            access_key_id: read.required("AccessKeyId")?,
        },

        // What users have at AWS and not here.
        "GetLoginProfile" => Call::GetLoginProfile {
            user_name: read.optional("UserName"),
        },
        "DeleteLoginProfile" => Call::DeleteLoginProfile {
            user_name: read.optional("UserName"),
        },
        "ListMFADevices" => Call::ListMfaDevices {
            user_name: read.optional("UserName"),
            page: read.page()?,
        },
        "ListSSHPublicKeys" => Call::ListSshPublicKeys {
            user_name: read.optional("UserName"),
            page: read.page()?,
        },
        "ListSigningCertificates" => Call::ListSigningCertificates {
            user_name: read.optional("UserName"),
            page: read.page()?,
        },
        "ListServiceSpecificCredentials" => {
            // An empty list, of whatever service and however it is paged.
            read.optional("ServiceName");
            read.boolean("AllUsers")?;
            read.page()?;
            Call::ListServiceSpecificCredentials {
                user_name: read.optional("UserName"),
            }
        }

        // Groups.
        "CreateGroup" => Call::CreateGroup {
            path: read.optional("Path"),
            group_name: read.required("GroupName")?,
        },
        "GetGroup" => Call::GetGroup {
            group_name: read.required("GroupName")?,
            page: read.page()?,
        },
        "UpdateGroup" => Call::UpdateGroup {
            group_name: read.required("GroupName")?,
            new_path: read.optional("NewPath"),
            new_group_name: read.optional("NewGroupName"),
        },
        "DeleteGroup" => Call::DeleteGroup {
            group_name: read.required("GroupName")?,
        },
        "ListGroups" => Call::ListGroups {
            path_prefix: read.optional("PathPrefix"),
            page: read.page()?,
        },
        "AddUserToGroup" => Call::AddUserToGroup {
            group_name: read.required("GroupName")?,
            user_name: read.required("UserName")?,
        },
        "RemoveUserFromGroup" => Call::RemoveUserFromGroup {
            group_name: read.required("GroupName")?,
            user_name: read.required("UserName")?,
        },
        "ListGroupsForUser" => Call::ListGroupsForUser {
            user_name: read.required("UserName")?,
            page: read.page()?,
        },

        // Managed policies.
        "CreatePolicy" => Call::CreatePolicy {
            path: read.optional("Path"),
            policy_name: read.required("PolicyName")?,
            document: read.required("PolicyDocument")?,
            description: read.optional("Description"),
            tags: read.tags(),
        },
        "GetPolicy" => Call::GetPolicy {
            policy_arn: read.required("PolicyArn")?,
        },
        "DeletePolicy" => Call::DeletePolicy {
            policy_arn: read.required("PolicyArn")?,
        },
        "ListPolicies" => Call::ListPolicies {
            scope: policy_scope(read)?,
            only_attached: read.boolean("OnlyAttached")?,
            path_prefix: read.optional("PathPrefix"),
            usage: policy_usage(read)?,
            page: read.page()?,
        },
        "CreatePolicyVersion" => Call::CreatePolicyVersion {
            policy_arn: read.required("PolicyArn")?,
            document: read.required("PolicyDocument")?,
            set_as_default: read.boolean("SetAsDefault")?,
        },
        "GetPolicyVersion" => Call::GetPolicyVersion {
            policy_arn: read.required("PolicyArn")?,
            version_id: read.required("VersionId")?,
        },
        "DeletePolicyVersion" => Call::DeletePolicyVersion {
            policy_arn: read.required("PolicyArn")?,
            version_id: read.required("VersionId")?,
        },
        "SetDefaultPolicyVersion" => Call::SetDefaultPolicyVersion {
            policy_arn: read.required("PolicyArn")?,
            version_id: read.required("VersionId")?,
        },
        "ListPolicyVersions" => Call::ListPolicyVersions {
            policy_arn: read.required("PolicyArn")?,
            page: read.page()?,
        },
        "ListEntitiesForPolicy" => Call::ListEntitiesForPolicy {
            policy_arn: read.required("PolicyArn")?,
            entity_filter: read.one_of("EntityFilter", &ENTITIES)?,
            path_prefix: read.optional("PathPrefix"),
            usage: policy_usage(read)?,
            page: read.page()?,
        },
        "AttachUserPolicy" => attach(user(read)?, read)?,
        "AttachGroupPolicy" => attach(group(read)?, read)?,
        "AttachRolePolicy" => attach(role(read)?, read)?,
        "DetachUserPolicy" => detach(user(read)?, read)?,
        "DetachGroupPolicy" => detach(group(read)?, read)?,
        "DetachRolePolicy" => detach(role(read)?, read)?,
        "ListAttachedUserPolicies" => list_attached(user(read)?, read)?,
        "ListAttachedGroupPolicies" => list_attached(group(read)?, read)?,
        "ListAttachedRolePolicies" => list_attached(role(read)?, read)?,

        // Inline policies.
        "PutUserPolicy" => put_inline(user(read)?, read)?,
        "PutGroupPolicy" => put_inline(group(read)?, read)?,
        "PutRolePolicy" => put_inline(role(read)?, read)?,
        "GetUserPolicy" => get_inline(user(read)?, read)?,
        "GetGroupPolicy" => get_inline(group(read)?, read)?,
        "GetRolePolicy" => get_inline(role(read)?, read)?,
        "DeleteUserPolicy" => delete_inline(user(read)?, read)?,
        "DeleteGroupPolicy" => delete_inline(group(read)?, read)?,
        "DeleteRolePolicy" => delete_inline(role(read)?, read)?,
        "ListUserPolicies" => list_inline(user(read)?, read)?,
        "ListGroupPolicies" => list_inline(group(read)?, read)?,
        "ListRolePolicies" => list_inline(role(read)?, read)?,

        // Permissions boundaries.
        "PutUserPermissionsBoundary" => put_boundary(user(read)?, read)?,
        "PutRolePermissionsBoundary" => put_boundary(role(read)?, read)?,
        "DeleteUserPermissionsBoundary" => Call::DeletePermissionsBoundary { holder: user(read)? },
        "DeleteRolePermissionsBoundary" => Call::DeletePermissionsBoundary { holder: role(read)? },

        // Roles.
        "CreateRole" => Call::CreateRole {
            path: read.optional("Path"),
            role_name: read.required("RoleName")?,
            trust_policy: read.required("AssumeRolePolicyDocument")?,
            description: read.optional("Description"),
            max_session_duration: max_session_duration(read)?,
            permissions_boundary: read.optional("PermissionsBoundary"),
            tags: read.tags(),
        },
        "GetRole" => Call::GetRole {
            role_name: read.required("RoleName")?,
        },
        "UpdateRole" => Call::UpdateRole {
            role_name: read.required("RoleName")?,
            description: read.optional("Description"),
            max_session_duration: max_session_duration(read)?,
        },
        "UpdateRoleDescription" => Call::UpdateRoleDescription {
            role_name: read.required("RoleName")?,
            description: read.required("Description")?,
        },
        "UpdateAssumeRolePolicy" => Call::UpdateAssumeRolePolicy {
            role_name: read.required("RoleName")?,
            trust_policy: read.required("PolicyDocument")?,
        },
        "DeleteRole" => Call::DeleteRole {
            role_name: read.required("RoleName")?,
        },
        "ListRoles" => Call::ListRoles {
            path_prefix: read.optional("PathPrefix"),
            page: read.page()?,
        },
        "ListInstanceProfilesForRole" => Call::ListInstanceProfilesForRole {
            role_name: read.required("RoleName")?,
            page: read.page()?,
        },

        // Identity providers.
        "CreateOpenIDConnectProvider" => Call::CreateOidcProvider {
            url: read.required("Url")?,
            client_ids: read.list("ClientIDList"),
            thumbprints: read.list("ThumbprintList"),
            tags: read.tags(),
        },
        "GetOpenIDConnectProvider" => Call::GetOidcProvider {
            arn: read.required(PROVIDER)?,
        },
        "DeleteOpenIDConnectProvider" => Call::DeleteOidcProvider {
            arn: read.required(PROVIDER)?,
        },
        "ListOpenIDConnectProviders" => Call::ListOidcProviders,
        "AddClientIDToOpenIDConnectProvider" => Call::AddClientIdToOidcProvider {
            arn: read.required(PROVIDER)?,
            client_id: read.required("ClientID")?,
        },
        "RemoveClientIDFromOpenIDConnectProvider" => Call::RemoveClientIdFromOidcProvider {
            arn: read.required(PROVIDER)?,
            client_id: read.required("ClientID")?,
        },
        "UpdateOpenIDConnectProviderThumbprint" => Call::UpdateOidcProviderThumbprint {
            arn: read.required(PROVIDER)?,
            thumbprints: read.required_list("ThumbprintList")?,
        },

        // Tags.
        "TagUser" => tag(tagged_user(read)?, read)?,
        "TagRole" => tag(tagged_role(read)?, read)?,
        "TagPolicy" => tag(tagged_policy(read)?, read)?,
        "TagOpenIDConnectProvider" => tag(tagged_provider(read)?, read)?,
        "UntagUser" => untag(tagged_user(read)?, read)?,
        "UntagRole" => untag(tagged_role(read)?, read)?,
        "UntagPolicy" => untag(tagged_policy(read)?, read)?,
        "UntagOpenIDConnectProvider" => untag(tagged_provider(read)?, read)?,
        "ListUserTags" => list_tags(tagged_user(read)?, read)?,
        "ListRoleTags" => list_tags(tagged_role(read)?, read)?,
        "ListPolicyTags" => list_tags(tagged_policy(read)?, read)?,
        "ListOpenIDConnectProviderTags" => list_tags(tagged_provider(read)?, read)?,

        // The account.
        "GetAccountSummary" => Call::GetAccountSummary,
        "ListAccountAliases" => Call::ListAccountAliases { page: read.page()? },
        "ListVirtualMFADevices" => {
            // Of none there are as many that are assigned as that are not.
            read.one_of("AssignmentStatus", &["Assigned", "Unassigned", "Any"])?;
            Call::ListVirtualMfaDevices { page: read.page()? }
        }
        "SimulatePrincipalPolicy" => Call::SimulatePrincipalPolicy {
            source_arn: read.required("PolicySourceArn")?,
            simulation: simulation(read)?,
        },
        "SimulateCustomPolicy" => {
            let simulation = simulation(read)?;
            if simulation.policies.is_empty() {
                return Err(constraint("PolicyInputList", None, "not be null"));
            }
            Call::SimulateCustomPolicy { simulation }
        }
        "GetContextKeysForPrincipalPolicy" => Call::GetContextKeysForPrincipalPolicy {
            source_arn: read.required("PolicySourceArn")?,
            policies: read.list("PolicyInputList"),
        },
        "GetContextKeysForCustomPolicy" => Call::GetContextKeysForCustomPolicy {
            policies: read.required_list("PolicyInputList")?,
        },
        "GetAccountAuthorizationDetails" => Call::GetAccountAuthorizationDetails {
            filter: entity_kinds(read)?,
            page: read.page()?,
        },
        "GenerateCredentialReport" => Call::GenerateCredentialReport,
        "GetCredentialReport" => Call::GetCredentialReport,

        // What accounts have at AWS and not here.
        "GetAccountPasswordPolicy" => Call::GetAccountPasswordPolicy,
        "DeleteAccountPasswordPolicy" => Call::DeleteAccountPasswordPolicy,
        "ListInstanceProfiles" => Call::ListInstanceProfiles {
            path_prefix: read.optional("PathPrefix"),
            page: read.page()?,
        },
        "ListServerCertificates" => Call::ListServerCertificates {
            path_prefix: read.optional("PathPrefix"),
            page: read.page()?,
        },
        "ListSAMLProviders" => Call::ListSamlProviders,
        _ => return Ok(None),
    }))
}

fn user(read: &mut Reader) -> Result<Holder, Fault> {
    read.required("UserName").map(Holder::User)
}

fn group(read: &mut Reader) -> Result<Holder, Fault> {
    read.required("GroupName").map(Holder::Group)
}

fn role(read: &mut Reader) -> Result<Holder, Fault> {
    read.required("RoleName").map(Holder::Role)
}

fn attach(holder: Holder, read: &mut Reader) -> Result<Call, Fault> {
    let policy_arn = read.required("PolicyArn")?;
    Ok(Call::AttachPolicy { holder, policy_arn })
}

fn detach(holder: Holder, read: &mut Reader) -> Result<Call, Fault> {
    let policy_arn = read.required("PolicyArn")?;
    Ok(Call::DetachPolicy { holder, policy_arn })
}

fn list_attached(holder: Holder, read: &mut Reader) -> Result<Call, Fault> {
    Ok(Call::ListAttachedPolicies {
        holder,
        path_prefix: read.optional("PathPrefix"),
        page: read.page()?,
    })
}

fn put_inline(holder: Holder, read: &mut Reader) -> Result<Call, Fault> {
    Ok(Call::PutInlinePolicy {
        holder,
        policy_name: read.required("PolicyName")?,
        document: read.required("PolicyDocument")?,
    })
}

fn get_inline(holder: Holder, read: &mut Reader) -> Result<Call, Fault> {
    let policy_name = read.required("PolicyName")?;
    Ok(Call::GetInlinePolicy { holder, policy_name })
}

fn delete_inline(holder: Holder, read: &mut Reader) -> Result<Call, Fault> {
    let policy_name = read.required("PolicyName")?;
    Ok(Call::DeleteInlinePolicy { holder, policy_name })
}

fn list_inline(holder: Holder, read: &mut Reader) -> Result<Call, Fault> {
    let page = read.page()?;
    Ok(Call::ListInlinePolicies { holder, page })
}

fn put_boundary(holder: Holder, read: &mut Reader) -> Result<Call, Fault> {
    let policy_arn = read.required("PermissionsBoundary")?;
    Ok(Call::PutPermissionsBoundary { holder, policy_arn })
}

fn tagged_user(read: &mut Reader) -> Result<Tagged, Fault> {
    read.required("UserName").map(Tagged::User)
}

fn tagged_role(read: &mut Reader) -> Result<Tagged, Fault> {
    read.required("RoleName").map(Tagged::Role)
}

fn tagged_policy(read: &mut Reader) -> Result<Tagged, Fault> {
    read.required("PolicyArn").map(Tagged::Policy)
}

fn tagged_provider(read: &mut Reader) -> Result<Tagged, Fault> {
    read.required(PROVIDER).map(Tagged::OidcProvider)
}

fn tag(of: Tagged, read: &mut Reader) -> Result<Call, Fault> {
    let tags = read.tags();
    if tags.is_empty() {
        return Err(constraint("Tags", None, "not be null"));
    }
    Ok(Call::Tag { of, tags })
}

fn untag(of: Tagged, read: &mut Reader) -> Result<Call, Fault> {
    let keys = read.required_list("TagKeys")?;
    Ok(Call::Untag { of, keys })
}

fn list_tags(of: Tagged, read: &mut Reader) -> Result<Call, Fault> {
    let page = read.page()?;
    Ok(Call::ListTags { of, page })
}

fn access_key_status(read: &mut Reader) -> Result<AccessKeyStatus, Fault> {
    let words = [AccessKeyStatus::Active, AccessKeyStatus::Inactive].map(AccessKeyStatus::as_str);
    let status = read.one_of("Status", &words)?;
    status
        .and_then(|status| AccessKeyStatus::parse(&status))
        .ok_or_else(|| constraint("Status", None, "not be null"))
}

fn policy_scope(read: &mut Reader) -> Result<PolicyScope, Fault> {
    Ok(match read.one_of("Scope", &["All", "AWS", "Local"])?.as_deref() {
        Some("AWS") => PolicyScope::Aws,
        Some("Local") => PolicyScope::Local,
        Some(_) | None => PolicyScope::All,
    })
}

fn policy_usage(read: &mut Reader) -> Result<Option<PolicyUsage>, Fault> {
    let usage = read.one_of("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"])?;
    Ok(usage.map(|usage| match usage.as_str() {
        "PermissionsBoundary" => PolicyUsage::PermissionsBoundary,
        _ => PolicyUsage::PermissionsPolicy,
    }))
}

fn entity_kinds(read: &mut Reader) -> Result<Vec<EntityKind>, Fault> {
    let words = read.list("Filter");
    let kinds = words.iter().map(|word| match word.as_str() {
        "User" => Ok(EntityKind::User),
        "Role" => Ok(EntityKind::Role),
        "Group" => Ok(EntityKind::Group),
        "LocalManagedPolicy" => Ok(EntityKind::LocalManagedPolicy),
        "AWSManagedPolicy" => Ok(EntityKind::AwsManagedPolicy),
        other => {
            let bound = format!("satisfy enum value set: [{}]", ENTITIES.join(", "));
            Err(constraint("Filter", Some(other), &bound))
        }
    });
    kinds.collect()
}

fn max_session_duration(read: &mut Reader) -> Result<Option<u32>, Fault> {
    read.number("MaxSessionDuration", 3600..=43200)
}

fn simulation(read: &mut Reader) -> Result<Simulation, Fault> {
    Ok(Simulation {
        policies: read.list("PolicyInputList"),
        boundaries: read.list("PermissionsBoundaryPolicyInputList"),
        actions: read.required_list("ActionNames")?,
        resources: read.list("ResourceArns"),
        resource_policy: read.optional("ResourcePolicy"),
        resource_owner: read.optional("ResourceOwner"),
        caller_arn: read.optional("CallerArn"),
        context: read.members("ContextEntries", context_entry),
        page: read.page()?,
    })
}

/// Types of keys are not compared: policies read every value as the operator wants it.
fn context_entry(read: &mut Reader, member: &str) -> Option<ContextEntry> {
    let name = read.optional(&format!("{member}.ContextKeyName"))?;
    let values = read.list(&format!("{member}.ContextKeyValues"));
    read.optional(&format!("{member}.ContextKeyType"));
    Some(ContextEntry { name, values })
}

const PROVIDER: &str = "OpenIDConnectProviderArn";
/// What a list of who uses a policy, or of what there is, may be limited to.
const ENTITIES: [&str; 5] = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];
