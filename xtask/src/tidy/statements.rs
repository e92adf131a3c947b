//! The numbered statements of some pages of `docs/`: each has a number of its own and names tests that exist.
//!
//! A test is a function marked as one, also inside the macro for property tests, or a test of `conformance/` by its name.
//! A file counts by its path.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

use super::Finding;
use super::edges::in_backticks;
use super::rust;
use super::tree::Tree;

/// Every numbered statement has a number of its own and names tests that exist.
///
/// A statement is a paragraph `- **L3** text. Held by `test_name`, `conformance/file`.`, or a row of a table with its number in the
/// first cell and its tests in the last, `| **G1** | what could go wrong | what holds it | `test_name` |`.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let tests = test_names(tree);
    let mut findings = Vec::new();
    let mut numbers = BTreeSet::new();
    let statements = [SEMANTICS, OPERATIONS, SECURITY, DIAGNOSIS]
        .into_iter()
        .flat_map(|page| {
            let text = tree.text(page).unwrap_or_default();
            // Other pages have bold words in their lists that number nothing.
            let listed = if page == DIAGNOSIS {
                Vec::new()
            } else {
                numbered(text)
            };
            let statements = listed.into_iter().chain(rows(text));
            statements.into_iter().map(move |statement| (page, statement))
        });
    for (page, (number, text, line)) in statements {
        let mut fault = |text: String| findings.push(Finding::new(page, line, text));
        if !numbers.insert(number.clone()) {
            fault(format!("{number} is used twice"));
        }
        let held_by = text
            .rsplit_once(HELD_BY)
            .map_or_else(Vec::new, |(_, names)| in_backticks(names));
        if held_by.is_empty() {
            fault(format!(
                "{number} names no test: end it in \"Held by `test_name`.\""
            ));
        }
        for name in held_by
            .iter()
            .filter(|name| !tests.contains(name.as_str()) && !tree.contains(name))
        {
            fault(format!("{number} is held by `{name}`, which is no test"));
        }
    }
    findings
}

/// Number, text and line of every statement.
fn numbered(text: &str) -> Vec<(String, String, usize)> {
    let mut found: Vec<(String, String, usize)> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        if let Some((number, rest)) = line.strip_prefix("- **").and_then(|rest| rest.split_once("** ")) {
            found.push((number.to_owned(), rest.to_owned(), at + 1));
            open = true;
        } else if line.starts_with("  ") && open {
            if let Some((_, text, _)) = found.last_mut() {
                text.push(' ');
                text.push_str(line.trim());
            }
        } else {
            open = false;
        }
    }
    found
}

/// Number, text and line of every row of a table that has a number.
fn rows(text: &str) -> Vec<(String, String, usize)> {
    let row = |(at, line): (usize, &str)| {
        let (number, rest) = line.strip_prefix("| **")?.split_once("** |")?;
        let (text, tests) = rest.trim_end().trim_end_matches('|').rsplit_once('|')?;
        Some((number.to_owned(), format!("{text}{HELD_BY}{tests}"), at + 1))
    };
    text.lines().enumerate().filter_map(row).collect()
}

/// Names of functions that are marked as tests, and the names of tests in `conformance/`.
fn test_names(tree: &Tree) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let settings = tree.text(PYTEST).unwrap_or_default().lines();
    let prefixes = settings
        .filter_map(|line| line.strip_prefix("python_functions ="))
        .next()
        .unwrap_or_default();
    let prefixes: Vec<&str> = prefixes
        .split_whitespace()
        .map(|word| word.trim_end_matches('*'))
        .collect();
    for (path, text) in tree.texts().filter(|(path, _)| path.starts_with("conformance/")) {
        if path.ends_with(".js") {
            for (opening, end) in [("test(\"", '"'), ("test(`", '`')] {
                let calls = text
                    .split(opening)
                    .skip(1)
                    .filter_map(|rest| rest.split(end).next());
                names.extend(calls.map(str::to_owned));
            }
        } else if path.ends_with(".py") {
            let functions = text
                .lines()
                .filter_map(|line| line.strip_prefix("def ")?.split('(').next());
            let tests = functions.filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)));
            names.extend(tests.map(str::to_owned));
        }
    }
    for (_, text) in tree.rust_below("") {
        if let Ok(file) = rust::parse(text) {
            gather_tests(file.into_token_stream(), &mut names);
        }
    }
    names
}

