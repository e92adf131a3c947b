//! What a diagnosis must never do: help to find a secret, say one, name what it may not name, or work without bounds.
//!
//! Each test is a rule of its own and is named after it.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use countersign_diagnose::{Budget, Level, PAIRS_BYTES_MAX, Proof, SINGLES_BYTES_MAX, Status};
use countersign_sigv4::{PathRule, SigningKey, Trace, claim};
use serde_json::json;
use support::{Context, Http, SECRET, unhurried};

const REQUEST: &str = "GET /photos/cat.jpg HTTP/1.1\nHost: s3.example.com\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\nx-amz-date: 20261122T035900Z\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000001/20261122/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\n";

fn status_when_signed_with(stored: &str, used: &str, budget: Budget<'_>) -> (Status, String) {
    let context = Context(json!({ "secret": stored, "client_secret": used }));
    let received = REQUEST.replace("{signature}", &context.sign(REQUEST));
    let diagnosis = context
        .receive(&received, budget)
        .expect("another secret is refused");
    (diagnosis.status, diagnosis.at(Level::Full).header_value())
}

#[test]
fn no_part_of_a_secret_is_ever_confirmed() {
    for stored in [
        SECRET,
        "correct horse/battery+staple",
        "a%2Fb+c%20d/e",
        "ends in a line break\n",
        "\"quoted\"",
        "CaSe",
    ] {
        let mut guesses: Vec<String> = Vec::new();
        for at in 1..stored.len() {
            guesses.push(stored[..at].to_owned());
            guesses.push(stored[at..].to_owned());
            guesses.push(format!("{}{}", &stored[..at], &stored[at + 1..]));
            guesses.push(format!("{}X{}", &stored[..at], &stored[at + 1..]));
            guesses.push(format!("{}\n", &stored[..at]));
        }
        guesses.push(stored.to_lowercase());
        guesses.push(stored.to_uppercase());
        guesses.push(stored.replace('+', " "));
        guesses.push(stored.replace("%2F", "/").replace("%20", " "));
        guesses.push(stored.trim_matches('"').to_owned());
        guesses.push(stored.trim().to_owned());
        guesses.push(stored.chars().rev().collect());
        for (n, guess) in guesses.iter().enumerate().filter(|(_, guess)| *guess != stored) {
            // A pair changes the secret in the same ways as a single change does; every tenth guess shows it.
            let budget = if n % 10 == 0 {
                unhurried()
            } else {
                Budget::singles(&|| true)
            };
            let (status, header) = status_when_signed_with(stored, guess, budget);
            assert_eq!(
                status,
                Status::Unproven,
                "{stored:?} signed as {guess:?}: {header}"
            );
        }
    }
}

/// The same, with the classes of characters in which people go wrong: each class, in each single place and everywhere.
#[test]
fn no_secret_that_is_almost_right_is_ever_confirmed() {
    let classes: [fn(char) -> Option<char>; 9] = [
        |c| c.is_ascii_lowercase().then(|| c.to_ascii_uppercase()),
        |c| c.is_ascii_uppercase().then(|| c.to_ascii_lowercase()),
        |c| c.is_ascii_digit().then_some('0'),
        |c| (c == '+').then_some(' '),
        |c| (c == ' ').then_some('+'),
        |c| (c == '/').then_some('_'),
        |c| (c == '+').then_some('-'),
        |c| matches!(c, '0' | 'O' | 'o').then_some('Q'),
        |c| matches!(c, '1' | 'l' | 'I').then_some('i'),
    ];
    for stored in [SECRET, "correct horse/battery+staple", "0O1lI+/=", "passw0rd"] {
        let mut guesses: Vec<String> = Vec::new();
        for class in classes {
            let everywhere = stored.chars().map(|c| class(c).unwrap_or(c)).collect();
            guesses.push(everywhere);
            for at in 0..stored.len() {
                let one = stored.chars().enumerate();
                let one = one.map(|(n, c)| if n == at { class(c).unwrap_or(c) } else { c });
                guesses.push(one.collect());
            }
        }
        // What a change that is tried makes of a part of the secret.
        for part in [1, stored.len() / 2, stored.len() - 1].map(|at| &stored[..at]) {
            let base64 = countersign_sigv4::encode_uri(part.as_bytes(), false);
            guesses.extend([
                format!("\"{part}\""),
                format!(" {part}"),
                format!("{part}%"),
                format!("AWS4{part}"),
                base64,
            ]);
        }
        guesses.sort();
        guesses.dedup();
        for guess in guesses.iter().filter(|guess| *guess != stored) {
            let (status, header) = status_when_signed_with(stored, guess, Budget::singles(&|| true));
            assert_eq!(
                status,
                Status::Unproven,
                "{stored:?} signed as {guess:?}: {header}"
            );
        }
    }
}

