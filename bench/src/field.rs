//! Everybody who takes part in a run: servers that are started for it, endpoints that ran before, limits as they are needed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::Fault;
use crate::contender::{Contender, Hyper, Limit};
use crate::endpoint::Endpoint;
use crate::limits::index::Index;
use crate::limits::log::Log;
use crate::process::Server;
use crate::results::Store;
use crate::workload::Workload;

/// Who takes part.
#[derive(clap::Args)]
pub(crate) struct Who {
    /// A `countersign` binary to start on a scratch directory; `name=path` to tell several apart; repeatable.
    #[arg(long, value_name = "[NAME=]PATH")]
    countersign: Vec<String>,
    /// A store that runs already; repeatable.
    #[arg(long, value_name = "NAME=URL,ID,SECRET[,pid=N][,dir=PATH][,region=NAME]", value_parser = Endpoint::parse)]
    endpoint: Vec<Endpoint>,
    /// A peer that `bench/peers/setup` installed (seaweedfs, garage, garage-fsync, s3s-fs); repeatable.
    #[arg(long, value_name = "NAME")]
    peer: Vec<String>,
    /// The script that starts a peer.
    #[arg(long, default_value = "bench/peers/run", value_name = "PATH")]
    peer_script: PathBuf,
    /// Without the limits of the machine.
    #[arg(long)]
    no_limits: bool,
}

/// Every store that takes part, running, and the limits.
pub(crate) struct Field {
    stores: Vec<Contender>,
    told: Vec<Store>,
    limits: Option<Limits>,
    _servers: Vec<Server>,
}

impl Field {
    /// Starts everybody. Listings read from `listed` objects.
    pub(crate) fn open(who: &Who, scratch: &Scratch, listed: u64) -> Result<Field, Fault> {
        let mut servers = Vec::new();
        for binary in &who.countersign {
            let (name, path) = binary.split_once('=').unwrap_or((crate::report::OURS, binary));
            servers.push(Server::ours(name, Path::new(path), &scratch.0.join(name))?);
        }
        for peer in &who.peer {
            servers.push(Server::peer(peer, &who.peer_script, &scratch.0.join(peer))?);
        }
        if servers.is_empty() && who.endpoint.is_empty() && who.no_limits {
            return Err(Fault::new(
                "nothing to measure: name a --countersign, an --endpoint or a --peer",
            ));
        }
        // What a server does right after its start is not what it does when idle.
        std::thread::sleep(if servers.is_empty() {
            Duration::ZERO
        } else {
            SETTLING
        });
        let of_server = |server: &Server| Store {
            name: server.endpoint.name.clone(),
            version: server.endpoint.version.clone(),
            syncs: server.endpoint.syncs,
            ready_seconds: Some(server.ready_after.as_secs_f64()),
            idle_bytes: Some(server.watched().memory().now),
        };
        let of_endpoint = |endpoint: &Endpoint| Store {
            name: endpoint.name.clone(),
            version: endpoint.version.clone(),
            syncs: endpoint.syncs,
            ready_seconds: None,
            idle_bytes: None,
        };
        let running = servers.iter().map(|server| &server.endpoint).chain(&who.endpoint);
        Ok(Field {
            stores: running.cloned().map(Box::new).map(Contender::Store).collect(),
            told: servers
                .iter()
                .map(of_server)
                .chain(who.endpoint.iter().map(of_endpoint))
                .collect(),
            limits: (!who.no_limits).then(|| Limits::new(&scratch.0, listed)),
            _servers: servers,
        })
    }

    /// Who they are.
    pub(crate) fn told(&self) -> &[Store] {
        &self.told
    }

    /// The limits of a workload, and every store.
    pub(crate) fn contenders(&mut self, workload: Workload) -> Result<Vec<Contender>, Fault> {
        let mut all = match &mut self.limits {
            Some(limits) => limits.of(workload)?,
            None => Vec::new(),
        };
        all.extend(self.stores.iter().cloned());
        Ok(all)
    }
}

/// The limits, each made when it is first needed.
struct Limits {
    scratch: PathBuf,
    listed: u64,
    log: Option<Arc<Log>>,
    index: Option<Arc<Index>>,
    memory: BTreeMap<Hyper, Server>,
}

impl Limits {
    fn new(scratch: &Path, listed: u64) -> Limits {
        Limits {
            scratch: scratch.to_owned(),
            listed,
            log: None,
            index: None,
            memory: BTreeMap::new(),
        }
    }

    fn of(&mut self, workload: Workload) -> Result<Vec<Contender>, Fault> {
        let Limits {
            scratch,
            listed,
            log,
            index,
            memory,
        } = self;
        let mut a_log = || once(log, || Log::create(scratch));
        let mut an_index = || once(index, || Index::create(scratch, *listed));
        let mut a_server = |what: Hyper| -> Result<Endpoint, Fault> {
            let server = match memory.entry(what) {
                Entry::Occupied(running) => running.into_mut(),
                Entry::Vacant(none) => none.insert(Server::hyper(what, scratch)?),
            };
            Ok(server.endpoint.clone())
        };
        Limit::of(workload, scratch, &mut a_log, &mut a_server, &mut an_index)
    }
}

/// What is there, or what is made now.
fn once<T>(kept: &mut Option<Arc<T>>, make: impl FnOnce() -> Result<T, Fault>) -> Result<Arc<T>, Fault> {
    let made = match kept.take() {
        Some(made) => made,
        None => Arc::new(make()?),
    };
    Ok(Arc::clone(kept.insert(made)))
}

/// A directory that goes away.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn make(below: &Path) -> Result<Scratch, Fault> {
        let path = below.join(format!("run-{}", std::process::id()));
        let fault = |error: std::io::Error| Fault::new(format!("`{}`: {error}", path.display()));
        fs::create_dir_all(&path).map_err(fault)?;
        fs::canonicalize(&path).map(Scratch).map_err(fault)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How long a server may do what it does after its start.
const SETTLING: Duration = Duration::from_secs(1);
