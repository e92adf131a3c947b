//! What a call is about: the ARNs that permission is needed on.

use crate::support::*;
use countersign_types::iam::{Answer, Call, FaultCode, Tag, Tagged};

#[tokio::test]
async fn a_call_is_about_the_thing_as_it_is_with_its_path() {
    let world = World::new().await;
    world
        .done(Call::CreateUser {
            path: Some("/division/".to_owned()),
            user_name: "Ada".to_owned(),
            permissions_boundary: Some("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()),
            tags: vec![Tag {
                key: "team".to_owned(),
                value: "red".to_owned(),
            }],
        })
        .await;
    world.role("reader", &trusting(ROOT_ACCOUNT)).await;
    let key = world.key("Ada").await;
    let ada = world
        .resolve(&key.metadata.access_key_id, None, 0)
        .expect("it resolves")
        .principal;
    let iam = |rest: &str| format!("arn:aws:iam::000000000001:{rest}");
    let named = |name: &str| Some(name.to_owned());
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    for (call, expected) in [
        (
            Call::GetUser {
                user_name: named("Ada"),
            },
            vec![iam("user/division/Ada")],
        ),
        // However the caller spells it.
        (
            Call::GetUser {
                user_name: named("ada"),
            },
            vec![iam("user/division/Ada")],
        ),
        (get_user("nobody"), vec![iam("user/nobody")]),
        (Call::GetUser { user_name: None }, vec![iam("user/division/Ada")]),
        (create_user("bob"), vec![iam("user/bob")]),
        (
            Call::UpdateUser {
                user_name: "Ada".to_owned(),
                new_path: None,
                new_user_name: named("eve"),
            },
            vec![iam("user/division/Ada"), iam("user/division/eve")],
        ),
        (
            Call::ListUsers {
                path_prefix: named("/division/"),
                page: page(),
            },
            vec![iam("user/division/")],
        ),
        (attach(&user("Ada"), arn), vec![iam("user/division/Ada")]),
        (create_group("devs"), vec![iam("group/devs")]),
        (create_policy("p", ALLOW_ALL), vec![iam("policy/p")]),
        (
            Call::GetPolicy {
                policy_arn: arn.to_owned(),
            },
            vec![arn.to_owned()],
        ),
        (
            Call::GetRole {
                role_name: "reader".to_owned(),
            },
            vec![iam("role/reader")],
        ),
        (
            Call::CreateOidcProvider {
                url: "https://idp.example".to_owned(),
                client_ids: Vec::new(),
                thumbprints: Vec::new(),
                tags: Vec::new(),
            },
            vec![iam("oidc-provider/idp.example")],
        ),
        (
            Call::ListTags {
                of: Tagged::Role("reader".to_owned()),
                page: page(),
            },
            vec![iam("role/reader")],
        ),
        (
            Call::GetAccessKeyLastUsed {
                access_key_id: key.metadata.access_key_id.clone(),
            },
            vec![iam("user/division/Ada")],
        ),
        (
            Call::GetAccessKeyLastUsed {
                access_key_id: ROOT_KEY.to_owned(),
            },
            vec![iam("root")],
        ),
        (Call::GetAccountSummary, vec!["*".to_owned()]),
    ] {
        let subject = world.directory.subject(&ada, &world.account, &call);
        assert_eq!(subject.arns, expected, "{call:?}");
    }
    let of_ada = world
        .directory
        .subject(&ada, &world.account, &Call::GetUser { user_name: None });
    assert_eq!(of_ada.tags.len(), 1);
    assert_eq!(of_ada.permissions_boundary.as_deref(), Some(arn));
    let of_root = world
        .directory
        .subject(&world.root(), &world.account, &create_key(None));
    assert_eq!(of_root.arns, [iam("root")]);
}

#[tokio::test]
async fn a_name_is_found_whatever_its_case_and_the_permission_is_on_what_it_means() {
    let world = World::new().await;
    world.user("Ada").await;
    world.done(create_group("Devs")).await;
    world.role("Reader", &trusting(ROOT_ACCOUNT)).await;
    let role = Call::GetRole {
        role_name: "READER".to_owned(),
    };
    for (call, expected) in [
        (get_user("ada"), "user/Ada"),
        (add_to_group("devs", "ADA"), "group/Devs"),
        (role, "role/Reader"),
    ] {
        let subject = world.directory.subject(&world.root(), &world.account, &call);
        assert_eq!(subject.arns, [format!("arn:aws:iam::{ROOT_ACCOUNT}:{expected}")]);
        world.done(call).await;
    }
    let fault = world
        .call(delete_user("aDa"))
        .await
        .expect_err("it is in a group");
    assert_eq!(fault.code, FaultCode::DeleteConflict);
}

#[tokio::test]
async fn nothing_is_done_to_what_the_permission_was_not_asked_on() {
    let world = World::new().await;
    let subject = |call: &Call| world.directory.subject(&world.root(), &world.account, call).arns;
    let carry_out = async |call: &Call, arns: &[String]| {
        let root = world.root();
        let done = world
            .directory
            .iam_on(&root, &world.account, call.clone(), arns, at(0));
        done.await.map_err(|fault| fault.code)
    };
    // Asked for while nobody had that name, and somebody has it by then, of another path or case.
    let (delete, get) = (delete_user("ada"), get_user("ada"));
    let permitted = subject(&delete);
    world.user("Ada").await;
    for call in [&delete, &get] {
        let refused = carry_out(call, &permitted).await;
        assert_eq!(refused, Err(FaultCode::ConcurrentModification), "{call:?}");
    }
    let permitted = subject(&delete);
    assert!(carry_out(&get, &permitted).await.is_ok());
    assert_eq!(carry_out(&delete, &permitted).await, Ok(Answer::Done));
}
