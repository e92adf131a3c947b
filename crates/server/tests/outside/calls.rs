//! IAM and STS as a client sees them: who may call what, what is told to whom, and what a refused signature is answered.
//!
//! Not here: what each call does (`identity` has those tests) and its bytes (`protocol`).

use countersign_server::DiagnosisMode;
use countersign_sigv4::{Payload, Secret};
use serde_json::Value;

use crate::http::{Answer, Ask, Connection, Key, SECRET, now};
use crate::running::Running;

const IAM: &str = "2010-05-08";
const STS: &str = "2011-06-15";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A call as its form: `Action&Name=value`, values percent-encoded where they must be.
fn call(version: &str, form: &str) -> Ask {
    Ask::new("POST", "/")
        .header("content-type", FORM)
        .body(format!("Action={form}&Version={version}"))
}

pub(crate) fn iam(server: &Running, key: Key, form: &str) -> Answer {
    let key = key.for_calls("iam");
    server.send(&call(IAM, form).to(&server.host()).sign(&key))
}

pub(crate) fn sts(server: &Running, key: Key, form: &str) -> Answer {
    let key = key.for_calls("sts");
    server.send(&call(STS, form).to(&server.host()).sign(&key))
}

/// As [`iam`], by the root, for a call that is done.
pub(crate) fn done(server: &Running, form: &str) -> Answer {
    let answer = iam(server, Key::root(), form);
    assert_eq!(answer.status, 200, "{form}: {}", answer.text());
    answer
}

pub(crate) fn element(answer: &Answer, name: &str) -> String {
    match answer.element(name) {
        Some(text) => text,
        None => unreachable!("no {name} in {}", answer.text()),
    }
}

/// The key in an answer, whether it is a lasting one or not.
pub(crate) fn key(answer: &Answer) -> Key {
    assert_eq!(answer.status, 200, "{}", answer.text());
    Key {
        access_key_id: element(answer, "AccessKeyId"),
        secret: Secret::new(element(answer, "SecretAccessKey")),
        session_token: answer.element("SessionToken"),
        ..Key::root()
    }
}

/// A user with a key.
pub(crate) fn user(server: &Running, name: &str) -> Key {
    done(server, &format!("CreateUser&UserName={name}"));
    key(&done(server, &format!("CreateAccessKey&UserName={name}")))
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Lets a user do this to that.
pub(crate) fn allow(server: &Running, user_name: &str, action: &str, resource: &str) {
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#
    );
    let name: String = action.chars().filter(char::is_ascii_alphanumeric).collect();
    let document = encoded(&document);
    done(
        server,
        &format!("PutUserPolicy&UserName={user_name}&PolicyName={name}&PolicyDocument={document}"),
    );
}

/// A role that trusts this principal.
pub(crate) fn role(server: &Running, name: &str, trusted: &str, condition: &str) -> String {
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{trusted}"}},"Action":["sts:AssumeRole","sts:TagSession"]{condition}}}}}"#
    );
    let form = format!(
        "CreateRole&RoleName={name}&AssumeRolePolicyDocument={}",
        encoded(&document)
    );
    element(&done(server, &form), "Arn")
}

#[test]
fn a_call_is_answered_like_aws_answers_it() {
    let server = Running::start();
    let answer = done(&server, "CreateUser&UserName=ada&Path=/team/");
    assert_eq!(answer.header("content-type"), Some("text/xml"));
    assert_eq!(
        answer.header("x-amzn-requestid"),
        Some(element(&answer, "RequestId").as_str())
    );
    let text = answer.text();
    assert!(
        text.contains(
            "<CreateUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><CreateUserResult><User>"
        ),
        "{text}"
    );
    assert_eq!(element(&answer, "Arn"), "arn:aws:iam::000000000001:user/team/ada");
    let missing = iam(&server, Key::root(), "GetUser&UserName=bob");
    missing.is(404, "NoSuchEntity");
    assert_eq!(element(&missing, "Type"), "Sender");
    let metrics = Connection::open(server.admin).ask(&Ask::new("GET", "/metrics").to("h"));
    let counted = r#"countersign_requests_total{operation="iam:CreateUser",status="2xx"} 1"#;
    assert!(metrics.text().contains(counted), "{}", metrics.text());
}

