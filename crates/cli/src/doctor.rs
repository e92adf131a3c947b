//! `countersign doctor`: examines the way to an S3 server, ours or anybody's, and prints what has to be mended.
//!
//! Not here: the examination (`countersign_doctor`), where keys are looked for (`sources`), and how it is laid out (`told`).

pub(crate) mod sources;
mod told;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use countersign_doctor::{Asked, Place, Report, Watch, examine};
use countersign_evidence::harmless;

use crate::aws_profile;
use crate::endpoint;
use crate::exit::{Failure, Kind};
use crate::terminal::{Screen, print};

/// What to examine.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    endpoint: endpoint::Options,
    /// A bucket to write into, below a prefix of its own that is taken away again; without it only lists are asked for.
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// A name that a proxy in between may use for the server, HOST or HOST:PORT; may be repeated.
    #[arg(long, value_name = "HOST")]
    upstream_host: Vec<String>,
    /// The time server to ask.
    #[arg(
        long,
        value_name = "HOST",
        default_value = "pool.ntp.org",
        conflicts_with = "no_ntp"
    )]
    ntp_server: String,
    /// Ask no time server.
    #[arg(long)]
    no_ntp: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Examines, and prints what was found.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let asked = asked(arguments, &|name| std::env::var(name).ok())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    let progress = Progress {
        is_shown: io::stderr().is_terminal() && !arguments.json,
    };
    let report = runtime.block_on(examine(&asked, &progress, interrupted()));
    progress.clear();
    print(&if arguments.json {
        format!("{}\n", report.document())
    } else {
        told::told(&report, &Screen::of_stdout())
    })?;
    ended(&report)
}

fn asked(arguments: &Arguments, environment: &dyn Fn(&str) -> Option<String>) -> Result<Asked, Failure> {
    let usage = |why: String| Failure::new(Kind::Usage, why);
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let name = arguments
        .endpoint
        .profile
        .clone()
        .or_else(|| variable("AWS_PROFILE"));
    let profile = aws_profile::find(name.as_deref().unwrap_or("default"), environment);
    let profile = match (profile.map_err(usage)?, &name) {
        (Some(profile), _) => profile,
        (None, Some(name)) => return Err(usage(format!("there is no profile `{name}`"))),
        (None, None) => aws_profile::Profile::default(),
    };
    let url = endpoint::url(
        arguments.endpoint.endpoint_url.as_deref(),
        "S3",
        environment,
        &profile,
    );
    Ok(Asked {
        place: Place::parse(&url).map_err(usage)?,
        region: endpoint::region(arguments.endpoint.region.as_deref(), environment, &profile),
        bucket: arguments.bucket.clone().map(bucket).transpose()?,
        sources: sources::all(
            arguments.endpoint.profile.as_deref(),
            &arguments.endpoint.data_dir,
            environment,
        ),
        ntp_server: (!arguments.no_ntp).then(|| arguments.ntp_server.clone()),
        ca_bundle: variable("AWS_CA_BUNDLE")
            .or_else(|| profile.setting("ca_bundle").map(str::to_owned))
            .map(PathBuf::from),
        upstream_hosts: arguments.upstream_host.clone(),
    })
}

/// Buckets of other servers may have names that ours would not take; what cannot stand in a URL is refused.
fn bucket(name: String) -> Result<String, Failure> {
    let name = name.trim_start_matches("s3://").trim_end_matches('/').to_owned();
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if is_name {
        return Ok(name);
    }
    Err(Failure::new(
        Kind::Usage,
        format!("`{name}` cannot be a bucket name"),
    ))
}

fn ended(report: &Report) -> Result<(), Failure> {
    let troubles = report
        .findings
        .iter()
        .filter(|finding| finding.verdict.is_trouble());
    match (report.is_interrupted, troubles.count()) {
        (true, _) => Err(Failure::new(
            Kind::Failed,
            "interrupted; what was made is deleted again unless it says otherwise",
        )),
        (false, 0) => Ok(()),
        (false, 1) => Err(Failure::new(Kind::Findings, "one thing has to be mended")),
        (false, count) => Err(Failure::new(
            Kind::Findings,
            format!("{count} things have to be mended"),
        )),
    }
}

/// Until somebody presses Ctrl-C; whoever presses it again does not wait for the cleaning up.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED_TWICE);
        }
    });
}

/// What is done now, on one line that is written over.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn clear(&self) {
        if self.is_shown {
            let _nobody_reads = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

impl Watch for Progress {
    fn step(&self, what: &str) {
        if self.is_shown {
            let what: String = harmless(what).chars().take(PROGRESS_CHARACTERS).collect();
            let _nobody_reads = io::stderr().write_all(format!("\r\x1b[K{what}").as_bytes());
        }
    }
}

/// What a shell says of a program that SIGINT ended.
const INTERRUPTED_TWICE: i32 = 130;
/// As many as fit on one line nearly everywhere.
const PROGRESS_CHARACTERS: usize = 76;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn check(flags: &[&str], variables: &[(&str, &str)]) -> Result<Asked, Failure> {
        let flags = std::iter::once("doctor").chain(flags.iter().copied());
        let flags = Flags::try_parse_from(flags).unwrap_or_else(|error| unreachable!("{error}"));
        let environment = |name: &str| {
            let mut variables = variables.iter();
            let (_, value) = variables.find(|(other, _)| *other == name)?;
            Some((*value).to_owned())
        };
        asked(&flags.arguments, &environment)
    }

    #[test]
    fn flags_win_over_variables_and_wrong_ones_are_usage() {
        let asked = check(
            &[
                "--endpoint-url",
                "https://h/s3",
                "--bucket",
                "s3://b/",
                "--region",
                "r",
            ],
            &[
                ("AWS_ENDPOINT_URL", "http://other"),
                ("AWS_REGION", "other"),
                ("AWS_CA_BUNDLE", "/ca.pem"),
            ],
        );
        let asked = asked.unwrap_or_else(|failure| unreachable!("{failure}"));
        assert_eq!(
            (asked.place.url().as_str(), asked.region.as_str()),
            ("https://h/s3", "r")
        );
        assert_eq!(
            (asked.bucket.as_deref(), asked.ntp_server.as_deref()),
            (Some("b"), Some("pool.ntp.org"))
        );
        assert_eq!(asked.ca_bundle, Some(PathBuf::from("/ca.pem")));
        let usual = check(&["--no-ntp"], &[]).unwrap_or_else(|failure| unreachable!("{failure}"));
        assert_eq!(
            (usual.place.url().as_str(), usual.ntp_server),
            ("http://127.0.0.1:9000", None)
        );
        for flags in [
            &["--endpoint-url", "h:9000"][..],
            &["--bucket", "a/b"],
            &["--bucket", "a?b"],
            &["--profile", "nobody"],
        ] {
            let failure = check(flags, &[])
                .err()
                .unwrap_or_else(|| unreachable!("{flags:?} is refused"));
            assert_eq!(failure.kind, Kind::Usage, "{flags:?}");
        }
    }
}
