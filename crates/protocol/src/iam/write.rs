//! An answer of IAM becomes XML.
//!
//! Documents are percent-encoded, as IAM does it; a list always says whether there is more of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_types::iam::{
    AccessKeyLastUsed, AccessKeyMetadata, AccountDetail, Answer, AttachedPolicy, Call, Group, Holder,
    InlinePolicy, Listing, ManagedPolicy, NewAccessKey, OidcProvider, PolicyHolder, PolicyVersion, Role,
    SimulatedAction, Tag, User,
};

use super::name;
use crate::encode::xml::Xml;
use crate::query::{write_list, write_result};

/// Writes the result of a call into the element of its answer.
pub(crate) fn write(xml: &mut Xml, call: &Call, answer: &Answer) {
    let name = name(call);
    let action = name.strip_prefix("iam:").unwrap_or(name);
    match answer {
        // Of the calls that answer nothing, this one has an element for it, and clients look for it.
        Answer::Done if matches!(call, Call::UpdateRole { .. }) => write_result(xml, action, |_| {}),
        Answer::Done => {}
        answer => write_result(xml, action, |xml| write_answer(xml, call, action, answer)),
    }
}

fn write_answer(xml: &mut Xml, call: &Call, action: &str, answer: &Answer) {
    match answer {
        Answer::Done => {}
        Answer::User(user) => write_element(xml, "User", |xml| write_user(xml, user)),
        Answer::Users(users) => write_users(xml, users),
        Answer::NewAccessKey(key) => write_element(xml, "AccessKey", |xml| write_new_key(xml, key)),
        Answer::AccessKeys { user_name, keys } => {
            xml.optional("UserName", user_name.as_deref());
            write_page(xml, "AccessKeyMetadata", keys, write_key);
        }
        Answer::AccessKeyLastUsed(used) => write_last_used(xml, used),
        Answer::Group(group) => write_element(xml, "Group", |xml| write_group(xml, group)),
        Answer::GroupWithUsers { group, users } => {
            write_element(xml, "Group", |xml| write_group(xml, group));
            write_users(xml, users);
        }
        Answer::Groups(groups) => write_page(xml, "Groups", groups, write_group),
        Answer::Policy(policy) => write_element(xml, "Policy", |xml| write_policy(xml, policy, true)),
        Answer::Policies(policies) => write_page(xml, "Policies", policies, |xml, policy| {
            write_policy(xml, policy, false);
        }),
        Answer::PolicyVersion(version) => {
            write_element(xml, "PolicyVersion", |xml| write_version(xml, version));
        }
        Answer::PolicyVersions(versions) => write_page(xml, "Versions", versions, write_version),
        Answer::PolicyHolders(holders) => write_holders(xml, holders),
        Answer::AttachedPolicies(policies) => write_page(xml, "AttachedPolicies", policies, write_attached),
        Answer::InlinePolicy {
            policy_name,
            document,
        } => {
            if let Call::GetInlinePolicy { holder, .. } = call {
                write_holder(xml, holder);
            }
            xml.element("PolicyName", policy_name);
            write_document(xml, "PolicyDocument", document);
        }
        Answer::InlinePolicies(names) => write_page(xml, "PolicyNames", names, |xml, name| xml.plain(name)),
        Answer::Role(role) => write_element(xml, "Role", |xml| write_role(xml, role, true)),
        Answer::Roles(roles) => write_page(xml, "Roles", roles, |xml, role| write_role(xml, role, false)),
        Answer::OidcProvider(provider) if matches!(call, Call::CreateOidcProvider { .. }) => {
            xml.element("OpenIDConnectProviderArn", &provider.arn);
            write_tags(xml, &provider.tags);
        }
        Answer::OidcProvider(provider) => write_provider(xml, provider),
        Answer::OidcProviders(arns) => write_list(xml, "OpenIDConnectProviderList", arns, |xml, arn| {
            xml.element("Arn", arn);
        }),
        Answer::Tags(tags) => write_page(xml, "Tags", tags, write_tag),
        Answer::AccountSummary(entries) => write_summary(xml, entries),
        Answer::Simulated(actions) => write_page(xml, "EvaluationResults", actions, write_simulated),
        Answer::ContextKeys(keys) => {
            write_list(xml, "ContextKeyNames", keys, |xml, key| xml.plain(key));
        }
        Answer::AccountDetails(details) => write_details(xml, details),
        Answer::CredentialReportReady => {
            xml.element("State", "COMPLETE");
            xml.element("Description", "The report is made when it is asked for.");
        }
        Answer::CredentialReport { content, generated } => {
            xml.element("Content", &STANDARD.encode(content));
            xml.element("ReportFormat", "text/csv");
            xml.element("GeneratedTime", &generated.iso8601_seconds());
        }
        Answer::Nothing => {
            write_list(xml, empty_list(action), [(); 0], |_, ()| {});
            // The one list of these that IAM has no pages of.
            if action != "ListSAMLProviders" {
                xml.boolean("IsTruncated", false);
            }
        }
    }
}