#[test]
fn who_calls_is_told_whatever_policies_say() {
    let server = Running::start();
    let ada = user(&server, "ada");
    for (key, arn) in [
        (Key::root(), "arn:aws:iam::000000000001:root"),
        (ada, "arn:aws:iam::000000000001:user/ada"),
    ] {
        let answer = sts(&server, key, "GetCallerIdentity");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(element(&answer, "Arn"), arn);
        assert_eq!(element(&answer, "Account"), "000000000001");
    }
    // Other than for S3, a link covers the body.
    let key = Key::root().for_calls("sts");
    let target = format!("/?Action=GetCallerIdentity&Version={STS}");
    let uncovered = Ask::new("GET", &target).to(&server.host()).presign(&key, 60);
    let refused = server.send(&uncovered);
    refused.is(403, "SignatureDoesNotMatch");
    assert!(
        element(&refused, "Message").contains("Sign the SHA-256 of the body"),
        "{}",
        refused.text()
    );
    // As a link, which programs hand to each other to show who they are.
    let link = Ask::new("GET", &target).to(&server.host());
    let link = link.payload(Payload::of_body(b"")).presign(&key, 60);
    let answer = server.send(&link);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(element(&answer, "Arn"), "arn:aws:iam::000000000001:root");
}

#[test]
fn a_user_may_do_what_policies_allow_and_nothing_else() {
    let server = Running::start();
    let ada = || user_key(&server);
    let denied = iam(&server, ada(), "CreateUser&UserName=bob");
    denied.is(403, "AccessDenied");
    let message = element(&denied, "Message");
    assert!(
        message.starts_with(
            "User: arn:aws:iam::000000000001:user/ada is not authorized to perform: iam:CreateUser on resource: \
             arn:aws:iam::000000000001:user/bob because no identity-based policy allows the iam:CreateUser action. \
             Encoded authorization failure message: "
        ),
        "{message}"
    );
    iam(&server, Key::root(), "GetUser&UserName=bob").is(404, "NoSuchEntity");
    let on_record = server.ask_admin(&format!("/api/v1/refusals/{}", denied.request_id()));
    let on_record: Value = serde_json::from_slice(&on_record.body).expect("JSON");
    let at = |pointer: &str| on_record.pointer(pointer).and_then(Value::as_str);
    assert_eq!(at("/code"), Some("AccessDenied"));
    assert_eq!(at("/diagnosis/action"), Some("iam:CreateUser"));
    assert_eq!(
        at("/diagnosis/decision/policyType"),
        Some("identity-based policy")
    );

    allow(
        &server,
        "ada",
        "iam:CreateUser",
        "arn:aws:iam::000000000001:user/b*",
    );
    assert_eq!(iam(&server, ada(), "CreateUser&UserName=bob").status, 200);
    iam(&server, ada(), "CreateUser&UserName=carol").is(403, "AccessDenied");
    iam(&server, ada(), "CreateUser&UserName=b&Path=/x/").is(403, "AccessDenied");
    iam(&server, ada(), "DeleteUser&UserName=bob").is(403, "AccessDenied");
    // Whether somebody is there is not told to those who may not ask.
    iam(&server, ada(), "GetUser&UserName=nobody").is(403, "AccessDenied");
}

/// The key of the user `ada`; made with the first call.
fn user_key(server: &Running) -> Key {
    let listed = done(server, "ListUsers");
    if !listed.text().contains("<UserName>ada</UserName>") {
        done(server, "CreateUser&UserName=ada");
    }
    let keys = done(server, "ListAccessKeys&UserName=ada");
    if let Some(id) = keys.element("AccessKeyId") {
        done(server, &format!("DeleteAccessKey&UserName=ada&AccessKeyId={id}"));
    }
    key(&done(server, "CreateAccessKey&UserName=ada"))
}

