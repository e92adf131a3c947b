//! Access keys: made, found, made inactive, expired, removed, and how they were used.

use crate::support::*;
use countersign_identity::{KeyHistory, OtherKey, Principal, Retired, Unresolved, limits};
use countersign_sigv4::{Scope, Secret, SigningKey};
use countersign_types::iam::{AccessKeyStatus, Answer, Call, FaultCode};
use countersign_types::sts;

fn scope(date: &str, service: &str) -> Scope {
    Scope {
        date: date.into(),
        region: "us-east-1".into(),
        service: service.into(),
    }
}

async fn listed(world: &World, user: Option<&str>) -> Vec<(String, AccessKeyStatus)> {
    let list = Call::ListAccessKeys {
        user_name: user.map(str::to_owned),
        page: page(),
    };
    let Answer::AccessKeys { keys, .. } = world.done(list).await else {
        panic!("keys");
    };
    keys.items
        .into_iter()
        .map(|key| (key.access_key_id, key.status))
        .collect()
}

#[tokio::test]
async fn a_key_speaks_for_its_user_from_its_answer_on() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let id = &key.metadata.access_key_id;
    assert_eq!(
        world.arn_of(id).as_deref(),
        Ok("arn:aws:iam::000000000001:user/ada")
    );
    let resolved = world.resolve(id, None, 0).expect("it resolves");
    assert_eq!(
        resolved.access_key.secret.expose(),
        key.secret_access_key.as_bytes()
    );
    for unknown in [
        "",
        "AKIA",
        "akroot0000000000",
        &id.to_lowercase(),
        "ASIA0000000000000000",
    ] {
        assert_eq!(
            world.arn_of(unknown),
            Err(Unresolved::UnknownAccessKeyId),
            "{unknown}"
        );
    }
    assert_eq!(
        world.arn_of("ASIAAAAAAAAAAAAAAAAA"),
        Err(Unresolved::TokenMissing)
    );
    assert_eq!(
        world.arn_of(ROOT_KEY).as_deref(),
        Ok("arn:aws:iam::000000000001:root")
    );
}

#[tokio::test]
async fn a_token_beside_a_key_that_is_not_temporary_is_refused() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    for id in [ROOT_KEY, &key.metadata.access_key_id] {
        let resolved = world.resolve(id, Some("token"), 0);
        assert_eq!(resolved.err(), Some(Unresolved::TokenInvalid), "{id}");
    }
}

#[tokio::test]
async fn an_inactive_key_is_refused_until_it_is_active_again() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let id = &key.metadata.access_key_id;
    world.done(set_key("ada", id, AccessKeyStatus::Inactive)).await;
    assert_eq!(world.arn_of(id), Err(Unresolved::Inactive));
    assert_eq!(
        listed(&world, Some("ada")).await,
        [(id.clone(), AccessKeyStatus::Inactive)]
    );
    world.done(set_key("ada", id, AccessKeyStatus::Active)).await;
    assert!(world.arn_of(id).is_ok());
    world.user("bob").await;
    let message = format!("The Access Key with id {id} cannot be found.");
    world
        .refused(
            set_key("bob", id, AccessKeyStatus::Inactive),
            FaultCode::NoSuchEntity,
            &message,
        )
        .await;
    world
        .refused(delete_key("bob", id), FaultCode::NoSuchEntity, &message)
        .await;
}

#[tokio::test]
async fn a_key_with_an_end_ends_then() {
    let world = World::new().await;
    world.user("ada").await;
    let create = |seconds| Call::CreateAccessKey {
        user_name: Some("ada".to_owned()),
        expiration_date: Some(at(seconds)),
    };
    assert_eq!(
        world.call(create(0)).await.map_err(|fault| fault.code),
        Err(FaultCode::ValidationError)
    );
    let Answer::NewAccessKey(key) = world.done(create(60)).await else {
        panic!("a key");
    };
    let id = &key.metadata.access_key_id;
    assert_eq!(key.metadata.expiration_date, Some(at(60)));
    assert!(world.resolve(id, None, 59).is_ok());
    assert_eq!(world.resolve(id, None, 60).err(), Some(Unresolved::Expired));
}