/// A signature that was computed must not become text, or it could be compared in the open, logged or told.
#[test]
fn signatures_are_compared_where_that_takes_constant_time_and_nowhere_else() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a file");
            let product = text.split("#[cfg(test)]").next().unwrap_or_default();
            looked_at += usize::from(product.contains(".matches("));
            for forbidden in [".sign(", ".to_hex(", "finalize().into_bytes"] {
                let is_test = path.ends_with("tests.rs");
                // What a mail service makes of a secret is another secret, wiped like one, and no signature of anything here.
                let is_secret = path.ends_with("sec_smtp.rs");
                assert!(
                    is_test || is_secret || !product.contains(forbidden),
                    "{}: {forbidden}",
                    path.display()
                );
            }
        }
    }
    assert!(looked_at > 0, "the search compares somewhere");
}

#[test]
fn a_match_takes_as_much_work_as_a_mismatch() {
    let tried = |used: &str| {
        let context = Context(json!({ "client_secret": used }));
        let received = REQUEST.replace("{signature}", &context.sign(REQUEST));
        let budget = Budget {
            pairs_bytes_max: 0,
            ..unhurried()
        };
        context.receive(&received, budget).expect("refused").tried
    };
    let (matched, unmatched) = (tried(&format!("{SECRET}\n")), tried("another"));
    assert!(matched.singles > 50);
    assert_eq!(
        (matched.singles, matched.hashed_bytes),
        (unmatched.singles, unmatched.hashed_bytes)
    );
}

/// All fixtures: name, context, the request as it arrived, the signature in it, if there is one.
fn fixtures() -> Vec<(PathBuf, Context, String, Option<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let cases = fs::read_dir(folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("a fixture").path());
    let read = |case: &Path, name: &str| fs::read_to_string(case.join(name)).expect("a file");
    cases
        .map(|case| {
            let context = Context(serde_json::from_str(&read(&case, "context.json")).expect("JSON"));
            let (received, signature) = context.arrived(&case);
            (case, context, received, signature)
        })
        .collect()
}

/// The signature that would have been accepted for the request as it arrived.
fn right_signature(context: &Context, received: &str) -> Option<String> {
    Http::parse(received).with(|request| {
        let claim = claim(request).ok().flatten()?;
        let key = SigningKey::derive(&context.secret(), &claim.scope);
        Some(
            key.sign(&Trace::of(request, &claim, PathRule::S3).string_to_sign)
                .to_hex(),
        )
    })
}

/// The canonical request that stands in the answer anyway.
fn canonical_request(received: &str) -> String {
    Http::parse(received).with(|request| {
        let Ok(Some(claim)) = claim(request) else {
            return String::new();
        };
        String::from_utf8_lossy(&Trace::of(request, &claim, PathRule::S3).canonical_request).into_owned()
    })
}

#[test]
fn no_output_holds_a_secret_or_a_signature() {
    for (case, context, received, signature) in fixtures() {
        let diagnosis = context.receive(&received, unhurried()).expect("refused");
        let mut texts = vec![format!("{diagnosis:?}")];
        for level in [Level::Full, Level::Basic] {
            let report = diagnosis.at(level);
            texts.extend([report.json().to_string(), report.header_value(), report.sentence]);
        }
        let mut hidden = vec![SECRET.to_owned()];
        hidden.extend(signature);
        hidden.extend(right_signature(&context, &received));
        let used = context
            .text("client_secret")
            .filter(|used| context.text("cause") != Some("SEC-DEFAULT") && used.len() > 8);
        hidden.extend(
            used.map(str::to_owned)
                .filter(|used| !received.contains(used.as_str())),
        );
        for (text, hidden) in texts
            .iter()
            .flat_map(|text| hidden.iter().map(move |hidden| (text, hidden)))
        {
            assert!(
                !text.contains(hidden.as_str()),
                "{}: {hidden} stands in {text}",
                case.display()
            );
        }
    }
}

#[test]
fn a_secret_sent_by_mistake_is_not_repeated() {
    let context = Context(json!({}));
    let signed = REQUEST.replace("s3.example.com", SECRET);
    let received = REQUEST.replace(
        "Host: s3.example.com",
        &format!("Host: proxy\nX-Forwarded-Host: {SECRET}"),
    );
    let received = received.replace("{signature}", &context.sign(&signed));
    let diagnosis = context.receive(&received, unhurried()).expect("refused");
    assert_eq!(
        diagnosis.causes.first().map(|cause| cause.id),
        Some("HST-PROXY"),
        "the fault itself is found"
    );
    for level in [Level::Full, Level::Basic] {
        let report = diagnosis.at(level);
        assert!(!report.json().to_string().contains(SECRET));
        assert!(report.causes.iter().all(|cause| cause.signed.is_none()));
    }
}

