//! Refusals that have to do with which key signed: two halves of two pairs, keys that are no longer in use, sessions that are over. What
//! the caller is told, and what only the record holds.

use std::sync::Arc;

use countersign_engine::memory::Memory;
use countersign_identity::{AccessKey, Directory};
use countersign_server::{Config, DiagnosisMode, Server};
use countersign_sigv4::Secret;
use countersign_types::Moment;
use countersign_types::sts::{Answer as Begun, Call};
use serde_json::Value;

use crate::calls::{done, iam, key, user};
use crate::diagnosis::logs;
use crate::form::Form;
use crate::http::{ACCESS_KEY_ID, Answer, Ask, Connection, Key, SECRET, now};
use crate::running::Running;

fn server() -> Running {
    let config = Config {
        diagnosis: DiagnosisMode::Full,
        ..Config::in_region("us-east-1")
    };
    Running::with(config).bucket("bucket")
}

/// The id of one key with the secret of another.
fn mixed(id: &Key, secret: &Key) -> Key {
    Key {
        access_key_id: id.access_key_id.clone(),
        secret: secret.secret.clone(),
        session_token: id.session_token.clone(),
        ..Key::root()
    }
}

/// The same request in the three forms, each signed by this key.
fn all_forms(server: &Running, key: &Key) -> [Answer; 3] {
    let ask = || Ask::new("GET", "/bucket/k").to(&server.host());
    let fields = [
        ("key", "k"),
        (
            "x-amz-security-token",
            key.session_token.as_deref().unwrap_or_default(),
        ),
    ];
    let fields = if key.session_token.is_some() {
        &fields[..]
    } else {
        &fields[..1]
    };
    [
        server.send(&ask().sign(key)),
        server.send(&ask().presign(key, 3_600)),
        server.send(&Form::new(fields, "meow").sign(key).to("/bucket")),
    ]
}

fn diagnosed(answer: &Answer) -> &str {
    answer.header("x-countersign-diagnosis").unwrap_or_default()
}

