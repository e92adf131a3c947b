//! What other keys of the same principal may do to a diagnosis: name a cause, and nothing else. What only the operator is told shows in
//! nothing that anybody else can see or measure.

mod support;

use countersign_diagnose::{Budget, Diagnosis, Level, OTHER_KEYS_MAX, Status};
use serde_json::{Value, json};
use support::{Context, SECRET, unhurried};

const REQUEST: &str = "GET /photos/cat.jpg HTTP/1.1\nHost: s3.example.com\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\nx-amz-date: 20261122T035900Z\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000001/20261122/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\n";

/// The diagnosis of a request signed with this secret, and the same behind a proxy that changes the host.
fn diagnoses(mut context: Value, client_secret: &str, budget: Budget<'_>) -> [Diagnosis; 2] {
    context["client_secret"] = client_secret.into();
    let context = Context(context);
    let received = REQUEST.replace("{signature}", &context.sign(REQUEST));
    let behind = received.replace(
        "Host: s3.example.com",
        "Host: 10.0.0.9:9000\nX-Forwarded-Host: s3.example.com",
    );
    [received, behind].map(|received| context.receive(&received, budget).expect("refused"))
}

fn key(n: usize, status: Option<&str>) -> Value {
    json!({ "id": format!("AKIDOTHER{n:011}"), "secret": format!("the secret of another key, number {n}"), "status": status })
}

fn secret(n: usize) -> String {
    format!("the secret of another key, number {n}")
}

fn first(diagnosis: &Diagnosis, level: Level) -> &'static str {
    diagnosis.at(level).told().first().copied().unwrap_or_default()
}

#[test]
fn what_only_the_operator_is_told_shows_in_nothing_else() {
    let context = json!({ "others": [key(0, None), key(1, Some("inactive")), key(2, Some("inactive"))] });
    for budget in [unhurried(), Budget::singles(&|| true)] {
        let retired = diagnoses(context.clone(), &secret(2), budget);
        let wrong = diagnoses(context.clone(), "a secret that was never one", budget);
        for (n, (retired, wrong)) in retired.iter().zip(&wrong).enumerate() {
            for level in [Level::Full, Level::Basic] {
                let (one, other) = (retired.at(level), wrong.at(level));
                assert_eq!(one.json(), other.json());
                assert_eq!(one.header_value(), other.header_value());
            }
            // Not in the work that was done either.
            assert_eq!(retired.tried, wrong.tried);
            assert_eq!(
                (retired.status, retired.otherwise),
                (wrong.status, wrong.otherwise)
            );
            assert!(!wrong.is_retired_key_used());
            assert_eq!(first(wrong, Level::Operator), first(wrong, Level::Full));
            // Two changes are not looked for where only one may be made.
            let is_found = n == 0 || budget.pairs_bytes_max > 0;
            assert_eq!(retired.is_retired_key_used(), is_found);
            let told = retired.at(Level::Operator).told();
            assert_eq!(told.contains(&"SEC-ROTATED"), is_found, "{told:?}");
        }
    }
}

#[test]
fn which_single_change_matched_shows_in_no_work_that_was_done() {
    let keys: Vec<Value> = (0..OTHER_KEYS_MAX).map(|n| key(n, None)).collect();
    let context = json!({ "others": keys });
    let work = |client_secret: &str| {
        let [diagnosis, _] = diagnoses(context.clone(), client_secret, Budget::singles(&|| true));
        let tried = diagnosis.tried;
        (diagnosis.status, (tried.singles, tried.pairs, tried.hashed_bytes))
    };
    let (unproven, in_vain) = work("a secret that was never one");
    assert_eq!(unproven, Status::Unproven);
    let others = (0..OTHER_KEYS_MAX).map(secret);
    let mangled = [
        format!("{SECRET}\n"),
        format!("\"{SECRET}\""),
        "minioadmin".to_owned(),
    ];
    for client_secret in others.chain(mangled) {
        assert_eq!(
            work(&client_secret),
            (Status::Proven, in_vain),
            "{client_secret:?}"
        );
    }
}

