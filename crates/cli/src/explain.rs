//! `countersign explain`: the page of a cause, or why the server refused the request with this id.
//!
//! Not here: finding the cause. The server did that when it refused; the pages are `diagnose`'s.

use serde_json::Value;

use crate::admin_client::{self, Caller};
use crate::exit::{Failure, Kind};
use crate::root_credentials;

/// What to explain.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A request id (the `RequestId` of an error) or a cause id such as HST-PROXY.
    #[arg(value_name = "REQUEST-ID|CAUSE-ID")]
    subject: String,
    /// The admin address of the server that refused the request.
    #[arg(long, env = "COUNTERSIGN_ADMIN_URL", default_value = admin_client::DEFAULT_URL, value_name = "URL")]
    admin_url: String,
    /// The server's data directory, to find the root key in; else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used.
    #[arg(
        long,
        env = "COUNTERSIGN_DATA_DIR",
        default_value = "countersign-data",
        value_name = "DIR"
    )]
    data_dir: std::path::PathBuf,
    /// The region of the server.
    #[arg(long, env = "COUNTERSIGN_REGION", default_value = "us-east-1")]
    region: String,
    /// Print the server's document as JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the explanation.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let subject = arguments.subject.to_ascii_uppercase();
    if let Some(page) = countersign_diagnose::page(&subject) {
        println!("{}", page.trim_end());
        return Ok(());
    }
    if !(subject.len() == 16 && subject.bytes().all(|b| b.is_ascii_hexdigit())) {
        let why = format!(
            "`{}` is neither a request id (16 hex digits) nor a cause id",
            arguments.subject
        );
        return Err(Failure::new(Kind::NotFound, why));
    }
    let caller = caller(&arguments)?;
    let path = format!("/api/v1/refusals/{subject}");
    let answer = admin_client::fetch(&arguments.admin_url, &path, Some(&caller))?;
    let text = String::from_utf8_lossy(&answer.body);
    match answer.status {
        200 => {}
        404 => {
            let why =
                format!("request {subject} is not on record: it was not refused, or longer than an hour ago");
            return Err(Failure::new(Kind::NotFound, why));
        }
        401 | 403 => {
            return Err(Failure::new(
                Kind::Refused,
                format!("the server refused: {}", text.trim()),
            ));
        }
        status => {
            return Err(Failure::new(
                Kind::Failed,
                format!("the server answered {status}: {}", text.trim()),
            ));
        }
    }
    if arguments.json {
        println!("{}", text.trim_end());
        return Ok(());
    }
    let document: Value = serde_json::from_slice(&answer.body).map_err(|error| {
        Failure::new(
            Kind::Failed,
            format!("the server's document cannot be read: {error}"),
        )
    })?;
    print!("{}", told(&document));
    Ok(())
}

/// The document as a person reads it.
fn told(document: &Value) -> String {
    let text = |value: &Value, name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut out = format!("{} {}\n", text(document, "code"), text(document, "requestId"));
    let diagnosis = document.get("diagnosis").unwrap_or(&Value::Null);
    let causes = diagnosis
        .get("causes")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    for cause in causes {
        out.push_str(&format!("\n{} ({})\n", text(cause, "title"), text(cause, "id")));
        for (label, name) in [("signed", "signed"), ("received", "received"), ("cure", "cure")] {
            let value = text(cause, name);
            if !value.is_empty() {
                out.push_str(&format!("  {label:9} {value}\n"));
            }
        }
    }
    if causes.is_empty() {
        out.push_str(&format!("\n{}\n", text(document, "message")));
    }
    let ruled_out = diagnosis
        .get("ruledOut")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let ruled_out: Vec<&str> = ruled_out.iter().filter_map(Value::as_str).collect();
    if !ruled_out.is_empty() {
        out.push_str(&format!("\nruled out: {}\n", ruled_out.join("; ")));
    }
    out
}

/// AWS's variables win, because a person who sets them means them; else the key in the data directory.
fn caller(arguments: &Arguments) -> Result<Caller, Failure> {
    let region = arguments.region.clone();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        return Ok(Caller {
            access_key_id: id,
            secret: countersign_sigv4::Secret::new(secret),
            region,
        });
    }
    let root = root_credentials::existing(&arguments.data_dir, &|name| std::env::var(name).ok())
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
