//! Reads Rust files for the other checks: what is product code, and which paths does it name.
//!
//! Works on parsed syntax, so a comment or a string that mentions a clock is no finding, and a renamed import is one.
//! It does not follow types: `Default::default()` of a foreign type that reads a clock would not be seen.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;

use super::tree::Tree;

/// A path as the code means it: imports and renames are resolved, `::` leads are dropped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: Vec<String>,
    /// `println!` and the like.
    pub(super) invoked: bool,
    pub(super) line: usize,
}

impl Named {
    /// Whether the path is `prefix` or lies below it.
    pub(super) fn starts_with(&self, prefix: &str) -> bool {
        let wanted: Vec<&str> = prefix.split("::").collect();
        self.path.len() >= wanted.len() && self.path.iter().zip(&wanted).all(|(have, want)| have == want)
    }
}

/// Parses a file; the error names the line.
pub(super) fn parse(text: &str) -> Result<syn::File, (usize, String)> {
    syn::parse_file(text).map_err(|error| (line(error.span()), error.to_string()))
}

/// The files of the crate in `folder` (`crates/types`) that end up in the product: below `src/`, and not behind `#[cfg(test)]`.
pub(super) fn product_files<'a>(tree: &'a Tree, folder: &'a str) -> Vec<(&'a str, &'a str)> {
    let source = format!("{folder}/src/");
    let mut behind_test = BTreeSet::new();
    for (path, text) in tree
        .texts()
        .filter(|(path, _)| path.starts_with(&source) && path.ends_with(".rs"))
    {
        if let Ok(file) = parse(text) {
            for item in &file.items {
                test_modules(item, &module_folder(path), &mut behind_test);
            }
        }
    }
    let is_product = |path: &str| {
        let stem = path.trim_end_matches(".rs").trim_end_matches("/mod");
        !behind_test
            .iter()
            .any(|test: &String| stem == test || stem.starts_with(&format!("{test}/")))
    };
    let files = tree
        .texts()
        .filter(|(path, _)| path.starts_with(&source) && path.ends_with(".rs"));
    files.filter(|(path, _)| is_product(path)).collect()
}

/// Every path that the product part of a file names, macros included.
pub(super) fn named(file: &syn::File) -> Vec<Named> {
    let items: Vec<syn::Item> = file.items.iter().filter_map(without_tests).collect();
    let mut imports = BTreeMap::new();
    let mut found = Vec::new();
    let mut rest = TokenStream::new();
    for item in items {
        gather_imports(item, &mut imports, &mut found, &mut rest);
    }
    scan(rest, &imports, &mut found);
    found
}

/// Every identifier of a file, tests included, with its line.
pub(super) fn identifiers(tokens: TokenStream, found: &mut Vec<(String, usize)>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => found.push((ident.to_string(), line(ident.span()))),
            TokenTree::Group(group) => identifiers(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

pub(super) fn line(span: Span) -> usize {
    span.start().line
}

/// Whether one of the attributes is `#[cfg(..)]` with `test` in it, and not `not(test)`.
pub(super) fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        if attribute.path().is_ident("test") {
            return true;
        }
        let syn::Meta::List(list) = &attribute.meta else {
            return false;
        };
        if !list.path.is_ident("cfg") {
            return false;
        }
        let mut words = Vec::new();
        identifiers(list.tokens.clone(), &mut words);
        words.iter().any(|(word, _)| word == "test")
            && !words.iter().any(|(word, _)| word == "not" || word == "any")
    })
}

/// `src/foo.rs` keeps its child modules in `src/foo`; `lib.rs`, `main.rs` and `mod.rs` keep theirs beside them.
fn module_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => path.trim_end_matches(".rs").to_owned(),
    }
}

fn test_modules(item: &syn::Item, folder: &str, found: &mut BTreeSet<String>) {
    let syn::Item::Mod(module) = item else { return };
    let path = format!("{folder}/{}", module.ident);
    if is_test_only(&module.attrs) {
        found.insert(path);
    } else if let Some((_, items)) = &module.content {
        for item in items {
            test_modules(item, &path, found);
        }
    }
}

/// The item without what only tests see; `None` if nothing is left.
fn without_tests(item: &syn::Item) -> Option<syn::Item> {
    let attributes = attributes_of(item);
    if is_test_only(attributes) {
        return None;
    }
    let mut item = item.clone();
    match &mut item {
        syn::Item::Mod(module) => {
            if let Some((_, items)) = &mut module.content {
                *items = items.iter().filter_map(without_tests).collect();
            }
        }
        syn::Item::Impl(block) => block.items.retain(|item| match item {
            syn::ImplItem::Fn(function) => !is_test_only(&function.attrs),
            syn::ImplItem::Const(constant) => !is_test_only(&constant.attrs),
            _ => true,
        }),
        _ => {}
    }
    Some(item)
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Takes `use` items apart into `imports` and `found`; everything else goes to `rest` as tokens.
fn gather_imports(
    item: syn::Item,
    imports: &mut BTreeMap<String, Vec<String>>,
    found: &mut Vec<Named>,
    rest: &mut TokenStream,
) {
    match item {
        syn::Item::Use(item) => import(&item.tree, &mut Vec::new(), imports, found),
        syn::Item::Mod(syn::ItemMod {
            content: Some((_, items)),
            ..
        }) => {
            for item in items {
                gather_imports(item, imports, found, rest);
            }
        }
        other => other.to_tokens(rest),
    }
}

fn import(
    tree: &syn::UseTree,
    prefix: &mut Vec<String>,
    imports: &mut BTreeMap<String, Vec<String>>,
    found: &mut Vec<Named>,
) {
    match tree {
        syn::UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            import(&path.tree, prefix, imports, found);
            prefix.pop();
        }
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                import(tree, prefix, imports, found);
            }
        }
        syn::UseTree::Name(name) => {
            let mut path = prefix.clone();
            if name.ident != "self" {
                path.push(name.ident.to_string());
            }
            let local = path.last().cloned().unwrap_or_default();
            keep_import(local, path, line(name.ident.span()), imports, found);
        }
        syn::UseTree::Rename(rename) => {
            let mut path = prefix.clone();
            if rename.ident != "self" {
                path.push(rename.ident.to_string());
            }
            keep_import(
                rename.rename.to_string(),
                path,
                line(rename.ident.span()),
                imports,
                found,
            );
        }
        syn::UseTree::Glob(glob) => {
            let mut path = prefix.clone();
            path.push("*".to_owned());
            found.push(Named {
                path,
                invoked: false,
                line: line(glob.span()),
            });
        }
    }
}

