//! The engines of this crate against the contract's suite, and the faulty one against its plan.

use async_trait::async_trait;
use bytes::Bytes;
use countersign_engine::conformance::{Subject, run};
use countersign_engine::faulty::{Fault, Faulty, Odds, Plan};
use countersign_engine::memory::Memory;
use countersign_engine::{Change, Class, Engine, Error, Home, Outcome, Put, Row, Space};
use std::sync::Arc;

struct InMemory;

#[async_trait]
impl Subject for InMemory {
    async fn fresh(&self) -> Arc<dyn Engine> {
        Arc::new(Memory::new())
    }
    async fn reopen(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        engine
    }
}

struct Behind(fn() -> Plan);

#[async_trait]
impl Subject for Behind {
    async fn fresh(&self) -> Arc<dyn Engine> {
        Arc::new(Faulty::new(Arc::new(Memory::new()), (self.0)()))
    }
    async fn reopen(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        engine
    }
}

#[tokio::test]
async fn the_engine_in_memory_obeys_the_contract() {
    assert!(run(&InMemory).await.unwrap() > 20);
}

#[tokio::test]
async fn the_faulty_engine_without_faults_obeys_the_contract() {
    run(&Behind(Plan::none)).await.unwrap();
    run(&Behind(|| {
        Plan::seeded(
            3,
            Odds {
                delayed: 500,
                ..Odds::default()
            },
        )
    }))
    .await
    .unwrap();
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    async fn check(fault: Fault, answers: fn(&Result<Outcome, Error>) -> bool, is_written: bool) {
        let memory = Memory::new();
        let faulty = Faulty::new(Arc::new(memory.clone()), Plan::script([Some(fault)]));
        let outcome = faulty.commit(Space::SYSTEM, &home(), written()).await;
        assert!(answers(&outcome), "{fault:?} answers {outcome:?}");
        let found = memory.get(Space::SYSTEM, &home(), &[row()]).await.unwrap();
        assert_eq!(found[0].is_some(), is_written, "{fault:?}");
    }
    check(
        Fault::Unavailable,
        |outcome| matches!(outcome, Err(Error::Unavailable(_))),
        false,
    )
    .await;
    check(Fault::Full, |outcome| matches!(outcome, Err(Error::Full)), false).await;
    check(
        Fault::Applied,
        |outcome| matches!(outcome, Err(Error::MayHaveCommitted)),
        true,
    )
    .await;
    check(
        Fault::NotApplied,
        |outcome| matches!(outcome, Err(Error::MayHaveCommitted)),
        false,
    )
    .await;
    check(
        Fault::Failed,
        |outcome| matches!(outcome, Err(Error::Failed(_))),
        false,
    )
    .await;
    check(
        Fault::Delayed(3),
        |outcome| matches!(outcome, Ok(Outcome::Done)),
        true,
    )
    .await;
}

#[tokio::test]
async fn after_a_failure_only_reads_go_on() {
    let faulty = Faulty::new(Arc::new(Memory::new()), Plan::script([None, Some(Fault::Failed)]));
    assert!(faulty.commit(Space::SYSTEM, &home(), written()).await.is_ok());
    for _ in 0..3 {
        assert!(matches!(
            faulty.commit(Space::SYSTEM, &home(), written()).await,
            Err(Error::Failed(_))
        ));
        assert!(matches!(
            faulty.stage(Space::SYSTEM, &home()).await,
            Err(Error::Failed(_))
        ));
    }
    assert!(faulty.get(Space::SYSTEM, &home(), &[row()]).await.unwrap()[0].is_some());
    faulty.plan(Plan::none());
    assert!(faulty.commit(Space::SYSTEM, &home(), written()).await.is_ok());
}

#[tokio::test]
async fn the_same_seed_goes_wrong_in_the_same_way() {
    async fn outcomes(seed: u64) -> Vec<String> {
        let odds = Odds {
            unavailable: 200,
            full: 200,
            applied: 200,
            not_applied: 200,
            delayed: 100,
        };
        let faulty = Faulty::new(Arc::new(Memory::new()), Plan::seeded(seed, odds));
        let mut outcomes = Vec::new();
        for _ in 0..50 {
            outcomes.push(format!(
                "{:?}",
                faulty.commit(Space::SYSTEM, &home(), written()).await
            ));
        }
        outcomes
    }
    assert_eq!(outcomes(1).await, outcomes(1).await);
    assert_ne!(outcomes(1).await, outcomes(2).await);
}

fn home() -> Home {
    Home(Bytes::from_static(b"home"))
}

fn row() -> Row {
    Row {
        class: Class(1),
        suffix: Bytes::new(),
    }
}

fn written() -> Change {
    let put = Put {
        row: row(),
        value: Bytes::from_static(b"value"),
        body: None,
    };
    Change {
        puts: vec![put],
        ..Change::default()
    }
}
