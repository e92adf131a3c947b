//! Which server a tool asks, and as whom: the flags that all tools share which ask the admin API.
//!
//! Not here: what they ask, and how an answer is shown.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::admin_client::{self, Caller};
use crate::exit::{Failure, Kind};
use crate::root_credentials;

/// The server and the caller.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The admin address of the server.
    #[arg(long, env = "COUNTERSIGN_ADMIN_URL", default_value = admin_client::DEFAULT_URL, value_name = "URL")]
    admin_url: String,
    /// The server's data directory, to find the root key in; else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used.
    #[arg(
        long,
        env = "COUNTERSIGN_DATA_DIR",
        default_value = "countersign-data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
    /// The region of the server.
    #[arg(long, env = "COUNTERSIGN_REGION", default_value = "us-east-1")]
    region: String,
}

/// A server to ask, with the key to ask it with.
pub(crate) struct Asked {
    admin_url: String,
    caller: Caller,
}

impl Options {
    /// The server's data directory.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Finds the key.
    pub(crate) fn with_caller(self) -> Result<Asked, Failure> {
        let caller = self.caller()?;
        Ok(Asked {
            admin_url: self.admin_url,
            caller,
        })
    }

    /// AWS's variables win, because a person who sets them means them; else the key in the data directory.
    fn caller(&self) -> Result<Caller, Failure> {
        let region = self.region.clone();
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
            return Ok(Caller {
                access_key_id: id,
                secret: countersign_sigv4::Secret::new(secret),
                region,
            });
        }
        let root = root_credentials::existing(&self.data_dir, &|name| std::env::var(name).ok())
            .map_err(|error| Failure::new(Kind::Usage, error.to_string()))?;
        let root = root.ok_or_else(|| {
            let hint =
                "no access key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name the server's --data-dir";
            Failure::new(Kind::Usage, hint)
        })?;
        Ok(Caller {
            access_key_id: root.access_key.access_key_id,
            secret: root.access_key.secret,
            region,
        })
    }
}

impl Asked {
    /// The document at a path, with a query or without.
    pub(crate) fn document(&self, target: &str) -> Result<Value, Failure> {
        self.ask("GET", target)
    }

    /// What a path answers that is asked to do something.
    pub(crate) fn post(&self, target: &str) -> Result<Value, Failure> {
        self.ask("POST", target)
    }

    fn ask(&self, method: &str, target: &str) -> Result<Value, Failure> {
        let answer = admin_client::fetch(&self.admin_url, method, target, Some(&self.caller))?;
        let text = String::from_utf8_lossy(&answer.body);
        let text = text.trim();
        let document = serde_json::from_slice::<Value>(&answer.body);
        let code = document
            .as_ref()
            .ok()
            .and_then(|document| document.get("code")?.as_str());
        match (answer.status, code) {
            (200, _) => document.map_err(|error| {
                let why = format!("the server's document cannot be read: {error}");
                Failure::new(Kind::Failed, why)
            }),
            (404, Some("NoSuchRefusal")) => Err(Failure::new(Kind::NotFound, "it is not on record")),
            (400, Some("InvalidArgument")) => {
                let why = document
                    .ok()
                    .and_then(|document| Some(document.get("message")?.as_str()?.to_owned()));
                Err(Failure::new(Kind::Usage, why.unwrap_or_default()))
            }
            (400 | 401 | 403, _) => Err(Failure::new(Kind::Refused, format!("the server refused: {text}"))),
            (status, _) => Err(Failure::new(
                Kind::Failed,
                format!("the server answered {status}: {text}"),
            )),
        }
    }
}