#[test]
fn the_id_of_another_key_is_the_operator_s() {
    let context = json!({ "others": [key(0, None), key(1, Some("inactive"))] });
    for n in 0..2 {
        for diagnosis in diagnoses(context.clone(), &secret(n), unhurried()) {
            let id = format!("AKIDOTHER{n:011}");
            let says = |level| {
                let report = diagnosis.at(level);
                [report.json().to_string(), report.header_value(), report.sentence]
                    .concat()
                    .contains(&id)
            };
            assert!(says(Level::Operator), "{n}");
            assert!(!says(Level::Full) && !says(Level::Basic), "{n}");
        }
    }
    // Not even to somebody who guesses it.
    let context = Context(json!({ "others": [key(0, None)], "client_secret": secret(0) }));
    let request = REQUEST.replace("Host:", "X-Guess: AKIDOTHER00000000000\nHost:");
    let received = request.replace("{signature}", &context.sign(REQUEST));
    let report = context
        .receive(&received, unhurried())
        .expect("refused")
        .at(Level::Full);
    assert_eq!(
        report.causes.first().and_then(|cause| cause.signed.as_deref()),
        None
    );
    assert!(!report.sentence.contains("AKIDOTHER"), "{}", report.sentence);
}

#[test]
fn so_many_other_keys_are_tried_and_no_more() {
    for (n, found) in [(OTHER_KEYS_MAX - 1, true), (OTHER_KEYS_MAX, false)] {
        let keys: Vec<Value> = (0..OTHER_KEYS_MAX + 1).map(|n| key(n, None)).collect();
        let [diagnosis, _] = diagnoses(json!({ "others": keys }), &secret(n), unhurried());
        assert_eq!(diagnosis.status == Status::Proven, found, "{n}");
    }
}

#[test]
fn a_part_of_another_secret_says_nothing() {
    let context = json!({ "others": [key(0, None), key(1, Some("inactive"))] });
    for n in 0..2 {
        let secret = secret(n);
        for guess in [
            &secret[..secret.len() - 1],
            &secret[1..],
            &format!("{secret}\n"),
            &secret.to_uppercase(),
        ] {
            for diagnosis in diagnoses(context.clone(), guess, unhurried()) {
                assert_eq!(diagnosis.status, Status::Unproven, "{guess}");
                assert!(!diagnosis.is_retired_key_used());
            }
        }
    }
}

#[test]
fn a_key_that_is_gone_costs_one_computation_and_none_without_a_budget() {
    let context = |secret: &str| {
        let known = json!({ "id": "AKIDEXAMPLE000000001", "secret": SECRET, "removed": "20261120T000000Z" });
        diagnoses(
            json!({ "unknown_key": true, "retired": known }),
            secret,
            unhurried(),
        )
    };
    let [held, changed] = context(SECRET);
    let [guessed, _] = context("a guess");
    assert!(held.is_retired_key_used() && !guessed.is_retired_key_used() && !changed.is_retired_key_used());
    for diagnosis in [&held, &guessed] {
        assert_eq!((diagnosis.tried.singles, diagnosis.tried.pairs), (0, 0));
        assert!(
            (1..3_000).contains(&diagnosis.tried.hashed_bytes),
            "{:?}",
            diagnosis.tried
        );
        assert_eq!(diagnosis.status, Status::Exact);
        assert_eq!(diagnosis.at(Level::Full).header_value(), "none; status=exact");
    }
    assert_eq!(held.tried, guessed.tried);
    let known = json!({ "id": "AKIDEXAMPLE000000001", "secret": SECRET, "removed": "20261120T000000Z" });
    let [none, _] = diagnoses(
        json!({ "unknown_key": true, "retired": known }),
        SECRET,
        Budget::none(),
    );
    assert!(!none.is_retired_key_used());
    assert_eq!(none.tried.hashed_bytes, 0);
}

#[test]
fn when_others_used_a_key_is_the_operator_s_and_when_this_client_did_is_for_level_full() {
    let told = |lately: Value, level| {
        let [diagnosis, _] = diagnoses(json!({ "lately": lately }), "a wrong one", unhurried());
        diagnosis.at(level).json().to_string()
    };
    let here = "this client used the right one";
    let elsewhere = "another client used the right one";
    for (lately, says, levels) in [
        (
            json!({ "verified_here": 60 }),
            here,
            &[Level::Operator, Level::Full][..],
        ),
        (json!({ "verified_elsewhere": 60 }), elsewhere, &[Level::Operator]),
        (
            json!({ "unused": true }),
            "nobody has used the right one",
            &[Level::Operator],
        ),
        (json!({ "verified_here": 3_601 }), here, &[]),
        (json!({ "verified_elsewhere": 3_601 }), elsewhere, &[]),
    ] {
        for level in [Level::Operator, Level::Full, Level::Basic] {
            let is_told = told(lately.clone(), level).contains(says);
            assert_eq!(is_told, levels.contains(&level), "{lately} {level:?}");
        }
    }
}
