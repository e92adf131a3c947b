//! The binary `countersign`: reads flags, environment and files, picks the storage engine and starts the server, or runs
//! one of the client-side tools.
//!
//! Not here: anything about S3; the server is a library that gets values.

mod account;
mod admin_options;
mod aws_host;
mod aws_profile;
mod client;
mod compare;
mod credential_tokens;
mod credentials;
mod data_dir;
mod doctor;
mod duration;
mod endpoint;
mod exit;
mod explain;
mod healthcheck;
mod iam_client;
mod key;
mod master_key;
mod policy;
mod presign;
mod private_file;
mod proxy;
mod rebuild_index;
mod refusals;
mod root_credentials;
mod running;
mod scrub;
mod serve;
mod terminal;
mod user;

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
    /// Verify requests, say why a signature is refused, and pass on what is right to any S3 server, signed anew.
    Proxy(proxy::Arguments),
    /// Make a link or a form by which somebody without a key reads or writes one object.
    Presign(presign::Arguments),
    /// Make, show, change and take back access keys.
    Key(key::Arguments),
    /// Make, show and remove users.
    User(user::Arguments),
    /// Make, show, give, take and remove policies.
    Policy(policy::Arguments),
    /// Make and show accounts.
    Account(account::Arguments),
    /// Make, show and revoke tokens by which an application gets temporary credentials of a role.
    Credentials(credential_tokens::Arguments),
    /// Make a master key, or have everything sealed anew.
    MasterKey(master_key::Arguments),
    /// Say why a request was refused, by whatever server: from an error, a log, a HAR file, a link, a request id; or what a cause means.
    Explain(explain::Arguments),
    /// Hold two requests against each other, one that works and one that does not: where they differ in what is signed.
    Compare(compare::Arguments),
    /// Examine the way to any S3 server: key, clock, network, endpoint, region, and what the path in between changes of requests; exits
    /// with 7 if anything has to be mended.
    Doctor(doctor::Arguments),
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
        Command::Proxy(arguments) => proxy::run(&arguments),
        Command::Presign(arguments) => presign::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::User(arguments) => user::run(&arguments),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Account(arguments) => account::run(arguments),
        Command::Credentials(arguments) => credential_tokens::run(arguments),
        Command::MasterKey(arguments) => master_key::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
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
