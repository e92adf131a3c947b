//! The tables of calls and answers of IAM: what each call may hold, and what the XML of each answer is.

use countersign_types::Moment;
use countersign_types::iam::{
    AccessKeyLastUsed, AccessKeyMetadata, AccessKeyStatus, AccountDetail, Answer, AttachedPolicy, Call,
    ContextEntry, EntityKind, Fault, Group, Holder, InlinePolicy, Listing, ManagedPolicy, NewAccessKey,
    OidcProvider, PageOf, PolicyHolder, PolicyScope, PolicyUsage, PolicyVersion, Role, RoleLastUsed,
    SimulatedAction, SimulatedStatement, Simulation, Tag, Tagged, User,
};

use crate::query::{self, Parameters, Service};

fn call(form: &str) -> Result<Call, Fault> {
    let whole = format!("Version=2010-05-08&{form}");
    let parameters = Parameters::read(None, whole.as_bytes())?;
    match query::parse(Service::Iam, parameters)? {
        query::Call::Iam(call) => Ok(call),
        query::Call::Sts(call) => unreachable!("{call:?}"),
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn user() -> Holder {
    Holder::User("u".to_owned())
}

fn group() -> Holder {
    Holder::Group("g".to_owned())
}

fn role() -> Holder {
    Holder::Role("r".to_owned())
}

fn tagged() -> [Tagged; 4] {
    let name = |name: &str| name.to_owned();
    [
        Tagged::User(name("u")),
        Tagged::Role(name("r")),
        Tagged::Policy(name("a")),
        Tagged::OidcProvider(name("a")),
    ]
}

fn page() -> PageOf {
    PageOf {
        marker: some("m"),
        max_items: Some(7),
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn simulation(policies: &[&str]) -> Simulation {
    Simulation {
        policies: policies.iter().map(|policy| (*policy).to_owned()).collect(),
        boundaries: vec!["b".to_owned()],
        actions: vec!["s3:GetObject".to_owned(), "s3:PutObject".to_owned()],
        resources: vec!["arn:aws:s3:::b/k".to_owned()],
        resource_policy: some("rp"),
        resource_owner: some("ro"),
        caller_arn: some("ca"),
        context: vec![ContextEntry {
            name: "aws:SourceIp".to_owned(),
            values: vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()],
        }],
        page: page(),
    }
}

const PAGE: &str = "Marker=m&MaxItems=7";
const TAGS: &str = "Tags.member.1.Key=k&Tags.member.1.Value=v";
const SIMULATION: &str = "PermissionsBoundaryPolicyInputList.member.1=b&ResourceArns.member.1=arn:aws:s3:::b/k&\
    ResourcePolicy=rp&ResourceOwner=ro&CallerArn=ca&ContextEntries.member.1.ContextKeyName=aws:SourceIp&\
    ContextEntries.member.1.ContextKeyType=ip&ContextEntries.member.1.ContextKeyValues.member.1=192.0.2.1&\
    ContextEntries.member.1.ContextKeyValues.member.2=192.0.2.2&ActionNames.member.2=s3:PutObject&Marker=m&MaxItems=7";

/// Each call: its action, what it must have, what it may have, and what it is with all of that.
fn calls() -> Vec<(&'static str, &'static str, String, Call)> {
    let name = |name: &str| name.to_owned();
    let text = |text: &str| text.to_owned();
    let tags = || vec![tag("k", "v")];
    let [of_user, of_role, of_policy, of_provider] = tagged();
    let keys = || vec!["k".to_owned()];
    let mut calls = vec![
        (
            "CreateUser",
            "UserName=u",
            format!("Path=/p/&PermissionsBoundary=b&{TAGS}"),
            Call::CreateUser {
                path: some("/p/"),
                user_name: name("u"),
                permissions_boundary: some("b"),
                tags: tags(),
            },
        ),
        (
            "GetUser",
            "",
            text("UserName=u"),
            Call::GetUser { user_name: some("u") },
        ),
        (
            "UpdateUser",
            "UserName=u",
            text("NewPath=/n/&NewUserName=n"),
            Call::UpdateUser {
                user_name: name("u"),
                new_path: some("/n/"),
                new_user_name: some("n"),
            },
        ),
        (
            "DeleteUser",
            "UserName=u",
            text(""),
            Call::DeleteUser { user_name: name("u") },
        ),
        (
            "ListUsers",
            "",
            format!("PathPrefix=/p&{PAGE}"),
            Call::ListUsers {
                path_prefix: some("/p"),
                page: page(),
            },
        ),
        (
            "CreateAccessKey",
            "",
            text("UserName=u&CountersignExpirationDate=2026-11-22T03%3A25%3A00Z"),
            Call::CreateAccessKey {
                user_name: some("u"),
                expiration_date: Some(Moment::from_seconds(1_795_317_900)),
            },
        ),
        (
            "ListAccessKeys",
            "",
            format!("UserName=u&{PAGE}"),
            Call::ListAccessKeys {
                user_name: some("u"),
                page: page(),
            },
        ),
        (
            "UpdateAccessKey",
            "AccessKeyId=AKIA&Status=Inactive",
            text("UserName=u"),
            Call::UpdateAccessKey {
                user_name: some("u"),
                access_key_id: name("AKIA"),
                status: AccessKeyStatus::Inactive,
            },
        ),
        (
            "DeleteAccessKey",
            "AccessKeyId=AKIA",
            text("UserName=u"),
            Call::DeleteAccessKey {
                user_name: some("u"),
                access_key_id: name("AKIA"),
            },
        ),
        (
            "GetAccessKeyLastUsed",
            "AccessKeyId=AKIA",
            text(""),
            Call::GetAccessKeyLastUsed {
                access_key_id: name("AKIA"),
            },
        ),
        (
            "GetLoginProfile",
            "",
            text("UserName=u"),
            Call::GetLoginProfile { user_name: some("u") },
        ),
        (
            "DeleteLoginProfile",
            "",
            text("UserName=u"),
            Call::DeleteLoginProfile { user_name: some("u") },
        ),
        (
            "ListMFADevices",
            "",
            format!("UserName=u&{PAGE}"),
            Call::ListMfaDevices {
                user_name: some("u"),
                page: page(),
            },
        ),
        (
            "ListSSHPublicKeys",
            "",
            format!("UserName=u&{PAGE}"),
            Call::ListSshPublicKeys {
                user_name: some("u"),
                page: page(),
            },
        ),
        (
            "ListSigningCertificates",
            "",
            format!("UserName=u&{PAGE}"),
            Call::ListSigningCertificates {
                user_name: some("u"),
                page: page(),
            },
        ),
        (
            "ListServiceSpecificCredentials",
            "",
            format!("UserName=u&ServiceName=s&AllUsers=true&{PAGE}"),
            Call::ListServiceSpecificCredentials { user_name: some("u") },
        ),
        (
            "CreateGroup",
            "GroupName=g",
            text("Path=/p/"),
            Call::CreateGroup {
                path: some("/p/"),
                group_name: name("g"),
            },
        ),
        (
            "GetGroup",
            "GroupName=g",
            text(PAGE),
            Call::GetGroup {
                group_name: name("g"),
                page: page(),
            },
        ),
        (
            "UpdateGroup",
            "GroupName=g",
            text("NewPath=/n/&NewGroupName=n"),
            Call::UpdateGroup {
                group_name: name("g"),
                new_path: some("/n/"),
                new_group_name: some("n"),
            },
        ),
        (
            "DeleteGroup",
            "GroupName=g",
            text(""),
            Call::DeleteGroup {
                group_name: name("g"),
            },
        ),
        (
            "ListGroups",
            "",
            format!("PathPrefix=/p&{PAGE}"),
            Call::ListGroups {
                path_prefix: some("/p"),
                page: page(),
            },
        ),
        (
            "AddUserToGroup",
            "GroupName=g&UserName=u",
            text(""),
            Call::AddUserToGroup {
                group_name: name("g"),
                user_name: name("u"),
            },
        ),
        (
            "RemoveUserFromGroup",
            "GroupName=g&UserName=u",
            text(""),
            Call::RemoveUserFromGroup {
                group_name: name("g"),
                user_name: name("u"),
            },
        ),
        (
            "ListGroupsForUser",
            "UserName=u",
            text(PAGE),
            Call::ListGroupsForUser {
                user_name: name("u"),
                page: page(),
            },
        ),
        (
            "CreatePolicy",
            "PolicyName=p&PolicyDocument=%7B%7D",
            format!("Path=/p/&Description=d&{TAGS}"),
            Call::CreatePolicy {
                path: some("/p/"),
                policy_name: name("p"),
                document: name("{}"),
                description: some("d"),
                tags: tags(),
            },
        ),
        (
            "GetPolicy",
            "PolicyArn=a",
            text(""),
            Call::GetPolicy {
                policy_arn: name("a"),
            },
        ),
        (
            "DeletePolicy",
            "PolicyArn=a",
            text(""),
            Call::DeletePolicy {
                policy_arn: name("a"),
            },
        ),
        (
            "ListPolicies",
            "",
            format!(
                "Scope=Local&OnlyAttached=true&PathPrefix=/p&PolicyUsageFilter=PermissionsBoundary&{PAGE}"
            ),
            Call::ListPolicies {
                scope: PolicyScope::Local,
                only_attached: true,
                path_prefix: some("/p"),
                usage: Some(PolicyUsage::PermissionsBoundary),
                page: page(),
            },
        ),
        (
            "CreatePolicyVersion",
            "PolicyArn=a&PolicyDocument=%7B%7D",
            text("SetAsDefault=true"),
            Call::CreatePolicyVersion {
                policy_arn: name("a"),
                document: name("{}"),
                set_as_default: true,
            },
        ),
        (
            "GetPolicyVersion",
            "PolicyArn=a&VersionId=v2",
            text(""),
            Call::GetPolicyVersion {
                policy_arn: name("a"),
                version_id: name("v2"),
            },
        ),
        (
            "DeletePolicyVersion",
            "PolicyArn=a&VersionId=v2",
            text(""),
            Call::DeletePolicyVersion {
                policy_arn: name("a"),
                version_id: name("v2"),
            },
        ),
        (
            "SetDefaultPolicyVersion",
            "PolicyArn=a&VersionId=v2",
            text(""),
            Call::SetDefaultPolicyVersion {
                policy_arn: name("a"),
                version_id: name("v2"),
            },
        ),
        (
            "ListPolicyVersions",
            "PolicyArn=a",
            text(PAGE),
            Call::ListPolicyVersions {
                policy_arn: name("a"),
                page: page(),
            },
        ),
        (
            "ListEntitiesForPolicy",
            "PolicyArn=a",
            format!("EntityFilter=Role&PathPrefix=/p&PolicyUsageFilter=PermissionsPolicy&{PAGE}"),
            Call::ListEntitiesForPolicy {
                policy_arn: name("a"),
                entity_filter: some("Role"),
                path_prefix: some("/p"),
                usage: Some(PolicyUsage::PermissionsPolicy),
                page: page(),
            },
        ),
        (
            "CreateRole",
            "RoleName=r&AssumeRolePolicyDocument=%7B%7D",
            format!("Path=/p/&Description=d&MaxSessionDuration=7200&PermissionsBoundary=b&{TAGS}"),
            Call::CreateRole {
                path: some("/p/"),
                role_name: name("r"),
                trust_policy: name("{}"),
                description: some("d"),
                max_session_duration: Some(7200),
                permissions_boundary: some("b"),
                tags: tags(),
            },
        ),
        (
            "GetRole",
            "RoleName=r",
            text(""),
            Call::GetRole { role_name: name("r") },
        ),
        (
            "UpdateRole",
            "RoleName=r",
            text("Description=&MaxSessionDuration=43200"),
            Call::UpdateRole {
                role_name: name("r"),
                description: some(""),
                max_session_duration: Some(43_200),
            },
        ),
        (
            "UpdateRoleDescription",
            "RoleName=r&Description=d",
            text(""),
            Call::UpdateRoleDescription {
                role_name: name("r"),
                description: name("d"),
            },
        ),
        (
            "UpdateAssumeRolePolicy",
            "RoleName=r&PolicyDocument=%7B%7D",
            text(""),
            Call::UpdateAssumeRolePolicy {
                role_name: name("r"),
                trust_policy: name("{}"),
            },
        ),
        (
            "DeleteRole",
            "RoleName=r",
            text(""),
            Call::DeleteRole { role_name: name("r") },
        ),
        (
            "ListRoles",
            "",
            format!("PathPrefix=/p&{PAGE}"),
            Call::ListRoles {
                path_prefix: some("/p"),
                page: page(),
            },
        ),
        (
            "ListInstanceProfilesForRole",
            "RoleName=r",
            text(PAGE),
            Call::ListInstanceProfilesForRole {
                role_name: name("r"),
                page: page(),
            },
        ),
        (
            "CreateOpenIDConnectProvider",
            "Url=https://i.example",
            format!("ClientIDList.member.1=c&ThumbprintList.member.1=t&{TAGS}"),
            Call::CreateOidcProvider {
                url: name("https://i.example"),
                client_ids: vec![name("c")],
                thumbprints: vec![name("t")],
                tags: tags(),
            },
        ),
        (
            "GetOpenIDConnectProvider",
            "OpenIDConnectProviderArn=a",
            text(""),
            Call::GetOidcProvider { arn: name("a") },
        ),
        (
            "DeleteOpenIDConnectProvider",
            "OpenIDConnectProviderArn=a",
            text(""),
            Call::DeleteOidcProvider { arn: name("a") },
        ),
        (
            "ListOpenIDConnectProviders",
            "",
            text(""),
            Call::ListOidcProviders,
        ),
        (
            "AddClientIDToOpenIDConnectProvider",
            "OpenIDConnectProviderArn=a&ClientID=c",
            text(""),
            Call::AddClientIdToOidcProvider {
                arn: name("a"),
                client_id: name("c"),
            },
        ),
        (
            "RemoveClientIDFromOpenIDConnectProvider",
            "OpenIDConnectProviderArn=a&ClientID=c",
            text(""),
            Call::RemoveClientIdFromOidcProvider {
                arn: name("a"),
                client_id: name("c"),
            },
        ),
        (
            "UpdateOpenIDConnectProviderThumbprint",
            "OpenIDConnectProviderArn=a&ThumbprintList.member.1=t",
            text(""),
            Call::UpdateOidcProviderThumbprint {
                arn: name("a"),
                thumbprints: vec![name("t")],
            },
        ),
        ("GetAccountSummary", "", text(""), Call::GetAccountSummary),
        (
            "ListAccountAliases",
            "",
            text(PAGE),
            Call::ListAccountAliases { page: page() },
        ),
        (
            "ListVirtualMFADevices",
            "",
            format!("AssignmentStatus=Any&{PAGE}"),
            Call::ListVirtualMfaDevices { page: page() },
        ),
        (
            "SimulatePrincipalPolicy",
            "PolicySourceArn=s&ActionNames.member.1=s3:GetObject",
            format!("PolicyInputList.member.1=p&{SIMULATION}"),
            Call::SimulatePrincipalPolicy {
                source_arn: name("s"),
                simulation: simulation(&["p"]),
            },
        ),
        (
            "SimulateCustomPolicy",
            "PolicyInputList.member.1=p&ActionNames.member.1=s3:GetObject",
            text(SIMULATION),
            Call::SimulateCustomPolicy {
                simulation: simulation(&["p"]),
            },
        ),
        (
            "GetContextKeysForPrincipalPolicy",
            "PolicySourceArn=s",
            text("PolicyInputList.member.1=p"),
            Call::GetContextKeysForPrincipalPolicy {
                source_arn: name("s"),
                policies: vec![name("p")],
            },
        ),
        (
            "GetContextKeysForCustomPolicy",
            "PolicyInputList.member.1=p",
            text(""),
            Call::GetContextKeysForCustomPolicy {
                policies: vec![name("p")],
            },
        ),
        (
            "GetAccountAuthorizationDetails",
            "",
            format!(
                "Filter.member.1=User&Filter.member.2=Role&Filter.member.3=Group&Filter.member.4=LocalManagedPolicy&\
                 Filter.member.5=AWSManagedPolicy&{PAGE}"
            ),
            Call::GetAccountAuthorizationDetails {
                filter: vec![
                    EntityKind::User,
                    EntityKind::Role,
                    EntityKind::Group,
                    EntityKind::LocalManagedPolicy,
                    EntityKind::AwsManagedPolicy,
                ],
                page: page(),
            },
        ),
        (
            "GenerateCredentialReport",
            "",
            text(""),
            Call::GenerateCredentialReport,
        ),
        ("GetCredentialReport", "", text(""), Call::GetCredentialReport),
        (
            "GetAccountPasswordPolicy",
            "",
            text(""),
            Call::GetAccountPasswordPolicy,
        ),
        (
            "DeleteAccountPasswordPolicy",
            "",
            text(""),
            Call::DeleteAccountPasswordPolicy,
        ),
        (
            "ListInstanceProfiles",
            "",
            format!("PathPrefix=/p&{PAGE}"),
            Call::ListInstanceProfiles {
                path_prefix: some("/p"),
                page: page(),
            },
        ),
        (
            "ListServerCertificates",
            "",
            format!("PathPrefix=/p&{PAGE}"),
            Call::ListServerCertificates {
                path_prefix: some("/p"),
                page: page(),
            },
        ),
        ("ListSAMLProviders", "", text(""), Call::ListSamlProviders),
    ];
    for (holder, names, required) in [
        (
            user(),
            [
                "AttachUserPolicy",
                "DetachUserPolicy",
                "ListAttachedUserPolicies",
                "PutUserPolicy",
                "GetUserPolicy",
                "DeleteUserPolicy",
                "ListUserPolicies",
            ],
            [
                "UserName=u",
                "UserName=u&PolicyArn=a",
                "UserName=u&PolicyName=p",
                "UserName=u&PolicyName=p&PolicyDocument=%7B%7D",
            ],
        ),
        (
            group(),
            [
                "AttachGroupPolicy",
                "DetachGroupPolicy",
                "ListAttachedGroupPolicies",
                "PutGroupPolicy",
                "GetGroupPolicy",
                "DeleteGroupPolicy",
                "ListGroupPolicies",
            ],
            [
                "GroupName=g",
                "GroupName=g&PolicyArn=a",
                "GroupName=g&PolicyName=p",
                "GroupName=g&PolicyName=p&PolicyDocument=%7B%7D",
            ],
        ),
        (
            role(),
            [
                "AttachRolePolicy",
                "DetachRolePolicy",
                "ListAttachedRolePolicies",
                "PutRolePolicy",
                "GetRolePolicy",
                "DeleteRolePolicy",
                "ListRolePolicies",
            ],
            [
                "RoleName=r",
                "RoleName=r&PolicyArn=a",
                "RoleName=r&PolicyName=p",
                "RoleName=r&PolicyName=p&PolicyDocument=%7B%7D",
            ],
        ),
    ] {
        let [attach, detach, list_attached, put, get, delete, list] = names;
        let [alone, with_arn, with_name, with_document] = required;
        let holder = || holder.clone();
        calls.extend([
            (
                attach,
                with_arn,
                text(""),
                Call::AttachPolicy {
                    holder: holder(),
                    policy_arn: name("a"),
                },
            ),
            (
                detach,
                with_arn,
                text(""),
                Call::DetachPolicy {
                    holder: holder(),
                    policy_arn: name("a"),
                },
            ),
            (
                list_attached,
                alone,
                format!("PathPrefix=/p&{PAGE}"),
                Call::ListAttachedPolicies {
                    holder: holder(),
                    path_prefix: some("/p"),
                    page: page(),
                },
            ),
            (
                put,
                with_document,
                text(""),
                Call::PutInlinePolicy {
                    holder: holder(),
                    policy_name: name("p"),
                    document: name("{}"),
                },
            ),
            (
                get,
                with_name,
                text(""),
                Call::GetInlinePolicy {
                    holder: holder(),
                    policy_name: name("p"),
                },
            ),
            (
                delete,
                with_name,
                text(""),
                Call::DeleteInlinePolicy {
                    holder: holder(),
                    policy_name: name("p"),
                },
            ),
            (
                list,
                alone,
                text(PAGE),
                Call::ListInlinePolicies {
                    holder: holder(),
                    page: page(),
                },
            ),
        ]);
    }
    for (holder, put, delete, required) in [
        (
            user(),
            "PutUserPermissionsBoundary",
            "DeleteUserPermissionsBoundary",
            ["UserName=u&PermissionsBoundary=a", "UserName=u"],
        ),
        (
            role(),
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
            ["RoleName=r&PermissionsBoundary=a", "RoleName=r"],
        ),
    ] {
        let [with_boundary, alone] = required;
        calls.extend([
            (
                put,
                with_boundary,
                text(""),
                Call::PutPermissionsBoundary {
                    holder: holder.clone(),
                    policy_arn: name("a"),
                },
            ),
            (
                delete,
                alone,
                text(""),
                Call::DeletePermissionsBoundary { holder },
            ),
        ]);
    }
    for (of, names, required) in [
        (
            of_user,
            ["TagUser", "UntagUser", "ListUserTags"],
            [
                "UserName=u&Tags.member.1.Key=k",
                "UserName=u&TagKeys.member.1=k",
                "UserName=u",
            ],
        ),
        (
            of_role,
            ["TagRole", "UntagRole", "ListRoleTags"],
            [
                "RoleName=r&Tags.member.1.Key=k",
                "RoleName=r&TagKeys.member.1=k",
                "RoleName=r",
            ],
        ),
        (
            of_policy,
            ["TagPolicy", "UntagPolicy", "ListPolicyTags"],
            [
                "PolicyArn=a&Tags.member.1.Key=k",
                "PolicyArn=a&TagKeys.member.1=k",
                "PolicyArn=a",
            ],
        ),
        (
            of_provider,
            [
                "TagOpenIDConnectProvider",
                "UntagOpenIDConnectProvider",
                "ListOpenIDConnectProviderTags",
            ],
            [
                "OpenIDConnectProviderArn=a&Tags.member.1.Key=k",
                "OpenIDConnectProviderArn=a&TagKeys.member.1=k",
                "OpenIDConnectProviderArn=a",
            ],
        ),
    ] {
        let [add, remove, list] = names;
        let [with_tag, with_key, alone] = required;
        calls.extend([
            (
                add,
                with_tag,
                text("Tags.member.1.Value=v"),
                Call::Tag {
                    of: of.clone(),
                    tags: tags(),
                },
            ),
            (
                remove,
                with_key,
                text(""),
                Call::Untag {
                    of: of.clone(),
                    keys: keys(),
                },
            ),
            (list, alone, text(PAGE), Call::ListTags { of, page: page() }),
        ]);
    }
    calls
}

#[test]
fn every_call_is_read_with_all_that_it_may_hold() {
    for (action, required, optional, expected) in calls() {
        let form = format!("Action={action}&{required}&{optional}");
        assert_eq!(call(&form), Ok(expected.clone()), "{form}");
        assert_eq!(super::name(&expected), format!("iam:{action}"));
        assert_eq!(
            query::Call::Iam(expected).action(),
            action,
            "the name in policies is the service and the action"
        );
    }
}

#[test]
fn what_a_call_must_have_is_asked_for_and_the_rest_is_not() {
    for (action, required, _, _) in calls() {
        let form = format!("Action={action}&{required}");
        assert!(call(&form).is_ok(), "{form}");
        let parameters: Vec<&str> = required.split('&').filter(|part| !part.is_empty()).collect();
        for left_out in &parameters {
            let rest: Vec<&str> = parameters
                .iter()
                .copied()
                .filter(|part| part != left_out)
                .collect();
            let form = format!("Action={action}&{}", rest.join("&"));
            let name = left_out.split(['=', '.']).next().unwrap_or_default();
            let (first, tail) = name.split_at(1);
            let expected = format!(
                "ValidationError: 1 validation error detected: Value null at '{}{tail}' failed to satisfy constraint: \
                 Member must not be null",
                first.to_ascii_lowercase()
            );
            assert_eq!(
                call(&form).map_err(|fault| fault.to_string()),
                Err(expected),
                "{form}"
            );
        }
    }
}

#[test]
fn a_parameter_that_a_call_does_not_have_is_refused() {
    for (action, required, _, _) in calls() {
        let form = format!("Action={action}&{required}&PermisionsBoundary=a");
        let told = call(&form).map_err(|fault| fault.to_string());
        let expected =
            format!("ValidationError: PermisionsBoundary is not a parameter of {action} that is known here");
        assert_eq!(told, Err(expected));
    }
}

#[test]
fn a_call_that_is_not_here_is_told_apart_from_one_that_is_nowhere() {
    let check = |action: &str, expected: &str| {
        let told = call(&format!("Action={action}")).map_err(|fault| fault.to_string());
        assert_eq!(told, Err(expected.to_owned()));
    };
    for action in super::not_here::NOT_HERE {
        check(
            action,
            &format!("NotImplemented: {action} is not implemented by this server"),
        );
    }
    for action in ["CreateUsers", "createUser", "AssumeRole", "GetObject"] {
        check(
            action,
            &format!("InvalidAction: Could not find operation {action} for version 2010-05-08"),
        );
    }
    assert!(super::not_here::NOT_HERE.is_sorted());
    for (action, ..) in calls() {
        assert!(!super::not_here::NOT_HERE.contains(&action), "{action}");
    }
}

fn at() -> Moment {
    Moment::from_seconds(1_369_353_600)
}

const DATE: &str = "2013-05-24T00:00:00Z";

/// Holds the answer to a call against the content of the element of the answer.
fn check(call: Call, answer: Answer, expected: &str) {
    let call = query::Call::Iam(call);
    let written = query::encode(&call, &query::Answer::Iam(answer), "R1");
    let action = call.action();
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
         {}<ResponseMetadata><RequestId>R1</RequestId></ResponseMetadata></{action}Response>",
        expected.replace("AT", DATE)
    );
    assert_eq!(String::from_utf8_lossy(&written), expected, "{action}");
}

/// As [`check`], for an answer with a result.
fn check_result(form: &str, answer: Answer, expected: &str) {
    let call = call(&format!("Action={form}")).expect("a call");
    let action = form.split('&').next().unwrap_or_default();
    check(
        call,
        answer,
        &format!("<{action}Result>{expected}</{action}Result>"),
    );
}

fn listing<T>(items: Vec<T>, marker: Option<&str>) -> Listing<T> {
    Listing {
        items,
        marker: marker.map(str::to_owned),
    }
}

fn ada() -> User {
    User {
        path: "/p/".to_owned(),
        user_name: "ada".to_owned(),
        user_id: "AIDA1".to_owned(),
        arn: "arn:aws:iam::000000000001:user/p/ada".to_owned(),
        create_date: at(),
        permissions_boundary: some("arn:b"),
        tags: vec![tag("k", "<v>")],
    }
}

const ADA: &str = "<Path>/p/</Path><UserName>ada</UserName><UserId>AIDA1</UserId>\
    <Arn>arn:aws:iam::000000000001:user/p/ada</Arn><CreateDate>AT</CreateDate>";
const MORE: &str = "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
    <PermissionsBoundaryArn>arn:b</PermissionsBoundaryArn></PermissionsBoundary>\
    <Tags><member><Key>k</Key><Value>&lt;v&gt;</Value></member></Tags>";

#[test]
fn users_are_written() {
    check_result(
        "CreateUser&UserName=ada",
        Answer::User(ada()),
        &format!("<User>{ADA}{MORE}</User>"),
    );
    let plain = User {
        permissions_boundary: None,
        tags: Vec::new(),
        ..ada()
    };
    check_result("GetUser", Answer::User(plain), &format!("<User>{ADA}</User>"));
    check_result(
        "ListUsers",
        Answer::Users(listing(vec![ada(), ada()], Some("m"))),
        &format!(
            "<Users><member>{ADA}</member><member>{ADA}</member></Users><IsTruncated>true</IsTruncated><Marker>m</Marker>"
        ),
    );
    check_result(
        "ListUsers",
        Answer::Users(listing(Vec::new(), None)),
        "<Users></Users><IsTruncated>false</IsTruncated>",
    );
}

#[test]
fn calls_without_a_result_answer_that_they_were_done() {
    let done = |form: &str, expected: &str| {
        check(
            call(&format!("Action={form}")).expect("a call"),
            Answer::Done,
            expected,
        );
    };
    done("DeleteUser&UserName=u", "");
    done("AttachUserPolicy&UserName=u&PolicyArn=a", "");
    done("TagRole&RoleName=r&Tags.member.1.Key=k", "");
    // The one whose model has an empty result.
    done("UpdateRole&RoleName=r", "<UpdateRoleResult></UpdateRoleResult>");
}

#[test]
fn access_keys_are_written() {
    let metadata = |user_name: Option<&str>, expiration_date| AccessKeyMetadata {
        user_name: user_name.map(str::to_owned),
        access_key_id: "AKIA1".to_owned(),
        status: AccessKeyStatus::Active,
        create_date: at(),
        expiration_date,
    };
    let new = |expiration_date| {
        Answer::NewAccessKey(NewAccessKey {
            metadata: metadata(Some("ada"), expiration_date),
            secret_access_key: "s".to_owned(),
        })
    };
    let key = "<UserName>ada</UserName><AccessKeyId>AKIA1</AccessKeyId><Status>Active</Status>";
    let secret = "<SecretAccessKey>s</SecretAccessKey><CreateDate>AT</CreateDate>";
    check_result(
        "CreateAccessKey",
        new(None),
        &format!("<AccessKey>{key}{secret}</AccessKey>"),
    );
    let end = "<CountersignExpirationDate>AT</CountersignExpirationDate>";
    check_result(
        "CreateAccessKey",
        new(Some(at())),
        &format!("<AccessKey>{key}{secret}{end}</AccessKey>"),
    );
    check_result(
        "ListAccessKeys",
        Answer::AccessKeys {
            user_name: some("ada"),
            keys: listing(vec![metadata(Some("ada"), Some(at()))], None),
        },
        &format!(
            "<UserName>ada</UserName><AccessKeyMetadata><member>{key}<CreateDate>AT</CreateDate>{end}</member>\
             </AccessKeyMetadata><IsTruncated>false</IsTruncated>"
        ),
    );
    check_result(
        "ListAccessKeys",
        Answer::AccessKeys {
            user_name: None,
            keys: listing(vec![metadata(None, None)], None),
        },
        "<AccessKeyMetadata><member><AccessKeyId>AKIA1</AccessKeyId><Status>Active</Status><CreateDate>AT</CreateDate>\
         </member></AccessKeyMetadata><IsTruncated>false</IsTruncated>",
    );
    check_result(
        "GetAccessKeyLastUsed&AccessKeyId=AKIA1",
        Answer::AccessKeyLastUsed(AccessKeyLastUsed {
            user_name: some("ada"),
            last_used_date: Some(at()),
            region: some("us-east-1"),
            service_name: some("s3"),
            user_agent: some("boto3@127.0.0.1"),
        }),
        "<UserName>ada</UserName><AccessKeyLastUsed><LastUsedDate>AT</LastUsedDate><ServiceName>s3</ServiceName>\
         <Region>us-east-1</Region><CountersignUserAgent>boto3@127.0.0.1</CountersignUserAgent></AccessKeyLastUsed>",
    );
    check_result(
        "GetAccessKeyLastUsed&AccessKeyId=AKIA1",
        Answer::AccessKeyLastUsed(AccessKeyLastUsed {
            user_name: some("ada"),
            last_used_date: None,
            region: None,
            service_name: None,
            user_agent: None,
        }),
        "<UserName>ada</UserName><AccessKeyLastUsed><ServiceName>N/A</ServiceName><Region>N/A</Region></AccessKeyLastUsed>",
    );
}

#[test]
fn groups_are_written() {
    let all = || Group {
        path: "/".to_owned(),
        group_name: "all".to_owned(),
        group_id: "AGPA1".to_owned(),
        arn: "arn:g".to_owned(),
        create_date: at(),
    };
    let written = "<Path>/</Path><GroupName>all</GroupName><GroupId>AGPA1</GroupId><Arn>arn:g</Arn><CreateDate>AT</CreateDate>";
    check_result(
        "CreateGroup&GroupName=all",
        Answer::Group(all()),
        &format!("<Group>{written}</Group>"),
    );
    check_result(
        "GetGroup&GroupName=all",
        Answer::GroupWithUsers {
            group: all(),
            users: listing(vec![ada()], Some("m")),
        },
        &format!(
            "<Group>{written}</Group><Users><member>{ADA}</member></Users><IsTruncated>true</IsTruncated><Marker>m</Marker>"
        ),
    );
    for form in ["ListGroups", "ListGroupsForUser&UserName=ada"] {
        check_result(
            form,
            Answer::Groups(listing(vec![all()], None)),
            &format!("<Groups><member>{written}</member></Groups><IsTruncated>false</IsTruncated>"),
        );
    }
}

#[test]
fn managed_policies_are_written() {
    let policy = || ManagedPolicy {
        policy_name: "p".to_owned(),
        policy_id: "ANPA1".to_owned(),
        arn: "arn:p".to_owned(),
        path: "/".to_owned(),
        default_version_id: "v2".to_owned(),
        attachment_count: 3,
        permissions_boundary_usage_count: 1,
        description: some("d"),
        create_date: at(),
        update_date: at(),
        tags: vec![tag("k", "v")],
    };
    let before = "<PolicyName>p</PolicyName><PolicyId>ANPA1</PolicyId><Arn>arn:p</Arn><Path>/</Path>\
        <DefaultVersionId>v2</DefaultVersionId><AttachmentCount>3</AttachmentCount>\
        <PermissionsBoundaryUsageCount>1</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>";
    let dates = "<CreateDate>AT</CreateDate><UpdateDate>AT</UpdateDate>";
    check_result(
        "GetPolicy&PolicyArn=a",
        Answer::Policy(policy()),
        &format!(
            "<Policy>{before}<Description>d</Description>{dates}<Tags><member><Key>k</Key><Value>v</Value></member></Tags></Policy>"
        ),
    );
    check_result(
        "ListPolicies",
        Answer::Policies(listing(vec![policy()], None)),
        &format!("<Policies><member>{before}{dates}</member></Policies><IsTruncated>false</IsTruncated>"),
    );
    let version = |document: Option<&str>| PolicyVersion {
        document: document.map(str::to_owned),
        version_id: "v1".to_owned(),
        is_default_version: true,
        create_date: at(),
    };
    let rest =
        "<VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>AT</CreateDate>";
    check_result(
        "GetPolicyVersion&PolicyArn=a&VersionId=v1",
        Answer::PolicyVersion(version(Some("{\"a\": \"ä~-_.*/\"}\n"))),
        &format!(
            "<PolicyVersion><Document>%7B%22a%22%3A%20%22%C3%A4~-_.%2A%2F%22%7D%0A</Document>{rest}</PolicyVersion>"
        ),
    );
    check_result(
        "ListPolicyVersions&PolicyArn=a",
        Answer::PolicyVersions(listing(vec![version(None)], None)),
        &format!("<Versions><member>{rest}</member></Versions><IsTruncated>false</IsTruncated>"),
    );
    check_result(
        "ListAttachedRolePolicies&RoleName=r",
        Answer::AttachedPolicies(listing(
            vec![AttachedPolicy {
                policy_name: "p".to_owned(),
                policy_arn: "arn:p".to_owned(),
            }],
            None,
        )),
        "<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:p</PolicyArn></member></AttachedPolicies>\
         <IsTruncated>false</IsTruncated>",
    );
    let holders = vec![
        PolicyHolder::User {
            name: "u".to_owned(),
            id: "AIDA1".to_owned(),
        },
        PolicyHolder::Group {
            name: "g".to_owned(),
            id: "AGPA1".to_owned(),
        },
        PolicyHolder::Role {
            name: "r".to_owned(),
            id: "AROA1".to_owned(),
        },
    ];
    check_result(
        "ListEntitiesForPolicy&PolicyArn=a",
        Answer::PolicyHolders(listing(holders, None)),
        "<PolicyGroups><member><GroupName>g</GroupName><GroupId>AGPA1</GroupId></member></PolicyGroups>\
         <PolicyUsers><member><UserName>u</UserName><UserId>AIDA1</UserId></member></PolicyUsers>\
         <PolicyRoles><member><RoleName>r</RoleName><RoleId>AROA1</RoleId></member></PolicyRoles>\
         <IsTruncated>false</IsTruncated>",
    );
}

#[test]
fn inline_policies_are_written_with_whose_they_are() {
    for (form, holder) in [
        ("GetUserPolicy&UserName=u", "<UserName>u</UserName>"),
        ("GetGroupPolicy&GroupName=g", "<GroupName>g</GroupName>"),
        ("GetRolePolicy&RoleName=r", "<RoleName>r</RoleName>"),
    ] {
        check_result(
            &format!("{form}&PolicyName=p"),
            Answer::InlinePolicy {
                policy_name: "p".to_owned(),
                document: "{}".to_owned(),
            },
            &format!("{holder}<PolicyName>p</PolicyName><PolicyDocument>%7B%7D</PolicyDocument>"),
        );
    }
    check_result(
        "ListUserPolicies&UserName=u",
        Answer::InlinePolicies(listing(vec!["p".to_owned(), "q".to_owned()], Some("m"))),
        "<PolicyNames><member>p</member><member>q</member></PolicyNames><IsTruncated>true</IsTruncated><Marker>m</Marker>",
    );
}

#[test]
fn roles_are_written() {
    let reader = |last_used| Role {
        path: "/".to_owned(),
        role_name: "reader".to_owned(),
        role_id: "AROA1".to_owned(),
        arn: "arn:r".to_owned(),
        create_date: at(),
        trust_policy: "{}".to_owned(),
        description: some("d"),
        max_session_duration: 3600,
        permissions_boundary: some("arn:b"),
        tags: vec![tag("k", "<v>")],
        last_used,
    };
    let written = "<Path>/</Path><RoleName>reader</RoleName><RoleId>AROA1</RoleId><Arn>arn:r</Arn><CreateDate>AT</CreateDate>\
        <AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument><Description>d</Description>\
        <MaxSessionDuration>3600</MaxSessionDuration>";
    check_result(
        "GetRole&RoleName=reader",
        Answer::Role(reader(Some(RoleLastUsed {
            last_used_date: at(),
            region: "us-east-1".to_owned(),
        }))),
        &format!(
            "<Role>{written}{MORE}<RoleLastUsed><LastUsedDate>AT</LastUsedDate><Region>us-east-1</Region></RoleLastUsed></Role>"
        ),
    );
    check_result(
        "UpdateRoleDescription&RoleName=reader&Description=d",
        Answer::Role(reader(None)),
        &format!("<Role>{written}{MORE}<RoleLastUsed></RoleLastUsed></Role>"),
    );
    check_result(
        "ListRoles",
        Answer::Roles(listing(vec![reader(None)], None)),
        &format!("<Roles><member>{written}</member></Roles><IsTruncated>false</IsTruncated>"),
    );
}

#[test]
fn identity_providers_are_written() {
    let provider = || OidcProvider {
        arn: "arn:o".to_owned(),
        url: "i.example".to_owned(),
        client_ids: vec!["c".to_owned()],
        thumbprints: vec!["t".to_owned()],
        create_date: at(),
        tags: vec![tag("k", "v")],
    };
    let tags = "<Tags><member><Key>k</Key><Value>v</Value></member></Tags>";
    check_result(
        "CreateOpenIDConnectProvider&Url=https://i.example",
        Answer::OidcProvider(provider()),
        &format!("<OpenIDConnectProviderArn>arn:o</OpenIDConnectProviderArn>{tags}"),
    );
    check_result(
        "GetOpenIDConnectProvider&OpenIDConnectProviderArn=arn:o",
        Answer::OidcProvider(provider()),
        &format!(
            "<Url>i.example</Url><ClientIDList><member>c</member></ClientIDList><ThumbprintList><member>t</member>\
             </ThumbprintList><CreateDate>AT</CreateDate>{tags}"
        ),
    );
    check_result(
        "ListOpenIDConnectProviders",
        Answer::OidcProviders(vec!["arn:o".to_owned()]),
        "<OpenIDConnectProviderList><member><Arn>arn:o</Arn></member></OpenIDConnectProviderList>",
    );
}

#[test]
fn tags_summaries_and_simulations_are_written() {
    check_result(
        "ListUserTags&UserName=u",
        Answer::Tags(listing(vec![tag("k", "")], None)),
        "<Tags><member><Key>k</Key><Value></Value></member></Tags><IsTruncated>false</IsTruncated>",
    );
    check_result(
        "GetAccountSummary",
        Answer::AccountSummary(vec![("Users", 2), ("UsersQuota", 5000)]),
        "<SummaryMap><entry><key>Users</key><value>2</value></entry><entry><key>UsersQuota</key><value>5000</value>\
         </entry></SummaryMap>",
    );
    let simulated = SimulatedAction {
        action: "s3:GetObject".to_owned(),
        resource: "*".to_owned(),
        decision: "explicitDeny",
        matched: vec![SimulatedStatement {
            policy_id: "p".to_owned(),
            policy_type: "user",
        }],
        missing_context: vec!["aws:SourceIp".to_owned()],
        is_allowed_by_boundary: Some(false),
    };
    check_result(
        "SimulatePrincipalPolicy&PolicySourceArn=s&ActionNames.member.1=s3:GetObject",
        Answer::Simulated(listing(vec![simulated], None)),
        "<EvaluationResults><member><EvalActionName>s3:GetObject</EvalActionName><EvalResourceName>*</EvalResourceName>\
         <EvalDecision>explicitDeny</EvalDecision><MatchedStatements><member><SourcePolicyId>p</SourcePolicyId>\
         <SourcePolicyType>user</SourcePolicyType></member></MatchedStatements><MissingContextValues>\
         <member>aws:SourceIp</member></MissingContextValues><PermissionsBoundaryDecisionDetail>\
         <AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail></member>\
         </EvaluationResults><IsTruncated>false</IsTruncated>",
    );
}

#[test]
fn lists_of_what_is_not_here_are_empty() {
    for (form, element) in [
        ("ListMFADevices", "MFADevices"),
        ("ListSSHPublicKeys", "SSHPublicKeys"),
        ("ListSigningCertificates", "Certificates"),
        ("ListServiceSpecificCredentials", "ServiceSpecificCredentials"),
        ("ListInstanceProfilesForRole&RoleName=r", "InstanceProfiles"),
        ("ListAccountAliases", "AccountAliases"),
        ("ListVirtualMFADevices", "VirtualMFADevices"),
        ("ListInstanceProfiles", "InstanceProfiles"),
        ("ListServerCertificates", "ServerCertificateMetadataList"),
    ] {
        check_result(
            form,
            Answer::Nothing,
            &format!("<{element}></{element}><IsTruncated>false</IsTruncated>"),
        );
    }
    check_result(
        "ListSAMLProviders",
        Answer::Nothing,
        "<SAMLProviderList></SAMLProviderList>",
    );
}

#[test]
fn what_there_is_in_an_account_is_written_in_four_lists() {
    let inline = || {
        vec![InlinePolicy {
            policy_name: "own".to_owned(),
            document: "{}".to_owned(),
        }]
    };
    let attached = || {
        vec![AttachedPolicy {
            policy_name: "p".to_owned(),
            policy_arn: "arn:p".to_owned(),
        }]
    };
    let role = Role {
        path: "/".to_owned(),
        role_name: "reader".to_owned(),
        role_id: "AROA1".to_owned(),
        arn: "arn:r".to_owned(),
        create_date: at(),
        trust_policy: "{}".to_owned(),
        description: some("d"),
        max_session_duration: 3600,
        permissions_boundary: some("arn:b"),
        tags: vec![tag("k", "<v>")],
        last_used: None,
    };
    let group = Group {
        path: "/".to_owned(),
        group_name: "all".to_owned(),
        group_id: "AGPA1".to_owned(),
        arn: "arn:g".to_owned(),
        create_date: at(),
    };
    let policy = ManagedPolicy {
        policy_name: "p".to_owned(),
        policy_id: "ANPA1".to_owned(),
        arn: "arn:p".to_owned(),
        path: "/".to_owned(),
        default_version_id: "v1".to_owned(),
        attachment_count: 1,
        permissions_boundary_usage_count: 0,
        description: some("d"),
        create_date: at(),
        update_date: at(),
        tags: vec![tag("k", "v")],
    };
    let version = PolicyVersion {
        document: some("{}"),
        version_id: "v1".to_owned(),
        is_default_version: true,
        create_date: at(),
    };
    let details = vec![
        AccountDetail::User {
            user: ada(),
            inline: inline(),
            groups: vec!["all".to_owned()],
            attached: attached(),
        },
        AccountDetail::Group {
            group,
            inline: inline(),
            attached: attached(),
        },
        AccountDetail::Role {
            role,
            inline: inline(),
            attached: attached(),
        },
        AccountDetail::Policy {
            policy,
            versions: vec![version],
        },
    ];
    let own = "<member><PolicyName>own</PolicyName><PolicyDocument>%7B%7D</PolicyDocument></member>";
    let managed = "<AttachedManagedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:p</PolicyArn></member>\
        </AttachedManagedPolicies>";
    check_result(
        "GetAccountAuthorizationDetails",
        Answer::AccountDetails(listing(details, Some("m"))),
        &format!(
            "<UserDetailList><member>{ADA}<UserPolicyList>{own}</UserPolicyList><GroupList><member>all</member></GroupList>\
             {managed}{MORE}</member></UserDetailList>\
             <GroupDetailList><member><Path>/</Path><GroupName>all</GroupName><GroupId>AGPA1</GroupId><Arn>arn:g</Arn>\
             <CreateDate>AT</CreateDate><GroupPolicyList>{own}</GroupPolicyList>{managed}</member></GroupDetailList>\
             <RoleDetailList><member><Path>/</Path><RoleName>reader</RoleName><RoleId>AROA1</RoleId><Arn>arn:r</Arn>\
             <CreateDate>AT</CreateDate><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>\
             <InstanceProfileList></InstanceProfileList><RolePolicyList>{own}</RolePolicyList>{managed}{MORE}\
             <RoleLastUsed></RoleLastUsed></member></RoleDetailList>\
             <Policies><member><PolicyName>p</PolicyName><PolicyId>ANPA1</PolicyId><Arn>arn:p</Arn><Path>/</Path>\
             <DefaultVersionId>v1</DefaultVersionId><AttachmentCount>1</AttachmentCount>\
             <PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>\
             <Description>d</Description><CreateDate>AT</CreateDate><UpdateDate>AT</UpdateDate><PolicyVersionList><member>\
             <Document>%7B%7D</Document><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion>\
             <CreateDate>AT</CreateDate></member></PolicyVersionList></member></Policies>\
             <IsTruncated>true</IsTruncated><Marker>m</Marker>"
        ),
    );
    let wrong = call("Action=GetAccountAuthorizationDetails&Filter.member.1=Users");
    assert_eq!(
        wrong.map_err(|fault| fault.to_string()),
        Err(
            "ValidationError: 1 validation error detected: Value 'Users' at 'filter' failed to satisfy constraint: Member \
             must satisfy enum value set: [User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]"
                .to_owned()
        )
    );
}

#[test]
fn reports_and_keys_of_policies_are_written() {
    check_result(
        "GenerateCredentialReport",
        Answer::CredentialReportReady,
        "<State>COMPLETE</State><Description>The report is made when it is asked for.</Description>",
    );
    let report = Answer::CredentialReport {
        content: "a,b".to_owned(),
        generated: at(),
    };
    check_result(
        "GetCredentialReport",
        report,
        "<Content>YSxi</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>AT</GeneratedTime>",
    );
    for form in [
        "GetContextKeysForPrincipalPolicy&PolicySourceArn=s",
        "GetContextKeysForCustomPolicy&PolicyInputList.member.1=p",
    ] {
        check_result(
            form,
            Answer::ContextKeys(vec!["aws:sourceip".to_owned()]),
            "<ContextKeyNames><member>aws:sourceip</member></ContextKeyNames>",
        );
    }
}
