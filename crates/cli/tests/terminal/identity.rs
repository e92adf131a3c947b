//! `countersign user`, `key`, `policy` and `account` against a running server.

use std::fs;

use serde_json::Value;

use crate::{Place, Serving, code, countersign, run, stderr, stdout};

/// A server, and its tools as its root.
struct Tools {
    place: Place,
    server: Serving,
}

impl Tools {
    fn new() -> Tools {
        let place = Place::new();
        let mut command = place.serve();
        command.env("COUNTERSIGN_BUCKETS", "bucket");
        let server = place.start_with(command);
        Tools { place, server }
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.s3)
    }

    /// Runs a tool that asks IAM, and expects this exit code; what it printed, and what it said.
    fn iam(&self, arguments: &[&str], expected: i32) -> (String, String) {
        let (url, data_dir) = (self.url(), self.place.data_dir_text());
        let output = run(&[arguments, &["--endpoint-url", &url, "--data-dir", &data_dir]].concat());
        assert_eq!(
            code(&output),
            Some(expected),
            "{arguments:?}: {}",
            stderr(&output)
        );
        (stdout(&output), stderr(&output))
    }

    fn done(&self, arguments: &[&str]) -> String {
        self.iam(arguments, 0).0
    }

    /// What a tool prints with `--json`, line by line.
    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let printed = self.done(&[arguments, &["--json"]].concat());
        let lines = printed.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("lines of JSON")
    }

    /// Runs a tool that asks the admin API.
    fn admin(&self, arguments: &[&str], expected: i32) -> String {
        let (url, data_dir) = (self.server.admin_url(), self.place.data_dir_text());
        let output = run(&[arguments, &["--admin-url", &url, "--data-dir", &data_dir]].concat());
        assert_eq!(
            code(&output),
            Some(expected),
            "{arguments:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    }

    /// How a tool ends that is run with this key.
    fn ends_with_key(&self, key: &Value, arguments: &[&str]) -> Option<i32> {
        let output = countersign(&[arguments, &["--endpoint-url", &self.url()]].concat())
            .env("AWS_ACCESS_KEY_ID", text(key, "AccessKeyId"))
            .env("AWS_SECRET_ACCESS_KEY", text(key, "SecretAccessKey"))
            .output();
        code(&output.expect("the binary runs"))
    }

    fn document(&self, text: &str) -> String {
        let path = self.place.dir.path().join("policy.json");
        fs::write(&path, text).expect("written");
        path.display().to_string()
    }
}

fn text(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn names(values: &[Value], name: &str) -> Vec<String> {
    values.iter().map(|value| text(value, name)).collect()
}

const LIST_USERS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}]}"#;

#[test]
fn a_user_is_made_shown_and_removed() {
    let tools = Tools::new();
    let arn = tools.done(&["user", "create", "bob", "--path", "/team/"]);
    assert_eq!(arn, "arn:aws:iam::000000000001:user/team/bob\n");
    assert_eq!(names(&tools.json(&["user", "list"]), "UserName"), ["bob"]);
    let table = tools.done(&["user", "list"]);
    assert!(
        table.starts_with("USER  PATH    CREATED") && table.contains("bob   /team/"),
        "{table}"
    );
    let (_, told) = tools.iam(&["user", "create", "bob"], 6);
    assert!(told.contains("EntityAlreadyExists"), "{told}");
    tools.iam(&["user", "create", "no/slash"], 2);
    tools.json(&["key", "create", "bob"]);
    let (_, told) = tools.iam(&["user", "delete", "bob"], 6);
    assert!(
        told.contains("DeleteConflict") && told.contains("--force"),
        "{told}"
    );
    tools.done(&["user", "delete", "bob", "--force"]);
    assert!(tools.json(&["user", "list"]).is_empty());
    tools.iam(&["user", "delete", "bob"], 5);
}

#[test]
fn a_policy_is_given_and_taken() {
    let tools = Tools::new();
    tools.done(&["user", "create", "bob"]);
    let key = tools.json(&["key", "create", "bob"]).remove(0);
    let document = tools.document(LIST_USERS);
    let arn = tools.done(&["policy", "create", "see-users", &document]);
    assert_eq!(arn, "arn:aws:iam::000000000001:policy/see-users\n");
    assert_eq!(tools.ends_with_key(&key, &["user", "list"]), Some(4));
    tools.done(&["policy", "attach", "see-users", "--user", "bob"]);
    assert_eq!(tools.ends_with_key(&key, &["user", "list"]), Some(0));
    let attached = tools.json(&["policy", "list", "--user", "bob"]);
    assert_eq!(names(&attached, "PolicyName"), ["see-users"]);
    assert_eq!(
        names(&tools.json(&["policy", "list", "--local"]), "PolicyName"),
        ["see-users"]
    );
    let all = names(&tools.json(&["policy", "list"]), "PolicyName");
    assert!(all.contains(&"AmazonS3ReadOnlyAccess".to_owned()), "{all:?}");
    let (_, told) = tools.iam(&["policy", "delete", "see-users"], 6);
    assert!(told.contains("policy detach"), "{told}");
    tools.done(&["policy", "detach", "see-users", "--user", "bob"]);
    assert_eq!(tools.ends_with_key(&key, &["user", "list"]), Some(4));
    tools.done(&["policy", "attach", "AmazonS3ReadOnlyAccess", "--user", "bob"]);
    tools.done(&["policy", "delete", arn.trim()]);
    tools.iam(&["policy", "delete", "see-users"], 5);
    tools.iam(&["policy", "attach", "see-users", "--user", "bob"], 5);
    tools.iam(&["policy", "create", "broken", &tools.document("{}")], 2);
    tools.iam(&["policy", "create", "missing", "/nonexistent"], 2);
    tools.iam(&["policy", "attach", "see-users"], 2);
}

