//! Credentials that end while others use them: on one server and on several over one engine, and in the middle of an upload.
//!
//! Not here: which credentials end when (`identity` has those tests).

use std::sync::Arc;

use countersign_engine::Engine;
use countersign_engine::memory::Memory;
use countersign_identity::Principal;
use countersign_sigv4::Secret;
use countersign_types::Moment;
use countersign_types::iam::{Call, Holder};
use countersign_types::sts::Credentials;

use crate::calls::{allow, done, element, encoded, key, role, sts, user};
use crate::http::{Answer, Ask, Connection, Key, now};
use crate::members::copy;
use crate::running::{Running, directory, until};

fn by(server: &Running, key: &Key, ask: Ask) -> Answer {
    server.send(&ask.to(&server.host()).sign(&copy(key)))
}

fn status(server: &Running, key: &Key) -> u16 {
    by(server, key, Ask::new("GET", "/bucket/k")).status
}

const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;

/// A bucket with an object, and a user `ada` who may everything and is a role at times: the keys of both.
fn peopled(server: &Running) -> (Key, Key) {
    server.ask(Ask::new("PUT", "/bucket"));
    server.put("/bucket/k", "hello");
    let ada = user(server, "ada");
    for action in ["s3:*", "sts:AssumeRole"] {
        allow(server, "ada", action, "*");
    }
    let arn = role(server, "writer", "arn:aws:iam::000000000001:user/ada", "");
    let document = encoded(EVERYTHING);
    done(
        server,
        &format!("PutRolePolicy&RoleName=writer&PolicyName=p&PolicyDocument={document}"),
    );
    let form = format!("AssumeRole&RoleArn={}&RoleSessionName=s1", encoded(&arn));
    let session = key(&sts(server, copy(&ada), &form));
    (ada, session)
}

fn set_status(server: &Running, key: &Key, status: &str) {
    let id = &key.access_key_id;
    done(
        server,
        &format!("UpdateAccessKey&UserName=ada&AccessKeyId={id}&Status={status}"),
    );
}

#[test]
fn what_is_revoked_at_one_server_is_refused_by_all_on_its_engine() {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let here = Running::sharing(Arc::clone(&engine));
    let there = Running::sharing(engine);
    let (ada, session) = peopled(&here);
    until("the other server knows the key", || status(&there, &ada) == 200);
    until("the other server knows the session", || {
        status(&there, &session) == 200
    });

    set_status(&here, &ada, "Inactive");
    // Here it is in force with the answer, there a little later: the key, and the session that was begun with it.
    assert_eq!((status(&here, &ada), status(&here, &session)), (403, 400));
    until("the other server refuses the key", || status(&there, &ada) == 403);
    assert_eq!(status(&there, &session), 400);
    by(&there, &ada, Ask::new("GET", "/bucket/k")).is(403, "InvalidAccessKeyId");
    by(&there, &session, Ask::new("GET", "/bucket/k")).is(400, "InvalidToken");
    set_status(&there, &ada, "Active");
    until("the first server takes the key again", || {
        status(&here, &ada) == 200
    });
}

/// Begins an upload of `/bucket/parts`.
fn upload(server: &Running, key: &Key) -> String {
    let begun = by(server, key, Ask::new("POST", "/bucket/parts?uploads"));
    assert_eq!(begun.status, 200, "{}", begun.text());
    element(&begun, "UploadId")
}

fn part(upload: &str, number: u32, body: &str) -> Ask {
    Ask::new(
        "PUT",
        &format!("/bucket/parts?partNumber={number}&uploadId={upload}"),
    )
    .body(body)
}

fn complete(upload: &str, etags: &[&str]) -> Ask {
    let parts = etags.iter().enumerate().map(|(at, etag)| {
        let number = at + 1;
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
    });
    let parts: String = parts.collect();
    let document = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    Ask::new("POST", &format!("/bucket/parts?uploadId={upload}")).body(document)
}

fn etag(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("etag").unwrap_or_default().to_owned()
}

