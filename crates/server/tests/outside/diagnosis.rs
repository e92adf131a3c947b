//! How much a refusal tells, to whom, and where it can be read afterwards.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_server::{Config, DiagnosisMode, PublicUrl};
use serde_json::Value;

use crate::http::{Answer, Ask, Connection, Key, SECRET};
use crate::running::Running;

const DECLARED: &str = "s3.declared.example";

fn server(diagnosis: DiagnosisMode) -> Running {
    let public = PublicUrl::parse(&format!("http://{DECLARED}")).expect("a URL");
    Running::with(Config {
        diagnosis,
        public_urls: vec![public],
        ..Config::in_region("us-east-1")
    })
}

/// Signed for the declared name, received under another: what a proxy does that does not pass `Host` on.
fn through_a_proxy(server: &Running) -> Ask {
    Ask::new("GET", "/bucket/k")
        .header("host", DECLARED)
        .sign(&Key::root())
        .replace("host", &server.host())
}

fn record(server: &Running, refused: &Answer) -> Value {
    let answer = server.ask_admin(&format!("/api/v1/refusals/{}", refused.request_id()));
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn first_cause(record: &Value) -> &str {
    record
        .pointer("/diagnosis/causes/0/id")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[test]
fn a_neighbour_without_a_proxy_is_told_everything() {
    let server = server(DiagnosisMode::Auto);
    let answer = server.send(&through_a_proxy(&server));
    answer.is(403, "SignatureDoesNotMatch");
    let header = answer.header("x-countersign-diagnosis").unwrap_or_default();
    assert!(
        header.starts_with("HST-") && header.ends_with("; status=proven; slot=host"),
        "{header}"
    );
    assert_eq!(answer.element("Signed").as_deref(), Some(DECLARED));
    assert_eq!(answer.element("Received"), Some(server.host()));
    let message = answer.element("Message").unwrap_or_default();
    assert!(
        message.starts_with(MISMATCH) && message.contains(DECLARED),
        "{message}"
    );
    let text = answer.text();
    assert!(
        text.find("</CanonicalRequestBytes><Diagnosis version=\"1\" status=\"proven\">")
            .is_some(),
        "{text}"
    );
    assert!(text.find("</Diagnosis><RequestId>").is_some(), "{text}");
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your key \
                        and signing method.";

#[test]
fn whoever_comes_through_a_proxy_sees_only_what_the_request_holds() {
    let server = server(DiagnosisMode::Auto);
    for forwarding in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        let answer = server.send(&through_a_proxy(&server).header(forwarding, "198.51.100.7"));
        answer.is(403, "SignatureDoesNotMatch");
        let header = answer.header("x-countersign-diagnosis").unwrap_or_default();
        assert!(header.contains("status=proven"), "{forwarding}: {header}");
        assert!(
            !answer.text().contains(DECLARED),
            "{forwarding}: {}",
            answer.text()
        );
        // The operator sees it all.
        assert!(record(&server, &answer).to_string().contains(DECLARED));
    }
    let basic = self::server(DiagnosisMode::Basic);
    assert!(!basic.send(&through_a_proxy(&basic)).text().contains(DECLARED));
    let full = self::server(DiagnosisMode::Full);
    let answer = full.send(&through_a_proxy(&full).header("x-forwarded-for", "198.51.100.7"));
    assert!(answer.text().contains(DECLARED));
}

#[test]
fn off_answers_byte_for_byte_as_aws() {
    let server = server(DiagnosisMode::Off);
    let (ask, _) = Ask::new("GET", "/bucket/a%20b")
        .header("host", DECLARED)
        .signed(&Key::root());
    let date = ask.value("x-amz-date").to_owned();
    let signature = ask
        .value("authorization")
        .rsplit('=')
        .next()
        .unwrap_or_default()
        .to_owned();
    let answer = server.send(&ask.replace("host", &server.host()));
    assert_eq!(answer.header("x-countersign-diagnosis"), None);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let canonical = format!(
        "GET\n/bucket/a%20b\n\nhost:{}\nx-amz-content-sha256:{empty}\nx-amz-date:{date}\n\n\
         host;x-amz-content-sha256;x-amz-date\n{empty}",
        server.host()
    );
    let hash = countersign_sigv4::Payload::of_body(canonical.as_bytes())
        .text()
        .to_owned();
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{}/us-east-1/s3/aws4_request\n{hash}",
        date.get(..8).unwrap_or("")
    );
    let bytes = |text: &str| {
        text.bytes()
            .map(|b| format!("{b:02x}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>{MISMATCH}\
         </Message><AWSAccessKeyId>CSAKOUTSIDE000000001</AWSAccessKeyId><StringToSign>{to_sign}</StringToSign>\
         <SignatureProvided>{signature}</SignatureProvided><StringToSignBytes>{}</StringToSignBytes>\
         <CanonicalRequest>{canonical}</CanonicalRequest><CanonicalRequestBytes>{}</CanonicalRequestBytes>\
         <RequestId>{}</RequestId><HostId>{}</HostId></Error>",
        bytes(&to_sign),
        bytes(&canonical),
        answer.request_id(),
        answer.header("x-amz-id-2").unwrap_or_default()
    );
    assert_eq!(answer.text(), expected);
    assert!(
        first_cause(&record(&server, &answer)).starts_with("HST-"),
        "it is on record all the same"
    );
}

#[test]
fn refusals_are_read_by_a_signed_request_for_the_admin_service_only() {
    let server = server(DiagnosisMode::Auto);
    let refused = server.send(&through_a_proxy(&server));
    let path = format!("/api/v1/refusals/{}", refused.request_id());
    let ask = |ask: Ask| Connection::open(server.admin).ask(&ask);
    let unsigned = || Ask::new("GET", &path).to(&server.admin.to_string());
    assert_eq!(ask(unsigned()).status, 401);
    assert_eq!(
        ask(unsigned().sign(&Key::admin().with_secret("another-secret"))).status,
        403
    );
    assert!(
        matches!(ask(unsigned().sign(&Key::root())).status, 400 | 403),
        "signed for S3"
    );
    let other = Key {
        access_key_id: "CSAKNOBODY0000000001".to_owned(),
        ..Key::admin()
    };
    assert_eq!(ask(unsigned().sign(&other)).status, 403);
    assert_eq!(
        ask(Ask::new("DELETE", &path)
            .to(&server.admin.to_string())
            .sign(&Key::admin()))
        .status,
        405
    );

    let found = server.ask_admin(&path);
    assert_eq!(
        (found.status, found.header("content-type")),
        (200, Some("application/json"))
    );
    let document = record(&server, &refused);
    assert_eq!(
        document.get("requestId").and_then(Value::as_str),
        Some(refused.request_id().as_str())
    );
    assert_eq!(
        document.get("code").and_then(Value::as_str),
        Some("SignatureDoesNotMatch")
    );
    assert_eq!(document.get("httpStatus").and_then(Value::as_u64), Some(403));
    for missing in [
        "0123456789ABCDEF",
        "nonsense",
        "../refusals",
        "0123456789ABCDEF/x",
    ] {
        assert_eq!(
            server.ask_admin(&format!("/api/v1/refusals/{missing}")).status,
            404,
            "{missing}"
        );
    }
    assert_eq!(server.ask_admin("/api/v1/refusalsandmore").status, 404);
    let second = server.send(&through_a_proxy(&server));
    let list: Value = serde_json::from_slice(&server.ask_admin("/api/v1/refusals").body).expect("JSON");
    let ids = list.get("refusals").and_then(Value::as_array).map(|refusals| {
        refusals
            .iter()
            .filter_map(|refusal| refusal.get("requestId")?.as_str())
            .collect::<Vec<_>>()
    });
    assert_eq!(
        ids,
        Some(vec![second.request_id().as_str(), refused.request_id().as_str()]),
        "newest first"
    );
}

#[test]
fn a_wrong_secret_is_told_apart_from_a_wrong_name() {
    let server = server(DiagnosisMode::Auto);
    let answer = server.send(
        &Ask::new("GET", "/")
            .to(&server.host())
            .sign(&Key::root().with_secret("another-secret")),
    );
    answer.is(403, "SignatureDoesNotMatch");
    let header = answer.header("x-countersign-diagnosis").unwrap_or_default();
    assert!(
        !header.contains("HST-") && !header.contains("proven; slot=host"),
        "{header}"
    );
    let key = Key {
        access_key_id: "CSAKNOBODY0000000001".to_owned(),
        ..Key::root()
    };
    let answer = server.send(&Ask::new("GET", "/").to(&server.host()).sign(&key));
    answer.is(403, "InvalidAccessKeyId");
    assert!(answer.header("x-countersign-diagnosis").is_some());
}

#[test]
fn what_has_nothing_to_do_with_the_signature_is_not_diagnosed() {
    let server = server(DiagnosisMode::Full);
    let answer = server.ask(Ask::new("GET", "/none"));
    answer.is(404, "NoSuchBucket");
    assert_eq!(answer.header("x-countersign-diagnosis"), None);
    assert!(!answer.text().contains("Diagnosis"));
}

#[test]
fn no_secret_and_no_right_signature_leaves_the_server() {
    let logged = logs();
    let server = server(DiagnosisMode::Full).bucket("bucket");
    let mut told = String::new();
    let mut hidden = secrets();
    // Each a mistake that makes the server compute much with the secret.
    let key = Key::root();
    let host = server.host();
    let mut requests = vec![
        through_a_proxy(&server),
        Ask::new("GET", "/bucket/k")
            .to(&host)
            .sign(&Key::root().with_secret(&format!("{SECRET}\n"))),
        Ask::new("GET", "/bucket/k")
            .to(&host)
            .sign(&Key::root().with_secret(&format!(" {SECRET}"))),
        Ask::new("GET", "/bucket/k")
            .to(&host)
            .sign(&Key::root().with_secret("another-secret")),
        Ask::new("GET", "/bucket/k").to(&host).sign(&Key {
            region: "eu-west-1".to_owned(),
            ..Key::root()
        }),
        Ask::new("GET", "/bucket/k").to(&host).sign(&Key {
            time: key.time - 3600,
            ..Key::root()
        }),
    ];
    // Right but for its signature: the right one is what must not be told.
    let right = Ask::new("GET", "/bucket/k?x=1").to(&host).sign(&key);
    let authorization = right.value("authorization").to_owned();
    let (rest, signature) = authorization.rsplit_once('=').expect("a signature");
    hidden.push(signature.to_owned());
    requests.push(
        right
            .clone()
            .replace("authorization", &format!("{rest}={}", "0".repeat(64))),
    );
    for request in requests {
        let answer = server.send(&request);
        assert!(answer.status >= 400, "{}", answer.text());
        told.push_str(&format!("{:?}\n{}\n", answer.headers, answer.text()));
        told.push_str(
            &server
                .ask_admin(&format!("/api/v1/refusals/{}", answer.request_id()))
                .text(),
        );
    }
    told.push_str(&server.ask_admin("/api/v1/refusals").text());
    let logs = String::from_utf8_lossy(&logged.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
    assert!(
        logs.contains("auth_rejected") && told.contains("HST-"),
        "the test looks at nothing"
    );
    for secret in hidden {
        assert!(!told.contains(&secret), "an answer or a record tells it");
        assert!(!logs.contains(&secret), "a log tells it");
    }
}

/// The secret in every clothing that a careless line might put it in, and the signing key.
fn secrets() -> Vec<String> {
    let key = Key::root();
    let signing_key = format!("AWS4{SECRET}");
    [SECRET, &signing_key]
        .iter()
        .flat_map(|text| {
            let escaped = text.replace('+', "%2B").replace('/', "%2F");
            let (hex, spaced) = (
                hex::encode(text),
                text.bytes().map(|b| format!("{b:02x}")).collect::<Vec<_>>(),
            );
            [
                (*text).to_owned(),
                escaped,
                hex.to_uppercase(),
                hex,
                spaced.join(" "),
                STANDARD.encode(text),
            ]
        })
        .chain([key.signer().signing_key().sign(b"").to_hex()])
        .collect()
}

#[derive(Clone, Default)]
pub(crate) struct Logged(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that is logged in this process from the first call on, down to the HTTP library's own remarks.
pub(crate) fn logs() -> Logged {
    static LOGGED: OnceLock<Logged> = OnceLock::new();
    let logged = LOGGED.get_or_init(|| {
        let logged = Logged::default();
        let writer = logged.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        logged
    });
    logged.clone()
}

#[test]
fn what_is_not_there_is_no_failure_of_the_server_in_the_log() {
    let Logged(logged) = logs();
    let server = server(DiagnosisMode::Auto);
    // Whoever asks without a key may ask for it as often as they like, and by any name.
    let ask = Ask::new("PUT", "/bucket?some-session-token").to(&server.host());
    let answer = server.send(&ask.header("content-length", "0"));
    answer.is(501, "NotImplemented");
    let logs = String::from_utf8_lossy(&logged.lock().expect("a log")).into_owned();
    let failures = logs.lines().filter(|line| line.contains("a request failed"));
    assert!(
        !failures
            .into_iter()
            .any(|line| line.contains(&answer.request_id()))
    );
}

#[test]
fn tokens_that_are_missing_or_not_ours_are_explained() {
    let server = server(DiagnosisMode::Auto);
    let temporary = Key {
        access_key_id: "ASIAQWERTYUIOPASDF12".to_owned(),
        ..Key::root()
    };
    let ask = || Ask::new("GET", "/bucket/k").to(&server.host());
    let answer = server.send(&ask().sign(&temporary));
    answer.is(403, "InvalidAccessKeyId");
    let header = answer.header("x-countersign-diagnosis").unwrap_or_default();
    assert_eq!(header, "TOK-MISSING; status=exact; slot=session-token");

    let token = "made+up/by=nobody";
    let answer = server.send(&ask().header("x-amz-security-token", token).sign(&Key::root()));
    answer.is(400, "InvalidToken");
    let header = answer.header("x-countersign-diagnosis").unwrap_or_default();
    assert_eq!(header, "TOK-INVALID; status=exact; slot=session-token");
    let message = answer.element("Message").unwrap_or_default();
    assert!(
        message.contains("Apart from that the signature is valid"),
        "{message}"
    );
    assert!(
        !record(&server, &answer).to_string().contains(token),
        "a token is on record"
    );
}
