//! The binary as an operator meets it: flags and environment in, output, files and exit codes out.
//!
//! Not here: S3 beyond what shows that data is there (the server's tests and `conformance/` have that).

mod credentials;
mod data_dir;
mod evidence;
mod identity;
mod master_key;
mod once;
mod presign;
mod refusals;
mod scrub;
mod start;
mod stop;
mod tools;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use countersign_sigv4::{PathRule, Payload, Request, Secret, Signer};
use tempfile::TempDir;

/// Only a hang takes that long.
const DEADLINE: Duration = Duration::from_secs(120);

/// The binary with an environment in which nobody set anything.
fn countersign(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// Runs a command that ends by itself.
fn run(arguments: &[&str]) -> Output {
    countersign(arguments).output().expect("the binary runs")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A scratch directory with a data directory to be made in it.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Place {
        Place {
            dir: tempfile::tempdir().expect("a directory"),
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn data_dir_text(&self) -> String {
        self.data_dir().display().to_string()
    }

    /// What all servers of this place logged.
    fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn credentials(&self) -> (String, String) {
        let text = fs::read_to_string(self.data_dir().join("root-credentials")).expect("the file is made");
        let value = |name: &str| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='));
            line.expect("the field is there").trim().to_owned()
        };
        (value("aws_access_key_id"), value("aws_secret_access_key"))
    }

    /// `countersign serve` on free ports, not yet started.
    fn serve(&self) -> Command {
        let data_dir = self.data_dir_text();
        let arguments = [
            "serve",
            "--data-dir",
            &data_dir,
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ];
        countersign(&arguments)
    }

    /// Starts a server and waits until it listens.
    fn start(&self) -> Serving {
        self.start_with(self.serve())
    }

    fn start_with(&self, mut command: Command) -> Serving {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("a log");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut banner = String::new();
        while !banner.contains("  root ") {
            let line = lines.next().and_then(Result::ok);
            assert!(line.is_some(), "it ended: {banner}{}", self.log());
            banner.push_str(&line.unwrap_or_default());
            banner.push('\n');
        }
        let address = |label: &str| {
            let line = banner
                .lines()
                .find_map(|line| line.trim_start().strip_prefix(label));
            let url = line
                .and_then(|line| line.split_whitespace().next())
                .unwrap_or_default();
            url.strip_prefix("http://").expect("an address").to_owned()
        };
        Serving {
            s3: address("S3"),
            admin: address("admin"),
            banner,
            child: Some(child),
        }
    }
}

/// A running server; killed when dropped.
struct Serving {
    s3: String,
    admin: String,
    /// What it printed when it started.
    banner: String,
    child: Option<Child>,
}

impl Serving {
    fn admin_url(&self) -> String {
        format!("http://{}", self.admin)
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Ends it as a power cut would.
    fn kill(mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("killed");
        child.wait().expect("gone");
    }

    /// Sends a signal by its name and waits for the end.
    fn end_by(mut self, signal: &str) -> ExitStatus {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {}", self.pid())])
            .status();
        assert!(sent.expect("a shell").success());
        wait(self.child.take().expect("it runs"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until something is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "{what}: not so");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait(mut child: Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        assert!(start.elapsed() < DEADLINE, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One request to S3, signed by the key in the data directory for `host`: the head of the answer and its body.
fn ask_as(
    place: &Place,
    server: &Serving,
    host: &str,
    method: &str,
    target: &str,
    body: &[u8],
) -> (String, Vec<u8>) {
    let (id, secret) = place.credentials();
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970")
        .as_secs();
    let secret = Secret::new(secret);
    let signer = Signer {
        access_key_id: &id,
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: "s3",
        time: i64::try_from(since).expect("a clock of this age"),
        rule: PathRule::S3,
    };
    let headers = [("host", host.as_bytes())];
    let request = Request {
        method,
        path: target.as_bytes(),
        query: None,
        headers: &headers,
    };
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
        server.s3
    );
    for (name, value) in signer.sign_headers(&request, &Payload::of_body(body)) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(&server.s3).expect("the server accepts");
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body))
        .expect("the server takes bytes");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let body = answer.split_off(end + 4);
    (String::from_utf8_lossy(&answer).into_owned(), body)
}

/// The same, signed for the right host: the status and the body.
fn ask(place: &Place, server: &Serving, method: &str, target: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let (head, body) = ask_as(place, server, &server.s3, method, target, body);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), body)
}

/// The value of a header in the head of an answer.
fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("it exists").permissions().mode() & 0o777
}