fn keep_import(
    local: String,
    path: Vec<String>,
    line: usize,
    imports: &mut BTreeMap<String, Vec<String>>,
    found: &mut Vec<Named>,
) {
    found.push(Named {
        path: path.clone(),
        invoked: false,
        line,
    });
    imports.insert(local, path);
}

/// Finds `a::b::c` and `name!` in a token stream, into every group.
fn scan(tokens: TokenStream, imports: &BTreeMap<String, Vec<String>>, found: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Group(group) => scan(group.stream(), imports, found),
            TokenTree::Ident(ident) => {
                let line = line(ident.span());
                // `x.name` and `'name` are no paths.
                let after_dot =
                    at > 0 && matches!(&tokens[at - 1], TokenTree::Punct(dot) if dot.as_char() == '.');
                let mut path = vec![ident.to_string()];
                while is_separator(&tokens, at + 1) {
                    let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else {
                        break;
                    };
                    path.push(next.to_string());
                    at += 3;
                }
                let invoked = is_invocation(&tokens, at + 1);
                if !after_dot {
                    found.push(Named {
                        path: resolve(path, imports),
                        invoked,
                        line,
                    });
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at += 1;
    }
}

fn resolve(path: Vec<String>, imports: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    match path
        .split_first()
        .and_then(|(first, rest)| Some((imports.get(first)?, rest)))
    {
        Some((imported, rest)) => imported.iter().chain(rest).cloned().collect(),
        None => path,
    }
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(at) && colon(at + 1)
}

fn is_invocation(tokens: &[TokenTree], at: usize) -> bool {
    let bang = matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
    bang && matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() != Delimiter::None)
}

#[cfg(test)]
mod tests {
    use super::{Named, named, parse, product_files};
    use crate::tidy::tree::Tree;

    fn paths(text: &str) -> Vec<String> {
        let file = parse(text).unwrap_or_else(|(line, error)| panic!("line {line}: {error}"));
        named(&file)
            .into_iter()
            .map(|named| named.path.join("::"))
            .collect()
    }

    #[test]
    fn imports_and_renames_are_resolved() {
        let found = paths(
            "use std::{fs as f, time::{self, Duration}};\nfn a() { f::read(x); time::Instant::now(); }",
        );
        assert!(found.contains(&"std::fs::read".to_owned()), "{found:?}");
        assert!(found.contains(&"std::time::Instant::now".to_owned()), "{found:?}");
    }

    #[test]
    fn paths_inside_macros_are_found() {
        let found = paths("fn a() { let x = format!(\"{}\", std::env::var(\"A\")); }");
        assert!(found.contains(&"std::env::var".to_owned()), "{found:?}");
    }

    #[test]
    fn comments_strings_fields_and_tests_are_not_product_paths() {
        let text = "
            /// std::fs::read is not used here
            fn a() -> &'static str { thing.tokio; \"std::env::var\" }
            #[cfg(test)]
            mod tests { use std::fs; }
            struct S;
            impl S { #[cfg(test)] fn t() { std::net::all() } }";
        let found = paths(text);
        for absent in [
            "std::fs",
            "std::fs::read",
            "std::env::var",
            "std::net::all",
            "tokio",
        ] {
            assert!(!found.contains(&absent.to_owned()), "{absent} in {found:?}");
        }
    }

    #[test]
    fn code_for_everything_but_tests_is_product_code() {
        assert!(
            paths("#[cfg(not(test))]\nfn a() { std::fs::read(x); }").contains(&"std::fs::read".to_owned())
        );
        assert!(
            paths("#[cfg(any(test, feature = \"x\"))]\nfn a() { std::fs::read(x); }")
                .contains(&"std::fs::read".to_owned())
        );
    }

    #[test]
    fn prefixes_match_whole_segments() {
        let named = Named {
            path: vec!["std".into(), "fs".into(), "read".into()],
            invoked: false,
            line: 1,
        };
        assert!(named.starts_with("std::fs") && named.starts_with("std::fs::read"));
        assert!(!named.starts_with("std::f") && !named.starts_with("std::fs::read::more"));
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_not_product_files() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "mod foo;\n#[cfg(test)]\nmod testing;"),
            ("crates/a/src/testing.rs", ""),
            ("crates/a/src/testing/deep.rs", ""),
            ("crates/a/src/foo.rs", "#[cfg(test)]\nmod tests;"),
            ("crates/a/src/foo/tests.rs", ""),
            ("crates/a/src/foo/bar.rs", ""),
            ("crates/a/tests/all.rs", ""),
        ]);
        let files: Vec<&str> = product_files(&tree, "crates/a")
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(
            files,
            [
                "crates/a/src/foo.rs",
                "crates/a/src/foo/bar.rs",
                "crates/a/src/lib.rs"
            ]
        );
    }
}
