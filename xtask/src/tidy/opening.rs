//! Every source file opens with lines that say what it is: `//!` in Rust, a comment or docstring in scripts.

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts()
        .filter_map(|(path, text)| Some(Finding::new(path, 1, fault(path, text)?)))
        .collect()
}

fn fault(path: &str, text: &str) -> Option<&'static str> {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "rs" => rust_fault(text),
        "py" | "sh" | "mjs" | "js" | "cjs" | "bash" => script_fault(text),
        _ if text.starts_with("#!/") => script_fault(text),
        _ => None,
    }
}

fn rust_fault(text: &str) -> Option<&'static str> {
    let opening: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .collect();
    if opening.is_empty() {
        return Some("opens without `//!` lines: what is this file, what is it not, what does it keep true?");
    }
    let said = opening.join(" ");
    // Shorter than this, it can only repeat the file's name.
    (said.starts_with('(') || said.len() < 16).then_some("its `//!` lines say too little")
}

fn script_fault(text: &str) -> Option<&'static str> {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("#!"));
    let commented = first.is_some_and(|line| {
        ["# ", "// ", "//! ", "/*", "\"\"\"", "'''"]
            .iter()
            .any(|opening| line.starts_with(opening))
    });
    (!commented).then_some("opens without a comment that says what this script does")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn is_open(path: &str, text: &str) -> bool {
        check(&Tree::of(&[(path, text)])).is_empty()
    }

    #[test]
    fn files_that_say_what_they_are_pass() {
        assert!(is_open(
            "a.rs",
            "//! Turns a request into the text that both sides sign.\n\nfn a() {}"
        ));
        assert!(is_open(
            "run",
            "#!/usr/bin/env bash\n# Runs every client.\nset -e\n"
        ));
        assert!(is_open(
            "a.py",
            "#!/usr/bin/env python3\n\"\"\"Uploads with boto3.\"\"\"\n"
        ));
        assert!(is_open(
            "a.mjs",
            "// Uploads with the JavaScript SDK.\nimport x from 'y';\n"
        ));
        assert!(is_open("a.js", "//! Uploads with the JavaScript SDK.\n"));
        assert!(is_open("data.json", "{}"));
    }

    #[test]
    fn files_that_say_nothing_are_found() {
        assert!(!is_open("a.rs", "fn a() {}"));
        assert!(!is_open(
            "a.rs",
            "use x;\n//! Turns a request into the text that both sides sign.\n"
        ));
        assert!(!is_open(
            "a.rs",
            "//! (opening lines follow with the first code)\n"
        ));
        assert!(!is_open("a.rs", "//! Signing.\n"));
        assert!(!is_open("run", "#!/usr/bin/env bash\nset -e\n"));
        assert!(!is_open("a.py", "import os\n"));
        assert!(!is_open("a.mjs", ""));
    }
}
