//! A row of the corpus: a request as it arrived, the server that it was made for, and the truth about it.
//!
//! The truth is what was done to the request. Not here: anything that is found out about it.

#![expect(clippy::panic, reason = "a broken row is named before the test ends")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One request and what is true of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// `SIGNER/CAUSE/WHAT`, once in the corpus.
    pub(crate) name: String,
    /// Program and version that made the signature.
    #[expect(dead_code, reason = "for whoever reads the row")]
    pub(crate) signer: String,
    /// What was done, in words.
    pub(crate) fault: String,
    /// When it arrived, seconds since 1970.
    pub(crate) time: i64,
    /// The server that it was made for: a name in `servers.json`.
    pub(crate) server: String,
    /// Request line and headers, a character a byte, without the empty line.
    pub(crate) head: String,
    /// The body, a character a byte.
    #[serde(default)]
    pub(crate) body: String,
    /// The connection ends behind the body, though more was announced.
    #[serde(default)]
    pub(crate) ends_early: bool,
    /// How often it is sent; the last answer counts.
    #[serde(default = "once")]
    pub(crate) sent: usize,
    pub(crate) truth: Truth,
}

/// What was done to a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Truth {
    /// What kind of row it is.
    pub(crate) kind: Kind,
    /// The causes that were made, each with those that give the same bytes; the first of them is the one that was made.
    pub(crate) causes: Vec<Vec<String>>,
    /// How a server can know it.
    pub(crate) proof: Proof,
    /// Who did it: `sdk`, `proxy`, `user`, `browser`, `clock`, `credentials`; empty where that is nobody's.
    pub(crate) culprit: String,
    /// What is not as it was signed, or not signed with what it says. Everything else holds.
    pub(crate) broken: Vec<Part>,
}

/// The kinds of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Nothing is wrong with its signature: it shows that the rows are played as they were made.
    Right,
    /// One fault.
    Single,
    /// Two faults.
    Double,
    /// Nothing that could be proven.
    Negative,
}

/// How a server can know what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Proof {
    /// By the signature.
    Hmac,
    /// From the request itself.
    Exact,
    /// Not for certain.
    Infer,
    /// Not at all.
    None,
}

/// What a signature is made over, and with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// The secret access key.
    Secret,
    /// Date, region and service that the signing key was made for.
    Scope,
    Method,
    Host,
    /// The path.
    Uri,
    Query,
    /// Signed headers other than Host, and their list.
    Headers,
    /// The payload line.
    Payload,
    /// The policy of a form.
    Policy,
    /// The time in the text that is signed.
    Time,
    /// What is around all of it: the algorithm, the shape of the header.
    Mechanism,
    /// A chunk or the trailer of a stream.
    Stream,
    /// The body against what is said of it.
    Body,
}

fn once() -> usize {
    1
}

/// A server that rows were made for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerRow {
    pub(crate) region: String,
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    pub(crate) bucket: String,
    /// URLs that the operator declared.
    #[serde(default)]
    pub(crate) public_urls: Vec<String>,
    #[serde(default)]
    pub(crate) domains: Vec<String>,
    /// The document of the bucket's CORS rules.
    #[serde(default)]
    pub(crate) cors: Option<String>,
    /// A user with these keys.
    #[serde(default)]
    pub(crate) keys: Vec<KeyRow>,
    /// Temporary keys of the root.
    #[serde(default)]
    pub(crate) sessions: Vec<SessionRow>,
}

/// A key of a user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRow {
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    /// Whether it was removed before the request came.
    #[serde(default)]
    pub(crate) is_removed: bool,
}

/// Temporary keys, as `GetSessionToken` gives them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionRow {
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    /// So many seconds before the request came.
    pub(crate) begun_before: i64,
    pub(crate) duration: u32,
}

/// A corpus.
pub(crate) struct Corpus {
    pub(crate) servers: BTreeMap<String, ServerRow>,
    pub(crate) rows: Vec<Row>,
}

impl Corpus {
    /// Where it lies.
    pub(crate) fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/corpus")
    }

    /// Reads the corpus of this repository.
    pub(crate) fn read() -> Corpus {
        let folder = Corpus::folder();
        let servers = read(&folder.join("servers.json"));
        let servers = serde_json::from_str(&servers).unwrap_or_else(|error| panic!("servers.json: {error}"));
        let files = fs::read_dir(folder.join("rows")).expect("the rows");
        let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
        files.sort();
        let mut rows = Vec::new();
        for file in files {
            for (place, line) in read(&file).lines().enumerate() {
                let row: Row = serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), place + 1));
                rows.push(row);
            }
        }
        Corpus { servers, rows }
    }
}

/// The bytes of a text that has a character for each.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let byte = |c: char| u8::try_from(u32::from(c)).unwrap_or_else(|_| panic!("{c} is no byte"));
    text.chars().map(byte).collect()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