#[test]
fn a_part_that_began_before_a_revocation_ends_and_the_next_one_is_refused() {
    let server = Running::start();
    let (ada, session) = peopled(&server);
    for key in [&ada, &session] {
        let upload = upload(&server, key);
        let ask = part(&upload, 1, "the first part")
            .header("expect", "100-continue")
            .to(&server.host())
            .sign(&copy(key));
        let mut connection = Connection::open(server.s3);
        connection.send(&ask.head());
        // From here on the part is allowed.
        assert_eq!(connection.answer_head().status, 100);
        set_status(&server, &ada, "Inactive");
        connection.send(&ask.body);
        let first = etag(&connection.answer(false));
        let refused = [part(&upload, 2, "x"), complete(&upload, &[&first])];
        for ask in refused {
            let answer = by(&server, key, ask);
            assert!([400, 403].contains(&answer.status), "{}", answer.text());
        }
        assert_eq!(server.status_of("/bucket/parts"), 404);
        // The upload itself is there, for whoever may.
        let done = server.ask(complete(&upload, &[&first]));
        assert_eq!(done.status, 200, "{}", done.text());
        assert_eq!(server.ask(Ask::new("DELETE", "/bucket/parts")).status, 204);
        set_status(&server, &ada, "Active");
    }
}

#[test]
fn a_session_that_is_over_by_the_clock_stops_in_the_middle_of_an_upload() {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    // Two sessions of one role, of the shortest duration: one has five minutes left, the other ended a second ago.
    let minting = tokio::runtime::Runtime::new().expect("a runtime");
    let [live, ended] = minting.block_on(async {
        let directory = directory(Arc::clone(&engine)).await;
        let ago = |seconds: i64| Moment::from_seconds(now() - seconds);
        let account = Arc::new(directory.root_account());
        let root = Principal::Root(Arc::clone(&account));
        let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"000000000001"}}}"#;
        let create = Call::CreateRole {
            path: None,
            role_name: "writer".to_owned(),
            trust_policy: trust.to_owned(),
            description: None,
            max_session_duration: None,
            permissions_boundary: None,
            tags: Vec::new(),
        };
        let put = Call::PutInlinePolicy {
            holder: Holder::Role("writer".to_owned()),
            policy_name: "p".to_owned(),
            document: EVERYTHING.to_owned(),
        };
        for call in [create, put] {
            directory.iam(&root, &account, call, ago(1_000)).await.expect("done");
        }
        let writer = directory.role("arn:aws:iam::000000000001:role/writer");
        let writer = writer.expect("it was made");
        let mut sessions = Vec::new();
        for seconds in [600, 901] {
            let begun = directory.credentials_of_token("t", &writer, "s1", Some(900), ago(seconds)).await;
            sessions.push(session_key(begun.expect("a session")));
        }
        <[Key; 2]>::try_from(sessions).unwrap_or_else(|_| unreachable!("two were begun"))
    });

    let server = Running::sharing(engine).bucket("bucket");
    let upload = upload(&server, &live);
    let first = etag(&by(&server, &live, part(&upload, 1, "the first part")));
    for ask in [part(&upload, 2, "x"), complete(&upload, &[&first])] {
        by(&server, &ended, ask).is(400, "ExpiredToken");
    }
    assert_eq!(server.status_of("/bucket/parts"), 404);
    // Who gets credentials anew goes on with the upload where it stopped.
    let again = etag(&by(&server, &live, part(&upload, 1, "the first part")));
    assert_eq!(again, first);
    let done = by(&server, &live, complete(&upload, &[&first]));
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(
        server.ask(Ask::new("GET", "/bucket/parts")).text(),
        "the first part"
    );
}

fn session_key(credentials: Credentials) -> Key {
    Key {
        access_key_id: credentials.access_key_id,
        secret: Secret::new(credentials.secret_access_key.as_bytes()),
        session_token: Some(credentials.session_token),
        ..Key::root()
    }
}
