//! `countersign explain FILE|-|URL`: what a text shows of a request that some server refused.
//!
//! The secret comes from where AWS's tools have it, never from the command line, and goes nowhere. Not here: reading the text and
//! finding the cause and putting it in words (`countersign_evidence`).

use std::io::Read;
use std::path::Path;

use countersign_evidence::{Evidence, Explained, Known, explain, read};
use countersign_server::{PublicUrl, Real};

use crate::credentials::{self, Credentials};
use crate::exit::{Failure, Kind};
use crate::terminal::print;

/// What helps to explain a text.
#[derive(clap::Args)]
pub(super) struct TextOptions {
    /// The region of the server that refused, if the text does not show it.
    #[arg(long, value_name = "REGION")]
    bucket_region: Option<String>,
    /// The endpoint that the client was told to use.
    #[arg(long, value_name = "URL")]
    pub(super) endpoint_url: Option<String>,
}

/// Explains a text.
pub(super) fn run(
    subject: &str,
    options: &TextOptions,
    profile: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let explained = explained(&evidence(subject)?, options, profile)?;
    print(&if json {
        format!("{}\n", explained.document())
    } else {
        explained.text()
    })
}

/// What evidence shows, with the secret that is at hand.
pub(super) fn explained(
    evidence: &Evidence,
    options: &TextOptions,
    profile: Option<&str>,
) -> Result<Explained, Failure> {
    let (credentials, about_key) = secret(evidence, profile)?;
    let host = options.endpoint_url.as_deref().map(PublicUrl::parse).transpose();
    let host = host.map_err(|why| Failure::new(Kind::Usage, why))?;
    let hosts: Vec<String> = host.map(|url| url.authority).into_iter().collect();
    let known = Known {
        secret: credentials.as_ref().map(|credentials| &credentials.secret),
        region: options.bucket_region.as_deref(),
        hosts: &hosts,
        now: Real::now().seconds(),
    };
    let mut explained = explain(evidence, &known);
    explained.notes.extend(about_key);
    Ok(explained)
}

/// Reads what the subject stands for: a file, standard input, or the subject itself.
pub(crate) fn evidence(subject: &str) -> Result<Evidence, Failure> {
    let (text, named) = if subject == "-" {
        let mut text = Vec::new();
        std::io::stdin()
            .read_to_end(&mut text)
            .map_err(|error| Failure::new(Kind::Failed, format!("standard input: {error}")))?;
        (text, "standard input")
    } else if Path::new(subject).exists() {
        let text = std::fs::read(subject);
        let text = text.map_err(|error| Failure::new(Kind::Failed, format!("`{subject}`: {error}")))?;
        (text, subject)
    } else if is_a_text(subject) {
        // It may hold a token, and what is printed is pasted elsewhere.
        (subject.as_bytes().to_vec(), "what was given")
    } else {
        let why =
            format!("`{subject}` is neither a file nor a URL, a request id (16 hex digits) or a cause id");
        return Err(Failure::new(Kind::NotFound, why));
    };
    read(&text).map_err(|why| Failure::new(Kind::NotFound, format!("{named}: {why}")))
}

/// Whether an argument is itself what is to be explained.
fn is_a_text(subject: &str) -> bool {
    subject.contains("://") || subject.contains('<') || subject.contains("AWS4-HMAC-SHA256")
}

/// The secret of the access key in the text, and what is to be said of the key that was found.
fn secret(
    evidence: &Evidence,
    profile: Option<&str>,
) -> Result<(Option<Credentials>, Option<String>), Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    // Without a secret texts are compared.
    let Some(found) = credentials::find_any(profile, &environment)? else {
        return Ok((None, None));
    };
    match evidence.other_key(&found.access_key_id) {
        Some(note) => Ok((None, Some(note))),
        None => Ok((Some(found), None)),
    }
}
