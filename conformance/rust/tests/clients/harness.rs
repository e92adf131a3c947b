//! Starts what a Rust test needs: the real server on a scratch folder and a bucket in it, both gone when the test ends.
//!
//! Not here: any expectation. Keeps true: a process is ended by its own id, a port is one the system said is free.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub const REGION: &str = "us-east-1";
pub const ACCESS_KEY_ID: &str = "CONFORMANCEROOT00001";
pub const SECRET: &str = "conformance/root+secret/with/40/letters1";
pub const WRONG_SECRET: &str = "nobody/ever/gave/out/this+secret/0000000";
pub const BUCKET: &str = "rust-clients";
pub const MIB: usize = 1024 * 1024;
/// AWS's own sentence about a signature that does not match.
pub const AWS_TEXT: &str = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";

/// Keys that people's uploads break on. Each stays one object with exactly this name.
pub const DIFFICULT_KEYS: &[&str] = &[
    "equals=sign@at.txt",
    "paren(1).txt",
    "plus+plus.txt",
    "a blank.txt",
    "two  blanks",
    "amp&ersand",
    "100%",
    "per%20cent",
    "%2F",
    "é",
    "e\u{301}",
    "日本語/ファイル.txt",
    "😀",
    "tilde~",
    "single'quote",
    "double\"quote",
    "star*",
    "question?mark",
    "hash#mark",
    "semi;colon,comma",
    "a:b",
    "[brackets]{braces}",
    "back\\slash",
    "<tag>",
    "`tick`|pipe^caret",
    "$dollar!bang",
    "?acl",
    "uploads?",
];

/// A running server with the empty bucket [`BUCKET`].
pub struct Server {
    child: Child,
    scratch: PathBuf,
    pub url: String,
}

impl Server {
    /// Starts the server that `COUNTERSIGN_BIN` names and waits until it answers.
    pub async fn start() -> Server {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let binary = std::env::var("COUNTERSIGN_BIN").expect("COUNTERSIGN_BIN names the built server");
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let scratch = std::env::temp_dir().join(format!(
            "countersign-conformance-rust-{}-{number}",
            std::process::id()
        ));
        let (address, admin) = (free_address(), free_address());
        let child = Command::new(binary)
            .args([
                "serve",
                "--region",
                REGION,
                "--listen",
                &address,
                "--admin-listen",
                &admin,
                "--data-dir",
            ])
            .arg(scratch.join("data"))
            .env("COUNTERSIGN_ROOT_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let server = Server {
            child,
            scratch,
            url: format!("http://{address}"),
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_ready(&address) {
            assert!(Instant::now() < deadline, "the server was not ready in time");
            std::thread::sleep(Duration::from_millis(20));
        }
        let s3 = crate::aws_sdk_rust::connect(&server, SECRET);
        s3.create_bucket().bucket(BUCKET).send().await.expect("a bucket");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}

fn is_ready(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let mut answer = String::new();
    let asked = write!(
        stream,
        "GET /-/readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    );
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

/// As many bytes as wanted, no two parts of them alike.
pub fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..length)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}

/// The row of `docs/clients.md` about `client`: column title -> cell without its backticks.
pub fn documented(client: &str) -> BTreeMap<String, String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/clients.md");
    let text = std::fs::read_to_string(page).expect("the page about clients");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    let mut rows = text.lines().filter(|line| line.starts_with('|')).map(cells);
    let titles = rows.next().expect("a table");
    let row = rows
        .find(|row| row.first().is_some_and(|name| name == client))
        .expect("a row");
    titles.into_iter().zip(row).collect()
}

/// The value of an expression, which has to be the one that the documentation names in this column.
macro_rules! as_documented {
    ($row:expr, $column:expr, $expression:expr) => {{
        let plain = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(
            plain(&$row[$column]),
            plain(stringify!($expression)),
            "column {}",
            $column
        );
        $expression
    }};
}
pub(crate) use as_documented;

/// An HTTP client without any opinion, for links.
pub fn plain_http() -> reqwest::Client {
    install_cryptography();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// Checks that what one link uploads is what the other one downloads.
pub async fn upload_and_download(up: &str, down: &str) {
    let put = plain_http().put(up).body("by link").send().await.expect("sent");
    assert_eq!(put.status(), 200);
    let got = plain_http().get(down).send().await.expect("sent");
    assert_eq!(got.text().await.expect("text"), "by link");
}

/// `reqwest` is built without a choice of cryptography; its clients want one although they speak plain HTTP here.
pub fn install_cryptography() {
    // Whoever came first has installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
