//! What may stand nowhere in the repository: unfinished code, tests that do not run, and facts about somebody's machine.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

use super::Finding;
use super::rust;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        if path == "Cargo.lock" || path == "LICENSE" {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            findings.extend(fault_of_the_line(line).map(|fault| Finding::new(path, at + 1, fault)));
        }
        if path.ends_with(".rs")
            && let Ok(file) = rust::parse(text)
        {
            unfinished(path, file.into_token_stream(), &mut findings);
        }
    }
    findings
}

fn fault_of_the_line(line: &str) -> Option<String> {
    if let Some(host) = REGISTRIES.iter().find(|host| line.contains(*host)) {
        return Some(format!(
            "names the registry `{host}`: clients find theirs by their own configuration"
        ));
    }
    if let Some(folder) = MACHINE_FOLDERS.iter().find(|folder| stands_alone(line, folder)) {
        return Some(format!("names a path of one machine (`{folder}`)"));
    }
    let lower = line.to_ascii_lowercase();
    let reference = lower.match_indices("issue ").any(|(at, found)| {
        let rest = lower.get(at + found.len()..).unwrap_or_default();
        rest.trim_start_matches('#')
            .starts_with(|next: char| next.is_ascii_digit())
    });
    reference.then(|| "points to a numbered issue: say what is true instead".to_owned())
}

/// Whether an absolute path that begins with `folder` stands in the line, and not `folder` inside a longer path or URL.
fn stands_alone(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| before.is_whitespace() || "\"'`(=:".contains(before))
    })
}

/// `todo!()`, `dbg!()`, `unimplemented!()` and `#[ignore]`, in tests too.
fn unfinished(path: &str, tokens: TokenStream, findings: &mut Vec<Finding>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let attribute = at > 0 && is_punct(tokens.get(at - 1), '#');
                if attribute && says_ignore(group.stream()) {
                    let line = rust::line(group.span());
                    findings.push(Finding::new(
                        path,
                        line,
                        "an ignored test holds nothing; a slow one asks for `--slow`",
                    ));
                }
                unfinished(path, group.stream(), findings);
            }
            TokenTree::Ident(ident) if is_punct(tokens.get(at + 1), '!') => {
                let name = ident.to_string();
                if UNFINISHED.contains(&name.as_str()) {
                    findings.push(Finding::new(
                        path,
                        rust::line(ident.span()),
                        format!("`{name}!` is unfinished code"),
                    ));
                }
            }
            _ => {}
        }
    }
}

/// `ignore`, `ignore = "why"`, `cfg_attr(x, ignore)`.
fn says_ignore(tokens: TokenStream) -> bool {
    let mut words = Vec::new();
    rust::identifiers(tokens, &mut words);
    let first = words.first().map(|(word, _)| word.as_str());
    first == Some("ignore") || (first == Some("cfg_attr") && words.iter().any(|(word, _)| word == "ignore"))
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Written in halves, so that this file does not contain what it looks for.
const MACHINE_FOLDERS: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

const REGISTRIES: [&str; 6] = [
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("//py", "pi.org"),
    concat!("files.python", "hosted.org"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
];

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn faults(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)]))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn ordinary_text_has_no_finding() {
        let text = "An issue with 3 parts. See example.com/work/list, bucket/root/x and the homework.\n";
        assert_eq!(faults("README.md", text), [""; 0]);
        let code = "/// No `todo!()` here.\nfn todo() { ignore(); assert!(!matches!(x, 1)); }";
        assert_eq!(faults("a.rs", code), [""; 0]);
    }

    #[test]
    fn unfinished_code_is_found_in_tests_too() {
        assert_eq!(
            faults("a.rs", "fn a() {\n todo!() }"),
            ["a.rs:2: `todo!` is unfinished code"]
        );
        assert_eq!(
            faults("a.rs", "#[cfg(test)]\nmod tests { fn a() { dbg!(1); } }").len(),
            1
        );
    }

    #[test]
    fn ignored_test_is_found() {
        for attribute in ["#[ignore]", "#[ignore = \"slow\"]", "#[cfg_attr(unix, ignore)]"] {
            assert_eq!(
                faults("a.rs", &format!("#[test]\n{attribute}\nfn a() {{}}")).len(),
                1,
                "{attribute}"
            );
        }
    }

    #[test]
    fn machine_paths_issue_numbers_and_registries_are_found() {
        for text in [
            concat!("see `/wo", "rk/main`"),
            concat!("cd /ro", "ot/x"),
            concat!("\"/ho", "me/me/x\""),
            concat!("as iss", "ue #12 says"),
            concat!("as iss", "ue 12 says"),
            concat!("https://registry.npm", "js.org/x"),
        ] {
            assert_eq!(faults("docs/a.md", text).len(), 1, "{text}");
        }
    }
}