#[test]
fn conditions_ask_what_stands_in_a_call() {
    let server = Running::start();
    let ada = || user_key(&server);
    ada();
    done(&server, "CreateUser&UserName=bob");
    let read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{{"ArnEquals":{{"iam:PolicyARN":"{read_only}"}}}}}}}}"#
    );
    let document = encoded(&document);
    done(
        &server,
        &format!("PutUserPolicy&UserName=ada&PolicyName=p&PolicyDocument={document}"),
    );
    let attach =
        |name: &str| format!("AttachUserPolicy&UserName=bob&PolicyArn=arn:aws:iam::aws:policy/{name}");
    iam(&server, ada(), &attach("AdministratorAccess")).is(403, "AccessDenied");
    assert_eq!(iam(&server, ada(), &attach("AmazonS3ReadOnlyAccess")).status, 200);
}

#[test]
fn a_denial_is_decoded_by_those_who_may() {
    let server = Running::start();
    let ada = user_key(&server);
    let denied = iam(&server, ada, "ListUsers");
    let message = element(&denied, "Message");
    let (_, sealed) = message.rsplit_once(' ').expect("a sealed part");
    let decode = format!("DecodeAuthorizationMessage&EncodedMessage={}", encoded(sealed));
    sts(&server, user_key(&server), &decode).is(403, "AccessDenied");
    let decoded = sts(&server, Key::root(), &decode);
    assert_eq!(decoded.status, 200, "{}", decoded.text());
    let decision: Value = serde_json::from_str(&element(&decoded, "DecodedMessage")).expect("JSON");
    let at = |pointer: &str| {
        decision
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    assert_eq!(at("/context/action"), "iam:ListUsers");
    assert_eq!(at("/context/principal/arn"), "arn:aws:iam::000000000001:user/ada");
    assert_eq!(at("/failures/items/0/policyType"), "identity-based policy");
    let wrong = format!(
        "DecodeAuthorizationMessage&EncodedMessage={}",
        encoded(&sealed[1..])
    );
    sts(&server, Key::root(), &wrong).is(400, "InvalidAuthorizationMessageException");
}

#[test]
fn a_role_is_assumed_by_those_whom_it_trusts() {
    let server = Running::start();
    let ada = || user_key(&server);
    ada();
    let arn = role(
        &server,
        "reader",
        "arn:aws:iam::000000000001:user/ada",
        r#","Condition":{"StringEquals":{"sts:ExternalId":"e-1"}}"#,
    );
    let assume = format!("AssumeRole&RoleArn={arn}&RoleSessionName=session");
    let refused = |key: Key, form: &str| {
        let answer = sts(&server, key, form);
        answer.is(403, "AccessDenied");
        let message = element(&answer, "Message");
        message.split(". Encoded").next().unwrap_or_default().to_owned()
    };
    let sentence = |arn: &str| {
        format!(
            "User: arn:aws:iam::000000000001:user/ada is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )
    };
    assert_eq!(refused(ada(), &assume), sentence(&arn));
    // A role that is not there looks like one that is not given away.
    let nowhere = "arn:aws:iam::000000000001:role/nowhere";
    let form = format!("AssumeRole&RoleArn={nowhere}&RoleSessionName=session");
    assert_eq!(refused(ada(), &form), sentence(nowhere));
    for form in [&form, &assume] {
        let answer = sts(&server, ada(), form);
        assert!(!answer.text().contains("<Diagnosis"), "{}", answer.text());
        let on_record = server.ask_admin(&format!("/api/v1/refusals/{}", answer.request_id()));
        assert!(
            on_record.text().contains("\"decision\":null"),
            "{}",
            on_record.text()
        );
    }
    assert_eq!(
        refused(Key::root(), &format!("{assume}&ExternalId=e-1")),
        "Roles may not be assumed by root accounts."
    );

    let assumed = sts(
        &server,
        ada(),
        &format!("{assume}&ExternalId=e-1&DurationSeconds=900"),
    );
    assert_eq!(
        element(&assumed, "AssumedRoleUser").split("<Arn>").nth(1),
        Some("arn:aws:sts::000000000001:assumed-role/reader/session</Arn>")
    );
    let session = key(&assumed);
    let who = sts(&server, session, "GetCallerIdentity");
    assert_eq!(
        element(&who, "Arn"),
        "arn:aws:sts::000000000001:assumed-role/reader/session"
    );
}

#[test]
fn what_a_session_is_for_has_to_be_allowed_too() {
    let server = Running::start();
    let ada = || user_key(&server);
    ada();
    let arn = role(&server, "reader", "arn:aws:iam::000000000001:user/ada", "");
    let assume = format!("AssumeRole&RoleArn={arn}&RoleSessionName=session");
    let tags = "Tags.member.1.Key=team&Tags.member.1.Value=blue";
    assert_eq!(sts(&server, ada(), &format!("{assume}&{tags}")).status, 200);
    // The trust policy says nothing about source identities.
    let named = sts(&server, ada(), &format!("{assume}&SourceIdentity=ada"));
    named.is(403, "AccessDenied");
    let message = element(&named, "Message");
    assert!(message.contains("sts:SetSourceIdentity"), "{message}");
}

#[test]
fn temporary_credentials_have_their_calls() {
    let server = Running::start();
    let session = || key(&sts(&server, Key::root(), "GetSessionToken&DurationSeconds=900"));
    assert_eq!(sts(&server, session(), "GetCallerIdentity").status, 200);
    iam(&server, session(), "ListUsers").is(403, "InvalidClientTokenId");
    sts(&server, session(), "GetSessionToken").is(403, "AccessDenied");
    let without_token = Key {
        session_token: None,
        ..session()
    };
    sts(&server, without_token, "GetCallerIdentity").is(403, "InvalidClientTokenId");
    let of_another = Key {
        session_token: session().session_token,
        ..session()
    };
    sts(&server, of_another, "GetCallerIdentity").is(403, "InvalidClientTokenId");
    let federated = || key(&sts(&server, Key::root(), "GetFederationToken&Name=eve"));
    let who = sts(&server, federated(), "GetCallerIdentity");
    assert_eq!(
        element(&who, "Arn"),
        "arn:aws:sts::000000000001:federated-user/eve"
    );
    iam(&server, federated(), "ListUsers").is(403, "InvalidClientTokenId");
}

#[test]
fn a_refused_signature_is_explained_in_the_words_of_the_service() {
    let server = Running::diagnosing(DiagnosisMode::Full);
    let with_newline = Key::root().with_secret(&format!("{SECRET}\n"));
    let answer = iam(&server, with_newline, "ListUsers");
    answer.is(403, "SignatureDoesNotMatch");
    let header = answer.header("x-countersign-diagnosis").unwrap_or_default();
    assert!(header.starts_with("SEC-NEWLINE; status=proven"), "{header}");
    let message = element(&answer, "Message");
    assert!(
        message.starts_with("The request signature we calculated does not match the signature you provided."),
        "{message}"
    );
    assert!(
        answer
            .text()
            .contains("<Diagnosis version=\"1\" status=\"proven\">")
    );
    assert!(!answer.text().contains(SECRET));
    let on_record = server.ask_admin(&format!("/api/v1/refusals/{}", answer.request_id()));
    assert_eq!(on_record.status, 200, "{}", on_record.text());

    let unknown = Key {
        access_key_id: "AKIANOBODY0000000001".to_owned(),
        ..Key::root()
    };
    iam(&server, unknown, "ListUsers").is(403, "InvalidClientTokenId");
    let late = Key {
        time: now() - 3600,
        ..Key::root()
    };
    let answer = iam(&server, late, "ListUsers");
    answer.is(403, "SignatureDoesNotMatch");
    assert!(element(&answer, "Message").starts_with("Signature expired: "));
}

#[test]
fn only_what_is_signed_for_the_service_is_taken() {
    let server = Running::start();
    let elsewhere = Key {
        region: "eu-central-1".to_owned(),
        ..Key::root()
    };
    let answer = iam(&server, elsewhere, "ListUsers");
    answer.is(403, "SignatureDoesNotMatch");
    assert!(element(&answer, "Message").starts_with("Credential should be scoped to a valid region"));
    // Signed for S3, and for the other of the two.
    let ask = call(IAM, "ListUsers").to(&server.host());
    let answer = server.send(&ask.clone().sign(&Key::root()));
    answer.is(403, "SignatureDoesNotMatch");
    assert!(
        element(&answer, "Message").starts_with("Credential should be scoped to correct service: 'iam'."),
        "{}",
        answer.text()
    );
    let answer = server.send(&ask.sign(&Key::root().for_calls("sts")));
    answer.is(400, "InvalidAction");
    // An operation of S3 is none of theirs, whatever it is signed for.
    let answer = server.send(
        &Ask::new("GET", "/")
            .to(&server.host())
            .sign(&Key::root().for_calls("iam")),
    );
    answer.is(400, "AuthorizationHeaderMalformed");
}

#[test]
fn a_region_of_ones_own_is_taken_beside_that_of_aws() {
    let server = Running::with(countersign_server::Config::in_region("eu-central-1"));
    for region in ["eu-central-1", "us-east-1"] {
        let key = Key {
            region: region.to_owned(),
            ..Key::root()
        };
        assert_eq!(iam(&server, key, "ListUsers").status, 200, "{region}");
    }
}

#[test]
fn the_whole_body_is_what_was_signed() {
    let server = Running::start();
    let key = Key::root().for_calls("iam");
    let signed = call(IAM, "ListUsers").to(&server.host()).sign(&key);
    let changed = signed
        .clone()
        .body(format!("Action=CreateUser&UserName=eve&Version={IAM}"));
    server.send(&changed).is(403, "SignatureDoesNotMatch");
    // Nobody can leave the body out of the signature, as S3 allows it.
    let unsigned = call(IAM, "ListUsers")
        .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        .payload(Payload::Unsigned)
        .to(&server.host())
        .sign(&key);
    server.send(&unsigned).is(403, "SignatureDoesNotMatch");
    assert!(!done(&server, "ListUsers").text().contains("eve"));
}

#[test]
fn nobody_calls_anything() {
    let server = Running::start();
    for form in ["ListUsers", "CreateUser&UserName=eve", "Nonsense", "CreateUser"] {
        let answer = server.send(&call(IAM, form));
        answer.is(403, "MissingAuthenticationToken");
    }
    server
        .send(&call(STS, "GetCallerIdentity"))
        .is(403, "MissingAuthenticationToken");
    assert!(!done(&server, "ListUsers").text().contains("eve"));
}

#[test]
fn what_cannot_be_read_is_refused() {
    let server = Running::start();
    iam(&server, Key::root(), "CreateUser").is(400, "ValidationError");
    iam(&server, Key::root(), "CreateUser&UserName=a&UserName=b").is(400, "MalformedQueryString");
    iam(&server, Key::root(), "CreateLoginProfile&UserName=a").is(501, "NotImplemented");
    iam(&server, Key::root(), "CreateUsers").is(400, "InvalidAction");
    let long = format!("CreateUser&UserName={}", "a".repeat(1024 * 1024));
    iam(&server, Key::root(), &long).is(413, "RequestEntityTooLarge");
}

/// The admin API, asked with a body.
pub(crate) fn admin(server: &Running, key: Key, method: &str, path: &str, body: &str) -> Answer {
    let ask = Ask::new(method, path).body(body).to(&server.admin.to_string());
    Connection::open(server.admin).ask(&ask.sign(&Key {
        service: "countersign".to_owned(),
        rule: countersign_sigv4::PathRule::Generic,
        ..key
    }))
}

#[test]
fn accounts_are_made_by_the_operator_and_keep_to_themselves() {
    let server = Running::start();
    let made = admin(
        &server,
        Key::root(),
        "POST",
        "/api/v1/accounts",
        r#"{"name":"tenant"}"#,
    );
    assert_eq!(made.status, 200, "{}", made.text());
    let made: Value = serde_json::from_slice(&made.body).expect("JSON");
    let text = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default();
    let tenant = || Key {
        access_key_id: text("access_key_id").to_owned(),
        secret: Secret::new(text("secret_access_key")),
        ..Key::root()
    };
    assert_eq!(
        (text("display_name"), text("id").len(), text("canonical_id").len()),
        ("tenant", 12, 64)
    );
    let who = sts(&server, tenant(), "GetCallerIdentity");
    assert_eq!(element(&who, "Account"), text("id"));
    // Its users are its own, and nobody else's.
    assert_eq!(iam(&server, tenant(), "CreateUser&UserName=ada").status, 200);
    iam(&server, Key::root(), "GetUser&UserName=ada").is(404, "NoSuchEntity");

    let listed = admin(&server, Key::root(), "GET", "/api/v1/accounts", "");
    assert!(listed.text().contains(text("id")) && !listed.text().contains(text("secret_access_key")));
    for (method, path, body) in [
        ("GET", "/api/v1/accounts", ""),
        ("POST", "/api/v1/accounts", r#"{"name":"other"}"#),
        ("POST", "/api/v1/master-key/reseal", ""),
        ("POST", "/api/v1/session-keys/rotate", ""),
    ] {
        let answer = admin(&server, tenant(), method, path, body);
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
    }
    let again = admin(
        &server,
        Key::root(),
        "POST",
        "/api/v1/accounts",
        r#"{"name":"tenant"}"#,
    );
    assert_eq!(again.status, 409, "{}", again.text());
    for body in ["", "{}", r#"{"name":"a","root":true}"#, r#"{"name":""}"#] {
        let answer = admin(&server, Key::root(), "POST", "/api/v1/accounts", body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    let long = format!(r#"{{"name":"{}"}}"#, "a".repeat(64 * 1024));
    assert_eq!(
        admin(&server, Key::root(), "POST", "/api/v1/accounts", &long).status,
        413
    );
    let unsigned = Ask::new("POST", "/api/v1/accounts")
        .body(r#"{"name":"x"}"#)
        .to(&server.admin.to_string());
    assert_eq!(Connection::open(server.admin).ask(&unsigned).status, 401);
}

#[test]
fn sessions_outlive_a_new_key_and_new_seals() {
    let server = Running::start();
    let session = key(&sts(&server, Key::root(), "GetSessionToken"));
    let rotated = admin(&server, Key::root(), "POST", "/api/v1/session-keys/rotate", "");
    assert_eq!(
        (rotated.status, rotated.text().trim()),
        (200, r#"{"rotated":true}"#)
    );
    let resealed = admin(&server, Key::root(), "POST", "/api/v1/master-key/reseal", "");
    assert_eq!(
        (resealed.status, resealed.text().trim()),
        (200, r#"{"resealed":0}"#)
    );
    assert_eq!(sts(&server, session, "GetCallerIdentity").status, 200);
    let read = admin(&server, Key::root(), "GET", "/api/v1/session-keys/rotate", "");
    assert_eq!(read.status, 405);
}

#[test]
fn the_admin_api_takes_no_body_that_was_not_signed() {
    let server = Running::start();
    let ask = Ask::new("POST", "/api/v1/accounts").body(r#"{"name":"a"}"#);
    let signed = ask.to(&server.admin.to_string()).sign(&Key::admin());
    let changed = signed.body(r#"{"name":"b"}"#);
    let answer = Connection::open(server.admin).ask(&changed);
    assert_eq!(answer.status, 403, "{}", answer.text());
    let listed = admin(&server, Key::root(), "GET", "/api/v1/accounts", "");
    assert!(!listed.text().contains("\"b\""));
}
