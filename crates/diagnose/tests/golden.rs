//! Every fixture gives exactly its cause: `fixtures/<case>/` holds what was signed, what arrived, and what is said.
//!
//! `signed.http` is signed with the context's secret; its signature stands for `{signature}` in `request.http`. A folder called
//! `captured-..` holds what a real client sent, with the signature that it made: `conformance/capture` writes those. The id and status in the context are asserted by themselves, so that blessing cannot hide a wrong cause.
//! `COUNTERSIGN_BLESS=1` rewrites `expected.txt`.

#![expect(clippy::panic, reason = "a broken fixture is named before the test ends")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_diagnose::{Level, SENTENCE_CHARACTERS_MAX, SENTENCE_OF_TWO_CHARACTERS_MAX, ids};
use support::{CAPTURED, Context, describe, is_captured, unhurried};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let entries = fs::read_dir(folder).expect("the fixtures");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("a fixture").path()).collect();
    cases.sort();
    cases
}

fn read(case: &Path, name: &str) -> String {
    fs::read_to_string(case.join(name))
        .unwrap_or_else(|error| panic!("{}: {error}", case.join(name).display()))
}

fn context(case: &Path) -> Context {
    Context(
        serde_json::from_str(&read(case, "context.json")).unwrap_or_else(|error| panic!("{case:?}: {error}")),
    )
}

fn name(case: &Path) -> String {
    case.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn every_fixture_gives_exactly_its_cause() {
    let bless = std::env::var_os("COUNTERSIGN_BLESS").is_some();
    let mut faults = Vec::new();
    for case in fixtures() {
        let (name, context) = (name(&case), context(&case));
        let (received, _) = context.arrived(&case);
        let Some(diagnosis) = context.receive(&received, unhurried()) else {
            faults.push(format!("{name}: nothing is wrong with this request"));
            continue;
        };
        let (full, basic) = (diagnosis.at(Level::Full), diagnosis.at(Level::Basic));
        // Of what only some may know, the operator is told.
        let operator = diagnosis.at(Level::Operator);
        let told = operator.told();
        let (cause, status) = (
            context.text("cause").expect("a cause"),
            context.text("status").expect("a status"),
        );
        if told.join(", ") != cause || operator.status != status {
            faults.push(format!(
                "{name}: expected {cause} {status}, got {} {}",
                told.join(", "),
                operator.status
            ));
        }
        for report in [&operator, &full, &basic] {
            let limit = if told.len() > 1 {
                SENTENCE_OF_TWO_CHARACTERS_MAX
            } else {
                SENTENCE_CHARACTERS_MAX
            };
            if report.sentence.len() > limit {
                faults.push(format!(
                    "{name}: {} characters: {}",
                    report.sentence.len(),
                    report.sentence
                ));
            }
        }
        let text = describe(&diagnosis, &operator, &full, &basic);
        if bless {
            fs::write(case.join("expected.txt"), &text).expect("writing");
        } else if fs::read_to_string(case.join("expected.txt")).unwrap_or_default() != text {
            faults.push(format!("{name}: expected.txt differs; it is now:\n{text}"));
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn every_rule_has_two_fixtures() {
    let mut counted: BTreeMap<String, usize> = ids().map(|id| (id.to_owned(), 0)).collect();
    for case in fixtures().iter().filter(|case| !is_captured(case)) {
        for id in context(case).text("cause").expect("a cause").split(", ") {
            *counted.get_mut(id).unwrap_or_else(|| panic!("{id} is no rule")) += 1;
        }
    }
    let few: Vec<&String> = counted
        .iter()
        .filter(|(_, count)| **count < 2)
        .map(|(id, _)| id)
        .collect();
    assert!(few.is_empty(), "fewer than two fixtures: {few:?}");
}

#[test]
fn fixtures_are_named_after_one_of_their_causes() {
    for case in fixtures() {
        let name = name(&case);
        let name = name.strip_prefix(CAPTURED).unwrap_or(&name);
        let cause = context(&case).text("cause").expect("a cause").to_lowercase();
        assert!(
            cause.split(", ").any(|id| name.starts_with(id)) || name.starts_with("none-"),
            "{name} is about {cause}"
        );
    }
}
