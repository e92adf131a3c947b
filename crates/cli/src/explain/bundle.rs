//! `countersign explain --bundle`: what a support desk needs, gathered here and masked in `evidence`.
//!
//! Not here: what of a request may be told (`countersign_evidence::Bundle`). Keeps true: of variables only names are told, of keys
//! only what the doctor tells of them.

use std::fs;

use countersign_doctor::{Held, credentials};
use countersign_evidence::{Bundle, Surroundings};
use countersign_server::Real;

use super::Arguments;
use super::evidence::{evidence, explained};
use crate::doctor::sources;
use crate::exit::Failure;
use crate::terminal::print;

/// Prints a bundle.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let profile = arguments.server.profile();
    let evidence = arguments.subject.as_deref().map(evidence).transpose()?;
    let explained = evidence
        .as_ref()
        .map(|evidence| explained(evidence, &arguments.text, profile))
        .transpose()?;
    let environment = |name: &str| std::env::var(name).ok();
    let sources = sources::all(profile, arguments.server.data_dir(), &environment);
    let now = Real::now();
    let found = credentials(&sources, now.seconds());
    let around = Surroundings {
        program: format!("countersign {}", env!("CARGO_PKG_VERSION")),
        platform: platform(),
        now: now.iso8601_seconds(),
        time_zone: time_zone(&environment),
        credentials: found
            .iter()
            .map(|finding| format!("{}: {}", finding.verdict.as_str(), finding.seen))
            .collect(),
        variables: variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())),
    };
    let mut secrets = Vec::new();
    for source in &sources {
        if let Held::Key { key, .. } = &source.held {
            secrets.push(String::from_utf8_lossy(key.secret.expose()).into_owned());
            secrets.extend(key.session_token.clone());
        }
    }
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let bundle = Bundle::of(evidence.as_ref(), explained.as_ref(), &around, &secrets);
    print(&if arguments.json {
        format!("{}\n", bundle.document())
    } else {
        bundle.text()
    })
}

fn platform() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{} {} {}",
        std::env::consts::OS,
        std::env::consts::ARCH,
        kernel.trim()
    )
    .trim()
    .to_owned()
}

/// What the clock of this machine is shown in.
fn time_zone(environment: &dyn Fn(&str) -> Option<String>) -> String {
    if let Some(zone) = environment("TZ") {
        return format!("{zone} (TZ)");
    }
    let link = fs::read_link("/etc/localtime").ok();
    let link = link.and_then(|path| path.to_str().map(str::to_owned));
    let zone = link.and_then(|path| path.split_once("zoneinfo/").map(|(_, zone)| zone.to_owned()));
    zone.unwrap_or_else(|| "UTC, as far as can be seen".to_owned())
}

/// Names of those that have to do with requests and signatures.
fn variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let is_of_matter = |name: &String| {
        let name = name.to_ascii_uppercase();
        ["AWS_", "COUNTERSIGN_"]
            .iter()
            .any(|start| name.starts_with(start))
            || name.ends_with("_PROXY")
            || OF_MATTER.contains(&name.as_str())
    };
    let mut names: Vec<String> = names.filter(is_of_matter).collect();
    names.sort_unstable();
    names
}

/// Variables that change where clients connect, whom they trust, and what time it is for them.
const OF_MATTER: [&str; 8] = [
    "BOTO_CONFIG",
    "CURL_CA_BUNDLE",
    "FAKETIME",
    "LD_PRELOAD",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "TZ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_matter_are_told() {
        let names = [
            "PATH",
            "AWS_REGION",
            "https_proxy",
            "TZ",
            "MY_PASSWORD",
            "COUNTERSIGN_LOG",
        ];
        let told = variables(names.iter().map(|name| (*name).to_owned()));
        assert_eq!(told, ["AWS_REGION", "COUNTERSIGN_LOG", "TZ", "https_proxy"]);
    }
}
