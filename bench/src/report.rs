//! The report: a table in the terminal, and in a directory the page for people with its plots.
//!
//! The page is made anew from what the JSON files beside it say, so that one run does not undo what another one measured.

mod goals;
mod page;
mod plots;

use std::fmt::Write;
use std::path::Path;

use crate::Fault;
use crate::flood::Flood;
use crate::growth::Growth;
use crate::refusals::Explained;
use crate::results::{self, Line, Run};
use crate::stall::Stall;

/// Everything that was measured.
pub(crate) struct Results {
    pub(crate) run: Option<Run>,
    pub(crate) growth: Option<Growth>,
    pub(crate) stall: Option<Stall>,
    pub(crate) explained: Option<Explained>,
    pub(crate) flood: Option<Flood>,
}

/// Makes the page and the plots of a directory from the results in it.
pub(crate) fn render(directory: &Path) -> Result<(), Fault> {
    let results = Results {
        run: results::read(directory, RUN_FILE)?,
        growth: results::read(directory, GROWTH_FILE)?,
        stall: results::read(directory, STALL_FILE)?,
        explained: results::read(directory, REFUSALS_FILE)?,
        flood: results::read(directory, FLOOD_FILE)?,
    };
    let plots = plots::draw(directory, &results)?;
    let path = directory.join("README.md");
    std::fs::write(&path, page::text(&results, &plots))
        .map_err(|error| Fault::new(format!("`{}`: {error}", path.display())))
}

/// One line for each contender of each workload.
pub(crate) fn table(lines: &[Line]) -> String {
    let mut out = format!(
        "{:<22} {:<26} {:>10} {:>23} {:>8} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>12} {:>7}\n",
        "workload",
        "who",
        "ops/s",
        "slowest..fastest",
        "MiB/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "cpu us",
        "RSS/peak MiB",
        "written"
    );
    for line in lines {
        let workload = line.workload.to_string();
        if let Some(fault) = &line.fault {
            // Writing into memory cannot fail.
            let _ = writeln!(out, "{workload:<22} {:<26} FAILED: {fault}", line.who);
            continue;
        }
        let memory = line.resident.zip(line.peak);
        let _ = writeln!(
            out,
            "{workload:<22} {:<26} {:>10.1} {:>23} {:>8.1} {:>6} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9} {:>12} {:>7}",
            line.who,
            line.rate,
            format!("{:.1}..{:.1}", line.slowest, line.fastest),
            line.bandwidth / MIB,
            optional(line.ratio, 3),
            line.p50,
            line.p99,
            line.p999,
            line.max,
            optional(line.cpu, 1),
            memory.map_or(String::new(), |(now, peak)| format!(
                "{}/{}",
                now >> 20,
                peak >> 20
            )),
            optional(line.written, 2),
        );
    }
    out
}

fn optional(value: Option<f64>, digits: usize) -> String {
    value.map_or(String::new(), |value| format!("{value:.digits$}"))
}

const MIB: f64 = (1 << 20) as f64;

/// The results of the workloads, beside the page.
pub(crate) const RUN_FILE: &str = "results.json";
/// The results as the number of objects grows.
pub(crate) const GROWTH_FILE: &str = "growth.json";
/// The results of the long run.
pub(crate) const STALL_FILE: &str = "stall.json";

/// What refusals cost.
pub(crate) const REFUSALS_FILE: &str = "refusals.json";
/// The results under bad requests.
pub(crate) const FLOOD_FILE: &str = "flood.json";

/// The name of our own server in a run.
pub(crate) const OURS: &str = "countersign";
