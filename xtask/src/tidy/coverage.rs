//! What the protocol offers is spoken of and shown: every operation in the semantics, every error code in a test.

use proc_macro2::{TokenStream, TokenTree};

use super::Finding;
use super::rust;
use super::statements::SEMANTICS;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = operations(tree);
    findings.extend(error_codes(tree));
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

/// Every S3 error code is given by product code, and expected by a test.
fn error_codes(tree: &Tree) -> Vec<Finding> {
    let Some(Ok(file)) = tree.text(ERROR_CODES).map(rust::parse) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let elsewhere = || {
        tree.texts()
            .filter(|(path, _)| *path != ERROR_CODES && !path.starts_with("docs/"))
    };
    for (code, line) in codes(&file) {
        let given = format!("ErrorCode::{code}");
        if !elsewhere().any(|(_, text)| names(product_part(text), &given)) {
            findings.push(Finding::new(
                ERROR_CODES,
                line,
                format!("nothing answers `{code}`"),
            ));
        }
        if !elsewhere().any(|(path, text)| names(test_part(path, text), &code)) {
            findings.push(Finding::new(
                ERROR_CODES,
                line,
                format!("no test expects `{code}`"),
            ));
        }
    }
    findings
}

/// The rows of `error_codes! { Name STATUS "message"; .. }`.
fn codes(file: &syn::File) -> Vec<(String, usize)> {
    let table = file.items.iter().find_map(|item| match item {
        syn::Item::Macro(item) if item.mac.path.is_ident("error_codes") => Some(item.mac.tokens.clone()),
        _ => None,
    });
    let tokens: Vec<TokenTree> = table.unwrap_or_else(TokenStream::new).into_iter().collect();
    let rows = tokens.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'));
    rows.filter_map(|row| match row.first() {
        Some(TokenTree::Ident(name)) => Some((name.to_string(), rust::line(name.span()))),
        _ => None,
    })
    .collect()
}

/// The text ahead of a file's own tests.
fn product_part(text: &str) -> &str {
    text.split_once(TESTS_BEGIN).map_or(text, |(product, _)| product)
}

/// The text in which a test can expect something: files of tests and fixtures whole, of the others their foot.
fn test_part<'a>(path: &str, text: &'a str) -> &'a str {
    let of_tests = path.starts_with("conformance/")
        || path.split('/').any(|part| part == "tests" || part == "fixtures")
        || path.ends_with("tests.rs");
    if of_tests {
        text
    } else {
        text.split_once(TESTS_BEGIN).map_or("", |(_, tests)| tests)
    }
}

/// Whether `word` stands in the text on its own.
fn names(text: &str, word: &str) -> bool {
    let part_of_word = |next: char| next.is_ascii_alphanumeric() || next == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}

const ERROR_CODES: &str = "crates/protocol/src/error_code.rs";

const TESTS_BEGIN: &str = "#[cfg(test)]";

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

    #[test]
    fn operation_without_statement_is_found() {
        assert_eq!(
            faults(&[OPERATIONS, ("docs/semantics.md", "`ListBuckets`, `PutObject`")]),
            [""; 0]
        );
        let found = faults(&[OPERATIONS, ("docs/semantics.md", "`ListBuckets`")]);
        assert_eq!(
            found,
            ["crates/protocol/src/operation.rs:3: docs/semantics.md says nothing about `PutObject`"]
        );
    }

    const CODES: (&str, &str) = (
        "crates/protocol/src/error_code.rs",
        "macro_rules! error_codes { () => {} }\nerror_codes! {\n NoSuchKey NOT_FOUND \"no; key\";\n}",
    );
    const GIVEN: (&str, &str) = ("crates/server/src/refusal.rs", "fn a() { ErrorCode::NoSuchKey }");

    #[test]
    fn code_that_is_given_and_expected_has_no_finding() {
        let foot = (
            "crates/server/src/b.rs",
            "#[cfg(test)]\nmod tests { const A: &str = \"NoSuchKey\"; }",
        );
        for expected in [
            ("conformance/a.py", "'NoSuchKey'"),
            ("crates/a/tests/b.rs", "NoSuchKey"),
            foot,
        ] {
            assert_eq!(faults(&[CODES, GIVEN, expected]), [""; 0], "{expected:?}");
        }
    }

    #[test]
    fn code_that_nobody_gives_or_expects_is_found() {
        let expected = ("conformance/a.py", "'NoSuchKey'");
        assert_eq!(
            faults(&[CODES, expected]),
            ["crates/protocol/src/error_code.rs:3: nothing answers `NoSuchKey`"]
        );
        let longer = ("conformance/a.py", "'NoSuchKeyAtAll'");
        assert_eq!(
            faults(&[CODES, GIVEN, longer]),
            ["crates/protocol/src/error_code.rs:3: no test expects `NoSuchKey`"]
        );
    }
}
