//! A machine builds this with the Rust it has: one stated minimum, and nothing that makes it download a toolchain.

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in tree.paths() {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name == "rust-toolchain" || name == "rust-toolchain.toml" {
            findings.push(Finding::new(
                path,
                0,
                "would make a machine download another toolchain",
            ));
        }
    }
    findings.extend(workspace_fault(tree).map(|fault| Finding::new("Cargo.toml", 0, fault)));
    for (path, text) in tree.texts() {
        let member = path.starts_with("crates/") || path.starts_with("xtask/");
        if member && path.ends_with("/Cargo.toml") {
            findings.extend(
                member_faults(text)
                    .into_iter()
                    .map(|fault| Finding::new(path, 0, fault)),
            );
        }
    }
    findings.extend(build_service_fault(tree).map(|fault| Finding::new(BUILD_SERVICE, 0, fault)));
    findings
}

fn workspace_fault(tree: &Tree) -> Option<String> {
    let manifest = tree.text("Cargo.toml")?.parse::<toml::Table>();
    let Ok(manifest) = manifest else {
        return Some("is not valid TOML".to_owned());
    };
    let stated = manifest
        .get("workspace")?
        .get("package")
        .and_then(|package| package.get("rust-version"));
    let stated = stated.and_then(toml::Value::as_str);
    (stated != Some(RUST_VERSION))
        .then(|| format!("`rust-version` must be \"{RUST_VERSION}\"; it is {stated:?}"))
}

fn member_faults(text: &str) -> Vec<String> {
    let Ok(manifest) = text.parse::<toml::Table>() else {
        return vec!["is not valid TOML".to_owned()];
    };
    let inherits = |value: Option<&toml::Value>| {
        value
            .and_then(|value| value.get("workspace"))
            .and_then(toml::Value::as_bool)
            == Some(true)
    };
    let package = manifest.get("package");
    let mut faults = Vec::new();
    for field in ["edition", "rust-version", "license"] {
        if !inherits(package.and_then(|package| package.get(field))) {
            faults.push(format!("`{field}` must be taken from the workspace"));
        }
    }
    if !inherits(manifest.get("lints")) {
        faults.push("`lints` must be taken from the workspace".to_owned());
    }
    faults
}

/// The build service runs what people run, or a green build means nothing to them.
fn build_service_fault(tree: &Tree) -> Option<String> {
    let text = tree.text(BUILD_SERVICE)?;
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    let calls = last.is_some_and(|line| line.ends_with("exec cargo xtask ci"));
    (!calls).then(|| "must end in `exec cargo xtask ci`".to_owned())
}

const RUST_VERSION: &str = "1.95";

const BUILD_SERVICE: &str = ".ci/run";

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    const ROOT: &str = "[workspace.package]\nrust-version = \"1.95\"";
    const MEMBER: &str = "[package]\nname = \"a\"\nedition.workspace = true\nrust-version.workspace = true\n\
                          license.workspace = true\n[lints]\nworkspace = true";

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn workspace_with_one_version_has_no_finding() {
        let run = (".ci/run", "#!/bin/sh\n# The build.\nexec cargo xtask ci\n");
        assert_eq!(
            faults(&[("Cargo.toml", ROOT), ("crates/a/Cargo.toml", MEMBER), run]),
            [""; 0]
        );
    }

    #[test]
    fn toolchain_file_is_found_wherever_it_lies() {
        assert_eq!(
            faults(&[("Cargo.toml", ROOT), ("rust-toolchain.toml", "")]).len(),
            1
        );
        assert_eq!(
            faults(&[("Cargo.toml", ROOT), ("fuzz/rust-toolchain", "nightly")]).len(),
            1
        );
    }

    #[test]
    fn other_version_is_found() {
        let found = faults(&[("Cargo.toml", "[workspace.package]\nrust-version = \"1.96\"")]);
        assert_eq!(
            found,
            ["Cargo.toml: `rust-version` must be \"1.95\"; it is Some(\"1.96\")"]
        );
    }

    #[test]
    fn crate_that_goes_its_own_way_is_found() {
        let own = MEMBER.replace("rust-version.workspace = true", "rust-version = \"1.80\"");
        assert_eq!(
            faults(&[("Cargo.toml", ROOT), ("crates/a/Cargo.toml", &own)]).len(),
            1
        );
        let no_lints = MEMBER.replace("[lints]\nworkspace = true", "");
        assert_eq!(
            faults(&[("Cargo.toml", ROOT), ("crates/a/Cargo.toml", &no_lints)]).len(),
            1
        );
    }

    #[test]
    fn build_service_with_a_way_of_its_own_is_found() {
        assert_eq!(
            faults(&[("Cargo.toml", ROOT), (".ci/run", "#!/bin/sh\ncargo test\n")]).len(),
            1
        );
    }
}
