//! Documents agree with the tree: links lead somewhere, every page can be found, the code map is whole.

use std::collections::BTreeSet;

use super::Finding;
use super::edges::ARCHITECTURE;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".md")) {
        for (target, line) in links(text) {
            let resolved = resolve(path, &target);
            if !tree.contains(&resolved) && !tree.has_folder(&resolved) {
                findings.push(Finding::new(
                    path,
                    line,
                    format!("links to `{target}`, which is not there"),
                ));
            }
        }
    }
    findings.extend(unlisted_pages(tree));
    findings.extend(unmapped_folders(tree));
    findings
}

/// Links into the repository: their target without the anchor, and their line. Code blocks hold no links.
fn links(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for piece in line.split("](").skip(1) {
            let target = piece.split([')', ' ', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                found.push((target.to_owned(), at + 1));
            }
        }
    }
    found
}

/// The path that a link in the file `from` leads to.
fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Every page below `docs/` is linked from `docs/README.md`, or from a README of its own folder that is linked there.
fn unlisted_pages(tree: &Tree) -> Vec<Finding> {
    let mut listed = BTreeSet::new();
    let mut waiting = vec!["docs/README.md".to_owned()];
    while let Some(page) = waiting.pop() {
        for (target, _) in links(tree.text(&page).unwrap_or_default()) {
            let target = resolve(&page, &target);
            if listed.insert(target.clone()) && target.ends_with("README.md") {
                waiting.push(target);
            }
        }
    }
    let pages = tree
        .paths()
        .filter(|path| path.starts_with("docs/") && path.ends_with(".md"));
    let unlisted = pages.filter(|path| *path != "docs/README.md" && !listed.contains(*path));
    unlisted
        .map(|path| Finding::new(path, 0, "no page leads here: link it from docs/README.md"))
        .collect()
}

/// Every folder at the root stands in the code map (crates have their table).
fn unmapped_folders(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.text(ARCHITECTURE) else {
        return vec![Finding::new(ARCHITECTURE, 0, "is missing")];
    };
    let folders: BTreeSet<&str> = tree
        .paths()
        .filter_map(|path| path.split_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    let unmapped = folders
        .into_iter()
        .filter(|folder| !map.contains(&format!("`{folder}/")));
    unmapped
        .map(|folder| Finding::new(ARCHITECTURE, 0, format!("the code map lacks `{folder}/`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    const MAP: (&str, &str) = ("ARCHITECTURE.md", "`docs/` pages, `crates/` code");

    #[test]
    fn documents_that_agree_with_the_tree_have_no_finding() {
        let index = (
            "docs/README.md",
            "[a](a.md) [d](decisions/README.md) [up](../ARCHITECTURE.md#map) [w](https://x.y)",
        );
        let decisions = (
            "docs/decisions/README.md",
            "[one](one.md)\n```\n[not](a-link.md)\n```\n",
        );
        let pages = [
            ("docs/a.md", ""),
            ("docs/decisions/one.md", "[folder](../../docs)"),
        ];
        assert_eq!(faults(&[MAP, index, decisions, pages[0], pages[1]]), [""; 0]);
    }

    #[test]
    fn dead_link_is_found() {
        let found = faults(&[MAP, ("docs/README.md", "first\n[gone](gone.md)")]);
        assert_eq!(
            found,
            ["docs/README.md:2: links to `gone.md`, which is not there"]
        );
    }

    #[test]
    fn page_that_nothing_leads_to_is_found() {
        let found = faults(&[MAP, ("docs/README.md", ""), ("docs/lost.md", "")]);
        assert_eq!(
            found,
            ["docs/lost.md: no page leads here: link it from docs/README.md"]
        );
    }

    #[test]
    fn folder_outside_the_map_is_found() {
        let found = faults(&[MAP, ("bench/src/main.rs", "")]);
        assert_eq!(found, ["ARCHITECTURE.md: the code map lacks `bench/`"]);
    }
}
