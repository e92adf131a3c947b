//! `countersign master-key`: a new key to put in front of the others, and sealing everything anew with the first.
//!
//! Not here: where a server finds its keys.

use super::{line, make};
use crate::admin_options;
use crate::exit::Failure;
use crate::terminal;

/// What to do about master keys.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print a new key: to go into the first line of the file or secret that a server reads its keys from.
    Generate,
    /// Have a running server seal every secret with its first key, after which the others can be thrown away.
    Reseal {
        #[command(flatten)]
        server: admin_options::Options,
        /// Print the server's document as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.what {
        What::Generate => terminal::print(&line(&make())),
        What::Reseal { server, json } => {
            let done = server.with_caller()?.post("/api/v1/master-key/reseal")?;
            let told = if json {
                format!("{done}\n")
            } else {
                "every secret is sealed with the first master key\n".to_owned()
            };
            terminal::print(&told)
        }
    }
}
