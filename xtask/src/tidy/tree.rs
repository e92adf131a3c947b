//! The files of the repository, read once: path from the root to text.
//!
//! Only what git knows or would add counts, so build output and installed clients are never looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Paths use `/` and start at the root. Files that are not UTF-8 are known by name only.
#[derive(Default)]
pub(super) struct Tree {
    texts: BTreeMap<String, String>,
    others: BTreeSet<String>,
}

impl Tree {
    /// Reads the tree at `root`; needs git, and says so when it is missing.
    pub(super) fn read(root: &Path) -> Result<Tree, String> {
        let listing = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|error| format!("cannot run `git`: {error}"))?;
        if !listing.status.success() {
            return Err(format!(
                "`git ls-files` failed: {}",
                String::from_utf8_lossy(&listing.stderr).trim()
            ));
        }
        let mut tree = Tree::default();
        for name in listing
            .stdout
            .split(|&byte| byte == 0)
            .filter(|name| !name.is_empty())
        {
            let name = String::from_utf8_lossy(name).into_owned();
            // A file that git lists and the disk lacks was just deleted; it promises nothing any more.
            let Ok(bytes) = std::fs::read(root.join(&name)) else {
                continue;
            };
            match String::from_utf8(bytes) {
                Ok(text) => drop(tree.texts.insert(name, text)),
                Err(_) => drop(tree.others.insert(name)),
            }
        }
        Ok(tree)
    }

    /// A made-up tree for tests.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Tree {
        let texts = files
            .iter()
            .map(|&(path, text)| (path.to_owned(), text.to_owned()))
            .collect();
        Tree {
            texts,
            others: BTreeSet::new(),
        }
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.texts.contains_key(path) || self.others.contains(path)
    }

    /// Whether any file lies below the folder `path`.
    pub(super) fn has_folder(&self, path: &str) -> bool {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        self.paths().any(|known| known.starts_with(&prefix))
    }

    /// Every path, texts first.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().chain(&self.others).map(String::as_str)
    }

    /// Every text file with its path.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Every Rust file below `folder` (which ends in `/` or is empty).
    pub(super) fn rust_below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts()
            .filter(move |(path, _)| path.starts_with(folder) && path.ends_with(".rs"))
    }

    /// The folders directly below `crates/`.
    pub(super) fn crates(&self) -> BTreeSet<&str> {
        let below = self.paths().filter_map(|path| path.strip_prefix("crates/"));
        below
            .filter_map(|path| path.split_once('/'))
            .map(|(name, _)| name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn crates_are_the_folders_below_crates() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", ""),
            ("crates/b/Cargo.toml", ""),
            ("crates/README.md", ""),
        ]);
        assert_eq!(tree.crates().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn folders_are_known_by_what_lies_in_them() {
        let tree = Tree::of(&[("docs/decisions/one.md", "")]);
        assert!(tree.has_folder("docs") && tree.has_folder("docs/decisions/"));
        assert!(!tree.has_folder("docs/dec") && !tree.has_folder("docs/decisions/one.md"));
    }
}
