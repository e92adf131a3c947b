//! Where the master key comes from, which seals the secrets that a server keeps: a file, the environment, a credential of systemd,
//! AWS Secrets Manager, or a file in the data directory, made on the first start.
//!
//! One key a line, 64 hex digits; the first is the one that seals, the others open what they sealed before. Not here: sealing
//! (that is `identity`).
//!
//! It keeps true: keys are wiped when they are done with, and no message holds one.

mod command;
mod secrets_manager;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use crate::exit::{Failure, Kind};
use crate::private_file::{self, is_exposed};

pub(crate) use command::{Arguments, run};

/// A master key.
pub(crate) type Key = Zeroizing<[u8; KEY_BYTES]>;

/// Where to look first.
#[derive(Clone, clap::Args)]
pub(crate) struct Options {
    /// A file with the master keys that seal secrets at rest: one a line, 64 hex digits, the first in use. One is made in the data
    /// directory if nothing else says where it is.
    #[arg(long, value_name = "FILE", conflicts_with = "master_key_secret")]
    master_key_file: Option<PathBuf>,
    /// The name or ARN of a secret in AWS Secrets Manager with the master keys.
    #[arg(long, env = "COUNTERSIGN_MASTER_KEY_SECRET", value_name = "SECRET-ID")]
    master_key_secret: Option<String>,
}

/// Master keys, the one in use first, and where they were found.
pub(crate) struct Found {
    /// Never none.
    pub(crate) keys: Vec<Key>,
    /// Their place.
    pub(crate) origin: Origin,
}

/// Where master keys were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The variable of this name.
    Environment(&'static str),
    /// A file.
    File(PathBuf),
    /// A secret of AWS Secrets Manager.
    Secret(String),
    /// Made just now and written to this file.
    Made(PathBuf),
}

impl Options {
    /// Finds the keys, or makes one. Asks AWS Secrets Manager if that is where they are.
    pub(crate) fn find(&self, data_dir: &Path) -> Result<Found, Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        if let Some(secret_id) = &self.master_key_secret
            && self.master_key_file.is_none()
        {
            let text = secrets_manager::value(secret_id, &environment)?;
            let origin = Origin::Secret(secret_id.clone());
            return found(&text, origin, &format!("the secret `{secret_id}`"));
        }
        self.find_here(data_dir, &environment)
    }

    /// The flag, the variable, the file that a variable names, the credential of systemd, and at last the data directory.
    fn find_here(
        &self,
        data_dir: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Found, Failure> {
        let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
        if let Some(path) = &self.master_key_file {
            return read(path);
        }
        if let Some(text) = variable(VARIABLE).map(Zeroizing::new) {
            return found(&text, Origin::Environment(VARIABLE), &format!("`{VARIABLE}`"));
        }
        if let Some(path) = variable(FILE_VARIABLE) {
            return read(Path::new(&path));
        }
        if let Some(dir) = variable("CREDENTIALS_DIRECTORY") {
            let path = Path::new(&dir).join(CREDENTIAL_NAME);
            if path.exists() {
                return read(&path);
            }
        }
        let path = data_dir.join(FILE_NAME);
        if path.exists() {
            return read(&path);
        }
        let key = make();
        private_file::write(&path, &line(&key)).map_err(|error| file_fault(&path, &error))?;
        Ok(Found {
            keys: vec![key],
            origin: Origin::Made(path),
        })
    }
}

fn read(path: &Path) -> Result<Found, Failure> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| file_fault(path, &error))?;
    if is_exposed(path) {
        let path = path.display();
        tracing::warn!(%path, "others than its owner may read the master key: chmod 600 it");
    }
    found(
        &text,
        Origin::File(path.to_owned()),
        &format!("`{}`", path.display()),
    )
}

fn found(text: &str, origin: Origin, place: &str) -> Result<Found, Failure> {
    let keys = parse(text).map_err(|why| Failure::new(Kind::Usage, format!("{place}: {why}")))?;
    Ok(Found { keys, origin })
}

/// Reads keys, one a line; lines that are empty or begin with `#` are none.
fn parse(text: &str) -> Result<Vec<Key>, String> {
    let mut keys: Vec<Key> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(line, key.as_mut_slice())
            .map_err(|_| format!("line {} is not a key of 64 hex digits", number + 1))?;
        if keys.contains(&key) {
            return Err(format!("line {} repeats a key", number + 1));
        }
        if keys.len() == KEYS_MAX {
            return Err(format!("there are more than {KEYS_MAX} keys"));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err("there is no key in it; `countersign master-key generate` prints one".to_owned());
    }
    Ok(keys)
}

/// A key that nobody knows yet.
fn make() -> Key {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(key.as_mut_slice()).expect("the operating system gives randomness");
    key
}

/// A key as it stands in a file.
fn line(key: &Key) -> Zeroizing<String> {
    let mut text = hex::encode(key.as_slice());
    text.push('\n');
    let line = Zeroizing::new(text.clone());
    text.zeroize();
    line
}

fn file_fault(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Kind::Usage, format!("`{}`: {error}", path.display()))
}

