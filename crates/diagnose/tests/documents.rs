//! The pages, `docs/diagnosis.md` and the README say what the rules say.
//!
//! `COUNTERSIGN_BLESS=1` rewrites the table of causes in `docs/diagnosis.md` and the number in the README.

use std::fs;
use std::path::Path;

use countersign_diagnose::{client_ids, ids, page, title};

const BEGIN: &str = "cargo test -p countersign-diagnose --test documents -->\n";
const END: &str = "<!-- ids: end -->";
const CLIENT_BEGIN: &str = "<!-- client ids: begin -->\n";
const CLIENT_END: &str = "<!-- client ids: end -->";

#[test]
fn every_page_has_its_four_parts() {
    for id in ids().chain(client_ids()) {
        let page = page(id).expect("a page");
        let heading = format!("# {id}: {}\n", title(id).expect("a title"));
        assert!(page.starts_with(&heading), "{id} must begin with {heading}");
        let mut rest = page;
        for part in [
            "\n## How it is proven\n",
            "\n## What to change\n",
            "\n## Example\n",
        ] {
            let (before, after) = rest.split_once(part).unwrap_or_default();
            assert!(!before.trim().is_empty(), "{id} has nothing before {part}");
            assert!(!after.trim().is_empty(), "{id} has nothing under {part}");
            rest = after;
        }
    }
}

#[test]
fn ids_are_told_apart_and_found_in_any_case() {
    let mut all: Vec<&str> = ids().chain(client_ids()).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "an id stands twice in the table");
    assert_eq!(page("hst-proxy"), page("HST-PROXY"));
    assert_eq!(page("HST-NOTHING"), None);
    for id in all {
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'),
            "{id}"
        );
    }
}

/// The text with a table of these causes between the two marks.
fn listed(text: &str, begin: &str, end: &str, ids: impl Iterator<Item = &'static str>) -> String {
    let (before, rest) = text.split_once(begin).expect("the beginning of the list");
    let (_, after) = rest.split_once(end).expect("the end of the list");
    let mut table = String::from("\n| id | what happened |\n|---|---|\n");
    for id in ids {
        let title = title(id).expect("a title");
        table.push_str(&format!(
            "| [{id}](../crates/diagnose/pages/{id}.md) | {title} |\n"
        ));
    }
    format!("{before}{begin}{table}\n{end}{after}")
}

#[test]
fn the_manual_lists_every_cause() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diagnosis.md");
    let text = fs::read_to_string(&path).expect("docs/diagnosis.md");
    let fresh = listed(&text, BEGIN, END, ids());
    let fresh = listed(&fresh, CLIENT_BEGIN, CLIENT_END, client_ids());
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        fs::write(&path, &fresh).expect("writing");
    } else {
        assert!(
            fresh == text,
            "the list of causes in docs/diagnosis.md is old; bless it"
        );
    }
}

#[test]
fn the_readme_says_how_many_causes_there_are() {
    const TENS: [&str; 15] = [
        "no",
        "ten",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "seventy",
        "eighty",
        "ninety",
        "a hundred",
        "a hundred and ten",
        "a hundred and twenty",
        "a hundred and thirty",
        "a hundred and forty",
    ];
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = fs::read_to_string(&path).expect("README.md");
    let (before, rest) = text
        .split_once("The diagnosis, for more than ")
        .expect("the line about the diagnosis");
    let (_, after) = rest.split_once(" causes").expect("the end of the number");
    let tens = TENS
        .get((ids().count() - 1) / 10)
        .expect("a word for this many causes");
    let fresh = format!("{before}The diagnosis, for more than {tens} causes{after}");
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        fs::write(&path, &fresh).expect("writing");
    } else {
        assert!(fresh == text, "the README must say: more than {tens} causes");
    }
}
