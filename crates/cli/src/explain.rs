//! `countersign explain`: the page of a cause, or why the server refused the request with this id.
//!
//! Not here: finding the cause. The server did that when it refused; the pages are `diagnose`'s. How a refusal is laid out for a person
//! is in `told`, the two texts beside each other in `beside`.

mod beside;
mod told;

use crate::admin_options::Options;
use crate::exit::{Failure, Kind};
use crate::terminal::{Screen, print};

/// What to explain.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A request id (the `RequestId` of an error) or a cause id such as HST-PROXY.
    #[arg(value_name = "REQUEST-ID|CAUSE-ID")]
    subject: String,
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
        let why = format!(
            "`{}` is neither a request id (16 hex digits) nor a cause id",
            arguments.subject
        );
        return Err(Failure::new(Kind::NotFound, why));
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
