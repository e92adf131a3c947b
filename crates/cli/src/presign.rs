//! `countersign presign`: links and forms that let somebody without a key read or write one object for a while.
//!
//! Made offline, with the same code that verifies them. Not here: sending them.

mod call;
mod form;

use std::io::IsTerminal;

use countersign_server::{PublicUrl, Real};
use countersign_sigv4::{PathRule, Payload, QUERY_EXPIRES_SECONDS_MAX, Request, encode_uri};
use countersign_types::{BucketName, Moment};
use serde_json::json;

use crate::aws_host;
use crate::duration;
use crate::endpoint::{self, Endpoint};
use crate::exit::{Failure, Kind};
use call::{CLIENTS, Client};

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
    /// How the bucket is named: in the path, or as the first label of the host, which is usual at AWS.
    #[arg(long, value_enum)]
    style: Option<Style>,
    /// For AWS itself: the endpoint of S3 in the region.
    #[arg(long, conflicts_with = "endpoint_url")]
    aws: bool,
    #[command(flatten)]
    endpoint: endpoint::Options,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// What to print: the link, or the call of a client that works with it (for a form, the link stands for a line of curl).
    #[arg(long = "as", value_enum, value_name = "CLIENT", conflicts_with = "json")]
    shown_as: Option<ShownAs>,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ShownAs {
    Url,
    Curl,
    Fetch,
    Axios,
    All,
}

#[derive(clap::Args)]
struct GetArguments {
    #[command(flatten)]
    common: Common,
    /// The content type that the answer shall have, whatever the object's is.
    #[arg(long, value_name = "TYPE", value_parser = header_value)]
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
    #[arg(long, value_name = "TYPE", value_parser = header_value)]
    content_type: Option<String>,
    /// A header that must be sent, as in x-amz-acl:private or x-amz-checksum-sha256:BASE64; repeatable.
    #[arg(long = "header", value_name = "NAME:VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
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
    fn address(&self, endpoint: &Endpoint, style: Option<Style>) -> (String, String) {
        let object_key = encode_uri(self.object_key.as_bytes(), true);
        let (host, bucket_path) = self.bucket_address(endpoint, style);
        (host, format!("{bucket_path}{object_key}"))
    }

    /// Host and path of the bucket.
    fn bucket_address(&self, endpoint: &Endpoint, style: Option<Style>) -> (String, String) {
        let authority = &endpoint.url.authority;
        // A bucket with dots has no certificate for its name.
        let usual = match aws_host::is_one(authority) && !self.bucket.as_str().contains('.') {
            true => Style::VirtualHost,
            false => Style::Path,
        };
        match style.unwrap_or(usual) {
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
    headers: Vec<(String, String)>,
    expires: Moment,
}

impl Common {
    fn endpoint(&self) -> Result<Endpoint, Failure> {
        let found = self.endpoint.find("S3")?;
        if !self.aws {
            return Ok(found);
        }
        let url = PublicUrl::parse(&format!("https://{}", aws_host::of_region(&found.region)));
        Ok(Endpoint {
            url: url.map_err(|_| usage(format!("`{}` is no region of AWS's", found.region)))?,
            ..found
        })
    }
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
            let link = link("GET", &asked.common, &query, &[], asked.once, now)?;
            print_link(&link, &asked.common);
        }
        What::Put(asked) => {
            let link = link("PUT", &asked.common, &[], &asked.sent(), asked.once, now)?;
            print_link(&link, &asked.common);
        }
        What::Post(asked) => form::run(asked, now)?,
    }
    Ok(())
}

fn link(
    method: &'static str,
    common: &Common,
    query: &[(&str, &str)],
    headers: &[(String, String)],
    once: bool,
    now: i64,
) -> Result<Link, Failure> {
    let endpoint = common.endpoint()?;
    Ok(sign(method, common, &endpoint, query, headers, once, now))
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
    headers: &[(String, String)],
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
    let mut signed = vec![("host", host.as_bytes())];
    signed.extend(
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
    );
    let request = Request {
        method,
        path: path.as_bytes(),
        query: Some(query.as_bytes()),
        headers: &signed,
    };
    let signer = endpoint.signer("s3", PathRule::S3, now);
    let query = signer.presign(&request, &Payload::Unsigned, common.expires);
    let scheme = endpoint.url.scheme();
    Link {
        method,
        url: format!("{scheme}://{host}{path}?{query}"),
        headers: headers.to_vec(),
        expires: ends(now, common.expires),
    }
}

fn print_link(link: &Link, common: &Common) {
    if common.json {
        let headers: serde_json::Map<String, serde_json::Value> = link
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let expires = link.expires.iso8601_seconds();
        println!(
            "{}",
            json!({ "method": link.method, "url": link.url, "headers": headers, "expires": expires, "calls": call::document(link) })
        );
        return;
    }
    match common.shown_as {
        Some(ShownAs::Url) => println!("{}", link.url),
        Some(ShownAs::Curl) => println!("{}", Client::Curl.call(link)),
        Some(ShownAs::Fetch) => println!("{}", Client::Fetch.call(link)),
        Some(ShownAs::Axios) => println!("{}", Client::Axios.call(link)),
        Some(ShownAs::All) => print_calls(link),
        // Who reads it is shown how to use it, who takes it into a variable gets the link alone.
        None if std::io::stdout().is_terminal() => print_calls(link),
        None => println!("{}", link.url),
    }
    if matches!(common.shown_as, None | Some(ShownAs::Url)) {
        for (name, value) in &link.headers {
            eprintln!("send it with the header {name}: {value}");
        }
    }
}

fn print_calls(link: &Link) {
    println!("{}", link.url);
    for client in CLIENTS {
        println!("\n{}", client.call(link));
    }
}

impl PutArguments {
    /// What must be sent with the link.
    fn sent(&self) -> Vec<(String, String)> {
        let content_type = self.content_type.iter();
        let content_type = content_type.map(|value| ("content-type".to_owned(), value.clone()));
        content_type.chain(self.headers.iter().cloned()).collect()
    }
}

/// A header, its name in lower case.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| format!("`{text}` is not NAME:VALUE"))?;
    let name = http::HeaderName::try_from(name.trim())
        .map_err(|_| format!("`{name}` cannot be the name of a header"))?;
    let value = header_value(value)?;
    if NOT_SIGNED.contains(&name.as_str()) {
        return Err(format!(
            "`{name}` cannot be signed: it is changed on the way, or set by the client"
        ));
    }
    Ok((name.as_str().to_owned(), value))
}

/// What can stand behind the name of a header, without the blanks around it.
fn header_value(text: &str) -> Result<String, String> {
    let value = text.trim();
    http::HeaderValue::try_from(value)
        .map_err(|_| format!("`{}` cannot be the value of a header", value.escape_debug()))?;
    Ok(value.to_owned())
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

/// Headers that a link does not sign, or that whoever sends it sets.
const NOT_SIGNED: [&str; 9] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "user-agent",
];
/// The parameter by which a link works once.
const ONCE: &str = "x-countersign-once";

#[cfg(test)]
mod tests;
