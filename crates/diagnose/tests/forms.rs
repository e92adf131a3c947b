//! Browser forms sign a policy instead of a request; their secrets and scopes go wrong in the same ways.

use countersign_diagnose::{Budget, Case, Diagnosis, Fault, Level, ServerFacts, Status, Transport, diagnose};
use countersign_sigv4::{PathRule, Refusal, Request, Scope, Secret, SigningKey, form_claim};

const POLICY: &str = "eyJleHBpcmF0aW9uIjoiMjAyNi0xMS0yMlQwNTowMDowMFoiLCJjb25kaXRpb25zIjpbXX0=";
const SECRET: &str = "wJalr/XUtnFEMI+K7MDENG";

fn diagnose_form(client_secret: &str, key_region: &str) -> Diagnosis {
    let scope = Scope {
        date: "20261122".into(),
        region: key_region.into(),
        service: "s3".into(),
    };
    let signature = SigningKey::derive(&Secret::new(client_secret), &scope)
        .sign(POLICY.as_bytes())
        .to_hex();
    let fields: Vec<(String, Vec<u8>)> = [
        ("key", "cat.jpg"),
        ("policy", POLICY),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        (
            "x-amz-credential",
            "AKIDEXAMPLE000000001/20261122/us-east-1/s3/aws4_request",
        ),
        ("x-amz-date", "20261122T035900Z"),
        ("x-amz-signature", &signature),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .to_vec();
    let claim = form_claim(&fields)
        .expect("a well-formed form")
        .expect("a signed form");
    let server = ServerFacts {
        region: "us-east-1".into(),
        service: "s3".into(),
        now: 1_795_320_000,
        ..ServerFacts::default()
    };
    let headers: [(&str, &[u8]); 1] = [("host", b"s3.example.com")];
    let case = Case {
        request: Request {
            method: "POST",
            path: b"/photos",
            query: None,
            headers: &headers,
        },
        claim: Some(&claim),
        fault: Fault::Refused(&Refusal::SignatureMismatch),
        secret: Some(&Secret::new(SECRET)),
        rule: PathRule::S3,
        server: &server,
        transport: Transport::default(),
        body: None,
        form: None,
    };
    diagnose(&case, Budget::full(&|| true))
}

#[test]
fn a_line_break_after_the_secret_is_proven_for_a_form_too() {
    let diagnosis = diagnose_form(&format!("{SECRET}\n"), "us-east-1");
    assert_eq!(
        diagnosis.at(Level::Full).header_value(),
        "SEC-NEWLINE; status=proven; slot=secret"
    );
    assert!(
        diagnosis
            .ruled_out
            .contains(&"The policy of the form arrived as it was signed.")
    );
}

#[test]
fn a_secret_and_a_scope_are_found_together() {
    let diagnosis = diagnose_form(&format!("\"{SECRET}\""), "eu-central-1");
    let mut ids: Vec<&str> = diagnosis.causes.iter().map(|cause| cause.id).collect();
    ids.sort_unstable();
    assert_eq!(
        (diagnosis.status, ids),
        (Status::Proven, vec!["POL-SCOPE", "SEC-QUOTES"])
    );
}

#[test]
fn another_secret_stays_unproven() {
    assert_eq!(diagnose_form("another", "us-east-1").status, Status::Unproven);
}
