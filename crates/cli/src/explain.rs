//! `countersign explain`: the page of a cause, why the server refused the request with this id, or what a text that
//! somebody has at hand shows of a refused request.
//!
//! Not here: finding the cause. The server did that when it refused, `evidence` does it for texts; the pages are `diagnose`'s. How a
//! refusal is laid out for a person is in `told`, the two texts beside each other in `beside`.

mod beside;
mod evidence;
mod told;

pub(crate) use evidence::evidence;

use crate::admin_options::Options;
use crate::exit::{Failure, Kind};
use crate::terminal::{Screen, print};

/// What to explain.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A file, or - for standard input, with what is at hand: an S3 error document, a debug log of an SDK or the AWS CLI, the output of
    /// curl -v, a curl command, a HAR file. Or a presigned URL, a request id of our own server, a cause id such as HST-PROXY.
    #[arg(value_name = "FILE|-|URL|REQUEST-ID|CAUSE-ID")]
    subject: String,
    #[command(flatten)]
    text: evidence::TextOptions,
    #[command(flatten)]
    server: Options,
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
        return evidence::run(
            &arguments.subject,
            &arguments.text,
            arguments.server.profile(),
            arguments.json,
        );
    }
    let server = arguments.server.with_caller()?;
    let document = server
        .document(&format!("/api/v1/refusals/{subject}"))
        .map_err(|failure| match failure.kind {
            Kind::NotFound => {
                let why = "it was not refused for its signature, or so long ago, or before so many others, that it is forgotten";
                Failure::new(Kind::NotFound, format!("request {subject} is not on record: {why}"))
            }
            _ => failure,
        })?;
    if arguments.json {
        println!("{document}");
        return Ok(());
    }
    print(&told::told(&document, &Screen::of_stdout()))
}
