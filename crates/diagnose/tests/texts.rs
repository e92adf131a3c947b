//! The texts of both sides: what is told as signed by the client is what it signed, and holds nothing that must not be told.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use countersign_diagnose::{Level, ReportLine, ReportTexts, TEXT_LINES_MAX, TEXTS_BYTES_MAX};
use countersign_sigv4::{Scope, SigningKey, string_to_sign};
use serde_json::json;
use sha2::{Digest, Sha256};
use support::{Context, Http, unhurried};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let entries = fs::read_dir(folder).expect("the fixtures");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("a fixture").path()).collect();
    cases.sort();
    cases
}

fn context(case: &Path) -> Context {
    let text = fs::read_to_string(case.join("context.json")).expect("a context");
    Context(serde_json::from_str(&text).expect("JSON"))
}

fn refused(context: &Context, received: &str, level: Level) -> ReportTexts {
    let diagnosis = context.receive(received, unhurried()).expect("refused");
    diagnosis.texts(level).expect("texts")
}

/// The text of one side.
fn text(lines: &[ReportLine], is_client: bool) -> String {
    let lines = lines.iter().filter_map(|line| match line {
        ReportLine::Same(line) => Some(line.as_str()),
        ReportLine::Different { signed, .. } if is_client => signed.as_deref(),
        ReportLine::Different { received, .. } => received.as_deref(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn everything(texts: &ReportTexts) -> String {
    serde_json::to_string(texts).expect("JSON")
}

/// Whether a line was told otherwise than it was signed: hidden, cut, or not text.
fn is_changed(texts: &ReportTexts) -> bool {
    let told = everything(texts);
    texts.omitted_lines > 0
        || ["***", "\u{2026}", "\u{fffd}", "\\\\x"]
            .iter()
            .any(|mark| told.contains(mark))
}

/// Where the client signed with the server's secret and scope, the text that is told gives the signature that it sent. The
/// fixtures were signed by code that shares nothing with the search.
#[test]
fn what_is_told_as_signed_gives_the_signature_that_was_sent() {
    let mut compared = 0;
    for case in cases() {
        let context = context(&case);
        let (received, signature) = context.arrived(&case);
        let Some(diagnosis) = context.receive(&received, unhurried()) else {
            continue;
        };
        let (Some(texts), Some(signature)) = (diagnosis.texts(Level::Full), signature) else {
            continue;
        };
        if texts.differs != "lines" || texts.canonical_request.is_empty() || is_changed(&texts) {
            continue;
        }
        let http = Http::parse(&received);
        let claim = http
            .with(countersign_sigv4::claim)
            .expect("a claim")
            .expect("signed");
        let hash: [u8; 32] = Sha256::digest(text(&texts.canonical_request, true)).into();
        let scope: &Scope = &claim.scope;
        let key = SigningKey::derive(&context.secret(), scope);
        let to_sign = match text(&texts.string_to_sign, true) {
            told if told.is_empty() => string_to_sign(&claim.timestamp, scope, &hash),
            told => told.into_bytes(),
        };
        let ours = key.sign(&to_sign).to_hex();
        assert_eq!(ours, signature, "{}: {}", case.display(), everything(&texts));
        compared += 1;
    }
    assert!(compared > 100, "the test looks at little: {compared}");
}

#[test]
fn the_servers_text_is_the_one_it_compared() {
    let mut compared = 0;
    for case in cases() {
        let context = context(&case);
        let (received, _) = context.arrived(&case);
        let Some(diagnosis) = context.receive(&received, unhurried()) else {
            continue;
        };
        let Some(texts) = diagnosis
            .texts(Level::Basic)
            .filter(|texts| !texts.canonical_request.is_empty())
        else {
            continue;
        };
        let http = Http::parse(&received);
        let canonical = http.with(|request| {
            let claim = countersign_sigv4::claim(request)
                .expect("a claim")
                .expect("signed");
            countersign_sigv4::Canonical::of(request, &claim, countersign_sigv4::PathRule::S3).bytes()
        });
        if !everything(&texts).contains("***") && !is_changed(&texts) {
            let told = text(&texts.canonical_request, false);
            assert_eq!(told.as_bytes(), canonical, "{}", case.display());
            compared += 1;
        }
    }
    assert!(compared > 50, "the test looks at little: {compared}");
}

#[test]
fn no_text_holds_a_secret_a_token_or_a_whole_signature() {
    let mut told = 0;
    for case in cases() {
        let context = context(&case);
        let (received, signature) = context.arrived(&case);
        let Some(diagnosis) = context.receive(&received, unhurried()) else {
            continue;
        };
        for level in [Level::Full, Level::Basic] {
            let Some(texts) = diagnosis.texts(level) else {
                continue;
            };
            told += 1;
            let text = everything(&texts);
            let mut hidden = vec![String::from_utf8_lossy(context.secret().expose()).into_owned()];
            hidden.extend(context.text("client_secret").map(str::to_owned));
            hidden.extend(signature.clone());
            let http = Http::parse(&received);
            let token = http
                .headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("x-amz-security-token"));
            hidden.extend(token.map(|(_, value)| String::from_utf8_lossy(value).into_owned()));
            let query = http.query.as_deref();
            let in_query = countersign_sigv4::query_value(query, "X-Amz-Security-Token");
            hidden.extend(in_query.map(|token| {
                let encoded = countersign_sigv4::encode_uri(&token, false);
                encoded.get(..12).unwrap_or(&encoded).to_owned()
            }));
            for secret in hidden.iter().filter(|secret| secret.len() >= 8) {
                assert!(
                    !text.contains(secret.as_str()),
                    "{}: {secret} in {text}",
                    case.display()
                );
            }
        }
    }
    assert!(told > 300, "the test looks at little: {told}");
}

const SIGNED: &str = "PUT /photos/cat.jpg?x=1 HTTP/1.1\nHost: localhost:8080\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\nx-amz-date: 20261122T035900Z\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000001/20261122/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\n";

fn behind_a_proxy(context: &Context) -> String {
    let received = SIGNED.replace("Host: localhost:8080", "Host: 127.0.0.1:9000\nConnection: close");
    let received = received.replace("HTTP/1.1", "HTTP/1.0");
    received.replace("{signature}", &context.sign(SIGNED))
}

#[test]
fn the_line_that_differs_stands_beside_the_one_that_was_signed() {
    let context = Context(json!({}));
    let texts = refused(&context, &behind_a_proxy(&context), Level::Full);
    let expected = json!({
        "differs": "lines",
        "canonicalRequest": [
            "PUT",
            "/photos/cat.jpg",
            "x=1",
            { "received": "host:127.0.0.1:9000", "signed": "host:localhost:8080" },
            "x-amz-content-sha256:UNSIGNED-PAYLOAD",
            "x-amz-date:20261122T035900Z",
            "",
            "host;x-amz-content-sha256;x-amz-date",
            "UNSIGNED-PAYLOAD"
        ]
    });
    assert_eq!(serde_json::to_value(&texts).expect("JSON"), expected);
}

#[test]
fn what_a_reader_may_not_be_told_is_left_out_of_the_line_that_was_signed() {
    let context = Context(json!({}));
    let texts = refused(&context, &behind_a_proxy(&context), Level::Basic);
    let lines = everything(&texts);
    assert!(
        lines.contains(r#"{"received":"host:127.0.0.1:9000","signed":"host:***"}"#),
        "{lines}"
    );
}

#[test]
fn another_key_shows_in_no_line() {
    for (secret, differs) in [("\n", "key"), (" of somebody else", "unknown")] {
        let secret = format!("{}{secret}", support::SECRET);
        let context = Context(json!({ "client_secret": secret }));
        let received = SIGNED.replace("{signature}", &context.sign(SIGNED));
        let texts = refused(&context, &received, Level::Full);
        assert_eq!(texts.differs, differs);
        let is_same = |line: &ReportLine| matches!(line, ReportLine::Same(_));
        assert!(
            texts.canonical_request.iter().all(is_same),
            "{}",
            everything(&texts)
        );
    }
}

#[test]
fn texts_stay_bounded_and_keep_the_lines_that_differ() {
    let context = Context(json!({}));
    let long = "y".repeat(3000);
    let names: Vec<String> = (0..40).map(|n| format!("x-amz-meta-{n:02}")).collect();
    let list = format!("host;x-amz-content-sha256;x-amz-date;{}", names.join(";"));
    let headers: String = names
        .iter()
        .map(|name| format!("{name}: {}\n", &long[..500]))
        .collect();
    let signed = SIGNED
        .replace("host;x-amz-content-sha256;x-amz-date", &list)
        .replace("?x=1", &format!("?x={long}"))
        .replace("x-amz-date:", &format!("{headers}x-amz-date:"));
    let received = signed
        .replace(
            "Host: localhost:8080",
            "Host: 127.0.0.1:9000\nX-Forwarded-Host: localhost:8080",
        )
        .replace("HTTP/1.1", "HTTP/1.0")
        .replace("{signature}", &context.sign(&signed));
    let texts = refused(&context, &received, Level::Full);
    let told = everything(&texts);
    assert!(
        told.contains(r#""signed":"host:localhost:8080""#),
        "{}",
        texts.differs
    );
    assert!(told.len() < TEXTS_BYTES_MAX + 4096, "{}", told.len());
    assert!(texts.omitted_lines > 0 && texts.canonical_request.len() <= TEXT_LINES_MAX);
    assert_eq!(
        texts.canonical_request.len() + texts.omitted_lines,
        49,
        "what is left out is counted"
    );
}

#[test]
fn lines_are_bounded_in_number() {
    let context = Context(json!({}));
    // Headers that are named and did not arrive have an empty line each.
    let names: Vec<String> = (0..200).map(|n| format!("y-{n:03}")).collect();
    let list = format!("host;x-amz-content-sha256;x-amz-date;{}", names.join(";"));
    let received = SIGNED
        .replace("host;x-amz-content-sha256;x-amz-date", &list)
        .replace("{signature}", &"0".repeat(64));
    let texts = refused(&context, &received, Level::Full);
    assert_eq!(texts.canonical_request.len(), TEXT_LINES_MAX);
    assert_eq!(texts.omitted_lines, 3 + 203 + 3 - TEXT_LINES_MAX);
}

#[test]
fn a_long_line_is_shown_where_it_differs() {
    let long = "y".repeat(3000);
    let signed = SIGNED.replace("/photos/cat.jpg", &format!("/photos/{long}/a(b).jpg"));
    // The signer left the brackets as they are, at the end of a long path.
    let context = Context(json!({ "signed_uri": format!("/photos/{long}/a(b).jpg") }));
    let received = signed.replace("{signature}", &context.sign(&signed));
    let texts = refused(&context, &received, Level::Full);
    let line = texts.canonical_request.get(1).expect("the path");
    let ReportLine::Different { received, signed } = line else {
        unreachable!("{line:?}")
    };
    let ends = |line: &Option<String>, end: &str| {
        let line = line.as_deref().unwrap_or_default();
        line.starts_with('\u{2026}') && line.ends_with(end) && line.len() <= 1100
    };
    assert!(
        ends(received, "/a%28b%29.jpg") && ends(signed, "/a(b).jpg"),
        "{line:?}"
    );
}
