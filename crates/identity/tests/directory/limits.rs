//! Every quota of an account is reached, and the next one too many is refused.

use crate::support::*;
use countersign_engine::{Change, Class, Home, Put, Row, Space};
use countersign_identity::limits::*;
use countersign_types::iam::{Call, FaultCode, Holder, Tag, Tagged};

/// `fill` makes the nth thing; `max` of them are taken and no more.
async fn check(world: &World, max: usize, message: &str, nth: impl Fn(usize) -> Call) {
    for at in 0..max {
        world.done(nth(at)).await;
    }
    world.refused(nth(max), FaultCode::LimitExceeded, message).await;
}

/// Makes a thing of a name.
type Create<'a> = &'a dyn Fn(&str) -> Call;

/// Makes so many of the one thing that there is, on the engine, where it takes less time than by calls: `NAME0` becomes `NAME1` and so on.
async fn multiply(world: &World, name: &str, count: usize) {
    let rows = world.rows().await;
    let of_thing = |suffix: &[u8]| suffix.windows(name.len()).any(|window| window == name.as_bytes());
    let rows: Vec<_> = rows
        .iter()
        .filter(|(_, row)| of_thing(&row.position.suffix))
        .collect();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("rows are texts");
    let mut puts = Vec::new();
    for at in 1..count {
        for (class, row) in &rows {
            let renamed = |bytes: &[u8]| text(bytes).replace(&format!("{name}0"), &format!("{name}{at}"));
            let value = renamed(&row.value);
            // An id stands in the first field of a row that has one.
            let value = match value.split_once(r#""id":""#) {
                Some((before, after)) => format!("{before}\"id\":\"{at:04}{after}"),
                None => value,
            };
            puts.push(Put {
                row: Row {
                    class: Class(*class),
                    suffix: renamed(&row.position.suffix).into(),
                },
                value: value.into(),
                body: None,
            });
        }
    }
    let home = Home("iam:000000000001".into());
    while !puts.is_empty() {
        let rest = puts.split_off(puts.len().min(1_000));
        let change = Change {
            puts: std::mem::replace(&mut puts, rest),
            ..Change::default()
        };
        world
            .engine
            .commit(Space::SYSTEM, &home, change)
            .await
            .expect("written");
    }
}