fn record(server: &Running, refused: &Answer) -> Value {
    let answer = server.ask_admin(&format!("/api/v1/refusals/{}", refused.request_id()));
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Id and proof of the first cause on record, and its sentence.
fn recorded(server: &Running, refused: &Answer) -> (String, String, String) {
    let record = record(server, refused);
    let text = |pointer: &str| {
        let found = record.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    (
        text("/diagnosis/causes/0/id"),
        text("/diagnosis/causes/0/proof"),
        text("/diagnosis/message"),
    )
}

fn retired_keys_used(server: &Running) -> String {
    let metrics = Connection::open(server.admin).ask(&Ask::new("GET", "/metrics").to("h"));
    let text = metrics.text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("countersign_retired_keys_used_total "));
    line.unwrap_or_default().to_owned()
}

/// What a caller is told, without what differs from request to request.
fn told(answer: &Answer) -> (u16, String, Vec<Option<String>>) {
    let elements = ["Code", "Message", "Title", "Cure", "RuledOut", "LikelyCulprit"];
    let elements = elements.map(|name| answer.element(name));
    (answer.status, diagnosed(answer).to_owned(), elements.to_vec())
}

#[test]
fn two_halves_of_two_pairs_are_told_apart_and_the_other_id_is_the_record_s() {
    let server = server();
    let one = user(&server, "ada");
    let other = key(&done(&server, "CreateAccessKey&UserName=ada"));
    let bobs = user(&server, "bob");
    for answer in all_forms(&server, &mixed(&one, &other)) {
        answer.is(403, "SignatureDoesNotMatch");
        assert_eq!(diagnosed(&answer), "SEC-OTHERKEY; status=proven; slot=secret");
        assert!(!answer.text().contains(&other.access_key_id), "{}", answer.text());
        let (id, proof, message) = recorded(&server, &answer);
        assert_eq!((id.as_str(), proof.as_str()), ("SEC-OTHERKEY", "hmac"));
        assert!(message.contains(&other.access_key_id), "{message}");
        let whole = record(&server, &answer).to_string();
        let secret = String::from_utf8_lossy(other.secret.expose()).into_owned();
        assert!(!whole.contains(&secret), "{whole}");
    }
    // Whose secret somebody else's is, nobody is told, the operator neither.
    for answer in all_forms(&server, &mixed(&one, &bobs)) {
        answer.is(403, "SignatureDoesNotMatch");
        assert_eq!(recorded(&server, &answer).0, "SEC-WRONG");
    }
    assert_eq!(retired_keys_used(&server), "0");
}

#[test]
fn the_secret_of_a_removed_key_looks_like_any_wrong_one_but_on_record() {
    let logged = logs();
    let server = server();
    let old = user(&server, "ada");
    let new = key(&done(&server, "CreateAccessKey&UserName=ada"));
    let delete = format!("DeleteAccessKey&UserName=ada&AccessKeyId={}", old.access_key_id);
    done(&server, &delete);
    let wrong = Key::root().with_secret("some secret that was never one");
    let mut used = 0;
    let asked = all_forms(&server, &mixed(&new, &old));
    for (answer, wrong) in asked.iter().zip(all_forms(&server, &mixed(&new, &wrong))) {
        answer.is(403, "SignatureDoesNotMatch");
        assert_eq!(diagnosed(answer), "SEC-WRONG; status=unproven; slot=secret");
        assert_eq!(told(answer), told(&wrong));
        assert!(!answer.text().contains(&old.access_key_id));
        let (id, proof, message) = recorded(&server, answer);
        assert_eq!((id.as_str(), proof.as_str()), ("SEC-ROTATED", "hmac"));
        assert!(
            message.contains(&old.access_key_id) && message.contains("was removed on"),
            "{message}"
        );
        assert_eq!(recorded(&server, &wrong).0, "SEC-WRONG");
        used += 1;
    }
    assert_eq!(retired_keys_used(&server), used.to_string());

    // Under its own id it is one that nobody has.
    let never = Key {
        access_key_id: "CSAKNOBODY0000000001".to_owned(),
        ..mixed(&old, &old)
    };
    let asked = all_forms(&server, &old);
    for (answer, never) in asked.iter().zip(all_forms(&server, &never)) {
        answer.is(403, "InvalidAccessKeyId");
        assert_eq!(told(answer), told(&never));
        let (id, proof, message) = recorded(&server, answer);
        assert_eq!((id.as_str(), proof.as_str()), ("SEC-ROTATED", "hmac"));
        assert!(
            message.contains("was signed with this access key, which was removed on"),
            "{message}"
        );
        assert_eq!(recorded(&server, &never).0, "");
        used += 1;
    }
    for answer in all_forms(&server, &mixed(&old, &wrong)) {
        answer.is(403, "InvalidAccessKeyId");
        let (id, proof, message) = recorded(&server, &answer);
        assert_eq!((id.as_str(), proof.as_str()), ("SEC-ROTATED", "exact"));
        assert!(message.contains("not one of its secret"), "{message}");
    }
    assert_eq!(retired_keys_used(&server), used.to_string());
    let logged = logged
        .0
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone();
    let logged = String::from_utf8_lossy(&logged).into_owned();
    for answer in &asked {
        let is_it = |line: &&str| line.contains("retired_key_used") && line.contains(&answer.request_id());
        assert_eq!(logged.lines().filter(is_it).count(), 1);
    }
    let secret = String::from_utf8_lossy(old.secret.expose()).into_owned();
    assert!(!logged.contains(&secret));
}

#[test]
fn an_inactive_key_is_one_that_nobody_has_but_on_record() {
    let server = server();
    let ada = user(&server, "ada");
    let id = &ada.access_key_id;
    done(
        &server,
        &format!("UpdateAccessKey&UserName=ada&AccessKeyId={id}&Status=Inactive"),
    );
    for answer in all_forms(&server, &ada) {
        answer.is(403, "InvalidAccessKeyId");
        assert_eq!(diagnosed(&answer), "none; status=exact");
        let (cause, proof, message) = recorded(&server, &answer);
        assert_eq!((cause.as_str(), proof.as_str()), ("SEC-ROTATED", "hmac"));
        assert!(message.contains("is inactive"), "{message}");
    }
    // Signed calls are explained in the same way.
    let answer = iam(&server, mixed(&ada, &ada), "GetUser");
    assert_eq!(answer.status, 403);
    assert_eq!(retired_keys_used(&server), "4");
}

#[test]
fn a_session_that_is_over_is_told_with_its_end_and_the_verdict_on_the_signature() {
    let root = || AccessKey {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret: Secret::new(SECRET),
    };
    let directory = Directory::of_root(root());
    let begun = Moment::from_seconds(now() - 3_600);
    let caller = directory.resolve(ACCESS_KEY_ID, None, begun).expect("the root");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let session =
        runtime.block_on(directory.sts(&caller, Call::GetSessionToken { duration: Some(900) }, begun));
    let Ok(Begun::SessionToken(session)) = session else {
        unreachable!("a session")
    };
    let config = Config {
        diagnosis: DiagnosisMode::Full,
        ..Config::in_region("us-east-1")
    };
    let serve = async |store| Server::new(config, store, directory);
    let server = Running::serving(Arc::new(Memory::new()), serve).bucket("bucket");
    let ended = Key {
        access_key_id: session.access_key_id.clone(),
        secret: Secret::new(session.secret_access_key.clone()),
        session_token: Some(session.session_token.clone()),
        ..Key::root()
    };
    let says = [
        "credentials ended 45 minutes",
        "and the URL with them",
        "and the form with them",
    ];
    for (answer, says) in all_forms(&server, &ended).iter().zip(says) {
        answer.is(400, "ExpiredToken");
        assert_eq!(diagnosed(answer), "TOK-EXPIRED; status=exact; slot=session-token");
        let message = answer.element("Message").unwrap_or_default();
        assert!(message.contains(says), "{message}");
        assert!(
            message.contains("Apart from that the signature is valid"),
            "{message}"
        );
        let record = record(&server, answer).to_string();
        assert!(record.contains("TOK-EXPIRED") && !record.contains(&session.session_token));
        assert!(!record.contains(&session.secret_access_key));
    }
    for answer in all_forms(&server, &ended.with_secret("another")) {
        answer.is(400, "ExpiredToken");
        let message = answer.element("Message").unwrap_or_default();
        assert!(
            message.contains("The signature does not match either"),
            "{message}"
        );
    }
}

#[test]
fn what_is_remembered_of_a_key_is_said_to_those_who_may_know_it() {
    let server = server();
    let ada = user(&server, "ada");
    let wrong = || mixed(&ada, &Key::root().with_secret("another"));
    // Each of them is another request, so that none is answered from what is remembered of diagnoses.
    let ask = |key: &Key, target: &str| server.send(&Ask::new("GET", target).to(&server.host()).sign(key));
    const NEVER: &str = "nobody has used the right one since the key was made";
    let answer = ask(&wrong(), "/bucket/k");
    assert!(!answer.text().contains(NEVER), "{}", answer.text());
    assert!(recorded(&server, &answer).2.contains(NEVER));

    // Refused by policies, its signature verified.
    ask(&ada, "/bucket/k").is(403, "AccessDenied");
    let answer = ask(&wrong(), "/bucket/l");
    let message = answer.element("Message").unwrap_or_default();
    assert!(message.contains("this client used the right one"), "{message}");
    assert!(!recorded(&server, &answer).2.contains(NEVER));
}

#[test]
fn a_session_ends_with_the_credential_token_that_began_it() {
    let server = server();
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"credentials.countersign"},"Action":"sts:AssumeRole"}}"#;
    let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    let encoded = crate::calls::encoded;
    done(
        &server,
        &format!(
            "CreateRole&RoleName=app&AssumeRolePolicyDocument={}",
            encoded(trust)
        ),
    );
    done(
        &server,
        &format!(
            "PutRolePolicy&RoleName=app&PolicyName=all&PolicyDocument={}",
            encoded(allow)
        ),
    );
    let json = |answer: Answer| -> Value {
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.body).expect("JSON")
    };
    let text = |document: &Value, name: &str| {
        document
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let path = "/api/v1/credential-tokens";
    let made = json(crate::calls::admin(
        &server,
        Key::root(),
        "POST",
        path,
        r#"{"role":"app"}"#,
    ));
    let ask = Ask::new("GET", "/api/v1/credentials/app")
        .header("authorization", &text(&made, "token"))
        .to(&server.admin.to_string());
    let given = json(Connection::open(server.admin).ask(&ask));
    let app = Key {
        access_key_id: text(&given, "AccessKeyId"),
        secret: Secret::new(text(&given, "SecretAccessKey")),
        session_token: Some(text(&given, "Token")),
        ..Key::root()
    };
    let list = || server.send(&Ask::new("GET", "/bucket").to(&server.host()).sign(&app));
    assert_eq!(list().status, 200);
    let revoked = server.ask_admin_to("DELETE", &format!("{path}/{}", text(&made, "id")));
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    let refused = list();
    refused.is(400, "InvalidToken");
    assert_eq!(
        diagnosed(&refused),
        "TOK-INVALID; status=exact; slot=session-token"
    );
}
