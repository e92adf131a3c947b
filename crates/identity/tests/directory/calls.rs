//! What IAM takes, what it refuses and in which words: each call by its rules.

use crate::support::*;
use FaultCode::{DeleteConflict, EntityAlreadyExists, InvalidInput, MalformedPolicyDocument, NoSuchEntity};
use FaultCode::{UnmodifiableEntity, ValidationError};
use countersign_types::iam::{Answer, Call, FaultCode, Holder, PageOf, Tag, Tagged};

fn rename_user(name: &str, path: Option<&str>, new_name: Option<&str>) -> Call {
    Call::UpdateUser {
        user_name: name.to_owned(),
        new_path: path.map(str::to_owned),
        new_user_name: new_name.map(str::to_owned),
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

#[tokio::test]
async fn a_user_is_made_found_listed_renamed_and_removed() {
    let world = World::new().await;
    let made = world
        .done(Call::CreateUser {
            path: Some("/division/".to_owned()),
            user_name: "Ada".to_owned(),
            permissions_boundary: Some("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()),
            tags: vec![tag("team", "red")],
        })
        .await;
    let Answer::User(made) = made else {
        panic!("{made:?}");
    };
    assert_eq!(made.arn, "arn:aws:iam::000000000001:user/division/Ada");
    assert!(made.user_id.starts_with("AIDA") && made.create_date == at(0));
    assert_eq!(world.done(get_user("Ada")).await, Answer::User(made.clone()));

    world
        .refused(
            create_user("ADA"),
            EntityAlreadyExists,
            "User with name ADA already exists.",
        )
        .await;
    // Found whatever the case, and told as it is spelled.
    assert_eq!(world.done(get_user("aDA")).await, Answer::User(made.clone()));
    world.user("bob").await;
    world
        .refused(
            rename_user("Ada", None, Some("BOB")),
            EntityAlreadyExists,
            "User with name BOB already exists.",
        )
        .await;
    world.done(rename_user("Ada", Some("/"), Some("ada"))).await;
    let Answer::User(renamed) = world.done(get_user("ada")).await else {
        panic!("a user");
    };
    assert_eq!(
        (renamed.arn.as_str(), &renamed.user_id),
        ("arn:aws:iam::000000000001:user/ada", &made.user_id)
    );

    let list = |prefix: &str| Call::ListUsers {
        path_prefix: Some(prefix.to_owned()),
        page: page(),
    };
    for (prefix, expected) in [("/", vec!["ada", "bob"]), ("/division/", vec![])] {
        let Answer::Users(listed) = world.done(list(prefix)).await else {
            panic!("users");
        };
        let names: Vec<&str> = listed.items.iter().map(|user| user.user_name.as_str()).collect();
        assert_eq!((names, listed.marker), (expected, None), "{prefix}");
    }
    assert_eq!(world.done(delete_user("ada")).await, Answer::Done);
    world
        .refused(
            delete_user("ada"),
            NoSuchEntity,
            "The user with name ada cannot be found.",
        )
        .await;
}

#[tokio::test]
async fn a_user_goes_only_when_nothing_hangs_on_it() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    world.done(put_inline(&user("ada"), "p", ALLOW_ALL)).await;
    world
        .done(attach(&user("ada"), "arn:aws:iam::aws:policy/ReadOnlyAccess"))
        .await;
    world.done(create_group("devs")).await;
    world.done(add_to_group("devs", "ada")).await;
    let id = key.metadata.access_key_id;
    let steps = [
        (
            "Cannot delete entity, must delete access keys first.",
            delete_key("ada", &id),
        ),
        (
            "Cannot delete entity, must delete policies first.",
            Call::DeleteInlinePolicy {
                holder: user("ada"),
                policy_name: "p".to_owned(),
            },
        ),
        (
            "Cannot delete entity, must detach all policies first.",
            Call::DetachPolicy {
                holder: user("ada"),
                policy_arn: "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned(),
            },
        ),
        (
            "Cannot delete entity, must remove users from group first.",
            Call::RemoveUserFromGroup {
                group_name: "devs".to_owned(),
                user_name: "ada".to_owned(),
            },
        ),
    ];
    for (message, step) in steps {
        world.refused(delete_user("ada"), DeleteConflict, message).await;
        world.done(step).await;
    }
    world.done(delete_user("ada")).await;
}

#[tokio::test]
async fn a_group_has_members_and_goes_when_they_are_gone() {
    let world = World::new().await;
    world.done(create_group("devs")).await;
    world
        .refused(
            create_group("Devs"),
            EntityAlreadyExists,
            "Group with name Devs already exists.",
        )
        .await;
    for name in ["bob", "ada"] {
        world.user(name).await;
        world.done(add_to_group("devs", name)).await;
        world.done(add_to_group("devs", name)).await;
    }
    let find = || Call::GetGroup {
        group_name: "devs".to_owned(),
        page: page(),
    };
    let Answer::GroupWithUsers { group, users } = world.done(find()).await else {
        panic!("a group");
    };
    assert_eq!(group.arn, "arn:aws:iam::000000000001:group/devs");
    let names: Vec<&str> = users.items.iter().map(|user| user.user_name.as_str()).collect();
    assert_eq!(names, ["ada", "bob"]);

    let delete = || Call::DeleteGroup {
        group_name: "devs".to_owned(),
    };
    let remove = |name: &str| Call::RemoveUserFromGroup {
        group_name: "devs".to_owned(),
        user_name: name.to_owned(),
    };
    let message = "Cannot delete entity, must remove users from group first.";
    world.refused(delete(), DeleteConflict, message).await;
    world.done(remove("ada")).await;
    world.done(remove("bob")).await;
    let message = "The user with name bob is not in the group with name devs.";
    world.refused(remove("bob"), NoSuchEntity, message).await;
    let devs = Holder::Group("devs".to_owned());
    world.done(put_inline(&devs, "p", ALLOW_ALL)).await;
    world
        .refused(
            delete(),
            DeleteConflict,
            "Cannot delete entity, must delete policies first.",
        )
        .await;
    // What is inside a group goes with its name.
    world
        .done(Call::UpdateGroup {
            group_name: "devs".to_owned(),
            new_path: None,
            new_group_name: Some("developers".to_owned()),
        })
        .await;
    world
        .refused(find(), NoSuchEntity, "The group with name devs cannot be found.")
        .await;
    let Answer::InlinePolicies(inside) = world
        .done(Call::ListInlinePolicies {
            holder: Holder::Group("developers".to_owned()),
            page: page(),
        })
        .await
    else {
        panic!("names");
    };
    assert_eq!(inside.items, ["p"]);
}

#[tokio::test]
async fn a_managed_policy_has_versions_of_which_one_is_in_use() {
    let world = World::new().await;
    let arn = world.policy("readers", &allowing("s3:GetObject")).await;
    assert_eq!(arn, "arn:aws:iam::000000000001:policy/readers");
    let message = "A policy called Readers already exists. Duplicate names are not allowed.";
    world
        .refused(create_policy("Readers", ALLOW_ALL), EntityAlreadyExists, message)
        .await;
    let create = |set_as_default| Call::CreatePolicyVersion {
        policy_arn: arn.clone(),
        document: allowing("s3:*"),
        set_as_default,
    };
    let version = |id: &str| (arn.clone(), id.to_owned());
    let delete = |id: &str| {
        let (policy_arn, version_id) = version(id);
        Call::DeletePolicyVersion {
            policy_arn,
            version_id,
        }
    };
    let set = |id: &str| {
        let (policy_arn, version_id) = version(id);
        Call::SetDefaultPolicyVersion {
            policy_arn,
            version_id,
        }
    };
    let Answer::PolicyVersion(second) = world.done(create(true)).await else {
        panic!("a version");
    };
    assert_eq!(
        (
            second.version_id.as_str(),
            second.is_default_version,
            second.document
        ),
        ("v2", true, None)
    );
    world
        .refused(
            delete("v2"),
            DeleteConflict,
            "Cannot delete the default version of a policy.",
        )
        .await;
    world.done(set("v1")).await;
    world.done(delete("v2")).await;
    let Answer::PolicyVersion(third) = world.done(create(false)).await else {
        panic!("a version");
    };
    // A number is not given twice.
    assert_eq!(
        (third.version_id.as_str(), third.is_default_version),
        ("v3", false)
    );
    let message = format!("Policy {arn} version v2 does not exist or is not attachable.");
    world.refused(set("v2"), NoSuchEntity, &message).await;
    let (policy_arn, version_id) = version("v1");
    let Answer::PolicyVersion(first) = world
        .done(Call::GetPolicyVersion {
            policy_arn,
            version_id,
        })
        .await
    else {
        panic!("a version");
    };
    assert_eq!(first.document.as_deref(), Some(allowing("s3:GetObject").as_str()));
    let Answer::PolicyVersions(listed) = world
        .done(Call::ListPolicyVersions {
            policy_arn: arn.clone(),
            page: page(),
        })
        .await
    else {
        panic!("versions");
    };
    let ids: Vec<&str> = listed
        .items
        .iter()
        .map(|version| version.version_id.as_str())
        .collect();
    assert_eq!(ids, ["v3", "v1"]);

    let delete_policy = || Call::DeletePolicy {
        policy_arn: arn.clone(),
    };
    let message = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
                   The default version is deleted with the policy.";
    world.refused(delete_policy(), DeleteConflict, message).await;
    world.done(delete("v3")).await;
    world.user("ada").await;
    world.done(attach(&user("ada"), &arn)).await;
    world
        .refused(
            delete_policy(),
            DeleteConflict,
            "Cannot delete a policy attached to entities.",
        )
        .await;
    world
        .done(Call::DetachPolicy {
            holder: user("ada"),
            policy_arn: arn.clone(),
        })
        .await;
    world.done(delete_policy()).await;
    let message = format!("Policy {arn} was not found.");
    world.refused(delete_policy(), NoSuchEntity, &message).await;
}

#[tokio::test]
async fn policies_that_come_with_the_server_are_used_and_not_changed() {
    let world = World::new().await;
    let arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let Answer::Policy(policy) = world
        .done(Call::GetPolicy {
            policy_arn: arn.to_owned(),
        })
        .await
    else {
        panic!("a policy");
    };
    assert_eq!(
        (policy.policy_name.as_str(), policy.attachment_count),
        ("AmazonS3ReadOnlyAccess", 0)
    );
    let message = format!("Policy {arn} comes with the server and cannot be changed.");
    for call in [
        Call::DeletePolicy {
            policy_arn: arn.to_owned(),
        },
        Call::CreatePolicyVersion {
            policy_arn: arn.to_owned(),
            document: ALLOW_ALL.to_owned(),
            set_as_default: true,
        },
        Call::Tag {
            of: Tagged::Policy(arn.to_owned()),
            tags: vec![tag("a", "b")],
        },
    ] {
        world.refused(call, UnmodifiableEntity, &message).await;
    }
    let list = |scope, only_attached| Call::ListPolicies {
        scope,
        only_attached,
        path_prefix: None,
        usage: None,
        page: page(),
    };
    world.policy("mine", ALLOW_ALL).await;
    world.user("ada").await;
    world.done(attach(&user("ada"), arn)).await;
    use countersign_types::iam::PolicyScope::{All, Aws, Local};
    for (scope, only_attached, count) in [
        (All, false, 8),
        (Aws, false, 7),
        (Local, false, 1),
        (All, true, 1),
    ] {
        let Answer::Policies(listed) = world.done(list(scope, only_attached)).await else {
            panic!("policies");
        };
        assert_eq!(listed.items.len(), count, "{scope:?} {only_attached}");
    }
    let Answer::PolicyHolders(holders) = world
        .done(Call::ListEntitiesForPolicy {
            policy_arn: arn.to_owned(),
            entity_filter: None,
            path_prefix: None,
            usage: None,
            page: page(),
        })
        .await
    else {
        panic!("holders");
    };
    assert_eq!(holders.items.len(), 1);
}

#[tokio::test]
async fn attaching_and_detaching_say_what_is_missing() {
    let world = World::new().await;
    world.user("ada").await;
    let no_such = "arn:aws:iam::000000000001:policy/none";
    let detach = |holder: Holder| Call::DetachPolicy {
        holder,
        policy_arn: no_such.to_owned(),
    };
    let message = format!("Policy {no_such} does not exist or is not attachable.");
    world
        .refused(attach(&user("ada"), no_such), NoSuchEntity, &message)
        .await;
    let message = format!("Policy {no_such} was not found.");
    world.refused(detach(user("ada")), NoSuchEntity, &message).await;
    for (holder, message) in [
        (
            Holder::User("x".to_owned()),
            "The user with name x cannot be found.",
        ),
        (
            Holder::Group("x".to_owned()),
            "The group with name x cannot be found.",
        ),
        (
            Holder::Role("x".to_owned()),
            "The role with name x cannot be found.",
        ),
    ] {
        world
            .refused(attach(&holder, no_such), NoSuchEntity, message)
            .await;
        world.refused(detach(holder.clone()), NoSuchEntity, message).await;
        world
            .refused(put_inline(&holder, "p", ALLOW_ALL), NoSuchEntity, message)
            .await;
    }
    let arn = world.policy("p", ALLOW_ALL).await;
    world.done(attach(&user("ada"), &arn)).await;
    world.done(attach(&user("ada"), &arn)).await;
    let Answer::AttachedPolicies(attached) = world
        .done(Call::ListAttachedPolicies {
            holder: user("ada"),
            path_prefix: None,
            page: page(),
        })
        .await
    else {
        panic!("attached");
    };
    assert_eq!(attached.items.len(), 1);
}

#[tokio::test]
async fn an_inline_policy_is_kept_as_it_was_sent() {
    let world = World::new().await;
    world.user("ada").await;
    let sent = format!("\n  {ALLOW_ALL}\t");
    world.done(put_inline(&user("ada"), "p", &sent)).await;
    let find = |name: &str| Call::GetInlinePolicy {
        holder: user("ada"),
        policy_name: name.to_owned(),
    };
    let Answer::InlinePolicy { document, .. } = world.done(find("p")).await else {
        panic!("a policy");
    };
    assert_eq!(document, sent);
    world
        .refused(
            find("q"),
            NoSuchEntity,
            "The user policy with name q cannot be found.",
        )
        .await;
    world
        .refused(
            put_inline(&user("ada"), "p", "{"),
            MalformedPolicyDocument,
            "Syntax errors in policy.",
        )
        .await;
    let with_principal = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
    let message = "Policy document should not specify a principal.";
    world
        .refused(
            put_inline(&user("ada"), "p", with_principal),
            MalformedPolicyDocument,
            message,
        )
        .await;
}

#[tokio::test]
async fn a_role_trusts_only_who_is_there() {
    let world = World::new().await;
    let nobody = "arn:aws:iam::000000000001:user/nobody";
    let message = format!("Invalid principal in policy: \"AWS\":\"{nobody}\"");
    world
        .refused(
            create_role("reader", &trusting(nobody)),
            MalformedPolicyDocument,
            &message,
        )
        .await;
    world.user("ada").await;
    world
        .role("reader", &trusting("arn:aws:iam::000000000001:user/ada"))
        .await;
    world
        .refused(
            create_role("READER", &trusting(ROOT_ACCOUNT)),
            EntityAlreadyExists,
            "Role with name READER already exists.",
        )
        .await;
    let update = |seconds| Call::UpdateRole {
        role_name: "reader".to_owned(),
        description: Some("reads".to_owned()),
        max_session_duration: Some(seconds),
    };
    let message = "1 validation error detected: Value '3599' at 'maxSessionDuration' failed to satisfy constraint: Member must \
                   have value greater than or equal to 3600";
    world.refused(update(3_599), ValidationError, message).await;
    assert!(world.call(update(43_201)).await.is_err());
    world.done(update(43_200)).await;
    let trust = trusting(ROOT_ACCOUNT);
    world
        .done(Call::UpdateAssumeRolePolicy {
            role_name: "reader".to_owned(),
            trust_policy: trust.clone(),
        })
        .await;
    let find = || Call::GetRole {
        role_name: "reader".to_owned(),
    };
    let Answer::Role(role) = world.done(find()).await else {
        panic!("a role");
    };
    assert_eq!(role.trust_policy, trust);
    assert_eq!(
        (role.max_session_duration, role.description.as_deref()),
        (43_200, Some("reads"))
    );
    let reader = Holder::Role("reader".to_owned());
    world
        .done(attach(&reader, "arn:aws:iam::aws:policy/ReadOnlyAccess"))
        .await;
    let delete = || Call::DeleteRole {
        role_name: "reader".to_owned(),
    };
    let message = "Cannot delete entity, must detach all policies first.";
    world.refused(delete(), DeleteConflict, message).await;
    world
        .done(Call::DetachPolicy {
            holder: reader,
            policy_arn: "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned(),
        })
        .await;
    world.done(delete()).await;
    world
        .refused(find(), NoSuchEntity, "The role with name reader cannot be found.")
        .await;
}

#[tokio::test]
async fn a_permissions_boundary_is_a_policy_that_is_there_and_stays() {
    let world = World::new().await;
    world.user("ada").await;
    let put = |arn: &str| Call::PutPermissionsBoundary {
        holder: user("ada"),
        policy_arn: arn.to_owned(),
    };
    let none = "arn:aws:iam::000000000001:policy/none";
    let message = format!("Scope ARN: {none} does not exist or is not attachable.");
    world.refused(put(none), NoSuchEntity, &message).await;
    let arn = world.policy("bound", ALLOW_ALL).await;
    world.done(put(&arn)).await;
    let delete = Call::DeletePolicy {
        policy_arn: arn.clone(),
    };
    world
        .refused(
            delete.clone(),
            DeleteConflict,
            "Cannot delete a policy attached to entities.",
        )
        .await;
    world
        .done(Call::DeletePermissionsBoundary { holder: user("ada") })
        .await;
    world.done(delete).await;
    world.done(create_group("devs")).await;
    let of_group = Call::DeletePermissionsBoundary {
        holder: Holder::Group("devs".to_owned()),
    };
    world
        .refused(of_group, InvalidInput, "A group has no permissions boundary.")
        .await;
}

#[tokio::test]
async fn an_identity_provider_is_told_by_its_url() {
    let world = World::new().await;
    let create = |url: &str| Call::CreateOidcProvider {
        url: url.to_owned(),
        client_ids: vec!["app".to_owned()],
        thumbprints: vec!["a".repeat(40)],
        tags: Vec::new(),
    };
    for url in [
        "http://idp.example",
        "idp.example",
        "https://",
        "https://a b",
        "https://a?b",
    ] {
        world
            .refused(
                create(url),
                ValidationError,
                "Invalid Open ID Connect Provider URL",
            )
            .await;
    }
    let Answer::OidcProvider(made) = world.done(create("https://idp.example/tenant")).await else {
        panic!("a provider");
    };
    assert_eq!(
        made.arn,
        "arn:aws:iam::000000000001:oidc-provider/idp.example/tenant"
    );
    assert_eq!(made.url, "idp.example/tenant");
    let message = "Provider with url https://idp.example/tenant already exists.";
    world
        .refused(create("https://idp.example/tenant"), EntityAlreadyExists, message)
        .await;
    let arn = made.arn;
    let add = |client_id: &str| Call::AddClientIdToOidcProvider {
        arn: arn.clone(),
        client_id: client_id.to_owned(),
    };
    world.done(add("other")).await;
    world.done(add("other")).await;
    world
        .done(Call::RemoveClientIdFromOidcProvider {
            arn: arn.clone(),
            client_id: "app".to_owned(),
        })
        .await;
    let Answer::OidcProvider(found) = world.done(Call::GetOidcProvider { arn: arn.clone() }).await else {
        panic!("a provider");
    };
    assert_eq!(found.client_ids, ["other"]);
    assert_eq!(world.directory.oidc_providers(ROOT_ACCOUNT), [found]);
    assert_eq!(
        world.done(Call::ListOidcProviders).await,
        Answer::OidcProviders(vec![arn.clone()])
    );
    world.done(Call::DeleteOidcProvider { arn: arn.clone() }).await;
    let message = format!("OpenIDConnect Provider not found for arn {arn}");
    world
        .refused(Call::GetOidcProvider { arn: arn.clone() }, NoSuchEntity, &message)
        .await;
}

#[tokio::test]
async fn tags_are_added_replaced_and_removed_without_regard_to_case() {
    let world = World::new().await;
    world.user("ada").await;
    let of = || Tagged::User("ada".to_owned());
    let add = |tags: Vec<Tag>| Call::Tag { of: of(), tags };
    world.done(add(vec![tag("Team", "red"), tag("b", "1")])).await;
    world.done(add(vec![tag("team", "blue")])).await;
    world
        .done(Call::Untag {
            of: of(),
            keys: vec!["B".to_owned()],
        })
        .await;
    let list = Call::ListTags {
        of: of(),
        page: page(),
    };
    let Answer::Tags(listed) = world.done(list).await else {
        panic!("tags");
    };
    assert_eq!(listed.items, [tag("team", "blue")]);
}

#[tokio::test]
async fn listings_go_on_where_the_marker_says() {
    let world = World::new().await;
    for name in ["a", "b", "c", "d", "e"] {
        world.user(name).await;
    }
    let mut seen = Vec::new();
    let mut marker = None;
    loop {
        let list = Call::ListUsers {
            path_prefix: None,
            page: PageOf {
                marker,
                max_items: Some(2),
            },
        };
        let Answer::Users(listed) = world.done(list).await else {
            panic!("users");
        };
        assert!(listed.items.len() <= 2);
        seen.extend(listed.items.into_iter().map(|user| user.user_name));
        marker = listed.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn what_there_is_none_of_is_answered_with_an_empty_list() {
    let world = World::new().await;
    world.user("ada").await;
    let name = || Some("ada".to_owned());
    for call in [
        Call::ListMfaDevices {
            user_name: name(),
            page: page(),
        },
        Call::ListSshPublicKeys {
            user_name: name(),
            page: page(),
        },
        Call::ListSigningCertificates {
            user_name: name(),
            page: page(),
        },
        Call::ListServiceSpecificCredentials { user_name: name() },
        Call::ListAccountAliases { page: page() },
        Call::ListVirtualMfaDevices { page: page() },
        Call::ListInstanceProfiles {
            path_prefix: None,
            page: page(),
        },
        Call::ListServerCertificates {
            path_prefix: None,
            page: page(),
        },
        Call::ListSamlProviders,
    ] {
        assert_eq!(world.done(call).await, Answer::Nothing);
    }
    let message = "Login Profile for User ada cannot be found.";
    world
        .refused(Call::GetLoginProfile { user_name: name() }, NoSuchEntity, message)
        .await;
    for call in [Call::GetAccountPasswordPolicy, Call::DeleteAccountPasswordPolicy] {
        let message = "The Password Policy with domain name 000000000001 cannot be found.";
        world.refused(call, NoSuchEntity, message).await;
    }
    let Answer::AccountSummary(numbers) = world.done(Call::GetAccountSummary).await else {
        panic!("numbers");
    };
    for expected in [
        ("Users", 1),
        ("UsersQuota", 5_000),
        ("AccountAccessKeysPresent", 1),
        ("Groups", 0),
    ] {
        assert!(numbers.contains(&expected), "{expected:?}");
    }
}