#[tokio::test]
async fn a_removed_key_is_unknown_and_leaves_the_keys_of_its_days() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let id = &key.metadata.access_key_id;
    assert!(world.directory.retired_key(id, "20261125", at(0)).is_none());
    world.done(delete_key("ada", id)).await;
    assert_eq!(world.arn_of(id), Err(Unresolved::UnknownAccessKeyId));
    assert!(world.directory.presumed(id).is_none());
    let secret = Secret::new(key.secret_access_key.as_bytes());
    for (date, is_kept) in [
        ("20261124", false),
        ("20261125", true),
        ("20261208", true),
        ("20261209", false),
    ] {
        let removed = world.directory.retired_key(id, date, at(0)).expect("it was one");
        assert_eq!(removed.retired, Some(Retired::Removed(at(0))));
        let kept = removed.date_key;
        let expected = is_kept.then(|| SigningKey::date_key(&secret, date));
        assert_eq!(kept.as_deref(), expected.as_deref(), "{date}");
    }
    // As days pass they go, and in the end nothing is left.
    let day = 86_400;
    world.directory.sweep(at(day)).await.expect("swept");
    let is_kept = |date| {
        let removed = world.directory.retired_key(id, date, at(day));
        removed.expect("it was one").date_key.is_some()
    };
    assert!(!is_kept("20261125") && is_kept("20261126"));
    world.directory.sweep(at(14 * day)).await.expect("swept");
    assert!(
        world
            .directory
            .retired_key(id, "20261209", at(14 * day))
            .is_none()
    );
    let rows = world.rows().await;
    assert!(
        !rows
            .iter()
            .any(|(_, row)| row.position.suffix.starts_with(b"tomb/"))
    );
}

/// Ids and what became of them, those for whose day there is a key marked.
fn told(keys: &[OtherKey]) -> Vec<(String, Option<Retired>, bool)> {
    let told = |key: &OtherKey| (key.access_key_id.clone(), key.retired, key.date_key.is_some());
    keys.iter().map(told).collect()
}

#[tokio::test]
async fn the_other_keys_of_a_principal_are_told_with_what_became_of_them() {
    let world = World::new().await;
    world.user("ada").await;
    world.user("bob").await;
    let [old, own] = [world.key("ada").await, world.key("ada").await].map(|key| key.metadata.access_key_id);
    let bobs = world.key("bob").await.metadata.access_key_id;
    let others = |id: &str, date: &str, seconds: i64| {
        let resolved = world.resolve(id, None, 0).expect("it resolves");
        world.directory.other_keys(&resolved, date, at(seconds))
    };
    assert_eq!(told(&others(&own, "20261125", 0)), [(old.clone(), None, true)]);
    assert!(
        others(&bobs, "20261125", 0).is_empty(),
        "whose are other people's keys"
    );
    let shown = format!("{:?}", others(&own, "20261125", 0));
    assert!(!shown.contains("date_key"), "{shown}");

    let status = |status| set_key("ada", &old, status);
    world.done(status(AccessKeyStatus::Inactive)).await;
    assert_eq!(
        told(&others(&own, "20261125", 0)),
        [(old.clone(), Some(Retired::Inactive), true)]
    );
    let retired = world
        .directory
        .retired_key(&old, "20261125", at(0))
        .expect("it is one");
    assert_eq!(retired.retired, Some(Retired::Inactive));
    assert!(world.directory.retired_key(&own, "20261125", at(0)).is_none());

    world.done(delete_key("ada", &old)).await;
    let removed = Some(Retired::Removed(at(0)));
    assert_eq!(told(&others(&own, "20261201", 9)), [(old.clone(), removed, true)]);
    assert_eq!(
        told(&others(&own, "20261124", 9)),
        [(old.clone(), removed, false)]
    );

    // Those in use stand in front, then the newest; and there is an end.
    for n in 1..=limits::OTHER_KEYS_MAX {
        let key = world.key("ada").await.metadata.access_key_id;
        let now = at(i64::try_from(n).expect("small"));
        world
            .call_at(delete_key("ada", &key), now)
            .await
            .expect("removed");
    }
    let last = world.key("ada").await.metadata.access_key_id;
    let all = told(&others(&own, "20261125", 60));
    assert_eq!(all.len(), limits::OTHER_KEYS_MAX);
    assert_eq!(all[0], (last, None, true));
    assert_eq!(all[1].1, Some(Retired::Removed(at(8))));
    assert!(!all.iter().any(|(id, ..)| *id == old));
}

