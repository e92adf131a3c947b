//! Licences, bans, sources and duplicates of what we link, by the same list that `cargo deny` reads: `deny.toml`.
//!
//! Done here as well so that a fresh machine needs no tool that takes minutes to build. Known vulnerabilities are not
//! looked up: that needs a database from outside, and an answer that changes without a commit is no build check.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Finding;
use super::edges;
use super::tree::Tree;

/// The workspaces of which something is shipped.
pub(super) const WORKSPACES: [&str; 2] = ["", "npm/addon"];

/// What `cargo metadata` says about every dependency on every platform we build for.
pub(super) fn metadata(root: &Path, cargo: &Path) -> Result<Value, String> {
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            PLATFORM,
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run `cargo metadata`: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "`cargo metadata` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("`cargo metadata` answered no JSON: {error}"))
}

pub(super) fn check(tree: &Tree, metadata: &Value) -> Vec<Finding> {
    let rules = match tree
        .text(RULES)
        .ok_or("is missing".to_owned())
        .and_then(Rules::parse)
    {
        Ok(rules) => rules,
        Err(fault) => return vec![Finding::new(RULES, 0, fault)],
    };
    let mut findings = Vec::new();
    let mut fault = |text: String| findings.push(Finding::new("Cargo.lock", 0, text));
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let linked = linked(metadata);
    for package in array(metadata, "packages") {
        let (name, version) = (text(package, "name"), text(package, "version"));
        let Some(source) = package.get("source").and_then(Value::as_str) else {
            continue;
        };
        if !source.starts_with("registry+") {
            fault(format!(
                "`{name}` comes from `{source}`: only the registry is allowed"
            ));
        }
        if let Some(ban) = rules.banned.get(name)
            && !users(metadata, text(package, "id")).all(|user| ban.wrappers.contains(user))
        {
            fault(format!("`{name}` is banned: {}", ban.reason));
        }
        let licence = text(package, "license");
        if !is_allowed(licence, &rules.licences) {
            fault(format!(
                "`{name}` {version} has the licence `{licence}`, which {RULES} does not allow"
            ));
        }
        if linked.contains(text(package, "id")) {
            versions.entry(name).or_default().insert(version);
        }
    }
    for (name, versions) in versions
        .iter()
        .filter(|(name, versions)| versions.len() > 1 && !rules.twice.contains(**name))
    {
        let versions: Vec<&str> = versions.iter().copied().collect();
        fault(format!(
            "`{name}` is linked in {}: one library a concern, or an entry under `skip`",
            versions.join(" and ")
        ));
    }
    findings
}

/// Every library has its row in the page of dependencies, and its version in the root manifest and nowhere else.
pub(super) fn declared(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let root = tree
        .text("Cargo.toml")
        .and_then(|text| text.parse::<toml::Table>().ok())
        .unwrap_or_default();
    let versions = root
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"));
    let versions = versions
        .and_then(toml::Value::as_table)
        .cloned()
        .unwrap_or_default();
    let libraries: BTreeSet<&str> = versions
        .keys()
        .map(String::as_str)
        .filter(|name| !name.starts_with("countersign"))
        .collect();
    let reasons: BTreeMap<String, usize> = reasons(tree.text(REASONS).unwrap_or_default());
    for name in libraries.iter().filter(|name| !reasons.contains_key(**name)) {
        findings.push(Finding::new(
            "Cargo.toml",
            0,
            format!("`{name}` has no row in {REASONS}: why this one?"),
        ));
    }
    for (name, line) in reasons
        .iter()
        .filter(|(name, _)| !libraries.contains(name.as_str()))
    {
        findings.push(Finding::new(
            REASONS,
            *line,
            format!("`{name}` is no dependency of the workspace"),
        ));
    }
    for (path, text) in tree
        .texts()
        .filter(|(path, _)| path.starts_with("crates/") && path.ends_with("Cargo.toml"))
    {
        let Ok(manifest) = text.parse::<toml::Table>() else {
            continue;
        };
        for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
            for (name, entry) in manifest
                .get(section)
                .and_then(toml::Value::as_table)
                .into_iter()
                .flatten()
            {
                if entry.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                    let text = format!("`{name}` must take its version from the workspace");
                    findings.push(Finding::new(path, 0, text));
                }
            }
        }
    }
    findings
}

/// The libraries of the second column, with their lines.
fn reasons(page: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (at, line) in page.lines().enumerate() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').collect();
        if let [_, libraries, _] = cells.as_slice() {
            found.extend(
                edges::in_backticks(libraries)
                    .into_iter()
                    .map(|name| (name, at + 1)),
            );
        }
    }
    found
}

/// The parts of `deny.toml` that we hold.
struct Rules {
    licences: BTreeSet<String>,
    banned: BTreeMap<String, Ban>,
    /// Names that may be there in two versions.
    twice: BTreeSet<String>,
}

struct Ban {
    reason: String,
    /// Who may depend on it all the same.
    wrappers: BTreeSet<String>,
}

