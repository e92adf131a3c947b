//! Any refused request can be diagnosed within its budget, and the explanation holds neither the secret nor the right signature.

use countersign_diagnose::{
    Budget, Case, Fault, Level, PAIRS_BYTES_MAX, SINGLES_BYTES_MAX, ServerFacts, Transport, diagnose,
};
use countersign_sigv4::{Expected, PathRule, Refusal, Secret, SigningKey, claim, verify};

use crate::{HttpText, SECRET};

pub(crate) fn run(input: &[u8]) {
    let text = HttpText::read(input);
    let headers = text.headers();
    let request = text.request(&headers);
    let secret = Secret::new(SECRET);
    let (claim, refusal) = match claim(&request) {
        Ok(Some(claim)) => {
            let expected = Expected {
                region: "us-east-1",
                service: "s3",
                now: claim.time,
            };
            let refusal = claim
                .check(&request, &expected)
                .err()
                .unwrap_or(Refusal::SignatureMismatch);
            (Some(claim), refusal)
        }
        Ok(None) => return,
        Err(refusal) => (None, refusal),
    };
    let mut withheld = vec![SECRET.to_owned()];
    if let Some(claim) = &claim {
        let signing_key = SigningKey::derive(&secret, &claim.scope);
        let verdict = verify(&request, claim, PathRule::S3, &signing_key);
        if verdict.matched {
            return;
        }
        withheld.push(signing_key.sign(&verdict.trace.string_to_sign).to_hex());
    }
    let server = ServerFacts {
        region: "us-east-1".to_owned(),
        service: "s3".to_owned(),
        public_names: vec!["s3.example.com".to_owned()],
        domains: vec!["s3.example.com".to_owned()],
        listen_ports: vec![9000],
        seen_hosts: vec!["inside:9000".to_owned()],
        now: claim.as_ref().map_or(1_792_000_000, |claim| claim.time),
    };
    let case = Case {
        request,
        claim: claim.as_ref(),
        fault: Fault::Refused(&refusal),
        secret: Some(&secret),
        rule: PathRule::S3,
        server: &server,
        transport: Transport::default(),
        body: None,
        form: None,
    };
    let diagnosis = diagnose(&case, Budget::full(&|| true));
    assert!(
        diagnosis.tried.hashed_bytes <= SINGLES_BYTES_MAX + PAIRS_BYTES_MAX,
        "the search went over its budget"
    );
    for level in [Level::Full, Level::Basic] {
        let report = diagnosis.at(level);
        assert!(
            report.sentence.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{:?}",
            report.sentence
        );
        let told = format!("{report:?}");
        assert!(
            !withheld.iter().any(|value| told.contains(value)),
            "an explanation holds what must not leave"
        );
    }
}
