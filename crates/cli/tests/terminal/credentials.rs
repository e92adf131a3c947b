//! Tokens that stand for a role: made with the tool, shown to the server as an SDK does, and revoked.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_sigv4::{PathRule, Payload, Request, Secret, Signer, encode_uri};
use serde_json::Value;

use crate::{DEADLINE, Place, Serving, code, countersign, run, stderr, stdout};

const TRUSTING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"credentials.countersign"},"Action":"sts:AssumeRole"}]}"#;
const CLOSED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000001"},"Action":"sts:AssumeRole"}]}"#;

fn send(address: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    stream
        .write_all(request.as_bytes())
        .expect("the server takes bytes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    (status.expect("a status"), body.expect("a body"))
}

/// Makes a role, as the root.
fn make_role(place: &Place, server: &Serving, name: &str, trust: &str) {
    let (id, secret) = place.credentials();
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    let secret = Secret::new(secret);
    let signer = Signer {
        access_key_id: &id,
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: "iam",
        time: i64::try_from(since.as_secs()).expect("a clock of this age"),
        rule: PathRule::Generic,
    };
    let trust = encode_uri(trust.as_bytes(), false);
    let body =
        format!("Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument={trust}");
    let headers = [
        ("host", server.s3.as_bytes()),
        ("content-type", b"application/x-www-form-urlencoded"),
    ];
    let request = Request {
        method: "POST",
        path: b"/",
        query: None,
        headers: &headers,
    };
    let mut head = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n",
        server.s3
    );
    for (name, value) in signer.sign_headers(&request, &Payload::of_body(body.as_bytes())) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let (status, answer) = send(
        &server.s3,
        &format!("{head}content-length: {}\r\n\r\n{body}", body.len()),
    );
    assert_eq!(status, 200, "{answer}");
}

/// Shows a token, as an SDK does.
fn show(server: &Serving, role: &str, token: Option<&str>) -> (u16, Value) {
    let token = token
        .map(|token| format!("authorization: {token}\r\n"))
        .unwrap_or_default();
    let request = format!(
        "GET /api/v1/credentials/{role} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{token}\r\n",
        server.admin
    );
    let (status, body) = send(&server.admin, &request);
    (status, serde_json::from_str(&body).expect("JSON"))
}

fn text(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_token_gives_credentials_of_its_role_until_it_is_revoked() {
    let place = Place::new();
    let server = place.start();
    let (admin_url, data_dir) = (server.admin_url(), place.data_dir_text());
    let tool = |arguments: &[&str], expected: i32| {
        let flags = ["--admin-url", &admin_url, "--data-dir", &data_dir];
        let output = run(&[&["credentials", "token"], arguments, &flags].concat());
        assert_eq!(
            code(&output),
            Some(expected),
            "{arguments:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    };
    make_role(&place, &server, "app", TRUSTING);
    make_role(&place, &server, "other", TRUSTING);
    make_role(&place, &server, "closed", CLOSED);
    tool(&["create", "nobody"], 5);
    tool(&["create", "closed"], 4);
    let made: Value =
        serde_json::from_str(&tool(&["create", "app", "--expires", "30d", "--json"], 0)).expect("JSON");
    let (id, token) = (text(&made, "id"), text(&made, "token"));
    let pasted = tool(&["create", "arn:aws:iam::000000000001:role/other"], 0);
    let uri = format!("export AWS_CONTAINER_CREDENTIALS_FULL_URI={admin_url}/api/v1/credentials/other\n");
    assert!(pasted.contains(&uri), "{pasted}");

    let (status, credentials) = show(&server, "app", Some(&token));
    assert_eq!(status, 200, "{credentials}");
    for (role, token, expected) in [
        ("app", None, 401),
        ("app", Some("cst_nonsense"), 403),
        ("other", Some(token.as_str()), 403),
        ("closed", Some(token.as_str()), 403),
    ] {
        assert_eq!(show(&server, role, token).0, expected, "{role} {token:?}");
    }
    // They are those of the role, which may do nothing yet: who it is is known, and it is refused.
    let output = countersign(&["user", "list", "--endpoint-url", &format!("http://{}", server.s3)])
        .env("AWS_ACCESS_KEY_ID", text(&credentials, "AccessKeyId"))
        .env("AWS_SECRET_ACCESS_KEY", text(&credentials, "SecretAccessKey"))
        .env("AWS_SESSION_TOKEN", text(&credentials, "Token"))
        .output()
        .expect("the binary runs");
    let told = stderr(&output);
    let session = format!("assumed-role/app/token-{id} is not authorized");
    assert!(code(&output) == Some(4) && told.contains(&session), "{told}");

    let listed = tool(&["list"], 0);
    assert!(listed.contains(&id) && !listed.contains(&token), "{listed}");
    tool(&["revoke", &id], 0);
    tool(&["revoke", &id], 5);
    assert_eq!(show(&server, "app", Some(&token)).0, 403);
    assert!(!tool(&["list"], 0).contains(&id));
}

#[test]
fn a_token_is_made_by_whoever_may_pass_its_role() {
    let place = Place::new();
    let server = place.start();
    let (admin_url, data_dir) = (server.admin_url(), place.data_dir_text());
    let url = format!("http://{}", server.s3);
    let root = |arguments: &[&str]| {
        let output = run(&[arguments, &["--endpoint-url", &url, "--data-dir", &data_dir]].concat());
        assert_eq!(code(&output), Some(0), "{arguments:?}: {}", stderr(&output));
        stdout(&output)
    };
    make_role(&place, &server, "app", TRUSTING);
    make_role(&place, &server, "other", TRUSTING);
    root(&["user", "create", "bob"]);
    let key: Value = serde_json::from_str(&root(&["key", "create", "bob", "--json"])).expect("JSON");
    let bob = |arguments: &[&str]| {
        let output =
            countersign(&[&["credentials", "token"], arguments, &["--admin-url", &admin_url]].concat())
                .env("AWS_ACCESS_KEY_ID", text(&key, "AccessKeyId"))
                .env("AWS_SECRET_ACCESS_KEY", text(&key, "SecretAccessKey"))
                .output()
                .expect("the binary runs");
        (code(&output), stdout(&output))
    };
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/app","Condition":{"StringEquals":{"iam:PassedToService":"credentials.countersign"}}}]}"#;
    let document = place.data_dir().with_file_name("policy.json");
    std::fs::write(&document, policy).expect("written");
    root(&["policy", "create", "pass-app", &document.display().to_string()]);
    assert_eq!(bob(&["create", "app"]).0, Some(4));
    root(&["policy", "attach", "pass-app", "--user", "bob"]);
    assert_eq!(bob(&["create", "app"]).0, Some(0));
    assert_eq!(bob(&["create", "other"]).0, Some(4));

    // What somebody may not pass does not exist for them.
    let flags = ["--admin-url", &admin_url, "--data-dir", &data_dir, "--json"];
    let made = run(&[&["credentials", "token", "create", "other"], &flags[..]].concat());
    let made: Value = serde_json::from_str(&stdout(&made)).expect("JSON");
    let id = text(&made, "id");
    let (ended, listed) = bob(&["list"]);
    assert!(
        ended == Some(0) && listed.contains("role/app") && !listed.contains("role/other"),
        "{listed}"
    );
    assert_eq!(bob(&["revoke", &id]).0, Some(5));
}
