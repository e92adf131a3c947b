//! Where the root access key comes from: the environment, a file named there, or made on the first start.
//!
//! There is no default secret: without one from the operator a random one is made and kept in the data directory,
//! readable by its owner only, in the format of AWS's shared credentials file, so that
//! `AWS_SHARED_CREDENTIALS_FILE` can point at it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use countersign_identity::AccessKey;
use countersign_sigv4::Secret;

use crate::private_file;

/// The root access key and where it was found.
pub(crate) struct Root {
    /// The key.
    pub(crate) access_key: AccessKey,
    /// Where it came from.
    pub(crate) origin: Origin,
}

/// Where a root access key came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// These two environment variables.
    Environment(&'static str, &'static str),
    /// The file in the data directory.
    File(PathBuf),
    /// Made just now and written to the file in the data directory.
    Made(PathBuf),
}

/// Why there is no root access key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// One half is set and the other is not.
    #[error("`{set}` is set but `{missing}` is not: set both, or neither to have a key made")]
    Half {
        /// The variable that is set.
        set: &'static str,
        /// The one that is missing.
        missing: &'static str,
    },
    /// A value cannot be a key.
    #[error("{source_name}: {why}")]
    Value {
        /// The variable or file.
        source_name: String,
        /// What is wrong, without the value.
        why: &'static str,
    },
    /// A file cannot be read or written.
    #[error("`{path}`: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        error: io::Error,
    },
}

