//! The scrub as an operator meets it: on a schedule, by the admin API, over a restart; and what a storage that refuses
//! writes says of itself.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_engine::memory::Memory;
use countersign_engine::upkeep::{Census, Damage, RowName, ScrubPosition, ScrubStep, Upkeep, Usage};
use countersign_engine::{Class, Error, Home, Result, Row, Space};
use countersign_server::{Config, ScrubSchedule};
use serde_json::Value;

use crate::http::{Ask, Connection, Key};
use crate::running::{Running, until};

/// An engine's upkeep that does what was planned, step by step, and then has nothing left to read.
#[derive(Default)]
pub(crate) struct Planned {
    steps: Mutex<VecDeque<Plan>>,
    /// Where each step was to begin.
    begun: Mutex<Vec<Option<String>>>,
    health: Mutex<Option<Error>>,
}

enum Plan {
    Step(ScrubStep),
    Fails,
    /// Never ends.
    Hangs,
}

impl Planned {
    fn new(steps: impl IntoIterator<Item = Plan>) -> Arc<Planned> {
        Arc::new(Planned {
            steps: Mutex::new(steps.into_iter().collect()),
            ..Planned::default()
        })
    }

    fn begun(&self) -> Vec<Option<String>> {
        self.begun.lock().expect("nobody panicked").clone()
    }
}

#[async_trait]
impl Upkeep for Planned {
    fn health(&self) -> Result<()> {
        let failed = self.health.lock().expect("nobody panicked").clone();
        failed.map_or(Ok(()), Err)
    }

    async fn scrub(&self, from: Option<ScrubPosition>, _: u64) -> Result<ScrubStep> {
        let begun = from.map(|from| from.text);
        self.begun.lock().expect("nobody panicked").push(begun);
        let plan = self.steps.lock().expect("nobody panicked").pop_front();
        match plan {
            Some(Plan::Step(step)) => Ok(step),
            Some(Plan::Fails) => Err(Error::Unavailable("too many open files".into())),
            Some(Plan::Hangs) => std::future::pending().await,
            None => Ok(ScrubStep::default()),
        }
    }

    async fn census(&self) -> Result<Census> {
        Ok(Census::default())
    }

    fn usage(&self) -> Usage {
        Usage {
            segments: 3,
            log_bytes: 9000,
            live_bytes: 7000,
            segments_given_up: 2,
            compacted_bytes: 500,
            checkpoints: 4,
        }
    }
}

fn step(rows: u64, bytes: u64, next: &str) -> ScrubStep {
    ScrubStep {
        rows,
        bytes,
        damage: Vec::new(),
        next: Some(ScrubPosition::kept(next)),
    }
}

fn config(every: Option<u64>, file: Option<&Path>) -> Config {
    Config {
        scrub: ScrubSchedule {
            every: every.map(Duration::from_secs),
            bytes_per_second: u64::MAX,
        },
        scrub_file: file.map(Path::to_path_buf),
        ..Config::in_region("us-east-1")
    }
}

fn start(config: Config, upkeep: Arc<Planned>) -> Running {
    Running::watching(Arc::new(Memory::new()), config, Some(upkeep))
}

