//! `countersign presign`: links and forms that let somebody without a key read or write one object for a while.
//!
//! Made offline, with the same code that verifies them. Not here: sending them.

mod form;

use countersign_server::Real;
use countersign_sigv4::{PathRule, Payload, QUERY_EXPIRES_SECONDS_MAX, Request, encode_uri};
use countersign_types::{BucketName, Moment};
use serde_json::json;

use crate::duration;
use crate::endpoint::{self, Endpoint};
use crate::exit::{Failure, Kind};

/// What to presign.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// A link that reads an object.
    Get(GetArguments),
    /// A link that writes an object.
    Put(PutArguments),
    /// The fields of a form that writes an object from a page.
    Post(PostArguments),
}

/// What all of them need.
#[derive(clap::Args)]
struct Common {
    /// The object.
    #[arg(value_name = "BUCKET/KEY", value_parser = Target::parse)]
    target: Target,
    /// How long it is good, 7d at most: 90s, 30m, 12h.
    #[arg(long, default_value = "1h", value_name = "TIME", value_parser = lifetime)]
    expires: u64,
    /// How the bucket is named: in the path, or as the first label of the host.
    #[arg(long, value_enum, default_value = "path")]
    style: Style,
    #[command(flatten)]
    endpoint: endpoint::Options,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct GetArguments {
    #[command(flatten)]
    common: Common,
    /// The content type that the answer shall have, whatever the object's is.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// It works once only, on a Countersign server.
    #[arg(long)]
    once: bool,
}

#[derive(clap::Args)]
struct PutArguments {
    #[command(flatten)]
    common: Common,
    /// The content type that must be sent.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// It works once only, on a Countersign server.
    #[arg(long)]
    once: bool,
}

#[derive(clap::Args)]
struct PostArguments {
    #[command(flatten)]
    common: Common,
    /// The content type that must be sent; one that ends in `*` stands for all that begin so.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// The longest file that is taken.
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
    /// Print a page with the form instead of a line for curl.
    #[arg(long, conflicts_with = "json")]
    html: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Style {
    Path,
    VirtualHost,
}

/// A bucket and a key in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    bucket: BucketName,
    object_key: String,
}

impl Target {
    fn parse(text: &str) -> Result<Target, String> {
        let text = text.strip_prefix("s3://").unwrap_or(text);
        let (bucket, object_key) = text
            .split_once('/')
            .filter(|(_, object_key)| !object_key.is_empty())
            .ok_or_else(|| format!("`{text}` is not BUCKET/KEY"))?;
        let bucket = BucketName::parse(bucket).map_err(|_| format!("`{bucket}` cannot be a bucket name"))?;
        Ok(Target {
            bucket,
            object_key: object_key.to_owned(),
        })
    }

    /// Host and path of the object, as they are signed and sent.
    fn address(&self, endpoint: &Endpoint, style: Style) -> (String, String) {
        let object_key = encode_uri(self.object_key.as_bytes(), true);
        let (host, bucket_path) = self.bucket_address(endpoint, style);
        (host, format!("{bucket_path}{object_key}"))
    }

    /// Host and path of the bucket.
    fn bucket_address(&self, endpoint: &Endpoint, style: Style) -> (String, String) {
        let authority = &endpoint.url.authority;
        match style {
            Style::Path => (authority.clone(), format!("/{}/", self.bucket.as_str())),
            Style::VirtualHost => (format!("{}.{authority}", self.bucket.as_str()), "/".to_owned()),
        }
    }
}

/// A link that was made.
struct Link {
    method: &'static str,
    url: String,
    /// What must be sent with it.
    headers: Vec<(&'static str, String)>,
    expires: Moment,
}

/// Prints a link or a form.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let now = Real::now().seconds();
    match &arguments.what {
        What::Get(asked) => {
            let mut query = Vec::new();
            if let Some(content_type) = &asked.content_type {
                query.push(("response-content-type", content_type.as_str()));
            }
            let link = link("GET", &asked.common, &query, None, asked.once, now)?;
            print_link(&link, asked.common.json);
        }
        What::Put(asked) => {
            let content_type = asked.content_type.as_deref();
            let link = link("PUT", &asked.common, &[], content_type, asked.once, now)?;
            print_link(&link, asked.common.json);
        }
        What::Post(asked) => form::run(asked, now)?,
    }
    Ok(())
}

fn link(
    method: &'static str,
    common: &Common,
    query: &[(&str, &str)],
    content_type: Option<&str>,
    once: bool,
    now: i64,
) -> Result<Link, Failure> {
    let endpoint = common.endpoint.find("S3")?;
    Ok(sign(method, common, &endpoint, query, content_type, once, now))
}

#[allow(
    clippy::too_many_arguments,
    reason = "each is a word of the request; a struct would name them once more"
)]
fn sign(
    method: &'static str,
    common: &Common,
    endpoint: &Endpoint,
    query: &[(&str, &str)],
    content_type: Option<&str>,
    once: bool,
    now: i64,
) -> Link {
    let (host, path) = common.target.address(endpoint, common.style);
    let once = once.then_some((ONCE, "1"));
    let query: Vec<String> = query
        .iter()
        .copied()
        .chain(once)
        .map(|(name, value)| format!("{name}={}", encode_uri(value.as_bytes(), false)))
        .collect();
    let query = query.join("&");
    let mut headers = vec![("host", host.as_bytes())];
    headers.extend(content_type.map(|content_type| ("content-type", content_type.as_bytes())));
    let request = Request {
        method,
        path: path.as_bytes(),
        query: Some(query.as_bytes()),
        headers: &headers,
    };
    let signer = endpoint.signer("s3", PathRule::S3, now);
    let query = signer.presign(&request, &Payload::Unsigned, common.expires);
    let scheme = if endpoint.url.is_https { "https" } else { "http" };
    Link {
        method,
        url: format!("{scheme}://{host}{path}?{query}"),
        headers: content_type
            .map(|content_type| ("content-type", content_type.to_owned()))
            .into_iter()
            .collect(),
        expires: ends(now, common.expires),
    }
}

fn print_link(link: &Link, json: bool) {
    if json {
        let headers: serde_json::Map<String, serde_json::Value> = link
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let expires = link.expires.iso8601_seconds();
        println!(
            "{}",
            json!({ "method": link.method, "url": link.url, "headers": headers, "expires": expires })
        );
        return;
    }
    println!("{}", link.url);
    for (name, value) in &link.headers {
        eprintln!("send it with the header {name}: {value}");
    }
}

fn ends(now: i64, lifetime: u64) -> Moment {
    Moment::from_seconds(now.saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX)))
}

fn lifetime(text: &str) -> Result<u64, String> {
    let seconds = duration::parse(text)?.as_secs();
    if seconds > QUERY_EXPIRES_SECONDS_MAX {
        return Err(format!("`{text}` is more than the 7d that a link may live"));
    }
    Ok(seconds)
}

fn usage(why: impl Into<String>) -> Failure {
    Failure::new(Kind::Usage, why)
}

/// The parameter by which a link works once.
const ONCE: &str = "x-countersign-once";

#[cfg(test)]
mod tests;