/// Finds the root access key, or makes one. `environment` looks a variable up.
pub(crate) fn find(data_dir: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Result<Root, Error> {
    if let Some(root) = existing(data_dir, environment)? {
        return Ok(root);
    }
    let path = data_dir.join(FILE_NAME);
    let (id, secret) = make();
    let text = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    private_file::write(&path, &text).map_err(|error| Error::File {
        path: path.clone(),
        error,
    })?;
    let access_key = AccessKey {
        access_key_id: id,
        secret: Secret::new(secret),
    };
    Ok(Root {
        access_key,
        origin: Origin::Made(path),
    })
}

/// Finds the root access key if there is one.
pub(crate) fn existing(
    data_dir: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Root>, Error> {
    for (id_name, secret_name) in VARIABLES {
        match (
            value_of(id_name, environment)?,
            value_of(secret_name, environment)?,
        ) {
            (Some(id), Some(secret)) => {
                let access_key = access_key(&id, &secret, id_name, secret_name)?;
                return Ok(Some(Root {
                    access_key,
                    origin: Origin::Environment(id_name, secret_name),
                }));
            }
            (Some(_), None) => {
                return Err(Error::Half {
                    set: id_name,
                    missing: secret_name,
                });
            }
            (None, Some(_)) => {
                return Err(Error::Half {
                    set: secret_name,
                    missing: id_name,
                });
            }
            (None, None) => {}
        }
    }
    let path = data_dir.join(FILE_NAME);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Root {
            access_key: read(&text, &path)?,
            origin: Origin::File(path),
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::File { path, error }),
    }
}

/// A variable's value, or the content of the file that the variable with `_FILE` behind it names.
fn value_of(name: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>, Error> {
    if let Some(value) = environment(name) {
        return Ok(Some(value));
    }
    let Some(path) = environment(&format!("{name}_FILE")) else {
        return Ok(None);
    };
    let path = PathBuf::from(path);
    let text = fs::read_to_string(&path).map_err(|error| Error::File { path, error })?;
    // Editors and `echo` end a file with a line break that nobody means to be part of a secret.
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Some(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

fn access_key(id: &str, secret: &str, id_name: &str, secret_name: &str) -> Result<AccessKey, Error> {
    let fault = |name: &str, why| {
        Err(Error::Value {
            source_name: format!("`{name}`"),
            why,
        })
    };
    if !(3..=128).contains(&id.len())
        || !id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    {
        return fault(
            id_name,
            "an access key id has 3 to 128 letters, digits, `_`, `-` and `.`",
        );
    }
    if !(8..=128).contains(&secret.len()) {
        return fault(secret_name, "a secret has 8 to 128 bytes");
    }
    if !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return fault(
            secret_name,
            "a secret has no blanks, line breaks or characters beyond ASCII",
        );
    }
    Ok(AccessKey {
        access_key_id: id.to_owned(),
        secret: Secret::new(secret),
    })
}

fn read(text: &str, path: &Path) -> Result<AccessKey, Error> {
    let field = |name: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(n, _)| n.trim() == name)
            .map(|(_, v)| v.trim())
    };
    let name = path.display().to_string();
    match (field("aws_access_key_id"), field("aws_secret_access_key")) {
        (Some(id), Some(secret)) => access_key(id, secret, &name, &name),
        _ => Err(Error::Value {
            source_name: format!("`{name}`"),
            why: "the file lacks `aws_access_key_id` or `aws_secret_access_key`; remove it to have a key made",
        }),
    }
}

/// A new key: 20 and 40 characters, as tools that check the shape expect. Letters and digits only: a `/` or `+` in
/// a secret is what careless tools mangle.
fn make() -> (String, String) {
    let id = format!("CSAK{}", random_text::<16>(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"));
    (
        id,
        random_text::<40>(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
    )
}

fn random_text<const N: usize>(alphabet: &[u8]) -> String {
    let mut text = String::with_capacity(N);
    // Bytes beyond the last whole multiple of the alphabet are thrown away: every character is equally likely.
    let fair = 256 - 256 % alphabet.len();
    while text.len() < N {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        let fair_bytes = bytes.iter().map(|b| usize::from(*b)).filter(|b| *b < fair);
        text.extend(
            fair_bytes
                .filter_map(|b| alphabet.get(b % alphabet.len()))
                .map(|b| char::from(*b)),
        );
    }
    text.truncate(N);
    text
}

const FILE_NAME: &str = "root-credentials";

/// First match wins; the second pair is what images made for another server set.
const VARIABLES: [(&str, &str); 2] = [
    (
        "COUNTERSIGN_ROOT_ACCESS_KEY_ID",
        "COUNTERSIGN_ROOT_SECRET_ACCESS_KEY",
    ),
    ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    use crate::private_file::is_exposed;

    fn found(dir: &Path, variables: &[(&str, &str)]) -> Result<(String, String, Origin), String> {
        let environment = |name: &str| {
            variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let root = find(dir, &environment).map_err(|error| error.to_string())?;
        let secret = String::from_utf8_lossy(root.access_key.secret.expose()).into_owned();
        Ok((root.access_key.access_key_id, secret, root.origin))
    }

    #[test]
    fn the_first_start_makes_a_key_that_the_next_start_finds() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("root-credentials");
        let (id, secret, origin) = found(dir.path(), &[]).expect("made");
        assert_eq!(origin, Origin::Made(path.clone()));
        assert_eq!((id.len(), secret.len()), (20, 40));
        assert_eq!(
            fs::metadata(&path).expect("written").permissions().mode() & 0o777,
            0o600
        );
        assert!(!is_exposed(&path));
        assert_eq!(
            found(dir.path(), &[]),
            Ok((id.clone(), secret, Origin::File(path.clone())))
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        assert!(is_exposed(&path));
        let other = tempfile::tempdir().expect("a directory");
        assert_ne!(
            found(other.path(), &[]).expect("made").0,
            id,
            "every server makes its own key"
        );
    }

    #[test]
    fn the_environment_wins_over_the_file_and_both_halves_are_needed() {
        let dir = tempfile::tempdir().expect("a directory");
        let ours = [
            ("COUNTERSIGN_ROOT_ACCESS_KEY_ID", "me1"),
            ("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY", "12345678"),
        ];
        let alias = [("MINIO_ROOT_USER", "other"), ("MINIO_ROOT_PASSWORD", "87654321")];
        let both = [ours, alias].concat();
        assert_eq!(found(dir.path(), &both).map(|f| f.0), Ok("me1".to_owned()));
        assert_eq!(
            found(dir.path(), &alias).map(|f| (f.0, f.1)),
            Ok(("other".to_owned(), "87654321".to_owned()))
        );
        for half in [&ours[..1], &ours[1..], &alias[..1]] {
            assert!(found(dir.path(), half).is_err_and(|e| e.contains("is set but")));
        }
        assert!(
            !dir.path().join(FILE_NAME).exists(),
            "nothing is made when the operator gave a key"
        );
    }

    #[test]
    fn a_secret_file_may_end_in_a_line_break() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("secret");
        fs::write(&file, "a-secret-in-a-file\r\n").expect("written");
        let file = file.display().to_string();
        let variables = [
            ("COUNTERSIGN_ROOT_ACCESS_KEY_ID", "me1"),
            ("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY_FILE", &file),
        ];
        assert_eq!(
            found(dir.path(), &variables).map(|f| f.1),
            Ok("a-secret-in-a-file".to_owned())
        );
    }

    #[test]
    fn values_that_cannot_be_signed_with_are_refused_without_being_shown() {
        let dir = tempfile::tempdir().expect("a directory");
        for secret in ["short", "has a blank", "line-break\n", "ümlaut-secret", ""] {
            let variables = [
                ("COUNTERSIGN_ROOT_ACCESS_KEY_ID", "me1"),
                ("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY", secret),
            ];
            let error = found(dir.path(), &variables).expect_err("refused");
            assert!(error.contains("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY"), "{error}");
            assert!(secret.is_empty() || !error.contains(secret), "{error}");
        }
    }
}
