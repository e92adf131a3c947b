//! What each command runs, and in which order.
//!
//! The order within `ci` is cheap before dear, except that setting up comes first: it is the step most likely to
//! fail on a new machine, and nothing after it makes sense to a reader who has not seen it fail.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::npm;
use crate::steps::{Process, Steps};
use crate::tidy;

/// Where the repository lies and which cargo runs us.
pub(crate) struct Workspace {
    root: PathBuf,
    cargo: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built in.
    pub(crate) fn here() -> Workspace {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().unwrap_or(manifest).to_owned();
        let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Workspace { root, cargo, target }
    }

    fn cargo(&self, arguments: &[&str]) -> Process {
        Process::new(&self.cargo, &self.root).args(arguments)
    }

    fn script(&self, path: &str) -> Process {
        Process::new(self.root.join(path), &self.root)
    }

    fn binary(&self) -> String {
        self.target
            .join("release")
            .join("countersign")
            .display()
            .to_string()
    }
}

/// Formatting, lints, documentation and `tidy`.
pub(crate) fn check(workspace: &Workspace) -> ExitCode {
    let mut steps = Steps::new("check");
    run_checks(workspace, &mut steps);
    steps.close()
}

/// Everything fast; with `--slow` also the long tests and, unless a filter names some tests, the real clients.
pub(crate) fn test(workspace: &Workspace, arguments: &[&str]) -> ExitCode {
    let slow = arguments.contains(&"--slow");
    let filter: Vec<&str> = arguments
        .iter()
        .copied()
        .filter(|&argument| argument != "--slow")
        .collect();
    let mut steps = Steps::new("test");
    run_tests(workspace, &mut steps, &filter, slow);
    if slow && filter.is_empty() {
        run_clients(workspace, &mut steps, &[]);
    }
    steps.close()
}

/// The tests with real clients: all of them, or the jobs that are named.
pub(crate) fn clients(workspace: &Workspace, jobs: &[&str]) -> ExitCode {
    let mut steps = Steps::new("clients");
    run_clients(workspace, &mut steps, jobs);
    steps.close()
}

/// The npm package and that of this platform as tarballs in `target/npm`. With `--release` as they are published; `--binary FILE` takes a
/// `countersign` that is built already.
pub(crate) fn npm(workspace: &Workspace, arguments: &[&str]) -> ExitCode {
    let (is_release, arguments) = match arguments {
        ["--release", rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let binary = match arguments {
        [] => None,
        ["--binary", file] => Some(std::path::absolute(file).unwrap_or_else(|_| PathBuf::from(file))),
        _ => {
            eprintln!("usage: cargo xtask npm [--release] [--binary FILE]");
            return ExitCode::from(2);
        }
    };
    let mut steps = Steps::new("npm");
    run_npm(workspace, &mut steps, is_release, binary);
    steps.close()
}

/// The tests of ceph/s3-tests, from a checkout of it, held against the list of those that do not pass.
pub(crate) fn s3_tests(workspace: &Workspace, checkout: &str, arguments: &[&str]) -> ExitCode {
    let mut steps = Steps::new("s3-tests");
    if build_release(workspace, &mut steps) {
        let checkout = std::path::absolute(checkout).unwrap_or_else(|_| PathBuf::from(checkout));
        let suite = workspace
            .script("conformance/s3-tests/run")
            .args(&[&checkout.display().to_string()])
            .args(arguments)
            .env("COUNTERSIGN_BIN", workspace.binary());
        steps.process("suite", &suite);
    } else {
        steps.fail_for_want_of("suite", "build");
    }
    steps.close()
}

/// The corpus of wrong requests, played through the server: the score, and each row that misses it.
pub(crate) fn corpus(workspace: &Workspace) -> ExitCode {
    let mut steps = Steps::new("corpus");
    let test = [
        "test",
        "--package",
        "countersign-server",
        "--test",
        "outside",
        "--locked",
        "corpus::",
        "--",
        "--nocapture",
    ];
    steps.process("corpus", &workspace.cargo(&test));
    steps.close()
}

/// The captures of real tools made anew, all of them or those whose names begin so. Read the diff afterwards.
pub(crate) fn captures(workspace: &Workspace, names: &[&str]) -> ExitCode {
    let mut steps = Steps::new("captures");
    let build = workspace.cargo(&["build", "--workspace", "--bin", "countersign", "--locked"]);
    if !steps.process("server", &build) {
        steps.fail_for_want_of("captures", "server");
        return steps.close();
    }
    let binary = workspace.target.join("debug").join("countersign");
    let make = workspace.script("conformance/evidence/make").args(names);
    steps.process(
        "captures",
        &make.env("COUNTERSIGN_BIN", binary.display().to_string()),
    );
    steps.close()
}

/// Many more of the crash tests' runs than a test run makes, with the progress of it.
pub(crate) fn crash(workspace: &Workspace, arguments: &[&str]) -> ExitCode {
    let Some((points, seed)) = count_and_seed(arguments, "--points", CRASH_POINTS) else {
        eprintln!("usage: cargo xtask crash [--points N] [--seed S]");
        return ExitCode::from(2);
    };
    let mut steps = Steps::new("crash");
    let test = [
        "test",
        "--package",
        "countersign-embedded",
        "--test",
        "crash",
        "--locked",
    ];
    let process = workspace
        .cargo(&test)
        .args(&["nothing_acknowledged", "--", "--nocapture"])
        .env("COUNTERSIGN_CRASH_POINTS", points)
        .env("COUNTERSIGN_CRASH_SEED", seed);
    steps.process("crash", &process);
    steps.close()
}

/// Many more runs of the simulation than a test run makes.
pub(crate) fn sim(workspace: &Workspace, arguments: &[&str]) -> ExitCode {
    let Some((runs, seed)) = count_and_seed(arguments, "--runs", SIM_RUNS) else {
        eprintln!("usage: cargo xtask sim [--runs N] [--seed S]");
        return ExitCode::from(2);
    };
    let mut steps = Steps::new("sim");
    let process = workspace
        .cargo(&["test", "--package", "countersign-simulation", "--locked"])
        .args(&["every_answer", "--", "--nocapture"])
        .env("COUNTERSIGN_SIM_RUNS", runs)
        .env("COUNTERSIGN_SIM_SEED", seed);
    steps.process("sim", &process);
    steps.close()
}

/// The real binary, killed again and again on one data directory.
pub(crate) fn kill_loop(workspace: &Workspace, arguments: &[&str]) -> ExitCode {
    let Some((rounds, seed)) = count_and_seed(arguments, "--rounds", KILL_ROUNDS) else {
        eprintln!("usage: cargo xtask kill-loop [--rounds N] [--seed S]");
        return ExitCode::from(2);
    };
    let mut steps = Steps::new("kill-loop");
    if build_release(workspace, &mut steps) {
        let process = workspace
            .script("conformance/python/kill_loop.py")
            .args(&["--rounds", rounds, "--seed", seed])
            .env("COUNTERSIGN_BIN", workspace.binary());
        steps.process("kill-loop", &process);
    } else {
        steps.fail_for_want_of("kill-loop", "build");
    }
    steps.close()
}

/// What `[--COUNT N] [--seed S]` says, in either order; `None` if it says anything else.
fn count_and_seed<'a>(arguments: &[&'a str], count_name: &str, count: &'a str) -> Option<(&'a str, &'a str)> {
    let (mut count, mut seed) = (count, "0");
    for pair in arguments.chunks(2) {
        match pair {
            [name, value] if *name == count_name => count = value,
            ["--seed", value] => seed = value,
            _ => return None,
        }
    }
    let is_number = |text: &str| text.parse::<u64>().is_ok();
    (is_number(count) && is_number(seed)).then_some((count, seed))
}

