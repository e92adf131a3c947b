//! Any refused request can be diagnosed within its budget, and the explanation holds neither the secret nor the right signature.
//! Whatever the budget is: in bytes, in how often there was time left, or none.

use std::cell::Cell;

use countersign_diagnose::{
    Budget, Case, DIAGNOSIS_BYTES_MAX, DateKey, Diagnosis, Fault, KeyFacts, KnownKey, Level, PAIRS_BYTES_MAX,
    SINGLES_BYTES_MAX, ServerFacts, Transport, diagnose,
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
    let mut withheld = vec![SECRET.to_owned(), OTHER_KEY.to_owned()];
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
        key: KeyFacts {
            others: vec![KnownKey {
                access_key_id: OTHER_KEY.to_owned(),
                retired: None,
                date_key: claim.as_ref().map(|claim| {
                    let other = Secret::new("another key of the same user");
                    DateKey::new(SigningKey::date_key(&other, &claim.scope.date))
                }),
            }],
            ..KeyFacts::default()
        },
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
    // One verification of the request as it is comes on top, and another of how it may have been meant.
    let once = 2 * (input.len() as u64 + 4_096);
    let diagnosis = diagnose(&case, Budget::full(&|| true));
    let most = SINGLES_BYTES_MAX + PAIRS_BYTES_MAX + once;
    check(&diagnosis, most, &withheld);

    // A budget that the input chooses, and less time than that takes.
    let singles_bytes_max = 1 + input.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let asks = (singles_bytes_max % 17) as u32;
    let left = Cell::new(asks);
    let within = || {
        let is_left = left.get() > 0;
        left.set(left.get().saturating_sub(1));
        is_left
    };
    let budget = Budget {
        singles_bytes_max,
        pairs_bytes_max: 2 * singles_bytes_max,
        within: &within,
    };
    let hasty = diagnose(&case, budget);
    check(&hasty, 3 * singles_bytes_max + once, &withheld);
    let tried = hasty.tried;
    assert!(
        tried.singles + tried.pairs <= asks,
        "the search went on when time was up"
    );

    check(&diagnose(&case, Budget::none()), 0, &withheld);
}

fn check(diagnosis: &Diagnosis, hashed_bytes_max: u64, withheld: &[String]) {
    assert!(
        diagnosis.tried.hashed_bytes <= hashed_bytes_max,
        "the search went over its budget"
    );
    assert!(
        diagnosis.bytes() <= DIAGNOSIS_BYTES_MAX,
        "a diagnosis takes much memory"
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

/// Only the operator may be told of it.
const OTHER_KEY: &str = "AKIDOTHERKEY00000001";