#[tokio::test]
async fn temporary_keys_of_a_user_have_the_user_s_keys_beside_them_and_those_of_roles_none() {
    let world = World::new().await;
    world.user("ada").await;
    let own = world.key("ada").await.metadata.access_key_id;
    let ada = world.resolve(&own, None, 0).expect("it resolves");
    let call = sts::Call::GetSessionToken { duration: None };
    let answer = world.directory.sts(&ada, call, at(0)).await;
    let Ok(sts::Answer::SessionToken(session)) = answer else {
        panic!("a session");
    };
    let session = world
        .resolve(&session.access_key_id, Some(&session.session_token), 0)
        .expect("it resolves");
    let others = world.directory.other_keys(&session, "20261125", at(0));
    assert_eq!(told(&others), [(own, None, true)]);

    world.role("reader", &trusting(ROOT_ACCOUNT)).await;
    let role = world
        .directory
        .role("arn:aws:iam::000000000001:role/reader")
        .expect("a role");
    let begun = world
        .directory
        .credentials_of_token("t", &role, "server", None, at(0))
        .await;
    let begun = begun.expect("a session");
    let begun = world
        .resolve(&begun.access_key_id, Some(&begun.session_token), 0)
        .expect("it resolves");
    assert!(world.directory.other_keys(&begun, "20261125", at(0)).is_empty());
    assert_eq!(world.directory.key_history(&begun, at(0)), KeyHistory::default());
}

#[tokio::test]
async fn a_key_is_unused_until_its_first_use_and_rotated_while_the_other_one_is_remembered() {
    let world = World::new().await;
    world.user("ada").await;
    let [old, own] = [world.key("ada").await, world.key("ada").await].map(|key| key.metadata.access_key_id);
    let resolved = world.resolve(&own, None, 0).expect("it resolves");
    let history = || {
        let history = world.directory.key_history(&resolved, at(0));
        (history.is_unused, history.is_rotated)
    };
    assert_eq!(history(), (true, false));
    world
        .directory
        .note_use(&resolved, at(0), &scope("20261125", "s3"), || None);
    assert_eq!(history(), (false, false));
    world.done(delete_key("ada", &old)).await;
    assert_eq!(history(), (false, true));
    world.directory.sweep(at(14 * 86_400)).await.expect("swept");
    assert_eq!(history(), (false, false));
    // When the operator's own key was made nobody knows.
    let root = world.resolve(ROOT_KEY, None, 0).expect("it resolves");
    assert!(!world.directory.key_history(&root, at(0)).is_unused);
}

#[tokio::test]
async fn the_root_has_keys_of_its_own_beside_the_operators() {
    let world = World::new().await;
    let Answer::NewAccessKey(key) = world.done(create_key(None)).await else {
        panic!("a key");
    };
    let id = key.metadata.access_key_id;
    assert_eq!(key.metadata.user_name, None);
    let resolved = world.resolve(&id, None, 0).expect("it resolves");
    assert!(world.directory.is_operator(&resolved.principal));
    let keys = listed(&world, None).await;
    assert_eq!(keys.len(), 2);
    let message = "Cannot exceed quota for AccessKeysPerUser: 2";
    world
        .refused(create_key(None), FaultCode::LimitExceeded, message)
        .await;
    let message = format!(
        "The Access Key with id {ROOT_KEY} is the operator's and is replaced where the server is started."
    );
    let delete = |id: &str| Call::DeleteAccessKey {
        user_name: None,
        access_key_id: id.to_owned(),
    };
    world
        .refused(delete(ROOT_KEY), FaultCode::UnmodifiableEntity, &message)
        .await;
    world.done(delete(&id)).await;
    assert!(world.arn_of(&id).is_err());
}

