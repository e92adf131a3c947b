//! What is promised is shown: every operation has its statements, every statement its test, every cause its page and fixtures.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

use super::Finding;
use super::edges::in_backticks;
use super::rust;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = operations(tree);
    findings.extend(statements(tree));
    findings.extend(causes(tree));
    findings
}

/// Every variant of `protocol::Operation` is named in the semantics.
fn operations(tree: &Tree) -> Vec<Finding> {
    let semantics = tree.text(SEMANTICS).unwrap_or_default();
    let mut findings = Vec::new();
    for (path, text) in tree.rust_below("crates/protocol/src/") {
        let Ok(file) = rust::parse(text) else { continue };
        for item in &file.items {
            let syn::Item::Enum(item) = item else { continue };
            if item.ident != "Operation" {
                continue;
            }
            for variant in item
                .variants
                .iter()
                .filter(|variant| !semantics.contains(&format!("`{}`", variant.ident)))
            {
                let text = format!("{SEMANTICS} says nothing about `{}`", variant.ident);
                findings.push(Finding::new(path, rust::line(variant.ident.span()), text));
            }
        }
    }
    findings
}

/// Every numbered statement has a number of its own and names tests that exist.
///
/// A statement is a paragraph `- **L3** text. Held by `test_name`, `conformance/file`.`
fn statements(tree: &Tree) -> Vec<Finding> {
    let tests = test_names(tree);
    let mut findings = Vec::new();
    let mut numbers = BTreeSet::new();
    for (number, text, line) in numbered(tree.text(SEMANTICS).unwrap_or_default()) {
        let mut fault = |text: String| findings.push(Finding::new(SEMANTICS, line, text));
        if !numbers.insert(number.clone()) {
            fault(format!("{number} is used twice"));
        }
        let held_by = text
            .rsplit_once("Held by ")
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

/// Names of functions that some attribute ending in `test` marks, and of property tests.
fn test_names(tree: &Tree) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
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
                if group.delimiter() == proc_macro2::Delimiter::Bracket {
                    rust::identifiers(group.stream(), &mut words);
                }
                let path: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).take(2).collect();
                marked |= path.first() == Some(&"test") || path == ["tokio", "test"];
                // The body of a function ends what its attributes marked.
                if group.delimiter() == proc_macro2::Delimiter::Brace {
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

/// Every cause has one rule, a page, and fixtures; no page and no fixture is left over.
fn causes(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let known = cause_ids(tree);
    for (id, (path, line)) in &known {
        let mut fault = |text: String| findings.push(Finding::new(*path, *line, text));
        if !tree.contains(&format!("{PAGES}{id}.md")) {
            fault(format!("{id} has no page: write {PAGES}{id}.md"));
        }
        let fixtures = fixtures_of(tree, id);
        if fixtures < 2 {
            fault(format!(
                "{id} has {fixtures} fixtures in {FIXTURES}: a rule needs two"
            ));
        }
    }
    for path in tree
        .paths()
        .filter(|path| path.starts_with(PAGES) && path.ends_with(".md"))
    {
        let id = path.trim_start_matches(PAGES).trim_end_matches(".md");
        if id != "README" && !known.contains_key(id) {
            findings.push(Finding::new(path, 0, format!("no rule is called {id}")));
        }
    }
    findings
}

/// The ids that rules carry (`id: "HST-PROXY"` or `const ID: &str = "HST-PROXY"`), with where they stand.
fn cause_ids(tree: &Tree) -> BTreeMap<String, (&str, usize)> {
    let mut ids = BTreeMap::new();
    for (path, text) in tree.rust_below(RULES) {
        if let Ok(file) = rust::parse(text) {
            gather_ids(path, file.into_token_stream(), &mut ids);
        }
    }
    ids
}

fn gather_ids<'a>(path: &'a str, tokens: TokenStream, ids: &mut BTreeMap<String, (&'a str, usize)>) {
    let mut named_id = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => gather_ids(path, group.stream(), ids),
            TokenTree::Ident(ident) => {
                named_id = ident == "id" || ident == "ID" || (named_id && ident == "str")
            }
            TokenTree::Literal(literal) if named_id => {
                let line = rust::line(literal.span());
                let id = literal.to_string().trim_matches('"').to_owned();
                ids.entry(id).or_insert((path, line));
                named_id = false;
            }
            TokenTree::Punct(punct) => named_id &= ":=&".contains(punct.as_char()),
            TokenTree::Literal(_) => {}
        }
    }
}