/// What the list is called that is always empty here.
fn empty_list(action: &str) -> &'static str {
    match action {
        "ListMFADevices" => "MFADevices",
        "ListVirtualMFADevices" => "VirtualMFADevices",
        "ListSSHPublicKeys" => "SSHPublicKeys",
        "ListSigningCertificates" => "Certificates",
        "ListServiceSpecificCredentials" => "ServiceSpecificCredentials",
        "ListInstanceProfilesForRole" | "ListInstanceProfiles" => "InstanceProfiles",
        "ListServerCertificates" => "ServerCertificateMetadataList",
        "ListSAMLProviders" => "SAMLProviderList",
        _ => "AccountAliases",
    }
}

fn write_element(xml: &mut Xml, name: &str, write: impl FnOnce(&mut Xml)) {
    xml.open(name);
    write(xml);
    xml.close(name);
}

fn write_page<T>(xml: &mut Xml, name: &str, page: &Listing<T>, write: impl FnMut(&mut Xml, &T)) {
    write_list(xml, name, &page.items, write);
    write_end_of_page(xml, page);
}

fn write_end_of_page<T>(xml: &mut Xml, page: &Listing<T>) {
    xml.boolean("IsTruncated", page.marker.is_some());
    xml.optional("Marker", page.marker.as_deref());
}

fn write_user(xml: &mut Xml, user: &User) {
    write_listed_user(xml, user);
    write_boundary(xml, user.permissions_boundary.as_deref());
    write_tags(xml, &user.tags);
}

/// In a list, IAM leaves boundaries and tags out.
fn write_listed_user(xml: &mut Xml, user: &User) {
    xml.element("Path", &user.path);
    xml.element("UserName", &user.user_name);
    xml.element("UserId", &user.user_id);
    xml.element("Arn", &user.arn);
    xml.element("CreateDate", &user.create_date.iso8601_seconds());
}

fn write_users(xml: &mut Xml, users: &Listing<User>) {
    write_page(xml, "Users", users, write_listed_user);
}

fn write_new_key(xml: &mut Xml, key: &NewAccessKey) {
    let metadata = &key.metadata;
    xml.optional("UserName", metadata.user_name.as_deref());
    xml.element("AccessKeyId", &metadata.access_key_id);
    xml.element("Status", metadata.status.as_str());
    xml.element("SecretAccessKey", &key.secret_access_key);
    write_key_dates(xml, metadata);
}

fn write_key(xml: &mut Xml, metadata: &AccessKeyMetadata) {
    xml.optional("UserName", metadata.user_name.as_deref());
    xml.element("AccessKeyId", &metadata.access_key_id);
    xml.element("Status", metadata.status.as_str());
    write_key_dates(xml, metadata);
}

fn write_key_dates(xml: &mut Xml, metadata: &AccessKeyMetadata) {
    xml.element("CreateDate", &metadata.create_date.iso8601_seconds());
    if let Some(expiration_date) = metadata.expiration_date {
        xml.element("CountersignExpirationDate", &expiration_date.iso8601_seconds());
    }
}

/// A key that was never used has no date, and `N/A` for the rest.
fn write_last_used(xml: &mut Xml, used: &AccessKeyLastUsed) {
    xml.optional("UserName", used.user_name.as_deref());
    xml.open("AccessKeyLastUsed");
    if let Some(date) = used.last_used_date {
        xml.element("LastUsedDate", &date.iso8601_seconds());
    }
    xml.element("ServiceName", used.service_name.as_deref().unwrap_or(NEVER));
    xml.element("Region", used.region.as_deref().unwrap_or(NEVER));
    xml.optional("CountersignUserAgent", used.user_agent.as_deref());
    xml.close("AccessKeyLastUsed");
}

fn write_group(xml: &mut Xml, group: &Group) {
    xml.element("Path", &group.path);
    xml.element("GroupName", &group.group_name);
    xml.element("GroupId", &group.group_id);
    xml.element("Arn", &group.arn);
    xml.element("CreateDate", &group.create_date.iso8601_seconds());
}

/// In a list, IAM leaves descriptions and tags out.
fn write_policy(xml: &mut Xml, policy: &ManagedPolicy, is_whole: bool) {
    write_policy_of(xml, policy, is_whole);
    if is_whole {
        write_tags(xml, &policy.tags);
    }
}