#[test]
fn basic_shows_only_what_stands_in_the_request_or_in_the_answer() {
    for (case, context, received, _) in fixtures() {
        let report = context
            .receive(&received, unhurried())
            .expect("refused")
            .at(Level::Basic);
        let decoded =
            String::from_utf8_lossy(&countersign_sigv4::decode_percent(received.as_bytes())).into_owned();
        let canonical = canonical_request(&received);
        let answered = |value: &str| {
            let server = context.server();
            value == server.region
                || value == server.service
                || countersign_sigv4::parse_timestamp(value).is_some()
                // A condition that failed stands in the message, as AWS has it.
                || context.0.get("policy").is_some_and(|policy| policy.to_string().contains(value))
                || report
                    .causes
                    .iter()
                    .any(|cause| cause.slot == "body" && value.len() == 64)
        };
        for value in report
            .causes
            .iter()
            .flat_map(|cause| [&cause.signed, &cause.received])
            .flatten()
        {
            let stands = received.contains(value.as_str()) || decoded.contains(value.as_str());
            let canonical = canonical.contains(value.as_str());
            assert!(
                stands || canonical || answered(value),
                "{}: {value}",
                case.display()
            );
        }
        let server = context.server();
        for name in server
            .public_names
            .iter()
            .chain(&server.seen_hosts)
            .chain(&server.domains)
        {
            if !received.contains(name.as_str()) {
                assert!(
                    !report.json().to_string().contains(name.as_str()),
                    "{}: {name}",
                    case.display()
                );
            }
        }
    }
}

#[test]
fn what_cors_rules_allow_is_not_shown_at_basic_even_to_a_request_that_guesses_it() {
    let origin = |origin: &str, allowed: &str| {
        let context = Context(json!({
            "cors": { "part": "origin", "nearest": 7, "allowed": [[7, allowed]] }
        }));
        let request = format!("OPTIONS /b/k HTTP/1.1\nHost: s3.example.com\nOrigin: {origin}\n");
        context.receive(&request, unhurried()).expect("refused")
    };
    for (sent, allowed) in [
        ("https://app.example:8443", "https://app.example"),
        ("https://app.example", "https://App.example"),
        ("https://app.example", "app.example"),
    ] {
        let diagnosis = origin(sent, allowed);
        let told = |level| diagnosis.at(level).json().to_string();
        assert!(
            told(Level::Full).contains(&format!("a rule allows {allowed},")),
            "{allowed}"
        );
        assert!(told(Level::Full).contains("rule 7"), "{allowed}");
        assert_eq!(told(Level::Basic), {
            let other = origin(sent, "https://nothing.like.it").at(Level::Basic);
            other.json().to_string()
        });
    }
}

