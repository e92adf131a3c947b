//! The load generator against a server of ours in this process, for a moment: does it measure, report, and refuse to lie.
//!
//! Not here: whether any figure is good. A debug build on a busy machine says nothing about that.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use countersign_embedded::{Embedded, Options};
use countersign_identity::{AccessKey, Directory};
use countersign_server::{Config, Real, Server};
use countersign_sigv4::Secret;
use countersign_store::{Settings, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A whole server, on the engine that writes to disk; it ends when dropped.
struct Running {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    directory: TempDir,
}

impl Running {
    fn start() -> Running {
        let directory = tempfile::tempdir().expect("a directory");
        let listen = || {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.set_nonblocking(true).expect("a socket");
            listener
        };
        let (listener, admin) = (listen(), listen());
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        let data_dir = directory.path().join("data");
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                std::fs::create_dir_all(&data_dir).expect("a directory");
                let engine = Arc::new(Embedded::open(&data_dir, &Options::new(1)).expect("an engine"));
                let settings = Settings {
                    sweep_after: Duration::ZERO,
                    ..Settings::default()
                };
                let store = Store::open_with(engine, Arc::new(Real), settings)
                    .await
                    .expect("a store");
                let root = AccessKey {
                    access_key_id: ACCESS_KEY_ID.to_owned(),
                    secret: Secret::new(SECRET),
                };
                let server = Server::new(Config::in_region("us-east-1"), store, Directory::of_root(root));
                let stop = async {
                    let _is_told_or_dropped = stopped.await;
                };
                server
                    .run(vec![listener], vec![admin], stop)
                    .await
                    .expect("it serves");
            });
        });
        Running {
            url,
            stop: Some(stop),
            thread: Some(thread),
            directory,
        }
    }

    fn endpoint(&self, secret: &str) -> String {
        let directory = self.directory.path().display();
        let pid = std::process::id();
        format!(
            "countersign={},{ACCESS_KEY_ID},{secret},pid={pid},dir={directory}",
            self.url
        )
    }

    /// Runs the load generator with little of everything.
    fn bench(&self, what: &[&str], secret: &str, flags: &[&str]) -> Output {
        let scratch = self.directory.path().join("scratch");
        Command::new(env!("CARGO_BIN_EXE_bench"))
            .args(what)
            .args([
                "--endpoint",
                &self.endpoint(secret),
                "--scratch",
                &scratch.display().to_string(),
            ])
            .args([
                "--rounds",
                "1",
                "--seconds",
                "0.05",
                "--objects",
                "0.0001",
                "--listed",
                "2000",
            ])
            .args(flags)
            .output()
            .expect("the load generator runs")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _has_said_why = thread.join();
        }
    }
}

fn check_report(directory: &Path) {
    let text = std::fs::read_to_string(directory.join("results.json")).expect("results are written");
    let results: Value = serde_json::from_str(&text).expect("they are JSON");
    let lines = results["lines"].as_array().expect("lines");
    let ours: Vec<&Value> = lines.iter().filter(|line| line["who"] == "countersign").collect();
    let workloads: Vec<&str> = ours.iter().filter_map(|line| line["workload"].as_str()).collect();
    for wanted in [
        "get/4KiB/32",
        "put/4KiB/64",
        "put/16MiB/4",
        "list-prefixes/16B/4",
        "delete-many/16B/4",
        "mixed/64KiB/32",
    ] {
        assert!(workloads.contains(&wanted), "{workloads:?}");
    }
    for line in &ours {
        assert!(
            line["fault"].is_null() && line["rate"].as_f64() > Some(0.0),
            "{line}"
        );
        assert!(line["peak"].as_u64() > Some(0), "{line}");
        let limited = line["workload"] != "mixed/64KiB/32";
        assert_eq!(line["ratio"].as_f64().is_some(), limited, "{line}");
    }
    let page = std::fs::read_to_string(directory.join("README.md")).expect("a page is written");
    for part in [
        "| GET 4 KiB, 32 connections | hyper hello: ",
        "| countersign |",
        "](put-sizes.svg)",
        "not measured",
    ] {
        assert!(page.contains(part), "`{part}` is not in\n{page}");
    }
    assert!(
        std::fs::read_to_string(directory.join("put-sizes.svg"))
            .expect("a plot")
            .starts_with("<svg")
    );
}

#[test]
fn quick_run_measures_every_goal_and_writes_the_report() {
    let running = Running::start();
    let out = running.directory.path().join("report");
    let output = running.bench(&["quick"], SECRET, &["--out", &out.display().to_string()]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    check_report(&out);
}

#[test]
fn every_other_workload_runs_too() {
    let running = Running::start();
    let workloads = [
        "head/4KiB/2",
        "churn/1KiB/2",
        "multipart/32MiB/1",
        "delete/1KiB/1",
        "get/100B/1",
    ];
    let output = running.bench(&["measure"], SECRET, &workloads);
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{table}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for workload in workloads {
        let told = table
            .lines()
            .any(|line| line.starts_with(workload) && line.contains(" countersign "));
        assert!(told, "{workload} is not in\n{table}");
    }
}

#[test]
fn good_requests_are_answered_under_every_flood_and_the_report_says_how() {
    let running = Running::start();
    let out = running.directory.path().join("report").display().to_string();
    let scratch = running.directory.path().join("scratch").display().to_string();
    let run = |what: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_bench"))
            .args(what)
            .args(["--out", &out])
            .output()
            .expect("the load generator runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
    };
    let endpoint = running.endpoint(SECRET);
    let flood = ["flood", "--endpoint", &endpoint, "--scratch", &scratch];
    run(&[
        &flood[..],
        &["--rounds", "1", "--seconds", "0.2", "--rate", "200"],
    ]
    .concat());
    let text = std::fs::read_to_string(Path::new(&out).join("flood.json")).expect("results are written");
    let results: Value = serde_json::from_str(&text).expect("they are JSON");
    let lines = results["lines"].as_array().expect("lines");
    assert_eq!(lines.len(), 14);
    for line in lines {
        assert!(line["rate"].as_f64() > Some(0.0), "{line}");
        assert_eq!(
            line["bad_rate"].as_f64() > Some(0.0),
            line["bad"] != "none",
            "{line}"
        );
        if line["bad"] == "unknown keys" {
            assert_eq!(line["searched"].as_f64(), Some(0.0), "{line}");
        }
    }
    assert!(
        lines.iter().any(|line| line["searched"].as_f64() > Some(0.0)),
        "{text}"
    );
    let page = std::fs::read_to_string(Path::new(&out).join("README.md")).expect("a page is written");
    for part in [
        "## Under a flood of bad requests",
        "| get/4KiB/8 | from one address |",
    ] {
        assert!(page.contains(part), "`{part}` is not in\n{page}");
    }
}

#[test]
fn wrong_secret_fails_the_run() {
    let running = Running::start();
    let output = running.bench(&["measure", "put/4KiB/2"], "wrong", &["--no-limits"]);
    assert!(!output.status.success());
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("FAILED") && table.contains("403"), "{table}");
}

const ACCESS_KEY_ID: &str = "AKIDBENCH";
const SECRET: &str = "the right secret";
