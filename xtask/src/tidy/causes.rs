//! Causes of a mismatch: each rule has a page and two fixtures, and no page is left without a rule.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

use super::Finding;
use super::rust;
use super::tree::Tree;

/// Every cause has one rule, a page, and fixtures; no page and no fixture is left over.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
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
        if id != "README" && !known.contains_key(id) && !is_elsewhere(tree, id) {
            findings.push(Finding::new(path, 0, format!("no rule is called {id}")));
        }
    }
    findings
}

/// Whether it is one of those that only the client's side can name.
fn is_elsewhere(tree: &Tree, id: &str) -> bool {
    let text = tree.text(ELSEWHERE).unwrap_or_default();
    text.contains(&format!("id: \"{id}\""))
}

/// The ids that rules carry, with where they stand: the first text of a `Rule::new(..)`.
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
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        gather_ids(path, group.stream(), ids);
        let Some([type_name, _, _, function]) = at.checked_sub(4).and_then(|from| tokens.get(from..at))
        else {
            continue;
        };
        if type_name.to_string() != "Rule" || function.to_string() != "new" {
            continue;
        }
        if let Some(TokenTree::Literal(id)) = group.stream().into_iter().next() {
            let line = rust::line(id.span());
            ids.entry(id.to_string().trim_matches('"').to_owned())
                .or_insert((path, line));
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

const RULES: &str = "crates/diagnose/src/rules/";
const ELSEWHERE: &str = "crates/diagnose/src/elsewhere.rs";
const PAGES: &str = "crates/diagnose/pages/";
const FIXTURES: &str = "crates/diagnose/fixtures/";

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    const RULE: (&str, &str) = (
        "crates/diagnose/src/rules/proxy.rs",
        "const PROXY: Rule = Rule { weight: 9, ..Rule::new(\"HST-PROXY\", \"T\", include_str!(\"x\")) };\nfn a() { Words::new(\"B\") }",
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
        let elsewhere = (super::ELSEWHERE, "Elsewhere { id: \"HST-PROXY\", title: \"T\" }");
        assert_eq!(faults(&[PAGE, elsewhere]), [""; 0]);
    }
}
