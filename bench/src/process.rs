//! Starts what is measured: our own server, a peer by its script, a server in memory. Each ends when it is dropped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Fault;
use crate::contender::{HELLO_BYTES, Hyper};
use crate::endpoint::Endpoint;
use crate::payload::Random;
use crate::watch::{Device, Watched};

/// A running server and how to reach it.
pub(crate) struct Server {
    child: Child,
    pub(crate) endpoint: Endpoint,
    /// From the start of the process until it said that it serves.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// `countersign serve` on a data directory below `scratch`, with a key made for it.
    pub(crate) fn ours(name: &str, binary: &Path, scratch: &Path) -> Result<Server, Fault> {
        Server::ours_with(name, binary, scratch, &[])
    }

    /// The same with further arguments.
    pub(crate) fn ours_with(
        name: &str,
        binary: &Path,
        scratch: &Path,
        arguments: &[&str],
    ) -> Result<Server, Fault> {
        let data_dir = scratch.join("data");
        fs::create_dir_all(scratch)
            .map_err(|error| Fault::new(format!("`{}`: {error}", scratch.display())))?;
        let secret = format!("{:016x}{:016x}", Random(seed()).next(), Random(!seed()).next());
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(&data_dir)
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(arguments)
            .env("COUNTERSIGN_ROOT_ACCESS_KEY_ID", OUR_ACCESS_KEY_ID)
            .env("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY", &secret);
        let (server, lines) = Server::start(name, command, scratch, |line| {
            line.trim_start().starts_with("root ")
        })?;
        let url = lines
            .iter()
            .find_map(|line| line.trim_start().strip_prefix("S3 ")?.split_whitespace().next())
            .ok_or_else(|| Fault::new(format!("{name} does not say where it serves")))?;
        let mut endpoint = Endpoint::new(name, url, OUR_ACCESS_KEY_ID, &secret)?;
        let version = lines.first().and_then(|line| line.split_whitespace().nth(1));
        endpoint.version = version.unwrap_or_default().to_owned();
        endpoint.syncs = Some(true);
        server.at(endpoint, scratch)
    }

    /// A peer: the script prints `endpoint URL`, `access-key-id ID`, `secret-access-key SECRET`, `region NAME`,
    /// `version TEXT`, `syncs yes` or `syncs no`, `ready`.
    pub(crate) fn peer(name: &str, script: &Path, scratch: &Path) -> Result<Server, Fault> {
        fs::create_dir_all(scratch)
            .map_err(|error| Fault::new(format!("`{}`: {error}", scratch.display())))?;
        let port = free_port()?;
        let mut command = Command::new(script);
        command.arg(name).arg(port.to_string()).arg(scratch);
        let (server, lines) = Server::start(name, command, scratch, |line| line == "ready")?;
        let value = |label: &str| {
            let found = lines
                .iter()
                .find_map(|line| line.strip_prefix(label)?.strip_prefix(' '));
            found.ok_or_else(|| Fault::new(format!("`{}` does not say its {label}", script.display())))
        };
        let mut endpoint = Endpoint::new(
            name,
            value("endpoint")?,
            value("access-key-id")?,
            value("secret-access-key")?,
        )?;
        value("region")?.clone_into(&mut endpoint.credentials.region);
        value("version")?.clone_into(&mut endpoint.version);
        endpoint.syncs = Some(value("syncs")? == "yes");
        server.at(endpoint, scratch)
    }

