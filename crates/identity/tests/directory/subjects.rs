//! What a call is about: the ARNs that permission is needed on.

use crate::support::*;
use countersign_types::iam::{Call, Tag, Tagged};

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
        // Of another case is another user, who is not there.
        (
            Call::GetUser {
                user_name: named("ada"),
            },
            vec![iam("user/ada")],
        ),
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