#[test]
fn a_key_is_changed_for_a_new_one_with_an_overlap() {
    let tools = Tools::new();
    tools.done(&["user", "create", "bob"]);
    let document = tools.document(LIST_USERS);
    tools.done(&["policy", "create", "see-users", &document]);
    tools.done(&["policy", "attach", "see-users", "--user", "bob"]);
    tools.iam(&["key", "rotate", "bob"], 5);
    let old = tools.json(&["key", "create", "bob"]).remove(0);
    let works = |key: &Value| tools.ends_with_key(key, &["user", "list"]);
    assert_eq!(works(&old), Some(0));
    // Which key is the older one is told by seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let rotated = tools
        .json(&["key", "rotate", "bob", "--expires", "30d"])
        .remove(0);
    let new = rotated.get("new").expect("a new key").clone();
    assert!(!text(&new, "CountersignExpirationDate").is_empty(), "{rotated}");
    assert_eq!(
        rotated
            .pointer("/old/AccessKeyLastUsed/ServiceName")
            .and_then(Value::as_str),
        Some("iam"),
        "{rotated}"
    );
    assert_eq!((works(&old), works(&new)), (Some(0), Some(0)));
    tools.iam(&["key", "rotate", "bob"], 6);
    let (_, told) = tools.iam(&["key", "rotate", "bob", "--finish"], 6);
    assert!(told.contains("in use"), "{told}");
    tools.done(&["key", "rotate", "bob", "--finish", "--force"]);
    assert_eq!((works(&old), works(&new)), (Some(4), Some(0)));
    let left = tools.json(&["key", "list", "bob"]);
    assert_eq!(names(&left, "AccessKeyId"), [text(&new, "AccessKeyId")]);
    tools.iam(&["key", "rotate", "bob", "--finish"], 5);
}

#[test]
fn a_revoked_key_is_refused_at_once() {
    let tools = Tools::new();
    tools.done(&["user", "create", "bob"]);
    let document = tools.document(LIST_USERS);
    tools.done(&["policy", "create", "see-users", &document]);
    tools.done(&["policy", "attach", "see-users", "--user", "bob"]);
    let printed = tools.done(&["key", "create", "bob"]);
    assert!(printed.contains("export AWS_SECRET_ACCESS_KEY="), "{printed}");
    let key = tools.json(&["key", "create", "bob", "--expires", "1h"]).remove(0);
    tools.iam(&["key", "create", "bob"], 6);
    assert_eq!(tools.ends_with_key(&key, &["user", "list"]), Some(0));
    let id = text(&key, "AccessKeyId");
    tools.done(&["key", "revoke", &id]);
    assert_eq!(tools.ends_with_key(&key, &["user", "list"]), Some(4));
    let table = tools.done(&["key", "list"]);
    assert!(
        table
            .lines()
            .any(|line| line.contains(&id) && line.contains("Inactive")),
        "{table}"
    );
    tools.done(&["key", "revoke", &id, "--delete"]);
    assert_eq!(tools.json(&["key", "list", "bob"]).len(), 1);
    tools.iam(&["key", "revoke", &id], 5);
}

#[test]
fn an_account_is_made_with_a_key_of_its_own() {
    let tools = Tools::new();
    let made: Value =
        serde_json::from_str(&tools.admin(&["account", "create", "team", "--json"], 0)).expect("JSON");
    assert_eq!(
        (text(&made, "id").len(), text(&made, "canonical_id").len()),
        (12, 64),
        "{made}"
    );
    let key = serde_json::json!({
        "AccessKeyId": text(&made, "access_key_id"), "SecretAccessKey": text(&made, "secret_access_key"),
    });
    assert_eq!(tools.ends_with_key(&key, &["user", "create", "bob"]), Some(0));
    assert!(
        tools.json(&["user", "list"]).is_empty(),
        "it is in the other account"
    );
    let listed = tools.admin(&["account", "list"], 0);
    assert!(
        listed.contains(&text(&made, "id")) && listed.contains("team"),
        "{listed}"
    );
    assert!(!listed.contains(&text(&made, "secret_access_key")));
}
