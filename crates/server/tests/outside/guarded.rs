//! The diagnosis cannot be turned against anybody: not against what is stored, nor the server's time, nor whoever reads its
//! answers and its log.
//!
//! Not here: that no secret is told (`diagnosis`, `refusals`), and what a search may do (the tests of `diagnose`).

use countersign_server::{Cidr, Config, DiagnosisMode};
use serde_json::Value;

use crate::calls;
use crate::diagnosis::{Logged, logs};
use crate::form::Form;
use crate::http::{Answer, Ask, Connection, Key, SECRET};
use crate::running::Running;

const DIAGNOSIS: &str = "x-countersign-diagnosis";

fn told(answer: &Answer) -> &str {
    answer.header(DIAGNOSIS).unwrap_or_default()
}

/// Signs a request for that host as somebody would who does it wrongly.
type SignedWrongly = fn(&str, Ask) -> Ask;

#[test]
fn a_proven_cause_never_lets_a_request_in() {
    let server = Running::diagnosing(DiagnosisMode::Full).bucket("bucket");
    server.put("/bucket/k", "the object");
    let asks = || {
        [
            Ask::new("GET", "/bucket/k"),
            Ask::new("HEAD", "/bucket/k"),
            Ask::new("GET", "/bucket?list-type=2"),
            Ask::new("DELETE", "/bucket/k"),
            Ask::new("PUT", "/bucket/new").body("something"),
        ]
    };
    let host = server.host();
    let signed_wrongly: [(&str, SignedWrongly); 3] = [
        ("HST-", |host, ask| {
            // The server is even told which name was signed.
            let ask = ask.to("s3.example.com").sign(&Key::root()).replace("host", host);
            ask.header("x-forwarded-host", "s3.example.com")
        }),
        ("SEC-NEWLINE", |host, ask| {
            ask.to(host)
                .sign(&Key::root().with_secret(&format!("{SECRET}\n")))
        }),
        ("HDR-CT-", |host, ask| {
            let ask = ask.to(host).header("content-type", "text/plain");
            ask.sign(&Key::root())
                .replace("content-type", "text/plain; charset=UTF-8")
        }),
    ];
    for (id, wrongly) in signed_wrongly {
        for ask in asks() {
            let name = format!("{id} {} {}", ask.method, ask.target);
            let ask = wrongly(&host, ask);
            for time in 0..3 {
                let before = server.counts.so_far();
                let answer = server.send(&ask);
                assert_eq!(answer.status, 403, "{name} {time}: {}", answer.text());
                assert!(
                    told(&answer).contains("; status=proven"),
                    "{name}: {}",
                    told(&answer)
                );
                assert!(told(&answer).contains(id), "{name}: {}", told(&answer));
                assert_eq!(server.counts.so_far(), before, "{name} reached the engine");
            }
        }
    }
    assert_eq!(
        (server.status_of("/bucket/k"), server.status_of("/bucket/new")),
        (200, 404)
    );
}