#[tokio::test]
async fn there_are_no_more_things_in_an_account_than_may_be() {
    let trust = trusting(ROOT_ACCOUNT);
    let create_role = |name: &str| create_role(name, &trust);
    let create_policy = |name: &str| create_policy(name, ALLOW_ALL);
    let kinds: [(&str, &str, usize, Create<'_>); 4] = [
        ("user", "Users", USERS_MAX, &create_user),
        ("group", "Groups", GROUPS_MAX, &create_group),
        ("role", "Roles", ROLES_MAX, &create_role),
        ("managed", "Policies", POLICIES_MAX, &create_policy),
    ];
    for (name, kind, max, create) in kinds {
        let world = World::new().await;
        world.done(create(&format!("{name}0"))).await;
        multiply(&world, name, max - 1).await;
        let world = World::on(world.engine.clone(), 2).await;
        world.done(create("last")).await;
        let message = format!("Cannot exceed quota for {kind}PerAccount: {max}");
        world
            .refused(create("one-more"), FaultCode::LimitExceeded, &message)
            .await;
    }
    let world = World::new().await;
    let message = format!("Cannot exceed quota for OpenIdConnectProvidersPerAccount: {PROVIDERS_MAX}");
    check(&world, PROVIDERS_MAX, &message, |at| Call::CreateOidcProvider {
        url: format!("https://idp{at}.example"),
        client_ids: Vec::new(),
        thumbprints: Vec::new(),
        tags: Vec::new(),
    })
    .await;
}

#[tokio::test]
async fn a_user_has_no_more_than_it_may() {
    let world = World::new().await;
    world.user("ada").await;
    let message = "Cannot exceed quota for AccessKeysPerUser: 2";
    check(&world, ACCESS_KEYS_PER_USER_MAX, message, |_| {
        create_key(Some("ada"))
    })
    .await;
    for at in 0..=GROUPS_PER_USER_MAX {
        world.done(create_group(&format!("group{at}"))).await;
    }
    let message = "Cannot exceed quota for GroupsPerUser: 10";
    check(&world, GROUPS_PER_USER_MAX, message, |at| {
        add_to_group(&format!("group{at}"), "ada")
    })
    .await;
    for at in 0..=ATTACHED_MAX {
        world.policy(&format!("policy{at}"), ALLOW_ALL).await;
    }
    world.role("reader", &trusting(ROOT_ACCOUNT)).await;
    for (holder, kind) in [
        (user("ada"), "User"),
        (Holder::Group("group0".to_owned()), "Group"),
        (Holder::Role("reader".to_owned()), "Role"),
    ] {
        let message = format!("Cannot exceed quota for PoliciesPer{kind}: {ATTACHED_MAX}");
        check(&world, ATTACHED_MAX, &message, |at| {
            attach(&holder, &format!("arn:aws:iam::000000000001:policy/policy{at}"))
        })
        .await;
    }
    let message = format!("The number of tags has reached the maximum limit: {TAGS_MAX}");
    check(&world, TAGS_MAX, &message, |at| Call::Tag {
        of: Tagged::User("ada".to_owned()),
        tags: vec![Tag {
            key: format!("key{at}"),
            value: String::new(),
        }],
    })
    .await;
}

#[tokio::test]
async fn a_policy_has_no_more_versions_than_it_may() {
    let world = World::new().await;
    let arn = world.policy("p", ALLOW_ALL).await;
    let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.";
    check(&world, VERSIONS_PER_POLICY_MAX - 1, message, |_| {
        Call::CreatePolicyVersion {
            policy_arn: arn.clone(),
            document: ALLOW_ALL.to_owned(),
            set_as_default: false,
        }
    })
    .await;
}

#[tokio::test]
async fn inline_policies_have_room_together() {
    let world = World::new().await;
    world.user("ada").await;
    world.done(create_group("devs")).await;
    world.role("reader", &trusting(ROOT_ACCOUNT)).await;
    // A document of so many characters that are not white space.
    let sized = |size: usize| {
        let resource = "x".repeat(size - allowing("s3:*").len() + 1 - "arn:aws:s3:::".len());
        allowing("s3:*").replace("\"*\"", &format!("\"arn:aws:s3:::{resource}\""))
    };
    assert_eq!(
        sized(500)
            .chars()
            .filter(|character| !character.is_whitespace())
            .count(),
        500
    );
    for (holder, max, kind) in [
        (user("ada"), 2_048, "user ada"),
        (Holder::Group("devs".to_owned()), 5_120, "group devs"),
        (Holder::Role("reader".to_owned()), 10_240, "role reader"),
    ] {
        let message = format!("Maximum policy size of {max} bytes exceeded for {kind}");
        world.done(put_inline(&holder, "one", &sized(max - 1_000))).await;
        world
            .refused(
                put_inline(&holder, "two", &sized(1_001)),
                FaultCode::LimitExceeded,
                &message,
            )
            .await;
        world.done(put_inline(&holder, "two", &sized(1_000))).await;
        // One that takes the place of another counts alone.
        world.done(put_inline(&holder, "two", &sized(999))).await;
        assert!(
            world
                .call(put_inline(&holder, "three", &allowing("s3:*")))
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn the_largest_things_fit_into_their_rows() {
    let world = World::new().await;
    // Letters of four bytes, and a document of which every byte is escaped.
    let tags = |bytes: usize| -> Vec<Tag> {
        let tag = |at: usize| Tag {
            key: format!("{at:04}"),
            value: "𠀀".repeat(100),
        };
        (0..bytes / 404).map(tag).collect()
    };
    let padded = |bytes: usize| {
        let trust = trusting(ROOT_ACCOUNT);
        format!("{trust}{}", "\n".repeat(bytes - trust.len()))
    };
    let role = |trust_bytes: usize, tag_bytes: usize| Call::CreateRole {
        path: Some(format!("/{}/", "p".repeat(510))),
        role_name: "r".repeat(64),
        trust_policy: padded(trust_bytes),
        description: Some("𠀀".repeat(1_000)),
        max_session_duration: None,
        permissions_boundary: None,
        tags: tags(tag_bytes),
    };
    for call in [
        role(TRUST_TEXT_BYTES_MAX + 1, 0),
        role(1_000, TAGS_BYTES_MAX + 404),
    ] {
        let fault = world.call(call).await.expect_err("too large");
        assert_eq!(fault.code, FaultCode::LimitExceeded);
    }
    world.done(role(TRUST_TEXT_BYTES_MAX, TAGS_BYTES_MAX)).await;
    for at in 0..ATTACHED_MAX {
        let name = format!("{at}{}", "n".repeat(127));
        let path = format!("/{}/", "p".repeat(510));
        let create = Call::CreatePolicy {
            path: Some(path.clone()),
            policy_name: name.clone(),
            document: ALLOW_ALL.to_owned(),
            description: None,
            tags: Vec::new(),
        };
        world.done(create).await;
        let arn = format!("arn:aws:iam::000000000001:policy{path}{name}");
        world.done(attach(&Holder::Role("r".repeat(64)), &arn)).await;
    }
    world.user("ada").await;
    let size = allowing("s3:*").len();
    let padded = |bytes: usize| format!("{}{}", allowing("s3:*"), "\n".repeat(bytes - size));
    world
        .done(put_inline(
            &user("ada"),
            &"n".repeat(128),
            &padded(DOCUMENT_TEXT_BYTES_MAX),
        ))
        .await;
    world
        .done(create_policy("p", &padded(DOCUMENT_TEXT_BYTES_MAX)))
        .await;
    let provider = |characters: usize| Call::CreateOidcProvider {
        url: format!("https://{}", "h".repeat(247)),
        client_ids: vec!["\"".repeat(characters / CLIENT_IDS_MAX); CLIENT_IDS_MAX],
        thumbprints: Vec::new(),
        tags: tags(TAGS_BYTES_MAX),
    };
    let fault = world
        .call(provider(CLIENT_IDS_BYTES_MAX + CLIENT_IDS_MAX))
        .await
        .expect_err("too large");
    assert_eq!(fault.code, FaultCode::LimitExceeded);
    world.done(provider(CLIENT_IDS_BYTES_MAX)).await;
}

#[tokio::test]
async fn an_identity_provider_has_its_bounds() {
    let world = World::new().await;
    let create = |client_ids: usize, thumbprints: usize| Call::CreateOidcProvider {
        url: "https://idp.example".to_owned(),
        client_ids: (0..client_ids).map(|at| format!("app{at}")).collect(),
        thumbprints: vec!["a".repeat(40); thumbprints],
        tags: Vec::new(),
    };
    let code =
        |called: Result<_, countersign_types::iam::Fault>| called.map(drop).map_err(|fault| fault.code);
    let came = code(world.call(create(CLIENT_IDS_MAX + 1, 1)).await);
    assert_eq!(came, Err(FaultCode::LimitExceeded));
    let came = code(world.call(create(1, THUMBPRINTS_MAX + 1)).await);
    assert_eq!(came, Err(FaultCode::InvalidInput));
    world.done(create(CLIENT_IDS_MAX, THUMBPRINTS_MAX)).await;
    let add = Call::AddClientIdToOidcProvider {
        arn: "arn:aws:iam::000000000001:oidc-provider/idp.example".to_owned(),
        client_id: "one-more".to_owned(),
    };
    assert_eq!(code(world.call(add).await), Err(FaultCode::LimitExceeded));
}