/// Looks at tokens, since property tests stand inside a macro.
fn gather_tests(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let mut marked = false;
    let mut after_fn = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let mut words = Vec::new();
                if group.delimiter() == Delimiter::Bracket {
                    rust::identifiers(group.stream(), &mut words);
                }
                let path: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).take(2).collect();
                marked |= path.first() == Some(&"test") || path == ["tokio", "test"];
                // The body of a function ends what its attributes marked.
                if group.delimiter() == Delimiter::Brace {
                    marked = false;
                    gather_tests(group.stream(), names);
                }
            }
            TokenTree::Ident(ident) if after_fn => {
                if marked {
                    names.insert(ident.to_string());
                }
                after_fn = false;
            }
            TokenTree::Ident(ident) => after_fn = ident == "fn",
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Says which Python functions are tests.
const PYTEST: &str = "conformance/python/pytest.ini";

pub(super) const SEMANTICS: &str = "docs/semantics.md";
const OPERATIONS: &str = "docs/operations.md";
const SECURITY: &str = "docs/security.md";
const DIAGNOSIS: &str = "docs/diagnosis.md";

/// What stands between a statement and the names of its tests.
const HELD_BY: &str = "Held by ";

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    const TESTS: (&str, &str) = (
        "crates/store/tests/all.rs",
        "#[test]\nfn one() {}\n#[tokio::test(flavor = \"x\")]\nasync fn two() {}\nfn helper() {}\n\
         proptest! { #![proptest_config(x)] #[test] fn three(x in 0..3) {} }",
    );

    fn faults(text: &str) -> Vec<String> {
        let files = [
            TESTS,
            ("docs/semantics.md", text),
            ("conformance/x.py", "def raw_four(x):\ndef helper_of_raw(x):"),
            (
                "conformance/python/pytest.ini",
                "[pytest]\npython_functions = curl_* raw_*\n",
            ),
            ("conformance/y.js", "test(\"js puts\", f)"),
        ];
        check(&Tree::of(&files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn statements_with_tests_have_no_finding() {
        let text = "# Lists\n\n- **L1** Sorts.\n  Held by `one`, `two`.\n- **P1** Puts. Held by `three`,\n  `conformance/x.py`, `raw_four`, `js puts`.\n";
        assert_eq!(faults(text), [""; 0]);
    }

    #[test]
    fn statements_of_all_pages_are_looked_at_and_share_their_numbers() {
        let files = [
            TESTS,
            ("docs/semantics.md", "- **L1** Sorts. Held by `one`."),
            (
                "docs/operations.md",
                "- **L1** Starts. Held by `two`.\n- **D1** Stops. Held by `gone`.",
            ),
            ("docs/security.md", "- **I1** Keeps. Held by `nothing`."),
        ];
        let found: Vec<String> = check(&Tree::of(&files)).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/operations.md:1: L1 is used twice",
                "docs/operations.md:2: D1 is held by `gone`, which is no test",
                "docs/security.md:1: I1 is held by `nothing`, which is no test"
            ]
        );
    }

    #[test]
    fn rows_of_a_table_are_statements_too() {
        let table = |rows: &str| {
            let page = format!("| | danger | held by | test |\n|---|---|---|---|\n{rows}");
            let files = [TESTS, ("docs/diagnosis.md", page.as_str())];
            check(&Tree::of(&files))
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            table("| **G1** | a | b, `c` | `one`, `two` |\n| **G2** | a | b | `three` |\n"),
            [""; 0]
        );
        let found = table("| **G1** | a | `one` | nothing |\n| **G1** | a | b | `gone` |\n");
        assert_eq!(found.len(), 3, "{found:?}");
        for (line, part) in [
            (3, "G1 names no test"),
            (4, "G1 is used twice"),
            (4, "`gone`, which is no test"),
        ] {
            let told = found.iter().any(|finding| {
                finding.starts_with(&format!("docs/diagnosis.md:{line}: ")) && finding.contains(part)
            });
            assert!(told, "{part} {found:?}");
        }
    }

    #[test]
    fn statement_without_test_is_found() {
        for (text, part) in [
            ("- **L1** Sorts.", "L1 names no test"),
            ("- **L1** Sorts. Held by `helper`.", "`helper`, which is no test"),
            ("- **L1** Sorts. Held by `gone`.", "`gone`, which is no test"),
            (
                "- **L1** Sorts. Held by `helper_of_raw`.",
                "`helper_of_raw`, which is no test",
            ),
            (
                "- **L1** Sorts. Held by `one`.\n- **L1** Sorts. Held by `one`.",
                "L1 is used twice",
            ),
        ] {
            let found = faults(text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(part), "{found:?}");
        }
    }
}
