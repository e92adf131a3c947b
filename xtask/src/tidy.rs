//! What this repository promises about itself, checked.
//!
//! Every check is a function from a [`Tree`] to findings: no check reads a file on its own, so each has tests that make
//! it fail on a small made-up tree. A finding names the file, the line where there is one, and what to do.
//!
//! Not here: style and size. People argue about those; a machine should not.

mod causes;
mod coverage;
mod dependencies;
mod docs;
mod edges;
mod opening;
mod purity;
mod rust;
mod statements;
mod toolchain;
mod tree;
mod walls;
mod words;

use std::fmt;
use std::path::Path;

use tree::Tree;

/// One broken promise.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    /// 0 when the finding is about the whole file, or about a file that is missing.
    line: usize,
    text: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, text: impl Into<String>) -> Finding {
        Finding {
            path: path.into(),
            line,
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

/// Runs every check on the tree at `root` and prints what it finds.
pub(crate) fn run(root: &Path, cargo: &Path) -> Result<(), String> {
    let tree = Tree::read(root)?;
    let mut findings = of_the_tree(&tree);
    for workspace in dependencies::WORKSPACES {
        let metadata = dependencies::metadata(&root.join(workspace), cargo)?;
        findings.extend(dependencies::check(&tree, &metadata));
    }
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err("1 finding".to_owned()),
        count => Err(format!("{count} findings")),
    }
}

/// The checks that need nothing but the files.
fn of_the_tree(tree: &Tree) -> Vec<Finding> {
    let checks: [fn(&Tree) -> Vec<Finding>; 11] = [
        edges::check,
        purity::check,
        walls::check,
        opening::check,
        words::check,
        toolchain::check,
        docs::check,
        coverage::check,
        statements::check,
        causes::check,
        dependencies::declared,
    ];
    checks.iter().flat_map(|check| check(tree)).collect()
}
