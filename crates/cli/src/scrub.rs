//! `countersign scrub`: reads everything stored against its checksums; in the directory itself if nobody has it open, else
//! by asking the server that has.
//!
//! Not here: what is read (the engine), and what damaged rows are called (the server says it in the same words).

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_engine::upkeep::Upkeep;
use countersign_server::Real;
use countersign_store::{Settings, Store};
use serde_json::Value;

use crate::admin_options::{Asked, Options};
use crate::data_dir;
use crate::exit::{Failure, Kind};

/// What to read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Options,
    /// Print what was found as JSON.
    #[arg(long)]
    json: bool,
}

/// Scrubs, and fails if anything is damaged.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { server, json } = arguments;
    let dir = server.data_dir().to_path_buf();
    let pass = if data_dir::exists(&dir) {
        match here(&dir) {
            Err(Failure {
                kind: Kind::Conflict, ..
            }) => there(&server.with_caller()?)?,
            done => done?,
        }
    } else {
        there(&server.with_caller()?)?
    };
    let mut out = io::stdout().lock();
    let told = if json { format!("{pass}\n") } else { tell(&pass) };
    out.write_all(told.as_bytes())
        .map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    match number(&pass, "damaged") {
        0 => Ok(()),
        damaged => Err(Failure::new(
            Kind::Unhealthy,
            format!("{damaged} damaged: put the objects again, or take them from a backup"),
        )),
    }
}

/// In the directory, which is held meanwhile.
fn here(dir: &Path) -> Result<Value, Failure> {
    let engine = Arc::new(data_dir::open(dir, &data_dir::options())?);
    let failed = |why: String| Failure::new(Kind::Failed, format!("`{}`: {why}", dir.display()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime
        .map_err(|error| failed(error.to_string()))?
        .block_on(async {
            let total = engine
                .census()
                .await
                .map_err(|error| failed(error.to_string()))?
                .scrub_bytes;
            let store = Store::open_with(engine.clone(), Arc::new(Real), Settings::default())
                .await
                .map_err(|error| failed(error.to_string()))?;
            let mut progress = Progress::begin();
            let mut show = |bytes, damaged| progress.show(bytes, Some(total), damaged);
            let pass = countersign_server::scrub_once(&*engine, &store, &mut show).await;
            let pass = pass.map_err(|error| failed(error.to_string()))?;
            progress.end();
            Ok(pass)
        })
}

/// By a server.
fn there(server: &Asked) -> Result<Value, Failure> {
    let begun = server.post(PATH)?;
    let begin = begun.pointer("/running/started").cloned();
    // A server that knows what the last pass read knows about how much this one will.
    let total = begun.pointer("/last/bytes").and_then(Value::as_u64);
    let mut progress = Progress::begin();
    let mut trouble = None;
    loop {
        let standing = server.document(PATH)?;
        let running = standing
            .get("running")
            .filter(|running| running.get("started") == begin.as_ref());
        let Some(running) = running else {
            progress.end();
            let last = standing.get("last").cloned();
            return last.ok_or_else(|| {
                Failure::new(Kind::Failed, "the server stopped before the scrub was through")
            });
        };
        progress.show(number(running, "bytes"), total, number(running, "damaged"));
        let now = running.get("trouble").cloned();
        if now != trouble && now.is_some() {
            let why = now.as_ref().and_then(Value::as_str).unwrap_or_default();
            eprintln!("the scrub does not get on: {why}");
        }
        trouble = now;
        std::thread::sleep(ASK_EVERY);
    }
}

/// What was found, as a person reads it.
fn tell(pass: &Value) -> String {
    let mut told = String::new();
    let list = pass
        .get("damage")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    for damaged in list {
        let text = |name: &str| damaged.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut subject = text("kind").to_owned();
        if let Some(part) = damaged.get("part") {
            subject.push_str(&format!(" {part}"));
        }
        let (bucket, object_key) = (text("bucket"), text("objectKey"));
        if !bucket.is_empty() {
            subject.push_str(&format!(" {bucket}/{}", object_key.escape_debug()));
        }
        told.push_str(&format!("damaged: {subject}: {}\n", text("what")));
    }
    let damaged = number(pass, "damaged");
    let more = damaged.saturating_sub(list.len() as u64);
    if more > 0 {
        told.push_str(&format!("and {more} more\n"));
    }
    let found = if damaged == 0 {
        "nothing is damaged".to_owned()
    } else {
        format!("{damaged} damaged")
    };
    let (bytes, rows) = (size(number(pass, "bytes")), number(pass, "rows"));
    told.push_str(&format!("read {bytes} of {rows} rows: {found}\n"));
    told
}

fn number(document: &Value, name: &str) -> u64 {
    document.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// A size for people.
pub(crate) fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut size = (bytes as f64, "bytes");
    for unit in units {
        if size.0 < 1024.0 {
            break;
        }
        size = (size.0 / 1024.0, unit);
    }
    match size {
        (number, "bytes") => format!("{number} bytes"),
        (number, unit) => format!("{number:.1} {unit}"),
    }
}

/// A line on a terminal that is written over and over; nothing where there is none.
pub(crate) struct Progress {
    is_shown: bool,
    last: Option<Instant>,
}

impl Progress {
    pub(crate) fn begin() -> Progress {
        Progress {
            is_shown: io::stderr().is_terminal(),
            last: None,
        }
    }

    pub(crate) fn show(&mut self, bytes: u64, total: Option<u64>, damaged: u64) {
        let is_soon = self.last.is_some_and(|last| last.elapsed() < SHOW_EVERY);
        if !self.is_shown || is_soon {
            return;
        }
        self.last = Some(Instant::now());
        let share = total.filter(|total| *total > 0).map(|total| {
            // What is written meanwhile is read as well.
            let share = (u128::from(bytes) * 100 / u128::from(total)).min(99);
            format!("{share:2} % of {}, ", size(total))
        });
        let found = if damaged > 0 {
            format!(", {damaged} damaged")
        } else {
            String::new()
        };
        eprint!("\r\x1b[K{}{} read{found}", share.unwrap_or_default(), size(bytes));
    }

    pub(crate) fn end(&self) {
        if self.is_shown && self.last.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

const PATH: &str = "/api/v1/scrub";
const ASK_EVERY: Duration = Duration::from_millis(300);
const SHOW_EVERY: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sizes_are_told_in_the_largest_unit_that_fits() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1536 * 1024, "1.5 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn a_person_reads_what_is_damaged_and_how_much_was_read() {
        let damage = json!([
            { "kind": "part", "part": 3, "bucket": "b", "objectKey": "k\n", "what": "a block" },
            { "kind": "log", "what": "a batch" },
        ]);
        let pass = json!({ "bytes": 2048, "rows": 7, "damaged": 5, "damage": damage });
        let expected = "damaged: part 3 b/k\\n: a block\ndamaged: log: a batch\nand 3 more\nread 2.0 KiB of 7 rows: 5 damaged\n";
        assert_eq!(tell(&pass), expected);
        let whole = json!({ "bytes": 0, "rows": 0, "damaged": 0, "damage": [] });
        assert_eq!(tell(&whole), "read 0 bytes of 0 rows: nothing is damaged\n");
    }
}
