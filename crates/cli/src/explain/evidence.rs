//! `countersign explain FILE|-|URL`: what a text shows of a request that some server refused.
//!
//! The secret comes from where AWS's tools have it, never from the command line, and goes nowhere. Not here: reading the text and
//! finding the cause (`countersign_evidence`).

use std::io::Read;
use std::path::Path;

use countersign_evidence::{Evidence, Explained, Known, explain, read};
use countersign_server::{PublicUrl, Real};
use serde_json::{Value, json};

use crate::credentials::{self, Credentials};
use crate::exit::{Failure, Kind};
use crate::terminal::{harmless, print};

/// What helps to explain a text.
#[derive(clap::Args)]
pub(super) struct TextOptions {
    /// The region of the server that refused, if the text does not show it.
    #[arg(long, value_name = "REGION")]
    bucket_region: Option<String>,
    /// The endpoint that the client was told to use.
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// Explains a text.
pub(super) fn run(
    subject: &str,
    options: &TextOptions,
    profile: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let evidence = evidence(subject)?;
    let (credentials, about_key) = secret(&evidence, profile)?;
    let host = options.endpoint_url.as_deref().map(PublicUrl::parse).transpose();
    let host = host.map_err(|why| Failure::new(Kind::Usage, why))?;
    let hosts: Vec<String> = host.map(|url| url.authority).into_iter().collect();
    let known = Known {
        secret: credentials.as_ref().map(|credentials| &credentials.secret),
        region: options.bucket_region.as_deref(),
        hosts: &hosts,
        now: Real::now().seconds(),
    };
    let mut explained = explain(&evidence, &known);
    explained.notes.extend(about_key);
    print(&if json {
        format!("{}\n", document(&explained))
    } else {
        told(&explained)
    })
}

/// Reads what the subject stands for: a file, standard input, or the subject itself.
pub(crate) fn evidence(subject: &str) -> Result<Evidence, Failure> {
    let text = if subject == "-" {
        let mut text = Vec::new();
        std::io::stdin()
            .read_to_end(&mut text)
            .map_err(|error| Failure::new(Kind::Failed, format!("standard input: {error}")))?;
        text
    } else if Path::new(subject).exists() {
        std::fs::read(subject).map_err(|error| Failure::new(Kind::Failed, format!("`{subject}`: {error}")))?
    } else if is_a_text(subject) {
        subject.as_bytes().to_vec()
    } else {
        let why =
            format!("`{subject}` is neither a file nor a URL, a request id (16 hex digits) or a cause id");
        return Err(Failure::new(Kind::NotFound, why));
    };
    read(&text).map_err(|why| Failure::new(Kind::NotFound, format!("`{subject}`: {why}")))
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
    let found = credentials::find(profile, None, &environment);
    let found = match (found, profile) {
        (Ok(found), _) => found,
        // Without a secret texts are compared; only a profile that somebody named must be there.
        (Err(_), None) => return Ok((None, None)),
        (Err(failure), Some(_)) => return Err(failure),
    };
    match evidence.access_key_id() {
        Some(id) if id != found.access_key_id => {
            let note = format!(
                "The request was signed with the access key {id}; the one found here is {}, so its secret was not used.",
                found.access_key_id
            );
            Ok((None, Some(note)))
        }
        _ => Ok((Some(found), None)),
    }
}

fn document(explained: &Explained) -> Value {
    let line = |line: &countersign_evidence::Line| json!({ "what": line.what, "signed": line.left, "received": line.right, "same": line.is_same() });
    json!({
        "version": 1,
        "form": explained.form.as_str(),
        "status": explained.status,
        "causes": explained.causes,
        "byServer": explained.by_server.as_ref().map(|told| &told.named),
        "ruledOut": explained.ruled_out,
        "lines": explained.comparison.as_ref().map(|comparison| comparison.lines.iter().map(line).collect::<Vec<_>>()),
        "notes": explained.notes,
    })
}

/// As a person reads it.
fn told(explained: &Explained) -> String {
    let mut out = format!("This is {}.\n", explained.form);
    if let Some(told) = &explained.by_server {
        out.push_str(&format!("\nThe server says: {}\n", harmless(&told.named)));
        for (title, cure) in &told.causes {
            out.push_str(&format!(
                "  {}\n  cure      {}\n",
                harmless(title),
                harmless(cure)
            ));
        }
    }
    for cause in &explained.causes {
        out.push_str(&format!(
            "\n{} ({}, {})\n",
            cause.title, cause.id, explained.status
        ));
        let fields = [
            ("what", Some(&cause.what)),
            ("signed", cause.signed.as_ref()),
            ("received", cause.received.as_ref()),
            ("cure", Some(&cause.cure)),
        ];
        for (name, text) in fields {
            if let Some(text) = text {
                out.push_str(&format!("  {name:9} {}\n", harmless(text)));
            }
        }
    }
    if explained.causes.is_empty() && explained.by_server.is_none() {
        out.push_str("\nNo known cause can be told from it.\n");
    }
    if let Some(line) = explained
        .comparison
        .as_ref()
        .and_then(|comparison| comparison.first_difference())
    {
        out.push_str(&format!("\nfirst difference: {}\n", line.what));
        for (name, side) in [("signed", &line.left), ("received", &line.right)] {
            out.push_str(&format!(
                "  {name:9} {}\n",
                harmless(side.as_deref().unwrap_or("(no such line)"))
            ));
        }
    }
    for (heading, sentences) in [("ruled out", &explained.ruled_out), ("note", &explained.notes)] {
        for sentence in sentences {
            out.push_str(&format!("\n{heading}: {}\n", harmless(sentence)));
        }
    }
    if let Some(cause) = explained.causes.first() {
        out.push_str(&format!("\nMore: countersign explain {}\n", cause.id));
    }
    out
}
