//! Edges between crates point down only, and are exactly those of the table in `ARCHITECTURE.md`.
//!
//! The table is the one place where an edge is allowed: it is read from the document, so the document cannot lie. A
//! normal dependency needs its entry; a dev-dependency may be any crate of a lower layer, since tests ship nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::tree::Tree;

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wall {
    pub(super) layer: u32,
    pub(super) uses: BTreeSet<String>,
    /// Reads no clock, file, socket, environment or randomness.
    pub(super) pure: bool,
    pub(super) line: usize,
}

pub(super) const ARCHITECTURE: &str = "ARCHITECTURE.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let walls = table(tree);
    let mut findings = rows(tree, &walls);
    for name in tree.crates() {
        let path = format!("crates/{name}/Cargo.toml");
        let Some(wall) = walls.get(name) else {
            findings.push(Finding::new(
                ARCHITECTURE,
                0,
                format!("the table of crates lacks a row for `{name}`"),
            ));
            continue;
        };
        let Some(text) = tree.text(&path) else {
            findings.push(Finding::new(
                &path,
                0,
                "a folder in `crates/` is a crate and needs this file",
            ));
            continue;
        };
        match text.parse::<toml::Table>() {
            Ok(manifest) => findings.extend(of_the_crate(name, wall, &walls, &path, &manifest)),
            Err(error) => findings.push(Finding::new(&path, 0, error.to_string())),
        }
    }
    findings
}

/// The table of crates: `| layer | crate | why | uses | I/O |`. Rows that do not look like it are no rows.
pub(super) fn table(tree: &Tree) -> BTreeMap<String, Wall> {
    let mut walls = BTreeMap::new();
    for (at, line) in tree.text(ARCHITECTURE).unwrap_or_default().lines().enumerate() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [layer, name, _, uses, io] = cells.as_slice() else {
            continue;
        };
        let (Ok(layer), Some(name)) = (layer.parse(), in_backticks(name).into_iter().next()) else {
            continue;
        };
        let wall = Wall {
            layer,
            uses: in_backticks(uses).into_iter().collect(),
            pure: *io == "no",
            line: at + 1,
        };
        walls.insert(name, wall);
    }
    walls
}

/// The words of a cell that stand in backticks.
pub(super) fn in_backticks(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The dependencies of a manifest by section: the section's name and the dependency's name.
pub(super) fn dependencies(manifest: &toml::Table) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut gather = |table: &toml::Table| {
        for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
            if let Some(entries) = table.get(section).and_then(toml::Value::as_table) {
                found.extend(
                    entries
                        .iter()
                        .map(|(name, entry)| (section, real_name(name, entry))),
                );
            }
        }
    };
    gather(manifest);
    for target in manifest
        .get("target")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(toml::Table::values)
    {
        if let Some(target) = target.as_table() {
            gather(target);
        }
    }
    found
}

/// `x = { package = "y" }` depends on `y`.
fn real_name(name: &str, entry: &toml::Value) -> String {
    entry
        .get("package")
        .and_then(toml::Value::as_str)
        .unwrap_or(name)
        .to_owned()
}

fn rows(tree: &Tree, walls: &BTreeMap<String, Wall>) -> Vec<Finding> {
    let crates = tree.crates();
    let mut findings = Vec::new();
    for (name, wall) in walls {
        let mut fault = |text: String| findings.push(Finding::new(ARCHITECTURE, wall.line, text));
        if !crates.contains(name.as_str()) {
            fault(format!("`{name}` has a row, and no folder in `crates/`"));
        }
        for used in &wall.uses {
            match walls.get(used) {
                None => fault(format!("`{name}` uses `{used}`, which has no row")),
                Some(below) if below.layer >= wall.layer => {
                    fault(format!(
                        "`{name}` (layer {}) may not use `{used}` (layer {})",
                        wall.layer, below.layer
                    ));
                }
                Some(_) => {}
            }
        }
    }
    findings
}

