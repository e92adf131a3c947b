//! Crates whose row in `ARCHITECTURE.md` says `no` under I/O name no clock, file, socket, environment or randomness.
//!
//! Two looks: the product source may not name such a thing, and the manifest may not depend on a crate whose purpose
//! is one. Tests of these crates may read fixtures; what they do reaches nobody.

use super::Finding;
use super::edges;
use super::rust;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let walls = edges::table(tree);
    let mut findings = Vec::new();
    for (name, _) in walls.iter().filter(|(_, wall)| wall.pure) {
        let folder = format!("crates/{name}");
        let manifest = format!("{folder}/Cargo.toml");
        if let Some(Ok(parsed)) = tree.text(&manifest).map(str::parse::<toml::Table>) {
            findings.extend(impure_dependencies(&manifest, &parsed));
        }
        for (path, text) in rust::product_files(tree, &folder) {
            match rust::parse(text) {
                Ok(file) => findings.extend(impure_paths(path, &file)),
                Err((line, error)) => findings.push(Finding::new(path, line, error)),
            }
        }
    }
    findings
}

fn impure_dependencies(path: &str, manifest: &toml::Table) -> Vec<Finding> {
    let dependencies = edges::dependencies(manifest);
    let impure = dependencies.iter().filter(|(section, name)| {
        *section != "dev-dependencies" && IMPURE_CRATES.contains(&name.replace('_', "-").as_str())
    });
    impure
        .map(|(_, name)| Finding::new(path, 0, format!("a crate without I/O may not depend on `{name}`")))
        .collect()
}

fn impure_paths(path: &str, file: &syn::File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for named in rust::named(file) {
        let shown = named.path.join("::");
        let first = named.path.first().map_or("", String::as_str);
        let clock = named
            .path
            .windows(2)
            .any(|pair| CLOCKS.contains(&(pair[0].as_str(), pair[1].as_str())));
        let impure = IMPURE_PATHS.iter().any(|prefix| named.starts_with(prefix))
            || (named.path.len() > 1 && IMPURE_CRATES.contains(&first.replace('_', "-").as_str()))
            || (named.invoked && IMPURE_MACROS.contains(&first))
            || clock;
        if impure {
            findings.push(Finding::new(
                path,
                named.line,
                format!("a crate without I/O may not name `{shown}`"),
            ));
        }
    }
    findings
}

/// `*` stands for an import of everything, which would hide what is used. The `core` names of these do not exist.
const IMPURE_PATHS: &[&str] = &[
    "std::*",
    "std::env",
    "std::fs",
    "std::hash::RandomState",
    "std::io::*",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::net::*",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::*",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::UNIX_EPOCH",
];

/// A type and the function of it that reads a clock.
const CLOCKS: &[(&str, &str)] = &[
    ("Timestamp", "now"),
    ("Zoned", "now"),
    ("Utc", "now"),
    ("Instant", "now"),
    ("SystemTime", "now"),
];

const IMPURE_MACROS: &[&str] = &["dbg", "eprint", "eprintln", "print", "println"];

const IMPURE_CRATES: &[&str] = &[
    "async-std",
    "fastrand",
    "fjall",
    "getrandom",
    "hyper",
    "hyper-util",
    "libc",
    "mio",
    "rand",
    "reqwest",
    "rustix",
    "socket2",
    "tempfile",
    "tokio",
    "uuid",
];

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn faults(manifest: &str, source: &str) -> Vec<String> {
        let tree = Tree::of(&[
            (
                "ARCHITECTURE.md",
                "| 0 | `types` | words | – | no |\n| 3 | `server` | sockets | – | yes |",
            ),
            ("crates/types/Cargo.toml", manifest),
            ("crates/types/src/lib.rs", source),
            ("crates/types/tests/fixtures.rs", "use std::fs;"),
            ("crates/server/Cargo.toml", "[dependencies]\ntokio = \"1\""),
            (
                "crates/server/src/lib.rs",
                "use std::net::TcpListener;\nuse tokio::runtime;",
            ),
        ]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn words_alone_are_pure() {
        let source = "use std::time::Duration;\nuse std::net::IpAddr;\nuse std::io::Write;\nuse std::fmt;\n\
                      /// Not std::fs.\nfn now(now: i64) -> i64 { now }";
        assert_eq!(faults("[dev-dependencies]\ntempfile = \"3\"", source), [""; 0]);
    }

    #[test]
    fn each_kind_of_input_and_output_is_found() {
        for source in [
            "use std::fs;",
            "use std::{fmt, fs::File};",
            "fn a() { std::env::var(\"A\"); }",
            "use std::time::Instant;",
            "use std::time;\nfn a() { time::SystemTime::now(); }",
            "use std::time::*;",
            "use std::net::TcpStream;",
            "fn a() { std::process::exit(1); }",
            "fn a() { println!(\"x\"); }",
            "fn a() { let x = vec![std::env::args()]; }",
            "use tokio::sync::Mutex;",
            "fn a() { getrandom::fill(x); }",
            "fn a() { jiff::Timestamp::now(); }",
            "use jiff::Zoned;\nfn a() { Zoned::now(); }",
            "use std::hash::RandomState;",
        ] {
            assert!(!faults("", source).is_empty(), "{source}");
        }
    }

    #[test]
    fn dependency_on_a_runtime_is_found() {
        let found = faults("[dependencies]\ntokio.workspace = true", "");
        assert_eq!(
            found,
            ["crates/types/Cargo.toml: a crate without I/O may not depend on `tokio`"]
        );
    }

    #[test]
    fn finding_names_the_line() {
        let found = faults("", "//! Words.\n\nuse std::fs;\n");
        assert_eq!(
            found,
            ["crates/types/src/lib.rs:3: a crate without I/O may not name `std::fs`"]
        );
    }
}
