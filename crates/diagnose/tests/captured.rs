//! Which causes real clients made for the fixtures, and why the others were made by hand.
//!
//! Not here: what the diagnosis says of them, which `golden` holds. Keeps true: the list below names exactly the causes that
//! no capture has, so whoever captures one takes it off.

#![expect(clippy::panic, reason = "a broken fixture is named before the test ends")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_diagnose::ids;
use serde_json::Value;

fn captured() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let cases = fs::read_dir(folder).expect("the fixtures");
    let cases = cases.map(|entry| entry.expect("a fixture").path());
    let is_captured = |case: &PathBuf| {
        case.file_name()
            .expect("a name")
            .to_string_lossy()
            .starts_with("captured-")
    };
    let mut cases: Vec<PathBuf> = cases.filter(is_captured).collect();
    cases.sort();
    let read = |case: PathBuf| {
        let text =
            fs::read_to_string(case.join("context.json")).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        let context = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        (case, context)
    };
    cases.into_iter().map(read).collect()
}

fn text<'v>(context: &'v Value, name: &str, case: &Path) -> &'v str {
    context[name]
        .as_str()
        .unwrap_or_else(|| panic!("{case:?} has no {name}"))
}

#[test]
fn every_cause_that_a_client_makes_is_captured_and_the_others_have_a_reason() {
    let mut made = BTreeSet::new();
    for (case, context) in captured() {
        made.extend(text(&context, "cause", &case).split(", ").map(str::to_owned));
    }
    let excused: BTreeSet<String> = BY_HAND
        .iter()
        .flat_map(|(_, ids)| *ids)
        .map(ToString::to_string)
        .collect();
    let all: BTreeSet<String> = ids().map(str::to_owned).collect();
    let unexplained: Vec<&String> = all
        .iter()
        .filter(|id| !made.contains(*id) && !excused.contains(*id))
        .collect();
    assert!(
        unexplained.is_empty(),
        "neither captured nor explained: {unexplained:?}"
    );
    let outdated: Vec<&String> = excused
        .iter()
        .filter(|id| made.contains(*id) || !all.contains(*id))
        .collect();
    assert!(
        outdated.is_empty(),
        "captured, or no rule, and still in the list: {outdated:?}"
    );
    assert_eq!(made.len() + excused.len(), all.len(), "each cause is on one side");
}

#[test]
fn captures_name_the_version_of_their_client_and_carry_a_signature_of_its_own() {
    let cases = captured();
    assert!(!cases.is_empty(), "there are captures");
    for (case, context) in cases {
        let client = text(&context, "client", &case);
        assert!(
            client
                .split(' ')
                .any(|word| word.starts_with(|c: char| c.is_ascii_digit())),
            "{case:?}: {client}"
        );
        let request =
            fs::read_to_string(case.join("request.http")).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        assert!(!request.contains("{signature}"), "{case:?} is signed by nobody");
        assert!(
            !case.join("signed.http").exists(),
            "{case:?} was signed by its client"
        );
        let known = ["AKIDEXAMPLE000000001", "ASIAQWERTYUIOPASDF12"]
            .iter()
            .any(|id| request.contains(id));
        assert!(
            known || !request.contains("Credential"),
            "{case:?} has another access key"
        );
    }
}

/// Causes that none of the clients here makes, by the reason.
const BY_HAND: &[(&str, &[&str])] = &[
    (
        "only a signer of one's own does it; every client here derives, encodes and formats as it must",
        &[
            "CLK-DATEHDR",
            "CLK-SCOPEDATE",
            "HDR-FOLD",
            "HDR-GCS",
            "KEY-CHAIN",
            "POL-B64",
            "SCP-REGION-KEY",
            "STR-MODE",
            "STR-SEED",
            "STS-FORMAT",
            "URI-EMPTY",
            "URI-MIXED",
            "URI-PLUS",
        ],
    ),
    (
        "the clients here write the names of headers and the letters of keys without regard to a language",
        &["HDR-CASEMAP", "URI-CHARSET"],
    ),
    (
        "nobody here uses a link for another object or part, gives it another life, or asks with OPTIONS",
        &["MTH-OPTIONS", "QRY-TAMPER", "URI-KEYCHANGED"],
    ),
    (
        "the proxies here pass query and letters on as they are, speak HTTP/1.1, and none is a forward proxy",
        &[
            "HST-FORWARDPROXY",
            "HST-H2",
            "QRY-CASE",
            "QRY-DROPPED",
            "URI-CASE",
        ],
    ),
    (
        "no client for signature version 4A is among those that the tests install",
        &["ALG-V4A"],
    ),
    (
        "the clients here hold the key of a form against the time and region that they write into it",
        &["POL-SCOPE"],
    ),
    (
        "a request that lay in a queue is one that arrives late, which no client does when asked",
        &["CLK-STALE"],
    ),
    (
        "nothing here writes a name in decomposed letters and sends it in composed ones",
        &["URI-NFC"],
    ),
    (
        "the proxies here change no byte of a body, and cut none off",
        &["STR-CHUNK", "STR-TRAILER"],
    ),
    (
        "the clients here say when a body is framed, and their proxies do not take that away alone",
        &["PAY-CHUNKED-RAW"],
    ),
    ("the proxies here pass the length of a body on", &["HDR-CL"]),
    (
        "a capture is one request, and this one is refused for another that came before it",
        &["PRE-USED"],
    ),
    (
        "a capture is held against its signature, and nothing is wrong with that of one, while the other has none",
        &["ACC-OWNER", "AUTH-NONE"],
    ),
    (
        "which keys there are besides, and were, the server knows; the request itself is one with a wrong secret",
        &["SEC-OTHERKEY", "SEC-ROTATED"],
    ),
    (
        "people give it to a client that would have taken a secret as well; that is captured as another cause",
        &["SEC-SMTP"],
    ),
    (
        "a request says nothing of the end of its session, which stands sealed in its token",
        &["TOK-EXPIRED"],
    ),
    (
        "no client here takes a bucket of this server for a directory bucket",
        &["TOK-S3EXPRESS"],
    ),
    (
        "what stands before the file is too large for a fixture that one reads",
        &["POL-SIZE"],
    ),
    (
        "the clients here format their dates for no language, wherever they run",
        &["CLK-CALENDAR"],
    ),
];