/// As many as AES-256 takes.
const KEY_BYTES: usize = 32;
/// Most keys at once. One is in use; the others are there until everything is sealed anew.
const KEYS_MAX: usize = 16;
const FILE_NAME: &str = "master-key";
const CREDENTIAL_NAME: &str = "countersign-master-key";
const VARIABLE: &str = "COUNTERSIGN_MASTER_KEY";
const FILE_VARIABLE: &str = "COUNTERSIGN_MASTER_KEY_FILE";

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn hex_of(byte: u8) -> String {
        hex::encode([byte; KEY_BYTES])
    }

    fn first_bytes(found: &Found) -> Vec<u8> {
        found
            .keys
            .iter()
            .map(|key| key.first().copied().unwrap_or_default())
            .collect()
    }

    #[test]
    fn keys_stand_one_a_line_and_the_first_is_in_use() {
        let two = format!(
            "# since May\n{}\r\n\n  {}  \n",
            hex_of(1).to_uppercase(),
            hex_of(2)
        );
        let all: String = (0..=16).map(|byte| hex_of(byte) + "\n").collect();
        let most = all.get(..65 * KEYS_MAX).expect("lines");
        for (text, expected) in [
            (hex_of(7).as_str(), Ok(1)),
            (two.as_str(), Ok(2)),
            (most, Ok(KEYS_MAX)),
            (all.as_str(), Err("more than 16")),
            ("", Err("no key in it")),
            ("# nothing\n", Err("no key in it")),
            (hex_of(1).get(1..).expect("text"), Err("line 1")),
            (format!("{}0", hex_of(1)).as_str(), Err("line 1")),
            (
                format!("{}\n{}\n", hex_of(1), "x".repeat(64)).as_str(),
                Err("line 2"),
            ),
            (
                format!("{}\n{}\n", hex_of(1), hex_of(1)).as_str(),
                Err("line 2 repeats"),
            ),
        ] {
            let got = parse(text);
            match (&got, expected) {
                (Ok(keys), Ok(count)) => assert_eq!(keys.len(), count),
                (Err(why), Err(part)) => {
                    assert!(why.contains(part), "{why}");
                    assert!(!why.contains(&"1".repeat(8)), "{why}");
                }
                _ => panic!("{text}: {:?}", got.map(|keys| keys.len())),
            }
        }
    }

    #[test]
    fn the_first_place_that_is_named_is_looked_into() {
        let dir = tempfile::tempdir().expect("a directory");
        let place = |name: &str| dir.path().join(name);
        let put = |name: &str, byte: u8| fs::write(place(name), hex_of(byte)).expect("written");
        put("flag", 1);
        put("variable", 3);
        put(CREDENTIAL_NAME, 4);
        put(FILE_NAME, 5);
        let text = |name: &str| place(name).display().to_string();
        let here = dir.path().display().to_string();
        let check = |flag: bool, variables: &[(&str, String)], expected: u8| {
            let options = Options {
                master_key_file: flag.then(|| place("flag")),
                master_key_secret: None,
            };
            let environment = |name: &str| {
                let found = variables.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| value.clone())
            };
            let found = options.find_here(dir.path(), &environment);
            let found = found.unwrap_or_else(|failure| panic!("{failure}"));
            assert_eq!(first_bytes(&found), [expected], "{:?}", found.origin);
        };
        let all = [
            (VARIABLE, hex_of(2)),
            (FILE_VARIABLE, text("variable")),
            ("CREDENTIALS_DIRECTORY", here),
        ];
        check(true, &all, 1);
        check(false, &all, 2);
        check(false, &all[1..], 3);
        check(false, &all[2..], 4);
        check(false, &[], 5);
        check(false, &[("CREDENTIALS_DIRECTORY", "/nonexistent".to_owned())], 5);
    }

    #[test]
    fn the_first_start_makes_a_key_that_the_next_start_finds() {
        let dir = tempfile::tempdir().expect("a directory");
        let options = Options {
            master_key_file: None,
            master_key_secret: None,
        };
        let find = || {
            let found = options.find_here(dir.path(), &|_| None);
            found.unwrap_or_else(|failure| panic!("{failure}"))
        };
        let path = dir.path().join(FILE_NAME);
        let made = find();
        assert_eq!(made.origin, Origin::Made(path.clone()));
        assert_eq!(
            fs::metadata(&path).expect("written").permissions().mode() & 0o777,
            0o600
        );
        let again = find();
        assert_eq!(again.origin, Origin::File(path));
        assert!(made.keys == again.keys, "the same");
        assert!(made.keys != [make()], "nobody else's");
    }

    #[test]
    fn a_key_that_was_named_and_is_not_there_is_not_made() {
        let dir = tempfile::tempdir().expect("a directory");
        let missing = dir.path().join("missing");
        let by_flag = Options {
            master_key_file: Some(missing.clone()),
            master_key_secret: None,
        };
        let by_nothing = Options {
            master_key_file: None,
            master_key_secret: None,
        };
        let text = missing.display().to_string();
        let environment = |name: &str| (name == FILE_VARIABLE).then(|| text.clone());
        for found in [
            by_flag.find_here(dir.path(), &|_| None),
            by_nothing.find_here(dir.path(), &environment),
        ] {
            let failure = found.err().expect("it is not there");
            assert_eq!(failure.kind, Kind::Usage);
            assert!(failure.message.contains("missing"), "{failure}");
        }
        assert!(!dir.path().join(FILE_NAME).exists());
    }
}
