//! Accounts: made with a key of their root, kept apart from each other, removed when they are empty.

use crate::support::*;
use countersign_identity::Principal;
use countersign_types::iam::{Answer, Call, FaultCode};
use std::sync::Arc;

#[tokio::test]
async fn a_new_account_has_ids_of_its_own_and_a_root_that_is_no_operator() {
    let world = World::new().await;
    let made = world
        .directory
        .create_account("other", at(0))
        .await
        .expect("an account");
    let account = &made.account;
    assert!(account.id.len() == 12 && account.id.bytes().all(|byte| byte.is_ascii_digit()));
    assert!(
        account.canonical_id.len() == 64 && account.canonical_id.bytes().all(|byte| byte.is_ascii_hexdigit())
    );
    assert_eq!(account.display_name, "other");
    let resolved = world
        .resolve(&made.access_key.metadata.access_key_id, None, 0)
        .expect("it resolves");
    assert!(matches!(&resolved.principal, Principal::Root(root) if root == account));
    assert!(!world.directory.is_operator(&resolved.principal));
    let root = world.resolve(ROOT_KEY, None, 0).expect("it resolves");
    assert!(world.directory.is_operator(&root.principal));
    let ids: Vec<String> = world
        .directory
        .accounts()
        .iter()
        .map(|account| account.id.clone())
        .collect();
    assert_eq!(ids, [ROOT_ACCOUNT, &account.id]);
    let found = world.directory.account_by_canonical_id(&account.canonical_id);
    assert_eq!(found.as_ref(), Some(account));
    assert!(world.directory.account_by_canonical_id("c0ffee").is_none());
}

#[tokio::test]
async fn an_account_has_a_name_that_no_other_has() {
    let world = World::new().await;
    world
        .directory
        .create_account("Other", at(0))
        .await
        .expect("an account");
    for (name, code) in [
        ("other", FaultCode::EntityAlreadyExists),
        ("root", FaultCode::EntityAlreadyExists),
        ("", FaultCode::ValidationError),
        (" a", FaultCode::ValidationError),
        ("a\n", FaultCode::ValidationError),
        (&"n".repeat(65), FaultCode::ValidationError),
    ] {
        let fault = world.directory.create_account(name, at(0)).await.expect_err(name);
        assert_eq!(fault.code, code, "{name}");
    }
}

#[tokio::test]
async fn what_is_in_one_account_is_not_in_another() {
    let world = World::new().await;
    let made = world
        .directory
        .create_account("other", at(0))
        .await
        .expect("an account");
    let root = Principal::Root(Arc::clone(&made.account));
    let there = |call| world.directory.iam(&root, &made.account, call, at(0));
    world.user("ada").await;
    let arn = world.policy("p", ALLOW_ALL).await;
    let created = there(create_user("ada")).await.expect("the name is free there");
    assert!(
        matches!(created, Answer::User(user) if user.arn == format!("arn:aws:iam::{}:user/ada", made.account.id))
    );
    let fault = there(attach(&user("ada"), &arn))
        .await
        .expect_err("a policy of another account");
    assert_eq!(fault.code, FaultCode::NoSuchEntity);
    // A caller of another account is not taken for a user of this one.
    let key = world.key("ada").await;
    let ada = world
        .resolve(&key.metadata.access_key_id, None, 0)
        .expect("it resolves")
        .principal;
    let asked = world
        .directory
        .iam(&ada, &made.account, Call::GetUser { user_name: None }, at(0))
        .await;
    assert_eq!(asked.map_err(|fault| fault.code), Err(FaultCode::ValidationError));
    // A role may trust who is in another account.
    there(create_role(
        "reader",
        &trusting("arn:aws:iam::000000000001:user/ada"),
    ))
    .await
    .expect("a role");
}

#[tokio::test]
async fn an_account_goes_when_nothing_is_left_in_it() {
    let world = World::new().await;
    let made = world
        .directory
        .create_account("other", at(0))
        .await
        .expect("an account");
    let root = Principal::Root(Arc::clone(&made.account));
    world
        .directory
        .iam(&root, &made.account, create_user("ada"), at(0))
        .await
        .expect("a user");
    let fault = world
        .directory
        .delete_account(&made.account.id)
        .await
        .expect_err("a user is left");
    assert_eq!(fault.code, FaultCode::DeleteConflict);
    let delete = Call::DeleteUser {
        user_name: "ada".to_owned(),
    };
    world
        .directory
        .iam(&root, &made.account, delete, at(0))
        .await
        .expect("removed");
    world
        .directory
        .delete_account(&made.account.id)
        .await
        .expect("removed");
    assert!(world.arn_of(&made.access_key.metadata.access_key_id).is_err());
    assert!(world.rows().await.is_empty());
    for (id, code) in [
        (ROOT_ACCOUNT, FaultCode::UnmodifiableEntity),
        ("999999999999", FaultCode::NoSuchEntity),
    ] {
        let fault = world.directory.delete_account(id).await.expect_err(id);
        assert_eq!(fault.code, code);
    }
}

#[tokio::test]
async fn an_arn_is_known_if_there_is_somebody_of_it() {
    let world = World::new().await;
    world.user("ada").await;
    world.role("reader", &trusting(ROOT_ACCOUNT)).await;
    for (arn, is_known) in [
        ("arn:aws:iam::000000000001:root", true),
        ("arn:aws:iam::000000000001:user/ada", true),
        ("arn:aws:iam::000000000001:user/Ada", false),
        ("arn:aws:iam::000000000001:user/path/ada", false),
        ("arn:aws:iam::000000000001:role/reader", true),
        ("arn:aws:iam::000000000001:role/ada", false),
        ("arn:aws:sts::000000000001:assumed-role/reader/any", true),
        ("arn:aws:sts::000000000001:assumed-role/Reader/any", false),
        ("arn:aws:sts::000000000001:assumed-role/none/any", false),
        ("arn:aws:sts::000000000001:federated-user/eve", true),
        ("arn:aws:iam::999999999999:root", false),
        ("arn:aws:s3:::bucket", false),
        ("ada", false),
        ("", false),
    ] {
        assert_eq!(world.directory.is_known(arn), is_known, "{arn}");
    }
}
