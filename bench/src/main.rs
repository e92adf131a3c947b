//! Load on S3 endpoints and on the machine below them, measured side by side: see `docs/benchmarks`.
//!
//! It knows the product as a client does, over HTTP. Each workload takes its contenders in turns, round by round: stores,
//! ours among them, and the limits that the machine sets. A wrong answer fails the run.
//!
//! Not here: building what is measured, and where peers come from (`cargo xtask bench`, `bench/peers`).

mod client;
mod connection;
mod contender;
mod drive;
mod endpoint;
mod field;
mod flood;
mod growth;
mod limits;
mod machine;
mod payload;
mod plan;
mod process;
mod refusals;
mod report;
mod results;
mod series;
mod sign;
mod signatures;
mod stall;
mod watch;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contender::{Contender, Effort};
use crate::endpoint::Endpoint;
use crate::field::{Field, Scratch, Who};
use crate::machine::Machine;
use crate::results::{Run, Setting};
use crate::workload::{Size, Workload};

/// Why a run ends before its end.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn new(text: impl Into<String>) -> Fault {
        Fault(text.into())
    }
}

#[derive(Parser)]
#[command(
    name = "bench",
    about = "Load on S3 endpoints and on the machine below them",
    version
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures single workloads, such as `put/4KiB/64`, and prints a table.
    Measure {
        /// `operation/size/connections`; operations: put, get, head, delete, delete-many, list-keys, list-prefixes, mixed, churn,
        /// multipart.
        #[arg(required = true)]
        workloads: Vec<Workload>,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        how: How,
    },
    /// The workloads of the goals, some minutes; writes the report.
    Quick {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        out: Out,
    },
    /// Every workload, in sizes and crowds; writes the report.
    Full {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        out: Out,
    },
    /// One bucket that grows, then many buckets; writes the report.
    Growth {
        /// The binary to start, kill and start again.
        #[arg(long, value_name = "PATH")]
        countersign: PathBuf,
        /// Objects at the end.
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// Bytes of an object.
        #[arg(long, default_value = "100B")]
        size: Size,
        /// Buckets after that.
        #[arg(long, default_value_t = 1000)]
        buckets: u64,
        /// How long each measurement takes.
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        out: Out,
    },
    /// Overwrites and deletes for a long time; writes the report.
    Stall {
        /// The binary to start.
        #[arg(long, value_name = "PATH")]
        countersign: PathBuf,
        /// How long.
        #[arg(long, default_value_t = 600.0)]
        seconds: f64,
        /// Objects that are written over.
        #[arg(long, default_value_t = 200_000)]
        count: u64,
        /// Bytes of an object.
        #[arg(long, default_value = "4KiB")]
        size: Size,
        /// Connections.
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        out: Out,
    },
    /// Good requests while another client sends bad ones; writes the report.
    Flood {
        /// The binary to start for each round.
        #[arg(long, value_name = "PATH", required_unless_present = "endpoint")]
        countersign: Option<PathBuf>,
        /// A server that runs already, instead.
        #[arg(long, value_name = "NAME=URL,ID,SECRET", value_parser = Endpoint::parse)]
        endpoint: Option<Endpoint>,
        /// How often everybody's turn comes.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// How long a turn takes.
        #[arg(long, default_value_t = 3.0)]
        seconds: f64,
        /// Connections of each client.
        #[arg(long, default_value_t = 8)]
        connections: usize,
        /// Bad requests a second.
        #[arg(long, default_value_t = 2000.0)]
        rate: f64,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        out: Out,
    },
    /// What it costs to explain refused requests; writes the report.
    Refusals {
        #[command(flatten)]
        out: Out,
    },
    /// Makes the page and the plots anew from the results that are there.
    Report {
        #[command(flatten)]
        out: Out,
    },
    /// Answers every request from memory; with a log, once its body is durable in there.
    #[command(hide = true)]
    ServeMemory {
        body_bytes: usize,
        #[arg(long)]
        log: Option<PathBuf>,
        /// Verifies every signature; the secret is no secret.
        #[arg(long)]
        secret: Option<String>,
    },
}

