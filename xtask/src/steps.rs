//! Runs the steps of a command one after the other and says how each ended and how long it took.
//!
//! A step that fails does not stop the next one: a run should show everything that is wrong, not the first thing.
//! The exception is a step that needs another one's result; it counts as failed, and says which step it waited for.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// How the steps of one command ended, in order.
pub(crate) struct Steps {
    command: &'static str,
    done: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    /// What went wrong; `None` when the step passed.
    fault: Option<String>,
}

impl Steps {
    pub(crate) fn new(command: &'static str) -> Steps {
        Steps {
            command,
            done: Vec::new(),
        }
    }

    /// Runs a child process; it passes when the process exits with 0.
    pub(crate) fn process(&mut self, name: &str, process: &Process) -> bool {
        println!("\n=== {}: {name}: {}", self.command, process.shown());
        self.record(name, || process.run())
    }

    /// Runs a function of ours; it passes when it answers `Ok`.
    pub(crate) fn run(&mut self, name: &str, body: impl FnOnce() -> Result<(), String>) -> bool {
        println!("\n=== {}: {name}", self.command);
        self.record(name, body)
    }

    /// Counts a step as failed because `needed` did not pass.
    pub(crate) fn fail_for_want_of(&mut self, name: &str, needed: &str) {
        println!("\n=== {}: {name}: not started, it needs `{needed}`", self.command);
        let fault = Some(format!("not started, it needs `{needed}`"));
        self.done.push(Step {
            name: name.to_owned(),
            took: Duration::ZERO,
            fault,
        });
    }

    /// Prints the table of steps and the closing line; the exit code is a failure if any step failed.
    pub(crate) fn close(self) -> ExitCode {
        print!("\n{}", self.summary());
        if self.failed() == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn record(&mut self, name: &str, body: impl FnOnce() -> Result<(), String>) -> bool {
        let started = Instant::now();
        let fault = body().err();
        let took = started.elapsed();
        let passed = fault.is_none();
        if let Some(fault) = &fault {
            println!("--- {name}: {fault}");
        }
        self.done.push(Step {
            name: name.to_owned(),
            took,
            fault,
        });
        passed
    }

    fn failed(&self) -> usize {
        self.done.iter().filter(|step| step.fault.is_some()).count()
    }

    fn summary(&self) -> String {
        let mut text = String::new();
        for step in &self.done {
            let ending = match &step.fault {
                None => "passed".to_owned(),
                Some(fault) => format!("FAILED: {fault}"),
            };
            text.push_str(&format!(
                "  {:<12} {:>7.1} s  {ending}\n",
                step.name,
                step.took.as_secs_f64()
            ));
        }
        let failed = self.failed();
        text.push_str(&format!(
            "{}: {} passed, {failed} failed\n",
            self.command,
            self.done.len() - failed
        ));
        text
    }
}

/// A child process: what to run, where, and with which environment on top of ours.
#[derive(Clone)]
pub(crate) struct Process {
    program: PathBuf,
    arguments: Vec<String>,
    directory: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Process {
    pub(crate) fn new(program: impl Into<PathBuf>, directory: &Path) -> Process {
        let directory = directory.to_owned();
        Process {
            program: program.into(),
            arguments: Vec::new(),
            directory,
            environment: Vec::new(),
        }
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Process {
        self.arguments
            .extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Process {
        self.environment.push((name, value.into()));
        self
    }

    /// Waits for the process to end. A program that cannot be started is a fault like any other.
    pub(crate) fn run(&self) -> Result<(), String> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.directory);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(status.to_string()),
            Err(error) => Err(format!("cannot run `{}`: {error}", self.program.display())),
        }
    }

    fn shown(&self) -> String {
        let mut words: Vec<String> = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let program = self
            .program
            .strip_prefix(&self.directory)
            .unwrap_or(&self.program);
        words.push(program.file_name().filter(|name| *name == "cargo").map_or_else(
            || program.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        ));
        words.extend(self.arguments.iter().cloned());
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Process, Steps};
    use std::path::Path;

    #[test]
    fn closing_line_counts_what_passed_and_what_failed() {
        let mut steps = Steps::new("ci");
        assert!(steps.run("good", || Ok(())));
        assert!(!steps.run("bad", || Err("it broke".to_owned())));
        steps.fail_for_want_of("waiting", "bad");
        let summary = steps.summary();
        assert!(summary.ends_with("ci: 1 passed, 2 failed\n"), "{summary}");
        assert!(summary.contains("FAILED: it broke"), "{summary}");
        assert!(summary.contains("it needs `bad`"), "{summary}");
    }

    #[test]
    fn missing_program_is_a_failure() {
        let mut steps = Steps::new("ci");
        let process = Process::new("/nowhere/no-such-program", Path::new("/"));
        assert!(!steps.process("absent", &process));
        assert!(steps.summary().contains("cannot run"));
    }

    #[test]
    fn exit_code_other_than_zero_is_a_failure() {
        let mut steps = Steps::new("ci");
        assert!(!steps.process(
            "false",
            &Process::new("sh", Path::new("/")).args(&["-c", "exit 3"])
        ));
        assert!(steps.process(
            "true",
            &Process::new("sh", Path::new("/")).args(&["-c", "exit 0"])
        ));
        assert!(steps.summary().ends_with("ci: 1 passed, 1 failed\n"));
    }
}