/// Sets up a fresh machine and runs everything there is.
pub(crate) fn ci(workspace: &Workspace) -> ExitCode {
    let mut steps = Steps::new("ci");
    let ready = steps.process("setup", &workspace.script("conformance/setup"));
    run_checks(workspace, &mut steps);
    run_tests(workspace, &mut steps, &[], true);
    if ready {
        run_clients(workspace, &mut steps, &[]);
    } else {
        steps.fail_for_want_of("clients", "setup");
    }
    steps.close()
}

/// Rewrites the expected files of golden tests.
pub(crate) fn bless(workspace: &Workspace, filter: &[&str]) -> ExitCode {
    let mut steps = Steps::new("bless");
    let process = workspace
        .cargo(&["test", "--workspace", "--locked"])
        .args(filter)
        .env("COUNTERSIGN_BLESS", "1");
    steps.process("bless", &process);
    steps.close()
}

/// Builds the product and the load generator, and measures; without a word the quick run. Flags go to the load generator.
pub(crate) fn bench(workspace: &Workspace, arguments: &[&str]) -> ExitCode {
    let (what, flags) = match arguments.split_first() {
        Some((what, flags)) if !what.starts_with("--") => (*what, flags),
        _ => ("quick", arguments),
    };
    let mut steps = Steps::new("bench");
    let build = workspace.cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "countersign",
        "--package",
        "bench",
    ]);
    if !steps.process("build", &build) {
        steps.fail_for_want_of(what, "build");
        return steps.close();
    }
    let binary = workspace.binary();
    let mut bench =
        Process::new(workspace.target.join("release").join("bench"), &workspace.root).args(&[what]);
    // A page that is made anew needs no server, and whoever names one does not want another.
    let named = flags.iter().any(|flag| flag.starts_with("--countersign"));
    if !matches!(what, "report" | "refusals") && !named {
        bench = bench.args(&["--countersign", &binary]);
    }
    steps.process(what, &bench.args(flags));
    steps.close()
}

