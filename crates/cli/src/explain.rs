//! `countersign explain`: the page of a cause, why the server refused the request with this id, or what a text that
//! somebody has at hand shows of a refused request.
//!
//! Not here: finding the cause. The server did that when it refused, `evidence` does it for texts; the pages are `diagnose`'s. How a
//! refusal is laid out for a person is in `told`, the two texts beside each other in `beside`.

mod beside;
mod bundle;
mod evidence;
mod live;
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
    #[arg(value_name = "FILE|-|URL|REQUEST-ID|CAUSE-ID", required_unless_present_any = ["bundle", "live"])]
    subject: Option<String>,
    /// Print what somebody who helps needs to know: the request, both sides' texts, the explanation, and what is around, everything secret
    /// taken out. Without a text, what is around.
    #[arg(long, conflicts_with = "live")]
    bundle: bool,
    /// Ask the server at the URL, or at the endpoint: its clock, its region, and that of the bucket.
    #[arg(long)]
    live: bool,
    /// The bucket that is asked about.
    #[arg(long, value_name = "BUCKET", requires = "live")]
    bucket: Option<String>,
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
    if arguments.live {
        return live::run(&arguments);
    }
    if arguments.bundle {
        return bundle::run(&arguments);
    }
    let Some(asked) = arguments.subject.as_deref() else {
        return Err(Failure::new(Kind::Usage, "there is nothing to explain"));
    };
    let subject = asked.to_ascii_uppercase();
    if let Some(page) = countersign_diagnose::page(&subject) {
        println!("{}", page.trim_end());
        return Ok(());
    }
    if !(subject.len() == 16 && subject.bytes().all(|b| b.is_ascii_hexdigit())) {
        return evidence::run(asked, &arguments.text, arguments.server.profile(), arguments.json);
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
