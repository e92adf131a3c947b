//! Temporary credentials: how long they last, what they hand on, what ends them, and whom their tokens speak for.

use crate::support::*;
use countersign_identity::{AccessKey, Directory, Principal, Resolved, Unresolved, WebIdentity};
use countersign_policy::{Context, Keys, evaluate};
use countersign_sigv4::{Scope, Secret};
use countersign_types::iam::{AccessKeyStatus, Call as Iam, Fault, FaultCode, Tag};
use countersign_types::sts::{Answer, Call, Credentials, SessionLimits};
use std::sync::Arc;

const READER: &str = "arn:aws:iam::000000000001:role/reader";

fn assume(role_arn: &str) -> Call {
    Call::AssumeRole {
        role_arn: role_arn.to_owned(),
        role_session_name: "session".to_owned(),
        limits: SessionLimits::default(),
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        external_id: None,
        source_identity: None,
    }
}

fn lasting(seconds: u32) -> SessionLimits {
    SessionLimits {
        duration: Some(seconds),
        ..SessionLimits::default()
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn credentials(answer: Answer) -> Credentials {
    match answer {
        Answer::AssumedRole { credentials, .. }
        | Answer::AssumedRoleWithWebIdentity { credentials, .. }
        | Answer::FederationToken { credentials, .. }
        | Answer::SessionToken(credentials) => credentials,
        other => panic!("{other:?}"),
    }
}

impl World {
    /// As somebody who may: the role is the one that is there.
    async fn sts(&self, caller: &Resolved, call: Call) -> Result<Answer, Fault> {
        match &call {
            Call::AssumeRole { role_arn, .. } => {
                let role = self.directory.role(role_arn).expect("there is such a role");
                self.directory.assume_role(caller, &role, &call, at(0)).await
            }
            _ => self.directory.sts(caller, call, at(0)).await,
        }
    }

    async fn begin(&self, caller: &Resolved, call: Call) -> Credentials {
        credentials(self.sts(caller, call).await.expect("a session"))
    }

    fn of(&self, credentials: &Credentials, seconds: i64) -> Result<Resolved, Unresolved> {
        self.resolve(
            &credentials.access_key_id,
            Some(&credentials.session_token),
            seconds,
        )
    }

    /// A user with a key, and a role that it may be asked to assume.
    async fn with_ada() -> (World, Resolved) {
        let world = World::new().await;
        world.user("ada").await;
        world.role("reader", &trusting(ROOT_ACCOUNT)).await;
        let key = world.key("ada").await;
        let ada = world
            .resolve(&key.metadata.access_key_id, None, 0)
            .expect("it resolves");
        (world, ada)
    }
}

#[tokio::test]
async fn a_session_of_a_role_speaks_for_the_role_until_it_ends() {
    let (world, ada) = World::with_ada().await;
    let answer = world.sts(&ada, assume(READER)).await.expect("a session");
    let Answer::AssumedRole {
        credentials, user, ..
    } = answer
    else {
        panic!("a role");
    };
    assert_eq!(user.arn, "arn:aws:sts::000000000001:assumed-role/reader/session");
    assert!(
        user.id.starts_with("AROA") && user.id.ends_with(":session"),
        "{}",
        user.id
    );
    assert_eq!(credentials.expiration, at(3_600));
    assert!(credentials.access_key_id.starts_with("ASIA"));
    let resolved = world.of(&credentials, 3_599).expect("it resolves");
    assert!(matches!(&resolved.principal, Principal::RoleSession(session) if session.role_arn() == READER));
    assert_eq!(
        resolved.access_key.secret.expose(),
        credentials.secret_access_key.as_bytes()
    );
    assert_eq!(resolved.principal.arn(), Some(user.arn));
    assert_eq!(
        world.of(&credentials, 3_600).err(),
        Some(Unresolved::TokenExpired)
    );
    let mut keys = Keys::default();
    resolved.tell(&mut keys);
    assert_eq!(keys.values("aws:TokenIssueTime"), ["2026-11-25T00:00:00Z"]);
    assert_eq!(keys.values("aws:MultiFactorAuthPresent"), ["false"]);
}

#[tokio::test]
async fn a_token_is_bound_to_its_access_key_id_and_swapped_ones_are_refused() {
    let (world, ada) = World::with_ada().await;
    let one = world.begin(&ada, assume(READER)).await;
    let other = world.begin(&ada, assume(READER)).await;
    // Opened before and after, since what was opened is remembered.
    for _ in 0..2 {
        let swapped = world.resolve(&one.access_key_id, Some(&other.session_token), 0);
        assert_eq!(swapped.err(), Some(Unresolved::TokenInvalid));
        assert!(world.of(&one, 0).is_ok() && world.of(&other, 0).is_ok());
    }
    for token in ["", "token", &one.session_token.replace('A', "B")] {
        let refused = world.resolve(&one.access_key_id, Some(token), 0);
        assert_eq!(refused.err(), Some(Unresolved::TokenInvalid), "{token}");
    }
    assert_eq!(
        world.resolve(&one.access_key_id, None, 0).err(),
        Some(Unresolved::TokenMissing)
    );
}

#[tokio::test]
async fn a_session_ends_with_the_key_that_made_it() {
    let (world, ada) = World::with_ada().await;
    let id = ada.access_key.access_key_id.clone();
    let federation = Call::GetFederationToken {
        name: "eve".to_owned(),
        limits: SessionLimits::default(),
        tags: Vec::new(),
    };
    let role = world.begin(&ada, assume(READER)).await;
    let own = world.begin(&ada, Call::GetSessionToken { duration: None }).await;
    let federated = world.begin(&ada, federation).await;
    // And so does one that a session made, however far down.
    let middle = world.of(&role, 0).expect("it resolves");
    let chained = world.begin(&middle, assume(READER)).await;
    let all = [&role, &own, &federated, &chained];
    assert!(all.iter().all(|session| world.of(session, 0).is_ok()));
    world.done(set_key("ada", &id, AccessKeyStatus::Inactive)).await;
    for session in all {
        assert_eq!(world.of(session, 0).err(), Some(Unresolved::TokenInvalid));
    }
    world.done(set_key("ada", &id, AccessKeyStatus::Active)).await;
    assert!(all.iter().all(|session| world.of(session, 0).is_ok()));
    world.done(delete_key("ada", &id)).await;
    for session in all {
        assert_eq!(world.of(session, 0).err(), Some(Unresolved::TokenInvalid));
    }
}

#[tokio::test]
async fn a_session_ends_with_its_role_and_a_new_role_of_that_name_is_another() {
    let (world, ada) = World::with_ada().await;
    let session = world.begin(&ada, assume(READER)).await;
    let resolved = world.of(&session, 0).expect("it resolves");
    let scope = Scope {
        date: "20261125".into(),
        region: "us-east-1".into(),
        service: "s3".into(),
    };
    let signing_key = world.directory.signing_key(&resolved, &scope);
    world
        .done(Iam::DeleteRole {
            role_name: "reader".to_owned(),
        })
        .await;
    assert_eq!(world.of(&session, 0).err(), Some(Unresolved::TokenInvalid));
    // What was derived for it is gone as well.
    assert!(!Arc::ptr_eq(
        &signing_key,
        &world.directory.signing_key(&resolved, &scope)
    ));
    world.role("reader", &trusting(ROOT_ACCOUNT)).await;
    assert_eq!(world.of(&session, 0).err(), Some(Unresolved::TokenInvalid));
}

#[tokio::test]
async fn a_session_of_a_user_is_the_user_and_ends_with_it() {
    let (world, ada) = World::with_ada().await;
    let session = world.begin(&ada, Call::GetSessionToken { duration: None }).await;
    assert_eq!(session.expiration, at(43_200));
    let resolved = world.of(&session, 0).expect("it resolves");
    assert_eq!(resolved.principal.arn(), ada.principal.arn());
    assert!(resolved.session.is_some());
    // A session begins no session of this kind.
    for call in [
        Call::GetSessionToken { duration: None },
        Call::GetFederationToken {
            name: "eve".to_owned(),
            limits: SessionLimits::default(),
            tags: Vec::new(),
        },
    ] {
        let fault = world.sts(&resolved, call).await.expect_err("refused");
        assert_eq!(fault.code, FaultCode::AccessDenied);
    }
    let identity = world
        .sts(&resolved, Call::GetCallerIdentity)
        .await
        .expect("it is told");
    assert!(
        matches!(identity, Answer::CallerIdentity { arn, .. } if arn == "arn:aws:iam::000000000001:user/ada")
    );
}

#[tokio::test]
async fn a_federated_user_may_what_both_its_user_and_its_policy_allow() {
    let (world, ada) = World::with_ada().await;
    world
        .done(put_inline(&user("ada"), "p", &allowing("s3:Get*")))
        .await;
    let begin = |policy: Option<String>| Call::GetFederationToken {
        name: "eve".to_owned(),
        limits: SessionLimits {
            policy,
            ..SessionLimits::default()
        },
        tags: vec![tag("team", "red")],
    };
    for (policy, action, expected) in [
        (Some(allowing("s3:*")), "s3:GetObject", true),
        (Some(allowing("s3:*")), "s3:PutObject", false),
        (Some(allowing("s3:PutObject")), "s3:GetObject", false),
        (None, "s3:GetObject", false),
    ] {
        let session = world.begin(&ada, begin(policy.clone())).await;
        let resolved = world.of(&session, 0).expect("it resolves");
        assert_eq!(
            resolved.principal.arn().as_deref(),
            Some("arn:aws:sts::000000000001:federated-user/eve")
        );
        assert_eq!(resolved.principal.unique_id(), Some("000000000001:eve"));
        assert_eq!(resolved.principal.tags(), [("team", "red")]);
        let context = Context::new(
            resolved.principal.requester(),
            action,
            "arn:aws:s3:::b/k",
            ROOT_ACCOUNT,
        );
        let applying = resolved.principal.policies();
        let decision = evaluate(&context, &applying.policies());
        assert_eq!(decision.is_allowed(), expected, "{policy:?} {action}");
    }
}

#[tokio::test]
async fn a_session_policy_limits_what_the_role_allows() {
    let (world, ada) = World::with_ada().await;
    let reader = countersign_types::iam::Holder::Role("reader".to_owned());
    world.done(put_inline(&reader, "all", &allowing("s3:*"))).await;
    let arn = world.policy("get", &allowing("s3:GetObject")).await;
    let limited = SessionLimits {
        policy_arns: vec![arn.clone()],
        ..SessionLimits::default()
    };
    let may = |resolved: &Resolved, action: &str| {
        let context = Context::new(
            resolved.principal.requester(),
            action,
            "arn:aws:s3:::b/k",
            ROOT_ACCOUNT,
        );
        evaluate(&context, &resolved.principal.policies().policies()).is_allowed()
    };
    let mut call = assume(READER);
    let Call::AssumeRole { limits, .. } = &mut call else {
        panic!("a role");
    };
    *limits = limited;
    let session = world.begin(&ada, call.clone()).await;
    let resolved = world.of(&session, 0).expect("it resolves");
    assert!(may(&resolved, "s3:GetObject") && !may(&resolved, "s3:PutObject"));
    let free = world.begin(&ada, assume(READER)).await;
    assert!(may(&world.of(&free, 0).expect("it resolves"), "s3:PutObject"));
    // A policy that was passed and is gone allows nothing.
    world.done(Iam::DeletePolicy { policy_arn: arn }).await;
    let resolved = world.of(&session, 0).expect("it resolves");
    assert!(!may(&resolved, "s3:GetObject"));
    let fault = world.sts(&ada, call).await.expect_err("the policy is gone");
    assert_eq!(fault.code, FaultCode::ValidationError);
}

#[tokio::test]
async fn sessions_last_as_long_as_they_may() {
    let (world, ada) = World::with_ada().await;
    world
        .done(Iam::UpdateRole {
            role_name: "reader".to_owned(),
            description: None,
            max_session_duration: Some(7_200),
        })
        .await;
    let root = world.resolve(ROOT_KEY, None, 0).expect("it resolves");
    let role = |seconds| {
        let mut call = assume(READER);
        if let Call::AssumeRole { limits, .. } = &mut call {
            *limits = lasting(seconds);
        }
        call
    };
    let own = |seconds| Call::GetSessionToken {
        duration: Some(seconds),
    };
    let federated = |seconds| Call::GetFederationToken {
        name: "eve".to_owned(),
        limits: lasting(seconds),
        tags: Vec::new(),
    };
    let in_session = world.begin(&ada, assume(READER)).await;
    let in_session = world.of(&in_session, 0).expect("it resolves");
    for (caller, call, lasts) in [
        (&ada, role(899), None),
        (&ada, role(900), Some(900)),
        (&ada, role(7_200), Some(7_200)),
        (&ada, role(7_201), None),
        (&in_session, role(3_600), Some(3_600)),
        (&in_session, role(3_601), None),
        (&ada, own(899), None),
        (&ada, own(900), Some(900)),
        (&ada, own(129_600), Some(129_600)),
        (&ada, own(129_601), None),
        (&root, own(129_600), Some(3_600)),
        (&ada, federated(899), None),
        (&ada, federated(129_600), Some(129_600)),
        (&ada, federated(129_601), None),
        (&root, federated(7_200), Some(3_600)),
    ] {
        let shown = format!("{:?} {call:?}", caller.principal);
        match (world.sts(caller, call).await, lasts) {
            (Ok(answer), Some(lasts)) => assert_eq!(credentials(answer).expiration, at(lasts), "{shown}"),
            (Err(fault), None) => assert_eq!(fault.code, FaultCode::ValidationError, "{shown}"),
            (came, expected) => panic!("{shown}: {came:?}, expected {expected:?}"),
        }
    }
}

#[tokio::test]
async fn tags_and_source_identity_are_handed_on() {
    let (world, ada) = World::with_ada().await;
    let first = Call::AssumeRole {
        role_arn: READER.to_owned(),
        role_session_name: "one".to_owned(),
        limits: SessionLimits::default(),
        tags: vec![tag("team", "red"), tag("own", "1")],
        transitive_tag_keys: vec!["Team".to_owned()],
        external_id: None,
        source_identity: Some("ada".to_owned()),
    };
    let session = world.begin(&ada, first).await;
    let resolved = world.of(&session, 0).expect("it resolves");
    assert_eq!(resolved.principal.tags(), [("own", "1"), ("team", "red")]);
    let chained = world.begin(&resolved, assume(READER)).await;
    let chained = world.of(&chained, 0).expect("it resolves");
    assert_eq!(chained.principal.tags(), [("team", "red")]);
    let mut keys = Keys::default();
    chained.tell(&mut keys);
    assert_eq!(keys.values("aws:PrincipalTag/team"), ["red"]);
    assert_eq!(keys.values("aws:SourceIdentity"), ["ada"]);
    for (tags, transitive, source_identity, code) in [
        (
            vec![tag("TEAM", "blue")],
            vec![],
            None,
            FaultCode::ValidationError,
        ),
        (vec![], vec!["x".to_owned()], None, FaultCode::ValidationError),
        (vec![], vec![], Some("bob".to_owned()), FaultCode::AccessDenied),
    ] {
        let call = Call::AssumeRole {
            role_arn: READER.to_owned(),
            role_session_name: "two".to_owned(),
            limits: SessionLimits::default(),
            tags,
            transitive_tag_keys: transitive,
            external_id: None,
            source_identity,
        };
        let fault = world.sts(&resolved, call).await.expect_err("refused");
        assert_eq!(fault.code, code, "{fault}");
    }
}

#[tokio::test]
async fn what_is_packed_into_a_session_is_bounded() {
    let (world, ada) = World::with_ada().await;
    let with_tags = |count: usize| Call::GetFederationToken {
        name: "eve".to_owned(),
        limits: SessionLimits::default(),
        tags: (0..count)
            .map(|at| tag(&format!("k{at:02}"), &"v".repeat(97)))
            .collect(),
    };
    let Answer::FederationToken {
        packed_policy_size, ..
    } = world.sts(&ada, with_tags(20)).await.expect("fits")
    else {
        panic!("a token");
    };
    assert_eq!(packed_policy_size, Some(49));
    let fault = world.sts(&ada, with_tags(41)).await.expect_err("too much");
    assert_eq!(fault.code, FaultCode::PackedPolicyTooLarge);
    assert!(world.sts(&ada, with_tags(40)).await.is_ok());
}

#[tokio::test]
async fn a_web_identity_begins_a_session_that_no_key_of_ours_made() {
    let (world, _) = World::with_ada().await;
    let identity = WebIdentity {
        provider_arn: "arn:aws:iam::000000000001:oidc-provider/idp.example".to_owned(),
        issuer: "https://idp.example".to_owned(),
        audience: "app".to_owned(),
        subject: "pod".to_owned(),
    };
    let reader = world.directory.role(READER).expect("it was made");
    let answer = world
        .directory
        .assume_role_with_web_identity(&identity, &reader, "session", &SessionLimits::default(), at(0))
        .await
        .expect("a session");
    assert!(matches!(&answer, Answer::AssumedRoleWithWebIdentity { subject, .. } if subject == "pod"));
    let resolved = world.of(&credentials(answer), 0).expect("it resolves");
    let session = resolved.session.as_ref().expect("a session");
    assert_eq!((session.maker(), session.name()), (None, "session"));
    let mut keys = Keys::default();
    resolved.tell(&mut keys);
    assert_eq!(keys.values("aws:FederatedProvider"), [identity.provider_arn]);
    let own = world
        .directory
        .credentials_of_token("token", &reader, "server", Some(900), at(0))
        .await
        .expect("a session");
    assert_eq!(own.expiration, at(900));
    assert!(world.of(&own, 0).is_ok());
}

#[tokio::test]
async fn a_role_is_found_by_its_whole_arn() {
    let (world, _) = World::with_ada().await;
    for arn in [
        "arn:aws:iam::000000000001:role/none",
        "arn:aws:iam::000000000001:role/path/reader",
        "arn:aws:iam::999999999999:role/reader",
        "reader",
    ] {
        assert!(world.directory.role(arn).is_none(), "{arn}");
    }
    assert!(world.directory.role(READER).is_some());
}

#[tokio::test]
async fn a_session_is_of_the_role_that_was_decided_on_whatever_it_is_by_then() {
    let (world, ada) = World::with_ada().await;
    let decided = world.directory.role(READER).expect("it was made");
    // Before the session begins, the role goes, and another one of its name comes, which trusts somebody else.
    let delete = Iam::DeleteRole {
        role_name: "reader".to_owned(),
    };
    world.done(delete).await;
    world.role("reader", &trusting("111122223333")).await;
    let answer = world
        .directory
        .assume_role(&ada, &decided, &assume(READER), at(0))
        .await;
    let begun = credentials(answer.expect("it was decided"));
    assert_eq!(world.of(&begun, 0).err(), Some(Unresolved::TokenInvalid));

    let other = world.directory.role(READER).expect("it was made again");
    let elsewhere = assume("arn:aws:iam::000000000001:role/admin");
    for call in [elsewhere, Call::GetCallerIdentity] {
        assert!(
            world
                .directory
                .assume_role(&ada, &other, &call, at(0))
                .await
                .is_err()
        );
    }
    // Nobody decided this.
    let undecided = world.directory.sts(&ada, assume(READER), at(0)).await;
    assert_eq!(
        undecided.map_err(|fault| fault.code),
        Err(FaultCode::AccessDenied)
    );
}

#[tokio::test]
async fn a_session_needs_a_name_that_a_policy_can_ask_for() {
    let (world, ada) = World::with_ada().await;
    for name in ["", "x", "a b", &"n".repeat(65)] {
        let mut call = assume(READER);
        if let Call::AssumeRole {
            role_session_name, ..
        } = &mut call
        {
            *role_session_name = name.to_owned();
        }
        let fault = world.sts(&ada, call).await.expect_err("no name");
        assert_eq!(fault.code, FaultCode::ValidationError, "{name}");
    }
}

#[tokio::test]
async fn sessions_depend_on_no_secret_of_the_operator() {
    let (world, ada) = World::with_ada().await;
    let session = world.begin(&ada, assume(READER)).await;
    let another = AccessKey {
        access_key_id: "AKANOTHER0000000".to_owned(),
        secret: Secret::new("another secret"),
    };
    let opened = Directory::open(world.engine.clone(), another, master(&[1]), Repeating::seeded(9)).await;
    let directory = opened.expect("it opens");
    let token = Some(session.session_token.as_str());
    assert!(directory.resolve(&session.access_key_id, token, at(0)).is_ok());
    // What the operator's own key made ends with that key.
    let root = world.resolve(ROOT_KEY, None, 0).expect("it resolves");
    let own = world.begin(&root, Call::GetSessionToken { duration: None }).await;
    assert!(world.of(&own, 0).is_ok());
    let ended = directory.resolve(&own.access_key_id, Some(&own.session_token), at(0));
    assert_eq!(ended.err(), Some(Unresolved::TokenInvalid));
}

#[tokio::test]
async fn seal_keys_rotate_and_old_sessions_go_on() {
    let (world, ada) = World::with_ada().await;
    let before = world
        .begin(
            &ada,
            Call::GetSessionToken {
                duration: Some(129_600),
            },
        )
        .await;
    world
        .directory
        .rotate_session_keys(at(100))
        .await
        .expect("rotated");
    let keys = |rows: Vec<(u8, _)>| rows.iter().filter(|(class, _)| *class == b'K').count();
    assert_eq!(keys(world.rows().await), 2);
    let other = World::on(world.engine.clone(), 2).await;
    let new = world
        .directory
        .sts(&ada, Call::GetSessionToken { duration: Some(900) }, at(200))
        .await;
    let new = credentials(new.expect("a session"));
    for world in [&world, &other] {
        assert!(world.of(&before, 129_599).is_ok());
        assert!(world.of(&new, 200).is_ok());
    }
    world.directory.sweep(at(100 + 129_600)).await.expect("swept");
    assert_eq!(keys(world.rows().await), 2);
    world
        .directory
        .sweep(at(100 + 129_600 + 11))
        .await
        .expect("swept");
    assert_eq!(keys(world.rows().await), 1);
}

#[tokio::test]
async fn a_sealed_message_is_read_to_its_account_only() {
    let (world, ada) = World::with_ada().await;
    let message = world
        .directory
        .seal_message(ROOT_ACCOUNT, "why", at(0))
        .await
        .expect("sealed");
    let decode = |encoded: &str| Call::DecodeAuthorizationMessage {
        encoded_message: encoded.to_owned(),
    };
    let decoded = world.sts(&ada, decode(&message)).await;
    assert_eq!(decoded, Ok(Answer::DecodedMessage("why".to_owned())));
    let made = world
        .directory
        .create_account("other", at(0))
        .await
        .expect("an account");
    let id = made.access_key.metadata.access_key_id;
    let other = world.resolve(&id, None, 0).expect("it resolves");
    // A token is no message, either.
    let session = world.begin(&ada, assume(READER)).await;
    for (caller, text) in [
        (&other, message.as_str()),
        (&ada, "x"),
        (&ada, &session.session_token),
    ] {
        let fault = world.sts(caller, decode(text)).await.expect_err("not for them");
        assert_eq!(fault.code, FaultCode::InvalidAuthorizationMessage);
    }
}
