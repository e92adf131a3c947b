//! Who may do what, asked by users, sessions and other accounts.

use countersign_sigv4::Secret;
use serde_json::Value;

use crate::calls::{admin, allow, done, element, encoded, iam, key, role, sts, user};
use crate::http::{Answer, Ask, Key};
use crate::running::Running;

fn server() -> Running {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    server
}

pub(crate) fn by(server: &Running, key: &Key, ask: Ask) -> Answer {
    server.send(&ask.to(&server.host()).sign(key))
}

fn get(server: &Running, key: &Key, target: &str) -> Answer {
    by(server, key, Ask::new("GET", target))
}

#[track_caller]
fn put_policy(server: &Running, principal: &str, actions: &str, of_bucket: &str) {
    let document = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": {principal}, "Action": [{actions}],
            "Resource": "arn:aws:s3:::bucket{of_bucket}"}}}}"#
    );
    let answer = server.ask(Ask::new("PUT", "/bucket?policy").body(document));
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// Another account: its id, and the key of its root.
pub(crate) fn tenant(server: &Running) -> (String, Key) {
    let made = admin(
        server,
        Key::root(),
        "POST",
        "/api/v1/accounts",
        r#"{"name":"tenant"}"#,
    );
    let made: Value = serde_json::from_slice(&made.body).expect("JSON");
    let text = |name: &str| {
        made.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let root = Key {
        access_key_id: text("access_key_id"),
        secret: Secret::new(text("secret_access_key")),
        ..Key::root()
    };
    (text("id"), root)
}

pub(crate) fn copy(of: &Key) -> Key {
    Key {
        access_key_id: of.access_key_id.clone(),
        secret: of.secret.clone(),
        session_token: of.session_token.clone(),
        ..Key::root()
    }
}

#[test]
fn a_user_may_do_what_its_policies_allow_and_is_told_what_lacks() {
    let server = server();
    let ada = user(&server, "ada");
    let denied = get(&server, &ada, "/bucket/k");
    denied.is(403, "AccessDenied");
    assert_eq!(
        element(&denied, "Message"),
        "User: arn:aws:iam::000000000001:user/ada is not authorized to perform: s3:GetObject on resource: \
         \"arn:aws:s3:::bucket/k\" because no identity-based policy allows the s3:GetObject action"
    );
    allow(
        &server,
        "ada",
        "s3:GetObject",
        "arn:aws:s3:::bucket/${aws:username}*",
    );
    get(&server, &ada, "/bucket/k").is(403, "AccessDenied");
    server.put("/bucket/ada-1", "hers");
    assert_eq!(get(&server, &ada, "/bucket/ada-1").text(), "hers");
    let missing = get(&server, &ada, "/bucket/ada-2");
    missing.is(403, "AccessDenied");
    assert!(
        element(&missing, "Message")
            .contains("perform: s3:ListBucket on resource: \"arn:aws:s3:::bucket\" because no"),
        "{}",
        missing.text()
    );
    by(&server, &ada, Ask::new("PUT", "/bucket/ada-1").body("x")).is(403, "AccessDenied");
    let listed = get(&server, &ada, "/");
    assert_eq!(
        element(&listed, "Message"),
        "User: arn:aws:iam::000000000001:user/ada is not authorized to perform: s3:ListAllMyBuckets because no \
         identity-based policy allows the s3:ListAllMyBuckets action"
    );
    allow(&server, "ada", "s3:ListAllMyBuckets", "arn:aws:s3:::*");
    assert_eq!(element(&get(&server, &ada, "/"), "Name"), "bucket");
    // What a user makes belongs to its account.
    allow(&server, "ada", "s3:CreateBucket", "*");
    assert_eq!(by(&server, &ada, Ask::new("PUT", "/hers")).status, 200);
    assert_eq!(server.status_of("/hers"), 200);
}

#[test]
fn a_bucket_that_is_not_there_is_told_to_whom_policies_let_ask() {
    let server = server();
    let ada = user(&server, "ada");
    for target in ["/none/k", "/none", "/none?policy"] {
        get(&server, &ada, target).is(403, "AccessDenied");
    }
    let delete = || {
        Ask::new("POST", "/none?delete")
            .header("x-amz-checksum-crc32", "AAAAAA==")
            .body("")
    };
    by(&server, &ada, delete()).is(403, "AccessDenied");
    allow(&server, "ada", "s3:*", "*");
    for target in ["/none/k", "/none", "/none?policy"] {
        get(&server, &ada, target).is(404, "NoSuchBucket");
    }
    by(&server, &ada, delete()).is(404, "NoSuchBucket");
}

#[test]
fn a_bucket_policy_lets_in_whom_it_names_and_names_only_who_is_there() {
    let server = server();
    let (ada, bob) = (user(&server, "ada"), user(&server, "bob"));
    put_policy(
        &server,
        r#"{"AWS": "arn:aws:iam::000000000001:user/ada"}"#,
        r#""s3:GetObject""#,
        "/*",
    );
    assert_eq!(get(&server, &ada, "/bucket/k").status, 200);
    get(&server, &bob, "/bucket/k").is(403, "AccessDenied");
    let document = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": {"AWS": "ARN"}, "Action": "s3:GetObject",
                       "Resource": "arn:aws:s3:::bucket/*"}}"#;
    let put = |arn: &str| {
        let ask = Ask::new("PUT", "/bucket?policy").body(document.replace("ARN", arn));
        server.ask(ask).status
    };
    let trust = "arn:aws:iam::000000000001:root";
    role(&server, "reader", trust, "");
    for (arn, status) in [
        ("arn:aws:iam::000000000001:user/bob", 204),
        ("arn:aws:iam::000000000001:role/reader", 204),
        ("arn:aws:sts::000000000001:assumed-role/reader/s1", 204),
        ("arn:aws:iam::000000000001:user/eve", 400),
        ("arn:aws:iam::000000000001:role/writer", 400),
        ("arn:aws:iam::000000000001:user/team/bob", 400),
    ] {
        assert_eq!(put(arn), status, "{arn}");
    }
}

