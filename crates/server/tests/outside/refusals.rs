//! The record of refusals: listed, in groups, over a restart, and without anything in it that must not be.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign_engine::memory::Memory;
use countersign_server::{Config, DiagnosisMode, PublicUrl};
use serde_json::Value;

use crate::calls::user;
use crate::diagnosis::{Logged, logs};
use crate::form::Form;
use crate::http::{ACCESS_KEY_ID, Answer, Ask, Connection, Key, SECRET};
use crate::running::{Running, until};
use crate::scrub::Planned;

fn refused(server: &Running, user_agent: &str, secret: &str) -> Answer {
    let ask = Ask::new("GET", "/bucket/k")
        .header("user-agent", user_agent)
        .to(&server.host())
        .sign(&Key::root().with_secret(secret));
    let answer = server.send(&ask);
    answer.is(403, "SignatureDoesNotMatch");
    answer
}

fn ask(server: &Running, path: &str) -> Value {
    let answer = server.ask_admin(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The request ids of a list, in its order.
fn ids(server: &Running, query: &str) -> Vec<String> {
    let list = ask(server, &format!("/api/v1/refusals{query}"));
    let refusals = list.get("refusals").and_then(Value::as_array).expect("a list");
    refusals
        .iter()
        .map(|refusal| text(refusal, "requestId").to_owned())
        .collect()
}

fn on_disk(dir: &Path) -> String {
    let files = fs::read_dir(dir).expect("a directory");
    files
        .map(|file| fs::read_to_string(file.expect("a file").path()).expect("text"))
        .collect()
}

#[test]
fn refusals_are_chosen_paged_and_grouped() {
    let server = Running::start();
    let newline = format!("{SECRET}\n");
    let first = refused(&server, "Boto3/1.43.66 Botocore/1.43.66", &newline);
    let second = refused(&server, "curl/7.88.1", &newline);
    let third = refused(&server, "curl/7.88.1", &newline);
    let unknown = Key {
        access_key_id: "CSAKNOBODY0000000001".to_owned(),
        ..Key::root()
    };
    let fourth = server.send(&Ask::new("GET", "/").to(&server.host()).sign(&unknown));
    let [first, second, third, fourth] = [first, second, third, fourth].map(|answer| answer.request_id());

    let check = |query: &str, expected: &[&String]| {
        assert_eq!(
            ids(&server, query).iter().collect::<Vec<_>>(),
            expected,
            "{query}"
        )
    };
    check("", &[&fourth, &third, &second, &first]);
    check("?cause=SEC-NEWLINE", &[&third, &second, &first]);
    check("?client=curl", &[&third, &second]);
    check("?client=boto3%40127.0.0.1", &[&first]);
    check("?access-key-id=CSAKNOBODY0000000001", &[&fourth]);
    check("?since=1h&limit=1", &[&fourth]);
    check("?since=2030-01-01T00:00:00Z", &[]);
    check(&format!("?before={third}"), &[&second, &first]);
    let page = ask(&server, "/api/v1/refusals?limit=3");
    assert_eq!(text(&page, "next"), second);
    assert_eq!(ask(&server, "/api/v1/refusals?limit=4").get("next"), None);

    let groups = ask(&server, "/api/v1/refusals/groups?cause=sec-newline");
    let groups = groups.get("groups").and_then(Value::as_array).expect("groups");
    let told: Vec<_> = groups
        .iter()
        .map(|group| {
            (
                text(group, "client"),
                group.get("count").and_then(Value::as_u64),
                text(group, "requestId"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("curl@127.0.0.1", Some(2), third.as_str()),
            ("boto3@127.0.0.1", Some(1), first.as_str())
        ]
    );
    let group = groups.first().expect("a group");
    assert_eq!(
        (text(group, "cause"), text(group, "accessKeyId")),
        ("SEC-NEWLINE", ACCESS_KEY_ID)
    );

    let document = ask(&server, &format!("/api/v1/refusals/{second}"));
    for (name, expected) in [
        ("code", "SignatureDoesNotMatch"),
        ("method", "GET"),
        ("path", "/bucket/k"),
        ("host", server.host().as_str()),
        ("userAgent", "curl/7.88.1"),
        ("client", "curl@127.0.0.1"),
        ("accessKeyId", ACCESS_KEY_ID),
    ] {
        assert_eq!(text(&document, name), expected, "{name}");
    }
    assert!(
        document
            .pointer("/diagnosis/tried/singles")
            .and_then(Value::as_u64)
            > Some(0)
    );
}

#[test]
fn the_openapi_document_tells_what_there_is() {
    let server = Running::watching(
        Arc::new(Memory::new()),
        Config::in_region("us-east-1"),
        Some(Arc::new(Planned::default())),
    );
    let id = refused(&server, "curl/7.88.1", &format!("{SECRET}\n")).request_id();
    let whole = ask(&server, "/api/v1/openapi.json");
    let unsigned = Ask::new("GET", "/api/v1/openapi.json").to(&server.admin.to_string());
    assert_eq!(Connection::open(server.admin).ask(&unsigned).status, 401);
    let at = |pointer: &str| whole.pointer(pointer).expect(pointer);
    for (path, item) in at("/paths").as_object().expect("paths") {
        if item.get("get").is_none() {
            // What is only asked for has its own tests.
            continue;
        }
        let parameters = at(&format!("/paths/{}/get/parameters", path.replace('/', "~1")));
        let path = path.replace("{requestId}", &id);
        ask(&server, &path);
        for parameter in parameters.as_array().expect("parameters") {
            let Some(reference) = parameter.get("$ref").and_then(Value::as_str) else {
                continue;
            };
            let parameter = at(reference.trim_start_matches('#'));
            let example = parameter.get("example").expect("an example").to_string();
            let (name, example) = (text(parameter, "name"), example.trim_matches('"'));
            let example = if name == "before" { &id } else { example };
            ask(&server, &format!("{path}?{name}={example}"));
        }
    }
    let check = |schema: &str, document: &Value| {
        let schema = at(&format!("/components/schemas/{schema}"));
        let known = schema
            .get("properties")
            .and_then(Value::as_object)
            .expect("fields");
        for name in document.as_object().expect("an object").keys() {
            assert!(known.contains_key(name), "{name} is not in the document");
        }
        for name in schema.get("required").and_then(Value::as_array).expect("names") {
            assert!(
                document.get(name.as_str().unwrap_or_default()).is_some(),
                "{name} is missing"
            );
        }
    };
    check("Refusal", &ask(&server, &format!("/api/v1/refusals/{id}")));
    until("a scrub is through", || {
        ask(&server, "/api/v1/scrub").pointer("/last").is_some()
    });
    let scrub = ask(&server, "/api/v1/scrub");
    check("Scrub", &scrub);
    check("ScrubPass", scrub.pointer("/last").expect("a pass"));
    let groups = ask(&server, "/api/v1/refusals/groups");
    check("Group", groups.pointer("/groups/0").expect("a group"));
    let error = server.ask_admin("/api/v1/refusals?limit=0");
    check("Error", &serde_json::from_slice(&error.body).expect("JSON"));
}

#[test]
fn what_cannot_be_asked_for_is_refused_by_name() {
    let server = Running::start();
    for (path, status, named) in [
        ("/api/v1/refusals?causes=HST-PROXY", 400, "causes"),
        ("/api/v1/refusals?cause=HST-NONSENSE", 400, "HST-NONSENSE"),
        ("/api/v1/refusals?limit=1001", 400, "limit"),
        ("/api/v1/refusals?before=0123456789ABCDEF", 404, "NoSuchRefusal"),
        (
            "/api/v1/refusals/groups?before=0123456789ABCDEF",
            404,
            "NoSuchRefusal",
        ),
        ("/api/v1/refusals/0123456789ABCDEF?limit=1", 400, "limit"),
        ("/api/v1/refusals/groups/x", 404, "NoSuchRefusal"),
        ("/api/v1/refusals/", 404, "NoSuchRefusal"),
        ("/api/v1/nothing", 404, "NotFound"),
    ] {
        let answer = server.ask_admin(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.text().contains(named), "{path}: {}", answer.text());
    }
}

#[test]
fn the_record_survives_a_restart() {
    let scratch = tempfile::tempdir().expect("a directory");
    let dir = scratch.path().join("refusals");
    let config = || Config {
        refusals_dir: Some(dir.clone()),
        ..Config::in_region("us-east-1")
    };
    let mut server = Running::with(config());
    let answer = refused(&server, "curl/7.88.1", &format!("{SECRET}\n"));
    let path = format!("/api/v1/refusals/{}", answer.request_id());
    let before = ask(&server, &path);
    server.stop();
    server.wait();
    drop(server);
    assert_eq!(on_disk(&dir).lines().count(), 1);
    let server = Running::with(config());
    assert_eq!(ask(&server, &path), before);
    let second = refused(&server, "curl/7.88.1", "another-secret");
    assert_eq!(ids(&server, ""), [second.request_id(), answer.request_id()]);
    until("the second line", || on_disk(&dir).lines().count() == 2);
}

#[test]
fn no_secret_token_or_whole_signature_is_kept_told_or_logged() {
    const TOKEN: &str = "IQoJb3JpZ2luX2VjE-a-session-token/of+nobody==";
    const CUSTOMER_KEY: &str = "MzItYnl0ZXMtb2YtYS1jdXN0b21lcnMta2V5LWhlcmU=";
    let Logged(logged) = logs();
    let scratch = tempfile::tempdir().expect("a directory");
    let server = Running::with(Config {
        diagnosis: DiagnosisMode::Full,
        refusals_dir: Some(scratch.path().to_owned()),
        ..Config::in_region("us-east-1")
    });
    let host = server.host();
    let wrong = Key::root().with_secret("another-secret");
    let in_header = Ask::new("GET", "/bucket/k").to(&host).sign(&wrong);
    let signature = |text: &str| text.rsplit('=').next().unwrap_or_default().to_owned();
    let header_signature = signature(in_header.value("authorization"));
    let authorization = in_header.value("authorization").to_owned();
    let link = Ask::new("GET", "/bucket/k").to(&host).presign(&wrong, 60);
    let link_signature = signature(&link.target);
    let pasted = link
        .target
        .replace('?', "%3F")
        .replace('&', "%26")
        .replace('=', "%3D");
    let mut hidden = vec![
        SECRET.to_owned(),
        TOKEN.to_owned(),
        CUSTOMER_KEY.to_owned(),
        TOKEN.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D"),
        header_signature.clone(),
        link_signature.clone(),
        authorization.clone(),
    ];
    let again = Ask::new("GET", "/bucket/k").to(&host).presign(&wrong, 61);
    hidden.push(signature(&again.target));
    let swapped = Key {
        access_key_id: "wJalrXUtnFEMI+K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        ..Key::root()
    };
    hidden.push(swapped.access_key_id.clone());
    let nobody = Key {
        access_key_id: "CSAKNOBODY0000000001".to_owned(),
        ..Key::root()
    };
    let fields = [("key", "k"), ("x-amz-security-token", TOKEN)];
    let forms = [
        Form::new(&fields[..1], "meow").sign(&wrong),
        Form::new(&fields, "meow").sign(&nobody),
        // No claim can be read out of this one.
        Form::new(&fields, "meow")
            .sign(&wrong)
            .without("x-amz-credential"),
    ];
    hidden.extend(forms.iter().map(|form| form.value("x-amz-signature")));
    // What a form has in its fields stands in its user agent as well.
    let forms = forms.map(|form| {
        let values: Vec<&str> = form.fields.iter().map(|(_, value)| value.as_str()).collect();
        let agent = values.join(" ");
        form.to("/bucket").header("user-agent", &agent).to(&host)
    });
    let requests = [
        // Everything in its place, and once more where it does not belong.
        in_header
            .clone()
            .header("user-agent", &format!("curl/7.88.1 {authorization} {SECRET}"))
            .header("origin", &format!("https://{header_signature}.example")),
        // No claim can be read out of this one.
        Ask::new("GET", "/bucket/k")
            .to(&host)
            .header(
                "authorization",
                &format!("AWS4-HMAC-SHA256 SignedHeaders=host, Signature={header_signature}"),
            )
            .header("user-agent", &header_signature),
        in_header
            .clone()
            .header("x-amz-security-token", TOKEN)
            .header("user-agent", TOKEN),
        in_header
            .clone()
            .header("x-amz-server-side-encryption-customer-key", CUSTOMER_KEY)
            .header("user-agent", CUSTOMER_KEY),
        link.clone(),
        Ask::new("GET", &pasted.replace('%', "%25"))
            .to(&host)
            .sign(&wrong),
        Ask {
            target: format!("{}&X-Amz-Security-Token={TOKEN}", again.target),
            ..again.clone()
        },
        Ask::new("GET", &pasted).to(&host).sign(&wrong),
        Ask::new("GET", &format!("/bucket/aws_secret_access_key={SECRET}"))
            .to(&host)
            .sign(&wrong),
        Ask::new("GET", "/bucket/k").to(&host).sign(&swapped),
        Ask::new(
            "GET",
            &format!("/bucket/k?AWSAccessKeyId={ACCESS_KEY_ID}&Expires=1&Signature={header_signature}"),
        )
        .to(&host),
    ];
    let mut told = String::new();
    let mut on_record = 0;
    for request in requests.iter().chain(&forms) {
        let answer = server.send(request);
        assert!(answer.status >= 400, "{}", answer.text());
        let one = server.ask_admin(&format!("/api/v1/refusals/{}", answer.request_id()));
        on_record += usize::from(one.status == 200);
        told.push_str(&one.text());
    }
    assert!(on_record >= 10, "the test looks at little: {on_record}");
    told.push_str(&server.ask_admin("/api/v1/refusals").text());
    told.push_str(&server.ask_admin("/api/v1/refusals/groups").text());
    told.push_str(
        &Connection::open(server.admin)
            .ask(&Ask::new("GET", "/metrics").to(&server.admin.to_string()))
            .text(),
    );
    until("the last line", || {
        on_disk(scratch.path()).lines().count() == on_record
    });
    told.push_str(&on_disk(scratch.path()));
    assert!(
        told.contains(header_signature.get(..8).expect("hex")),
        "the mask hides more than it has to"
    );
    let logs = String::from_utf8_lossy(&logged.lock().expect("a log")).into_owned();
    assert!(logs.contains("auth_rejected"));
    for secret in hidden {
        assert!(!told.contains(&secret), "a record tells {secret}");
        assert!(!logs.contains(&secret), "a log tells {secret}");
    }
}

/// A temporary key, signing with a token and a secret that are nobody's.
fn with_token(token: &str) -> Key {
    Key {
        session_token: Some(token.to_owned()),
        ..Key::root().with_secret("another-secret")
    }
}

/// Credentials in places that are signed, so that the texts of both sides would hold them.
#[test]
fn no_credential_stands_in_the_texts_that_are_kept() {
    const TOKEN: &str = "IQoJb3JpZ2luX2VjE-a-session-token/of+nobody==";
    const CUSTOMER_KEY: &str = "MzItYnl0ZXMtb2YtYS1jdXN0b21lcnMta2V5LWhlcmU=";
    let scratch = tempfile::tempdir().expect("a directory");
    let server = Running::with(Config {
        diagnosis: DiagnosisMode::Full,
        refusals_dir: Some(scratch.path().to_owned()),
        ..Config::in_region("us-east-1")
    });
    let host = server.host();
    let newline = || Key::root().with_secret(&format!("{SECRET}\n"));
    let get = |target: &str| Ask::new("GET", target).to(&host);
    let signature = "0123456789abcdef".repeat(4);
    let token_escaped = TOKEN.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    let asks = [
        get("/bucket/k")
            .header("x-amz-server-side-encryption-customer-key", CUSTOMER_KEY)
            .header("x-amz-meta-long", &format!("{} {CUSTOMER_KEY}", "x".repeat(1000)))
            .sign(&newline()),
        get("/bucket/k")
            .header("cookie", &format!("session={TOKEN}"))
            .sign(&newline()),
        get(&format!(
            "/bucket/k?X-Amz-Security-Token={token_escaped}&my-signature={signature}"
        ))
        .header("x-amz-meta-a", TOKEN)
        .header("x-amz-meta-b", SECRET)
        .header("x-amz-meta-c", &format!("{}{signature}", "y".repeat(1000)))
        .sign(&newline()),
        get("/bucket/k")
            .header("user-agent", TOKEN)
            .presign(&with_token(TOKEN), 60),
        get("/bucket/k").sign(&with_token(TOKEN)),
    ];
    let mut with_texts = 0;
    let mut told = String::new();
    for ask in &asks {
        let answer = server.send(ask);
        assert!(answer.status >= 400, "{}", answer.text());
        let one = ask_record(&server, &answer);
        with_texts += usize::from(one.pointer("/diagnosis/texts/canonicalRequest").is_some());
        told.push_str(&one.to_string());
    }
    assert!(with_texts >= 2, "the test looks at little: {told}");
    for secret in [TOKEN, CUSTOMER_KEY, SECRET, &token_escaped, &signature] {
        for piece in [secret, secret.get(..12).unwrap_or(secret)] {
            assert!(!told.contains(piece), "a record tells {piece}: {told}");
        }
    }
}

fn ask_record(server: &Running, answer: &Answer) -> Value {
    ask(server, &format!("/api/v1/refusals/{}", answer.request_id()))
}

#[test]
fn a_record_holds_the_texts_of_both_sides_and_the_cost_of_the_search() {
    let server = Running::diagnosing(DiagnosisMode::Full);
    let sent = Ask::new("GET", "/bucket/k")
        .header("host", "localhost:8080")
        .sign(&Key::root());
    let sent = sent.replace("host", &server.host());
    let document = ask_record(&server, &server.send(&sent));
    let texts = document.pointer("/diagnosis/texts").expect("texts");
    assert_eq!(text(texts, "differs"), "lines");
    let lines = texts
        .get("canonicalRequest")
        .and_then(Value::as_array)
        .expect("lines");
    let line =
        serde_json::json!({ "received": format!("host:{}", server.host()), "signed": "host:localhost:8080" });
    assert_eq!(
        lines.iter().filter(|line| line.is_object()).collect::<Vec<_>>(),
        [&line]
    );
    assert_eq!(
        (lines.first(), lines.get(1)),
        (Some(&"GET".into()), Some(&"/bucket/k".into()))
    );
    let tried = document.pointer("/diagnosis/tried").expect("the cost");
    for name in ["singles", "hashedBytes", "microseconds"] {
        assert!(
            tried.get(name).and_then(Value::as_u64) > Some(0),
            "{name}: {tried}"
        );
    }
    assert_eq!(tried.get("remembered"), Some(&Value::Bool(false)));
    let again = ask_record(&server, &server.send(&sent));
    assert_eq!(
        again.pointer("/diagnosis/tried/remembered"),
        Some(&Value::Bool(true))
    );
    assert_eq!(again.pointer("/diagnosis/texts"), Some(texts));

    let newline = Key::root().with_secret(&format!("{SECRET}\n"));
    for (key, differs) in [
        (newline, "key"),
        (Key::root().with_secret("another-secret"), "unknown"),
    ] {
        let sent = Ask::new("GET", "/bucket/k").to(&server.host()).sign(&key);
        let document = ask_record(&server, &server.send(&sent));
        let texts = document.pointer("/diagnosis/texts").expect("texts");
        assert_eq!(text(texts, "differs"), differs);
        let lines = texts
            .get("canonicalRequest")
            .and_then(Value::as_array)
            .expect("lines");
        assert!(
            lines.iter().all(Value::is_string),
            "another key shows in no line: {texts}"
        );
    }
}

/// The root reads everything; whoever was refused reads no more than the answer told.
#[test]
fn the_holder_of_a_key_reads_on_record_what_the_answer_told() {
    let public = PublicUrl::parse("http://s3.declared.example").expect("a URL");
    let server = Running::with(Config {
        public_urls: vec![public],
        ..Config::in_region("us-east-1")
    });
    let ada = user(&server, "ada");
    let sent = |forwarded: bool| {
        let ask = Ask::new("GET", "/bucket/k")
            .header("host", "s3.declared.example")
            .sign(&ada);
        let ask = ask.replace("host", &server.host());
        let ask = if forwarded {
            ask.header("x-forwarded-for", "198.51.100.7")
        } else {
            ask
        };
        server.send(&ask)
    };
    let as_ada = |path: &str| {
        let key = Key {
            access_key_id: ada.access_key_id.clone(),
            secret: ada.secret.clone(),
            ..Key::admin()
        };
        let ask = Ask::new("GET", path).to(&server.admin.to_string()).sign(&key);
        Connection::open(server.admin).ask(&ask).text()
    };
    for (forwarded, is_told) in [(true, false), (false, true)] {
        let answer = sent(forwarded);
        answer.is(403, "SignatureDoesNotMatch");
        assert_eq!(answer.text().contains("declared.example"), is_told);
        let path = format!("/api/v1/refusals/{}", answer.request_id());
        assert!(
            ask(&server, &path)
                .to_string()
                .contains("host:s3.declared.example")
        );
        for path in [&path, "/api/v1/refusals?limit=1"] {
            let read = as_ada(path);
            assert!(read.contains(&answer.request_id()), "{read}");
            assert_eq!(read.contains("declared.example"), is_told, "{read}");
            assert!(!read.contains("diagnosisForCaller"), "{read}");
        }
    }
}

/// Each of many refusals is on record; the long texts of what repeats itself are not.
#[test]
fn a_flood_is_kept_in_few_bytes() {
    let scratch = tempfile::tempdir().expect("a directory");
    let server = Running::with(Config {
        refusals_dir: Some(scratch.path().to_owned()),
        ..Config::in_region("us-east-1")
    });
    let long = "y".repeat(20 * 1024);
    let count = 60;
    let key = Key::root().with_secret(&format!("{SECRET}\n"));
    let mut connection = Connection::open(server.s3);
    for n in 0..count {
        let target = format!("/bucket/k?n={n}&{long}");
        let ask = Ask::new("GET", &target)
            .header("x-amz-meta-long", &long[..8 * 1024])
            .to(&server.host())
            .sign(&key);
        connection.ask(&ask).is(403, "SignatureDoesNotMatch");
    }
    assert_eq!(ids(&server, "?limit=1000").len(), count);
    until("the last line", || {
        on_disk(scratch.path()).lines().count() == count
    });
    let written = on_disk(scratch.path());
    let with_texts: Vec<&str> = written
        .lines()
        .filter(|line| line.contains("canonicalRequest"))
        .collect();
    let left_out = written.lines().filter(|line| line.contains("leftOut")).count();
    // Ten of each cause and minute; a busy machine may find the cause of some and not of others.
    assert!(
        with_texts.len() >= 10 && left_out >= count / 3,
        "{}",
        with_texts.len()
    );
    assert_eq!(with_texts.len() + left_out, count);
    assert!(with_texts.iter().all(|line| line.len() < 32 * 1024));
    let others = written.lines().filter(|line| line.contains("leftOut"));
    assert!(others.map(str::len).all(|length| length < 8 * 1024));
}

#[test]
fn what_is_refused_is_counted_under_names_that_nobody_can_make_up() {
    let server = Running::start().bucket("bucket");
    refused(&server, "curl/7.88.1", &format!("{SECRET}\n"));
    server
        .send(&Ask::new("GET", "/bucket/another-key"))
        .is(403, "AccessDenied");
    let metrics = || {
        let ask = Ask::new("GET", "/metrics").to(&server.admin.to_string());
        Connection::open(server.admin).ask(&ask)
    };
    let answer = metrics();
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("content-type")
            .is_some_and(|value| value.starts_with("application/openmetrics-text"))
    );
    let text = answer.text();
    for line in [
        "countersign_requests_total{operation=\"CreateBucket\",status=\"2xx\"} 1",
        "countersign_requests_total{operation=\"none\",status=\"4xx\"} 1",
        "countersign_requests_total{operation=\"GetObject\",status=\"4xx\"} 1",
        "countersign_refusals_total{cause=\"SEC-NEWLINE\",code=\"SignatureDoesNotMatch\"} 1",
        "countersign_refusals_not_written_total{reason=\"disk\"} 0",
        "countersign_refusals_not_written_total{reason=\"queue\"} 0",
        "countersign_searches_skipped_total{reason=\"budget\"} 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}: {text}");
    }
    for n in 0..20 {
        let key = Key {
            access_key_id: format!("CSAKNOBODY{n:010}"),
            ..Key::root()
        };
        server.send(
            &Ask::new("BREW", &format!("/bucket{n}/k{n}"))
                .header("user-agent", &format!("agent{n}/1"))
                .to(&server.host())
                .sign(&key),
        );
    }
    let more = metrics().text();
    assert!(more.lines().count() <= text.lines().count() + 2, "{more}");
    for name in ["CSAKNOBODY", "agent1", "bucket", "127.0.0.1", "BREW"] {
        assert!(!more.contains(name), "{name}: {more}");
    }
}
