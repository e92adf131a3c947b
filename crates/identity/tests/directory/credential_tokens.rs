//! Tokens that stand for a role: good for that role alone, until they are revoked or over, and nowhere to be read.

use crate::support::*;
use countersign_engine::{Change, Class, Home, Put, Row, Space};
use countersign_identity::{CREDENTIAL_TOKENS_MAX, RoleView, Unresolved, limits};
use countersign_types::iam::{Call, FaultCode};
use countersign_types::sts::{self, Credentials};

const MAKER: &str = "arn:aws:iam::000000000001:root";

async fn role(world: &World, name: &str) -> RoleView {
    world.role(name, &trusting(ROOT_ACCOUNT)).await;
    let arn = format!("arn:aws:iam::{ROOT_ACCOUNT}:role/{name}");
    world.directory.role(&arn).expect("it was made")
}

async fn role_of(world: &World, token: &str, seconds: i64) -> Option<String> {
    let found = world.directory.role_of_credential_token(token, at(seconds)).await;
    found
        .expect("rows can be read")
        .map(|(_, role)| role.name().to_owned())
}

#[tokio::test]
async fn a_token_stands_for_its_role_until_it_is_revoked() {
    let world = World::new().await;
    let app = role(&world, "app").await;
    let first = world
        .directory
        .create_credential_token(&app, MAKER, None, at(0))
        .await;
    let first = first.expect("made");
    let expires = Some(at(60));
    let second = world
        .directory
        .create_credential_token(&app, MAKER, expires, at(1))
        .await;
    let second = second.expect("made");
    assert_ne!(*first.token, *second.token);
    let listed = world
        .directory
        .credential_tokens(ROOT_ACCOUNT)
        .await
        .expect("listed");
    assert_eq!(listed, [first.about.clone(), second.about.clone()]);
    assert!(
        world
            .directory
            .credential_tokens("111122223333")
            .await
            .expect("none")
            .is_empty()
    );

    assert_eq!(
        role_of(&world, &first.token, 1_000_000).await.as_deref(),
        Some("app")
    );
    assert_eq!(role_of(&world, &second.token, 59).await.as_deref(), Some("app"));
    assert_eq!(role_of(&world, &second.token, 60).await, None, "it is over");
    let other_secret = format!("{}x", first.token.get(..first.token.len() - 1).expect("text"));
    let other_id = first.token.replace(&first.about.id, &second.about.id);
    for wrong in [
        "",
        "cst",
        "cst___",
        "cst_000000000001_x_y",
        &other_secret,
        &other_id,
        &first.token[1..],
    ] {
        assert_eq!(role_of(&world, wrong, 1).await, None, "{wrong}");
    }

    // Another server on the same engine knows it, and knows at once when it is revoked.
    let beside = World::on(world.engine.clone(), 5).await;
    assert_eq!(role_of(&beside, &first.token, 1).await.as_deref(), Some("app"));
    let missing = world
        .directory
        .delete_credential_token("111122223333", &first.about.id, at(2))
        .await;
    assert_eq!(missing.expect_err("not theirs").code, FaultCode::NoSuchEntity);
    world
        .directory
        .delete_credential_token(ROOT_ACCOUNT, &first.about.id, at(2))
        .await
        .expect("revoked");
    assert_eq!(role_of(&beside, &first.token, 1).await, None);
}