#[test]
fn both_accounts_have_to_allow_and_the_owner_of_the_bucket_owns_what_comes() {
    let server = server();
    let (id, root) = tenant(&server);
    let made = iam(&server, copy(&root), "CreateUser&UserName=eve");
    assert_eq!(made.status, 200, "{}", made.text());
    let eve = key(&iam(&server, copy(&root), "CreateAccessKey&UserName=eve"));
    for stranger in [&root, &eve] {
        let denied = get(&server, stranger, "/bucket/k");
        denied.is(403, "AccessDenied");
        assert_eq!(element(&denied, "Message"), "Access Denied");
        let record = admin(
            &server,
            copy(stranger),
            "GET",
            &format!("/api/v1/refusals/{}", denied.request_id()),
            "",
        );
        assert!(!record.text().contains("policyType"), "{}", record.text());
        by(&server, stranger, Ask::new("PUT", "/bucket")).is(
            if stranger.access_key_id == root.access_key_id {
                409
            } else {
                403
            },
            if stranger.access_key_id == root.access_key_id {
                "BucketAlreadyExists"
            } else {
                "AccessDenied"
            },
        );
    }
    put_policy(
        &server,
        &format!(r#"{{"AWS": "{id}"}}"#),
        r#""s3:GetObject", "s3:PutObject""#,
        "/*",
    );
    assert_eq!(get(&server, &root, "/bucket/k").status, 200);
    get(&server, &eve, "/bucket/k").is(403, "AccessDenied");
    let document =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    let form = format!(
        "PutUserPolicy&UserName=eve&PolicyName=all&PolicyDocument={}",
        encoded(document)
    );
    assert_eq!(iam(&server, copy(&root), &form).status, 200);
    assert_eq!(get(&server, &eve, "/bucket/k").status, 200);
    get(&server, &eve, "/bucket").is(403, "AccessDenied");

    assert_eq!(
        by(&server, &eve, Ask::new("PUT", "/bucket/new").body("x")).status,
        200
    );
    let acl = server.ask(Ask::new("GET", "/bucket/new?acl"));
    assert_eq!(element(&acl, "DisplayName"), "root");
    let expecting = |owner: &str| {
        let ask = Ask::new("GET", "/bucket/k").header("x-amz-expected-bucket-owner", owner);
        by(&server, &eve, ask).status
    };
    assert_eq!((expecting("000000000001"), expecting(&id)), (200, 403));

    // Each account lists its own buckets, and reads the policies of none but those.
    assert_eq!(by(&server, &eve, Ask::new("PUT", "/tenants")).status, 200);
    for (key, name) in [(&Key::root(), "bucket"), (&root, "tenants"), (&eve, "tenants")] {
        let listed = get(&server, key, "/");
        assert_eq!(listed.text().matches("<Bucket>").count(), 1, "{}", listed.text());
        assert_eq!(element(&listed, "Name"), name);
    }
    server.ask(Ask::new("GET", "/tenants")).is(403, "AccessDenied");
    put_policy(&server, &format!(r#"{{"AWS": "{id}"}}"#), r#""s3:*""#, "");
    for ask in [
        Ask::new("GET", "/bucket?policy"),
        Ask::new("DELETE", "/bucket?policy"),
        Ask::new("PUT", "/bucket?policy").body("{}"),
    ] {
        by(&server, &eve, ask).is(405, "MethodNotAllowed");
    }
}

#[test]
fn a_session_may_what_its_role_may_within_what_was_passed_for_it() {
    let server = server();
    server.put("/bucket/other", "other");
    let ada = user(&server, "ada");
    allow(&server, "ada", "sts:AssumeRole", "*");
    let arn = role(&server, "reader", "arn:aws:iam::000000000001:user/ada", "");
    let document =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
    let form = format!(
        "PutRolePolicy&RoleName=reader&PolicyName=p&PolicyDocument={}",
        encoded(document)
    );
    done(&server, &form);
    let assume = |passed: &str| {
        let form = format!("AssumeRole&RoleArn={}&RoleSessionName=s1{passed}", encoded(&arn));
        key(&sts(&server, copy(&ada), &form))
    };
    let whole = assume("");
    assert_eq!(get(&server, &whole, "/bucket/k").status, 200);
    let denied = by(&server, &whole, Ask::new("DELETE", "/bucket/k"));
    assert!(
        element(&denied, "Message").starts_with(
            "User: arn:aws:sts::000000000001:assumed-role/reader/s1 is not authorized to perform"
        ),
        "{}",
        denied.text()
    );
    let only_k = document.replace(r#""Resource":"*""#, r#""Resource":"arn:aws:s3:::bucket/k""#);
    let limited = assume(&format!("&Policy={}", encoded(&only_k)));
    assert_eq!(get(&server, &limited, "/bucket/k").status, 200);
    let denied = get(&server, &limited, "/bucket/other");
    assert!(
        element(&denied, "Message").ends_with("because no session policy allows the s3:GetObject action"),
        "{}",
        denied.text()
    );
    // A key of the session: what the role was tagged with, and when it began, is asked about.
    let condition = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:GetObject","Resource":"*",
        "Condition":{"DateGreaterThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}}}}"#;
    let form = format!(
        "PutRolePolicy&RoleName=reader&PolicyName=q&PolicyDocument={}",
        encoded(condition)
    );
    done(&server, &form);
    get(&server, &whole, "/bucket/k").is(403, "AccessDenied");
}