#[test]
fn what_is_remembered_of_a_call_is_not_told_of_another_with_the_same_head() {
    let server = Running::diagnosing(DiagnosisMode::Full);
    let key = Key::root().with_secret(&format!("{SECRET}\n")).for_calls("iam");
    let first = Ask::new("POST", "/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("Action=ListUsers&Version=2010-05-08")
        .to(&server.host())
        .sign(&key);
    let proven = "SEC-NEWLINE; status=proven; slot=secret";
    assert_eq!(told(&server.send(&first)), proven);
    let other = first.clone().body("Action=ListRoles&Version=2010-05-08");
    assert_eq!(other.head(), first.head());
    let answer = server.send(&other);
    assert_eq!(answer.status, 403);
    assert_ne!(told(&answer), proven);
    assert_eq!(told(&server.send(&first)), proven);
}

/// The answer with what differs from request to request taken out.
fn without_ids(answer: &Answer, access_key_id: &str) -> String {
    let host_id = answer.header("x-amz-id-2").unwrap_or_default();
    let text = format!("{}\n{}\n{}", answer.status, told(answer), answer.text());
    text.replace(access_key_id, "{key}")
        .replace(&answer.request_id(), "{request}")
        .replace(host_id, "{host}")
}

#[test]
fn every_key_that_nobody_may_use_is_answered_alike_and_without_a_search() {
    let server = Running::diagnosing(DiagnosisMode::Full);
    let off = calls::user(&server, "ada");
    let gone = calls::user(&server, "bob");
    let change = |action: &str, name: &str, id: &str| {
        calls::done(&server, &format!("{action}&UserName={name}&AccessKeyId={id}"));
    };
    change("UpdateAccessKey&Status=Inactive", "ada", &off.access_key_id);
    change("DeleteAccessKey", "bob", &gone.access_key_id);
    let nobody = |id: &str| Key {
        access_key_id: id.to_owned(),
        ..Key::root()
    };
    let right = off.secret.expose().to_vec();
    let keys = [
        nobody("CSAKNOBODY0000000001"),
        nobody("CSAKNOBODY0000000002").with_secret("another"),
        // Rightly signed, wrongly signed, and in a way that a search would find.
        Key { ..off },
        nobody(&gone.access_key_id),
        gone,
    ];
    let mut answers = Vec::new();
    for key in keys {
        let secrets = [
            key.secret.clone(),
            countersign_sigv4::Secret::new([&right[..], b"\n"].concat()),
        ];
        for secret in secrets {
            let key = Key {
                secret,
                access_key_id: key.access_key_id.clone(),
                ..Key::root()
            };
            let answer = server.send(&Ask::new("GET", "/bucket/k").to(&server.host()).sign(&key));
            answer.is(403, "InvalidAccessKeyId");
            let record = server.ask_admin(&format!("/api/v1/refusals/{}", answer.request_id()));
            let record: Value = serde_json::from_slice(&record.body).expect("JSON");
            let tried = record.pointer("/diagnosis/tried").expect("what was tried");
            let number = |name: &str| tried.get(name).and_then(Value::as_u64);
            assert_eq!(
                (number("singles"), number("pairs")),
                (Some(0), Some(0)),
                "{tried}"
            );
            // Of a key that was somebody's, one computation says for the record whether it signed.
            let was_a_key = !key.access_key_id.starts_with("CSAKNOBODY");
            let bytes = number("hashedBytes").unwrap_or(u64::MAX);
            assert!(bytes == 0 || was_a_key && bytes < 3_000, "{tried}");
            answers.push(without_ids(&answer, &key.access_key_id));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn whoever_floods_gets_smaller_searches_and_then_none_and_leaves_some_to_others() {
    let server = Running::with(Config {
        trusted_proxies: vec![Cidr::parse("127.0.0.0/8").expect("a block")],
        ..Config::in_region("us-east-1")
    });
    let mut connection = Connection::open(server.s3);
    let mut ask = |from: &str, number: u32| {
        let ask = Ask::new("GET", &format!("/bucket/k{number}"))
            .to(&server.host())
            .sign(&Key::root().with_secret("another-secret"))
            .header("x-forwarded-for", from);
        let answer = connection.ask(&ask);
        answer.is(403, "SignatureDoesNotMatch");
        told(&answer).to_owned()
    };
    assert!(ask("198.51.100.7", 0).contains("status=unproven"));
    // It gets five searches a second; nothing answers as slowly as that.
    let mut others = 1..10_000;
    let skipped = others.find(|number| ask("198.51.100.7", *number).contains("status=skipped"));
    assert!(skipped > Some(20), "{skipped:?}");
    assert!(ask("198.51.100.8", 0).contains("status=unproven"));
    let metrics = Ask::new("GET", "/metrics").to(&server.admin.to_string());
    let metrics = Connection::open(server.admin).ask(&metrics).text();
    assert!(
        metrics.lines().any(|line| {
            let count = line.strip_prefix("countersign_searches_skipped_total{reason=\"budget\"} ");
            count.is_some_and(|count| count != "0")
        }),
        "{metrics}"
    );
}

/// What the record holds of the diagnosis of a refusal.
fn on_record(server: &Running, answer: &Answer) -> Value {
    let record = server.ask_admin(&format!("/api/v1/refusals/{}", answer.request_id()));
    let record: Value = serde_json::from_slice(&record.body).expect("JSON");
    record.get("diagnosis").cloned().expect("a diagnosis")
}

/// A request for this object, signed for another host and with a line break behind the secret.
fn with_two_faults(server: &Running, target: &str) -> Ask {
    Ask::new("GET", target)
        .to("s3.example.com")
        .sign(&Key::root().with_secret(&format!("{SECRET}\n")))
        .replace("host", &server.host())
        .header("x-original-host", "s3.example.com")
}

#[test]
fn pairs_wait_for_the_second_failure_of_a_key() {
    let server = Running::with(Config {
        diagnosis: DiagnosisMode::Full,
        trusted_proxies: vec![Cidr::parse("127.0.0.0/8").expect("a block")],
        ..Config::in_region("us-east-1")
    });
    let from = |ask: Ask, address: &str| ask.header("x-forwarded-for", address);
    let first = from(with_two_faults(&server, "/bucket/k"), "198.51.100.7");
    for is_remembered in [false, true] {
        let answer = server.send(&first);
        answer.is(403, "SignatureDoesNotMatch");
        assert!(told(&answer).contains("status=unproven"), "{}", told(&answer));
        // A link that is only used again fails as before, so that is not what is asked for.
        assert!(
            answer
                .text()
                .contains("another request with this key is refused within a minute, two faults at once"),
            "{}",
            answer.text()
        );
        let kept = on_record(&server, &answer);
        let tried = |name: &str| kept.pointer(&format!("/tried/{name}")).cloned();
        assert_eq!(tried("pairs"), Some(0.into()), "{kept}");
        assert_eq!(tried("pairsLeft"), Some(true.into()), "{kept}");
        // The same again is no second failure.
        assert_eq!(tried("remembered"), Some(is_remembered.into()), "{kept}");
    }
    // Another request with the key is, from wherever it comes; and what was said of the first is no longer all there is to say.
    let second = from(with_two_faults(&server, "/bucket/l"), "198.51.100.8");
    for ask in [&second, &first] {
        let answer = server.send(ask);
        let ids = told(&answer);
        assert!(
            ids.contains("; status=proven") && ids.contains("HST-") && ids.contains("SEC-NEWLINE"),
            "{ids}"
        );
        assert!(!answer.text().contains("two faults at once"));
        let kept = on_record(&server, &answer);
        assert_ne!(kept.pointer("/tried/pairs"), Some(&0.into()), "{kept}");
    }
}

#[test]
fn a_client_on_this_machine_gets_pairs_at_once() {
    let server = Running::diagnosing(DiagnosisMode::Full);
    let answer = server.send(&with_two_faults(&server, "/bucket/k"));
    assert!(told(&answer).contains("; status=proven"), "{}", told(&answer));
}

#[test]
fn with_an_empty_bucket_a_mismatch_is_not_even_looked_at() {
    let server = Running::with(Config {
        trusted_proxies: vec![Cidr::parse("127.0.0.0/8").expect("a block")],
        ..Config::in_region("us-east-1")
    });
    let mut connection = Connection::open(server.s3);
    let key = Key::root().with_secret("another-secret");
    // Long, and full of what a look would speak of.
    let ask = |number: u32| {
        let ask = Ask::new("GET", &format!("/bucket//k%252B+{number}?a&b=%2525"))
            .header("x-amz-meta-a", &"a  b ".repeat(1_000));
        let ask = ask.to(&server.host()).sign(&key);
        ask.header("x-forwarded-for", "198.51.100.7")
            .header("via", "1.1 Caddy")
    };
    let first = ask(0);
    let unproven = told(&connection.ask(&first)).to_owned();
    assert!(unproven.contains("status=unproven"), "{unproven}");
    let mut answers = (1..1_000).map(|number| connection.ask(&ask(number)));
    let answer = answers.find(|answer| told(answer).contains("status=skipped"));
    let answer = answer.expect("the bucket is empty some time");
    assert_eq!(told(&answer), "none; status=skipped");
    assert!(
        answer.text().contains("ask again in a minute"),
        "{}",
        answer.text()
    );
    // All that AWS says is said.
    assert!(answer.element("CanonicalRequestBytes").is_some());
    let kept = on_record(&server, &answer);
    assert_eq!(kept.get("causes"), Some(&Value::Array(Vec::new())), "{kept}");
    assert_eq!(kept.pointer("/tried/hashedBytes"), Some(&0.into()), "{kept}");
    assert_eq!(kept.get("texts"), None, "{kept}");
    // What a request shows by itself is still said.
    let late = Key {
        time: crate::http::now() - 86_400,
        ..Key::root()
    };
    let late = Ask::new("GET", "/bucket/k").to(&server.host()).sign(&late);
    let answer = connection.ask(&late.header("x-forwarded-for", "198.51.100.7"));
    answer.is(403, "RequestTimeTooSkewed");
    assert!(told(&answer).starts_with("CLK-"), "{}", told(&answer));
    // And what was found before is remembered.
    assert_eq!(told(&connection.ask(&first)), unproven);
}

/// Whether a text is a document of elements that close each other in order, with nothing in them that must be escaped or that XML
/// cannot hold.
fn is_xml(text: &str) -> bool {
    let Some(mut rest) = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") else {
        return false;
    };
    let mut open: Vec<&str> = Vec::new();
    while !rest.is_empty() {
        let end = rest.find('<').unwrap_or(rest.len());
        let (words, tag) = rest.split_at(end);
        let has_references = words.split('&').skip(1).all(|reference| {
            let name = reference.split_once(';').map_or("", |(name, _)| name);
            let number = name
                .strip_prefix('#')
                .map(|digits| digits.trim_start_matches('x'));
            matches!(name, "amp" | "lt" | "gt" | "quot")
                || number.is_some_and(|digits| u32::from_str_radix(digits, 16).is_ok())
        });
        if !has_references || (open.is_empty() && !words.is_empty()) {
            return false;
        }
        let Some((tag, after)) = tag.split_once('>') else {
            return tag.is_empty() && open.is_empty();
        };
        let tag = tag.trim_start_matches('<');
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        match name.strip_prefix('/') {
            Some(closed) if open.pop() != Some(closed) => return false,
            Some(_) => {}
            None => open.push(name),
        }
        let is_name = name
            .trim_start_matches('/')
            .bytes()
            .all(|b| b.is_ascii_alphanumeric());
        if !is_name || !(attributes.is_empty() || are_plain(attributes)) {
            return false;
        }
        rest = after;
    }
    open.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
}

/// Whether these are attributes as answers have them: lower-case names, and values without anything odd.
fn are_plain(attributes: &str) -> bool {
    attributes.split(' ').all(|attribute| {
        let Some((name, value)) = attribute.split_once('=') else {
            return false;
        };
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let is_plain = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-:+.".contains(&b))
        };
        is_plain(name) && value.is_some_and(is_plain)
    })
}

#[test]
fn no_value_that_is_reflected_leaves_its_place() {
    const MARKUP: &str = "</Signed><script>alert(1)</script><!--&\"'";
    let Logged(logged) = logs();
    for mode in [DiagnosisMode::Full, DiagnosisMode::Basic] {
        let server = Running::diagnosing(mode);
        let host = server.host();
        let wrong = || Key::root().with_secret("another-secret");
        let odd = format!("{MARKUP}\u{fffe}\u{ffff}\t\u{9b}31m\u{e4}]]>");
        let forged = "X\nFORGED auth_accepted\r\nFORGED\u{1b}[2J\u{7}";
        let get = || Ask::new("GET", "/bucket/k");
        let with = |name: &str| get().header(name, &odd).to(&host).sign(&wrong());
        let form = |key: &Key| Form::new(&[("key", "k")], "meow").sign(key);
        let named = Key {
            access_key_id: format!("CSAK{forged}{MARKUP}"),
            ..Key::root()
        };
        let mut asks: Vec<Ask> = [
            "user-agent",
            "x-amz-user-agent",
            "x-amz-meta-a",
            "content-type",
            "origin",
            "referer",
            "range",
            "via",
            "x-forwarded-prefix",
            "x-original-uri",
            "x-http-method-override",
        ]
        .map(with)
        .to_vec();
        asks.extend([
            // Proven with that value.
            get()
                .to(MARKUP)
                .sign(&Key::root())
                .replace("host", &host)
                .header("x-forwarded-host", MARKUP),
            get()
                .header("x-amz-meta-a", &odd)
                .to(&host)
                .sign(&Key::root())
                .replace("x-amz-meta-a", &format!(" {odd}")),
            // Not signed, so that the answer lists its name.
            get().to(&host).sign(&Key::root()).header("x-amz-'|*`~!", &odd),
            get().to(&host).sign(&Key {
                region: odd.replace('/', ""),
                ..Key::root()
            }),
            get()
                .to(&host)
                .header("authorization", &format!("AWS4-HMAC-SHA256 Credential={odd}")),
            get().to(&host).header("authorization", &odd),
            Ask::new(
                "GET",
                "/bucket/%00%0a%1b%3Cscript%3E%EF%BF%BE%ff?x=%0d%0aFORGED&%3Cscript%3E",
            )
            .to(&host)
            .sign(&wrong()),
            Ask::new(
                "GET",
                "/bucket/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%0AFORGED%3Cscript%3E",
            )
            .to(&host),
            Ask::new("A!#$%&'*+-.^_`|~Z", "/bucket/k")
                .to(&host)
                .sign(&wrong()),
            form(&named).to("/bucket").to(&host),
            form(&wrong())
                .without("x-amz-date")
                .field("x-amz-date", forged)
                .to("/bucket")
                .to(&host),
            Form::new(&[("key", forged), ("Content-Type", MARKUP)], "meow")
                .sign(&wrong())
                .to("/bucket")
                .to(&host),
        ]);
        for ask in asks {
            let name = format!("{} {} {:?}", ask.method, ask.target, ask.headers);
            let answer = server.send(&ask);
            assert!(answer.status >= 400, "{name}: {}", answer.text());
            let text = answer.text();
            assert!(is_xml(&text), "{name}: {text}");
            assert!(!text.contains("<script"), "{name}: {text}");
            assert_eq!(answer.header("content-type"), Some("application/xml"), "{name}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{name}");
            for (header, value) in &answer.headers {
                assert!(
                    !format!("{header}{value}").contains("FORGED"),
                    "{name}: {header}: {value}"
                );
            }
            assert!(
                told(&answer)
                    .bytes()
                    .all(|b| (0x20..0x7f).contains(&b) && !b"<>&\"'".contains(&b)),
                "{name}: {}",
                told(&answer)
            );
        }
    }
    let logs = String::from_utf8_lossy(&logged.lock().expect("a log")).into_owned();
    assert!(logs.contains("auth_rejected"));
    for line in logs.lines() {
        assert!(!line.trim_start().starts_with("FORGED"), "{line}");
        assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "{line:?}");
    }
}
