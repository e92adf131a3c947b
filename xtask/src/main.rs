//! The commands of this workspace: `cargo xtask check`, `test`, `clients`, `npm`, `s3-tests`, `corpus`, `captures`,
//! `crash`, `sim`, `kill-loop`, `ci`, `bless`, `bench`, `serve`, `tidy`.
//!
//! Each command is a list of steps, each step is one child process or one check of our own; nothing here is clever.
//! Not here: anything the product needs. Deleting this crate would lose checks, never behaviour.
//!
//! Keeps true: a missing tool is a failed step, never a skipped one.

mod commands;
mod npm;
mod steps;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let workspace = commands::Workspace::here();
    match words.as_slice() {
        ["check"] => commands::check(&workspace),
        ["test", rest @ ..] => commands::test(&workspace, rest),
        ["clients", rest @ ..] => commands::clients(&workspace, rest),
        ["npm", rest @ ..] => commands::npm(&workspace, rest),
        ["s3-tests", checkout, rest @ ..] => commands::s3_tests(&workspace, checkout, rest),
        ["corpus"] => commands::corpus(&workspace),
        ["captures", rest @ ..] => commands::captures(&workspace, rest),
        ["crash", rest @ ..] => commands::crash(&workspace, rest),
        ["sim", rest @ ..] => commands::sim(&workspace, rest),
        ["kill-loop", rest @ ..] => commands::kill_loop(&workspace, rest),
        ["ci"] => commands::ci(&workspace),
        ["bless", rest @ ..] => commands::bless(&workspace, rest),
        ["bench", rest @ ..] => commands::bench(&workspace, rest),
        ["serve", rest @ ..] => commands::serve(&workspace, rest),
        ["tidy"] => commands::tidy(&workspace),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

const USAGE: &str = "\
usage: cargo xtask <command>

  check                    formatting, lints, documentation, tidy
  test [--slow] [filter]   every test that is fast; --slow adds the long ones and the real clients
  clients [job ...]        the tests with real clients, after `conformance/setup`
  npm [--release] [--binary FILE]
                           the npm package and that of this platform, as tarballs in target/npm
  s3-tests CHECKOUT [arg]  ceph/s3-tests from a checkout of it; arguments go to pytest
  corpus                   wrong requests of real clients: what was done to each against what is said of it
  captures [FORM/NAME ...] what real tools print of refused requests, made anew as fixtures of `evidence`
  crash [--points N] [--seed S]
                           crashes the storage engine at so many points (a million, unless told otherwise)
  sim [--runs N] [--seed S]
                           store, engine, files and faults on one thread: so many runs (a thousand, unless told otherwise)
  kill-loop [--rounds N] [--seed S]
                           kill -9 of the release binary under load, so many rounds (a thousand, unless told otherwise)
  ci                       sets up what the tests need, then runs every check and every test
  bless [filter]           rewrites the expected files of golden tests; read the diff afterwards
  bench [what] [flags]     load and limits, side by side: quick (default), full, growth, stall, measure, report;
                           a full or quick run takes --peer NAME (after `bench/peers/setup`) and --endpoint
  serve [flags]            a server on target/scratch; flags go to `countersign serve`
  tidy                     what this repository promises about itself
";