impl Rules {
    fn parse(text: &str) -> Result<Rules, String> {
        let table = text.parse::<toml::Table>().map_err(|error| error.to_string())?;
        let list = |section: &str, field: &str| {
            let value = table.get(section).and_then(|section| section.get(field));
            value
                .and_then(toml::Value::as_array)
                .cloned()
                .ok_or_else(|| format!("`{section}.{field}` is missing"))
        };
        let named = |entry: &toml::Value| {
            let name = entry
                .as_str()
                .or_else(|| entry.get("crate").and_then(toml::Value::as_str));
            let name = name
                .ok_or("an entry names no crate")?
                .split('@')
                .next()
                .unwrap_or_default()
                .to_owned();
            let reason = entry.get("reason").and_then(toml::Value::as_str);
            Ok((
                name.clone(),
                reason
                    .ok_or_else(|| format!("`{name}` has no reason"))?
                    .to_owned(),
            ))
        };
        let licences = list("licenses", "allow")?;
        let ban = |entry: &toml::Value| {
            let (name, reason) = named(entry)?;
            let wrappers = entry.get("wrappers").and_then(toml::Value::as_array);
            let wrappers = wrappers.into_iter().flatten().filter_map(toml::Value::as_str);
            let wrappers = wrappers.map(str::to_owned).collect();
            Ok((name, Ban { reason, wrappers }))
        };
        let banned: Result<_, String> = list("bans", "deny")?.iter().map(ban).collect();
        let twice: Result<BTreeMap<String, String>, String> =
            list("bans", "skip")?.iter().map(named).collect();
        Ok(Rules {
            licences: licences
                .iter()
                .filter_map(toml::Value::as_str)
                .map(str::to_owned)
                .collect(),
            banned: banned?,
            twice: twice?.into_keys().collect(),
        })
    }
}

/// Ids of the packages that normal and build dependencies of the workspace lead to.
fn linked(metadata: &Value) -> BTreeSet<&str> {
    let resolve = metadata.get("resolve").unwrap_or(&Value::Null);
    let nodes: BTreeMap<&str, &Value> = array(resolve, "nodes")
        .map(|node| (text(node, "id"), node))
        .collect();
    let mut waiting: Vec<&str> = array(metadata, "workspace_members")
        .filter_map(Value::as_str)
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in nodes.get(id).into_iter().flat_map(|node| array(node, "deps")) {
            if array(dependency, "dep_kinds").any(|kind| text(kind, "kind") != "dev") {
                waiting.push(text(dependency, "pkg"));
            }
        }
    }
    seen
}

/// Names of the packages that depend on one directly.
fn users<'a>(metadata: &'a Value, id: &str) -> impl Iterator<Item = &'a str> {
    let resolve = metadata.get("resolve").unwrap_or(&Value::Null);
    let is_user = |node: &&Value| array(node, "deps").any(|dependency| text(dependency, "pkg") == id);
    let users: BTreeSet<&str> = array(resolve, "nodes")
        .filter(is_user)
        .map(|node| text(node, "id"))
        .collect();
    let packages = array(metadata, "packages");
    packages
        .filter(move |package| users.contains(text(package, "id")))
        .map(|package| text(package, "name"))
}

