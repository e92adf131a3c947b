//! The admin API to those who are not the operator.
//!
//! Not here: what each request does (`calls`, `refusals`, `scrub`).

use serde_json::Value;

use crate::calls::{admin, done, encoded, iam, user};
use crate::http::{Answer, Ask, Connection, Key};
use crate::members::{copy, tenant};
use crate::running::Running;

/// What somebody is told who may do nothing in particular; `None`: they see what is their own.
fn told_to_others(method: &str, path: &str) -> Option<&'static [u16]> {
    match (method, path) {
        ("GET", "/api/v1/refusals" | "/api/v1/refusals/groups" | "/api/v1/credential-tokens") => None,
        // Somebody else's is as if it were not there.
        ("GET", "/api/v1/refusals/{requestId}") | ("DELETE", "/api/v1/credential-tokens/{id}") => {
            Some(&[404])
        }
        // In another account there is no such role.
        ("POST", "/api/v1/credential-tokens") => Some(&[403, 404]),
        (_, "/api/v1/accounts" | "/api/v1/master-key/reseal" | "/api/v1/session-keys/rotate") => Some(&[403]),
        // Over an engine that has none there is nothing to ask for.
        (_, "/api/v1/scrub") => Some(&[403, 404]),
        _ => unreachable!("{method} {path} is new: who may ask for it?"),
    }
}

#[test]
fn every_admin_request_is_asked_who_makes_it_and_what_they_may() {
    let server = Running::start();
    let (_, stranger) = tenant(&server);
    let ada = user(&server, "ada");
    // Something of the operator's: a refusal, and a token that stands for a role.
    let wrong = Ask::new("GET", "/bucket").to(&server.host());
    let wrong = server.send(&wrong.sign(&Key::root().with_secret("wrong")));
    assert_eq!(wrong.status, 403, "{}", wrong.text());
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"credentials.countersign"}}}"#;
    let trust = encoded(trust);
    done(
        &server,
        &format!("CreateRole&RoleName=app&AssumeRolePolicyDocument={trust}"),
    );
    let wanted = r#"{"role":"app"}"#;
    let made = admin(&server, Key::root(), "POST", "/api/v1/credential-tokens", wanted);
    let made: Value = serde_json::from_slice(&made.body).expect("JSON");
    let token_id = made.get("id").and_then(Value::as_str).expect("a token");

    let openapi = admin(&server, Key::root(), "GET", "/api/v1/openapi.json", "");
    let openapi: Value = serde_json::from_slice(&openapi.body).expect("JSON");
    let paths = openapi.get("paths").and_then(Value::as_object).expect("paths");
    let mut asked = 0;
    for (path, methods) in paths {
        for method in ["get", "put", "post", "delete"] {
            if methods.get(method).is_none() {
                continue;
            }
            asked += 1;
            let method = method.to_uppercase();
            let expected = told_to_others(&method, path);
            let path = path
                .replace("{requestId}", &wrong.request_id())
                .replace("{id}", token_id);
            let body = match method.as_str() {
                "POST" if path.ends_with("tokens") => wanted,
                "POST" if path.ends_with("accounts") => r#"{"name":"other"}"#,
                _ => "",
            };
            let unsigned = Ask::new(&method, &path).body(body).to(&server.admin.to_string());
            let unsigned = Connection::open(server.admin).ask(&unsigned);
            assert_eq!(unsigned.status, 401, "{method} {path}: {}", unsigned.text());
            is_no_page(&unsigned);
            let forged = copy(&ada).with_secret("wrong");
            let forged = admin(&server, forged, &method, &path, body);
            assert_eq!(forged.status, 403, "{method} {path}: {}", forged.text());
            for other in [&stranger, &ada] {
                let answer = admin(&server, copy(other), &method, &path, body);
                is_no_page(&answer);
                match expected {
                    Some(statuses) => {
                        assert!(
                            statuses.contains(&answer.status),
                            "{method} {path}: {}",
                            answer.text()
                        );
                    }
                    None => {
                        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
                        let root_id = &Key::root().access_key_id;
                        for private in [&wrong.request_id(), token_id, root_id] {
                            assert!(
                                !answer.text().contains(private),
                                "{method} {path}: {}",
                                answer.text()
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(asked >= 11, "{asked} requests were tried");
    // Nothing of it was done.
    let accounts = admin(&server, Key::root(), "GET", "/api/v1/accounts", "");
    assert!(!accounts.text().contains("other"), "{}", accounts.text());
    let tokens = admin(&server, Key::root(), "GET", "/api/v1/credential-tokens", "");
    assert_eq!(tokens.text().matches("role_arn").count(), 1, "{}", tokens.text());
    assert_eq!(iam(&server, Key::root(), "GetRole&RoleName=app").status, 200);
}

/// A browser takes it for data, whatever stands in it.
fn is_no_page(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
