//! The binary `countersign`: reads flags, environment and files, picks the storage engine and starts the server, or runs
//! one of the client-side tools.
//!
//! Not here: anything about S3; the server is a library that gets values.

mod admin_client;
mod admin_options;
mod data_dir;
mod exit;
mod explain;
mod healthcheck;
mod rebuild_index;
mod refusals;
mod root_credentials;
mod scrub;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An S3-compatible object store that says why a signature did not match.
#[derive(Parser)]
#[command(name = "countersign", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve S3 from a directory.
    Serve(serve::Arguments),
    /// Say why a request was refused (a request id), or what a cause means (a cause id such as HST-PROXY).
    Explain(explain::Arguments),
    /// Show what was refused lately, as a list or in groups by cause, access key and client.
    Refusals(refusals::Arguments),
    /// Read everything stored against its checksums; exits with 3 if anything is damaged.
    Scrub(scrub::Arguments),
    /// Throw the index of a data directory away and make it anew from its log.
    RebuildIndex(rebuild_index::Arguments),
    /// Ask a running server whether it is ready; exits with 3 if it is not.
    Healthcheck(healthcheck::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Refusals(arguments) => refusals::run(arguments),
        Command::Scrub(arguments) => scrub::run(arguments),
        Command::RebuildIndex(arguments) => rebuild_index::run(arguments),
        Command::Healthcheck(arguments) => healthcheck::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("countersign: {failure}");
            ExitCode::from(failure.kind.code())
        }
    }
}