fn ask(server: &Running, method: &str) -> Value {
    let answer = server.ask_admin_to(method, "/api/v1/scrub");
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn text(document: &Value, pointer: &str) -> String {
    let found = document.pointer(pointer);
    found
        .map(|value| value.as_str().map_or(value.to_string(), str::to_owned))
        .unwrap_or_default()
}

fn metrics(server: &Running) -> String {
    let ask = Ask::new("GET", "/metrics").to(&server.admin.to_string());
    Connection::open(server.admin).ask(&ask).text()
}

const WEEK: u64 = 7 * 24 * 60 * 60;

#[test]
fn a_scrub_that_is_asked_for_tells_damaged_objects_by_their_names() {
    let row = RowName {
        space: Space(1),
        home: Home(Bytes::from_static(b"a key")),
        row: Row {
            class: Class(b'k'),
            suffix: Bytes::new(),
        },
    };
    let damage = |row| Damage {
        row,
        what: "block 3 does not match its checksum".into(),
    };
    let found = ScrubStep {
        damage: vec![damage(None), damage(Some(row))],
        ..step(2, 5000, "row 1")
    };
    let upkeep = Planned::new([Plan::Step(step(1, 100, "segment 1")), Plan::Step(found)]);
    let server = start(config(None, None), upkeep.clone()).bucket("bucket");
    server.put("/bucket/a%20key", "hello");
    assert_eq!(text(&ask(&server, "GET"), "/state"), "off");
    assert!(upkeep.begun().is_empty(), "nobody asked for one");
    assert_eq!(text(&ask(&server, "POST"), "/state"), "running");
    until("the scrub is through", || {
        text(&ask(&server, "GET"), "/state") == "off"
    });
    let told = ask(&server, "GET");
    for (pointer, expected) in [
        ("/last/bytes", "5100"),
        ("/last/rows", "3"),
        ("/last/damaged", "2"),
        ("/last/damage/0/kind", "log"),
        ("/last/damage/1/bucket", "bucket"),
        ("/last/damage/1/objectKey", "a key"),
        ("/last/damage/1/kind", "object"),
        ("/last/damage/1/what", "block 3 does not match its checksum"),
        ("/next", ""),
        ("/everySeconds", "null"),
    ] {
        assert_eq!(text(&told, pointer), expected, "{pointer}: {told}");
    }
    let counted = metrics(&server);
    for line in [
        "countersign_scrub_bytes_total 5100",
        "countersign_scrub_rows_total 3",
        "countersign_scrub_running 0",
        "countersign_scrub_damaged 2",
        "countersign_storage_writable 1",
        "countersign_log_segments 3",
        "countersign_log_bytes 9000",
        "countersign_log_live_bytes 7000",
        "countersign_log_segments_given_up_total 2",
        "countersign_log_compacted_bytes_total 500",
        "countersign_index_checkpoints_total 4",
    ] {
        assert!(counted.lines().any(|told| told == line), "{line}: {counted}");
    }
    assert!(!counted.contains("a key"), "{counted}");
    // The next pass finds nothing, and says so.
    ask(&server, "POST");
    until("the scrub is through", || {
        text(&ask(&server, "GET"), "/last/damaged") == "0"
    });
    assert!(metrics(&server).contains("countersign_scrub_damaged 0\n"));
}

#[test]
fn a_scrub_is_told_to_the_root_only_and_changed_by_nothing_else() {
    let server = start(config(None, None), Planned::new([]));
    let unsigned = Ask::new("GET", "/api/v1/scrub").to(&server.admin.to_string());
    assert_eq!(Connection::open(server.admin).ask(&unsigned).status, 401);
    let wrong = unsigned.sign(&Key::admin().with_secret("wrong"));
    assert_eq!(Connection::open(server.admin).ask(&wrong).status, 403);
    assert_eq!(server.ask_admin_to("DELETE", "/api/v1/scrub").status, 405);
    let without = Running::start();
    assert_eq!(without.ask_admin("/api/v1/scrub").status, 404);
}

#[test]
fn a_pass_goes_on_after_a_restart_where_it_stood() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("scrub");
    let before = Planned::new([Plan::Step(step(4, 400, "row 07")), Plan::Hangs]);
    let mut server = start(config(Some(WEEK), Some(&file)), before.clone());
    until("the second step", || before.begun().len() == 2);
    server.stop();
    server.wait();
    let after = Planned::new([Plan::Step(step(5, 500, "row 08"))]);
    let server = start(config(Some(WEEK), Some(&file)), after.clone());
    until("the pass is through", || {
        text(&ask(&server, "GET"), "/state") == "waiting"
    });
    assert_eq!(
        after.begun(),
        [Some("row 07".to_owned()), Some("row 08".to_owned())]
    );
    let told = ask(&server, "GET");
    assert_eq!(
        (text(&told, "/last/rows"), text(&told, "/last/bytes")),
        ("9".into(), "900".into())
    );
    assert!(!text(&told, "/next").is_empty(), "{told}");
    drop(server);
    // Not again before it is due, and what was found is still told.
    let later = Planned::new([]);
    let server = start(config(Some(WEEK), Some(&file)), later.clone());
    assert_eq!(text(&ask(&server, "GET"), "/last/rows"), "9");
    assert!(later.begun().is_empty());
    // Off: what was not through is not gone on with.
    let off = Planned::new([]);
    std::fs::write(&file, r#"{"running":{"started":"2026-01-01T00:00:00Z","bytes":1,"rows":1,"damaged":0,"damage":[],"position":"row 01"}}"#)
        .expect("written");
    let server = start(config(None, Some(&file)), off.clone());
    assert_eq!(text(&ask(&server, "GET"), "/state"), "off");
    assert!(off.begun().is_empty());
}

#[test]
fn a_pass_that_does_not_get_on_says_why() {
    let upkeep = Planned::new([Plan::Fails, Plan::Hangs]);
    let server = start(config(Some(WEEK), None), upkeep);
    until("the failure is told", || {
        text(&ask(&server, "GET"), "/running/trouble").contains("too many open files")
    });
    assert_eq!(text(&ask(&server, "GET"), "/state"), "running");
}

#[test]
fn a_server_whose_storage_refuses_writes_is_alive_and_not_ready() {
    let upkeep = Planned::new([]);
    let server = start(config(None, None), upkeep.clone());
    let probe = |address: std::net::SocketAddr, path: &str| {
        let answer = Connection::open(address).ask(&Ask::new("GET", path).to(&address.to_string()));
        (answer.status, answer.text())
    };
    assert_eq!(probe(server.admin, "/readyz"), (200, "ok\n".to_owned()));
    let failed = Error::Failed("making /secret/place durable".into());
    *upkeep.health.lock().expect("nobody panicked") = Some(failed);
    for (address, path) in [(server.admin, "/readyz"), (server.s3, "/-/readyz")] {
        let (status, told) = probe(address, path);
        assert_eq!(status, 503);
        assert!(told.contains("restarted") && !told.contains("secret"), "{told}");
    }
    assert_eq!(probe(server.admin, "/livez").0, 200);
    assert!(metrics(&server).contains("countersign_storage_writable 0\n"));
}
