//! The shapes others depend on: the header, the sentence, the JSON document.

mod support;

use base64::Engine as _;
use countersign_diagnose::{Level, Report};
use serde_json::json;
use support::{Context, unhurried};

const SIGNED: &str = "PUT /photos/cat.jpg HTTP/1.1\nHost: localhost:8080\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\nx-amz-date: 20261122T035900Z\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000001/20261122/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\n";

fn report(level: Level) -> Report {
    let context = Context(json!({}));
    let received = SIGNED.replace("Host: localhost:8080", "Host: 127.0.0.1:9000\nConnection: close");
    let received = received
        .replace("HTTP/1.1", "HTTP/1.0")
        .replace("{signature}", &context.sign(SIGNED));
    context
        .receive(&received, unhurried())
        .expect("refused")
        .at(level)
}

#[test]
fn the_message_names_cause_and_cure() {
    assert_eq!(
        report(Level::Full).sentence,
        "The Host header was changed on the way: the client signed localhost:8080, this server received \
         127.0.0.1:9000. In nginx set: proxy_set_header Host $http_host; (HST-PROXY, proven)"
    );
    assert_eq!(
        report(Level::Basic).sentence,
        "The Host header was changed on the way: the client signed another host, this server received \
         127.0.0.1:9000. In nginx set: proxy_set_header Host $http_host; (HST-PROXY, proven)"
    );
}

#[test]
fn the_header_names_id_status_and_slot() {
    assert_eq!(
        report(Level::Basic).header_value(),
        "HST-PROXY; status=proven; slot=host"
    );
}

#[test]
fn the_document_has_the_documented_fields() {
    let document = report(Level::Full).json();
    let cause = &document["causes"][0];
    assert_eq!(
        (
            document["version"].as_u64(),
            document["status"].as_str(),
            document["otherwise"].as_str()
        ),
        (Some(1), Some("proven"), Some("invalid"))
    );
    assert_eq!(document["culprit"]["kind"], "proxy");
    assert_eq!(document["ruledOut"][0], "The secret access key is correct.");
    assert_eq!(
        (&cause["id"], &cause["proof"], &cause["slot"]),
        (&json!("HST-PROXY"), &json!("hmac"), &json!("host"))
    );
    assert_eq!(
        (&cause["signed"], &cause["received"]),
        (&json!("localhost:8080"), &json!("127.0.0.1:9000"))
    );
    assert!(
        cause["url"]
            .as_str()
            .is_some_and(|url| url.ends_with("/HST-PROXY.md"))
    );
    for count in ["singles", "pairs", "hashedBytes"] {
        assert!(document["tried"][count].is_u64(), "{count}");
    }
    assert!(
        report(Level::Basic).json()["causes"][0].get("signed").is_none(),
        "basic withholds a name of everybody"
    );
}

#[test]
fn a_signature_in_capitals_or_base64_is_told_as_such_and_is_otherwise_valid() {
    let context = Context(json!({}));
    let right = context.sign(SIGNED);
    let base64 = base64::engine::general_purpose::STANDARD.encode(hex::decode(&right).expect("hex"));
    for (sent, word) in [(right.to_uppercase(), "capital letters"), (base64, "base64")] {
        let received = SIGNED.replace("{signature}", &sent);
        let report = context
            .receive(&received, unhurried())
            .expect("refused")
            .at(Level::Full);
        assert_eq!(report.header_value(), "AUTH-FORMAT; status=exact; slot=mechanism");
        assert!(report.sentence.contains(word), "{}", report.sentence);
        assert_eq!(report.otherwise, "valid");
    }
}