fn of_the_crate(
    name: &str,
    wall: &Wall,
    walls: &BTreeMap<String, Wall>,
    path: &str,
    manifest: &toml::Table,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for (section, dependency) in dependencies(manifest) {
        let Some(other) = dependency.strip_prefix("countersign-") else {
            continue;
        };
        if section == "dev-dependencies" {
            // Itself: with a feature that its own tests alone ask for.
            if other != name && walls.get(other).is_none_or(|below| below.layer >= wall.layer) {
                let text =
                    format!("tests of `{name}` may only use crates of a lower layer, and `{other}` is none");
                findings.push(Finding::new(path, 0, text));
            }
            continue;
        }
        if !wall.uses.contains(other) {
            let text =
                format!("`{name}` may not depend on `{other}`: the table in {ARCHITECTURE} has no such edge");
            findings.push(Finding::new(path, 0, text));
        }
        used.insert(other.to_owned());
    }
    for unused in wall.uses.difference(&used) {
        let text = format!("the table says that `{name}` uses `{unused}`, and its Cargo.toml does not");
        findings.push(Finding::new(ARCHITECTURE, wall.line, text));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{check, table};
    use crate::tidy::tree::Tree;

    const TABLE: &str = "\
| layer | crate | why | uses | I/O |
|---|---|---|---|---|
| 0 | `types` | words | – | no |
| 1 | `store` | meaning | `types` | via engine |
| 2 | `server` | sockets | `types`, `store` | yes |
";

    fn faults(types: &str, store: &str, server: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("ARCHITECTURE.md", TABLE),
            ("crates/types/Cargo.toml", types),
            ("crates/store/Cargo.toml", store),
            ("crates/server/Cargo.toml", server),
        ]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    const STORE: &str = "[dependencies]\ncountersign-types.workspace = true\nbytes = \"1\"\n";
    const SERVER: &str =
        "[dependencies]\ncountersign-types.workspace = true\ncountersign-store.workspace = true\n";

    #[test]
    fn tree_that_matches_its_table_has_no_finding() {
        assert_eq!(faults("", STORE, SERVER), [""; 0]);
    }

    #[test]
    fn edge_that_points_up_is_found() {
        let found = faults(
            "[dependencies]\ncountersign-store = { path = \"../store\" }",
            STORE,
            SERVER,
        );
        assert_eq!(
            found,
            [
                "crates/types/Cargo.toml: `types` may not depend on `store`: the table in ARCHITECTURE.md has no such edge"
            ]
        );
    }

    #[test]
    fn edge_under_another_name_or_for_one_target_is_found() {
        let renamed = "[dependencies]\nharmless = { package = \"countersign-store\", path = \"../store\" }";
        let target = "[target.'cfg(unix)'.dependencies]\ncountersign-store.workspace = true";
        let build = "[build-dependencies]\ncountersign-store.workspace = true";
        for manifest in [renamed, target, build] {
            assert_eq!(faults(manifest, STORE, SERVER).len(), 1, "{manifest}");
        }
    }

    #[test]
    fn tests_may_use_lower_layers_only_and_their_own_crate() {
        let down = "[dependencies]\ncountersign-types.workspace = true\ncountersign-store.workspace = true\n\
                    [dev-dependencies]\ncountersign-types.workspace = true";
        assert_eq!(faults("", STORE, down), [""; 0]);
        let own = format!(
            "{STORE}[dev-dependencies]\ncountersign-store = {{ workspace = true, features = [\"x\"] }}"
        );
        assert_eq!(faults("", &own, SERVER), [""; 0]);
        let up = format!("{STORE}[dev-dependencies]\ncountersign-server.workspace = true");
        assert!(faults("", &up, SERVER)[0].contains("tests of `store` may only use crates of a lower layer"));
    }

    #[test]
    fn stale_edge_is_found() {
        let found = faults("", "", SERVER);
        assert_eq!(
            found,
            ["ARCHITECTURE.md:4: the table says that `store` uses `types`, and its Cargo.toml does not"]
        );
    }

    #[test]
    fn table_that_points_up_is_found() {
        let text = "| 0 | `a` | x | `b` | no |\n| 1 | `b` | x | – | no |\n";
        let tree = Tree::of(&[
            ("ARCHITECTURE.md", text),
            (
                "crates/a/Cargo.toml",
                "[dependencies]\ncountersign-b.workspace = true",
            ),
            ("crates/b/Cargo.toml", ""),
        ]);
        let found = check(&tree);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0]
                .to_string()
                .contains("`a` (layer 0) may not use `b` (layer 1)")
        );
    }

    #[test]
    fn crate_without_row_and_row_without_crate_are_found() {
        let tree = Tree::of(&[
            ("ARCHITECTURE.md", "| 0 | `gone` | x | – | no |"),
            ("crates/new/Cargo.toml", ""),
        ]);
        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert!(
            found.iter().any(|text| text.contains("lacks a row for `new`")),
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .any(|text| text.contains("`gone` has a row, and no folder")),
            "{found:?}"
        );
    }

    #[test]
    fn pure_is_what_the_last_column_says() {
        let walls = table(&Tree::of(&[("ARCHITECTURE.md", TABLE)]));
        assert!(walls["types"].pure && !walls["store"].pure && !walls["server"].pure);
    }
}
