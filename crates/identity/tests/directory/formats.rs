//! What lies on the engine: a row of every kind, as it was written by the version that first wrote it. The fixture is never written again.

use crate::support::*;
use countersign_engine::memory::Memory;
use countersign_engine::{Change, Class, Engine, Home, Put, Row, Space};
use countersign_policy::{Context, Effect, evaluate};
use countersign_types::iam::{Answer, Call, Holder};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Class, home, suffix and value of each row, between tabulators.
const ROWS: &str = include_str!("../../fixtures/rows-1.tsv");

/// Makes what is in the fixture.
async fn fill(world: &World) {
    world
        .done(Call::CreateUser {
            path: Some("/division/".to_owned()),
            user_name: "Ada".to_owned(),
            permissions_boundary: Some("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()),
            tags: vec![countersign_types::iam::Tag {
                key: "team".to_owned(),
                value: "röd".to_owned(),
            }],
        })
        .await;
    world.done(create_group("Devs")).await;
    world.done(add_to_group("Devs", "Ada")).await;
    world.role("Reader", &trusting(ROOT_ACCOUNT)).await;
    let arn = world.policy("Readers", &allowing("s3:Get*")).await;
    world
        .done(Call::CreatePolicyVersion {
            policy_arn: arn.clone(),
            document: allowing("s3:List*"),
            set_as_default: true,
        })
        .await;
    world.done(attach(&user("Ada"), &arn)).await;
    let devs = Holder::Group("Devs".to_owned());
    world
        .done(put_inline(&devs, "Inside", &allowing("s3:PutObject")))
        .await;
    world
        .done(Call::CreateOidcProvider {
            url: "https://idp.example/tenant".to_owned(),
            client_ids: vec!["app".to_owned()],
            thumbprints: vec!["a".repeat(40)],
            tags: Vec::new(),
        })
        .await;
    let removed = world.key("Ada").await;
    world
        .done(delete_key("Ada", &removed.metadata.access_key_id))
        .await;
    let Answer::NewAccessKey(key) = world
        .done(Call::CreateAccessKey {
            user_name: Some("Ada".to_owned()),
            expiration_date: Some(at(86_400)),
        })
        .await
    else {
        panic!("a key");
    };
    let resolved = world
        .resolve(&key.metadata.access_key_id, None, 0)
        .expect("it resolves");
    let scope = countersign_sigv4::Scope {
        date: "20261125".into(),
        region: "us-east-1".into(),
        service: "s3".into(),
    };
    world
        .directory
        .note_use(&resolved, at(10), &scope, || Some("aws-cli/2".to_owned()));
    world.directory.flush_usage().await.expect("written");
    world
        .directory
        .rotate_session_keys(at(0))
        .await
        .expect("a seal key");
}

async fn written(world: &World) -> String {
    let mut text = String::new();
    for (class, row) in world.rows().await {
        let shown = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("rows are texts");
        let (home, suffix) = (shown(&row.position.home), shown(&row.position.suffix));
        text.push_str(&format!(
            "{}\t{home}\t{suffix}\t{}\n",
            char::from(class),
            shown(&row.value)
        ));
    }
    text
}

async fn of_fixture() -> Arc<dyn Engine> {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let mut homes: BTreeMap<&str, Change> = BTreeMap::new();
    for line in ROWS.lines() {
        let parts: Vec<&str> = line.splitn(4, '\t').collect();
        let [class, home, suffix, value] = parts.as_slice() else {
            panic!("a row has four parts: {line}");
        };
        homes.entry(home).or_default().puts.push(Put {
            row: Row {
                class: Class(class.as_bytes()[0]),
                suffix: suffix.as_bytes().to_vec().into(),
            },
            value: value.as_bytes().to_vec().into(),
            body: None,
        });
    }
    for (home, change) in homes {
        let home = Home(home.as_bytes().to_vec().into());
        engine
            .commit(Space::SYSTEM, &home, change)
            .await
            .expect("written");
    }
    engine
}

#[tokio::test]
async fn the_same_calls_write_the_same_rows_to_the_byte() {
    let world = World::new().await;
    fill(&world).await;
    let written = written(&world).await;
    for (written, expected) in written.lines().zip(ROWS.lines()) {
        assert_eq!(written, expected);
    }
    assert_eq!(written.lines().count(), ROWS.lines().count());
}

#[tokio::test]
async fn a_row_of_every_kind_opens() {
    let world = World::on(of_fixture().await, 7).await;
    let Answer::User(ada) = world
        .done(Call::GetUser {
            user_name: Some("Ada".to_owned()),
        })
        .await
    else {
        panic!("a user");
    };
    assert_eq!(ada.arn, "arn:aws:iam::000000000001:user/division/Ada");
    assert_eq!((ada.tags[0].value.as_str(), ada.create_date), ("röd", at(0)));
    assert_eq!(
        ada.permissions_boundary.as_deref(),
        Some("arn:aws:iam::aws:policy/ReadOnlyAccess")
    );
    let Answer::AccessKeys { keys, .. } = world
        .done(Call::ListAccessKeys {
            user_name: Some("Ada".to_owned()),
            page: page(),
        })
        .await
    else {
        panic!("keys");
    };
    let id = &keys.items[0].access_key_id;
    assert_eq!(keys.items[0].expiration_date, Some(at(86_400)));
    let resolved = world.resolve(id, None, 0).expect("it resolves");
    assert_eq!(resolved.access_key.secret.expose().len(), 40);
    let applying = resolved.principal.policies();
    let names: Vec<&str> = applying.identity.iter().map(|attached| attached.name).collect();
    assert_eq!(
        names,
        ["arn:aws:iam::000000000001:policy/Readers", "group/Devs/Inside"]
    );
    let Answer::AccessKeyLastUsed(used) = world
        .done(Call::GetAccessKeyLastUsed {
            access_key_id: id.clone(),
        })
        .await
    else {
        panic!("a last use");
    };
    assert_eq!(
        (used.last_used_date, used.user_agent.as_deref()),
        (Some(at(10)), Some("aws-cli/2"))
    );
    assert!(
        world
            .directory
            .role("arn:aws:iam::000000000001:role/Reader")
            .is_some()
    );
    assert_eq!(
        world.directory.oidc_providers(ROOT_ACCOUNT)[0].client_ids,
        ["app"]
    );
    let tomb = ROWS
        .lines()
        .find_map(|line| line.split('\t').nth(2)?.strip_prefix("tomb/"));
    let tomb = tomb.expect("there is one");
    let removed = world.directory.retired_key(tomb, "20261130", at(0));
    assert!(removed.is_some_and(|removed| removed.date_key.is_some()));
    // What was sealed by its seal key is opened, and what is written next keeps what is there.
    let rows = world.rows().await.len();
    world.user("bob").await;
    assert_eq!(world.rows().await.len(), rows + 1);
    let again = World::on(world.engine.clone(), 8).await;
    assert!(again.arn_of(id).is_ok());
}

#[tokio::test]
async fn a_document_that_cannot_be_read_any_more_denies_everything_and_can_be_replaced() {
    let engine = of_fixture().await;
    let home = Home("iam:000000000001".into());
    let broken = |suffix: &str| {
        let line = ROWS
            .lines()
            .find(|line| line.contains(&format!("\t{suffix}\t")))
            .expect("there is one");
        let value = line
            .splitn(4, '\t')
            .nth(3)
            .expect("a value")
            .replace("Allow", "Permit");
        Put {
            row: Row {
                class: Class(b'I'),
                suffix: suffix.to_owned().into(),
            },
            value: value.into(),
            body: None,
        }
    };
    let change = Change {
        puts: vec![broken("policy/readers/v2"), broken("role/reader")],
        ..Change::default()
    };
    engine
        .commit(Space::SYSTEM, &home, change)
        .await
        .expect("written");
    let world = World::on(engine, 9).await;
    let id = ROWS
        .lines()
        .find_map(|line| line.split('\t').nth(2)?.strip_prefix("key/"))
        .expect("a key");
    let may = |action: &str| {
        let principal = world.resolve(id, None, 0).expect("it resolves").principal;
        let context = Context::new(principal.requester(), action, "arn:aws:s3:::b/k", ROOT_ACCOUNT);
        evaluate(&context, &principal.policies().policies()).is_allowed()
    };
    // What another policy allows, too.
    assert!(!may("s3:PutObject") && !may("s3:ListBucket"));
    let role = world
        .directory
        .role("arn:aws:iam::000000000001:role/Reader")
        .expect("it is there");
    assert_eq!(role.trust().statements().len(), 1);
    assert_eq!(role.trust().statements()[0].effect(), Effect::Deny);
    world
        .done(Call::CreatePolicyVersion {
            policy_arn: "arn:aws:iam::000000000001:policy/Readers".to_owned(),
            document: allowing("s3:List*"),
            set_as_default: true,
        })
        .await;
    assert!(may("s3:ListBucket"));
}

#[tokio::test]
async fn what_a_later_version_adds_stays_when_this_one_writes() {
    let engine = of_fixture().await;
    let home = Home("iam:000000000001".into());
    let line = ROWS
        .lines()
        .find(|line| line.contains("\tuser/ada\t"))
        .expect("there is one");
    let value = line.splitn(4, '\t').nth(3).expect("a value");
    let put = |suffix: &'static str, value: String| Put {
        row: Row {
            class: Class(b'I'),
            suffix: suffix.into(),
        },
        value: value.into(),
        body: None,
    };
    let added = value.replacen('{', r#"{"colour":{"of":"later"},"#, 1);
    let change = Change {
        puts: vec![
            put("user/ada", added),
            put("certificate/x", "not ours to read".to_owned()),
        ],
        ..Change::default()
    };
    engine
        .commit(Space::SYSTEM, &home, change)
        .await
        .expect("written");
    let world = World::on(engine, 9).await;
    world
        .done(Call::UpdateUser {
            user_name: "Ada".to_owned(),
            new_path: Some("/".to_owned()),
            new_user_name: None,
        })
        .await;
    let rows = written(&world).await;
    let row = rows
        .lines()
        .find(|line| line.contains("\tuser/ada\t"))
        .expect("it is there");
    assert!(
        row.contains(r#""colour":{"of":"later"}"#) && row.contains(r#""path":"/""#),
        "{row}"
    );
    assert!(rows.contains("not ours to read"));
}
