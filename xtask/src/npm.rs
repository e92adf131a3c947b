//! Lays out the npm packages: the one with the JavaScript, and the one of this platform with what is compiled.
//!
//! Not here: compiling, and `npm pack`, which are steps of their own. Keeps true: both packages have the version of the workspace, and
//! the first names the second in that version, or a machine would load an addon of another release.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Makes both folders anew in `packed` and gives them, from the JavaScript in `root`, the addon in `built` and the program `binary`.
pub(crate) fn stage(root: &Path, packed: &Path, built: &Path, binary: &Path) -> Result<Vec<PathBuf>, String> {
    let platform = platform(std::env::consts::OS, std::env::consts::ARCH)?;
    let manifest = read(&root.join("npm/package.json"))?;
    let manifest: Value =
        serde_json::from_str(&manifest).map_err(|error| format!("npm/package.json: {error}"))?;
    check_versions(&manifest, env!("CARGO_PKG_VERSION"), &platform)?;
    if packed.exists() {
        fs::remove_dir_all(packed).map_err(|error| format!("`{}`: {error}", packed.display()))?;
    }
    let package = packed.join("countersign");
    copy_folder(&root.join("npm"), &package)?;
    // Its sources; what is made of them lies in the package of the platform.
    let sources = package.join("addon");
    fs::remove_dir_all(&sources).map_err(|error| format!("`{}`: {error}", sources.display()))?;
    let of_platform = packed.join(&platform.name);
    write(
        &of_platform.join("package.json"),
        &format!("{:#}\n", platform.manifest(&manifest)),
    )?;
    write(&of_platform.join("README.md"), &platform.readme())?;
    let addon = format!(
        "{}countersign_node{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    copy(&built.join(addon), &of_platform.join("countersign.node"))?;
    copy(binary, &of_platform.join("bin/countersign"))?;
    for folder in [&package, &of_platform] {
        for file in ["LICENSE", "NOTICE"] {
            copy(&root.join(file), &folder.join(file))?;
        }
    }
    Ok(vec![of_platform, package])
}

/// A platform in npm's words.
struct Platform {
    name: String,
    os: &'static str,
    cpu: &'static str,
}

fn platform(os: &str, arch: &str) -> Result<Platform, String> {
    let cpu = match arch {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => return Err(format!("there is no npm package for `{other}`")),
    };
    match os {
        "linux" => Ok(Platform {
            name: format!("linux-{cpu}-gnu"),
            os: "linux",
            cpu,
        }),
        other => Err(format!("there is no npm package for `{other}`")),
    }
}

impl Platform {
    fn manifest(&self, main: &Value) -> Value {
        json!({
            "name": format!("@countersign/{}", self.name),
            "version": main["version"],
            "description": format!("What the npm package countersign needs on {}", self.name),
            "license": main["license"],
            "repository": main["repository"],
            "engines": main["engines"],
            "os": [self.os],
            "cpu": [self.cpu],
            "libc": ["glibc"],
            "files": ["countersign.node", "bin", "LICENSE", "NOTICE"],
        })
    }

    fn readme(&self) -> String {
        format!(
            "# @countersign/{}\n\nThe addon and the program of the npm package `countersign` for this platform. Install `countersign`.\n",
            self.name
        )
    }
}

fn check_versions(manifest: &Value, version: &str, platform: &Platform) -> Result<(), String> {
    let optional = format!("/optionalDependencies/@countersign~1{}", platform.name);
    for pointer in ["/version", &optional] {
        let found = manifest.pointer(pointer).and_then(Value::as_str);
        if found != Some(version) {
            return Err(format!(
                "npm/package.json: `{pointer}` must be \"{version}\"; it is {found:?}"
            ));
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let entries = fs::read_dir(from).map_err(|error| format!("`{}`: {error}", from.display()))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("`{}`: {error}", from.display()))?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            copy(&from, &to)?;
        }
    }
    Ok(())
}

/// With its permissions.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    make_parent(to)?;
    fs::copy(from, to)
        .map(drop)
        .map_err(|error| format!("`{}` to `{}`: {error}", from.display(), to.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    make_parent(path)?;
    fs::write(path, text).map_err(|error| format!("`{}`: {error}", path.display()))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))
}

fn make_parent(path: &Path) -> Result<(), String> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(|error| format!("`{}`: {error}", parent.display()))
}

#[cfg(test)]
mod tests {
    use super::{check_versions, platform};
    use serde_json::json;

    #[test]
    fn a_platform_is_named_in_the_words_of_npm() {
        let named = |os, arch| platform(os, arch).map(|platform| platform.name);
        assert_eq!(named("linux", "x86_64").as_deref(), Ok("linux-x64-gnu"));
        assert_eq!(named("linux", "aarch64").as_deref(), Ok("linux-arm64-gnu"));
        assert!(named("linux", "riscv64").is_err() && named("plan9", "x86_64").is_err());
    }

    #[test]
    fn both_versions_are_that_of_the_workspace() {
        let platform = platform("linux", "x86_64").expect("a platform");
        let check = |own: &str, other: &str| {
            let manifest =
                json!({"version": own, "optionalDependencies": {"@countersign/linux-x64-gnu": other}});
            check_versions(&manifest, "0.1.0", &platform)
        };
        assert_eq!(check("0.1.0", "0.1.0"), Ok(()));
        assert!(check("0.2.0", "0.1.0").is_err() && check("0.1.0", "0.2.0").is_err());
    }
}