fn write_policy_of(xml: &mut Xml, policy: &ManagedPolicy, is_described: bool) {
    xml.element("PolicyName", &policy.policy_name);
    xml.element("PolicyId", &policy.policy_id);
    xml.element("Arn", &policy.arn);
    xml.element("Path", &policy.path);
    xml.element("DefaultVersionId", &policy.default_version_id);
    xml.number("AttachmentCount", u64::from(policy.attachment_count));
    xml.number(
        "PermissionsBoundaryUsageCount",
        u64::from(policy.permissions_boundary_usage_count),
    );
    xml.boolean("IsAttachable", true);
    if is_described {
        xml.optional("Description", policy.description.as_deref());
    }
    xml.element("CreateDate", &policy.create_date.iso8601_seconds());
    xml.element("UpdateDate", &policy.update_date.iso8601_seconds());
}

fn write_version(xml: &mut Xml, version: &PolicyVersion) {
    if let Some(document) = &version.document {
        write_document(xml, "Document", document);
    }
    xml.element("VersionId", &version.version_id);
    xml.boolean("IsDefaultVersion", version.is_default_version);
    xml.element("CreateDate", &version.create_date.iso8601_seconds());
}

/// Three lists on one page.
fn write_holders(xml: &mut Xml, page: &Listing<PolicyHolder>) {
    let of = |wanted: fn(&PolicyHolder) -> Option<(&str, &str)>| page.items.iter().filter_map(wanted);
    let groups = of(|holder| match holder {
        PolicyHolder::Group { name, id } => Some((name.as_str(), id.as_str())),
        PolicyHolder::User { .. } | PolicyHolder::Role { .. } => None,
    });
    let users = of(|holder| match holder {
        PolicyHolder::User { name, id } => Some((name.as_str(), id.as_str())),
        PolicyHolder::Group { .. } | PolicyHolder::Role { .. } => None,
    });
    let roles = of(|holder| match holder {
        PolicyHolder::Role { name, id } => Some((name.as_str(), id.as_str())),
        PolicyHolder::User { .. } | PolicyHolder::Group { .. } => None,
    });
    write_list(xml, "PolicyGroups", groups, |xml, (name, id)| {
        xml.element("GroupName", name);
        xml.element("GroupId", id);
    });
    write_list(xml, "PolicyUsers", users, |xml, (name, id)| {
        xml.element("UserName", name);
        xml.element("UserId", id);
    });
    write_list(xml, "PolicyRoles", roles, |xml, (name, id)| {
        xml.element("RoleName", name);
        xml.element("RoleId", id);
    });
    write_end_of_page(xml, page);
}

fn write_attached(xml: &mut Xml, policy: &AttachedPolicy) {
    xml.element("PolicyName", &policy.policy_name);
    xml.element("PolicyArn", &policy.policy_arn);
}

fn write_holder(xml: &mut Xml, holder: &Holder) {
    match holder {
        Holder::User(name) => xml.element("UserName", name),
        Holder::Group(name) => xml.element("GroupName", name),
        Holder::Role(name) => xml.element("RoleName", name),
    }
}

/// In a list, IAM leaves boundaries, tags and the last use out.
fn write_role(xml: &mut Xml, role: &Role, is_whole: bool) {
    xml.element("Path", &role.path);
    xml.element("RoleName", &role.role_name);
    xml.element("RoleId", &role.role_id);
    xml.element("Arn", &role.arn);
    xml.element("CreateDate", &role.create_date.iso8601_seconds());
    write_document(xml, "AssumeRolePolicyDocument", &role.trust_policy);
    xml.optional("Description", role.description.as_deref());
    xml.number("MaxSessionDuration", u64::from(role.max_session_duration));
    if !is_whole {
        return;
    }
    write_role_end(xml, role);
}

fn write_role_end(xml: &mut Xml, role: &Role) {
    write_boundary(xml, role.permissions_boundary.as_deref());
    write_tags(xml, &role.tags);
    xml.open("RoleLastUsed");
    if let Some(used) = &role.last_used {
        xml.element("LastUsedDate", &used.last_used_date.iso8601_seconds());
        xml.element("Region", &used.region);
    }
    xml.close("RoleLastUsed");
}

/// Four lists on one page.
fn write_details(xml: &mut Xml, page: &Listing<AccountDetail>) {
    let of = |list: &'static str| page.items.iter().filter(move |detail| list_of(detail) == list);
    for list in DETAIL_LISTS {
        write_list(xml, list, of(list), write_detail);
    }
    write_end_of_page(xml, page);
}

fn list_of(detail: &AccountDetail) -> &'static str {
    match detail {
        AccountDetail::User { .. } => "UserDetailList",
        AccountDetail::Group { .. } => "GroupDetailList",
        AccountDetail::Role { .. } => "RoleDetailList",
        AccountDetail::Policy { .. } => "Policies",
    }
}