fn is_open(world: &World, credentials: &Credentials, seconds: i64) -> bool {
    let token = Some(credentials.session_token.as_str());
    match world.resolve(&credentials.access_key_id, token, seconds) {
        Ok(_) => true,
        Err(Unresolved::TokenInvalid) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn revoking_a_token_ends_what_it_gave_and_what_came_of_that() {
    let world = World::new().await;
    let app = role(&world, "app").await;
    let next = role(&world, "next").await;
    let make = async || {
        let made = world
            .directory
            .create_credential_token(&app, MAKER, None, at(0))
            .await;
        made.expect("made").about.id
    };
    let [revoked, kept] = [make().await, make().await];
    let give = async |id: &str, seconds: i64| {
        let given = world
            .directory
            .credentials_of_token(id, &app, "server", Some(3_600), at(seconds))
            .await;
        given.expect("given")
    };
    let (given, others) = (give(&revoked, 0).await, give(&kept, 0).await);
    let begun = world
        .resolve(&given.access_key_id, Some(&given.session_token), 0)
        .expect("it resolves");
    let call = sts::Call::AssumeRole {
        role_arn: next.arn().to_owned(),
        role_session_name: "chained".to_owned(),
        limits: sts::SessionLimits::default(),
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        external_id: None,
        source_identity: None,
    };
    let chained = world.directory.assume_role(&begun, &next, &call, at(0)).await;
    let Ok(sts::Answer::AssumedRole {
        credentials: chained, ..
    }) = chained
    else {
        panic!("a session");
    };
    let beside = World::on(world.engine.clone(), 5).await;
    assert!(
        [&given, &chained, &others]
            .iter()
            .all(|session| is_open(&world, session, 1))
    );
    assert!(is_open(&beside, &given, 1));

    world
        .directory
        .delete_credential_token(ROOT_ACCOUNT, &revoked, at(10))
        .await
        .expect("revoked");
    assert!(!is_open(&world, &given, 11) && !is_open(&world, &chained, 11));
    assert!(is_open(&world, &others, 11));
    // The other server knows with its next look, as it does of a key.
    beside.directory.refresh().await.expect("read");
    assert!(
        !is_open(&beside, &given, 11) && !is_open(&beside, &chained, 11) && is_open(&beside, &others, 11)
    );
    // Whoever saw the token before and begins only now begins nothing.
    assert!(!is_open(&world, &give(&revoked, 12).await, 12));
    // It outlives a restart, and is forgotten when all that it gave has ended by itself.
    let is_kept = async || {
        let rows = world.rows().await;
        rows.iter()
            .any(|(_, row)| row.position.suffix.starts_with(b"revoked/"))
    };
    let again = World::on(world.engine.clone(), 6).await;
    assert!(!is_open(&again, &given, 11));
    world
        .directory
        .sweep(at(10 + limits::REVOKED_KEPT_SECONDS))
        .await
        .expect("swept");
    assert!(is_kept().await);
    world
        .directory
        .sweep(at(11 + limits::REVOKED_KEPT_SECONDS))
        .await
        .expect("swept");
    assert!(!is_kept().await);
}

#[tokio::test]
async fn what_a_revoked_token_gave_has_ended_as_the_first_version_wrote_it() {
    let text = include_str!("../../fixtures/revoked-1.tsv");
    let parts: Vec<&str> = text.trim_end().splitn(4, '\t').collect();
    let [_, home, suffix, value] = parts.as_slice() else {
        panic!("a row has four parts");
    };
    let world = World::new().await;
    let app = role(&world, "app").await;
    let change = Change {
        puts: vec![Put {
            row: Row {
                class: Class(b'I'),
                suffix: suffix.to_string().into(),
            },
            value: value.to_string().into(),
            body: None,
        }],
        ..Change::default()
    };
    let home = Home(home.to_string().into());
    world
        .engine
        .commit(Space::SYSTEM, &home, change)
        .await
        .expect("written");
    let world = World::on(world.engine.clone(), 9).await;
    for (id, ended) in [("0011223344556677", true), ("0011223344556678", false)] {
        let given = world
            .directory
            .credentials_of_token(id, &app, "server", None, at(0))
            .await;
        assert_eq!(!is_open(&world, &given.expect("given"), 0), ended, "{id}");
    }
    // What is written next keeps it, byte for byte.
    world.user("ada").await;
    let rows = world.rows().await;
    let stored = rows
        .iter()
        .find(|(_, row)| row.position.suffix == suffix.as_bytes());
    assert_eq!(stored.map(|(_, row)| row.value.as_ref()), Some(value.as_bytes()));
}

#[tokio::test]
async fn a_role_that_is_made_again_is_another_one() {
    let world = World::new().await;
    let app = role(&world, "app").await;
    let made = world
        .directory
        .create_credential_token(&app, MAKER, None, at(0))
        .await;
    let token = made.expect("made").token;
    let delete = Call::DeleteRole {
        role_name: "app".to_owned(),
    };
    world.done(delete).await;
    assert_eq!(role_of(&world, &token, 1).await, None);
    role(&world, "app").await;
    assert_eq!(role_of(&world, &token, 1).await, None);
}

#[tokio::test]
async fn no_row_and_no_text_of_ours_holds_a_token() {
    let world = World::new().await;
    let app = role(&world, "app").await;
    let made = world
        .directory
        .create_credential_token(&app, MAKER, None, at(0))
        .await;
    let made = made.expect("made");
    let secret = made.token.rsplit('_').next().expect("a secret").to_owned();
    assert!(secret.len() >= 40 && !format!("{made:?}").contains(&secret));
    let home = Home("iam:credential-tokens".into());
    let row = Row {
        class: Class(b'C'),
        suffix: format!("{ROOT_ACCOUNT}/{}", made.about.id).into(),
    };
    let found = world
        .engine
        .get(Space::SYSTEM, &home, &[row])
        .await
        .expect("readable");
    let stored = found.first().cloned().flatten().expect("it is there");
    assert!(!String::from_utf8_lossy(&stored.value).contains(&secret));
}

#[tokio::test]
async fn a_token_as_the_first_version_wrote_it_is_good() {
    let text = include_str!("../../fixtures/credential-token-1.tsv");
    let parts: Vec<&str> = text.trim_end().splitn(4, '\t').collect();
    let [_, home, suffix, value] = parts.as_slice() else {
        panic!("a row has four parts");
    };
    let world = World::new().await;
    let app = role(&world, "app").await;
    let change = Change {
        puts: vec![Put {
            row: Row {
                class: Class(b'C'),
                suffix: suffix.to_string().into(),
            },
            value: value.replace("AROAAAAAAAAAAAAAAAAAA", app.id()).into(),
            body: None,
        }],
        ..Change::default()
    };
    let home = Home(home.to_string().into());
    world
        .engine
        .commit(Space::SYSTEM, &home, change)
        .await
        .expect("written");
    let listed = world
        .directory
        .credential_tokens(ROOT_ACCOUNT)
        .await
        .expect("listed");
    assert_eq!(
        (listed[0].id.as_str(), listed[0].created_by.as_str()),
        ("0011223344556677", MAKER)
    );
    let token = "cst_000000000001_0011223344556677_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";
    let now = countersign_types::Moment::from_millis(1_795_086_399_999);
    let found = world
        .directory
        .role_of_credential_token(token, now)
        .await
        .expect("readable");
    assert_eq!(found.map(|(id, _)| id).as_deref(), Some("0011223344556677"));
}

#[tokio::test]
async fn an_account_has_so_many_tokens_and_no_more() {
    let text = include_str!("../../fixtures/credential-token-1.tsv");
    let value = text.trim_end().splitn(4, '\t').nth(3).expect("a value");
    let world = World::new().await;
    let app = role(&world, "app").await;
    let ids: Vec<String> = (1..CREDENTIAL_TOKENS_MAX).map(|n| format!("{n:016x}")).collect();
    for ids in ids.chunks(100) {
        let puts = ids.iter().map(|id| Put {
            row: Row {
                class: Class(b'C'),
                suffix: format!("{ROOT_ACCOUNT}/{id}").into(),
            },
            value: value.replace("0011223344556677", id).into(),
            body: None,
        });
        let change = Change {
            puts: puts.collect(),
            ..Change::default()
        };
        let home = Home("iam:credential-tokens".into());
        world
            .engine
            .commit(Space::SYSTEM, &home, change)
            .await
            .expect("written");
    }
    let last = world
        .directory
        .create_credential_token(&app, MAKER, None, at(0))
        .await;
    let last = last.expect("there is room for one");
    let refused = world
        .directory
        .create_credential_token(&app, MAKER, None, at(0))
        .await;
    assert_eq!(refused.expect_err("there is none").code, FaultCode::LimitExceeded);
    // One that was revoked takes its place until what it gave has ended.
    let directory = &world.directory;
    let revoked = directory
        .delete_credential_token(ROOT_ACCOUNT, &last.about.id, at(1))
        .await;
    revoked.expect("revoked");
    let now = at(2 + limits::REVOKED_KEPT_SECONDS);
    let refused = directory.create_credential_token(&app, MAKER, None, now).await;
    assert_eq!(refused.expect_err("there is none").code, FaultCode::LimitExceeded);
    directory.sweep(now).await.expect("swept");
    assert!(
        directory
            .create_credential_token(&app, MAKER, None, now)
            .await
            .is_ok()
    );
}