#[tokio::test]
async fn who_is_not_named_is_the_caller_under_its_name_of_today() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let ada = world
        .resolve(&key.metadata.access_key_id, None, 0)
        .expect("it resolves")
        .principal;
    world
        .done(Call::UpdateUser {
            user_name: "ada".to_owned(),
            new_path: None,
            new_user_name: Some("ada2".to_owned()),
        })
        .await;
    let find = || Call::GetUser { user_name: None };
    let found = world.directory.iam(&ada, &world.account, find(), at(0)).await;
    assert!(matches!(found, Ok(Answer::User(user)) if user.user_name == "ada2"));
    let found = world
        .directory
        .iam(&Principal::Anonymous, &world.account, find(), at(0))
        .await;
    assert_eq!(found.map_err(|fault| fault.code), Err(FaultCode::ValidationError));
}

#[tokio::test]
async fn the_last_use_is_told_and_outlives_a_restart() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let id = key.metadata.access_key_id;
    let last_used = || Call::GetAccessKeyLastUsed {
        access_key_id: id.clone(),
    };
    let Answer::AccessKeyLastUsed(never) = world.done(last_used()).await else {
        panic!("a last use");
    };
    assert_eq!(
        (never.user_name.as_deref(), never.last_used_date),
        (Some("ada"), None)
    );
    let resolved = world.resolve(&id, None, 0).expect("it resolves");
    let note = |world: &World, seconds| {
        world
            .directory
            .note_use(&resolved, at(seconds), &scope("20261125", "s3"), || {
                Some("aws-cli/2".to_owned())
            });
    };
    note(&world, 5);
    world.directory.flush_usage().await.expect("written");
    // Another server on the same engine, which was started before, is asked.
    let other = World::on(world.engine.clone(), 2).await;
    note(&world, 100);
    world.directory.flush_usage().await.expect("written");
    let Answer::AccessKeyLastUsed(used) = other.done(last_used()).await else {
        panic!("a last use");
    };
    assert_eq!(used.last_used_date, Some(at(100)));
    assert_eq!(used.service_name.as_deref(), Some("s3"));
    assert_eq!(used.user_agent.as_deref(), Some("aws-cli/2"));
    // What an idle server noted long ago does not come back over it.
    note(&other, 50);
    other.directory.flush_usage().await.expect("written");
    let rows = world.rows().await;
    let uses: Vec<_> = rows.iter().filter(|(class, _)| *class == b'U').collect();
    assert_eq!(uses.len(), 1);
    world.done(delete_key("ada", &id)).await;
    assert!(!world.rows().await.iter().any(|(class, _)| *class == b'U'));
    // A request that was under way meanwhile leaves nothing behind, on whichever server.
    other.directory.refresh().await.expect("read");
    for server in [&world, &other] {
        note(server, 500);
        server.directory.flush_usage().await.expect("written");
    }
    assert!(!world.rows().await.iter().any(|(class, _)| *class == b'U'));
}

#[tokio::test]
async fn signing_keys_go_with_their_access_key() {
    let world = World::new().await;
    world.user("ada").await;
    let key = world.key("ada").await;
    let id = &key.metadata.access_key_id;
    let today = scope("20261125", "s3");
    let resolved = world.resolve(id, None, 0).expect("it resolves");
    let first = world.directory.signing_key(&resolved, &today);
    assert!(std::sync::Arc::ptr_eq(
        &first,
        &world.directory.signing_key(&resolved, &today)
    ));
    world.done(set_key("ada", id, AccessKeyStatus::Inactive)).await;
    assert!(!std::sync::Arc::ptr_eq(
        &first,
        &world.directory.signing_key(&resolved, &today)
    ));
}