fn write_detail(xml: &mut Xml, detail: &AccountDetail) {
    match detail {
        AccountDetail::User {
            user,
            inline,
            groups,
            attached,
        } => {
            write_listed_user(xml, user);
            write_inline(xml, "UserPolicyList", inline);
            write_list(xml, "GroupList", groups, |xml, name| xml.plain(name));
            write_list(xml, "AttachedManagedPolicies", attached, write_attached);
            write_boundary(xml, user.permissions_boundary.as_deref());
            write_tags(xml, &user.tags);
        }
        AccountDetail::Group {
            group,
            inline,
            attached,
        } => {
            write_group(xml, group);
            write_inline(xml, "GroupPolicyList", inline);
            write_list(xml, "AttachedManagedPolicies", attached, write_attached);
        }
        AccountDetail::Role {
            role,
            inline,
            attached,
        } => {
            xml.element("Path", &role.path);
            xml.element("RoleName", &role.role_name);
            xml.element("RoleId", &role.role_id);
            xml.element("Arn", &role.arn);
            xml.element("CreateDate", &role.create_date.iso8601_seconds());
            write_document(xml, "AssumeRolePolicyDocument", &role.trust_policy);
            write_list(xml, "InstanceProfileList", [(); 0], |_, ()| {});
            write_inline(xml, "RolePolicyList", inline);
            write_list(xml, "AttachedManagedPolicies", attached, write_attached);
            write_role_end(xml, role);
        }
        AccountDetail::Policy { policy, versions } => {
            write_policy_of(xml, policy, true);
            write_list(xml, "PolicyVersionList", versions, write_version);
        }
    }
}

fn write_inline(xml: &mut Xml, list: &str, inline: &[InlinePolicy]) {
    write_list(xml, list, inline, |xml, policy| {
        xml.element("PolicyName", &policy.policy_name);
        write_document(xml, "PolicyDocument", &policy.document);
    });
}

fn write_provider(xml: &mut Xml, provider: &OidcProvider) {
    xml.element("Url", &provider.url);
    write_list(xml, "ClientIDList", &provider.client_ids, |xml, id| xml.plain(id));
    write_list(xml, "ThumbprintList", &provider.thumbprints, |xml, thumbprint| {
        xml.plain(thumbprint);
    });
    xml.element("CreateDate", &provider.create_date.iso8601_seconds());
    write_tags(xml, &provider.tags);
}

fn write_boundary(xml: &mut Xml, policy_arn: Option<&str>) {
    if let Some(policy_arn) = policy_arn {
        xml.open("PermissionsBoundary");
        xml.element("PermissionsBoundaryType", "Policy");
        xml.element("PermissionsBoundaryArn", policy_arn);
        xml.close("PermissionsBoundary");
    }
}

fn write_tags(xml: &mut Xml, tags: &[Tag]) {
    if !tags.is_empty() {
        write_list(xml, "Tags", tags, write_tag);
    }
}

fn write_tag(xml: &mut Xml, tag: &Tag) {
    xml.element("Key", &tag.key);
    xml.element("Value", &tag.value);
}

fn write_summary(xml: &mut Xml, entries: &[(&'static str, u64)]) {
    xml.open("SummaryMap");
    for (name, value) in entries {
        xml.open("entry");
        xml.element("key", name);
        xml.number("value", *value);
        xml.close("entry");
    }
    xml.close("SummaryMap");
}

fn write_simulated(xml: &mut Xml, simulated: &SimulatedAction) {
    xml.element("EvalActionName", &simulated.action);
    xml.element("EvalResourceName", &simulated.resource);
    xml.element("EvalDecision", simulated.decision);
    write_list(xml, "MatchedStatements", &simulated.matched, |xml, statement| {
        xml.element("SourcePolicyId", &statement.policy_id);
        xml.element("SourcePolicyType", statement.policy_type);
    });
    write_list(
        xml,
        "MissingContextValues",
        &simulated.missing_context,
        |xml, key| xml.plain(key),
    );
    if let Some(is_allowed) = simulated.is_allowed_by_boundary {
        xml.open("PermissionsBoundaryDecisionDetail");
        xml.boolean("AllowedByPermissionsBoundary", is_allowed);
        xml.close("PermissionsBoundaryDecisionDetail");
    }
}

/// RFC 3986: only unreserved characters stand for themselves.
fn write_document(xml: &mut Xml, name: &str, document: &str) {
    let mut encoded = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                encoded.extend(
                    [byte >> 4, byte & 0xf]
                        .map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'))
                        .map(|digit| digit.to_ascii_uppercase()),
                );
            }
        }
    }
    xml.element(name, &encoded);
}

/// The lists of what there is in an account, in their order.
const DETAIL_LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];
/// What IAM says of a key that was never used.
const NEVER: &str = "N/A";