/// A server on a scratch directory that survives between runs, so that what you uploaded is still there.
pub(crate) fn serve(workspace: &Workspace, flags: &[&str]) -> ExitCode {
    let scratch = workspace.target.join("scratch").display().to_string();
    let process = workspace.cargo(&[
        "run",
        "--package",
        "countersign",
        "--",
        "serve",
        "--data-dir",
        &scratch,
    ]);
    match process.args(flags).run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("serve: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Only what this repository promises about itself.
pub(crate) fn tidy(workspace: &Workspace) -> ExitCode {
    let mut steps = Steps::new("tidy");
    run_tidy(workspace, &mut steps);
    steps.close()
}

fn run_checks(workspace: &Workspace, steps: &mut Steps) {
    steps.process("format", &workspace.cargo(&["fmt", "--all", "--check"]));
    // A workspace of its own, with a lock file of its own: the clients are not part of the product.
    let clients = ["fmt", "--manifest-path", "conformance/rust/Cargo.toml", "--check"];
    steps.process("format", &workspace.cargo(&clients));
    // So is what Node loads.
    let addon = ["fmt", "--manifest-path", "npm/addon/Cargo.toml", "--check"];
    steps.process("format", &workspace.cargo(&addon));
    run_tidy(workspace, steps);
    let lints = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    steps.process("lints", &workspace.cargo(&lints));
    let documentation = workspace.cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    steps.process("docs", &documentation.env("RUSTDOCFLAGS", "-D warnings"));
}

fn run_tidy(workspace: &Workspace, steps: &mut Steps) {
    steps.run("tidy", || tidy::run(&workspace.root, &workspace.cargo));
}

fn run_tests(workspace: &Workspace, steps: &mut Steps, filter: &[&str], slow: bool) {
    let mut tests = workspace
        .cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])
        .args(filter);
    if slow {
        tests = tests.env("COUNTERSIGN_SLOW", "1");
    }
    steps.process("tests", &tests);
}

fn build_release(workspace: &Workspace, steps: &mut Steps) -> bool {
    let build = workspace.cargo(&["build", "--release", "--locked", "--package", "countersign"]);
    steps.process("build", &build)
}

/// Builds the addon, and the program unless there is one, and packs them.
fn run_npm(workspace: &Workspace, steps: &mut Steps, is_release: bool, binary: Option<PathBuf>) {
    let profile: &[&str] = if is_release { &["--release"] } else { &[] };
    let target = workspace.target.display().to_string();
    let addon = [
        "build",
        "--locked",
        "--manifest-path",
        "npm/addon/Cargo.toml",
        "--target-dir",
        &target,
    ];
    if !steps.process("addon", &workspace.cargo(&addon).args(profile)) {
        return steps.fail_for_want_of("npm", "addon");
    }
    let program = ["build", "--locked", "--package", "countersign"];
    if binary.is_none() && !steps.process("program", &workspace.cargo(&program).args(profile)) {
        return steps.fail_for_want_of("npm", "program");
    }
    let built = workspace
        .target
        .join(if is_release { "release" } else { "debug" });
    let binary = binary.unwrap_or_else(|| built.join("countersign"));
    let packed = workspace.target.join("npm");
    let mut folders = Vec::new();
    let staged = steps.run("stage", || {
        folders = npm::stage(&workspace.root, &packed, &built, &binary)?;
        Ok(())
    });
    if !staged {
        return steps.fail_for_want_of("npm", "stage");
    }
    let destination = packed.display().to_string();
    for folder in &folders {
        let pack = Process::new("npm", folder);
        let pack = pack.args(&[
            "pack",
            "--ignore-scripts",
            "--loglevel=error",
            "--pack-destination",
            &destination,
        ]);
        steps.process("npm", &pack);
    }
}

fn run_clients(workspace: &Workspace, steps: &mut Steps, jobs: &[&str]) {
    if !build_release(workspace, steps) {
        return steps.fail_for_want_of("clients", "build");
    }
    if jobs.is_empty() || jobs.contains(&"npm") {
        // The addon as tests are built, which is there already; the program as people get it.
        run_npm(workspace, steps, false, Some(PathBuf::from(workspace.binary())));
    }
    let clients = workspace
        .script("conformance/run")
        .args(jobs)
        .env("COUNTERSIGN_BIN", workspace.binary());
    steps.process("clients", &clients);
}

/// What it takes to meet the rare ones, too; minutes on two cores.
const CRASH_POINTS: &str = "1000000";
/// Of several lives each: about a million operations.
const SIM_RUNS: &str = "1000";
/// Less than ten minutes on two cores.
const KILL_ROUNDS: &str = "1000";

#[cfg(test)]
mod tests {
    use super::count_and_seed;

    #[test]
    fn count_and_seed_come_in_either_order_or_not_at_all() {
        let check = |words: &str, expected: Option<(&str, &str)>| {
            let words: Vec<&str> = words.split_whitespace().collect();
            assert_eq!(count_and_seed(&words, "--runs", "9"), expected, "{words:?}");
        };
        check("", Some(("9", "0")));
        check("--seed 3 --runs 5", Some(("5", "3")));
        check("--runs 5 --seed 3", Some(("5", "3")));
        check("--runs", None);
        check("--runs many", None);
        check("--points 5", None);
    }
}
