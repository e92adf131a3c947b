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
mod limits;
mod payload;
mod process;
mod series;
mod sign;
mod table;
mod watch;
mod workload;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::contender::{Contender, Effort, Limit};
use crate::endpoint::Endpoint;
use crate::process::Server;
use crate::workload::Workload;

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
    /// Measures workloads such as `put/4KiB/64` and prints a table.
    Measure(Measure),
    /// Answers every request from memory.
    #[command(hide = true)]
    ServeMemory { body_bytes: usize },
}

#[derive(clap::Args)]
struct Measure {
    /// `operation/size/connections`; operations: put, get, head, delete, delete-many, list-keys, list-prefixes, mixed, multipart.
    #[arg(required = true)]
    workloads: Vec<Workload>,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    how: How,
}

/// Who takes part.
#[derive(clap::Args)]
struct Who {
    /// A `countersign` binary to start on a scratch directory; `name=path` to tell several apart; repeatable.
    #[arg(long, value_name = "[NAME=]PATH")]
    countersign: Vec<String>,
    /// A store that runs already; repeatable.
    #[arg(long, value_name = "NAME=URL,ID,SECRET[,pid=N][,dir=PATH][,region=NAME]", value_parser = Endpoint::parse)]
    endpoint: Vec<Endpoint>,
    /// A peer that `bench/peers/setup` installed; repeatable.
    #[arg(long, value_name = "NAME")]
    peer: Vec<String>,
    /// The script that starts a peer.
    #[arg(long, default_value = "bench/peers/run", value_name = "PATH")]
    peer_script: PathBuf,
    /// Without the limits of the machine.
    #[arg(long)]
    no_limits: bool,
}

/// How it is measured.
#[derive(clap::Args)]
struct How {
    /// How often everybody's turn comes.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a turn takes.
    #[arg(long, default_value_t = 3.0, value_name = "SECONDS")]
    seconds: f64,
    /// Share of the objects of a full run (a million for listings) that are stored beforehand.
    #[arg(long, default_value_t = 0.1, value_name = "SHARE")]
    objects: f64,
    /// Sign with UNSIGNED-PAYLOAD.
    #[arg(long)]
    unsigned: bool,
    /// An empty place on the disk to be measured; a new directory is made in it and removed.
    #[arg(long, default_value = "target/bench", value_name = "DIR")]
    scratch: PathBuf,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Measure(arguments) => measure(&arguments),
        Command::ServeMemory { body_bytes } => limits::memory::serve(body_bytes),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Measure) -> Result<(), Fault> {
    let scratch = Scratch::make(&arguments.how.scratch)?;
    let effort = arguments.how.effort();
    let field = Field::open(&arguments.who, &scratch)?;
    let mut all = Vec::new();
    let mut limits = Limits::new(&scratch);
    if !arguments.who.no_limits {
        let hash = limits::hash::measure(effort.time / 10);
        eprintln!(
            "a core hashes {:.0} MB/s MD5, {:.0} MB/s SHA-256",
            hash.md5 / 1e6,
            hash.sha256 / 1e6
        );
    }
    for workload in &arguments.workloads {
        let own = if arguments.who.no_limits {
            Vec::new()
        } else {
            limits.of(*workload)?
        };
        let contenders: Vec<&Contender> = own.iter().chain(&field.stores).collect();
        all.extend(series::measure(*workload, &contenders, &effort, &mut |line| {
            eprintln!("{line}")
        }));
    }
    print!("{}", table::text(&all));
    let failed = all.iter().filter(|series| series.fault.is_some()).count();
    if failed > 0 {
        Err(Fault::new(format!("{failed} failed")))
    } else {
        Ok(())
    }
}

impl How {
    fn effort(&self) -> Effort {
        Effort {
            time: Duration::from_secs_f64(self.seconds.max(0.01)),
            rounds: self.rounds.max(1),
            objects: self.objects,
            sign_payload: !self.unsigned,
        }
    }
}

/// Every store that takes part, running.
struct Field {
    stores: Vec<Contender>,
    _servers: Vec<Server>,
}

impl Field {
    fn open(who: &Who, scratch: &Scratch) -> Result<Field, Fault> {
        let mut servers = Vec::new();
        for binary in &who.countersign {
            let (name, path) = binary.split_once('=').unwrap_or(("countersign", binary));
            let server = Server::ours(name, &PathBuf::from(path), &scratch.0.join(name))?;
            eprintln!("{name}: ready after {:.3} s", server.ready_after.as_secs_f64());
            servers.push(server);
        }
        for peer in &who.peer {
            servers.push(Server::peer(peer, &who.peer_script, &scratch.0.join(peer))?);
        }
        let running = servers
            .iter()
            .map(|server| server.endpoint.clone())
            .chain(who.endpoint.iter().cloned());
        let stores: Vec<Contender> = running.map(Contender::Store).collect();
        if stores.is_empty() && who.no_limits {
            return Err(Fault::new(
                "nothing to measure: name a --countersign, an --endpoint or a --peer",
            ));
        }
        Ok(Field {
            stores,
            _servers: servers,
        })
    }
}

/// The limits, each made when it is first needed.
struct Limits<'a> {
    scratch: &'a Scratch,
    log: Option<Arc<limits::log::Log>>,
    memory: BTreeMap<u64, Server>,
}

impl Limits<'_> {
    fn new(scratch: &Scratch) -> Limits<'_> {
        Limits {
            scratch,
            log: None,
            memory: BTreeMap::new(),
        }
    }

    fn of(&mut self, workload: Workload) -> Result<Vec<Contender>, Fault> {
        let Limits { scratch, log, memory } = self;
        let mut a_log = || -> Result<Arc<limits::log::Log>, Fault> {
            let made = match log.take() {
                Some(log) => log,
                None => Arc::new(limits::log::Log::create(&scratch.0)?),
            };
            Ok(Arc::clone(log.insert(made)))
        };
        let mut a_server = |bytes: u64| -> Result<Endpoint, Fault> {
            let server = match memory.entry(bytes) {
                Entry::Occupied(running) => running.into_mut(),
                Entry::Vacant(none) => {
                    let name = if bytes < 16 {
                        "hyper hello"
                    } else {
                        "hyper from memory"
                    };
                    none.insert(Server::memory(name, bytes, &scratch.0)?)
                }
            };
            Ok(server.endpoint.clone())
        };
        let limits = Limit::of(workload, &scratch.0, &mut a_log, &mut a_server)?;
        Ok(limits.into_iter().map(Contender::Limit).collect())
    }
}

/// A directory that goes away.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    fn make(below: &std::path::Path) -> Result<Scratch, Fault> {
        let path = below.join(format!("run-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .map_err(|error| Fault::new(format!("`{}`: {error}", path.display())))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
