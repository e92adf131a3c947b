//! What must hold for secrets: sealed where they lie, told once, and never printed.

use crate::support::*;
use countersign_engine::faulty::{Fault, Faulty, Plan};
use countersign_engine::memory::Memory;
use countersign_engine::{Change, Engine, Home, Outcome, Put, Row, Space};
use countersign_identity::{Directory, Error};
use countersign_types::sts::{Answer, Call};
use std::sync::Arc;

/// Whether bytes hold a text, as it is or in hex or base64.
fn holds(bytes: &[u8], text: &str) -> bool {
    let contains = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    contains(text.as_bytes()) || contains(hex.as_bytes())
}

#[tokio::test]
async fn no_secret_lies_on_the_engine_in_clear() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let removed = world.key("ada").await;
    world
        .done(delete_key("ada", &removed.metadata.access_key_id))
        .await;
    let account = world
        .directory
        .create_account("other", at(0))
        .await
        .expect("an account");
    let root = world.resolve(ROOT_KEY, None, 0).expect("it resolves");
    let session = world
        .directory
        .sts(&root, Call::GetSessionToken { duration: None }, at(0))
        .await;
    let Ok(Answer::SessionToken(session)) = session else {
        panic!("a session");
    };
    let secrets = [
        key.secret_access_key.as_str(),
        &removed.secret_access_key,
        &account.access_key.secret_access_key,
        &session.secret_access_key,
        &session.session_token,
        ROOT_SECRET,
    ];
    let rows = world.rows().await;
    assert!(rows.len() >= 7);
    for (_, row) in rows {
        for secret in secrets {
            assert!(!holds(&row.value, secret), "{:?}", row.position);
        }
    }
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_a_secret() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let resolved = world
        .resolve(&key.metadata.access_key_id, None, 0)
        .expect("it resolves");
    let session = world
        .directory
        .sts(&resolved, Call::GetSessionToken { duration: None }, at(0))
        .await;
    let Ok(Answer::SessionToken(session)) = session else {
        panic!("a session");
    };
    let in_session = world.resolve(&session.access_key_id, Some(&session.session_token), 0);
    let in_session = in_session.expect("it resolves");
    let shown = format!(
        "{key:?} {resolved:?} {in_session:?} {session:?} {:?}",
        master(&[1])
    );
    for secret in [
        &key.secret_access_key,
        &session.secret_access_key,
        &session.session_token,
    ] {
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }
}

#[tokio::test]
async fn an_unknown_master_key_is_named_when_the_directory_opens() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let id = master(&[1]).ids().next().expect("one").to_owned();
    let open = |keys: &[u8]| {
        Directory::open(
            world.engine.clone(),
            root_key(),
            master(keys),
            Repeating::seeded(9),
        )
    };
    let error = open(&[2]).await.err().expect("the key is another one");
    assert!(
        matches!(&error, Error::UnknownMasterKey { id: named, .. } if *named == id),
        "{error}"
    );
    assert!(error.to_string().contains(&id) && error.to_string().contains(&key.metadata.access_key_id));
    assert!(open(&[2, 1]).await.is_ok());
}

#[tokio::test]
async fn after_sealing_anew_the_old_master_key_is_not_needed() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let removed = world.key("ada").await;
    world
        .done(delete_key("ada", &removed.metadata.access_key_id))
        .await;
    let root = world.resolve(ROOT_KEY, None, 0).expect("it resolves");
    let session = world
        .directory
        .sts(&root, Call::GetSessionToken { duration: None }, at(0))
        .await;
    let Ok(Answer::SessionToken(session)) = session else {
        panic!("a session");
    };
    let open = |keys: &[u8]| {
        Directory::open(
            world.engine.clone(),
            root_key(),
            master(keys),
            Repeating::seeded(9),
        )
    };
    let both = open(&[2, 1]).await.expect("it opens");
    // A key, what is left of another, and a seal key.
    assert_eq!(both.reseal(at(1)).await, Ok(3));
    assert_eq!(both.reseal(at(1)).await, Ok(0));
    let directory = open(&[2]).await.expect("the new key is enough");
    let resolved = directory
        .resolve(&key.metadata.access_key_id, None, at(2))
        .expect("it resolves");
    assert_eq!(
        resolved.access_key.secret.expose(),
        key.secret_access_key.as_bytes()
    );
    assert!(
        directory
            .resolve(&session.access_key_id, Some(&session.session_token), at(2))
            .is_ok()
    );
    assert!(
        directory
            .retired_key(&removed.metadata.access_key_id, "20261126", at(2))
            .is_some_and(|removed| removed.date_key.is_some())
    );
    assert!(open(&[1]).await.is_err());
}