#[test]
fn nothing_hostile_enters_the_sentence_or_the_header() {
    let long = "a".repeat(81);
    for hostile in [
        "<script>alert(1)</script>",
        "a&b",
        "a\"b",
        "it's",
        "a\u{1b}[31mb",
        "\u{e4}",
        &long,
    ] {
        let context = Context(json!({}));
        let signed = REQUEST.replace("s3.example.com", hostile);
        let received = REQUEST.replace(
            "Host: s3.example.com",
            &format!("Host: proxy\nX-Forwarded-Host: {hostile}"),
        );
        let received = received.replace("{signature}", &context.sign(&signed));
        for level in [Level::Full, Level::Basic] {
            let report = context
                .receive(&received, unhurried())
                .expect("refused")
                .at(level);
            for text in [&report.sentence, &report.header_value()] {
                assert!(!text.contains(hostile), "{hostile:?} stands in {text}");
                assert!(
                    text.bytes()
                        .all(|b| (0x20..0x7f).contains(&b) && !b"<>&\"".contains(&b)),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn every_header_and_sentence_is_printable_ascii() {
    for (case, context, received, _) in fixtures() {
        let diagnosis = context.receive(&received, unhurried()).expect("refused");
        for level in [Level::Full, Level::Basic] {
            let report = diagnosis.at(level);
            for text in [report.header_value(), report.sentence] {
                assert!(
                    text.bytes().all(|b| (0x20..0x7f).contains(&b)),
                    "{}: {text}",
                    case.display()
                );
            }
        }
    }
}

/// A request with many and long signed headers, signed with another secret.
fn laden(headers: usize, bytes_each: usize) -> (Context, String) {
    let names: Vec<String> = (0..headers).map(|n| format!("x-amz-meta-{n:03}")).collect();
    let lines: String = names
        .iter()
        .map(|name| format!("{name}: {}\n", "v".repeat(bytes_each)))
        .collect();
    let signed = names
        .iter()
        .fold("host;x-amz-content-sha256;x-amz-date".to_owned(), |all, name| {
            format!("{all};{name}")
        });
    let request = REQUEST
        .replace(
            "Host: s3.example.com\n",
            &format!("Host: s3.example.com\n{lines}"),
        )
        .replace(
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date",
            &format!("SignedHeaders={signed}"),
        );
    let context = Context(json!({ "client_secret": "another" }));
    let received = request.replace("{signature}", &context.sign(&request));
    (context, received)
}

#[test]
fn the_budget_in_bytes_is_never_exceeded() {
    for (headers, bytes_each) in [(0, 0), (10, 100), (30, 200), (60, 2_000), (60, 60_000)] {
        let (context, received) = laden(headers, bytes_each);
        let diagnosis = context.receive(&received, unhurried()).expect("refused");
        // One verification of the request as it is comes on top.
        let once = (received.len() + 4_096) as u64;
        assert!(
            diagnosis.tried.hashed_bytes <= SINGLES_BYTES_MAX + PAIRS_BYTES_MAX + once,
            "{:?}",
            diagnosis.tried
        );
        let small = Budget {
            singles_bytes_max: 10_000,
            pairs_bytes_max: 20_000,
            within: &|| true,
        };
        let tried = context.receive(&received, small).expect("refused").tried;
        assert!(
            tried.hashed_bytes <= 30_000 + once && tried.cut_short,
            "{tried:?}"
        );
    }
}

#[test]
fn a_long_canonical_request_gets_no_pairs() {
    let (context, received) = laden(40, 400);
    let tried = context.receive(&received, unhurried()).expect("refused").tried;
    assert!(
        tried.singles > 0 && tried.pairs == 0 && tried.cut_short,
        "{tried:?}"
    );
}

#[test]
fn more_than_64_signed_headers_get_no_search() {
    let (context, received) = laden(70, 10);
    let diagnosis = context.receive(&received, unhurried()).expect("refused");
    assert_eq!(
        (
            diagnosis.status,
            diagnosis.tried.singles,
            diagnosis.tried.hashed_bytes
        ),
        (Status::Skipped, 0, 0)
    );
}

#[test]
fn the_search_ends_when_time_is_up() {
    let (context, received) = laden(0, 0);
    let left = std::cell::Cell::new(5);
    let within = || {
        left.set(left.get() - 1);
        left.get() >= 0
    };
    let tried = context
        .receive(&received, Budget::full(&within))
        .expect("refused")
        .tried;
    assert_eq!((tried.singles, tried.pairs, tried.cut_short), (5, 0, true));
}

#[test]
fn without_a_budget_nothing_is_computed() {
    let (context, received) = laden(0, 0);
    let diagnosis = context.receive(&received, Budget::none()).expect("refused");
    assert_eq!(
        (diagnosis.status, diagnosis.tried.hashed_bytes),
        (Status::Skipped, 0)
    );
    // What is likely is said all the same, and as no more than that.
    assert!(diagnosis.causes.iter().all(|cause| cause.proof == Proof::Infer));
    let sentence = diagnosis.at(Level::Full).sentence;
    assert!(
        sentence.starts_with("The cause was not searched for. Most likely: "),
        "{sentence}"
    );
}

#[test]
fn an_unknown_access_key_gets_no_search() {
    let context = Context(json!({ "unknown_key": true }));
    let received = REQUEST.replace("{signature}", &context.sign(REQUEST));
    let diagnosis = context.receive(&received, unhurried()).expect("refused");
    assert_eq!(
        (diagnosis.status, diagnosis.tried.hashed_bytes),
        (Status::Exact, 0)
    );
    let report = diagnosis.at(Level::Full);
    assert!(
        report.sentence.contains("No active access key"),
        "{}",
        report.sentence
    );
    assert_eq!(report.header_value(), "none; status=exact");
}

#[test]
fn a_clock_more_than_a_week_off_gets_one_verification_and_no_search() {
    let context = Context(json!({ "now": "20261222T040000Z" }));
    let received = REQUEST.replace("{signature}", &context.sign(REQUEST));
    let report = context
        .receive(&received, unhurried())
        .expect("refused")
        .at(Level::Full);
    assert_eq!(
        (report.status, report.tried.singles, report.otherwise),
        ("exact", 0, "valid"),
        "{report:?}"
    );
}
