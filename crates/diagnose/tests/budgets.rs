//! Whatever the head of a request holds, explaining it stays within its budgets: bytes hashed, time, and what is kept of it.
//!
//! Not here: what is found. Heads are as large as a server takes them, and written to be dear.

mod support;

use std::cell::Cell;

use countersign_diagnose::{
    Budget, DIAGNOSIS_BYTES_MAX, Diagnosis, Level, PAIRS_BYTES_MAX, SIGNED_HEADERS_MAX, SINGLES_BYTES_MAX,
    SINGLES_MAX, Status,
};
use proptest::prelude::*;
use serde_json::json;
use support::{Context, unhurried};

/// The longest head that a server of ours hands on, and most of its lines and parameters.
const HEAD_BYTES_MAX: usize = 32 * 1024;
const LINES_MAX: usize = 128;
const PARAMETERS_MAX: usize = 512;

/// What a head is made of.
#[derive(Clone, Debug)]
struct Head {
    method: &'static str,
    path: String,
    query: String,
    /// Name, value, and whether it is signed.
    lines: Vec<(String, String, bool)>,
    /// How many further names are signed and not sent.
    absent: usize,
}

impl Head {
    /// As it arrives, with a signature that fits nothing.
    fn text(&self) -> String {
        let mut names = vec!["host", "x-amz-content-sha256", "x-amz-date"];
        names.extend(
            self.lines
                .iter()
                .filter_map(|(name, _, signed)| signed.then_some(name.as_str())),
        );
        let absent: Vec<String> = (0..self.absent).map(|n| format!("x-absent-{n}")).collect();
        names.extend(absent.iter().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        let lines = self.lines.iter();
        let lines: String = lines
            .map(|(name, value, _)| format!("{name}: {value}\n"))
            .collect();
        let joint = if self.query.is_empty() { "" } else { "?" };
        format!(
            "{} {}{joint}{} HTTP/1.1\nHost: s3.example.com\nx-amz-content-sha256: UNSIGNED-PAYLOAD\n\
             x-amz-date: 20261122T035900Z\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=AKIDEXAMPLE000000001/20261122/us-east-1/s3/aws4_request, SignedHeaders={}, Signature={}\n{lines}",
            self.method,
            self.path,
            self.query,
            names.join(";"),
            "5".repeat(64),
        )
    }
}

/// Names that rules look for, and some that none does.
const NAMES: [&str; 22] = [
    "accept-encoding",
    "authority",
    "cache-control",
    "content-disposition",
    "content-length",
    "content-md5",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "origin",
    "range",
    "referer",
    "te",
    "traceparent",
    "user-agent",
    "via",
    "x-amz-copy-source",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-prefix",
    "x-original-uri",
];

/// A text of about so many bytes, out of a piece that something has to be done about.
fn dear(piece: &'static str, bytes: usize, end: char) -> String {
    let mut text = piece.repeat(bytes / piece.len() + 1);
    text.push(end);
    text
}

fn texts(bytes: usize) -> impl Strategy<Value = String> {
    let pieces = vec![
        "a",
        " ",
        "a ",
        "a  b",
        "%25",
        "%2F",
        "\u{e4}",
        "\u{fffd}",
        "a,",
        ", 10.0.0.1",
        "host=a;",
        "=",
        "\"",
        "<&>",
        "/",
        "//",
        "a;q=1,",
        "=?UTF-8?B?YQ==?=",
        "e\u{301}",
    ];
    (
        prop::sample::select(pieces),
        0..bytes,
        prop::char::range('a', 'c'),
    )
        .prop_map(|(piece, bytes, end)| dear(piece, bytes, end))
}

fn heads() -> impl Strategy<Value = Head> {
    let path = prop::sample::select(vec![
        "/a",
        "/",
        "//",
        "/./",
        "/%25",
        "/+",
        "/~",
        "/\u{e4}",
        "/e\u{301}",
        "/%2f",
    ]);
    let query = prop::sample::select(vec![
        "a=1&",
        "a&",
        "=&",
        "a=%2525&",
        "utm_source=x&",
        "a=b+c&",
        "acl&",
    ]);
    let line = (any::<prop::sample::Index>(), texts(9_000), any::<bool>());
    (
        prop::sample::select(vec!["GET", "PUT", "POST", "HEAD"]),
        (path, 1usize..9_000),
        (query, 0..PARAMETERS_MAX),
        prop::collection::vec(line, 0..LINES_MAX - 8),
        0usize..4,
    )
        .prop_map(
            |(method, (path, path_bytes), (query, parameters), lines, absent)| {
                let path = format!("/bucket{}", dear(path, path_bytes, 'k')).replace(' ', "%20");
                let query = query.repeat(parameters);
                let mut left = HEAD_BYTES_MAX.saturating_sub(path.len() + query.len() + 1_024);
                let mut kept = Vec::new();
                for (n, (name, value, signed)) in lines.into_iter().enumerate() {
                    let name = match n % 7 {
                        0 | 3 => format!("x-amz-meta-{n}"),
                        6 => format!("x-{}{n}", "long-".repeat(value.len() / 5)),
                        _ => name.get(&NAMES).to_string(),
                    };
                    let value = value.trim().to_owned();
                    left = match left.checked_sub(name.len() + value.len()) {
                        Some(left) => left,
                        None => break,
                    };
                    let signed = (signed || name.starts_with("x-amz-"))
                        && kept.iter().filter(|(_, _, signed)| *signed).count() < SIGNED_HEADERS_MAX - 3;
                    kept.push((name, value, signed));
                }
                Head {
                    method,
                    path,
                    query,
                    lines: kept,
                    absent,
                }
            },
        )
}

/// What holds for any budget.
fn check_kept(diagnosis: &Diagnosis) {
    assert!(diagnosis.bytes() <= DIAGNOSIS_BYTES_MAX, "{}", diagnosis.bytes());
    for level in [Level::Full, Level::Basic] {
        let report = diagnosis.at(level);
        let json = report.json().to_string();
        assert!(json.len() <= 2 * DIAGNOSIS_BYTES_MAX, "{}", json.len());
        let sentence = report.sentence + &diagnosis.at(level).header_value();
        assert!(sentence.bytes().all(|b| (0x20..0x7f).contains(&b)), "{sentence}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_head_makes_a_search_exceed_its_budget_in_bytes(head in heads()) {
        let received = head.text();
        let context = Context(json!({ "public_names": ["s3.example.org"], "seen_hosts": ["inside:9000"] }));
        let diagnosis = context.receive(&received, unhurried()).expect("refused");
        // One verification of the request as it is comes on top.
        let once = 2 * (received.len() + 4_096) as u64;
        let tried = diagnosis.tried;
        prop_assert!(tried.hashed_bytes <= SINGLES_BYTES_MAX + PAIRS_BYTES_MAX + once, "{:?}", tried);
        prop_assert!(tried.singles as usize <= SINGLES_MAX, "{:?}", tried);
        check_kept(&diagnosis);
    }

    #[test]
    fn no_head_makes_a_search_go_on_when_time_is_up(head in heads(), asks in 0u32..40) {
        let received = head.text();
        let (left, late) = (Cell::new(asks), Cell::new(0));
        let within = || match left.get().checked_sub(1) {
            Some(fewer) => {
                left.set(fewer);
                true
            }
            None => {
                late.set(late.get() + 1);
                false
            }
        };
        let diagnosis = Context(json!({})).receive(&received, Budget::full(&within)).expect("refused");
        let tried = diagnosis.tried;
        prop_assert!(tried.singles + tried.pairs <= asks, "{:?}", tried);
        // It is asked once more for singles and once for pairs, and takes no for an answer.
        prop_assert!(late.get() <= 2, "{}", late.get());
        check_kept(&diagnosis);
    }

    #[test]
    fn no_head_makes_anything_be_hashed_without_a_budget(head in heads()) {
        let diagnosis = Context(json!({})).receive(&head.text(), Budget::none()).expect("refused");
        prop_assert_eq!((diagnosis.tried.hashed_bytes, diagnosis.tried.singles), (0, 0));
        prop_assert!(matches!(diagnosis.status, Status::Skipped | Status::Exact | Status::Inferred));
        check_kept(&diagnosis);
    }
}
