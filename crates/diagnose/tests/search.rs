//! What the search promises: pairs are found whatever else is likely, equals are told, and what a proof clears is true.
//!
//! Not here: which single changes there are (the fixtures show those), and the limits (`limits`, `security`).

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_diagnose::{Budget, Diagnosis, Level, Proof, Slot, Status};
use serde_json::{Value, json};
use support::{Context, unhurried};

/// A request with its header lines and the names that it signs beside the usual ones.
fn request(line: &str, host: &str, headers: &[&str], signed: &[&str]) -> String {
    let mut names = vec!["host", "x-amz-content-sha256", "x-amz-date"];
    names.extend(signed);
    names.sort_unstable();
    let headers: String = headers.iter().map(|header| format!("{header}\n")).collect();
    format!(
        "{line} HTTP/1.1\nHost: {host}\n{headers}x-amz-content-sha256: UNSIGNED-PAYLOAD\nx-amz-date: 20261122T035900Z\n\
         Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000001/20261122/us-east-1/s3/aws4_request, \
         SignedHeaders={}, Signature={{signature}}\n",
        names.join(";")
    )
}

fn diagnose(context: Value, signed: &str, received: &str) -> Diagnosis {
    let context = Context(context);
    let received = received.replace("{signature}", &context.sign(signed));
    context.receive(&received, unhurried()).expect("the two differ")
}

/// Found as these two causes, within the usual budget.
fn check_pair(causes: [&str; 2], context: Value, signed: &str, received: &str) {
    let diagnosis = diagnose(context, signed, received);
    let told: BTreeSet<&str> = diagnosis.causes.iter().map(|cause| cause.id).collect();
    assert_eq!(
        (diagnosis.status, told),
        (Status::Proven, causes.into()),
        "{:?}",
        diagnosis.tried
    );
}

#[test]
fn a_change_that_the_request_names_is_found_with_any_other() {
    let through_a_proxy = ["X-Forwarded-Host: s3.example.com"];
    let received = request("GET /b/a%20b.txt?x=1&y", "10.0.0.7:9000", &through_a_proxy, &[]);
    let signed = request("GET /b/a%20b.txt?x=1&y", "s3.example.com", &[], &[]);
    for (other, context) in [
        (
            "SEC-NEWLINE",
            json!({ "client_secret": format!("{}\n", support::SECRET) }),
        ),
        ("SCP-REGION-KEY", json!({ "key_region": "auto" })),
        ("CLK-SCOPEDATE", json!({ "key_date": "20261121" })),
        ("SEC-AWS4TWICE", json!({ "key_prefix": "" })),
        ("URI-PLUS", json!({ "signed_uri": "/b/a+b.txt" })),
        ("URI-DOUBLE", json!({ "signed_uri": "/b/a%2520b.txt" })),
        ("QRY-NOEQ", json!({ "signed_query": "x=1&y" })),
        (
            "PAY-UNSIGNED",
            json!({ "signed_payload_line": countersign_sigv4::EMPTY_SHA256 }),
        ),
        ("KEY-CHAIN", json!({ "key_steps": "20261122 us-east-1 s3" })),
    ] {
        check_pair(["HST-PROXY", other], context, &signed, &received);
    }
}

#[test]
fn two_changes_that_nothing_speaks_for_are_found_together() {
    let received = request("GET /b/a%20b.txt?x=1&y", "s3.example.com", &[], &[]);
    let with = |host: &str| request("GET /b/a%20b.txt?x=1&y", host, &[], &[]);
    // Many hosts are likelier than any spelling of a path; they must leave room for it.
    check_pair(
        ["HST-PROXY", "URI-PLUS"],
        json!({ "signed_uri": "/b/a+b.txt" }),
        &with("localhost:9000"),
        &received,
    );
    check_pair(
        ["URI-PLUS", "QRY-NOEQ"],
        json!({ "signed_uri": "/b/a+b.txt", "signed_query": "x=1&y" }),
        &received,
        &received,
    );
    check_pair(
        ["SEC-NEWLINE", "URI-DOUBLE"],
        json!({ "signed_uri": "/b/a%2520b.txt", "client_secret": format!("{}\n", support::SECRET) }),
        &received,
        &received,
    );
}

#[test]
fn of_two_causes_with_the_same_bytes_the_one_that_says_more_is_named() {
    let link = |method: &str| {
        format!(
            "{method} /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE000000001%2F20261122%2Fus-east-1\
             %2Fs3%2Faws4_request&X-Amz-Date=20261122T035900Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host\
             &X-Amz-Signature={{signature}} HTTP/1.1\nHost: s3.example.com\n"
        )
    };
    let diagnosis = diagnose(json!({}), &link("GET"), &link("HEAD"));
    let cause = diagnosis.causes.first().expect("a cause");
    assert_eq!(
        (cause.id, cause.also.as_slice()),
        ("MTH-HEAD", &["MTH-OTHER"][..])
    );
    assert_eq!(diagnosis.at(Level::Full).causes[0].ambiguity, None);
}