#[tokio::test]
async fn sealing_anew_that_is_cut_short_leaves_everything_readable() {
    let mut cut_short = 0;
    for calls_before in 0.. {
        // The same each time: three accounts with a key each, a removed key, and a session.
        let memory = Memory::new();
        let world = World::on(Arc::new(memory.clone()), 1).await;
        world.user("ada").await;
        let mut secrets = vec![world.key("ada").await];
        let removed = world.key("ada").await.metadata.access_key_id;
        world.done(delete_key("ada", &removed)).await;
        for name in ["one", "other"] {
            let made = world
                .directory
                .create_account(name, at(0))
                .await
                .expect("an account");
            secrets.push(made.access_key);
        }
        let root = world.resolve(ROOT_KEY, None, 0).expect("it resolves");
        let call = Call::GetSessionToken { duration: None };
        let Ok(Answer::SessionToken(session)) = world.directory.sts(&root, call, at(0)).await else {
            panic!("a session");
        };

        let engine = Arc::new(Faulty::new(Arc::new(memory.clone()), Plan::none()));
        let open = async |engine: Arc<dyn Engine>, keys: &[u8]| {
            Directory::open(engine, root_key(), master(keys), Repeating::seeded(9)).await
        };
        let rotating = open(engine.clone(), &[2, 1]).await.expect("it opens");
        // After so many calls the process is gone, and writes nothing any more.
        let calls = std::iter::repeat_n(None, calls_before);
        engine.plan(Plan::script(calls.chain([Some(Fault::Failed)])));
        let is_whole = rotating.reseal(at(1)).await.is_ok();
        drop(rotating);

        let check = |directory: &Directory| {
            for key in &secrets {
                let resolved = directory.resolve(&key.metadata.access_key_id, None, at(2));
                let resolved = resolved.expect("it resolves");
                assert_eq!(
                    resolved.access_key.secret.expose(),
                    key.secret_access_key.as_bytes()
                );
            }
            let session = directory.resolve(&session.access_key_id, Some(&session.session_token), at(2));
            assert!(session.is_ok(), "{calls_before}");
            let removed = directory.retired_key(&removed, "20261126", at(2));
            let day = removed.and_then(|removed| removed.date_key);
            assert!(day.is_some(), "{calls_before}");
        };
        let again = open(Arc::new(memory.clone()), &[2, 1])
            .await
            .expect("both keys are there");
        check(&again);
        assert!(again.reseal(at(3)).await.is_ok(), "{calls_before}");
        check(&open(Arc::new(memory), &[2]).await.expect("the new key is enough"));
        if is_whole {
            break;
        }
        cut_short += 1;
    }
    // The accounts and the seal key are four writes.
    assert!(cut_short >= 4, "{cut_short}");
}

#[tokio::test]
async fn a_secret_that_was_moved_to_another_key_does_not_open() {
    let world = World::new().await;
    world.user("ada").await;
    let [one, other] = [world.key("ada").await, world.key("ada").await];
    let rows = world.rows().await;
    let row_of = |id: &str| {
        let suffix = format!("key/{id}");
        let row = rows
            .iter()
            .find(|(_, row)| row.position.suffix == suffix.as_bytes());
        row.expect("it is there").1.clone()
    };
    let [one, other] = [one, other].map(|key| {
        (
            key.metadata.access_key_id.clone(),
            row_of(&key.metadata.access_key_id),
        )
    });
    let moved = String::from_utf8(other.1.value.to_vec())
        .expect("JSON")
        .replace(&other.0, &one.0);
    let change = Change {
        puts: vec![Put {
            row: Row {
                class: countersign_engine::Class(b'I'),
                suffix: one.1.position.suffix.clone(),
            },
            value: moved.into(),
            body: None,
        }],
        ..Change::default()
    };
    let home = Home(one.1.position.home.clone());
    let engine: &Arc<dyn Engine> = &world.engine;
    assert_eq!(
        engine
            .commit(Space::SYSTEM, &home, change)
            .await
            .expect("written"),
        Outcome::Done
    );
    let opened = Directory::open(engine.clone(), root_key(), master(&[1]), Repeating::seeded(9)).await;
    assert!(matches!(opened.err(), Some(Error::Damaged(_))));
}