    /// Hyper that does next to nothing.
    pub(crate) fn hyper(what: Hyper, scratch: &Path) -> Result<Server, Fault> {
        let (name, body_bytes) = match what {
            Hyper::Hello => ("hyper hello", HELLO_BYTES),
            Hyper::Memory(bytes) => ("hyper from memory", bytes),
            Hyper::Verifying(bytes) => ("hyper verifying", bytes),
            Hyper::Log => ("hyper before that log", 0),
        };
        let own = std::env::current_exe().map_err(|error| Fault::new(format!("this program: {error}")))?;
        let mut command = Command::new(own);
        command.arg("serve-memory").arg(body_bytes.to_string());
        if matches!(what, Hyper::Verifying(_)) {
            command.arg("--secret").arg(HYPER_SECRET);
        }
        if what == Hyper::Log {
            let directory = scratch.join("hyper-log");
            std::fs::create_dir_all(&directory)
                .map_err(|error| Fault::new(format!("`{}`: {error}", directory.display())))?;
            command.arg("--log").arg(directory);
        }
        let (server, lines) = Server::start(name, command, scratch, |line| line.starts_with("http://"))?;
        let url = lines.last().map_or("", String::as_str);
        let mut endpoint = Endpoint::new(name, url, OUR_ACCESS_KEY_ID, HYPER_SECRET)?;
        endpoint.answers = Some(body_bytes);
        server.at(endpoint, scratch)
    }

    pub(crate) fn watched(&self) -> Watched {
        Watched(self.child.id())
    }

    /// Kills it at once, as a crash does.
    pub(crate) fn kill(&mut self) {
        // One that ended already is as dead.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts the command and reads its output until the line that says it is ready; the lines until there.
    fn start(
        name: &str,
        mut command: Command,
        scratch: &Path,
        ready: impl Fn(&str) -> bool,
    ) -> Result<(Starting, Vec<String>), Fault> {
        let failed = |error: std::io::Error| Fault::new(format!("{name} does not start: {error}"));
        let log_path = scratch.join(format!("{name}.log"));
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log_path)
            .map_err(failed)?;
        let began = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let output = child.stdout.take();
        let mut starting = Starting {
            child: Some(child),
            ready_after: Duration::ZERO,
        };
        let mut lines = Vec::new();
        let mut reader = BufReader::new(output.ok_or_else(|| Fault::new(format!("{name} has no output")))?);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).map_err(failed)? == 0 {
                let told = fs::read_to_string(&log_path).unwrap_or_default();
                return Err(Fault::new(format!("{name} ended before it served:\n{told}")));
            }
            lines.push(line.trim_end().to_owned());
            if ready(line.trim_end()) {
                break;
            }
        }
        starting.ready_after = began.elapsed();
        drain(reader);
        Ok((starting, lines))
    }
}

/// A child that is killed unless it becomes a [`Server`].
struct Starting {
    child: Option<Child>,
    ready_after: Duration,
}

impl Starting {
    fn at(mut self, mut endpoint: Endpoint, scratch: &Path) -> Result<Server, Fault> {
        let child = self
            .child
            .take()
            .ok_or_else(|| Fault::new("the server was taken already"))?;
        endpoint.process = Some(Watched(child.id()));
        endpoint.device = Device::of(scratch);
        Ok(Server {
            child,
            endpoint,
            ready_after: self.ready_after,
        })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            end(child);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A script may have children of its own: it is asked to end first, so that it can end them.
fn end(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    let began = Instant::now();
    while began.elapsed() < END_WITHIN {
        if let Ok(Some(_)) = child.try_wait() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads on, so that a server that keeps talking is never stopped by a full pipe.
fn drain(mut reader: BufReader<ChildStdout>) {
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
}

fn free_port() -> Result<u16, Fault> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0");
    let address = listener.and_then(|listener| listener.local_addr());
    address
        .map(|address| address.port())
        .map_err(|error| Fault::new(format!("no free port: {error}")))
}

fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64) ^ u64::from(std::process::id())
}

const OUR_ACCESS_KEY_ID: &str = "BENCHBENCHBENCH";

/// What requests to hyper are signed with. Most of what runs on it does not look.
const HYPER_SECRET: &str = "a secret that opens nothing";

/// How long a server may take to end by itself.
const END_WITHIN: Duration = Duration::from_secs(10);
