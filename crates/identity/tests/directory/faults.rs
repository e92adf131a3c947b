//! An engine that goes wrong in the middle of a change: it is done or it is not, and what is said of it is true.

use crate::support::*;
use countersign_engine::faulty::{Fault, Faulty, Odds, Plan};
use countersign_engine::memory::Memory;
use countersign_identity::Unresolved;
use countersign_types::iam::{AccessKeyStatus, Answer, Call, FaultCode};
use std::sync::Arc;

async fn faulty() -> (World, Arc<Faulty>) {
    let faulty = Arc::new(Faulty::new(Arc::new(Memory::new()), Plan::none()));
    let world = World::on(faulty.clone(), 1).await;
    (world, faulty)
}

async fn names(world: &World) -> Vec<String> {
    let list = Call::ListUsers {
        path_prefix: None,
        page: page(),
    };
    match world.done(list).await {
        Answer::Users(users) => users.items.into_iter().map(|user| user.user_name).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_change_that_was_not_written_is_not_in_force() {
    for fault in [Fault::Unavailable, Fault::Full, Fault::NotApplied, Fault::Failed] {
        let (world, engine) = faulty().await;
        engine.plan(Plan::script([Some(fault)]));
        let came = world.call(create_user("ada")).await;
        assert_eq!(
            came.map_err(|fault| fault.code),
            Err(FaultCode::ServiceFailure),
            "{fault:?}"
        );
        assert!(names(&world).await.is_empty(), "{fault:?}");
        engine.plan(Plan::none());
        world.user("ada").await;
        assert_eq!(names(&world).await, ["ada"]);
    }
}

#[tokio::test]
async fn a_change_that_was_written_in_doubt_is_found_again() {
    let (world, engine) = faulty().await;
    engine.plan(Plan::script([Some(Fault::Applied)]));
    world.user("ada").await;
    assert_eq!(names(&world).await, ["ada"]);
    // If it cannot be read again, nobody knows, and the next refresh tells.
    engine.plan(Plan::script([Some(Fault::Applied), Some(Fault::Unavailable)]));
    let came = world.call(create_user("bob")).await;
    assert_eq!(came.map_err(|fault| fault.code), Err(FaultCode::ServiceFailure));
    world.directory.refresh().await.expect("read");
    assert_eq!(names(&world).await, ["ada", "bob"]);
}

#[tokio::test]
async fn a_revocation_that_was_not_written_says_so_and_the_key_stays() {
    let (world, engine) = faulty().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let id = &key.metadata.access_key_id;
    engine.plan(Plan::script([Some(Fault::Full)]));
    assert!(
        world
            .call(set_key("ada", id, AccessKeyStatus::Inactive))
            .await
            .is_err()
    );
    assert!(world.arn_of(id).is_ok());
    engine.plan(Plan::none());
    world.done(set_key("ada", id, AccessKeyStatus::Inactive)).await;
    assert_eq!(world.arn_of(id), Err(Unresolved::Inactive));
}

#[tokio::test]
async fn a_failed_refresh_keeps_what_is_known() {
    let (world, engine) = faulty().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    engine.plan(Plan::script([Some(Fault::Unavailable)]));
    assert!(world.directory.refresh().await.is_err());
    assert!(world.arn_of(&key.metadata.access_key_id).is_ok());
}

#[tokio::test]
async fn whatever_goes_wrong_what_was_acknowledged_is_there_after_a_restart() {
    for seed in 0..40 {
        let memory = Memory::new();
        let odds = Odds {
            unavailable: 100,
            full: 100,
            applied: 150,
            not_applied: 150,
            delayed: 100,
        };
        let engine = Arc::new(Faulty::new(Arc::new(memory.clone()), Plan::none()));
        let world = World::on(engine.clone(), seed).await;
        engine.plan(Plan::seeded(seed, odds));
        let mut acknowledged = Vec::new();
        let mut refused = Vec::new();
        for at in 0..20 {
            let name = format!("user{at:02}");
            match world.call(create_user(&name)).await {
                Ok(_) => acknowledged.push(name),
                Err(fault) if fault.code == FaultCode::ServiceFailure => refused.push(name),
                Err(fault) => panic!("seed {seed}: {fault}"),
            }
        }
        assert!(!acknowledged.is_empty() && !refused.is_empty(), "seed {seed}");
        let after = World::on(Arc::new(memory), seed + 1_000).await;
        let found = names(&after).await;
        for name in &acknowledged {
            assert!(found.contains(name), "seed {seed}: {name}");
        }
        // What was refused may be there only if nobody could know.
        assert!(
            found
                .iter()
                .all(|name| acknowledged.contains(name) || refused.contains(name))
        );
    }
}