/// How many fixture folders belong to a cause: they are called by its id, in lower case, and what differs.
fn fixtures_of(tree: &Tree, id: &str) -> usize {
    let prefix = format!("{FIXTURES}{}", id.to_ascii_lowercase());
    let folders: BTreeSet<&str> = tree
        .paths()
        .filter(|path| path.to_ascii_lowercase().starts_with(&prefix))
        .filter_map(|path| path.rsplit_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    folders.len()
}

const SEMANTICS: &str = "docs/semantics.md";
const RULES: &str = "crates/diagnose/src/rules/";
const PAGES: &str = "crates/diagnose/pages/";
const FIXTURES: &str = "crates/diagnose/fixtures/";

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    const OPERATIONS: (&str, &str) = (
        "crates/protocol/src/operation.rs",
        "pub enum Operation {\n ListBuckets,\n PutObject(PutObject),\n}",
    );
    const TESTS: (&str, &str) = (
        "crates/store/tests/all.rs",
        "#[test]\nfn one() {}\n#[tokio::test(flavor = \"x\")]\nasync fn two() {}\nfn helper() {}\n\
         proptest! { #![proptest_config(x)] #[test] fn three(x in 0..3) {} }",
    );

    #[test]
    fn statements_with_tests_for_every_operation_have_no_finding() {
        let text = "# Lists\n\n- **L1** `ListBuckets` sorts.\n  Held by `one`, `two`.\n- **P1** `PutObject` puts. Held by `three`,\n  `conformance/x.py`.\n";
        let found = faults(&[
            OPERATIONS,
            TESTS,
            ("docs/semantics.md", text),
            ("conformance/x.py", ""),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn operation_without_statement_is_found() {
        let found = faults(&[OPERATIONS, ("docs/semantics.md", "`ListBuckets`")]);
        assert_eq!(
            found,
            ["crates/protocol/src/operation.rs:3: docs/semantics.md says nothing about `PutObject`"]
        );
    }

    #[test]
    fn statement_without_test_is_found() {
        for (text, part) in [
            ("- **L1** Sorts.", "L1 names no test"),
            ("- **L1** Sorts. Held by `helper`.", "`helper`, which is no test"),
            ("- **L1** Sorts. Held by `gone`.", "`gone`, which is no test"),
            (
                "- **L1** Sorts. Held by `one`.\n- **L1** Sorts. Held by `one`.",
                "L1 is used twice",
            ),
        ] {
            let found = faults(&[TESTS, ("docs/semantics.md", text)]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(part), "{found:?}");
        }
    }

    const RULE: (&str, &str) = (
        "crates/diagnose/src/rules/proxy.rs",
        "const ID: &str = \"HST-PROXY\";\nstruct R { id: u8 }",
    );
    const PAGE: (&str, &str) = ("crates/diagnose/pages/HST-PROXY.md", "text");
    const FIXTURES: [(&str, &str); 2] = [
        ("crates/diagnose/fixtures/hst-proxy/request.http", ""),
        ("crates/diagnose/fixtures/hst-proxy-2/request.http", ""),
    ];

    #[test]
    fn cause_with_page_and_fixtures_has_no_finding() {
        assert_eq!(faults(&[RULE, PAGE, FIXTURES[0], FIXTURES[1]]), [""; 0]);
    }

    #[test]
    fn cause_without_page_or_fixtures_is_found() {
        assert!(faults(&[RULE, FIXTURES[0], FIXTURES[1]])[0].contains("HST-PROXY has no page"));
        assert!(faults(&[RULE, PAGE, FIXTURES[0]])[0].contains("HST-PROXY has 1 fixtures"));
    }

    #[test]
    fn page_without_cause_is_found() {
        assert_eq!(
            faults(&[PAGE]),
            ["crates/diagnose/pages/HST-PROXY.md: no rule is called HST-PROXY"]
        );
    }
}
