//! Which policies apply to whom, and that they are of one moment.

use crate::support::*;
use countersign_identity::{Principal, Resolved};
use countersign_policy::{Context, Denial, evaluate};
use countersign_types::iam::{Call, Holder};

async fn ada(world: &World) -> Resolved {
    world.user("ada").await;
    let key = world.key("ada").await;
    world
        .resolve(&key.metadata.access_key_id, None, 0)
        .expect("it resolves")
}

/// Resolved again, as the next request would.
fn again(world: &World, resolved: &Resolved) -> Principal {
    let id = &resolved.access_key.access_key_id;
    world.resolve(id, None, 0).expect("it resolves").principal
}

fn may(principal: &Principal, action: &str) -> Result<(), Box<Denial>> {
    let context = Context::new(principal.requester(), action, "arn:aws:s3:::b/k", ROOT_ACCOUNT);
    let applying = principal.policies();
    match evaluate(&context, &applying.policies()).denial() {
        None => Ok(()),
        Some(denial) => Err(Box::new(denial.clone())),
    }
}

fn names(principal: &Principal) -> Vec<String> {
    let applying = principal.policies();
    applying
        .identity
        .iter()
        .map(|attached| attached.name.to_owned())
        .collect()
}

#[tokio::test]
async fn a_user_has_its_own_policies_and_those_of_its_groups() {
    let world = World::new().await;
    let key = ada(&world).await;
    assert!(may(&key.principal, "s3:GetObject").is_err());
    let devs = Holder::Group("devs".to_owned());
    let managed = world.policy("readers", &allowing("s3:Get*")).await;
    world.done(create_group("devs")).await;
    world.done(add_to_group("devs", "ada")).await;
    world
        .done(put_inline(&user("ada"), "own", &allowing("s3:PutObject")))
        .await;
    world
        .done(attach(&user("ada"), "arn:aws:iam::aws:policy/IAMReadOnlyAccess"))
        .await;
    world
        .done(put_inline(&devs, "delete", &allowing("s3:DeleteObject")))
        .await;
    world.done(attach(&devs, &managed)).await;
    let now = again(&world, &key);
    assert_eq!(
        names(&now),
        [
            "user/ada/own",
            "arn:aws:iam::aws:policy/IAMReadOnlyAccess",
            "group/devs/delete",
            &managed
        ]
    );
    for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "iam:GetUser"] {
        assert!(may(&now, action).is_ok(), "{action}");
    }
    assert!(may(&now, "s3:CreateBucket").is_err());
    // Whoever was resolved before decides as it was then.
    assert!(may(&key.principal, "s3:GetObject").is_err());
    assert!(names(&key.principal).is_empty());
}

#[tokio::test]
async fn the_version_in_use_is_the_one_that_applies() {
    let world = World::new().await;
    let key = ada(&world).await;
    let arn = world.policy("p", &allowing("s3:GetObject")).await;
    world.done(attach(&user("ada"), &arn)).await;
    assert!(may(&again(&world, &key), "s3:GetObject").is_ok());
    world
        .done(Call::CreatePolicyVersion {
            policy_arn: arn,
            document: allowing("s3:PutObject"),
            set_as_default: true,
        })
        .await;
    let now = again(&world, &key);
    assert!(may(&now, "s3:GetObject").is_err() && may(&now, "s3:PutObject").is_ok());
}

#[tokio::test]
async fn a_boundary_limits_and_gives_nothing() {
    let world = World::new().await;
    let key = ada(&world).await;
    let boundary = world.policy("bound", &allowing("s3:Get*")).await;
    world
        .done(Call::PutPermissionsBoundary {
            holder: user("ada"),
            policy_arn: boundary,
        })
        .await;
    assert!(may(&again(&world, &key), "s3:GetObject").is_err());
    world.done(put_inline(&user("ada"), "all", ALLOW_ALL)).await;
    let now = again(&world, &key);
    assert!(may(&now, "s3:GetObject").is_ok());
    let denial = may(&now, "s3:PutObject").expect_err("outside of the boundary");
    assert_eq!(
        denial.told(),
        "User: arn:aws:iam::000000000001:user/ada is not authorized to perform: s3:PutObject on resource: \
         \"arn:aws:s3:::b/k\" because no permissions boundary allows the s3:PutObject action"
    );
}

#[tokio::test]
async fn after_a_rename_policies_are_told_by_the_new_name() {
    let world = World::new().await;
    let key = ada(&world).await;
    world.done(put_inline(&user("ada"), "p", ALLOW_ALL)).await;
    world
        .done(Call::UpdateUser {
            user_name: "ada".to_owned(),
            new_path: Some("/x/".to_owned()),
            new_user_name: Some("eve".to_owned()),
        })
        .await;
    let now = again(&world, &key);
    assert_eq!(names(&now), ["user/eve/p"]);
    assert_eq!(now.arn().as_deref(), Some("arn:aws:iam::000000000001:user/x/eve"));
    // And so they are after a restart.
    let other = World::on(world.engine.clone(), 2).await;
    assert_eq!(names(&again(&other, &key)), ["user/eve/p"]);
    assert_eq!(
        other
            .done(Call::GetUser {
                user_name: Some("eve".to_owned())
            })
            .await,
        {
            world
                .done(Call::GetUser {
                    user_name: Some("eve".to_owned()),
                })
                .await
        }
    );
}

#[tokio::test]
async fn the_root_and_nobody_have_no_policies() {
    let world = World::new().await;
    for principal in [world.root(), Principal::Anonymous] {
        assert!(names(&principal).is_empty());
        assert!(principal.tags().is_empty());
    }
    assert!(may(&world.root(), "s3:GetObject").is_ok());
    assert!(may(&Principal::Anonymous, "s3:GetObject").is_err());
    assert_eq!(Principal::Anonymous.arn(), None);
    assert!(Principal::Anonymous.account().is_none() && Principal::Anonymous.shared_account().is_none());
}
