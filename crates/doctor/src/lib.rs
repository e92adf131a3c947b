//! Examines the way from here to an S3 server: what is wrong with key, clock, endpoint and region, and what the path in between changes.
//!
//! [`examine`] goes from the outside in: name, connection, TLS, a request without a signature, one with, then objects with everything
//! in their names, headers and bodies that somebody on the way might change. Since it knows what it signed, it can tell what
//! arrived: from the server's own texts where it shows them, else by experiment.
//!
//! Absent on purpose: environment, files with keys, and the terminal; where a key comes from is handed in.
//!
//! Keeps true: whatever is written is written below a prefix of its own and taken away again, also when the examination is broken
//! off; no secret, session token or whole signature stands in a finding.

mod checks;
mod cures;
mod draft;
mod finding;
mod place;
mod probes;
mod refused;
mod report;
mod scribe;
mod session;
mod sntp;
mod suspects;
mod sweep;
mod tls;
mod wire;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

pub use checks::credentials::{Held, Source, check as credentials, winner};
pub use finding::{Finding, Proof, Verdict};
pub use place::Place;
pub use report::{Changed, Report};
pub use scribe::Key;

use crate::checks::plain::Way;
use crate::checks::{clock, network, plain, style};
use crate::session::Session;
use crate::tls::Trust;
use crate::wire::Wire;

/// What to examine.
pub struct Asked {
    /// The endpoint.
    pub place: Place,
    /// The region to sign for.
    pub region: String,
    /// The bucket to write into; without one only lists are asked for.
    pub bucket: Option<String>,
    /// Where a key may come from, in the order in which they are asked.
    pub sources: Vec<Source>,
    /// The time server; `None` to ask none.
    pub ntp_server: Option<String>,
    /// Certificate authorities that are trusted beside those of the machine, as PEM.
    pub ca_bundle: Option<PathBuf>,
    /// Names, `host[:port]`, that something on the way may use for the server.
    pub upstream_hosts: Vec<String>,
}

/// Somebody who waits.
pub trait Watch: Sync {
    /// What is done now.
    fn step(&self, what: &str);
}

/// Examines everything, until it is done or `stop` is; then takes away what was made.
pub async fn examine(asked: &Asked, watch: &dyn Watch, stop: impl Future<Output = ()>) -> Report {
    let findings = Mutex::new(Vec::new());
    let told = |finding: Finding| {
        findings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(finding)
    };
    let mut report = Report {
        endpoint: asked.place.url(),
        bucket: asked.bucket.clone(),
        region: asked.region.clone(),
        findings: Vec::new(),
        is_interrupted: false,
    };
    let trust = match asked.place.is_https {
        true => Some(Trust::of_machine(asked.ca_bundle.as_deref())),
        false => None,
    };
    let trust = match trust.transpose() {
        Ok(trust) => trust,
        Err(why) => {
            told(Finding::new(
                "network.authorities",
                Verdict::Failed,
                format!("Certificates cannot be checked: {why}."),
            ));
            None
        }
    };
    let wire = Wire::new(asked.place.clone(), trust);
    tokio::pin!(stop);
    let prepared = tokio::select! {
        prepared = prepare(asked, &wire, &told, watch) => Some(prepared),
        () = &mut stop => None,
    };
    report.is_interrupted = prepared.is_none();
    if let Some(Some((session, way))) = prepared {
        if way == Way::Open {
            tokio::select! {
                () = probes::run(&session, &told, watch) => {}
                () = &mut stop => report.is_interrupted = true,
            }
            told(sweep::run(&session, watch).await);
        }
        report.region.clone_from(&session.region);
    }
    report.findings = std::mem::take(&mut findings.lock().unwrap_or_else(PoisonError::into_inner));
    report
}

/// Everything before objects are written; what comes out is the way, if there is one.
async fn prepare<'a>(
    asked: &'a Asked,
    wire: &'a Wire,
    told: &(dyn Fn(Finding) + Sync),
    watch: &dyn Watch,
) -> Option<(Session<'a>, Way)> {
    watch.step("credentials");
    let all = |findings: Vec<Finding>| findings.into_iter().for_each(told);
    all(credentials(&asked.sources, now()));
    told(network::endpoint(&asked.place, asked.bucket.as_deref()));
    watch.step("clock");
    told(clock::kernel().await);
    let (finding, ntp) = clock::ntp(asked.ntp_server.as_deref()).await;
    told(finding);
    watch.step("network");
    let (findings, is_reached) = network::reach(wire, &asked.place, now()).await;
    all(findings);
    let nobody = Key {
        access_key_id: String::new(),
        secret: countersign_sigv4::Secret::new(""),
        session_token: None,
    };
    if !is_reached {
        return None;
    }
    let key = winner(&asked.sources);
    let bucket = asked.bucket.as_deref().unwrap_or_default();
    let unsigned = &mut Session::new(wire, &asked.place, key.unwrap_or(&nobody), &asked.region, bucket);
    let (findings, date) = network::first(unsigned, asked.bucket.is_some()).await;
    all(findings);
    let (date, before, after) = date?;
    let (finding, ahead) = clock::server(date, before, after, ntp);
    told(finding);
    let mut session = Session::new(wire, &asked.place, key?, &unsigned.region, bucket);
    session.shown.clone_from(&unsigned.shown);
    session.ahead = if ahead.unsigned_abs() > AHEAD_SECONDS_MAX {
        ahead
    } else {
        0
    };
    watch.step("a signed request");
    let (findings, way) = plain::check(&mut session, asked.bucket.is_some(), &asked.upstream_hosts).await;
    all(findings);
    match way {
        Way::Open => {
            watch.step("addressing style");
            told(style::check(&session).await);
        }
        Way::NoBucket => told(Finding::new(
            "probe.more",
            Verdict::Skipped,
            "Objects were not tried: that needs a --bucket that this key may write into.",
        )),
        Way::Shut => told(Finding::new(
            "probe.more",
            Verdict::Skipped,
            "Nothing more was tried, since no signed request is accepted.",
        )),
    }
    Some((session, way))
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Less is the line, and forgiven.
const AHEAD_SECONDS_MAX: u64 = 60;
