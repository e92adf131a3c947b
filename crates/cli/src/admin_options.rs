//! Which server's admin API a tool asks, and as whom: the flags that all tools share which ask it.
//!
//! Not here: what they ask, and how an answer is shown.

use std::path::{Path, PathBuf};

use countersign_server::{PublicUrl, Real};
use countersign_sigv4::PathRule;
use serde_json::Value;

use crate::client;
use crate::credentials::{self, Credentials};
use crate::exit::{Failure, Kind};

/// Where the admin API is by default.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:9001";

/// The server and the caller.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The admin address of the server.
    #[arg(long, env = "COUNTERSIGN_ADMIN_URL", default_value = DEFAULT_URL, value_name = "URL")]
    admin_url: String,
    /// A profile of AWS's credentials file to take the key from; else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The server's data directory, to find the root key in where no other is given.
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
    admin_url: PublicUrl,
    credentials: Credentials,
    region: String,
}

impl Options {
    /// The server's data directory.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The profile that was named.
    pub(crate) fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// The server's admin address.
    pub(crate) fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// Finds the key.
    pub(crate) fn with_caller(self) -> Result<Asked, Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        Ok(Asked {
            admin_url: PublicUrl::parse(&self.admin_url).map_err(|why| Failure::new(Kind::Usage, why))?,
            credentials: credentials::find(self.profile.as_deref(), Some(&self.data_dir), &environment)?,
            region: self.region,
        })
    }
}

impl Asked {
    /// The document at a path, with a query or without.
    pub(crate) fn document(&self, target: &str) -> Result<Value, Failure> {
        self.ask("GET", target, None)
    }

    /// What a path answers that is asked to do something.
    pub(crate) fn post(&self, target: &str) -> Result<Value, Failure> {
        self.ask("POST", target, None)
    }

    /// The same, with a document that says what.
    pub(crate) fn post_document(&self, target: &str, document: &Value) -> Result<Value, Failure> {
        self.ask("POST", target, Some(document))
    }

    /// What a path answers that is to be gone.
    pub(crate) fn delete(&self, target: &str) -> Result<Value, Failure> {
        self.ask("DELETE", target, None)
    }

    fn ask(&self, method: &str, target: &str, document: Option<&Value>) -> Result<Value, Failure> {
        let body = document.map(Value::to_string).unwrap_or_default();
        let json = [("content-type", "application/json")];
        let asked = client::Asked {
            method,
            target,
            headers: if document.is_some() { &json } else { &[] },
            body: body.as_bytes(),
        };
        let now = Real::now().seconds();
        let signer = self
            .credentials
            .signer(&self.region, "countersign", PathRule::Generic, now);
        let reply = client::send(&self.admin_url, &asked, Some(&signer))?;
        read(reply.status.as_u16(), &reply.body)
    }
}

/// The document of an answer, or why there is none.
fn read(status: u16, body: &[u8]) -> Result<Value, Failure> {
    let document = serde_json::from_slice::<Value>(body);
    let text = |name: &str| {
        let found = document
            .as_ref()
            .ok()
            .and_then(|document| document.get(name)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    let message = || match text("message") {
        message if message.is_empty() => String::from_utf8_lossy(body).trim().to_owned(),
        message => message,
    };
    match (status, text("code").as_str()) {
        (200 | 201, _) => document.map_err(|error| {
            let why = format!("the server's document cannot be read: {error}");
            Failure::new(Kind::Failed, why)
        }),
        (404, "NoSuchRefusal") => Err(Failure::new(Kind::NotFound, "it is not on record")),
        (404, _) => Err(Failure::new(Kind::NotFound, message())),
        (409, _) => Err(Failure::new(Kind::Conflict, message())),
        (400, "InvalidArgument" | "ValidationError") => Err(Failure::new(Kind::Usage, message())),
        (400 | 401 | 403, _) => {
            let text = String::from_utf8_lossy(body);
            Err(Failure::new(
                Kind::Refused,
                format!("the server refused: {}", text.trim()),
            ))
        }
        (status, _) => Err(Failure::new(
            Kind::Failed,
            format!("the server answered {status}: {}", message()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_none_says_what_kind_of_end_it_is() {
        for (status, body, expected) in [
            (200, "{}", None),
            (201, "{}", None),
            (200, "<html>", Some((Kind::Failed, "cannot be read"))),
            (
                404,
                r#"{"code":"NoSuchRefusal","message":"m"}"#,
                Some((Kind::NotFound, "not on record")),
            ),
            (
                404,
                r#"{"code":"NoSuchEntity","message":"m1"}"#,
                Some((Kind::NotFound, "m1")),
            ),
            (
                409,
                r#"{"code":"Exists","message":"m2"}"#,
                Some((Kind::Conflict, "m2")),
            ),
            (
                400,
                r#"{"code":"InvalidArgument","message":"m3"}"#,
                Some((Kind::Usage, "m3")),
            ),
            (
                403,
                r#"{"code":"AccessDenied","message":"m4"}"#,
                Some((Kind::Refused, "m4")),
            ),
            (401, "who", Some((Kind::Refused, "who"))),
            (500, "broken", Some((Kind::Failed, "500: broken"))),
        ] {
            let got = read(status, body.as_bytes()).err();
            let got = got
                .as_ref()
                .map(|failure| (failure.kind, failure.message.as_str()));
            let is_so = match (got, expected) {
                (None, None) => true,
                (Some((kind, message)), Some((expected, part))) => kind == expected && message.contains(part),
                _ => false,
            };
            assert!(is_so, "{status} {body}: {got:?}");
        }
    }
}