fn array<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// The text of a field, or nothing: `null` and absence mean the same here.
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Whether an SPDX expression can be fulfilled with allowed licences. `/` is the old way to write `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any_of(&words, &mut at, allowed) == Some(true) && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut good = all_of(words, at, allowed)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        good |= all_of(words, at, allowed)?;
    }
    Some(good)
}

fn all_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut good = one(words, at, allowed)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        good &= one(words, at, allowed)?;
    }
    Some(good)
}

/// A licence, with its exception if there is one, or a group. `None` when the expression does not make sense.
fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> Option<bool> {
    let word = words.get(*at)?;
    *at += 1;
    if *word == "(" {
        let good = any_of(words, at, allowed)?;
        (words.get(*at) == Some(&")")).then(|| *at += 1)?;
        return Some(good);
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1)?;
        *at += 2;
        return Some(allowed.contains(&format!("{word} WITH {exception}")));
    }
    Some(allowed.contains(*word))
}

const RULES: &str = "deny.toml";

const REASONS: &str = "docs/decisions/0004-dependencies.md";

/// The platform whose dependencies are looked at; the others add only bindings to their operating systems.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

#[cfg(test)]
mod tests {
    use super::{check, declared, is_allowed};
    use crate::tidy::tree::Tree;
    use serde_json::json;

    const RULES: &str = "
        [licenses]
        allow = [\"MIT\", \"Apache-2.0\", \"Unicode-3.0\"]
        [bans]
        deny = [{ crate = \"openssl-sys\", reason = \"we carry no C library\" }]
        skip = [{ crate = \"syn@2\", reason = \"macros are slow to move\" }]";

    /// A workspace `ours` that depends on the packages given as (name, version, licence, source, kind).
    fn faults(packages: &[Package<'_>]) -> Vec<String> {
        faults_under(RULES, packages)
    }

    type Package<'a> = (&'a str, &'a str, &'a str, &'a str, Option<&'a str>);

    fn faults_under(rules: &str, packages: &[Package<'_>]) -> Vec<String> {
        let id = |name: &str, version: &str| format!("{name}@{version}");
        let mut all =
            vec![json!({"name": "ours", "version": "1.0.0", "id": "ours", "source": null, "license": null})];
        let mut edges = Vec::new();
        for &(name, version, licence, source, kind) in packages {
            all.push(json!({"name": name, "version": version, "id": id(name, version), "source": source, "license": licence}));
            edges.push(json!({"pkg": id(name, version), "dep_kinds": [{"kind": kind}]}));
        }
        let metadata = json!({
            "packages": all,
            "workspace_members": ["ours"],
            "resolve": {"nodes": [{"id": "ours", "deps": edges}]},
        });
        check(&Tree::of(&[("deny.toml", rules)]), &metadata)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    const REGISTRY: &str = "registry+https://example.com/index";

    #[test]
    fn allowed_dependencies_have_no_finding() {
        let found = faults(&[
            ("a", "1.0.0", "MIT OR Apache-2.0", REGISTRY, None),
            ("syn", "2.0.0", "MIT", REGISTRY, None),
            ("syn", "3.0.0", "MIT", REGISTRY, None),
            ("b", "1.0.0", "MIT", REGISTRY, None),
            ("b", "2.0.0", "MIT", REGISTRY, Some("dev")),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn licence_ban_source_and_duplicate_are_found() {
        for (package, part) in [
            (
                ("a", "1.0.0", "GPL-3.0", REGISTRY, None),
                "has the licence `GPL-3.0`",
            ),
            (("a", "1.0.0", "", REGISTRY, Some("dev")), "has the licence ``"),
            (
                ("openssl-sys", "1.0.0", "MIT", REGISTRY, None),
                "is banned: we carry no C library",
            ),
            (
                ("a", "1.0.0", "MIT", "git+https://example.com/a", None),
                "only the registry is allowed",
            ),
        ] {
            let found = faults(&[package]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(part), "{found:?}");
        }
        let twice = faults(&[
            ("a", "1.0.0", "MIT", REGISTRY, None),
            ("a", "2.0.0", "MIT", REGISTRY, Some("build")),
        ]);
        assert_eq!(twice.len(), 1);
        assert!(twice[0].contains("`a` is linked in 1.0.0 and 2.0.0"), "{twice:?}");
    }

    #[test]
    fn a_ban_spares_those_that_it_names() {
        let package = ("openssl-sys", "1.0.0", "MIT", REGISTRY, Some("dev"));
        for (wrapper, count) in [("ours", 0), ("others", 1)] {
            let rules = RULES.replace(
                "reason = \"we",
                &format!("wrappers = [\"{wrapper}\"], reason = \"we"),
            );
            assert_eq!(faults_under(&rules, &[package]).len(), count, "{wrapper}");
        }
    }

    #[test]
    fn entry_without_reason_is_found() {
        let rules = RULES.replace(", reason = \"we carry no C library\"", "");
        let found = check(&Tree::of(&[("deny.toml", &rules)]), &json!({}));
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().contains("`openssl-sys` has no reason"));
    }

    #[test]
    fn libraries_and_reasons_agree() {
        let page = "| concern | library | why |\n|---|---|---|\n| hex | `hex` | the usual one |\n";
        let faults = |root: &str, member: &str| -> Vec<String> {
            let files = [
                ("Cargo.toml", root),
                ("crates/a/Cargo.toml", member),
                ("docs/decisions/0004-dependencies.md", page),
            ];
            declared(&Tree::of(&files))
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        let root = "[workspace.dependencies]\nhex = \"1\"\ncountersign-types = \"1\"";
        assert_eq!(faults(root, "[dependencies]\nhex.workspace = true"), [""; 0]);
        let more = faults(&format!("{root}\nbytes = \"1\""), "");
        assert_eq!(
            more,
            ["Cargo.toml: `bytes` has no row in docs/decisions/0004-dependencies.md: why this one?"]
        );
        let gone = faults("", "");
        assert_eq!(
            gone,
            ["docs/decisions/0004-dependencies.md:3: `hex` is no dependency of the workspace"]
        );
        let own = faults(root, "[dev-dependencies]\nhex = \"1\"");
        assert_eq!(
            own,
            ["crates/a/Cargo.toml: `hex` must take its version from the workspace"]
        );
    }

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        let allowed = [
            "MIT",
            "Apache-2.0",
            "Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ];
        let allowed = allowed.iter().map(|&name| name.to_owned()).collect();
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/GPL-3.0",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "MIT AND (GPL-3.0 OR (Apache-2.0))",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "GPL-3.0 OR MIT AND LGPL-3.0",
            "MIT WITH Something-exception",
            "(MIT",
            "MIT MIT",
            "MIT OR",
        ] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
    }
}