#[test]
fn two_causes_of_which_nothing_says_more_are_both_named_in_words() {
    // A port that this server listens on, and that forward proxies have: lost on the way, or never meant for this server.
    let signed = request("GET /b/k", "localhost:8888", &[], &[]);
    let received = request("GET /b/k", "localhost", &[], &[]);
    let report = diagnose(json!({ "listen_ports": [8888] }), &signed, &received).at(Level::Full);
    let cause = report.causes.first().expect("a cause");
    let both = BTreeSet::from(["HST-PORT-MISSING", "HST-FORWARDPROXY"]);
    let named: BTreeSet<&str> = cause.also.iter().copied().chain([cause.id]).collect();
    assert!(both.is_subset(&named), "{named:?}");
    let other = both.iter().find(|id| **id != cause.id).expect("another one");
    let ambiguity = cause.ambiguity.as_deref().unwrap_or_default();
    assert!(ambiguity.contains(other), "{other} in {ambiguity}");
}

/// All fixtures that are proven, with their diagnoses.
fn proven() -> Vec<(PathBuf, Diagnosis)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let cases = fs::read_dir(folder).expect("the fixtures");
    let cases = cases.map(|entry| entry.expect("a fixture").path());
    let diagnosed = cases.filter_map(|case| {
        let text = fs::read_to_string(case.join("context.json")).expect("a context");
        let context = Context(serde_json::from_str(&text).expect("JSON"));
        let (received, _) = context.arrived(&case);
        let diagnosis = context.receive(&received, unhurried())?;
        (diagnosis.status == Status::Proven).then_some((case, diagnosis))
    });
    diagnosed.collect()
}

#[test]
fn nothing_is_ruled_out_that_a_cause_is_about() {
    let cases = proven();
    assert!(cases.len() > 100, "{}", cases.len());
    for (case, diagnosis) in cases {
        // What a request shows beside a proof is about something else than what was signed.
        for cause in diagnosis.causes.iter().filter(|cause| cause.proof == Proof::Hmac) {
            let contradicted: &[&str] = match &cause.slot {
                Slot::Method => &["method"],
                Slot::Host => &["The host", "The signed headers"],
                Slot::HostAndUri => &["The host", "The path", "The signed headers"],
                Slot::Uri => &["The path"],
                Slot::Query => &["The query"],
                Slot::Header(_) | Slot::SignedHeaders => &["The signed headers"],
                Slot::Payload => &["The payload line"],
                Slot::Policy => &["The policy"],
                Slot::Scope => &["The signing key"],
                Slot::Time => &["The time of signing"],
                Slot::Secret => &["The secret"],
                Slot::Body
                | Slot::Chunk(_)
                | Slot::Trailer
                | Slot::Form
                | Slot::StringToSign
                | Slot::SessionToken
                | Slot::Mechanism
                | Slot::Cors => &[],
            };
            for sentence in &diagnosis.ruled_out {
                let is_false = contradicted.iter().any(|begins| sentence.contains(begins));
                assert!(!is_false, "{}: {} and: {sentence}", case.display(), cause.id);
            }
        }
    }
}

#[test]
fn every_part_that_a_proof_clears_has_its_sentence() {
    let signed = request("GET /b/k", "localhost:9000", &[], &[]);
    let received = request("GET /b/k", "s3.example.com", &[], &[]);
    let diagnosis = diagnose(json!({}), &signed, &received);
    assert_eq!(
        diagnosis.ruled_out,
        [
            "The secret access key is correct.",
            "The signing key was made for the date, region and service in the credential.",
            "The method arrived as it was signed.",
            "The path arrived as it was signed.",
            "The query arrived as it was signed.",
            "All other signed headers arrived as they were signed.",
            "The payload line arrived as it was signed.",
            "The time of signing arrived as it was signed.",
        ]
    );
}

#[test]
fn signs_move_a_cause_up_and_change_no_verdict() {
    // With a budget for few changes only what comes first is found: a host that a proxy names is.
    let signed = request("GET /b/k", "s3.example.com", &[], &[]);
    let found = |headers: &[&str]| {
        let context = Context(json!({}));
        let received = request("GET /b/k", "10.0.0.7:9000", headers, &[]);
        let received = received.replace("{signature}", &context.sign(&signed));
        let budget = Budget {
            singles_bytes_max: 4_096,
            ..unhurried()
        };
        context.receive(&received, budget).expect("refused").status
    };
    assert_eq!(found(&["X-Forwarded-Host: s3.example.com"]), Status::Proven);
    assert_eq!(found(&["X-Forwarded-For: 203.0.113.7"]), Status::Unproven);
}
