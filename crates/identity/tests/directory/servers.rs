//! Several servers on one engine: what one acknowledged, the others know after a refresh, and no change is lost.

use crate::support::*;
use countersign_identity::Unresolved;
use countersign_types::iam::{AccessKeyStatus, Answer, Call, FaultCode};

#[tokio::test]
async fn what_one_server_changes_the_other_knows_after_a_refresh() {
    let here = World::new().await;
    let there = World::on(here.engine.clone(), 2).await;
    here.user("ada").await;
    let key = here.key("ada").await;
    let id = &key.metadata.access_key_id;
    assert_eq!(there.arn_of(id), Err(Unresolved::UnknownAccessKeyId));
    there.directory.refresh().await.expect("read");
    assert!(there.arn_of(id).is_ok());
    here.done(set_key("ada", id, AccessKeyStatus::Inactive)).await;
    there.directory.refresh().await.expect("read");
    assert_eq!(there.arn_of(id), Err(Unresolved::Inactive));

    let made = here
        .directory
        .create_account("other", at(0))
        .await
        .expect("an account");
    there.directory.refresh().await.expect("read");
    let root = &made.access_key.metadata.access_key_id;
    assert!(there.arn_of(root).is_ok());
    here.directory
        .delete_account(&made.account.id)
        .await
        .expect("removed");
    assert!(here.arn_of(root).is_err());
    there.directory.refresh().await.expect("read");
    assert_eq!(there.arn_of(root), Err(Unresolved::UnknownAccessKeyId));
    assert!(there.directory.account(&made.account.id).is_none());
}

#[tokio::test]
async fn two_servers_that_change_the_same_account_lose_nothing() {
    let here = World::new().await;
    let there = World::on(here.engine.clone(), 2).await;
    for round in 0..10 {
        let (one, other) = tokio::join!(
            here.call(create_user(&format!("here{round}"))),
            there.call(create_user(&format!("there{round}"))),
        );
        assert!(one.is_ok() && other.is_ok());
    }
    let fresh = World::on(here.engine.clone(), 3).await;
    let list = Call::ListUsers {
        path_prefix: None,
        page: page(),
    };
    let Answer::Users(users) = fresh.done(list).await else {
        panic!("users");
    };
    assert_eq!(users.items.len(), 20);
}

#[tokio::test]
async fn of_two_servers_that_give_the_same_name_one_is_refused() {
    let here = World::new().await;
    let there = World::on(here.engine.clone(), 2).await;
    let (one, other) = tokio::join!(here.call(create_user("ada")), there.call(create_user("ADA")));
    let codes: Vec<FaultCode> = [one, other]
        .into_iter()
        .filter_map(Result::err)
        .map(|fault| fault.code)
        .collect();
    assert_eq!(codes, [FaultCode::EntityAlreadyExists]);
}

#[tokio::test]
async fn the_second_key_of_a_user_is_the_last_whichever_server_makes_it() {
    let here = World::new().await;
    here.user("ada").await;
    let there = World::on(here.engine.clone(), 2).await;
    here.key("ada").await;
    there.key("ada").await;
    let fault = here
        .call(create_key(Some("ada")))
        .await
        .expect_err("there are two");
    assert_eq!(fault.code, FaultCode::LimitExceeded);
}

#[tokio::test]
async fn a_question_writes_nothing() {
    let world = World::new().await;
    world.user("ada").await;
    let before = world.rows().await;
    world
        .done(Call::GetUser {
            user_name: Some("ada".to_owned()),
        })
        .await;
    world.done(Call::GetAccountSummary).await;
    // Neither does a change that changes nothing.
    world
        .done(Call::UpdateUser {
            user_name: "ada".to_owned(),
            new_path: None,
            new_user_name: None,
        })
        .await;
    assert_eq!(world.rows().await, before);
}