/// How it is measured.
#[derive(clap::Args)]
struct How {
    /// How often everybody's turn comes.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a turn takes.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Share of the objects of a full run that are stored beforehand.
    #[arg(long, value_name = "SHARE")]
    objects: Option<f64>,
    /// Objects in the bucket that is listed.
    #[arg(long, value_name = "COUNT")]
    listed: Option<u64>,
    /// Sign with UNSIGNED-PAYLOAD.
    #[arg(long)]
    unsigned: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
struct Place {
    /// A place on the disk to be measured; a new directory is made in it and removed.
    #[arg(long, default_value = "target/bench", value_name = "DIR")]
    scratch: PathBuf,
}

#[derive(clap::Args)]
struct Out {
    /// Where the report goes.
    #[arg(long, default_value = "docs/benchmarks", value_name = "DIR")]
    out: PathBuf,
}

impl Out {
    /// Writes a result, and the page with it.
    fn keep<T: Serialize + DeserializeOwned>(&self, name: &str, result: &T) -> Result<(), Fault> {
        results::write(&self.out, name, result)?;
        report::render(&self.out)
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Fault> {
    match command {
        Command::Measure { workloads, who, how } => measure(&workloads, &who, &how, plan::QUICK, None),
        Command::Quick { who, how, out } => {
            measure(&plan::QUICK.workloads()?, &who, &how, plan::QUICK, Some(&out))
        }
        Command::Full { who, how, out } => {
            measure(&plan::FULL.workloads()?, &who, &how, plan::FULL, Some(&out))
        }
        Command::Growth {
            countersign,
            count,
            size,
            buckets,
            seconds,
            place,
            out,
        } => {
            let scratch = Scratch::make(&place.scratch)?;
            let plan = growth::Plan {
                objects: count,
                object_bytes: size.0,
                buckets,
                time: duration(seconds),
            };
            growth::run(&countersign, &scratch.0, &plan, &mut |grown| {
                out.keep(report::GROWTH_FILE, grown)
            })
        }
        Command::Stall {
            countersign,
            seconds,
            count,
            size,
            connections,
            place,
            out,
        } => {
            let scratch = Scratch::make(&place.scratch)?;
            let plan = stall::Plan {
                time: duration(seconds),
                objects: count.max(1),
                object_bytes: size.0,
                connections: connections.max(1),
            };
            let stalled = stall::run(&countersign, &scratch.0, &plan)?;
            out.keep(report::STALL_FILE, &stalled)
        }
        Command::Flood {
            countersign,
            endpoint,
            rounds,
            seconds,
            connections,
            rate,
            place,
            out,
        } => {
            let scratch = Scratch::make(&place.scratch)?;
            let plan = flood::Plan {
                time: duration(seconds),
                rounds: rounds.max(1),
                connections: connections.max(1),
                bad_rate: rate,
            };
            let against = match (&endpoint, &countersign) {
                (Some(endpoint), _) => flood::Against::Running(endpoint),
                (None, Some(binary)) => flood::Against::Binary {
                    binary,
                    scratch: &scratch.0,
                },
                (None, None) => return Err(Fault::new("name a --countersign or an --endpoint")),
            };
            flood::run(&against, &plan, &mut |flood| out.keep(report::FLOOD_FILE, flood))
        }
        Command::Refusals { out } => {
            let explained = refusals::Explained::measure()?;
            out.keep(report::REFUSALS_FILE, &explained)
        }
        Command::Report { out } => report::render(&out.out),
        Command::ServeMemory {
            body_bytes,
            log,
            secret,
        } => limits::memory::serve(body_bytes, log.as_deref(), secret.as_deref()),
    }
}

/// Measures workloads, tells the table, and writes the report after each if it is asked for. A failed contender fails the run, after
/// everybody was measured.
fn measure(
    workloads: &[Workload],
    who: &Who,
    how: &How,
    plan: plan::Plan,
    out: Option<&Out>,
) -> Result<(), Fault> {
    let scratch = Scratch::make(&how.place.scratch)?;
    let seconds = how.seconds.unwrap_or(plan.seconds);
    let effort = Effort {
        time: duration(seconds),
        rounds: how.rounds.max(1),
        objects: how.objects.unwrap_or(plan.objects),
        listed: how.listed.unwrap_or(plan.listed),
        sign_payload: !how.unsigned,
    };
    let hash = limits::hash::measure(effort.time / 10);
    let setting = Setting {
        machine: Machine::here(&scratch.0),
        began: now(),
        load_before: machine::load(),
        load_after: 0.0,
        rounds: effort.rounds,
        seconds,
        listed: effort.listed,
        payload_signed: effort.sign_payload,
        md5: hash.md5,
        sha256: hash.sha256,
        signatures: signatures::measure(effort.time / 4)?,
    };
    let mut field = Field::open(who, &scratch, effort.listed)?;
    let mut run = Run {
        setting,
        stores: field.told().to_vec(),
        lines: Vec::new(),
    };
    for workload in workloads {
        let contenders = field.contenders(*workload)?;
        let contenders: Vec<&Contender> = contenders.iter().collect();
        let all = series::measure(*workload, &contenders, &effort, &mut |line| eprintln!("{line}"));
        run.lines.extend(results::lines(&all));
        // A run takes long, and what ends it early must not take what it has measured along.
        if let Some(out) = out {
            run.setting.load_after = machine::load();
            run.stores = field.told().to_vec();
            out.keep(report::RUN_FILE, &run)?;
        }
    }
    print!("{}", report::table(&run.lines));
    let failed = run.lines.iter().filter(|line| line.fault.is_some()).count();
    if failed > 0 {
        Err(Fault::new(format!("{failed} failed")))
    } else {
        Ok(())
    }
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    countersign_sigv4::timestamp_text(i64::try_from(since.as_secs()).unwrap_or_default())
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds)
        .unwrap_or_default()
        .max(Duration::from_millis(1))
}
