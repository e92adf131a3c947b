//! Every cause is told to every client in words that fit, and to none in the words of another.
//!
//! Not here: what each is told, which the tables beside the settings hold. A fixture is sent once more under each name; who
//! signed its links and forms shows in those and stays.

#![expect(clippy::panic, reason = "a broken fixture is named before the test ends")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_diagnose::{Level, SENTENCE_CHARACTERS_MAX, SENTENCE_OF_TWO_CHARACTERS_MAX};
use support::{Context, unhurried};

/// One fixture for each cause, by its name; for a cause that stands alone where there is one.
fn one_for_each_cause() -> BTreeMap<String, PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("a fixture").path())
        .collect();
    cases.sort();
    let mut chosen = BTreeMap::new();
    for case in cases {
        let cause = context(&case).text("cause").expect("a cause").to_owned();
        chosen.entry(cause).or_insert(case);
    }
    chosen
}

fn context(case: &Path) -> Context {
    let text = fs::read_to_string(case.join("context.json"));
    let text = text.unwrap_or_else(|error| panic!("{case:?}: {error}"));
    Context(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{case:?}: {error}")))
}

/// The request under another name, which stands at its end so that curl's signature stands in front of it.
fn renamed(request: &str, agent: &str) -> Option<String> {
    let (head, body) = match request.split_once("\n\n") {
        Some((head, body)) => (head, Some(body)),
        None => (request.trim_end_matches('\n'), None),
    };
    let is_name = |line: &&str| {
        let line = line.to_ascii_lowercase();
        line.starts_with("user-agent:") || line.starts_with("x-amz-user-agent:")
    };
    if head.to_ascii_lowercase().contains("user-agent;") || head.contains("user-agent,") {
        // It is signed.
        return None;
    }
    let mut lines: Vec<&str> = head.lines().filter(|line| !is_name(line)).collect();
    let name = format!("User-Agent: {agent}");
    lines.push(&name);
    let head = lines.join("\n");
    Some(match body {
        Some(body) => format!("{head}\n\n{body}"),
        None => format!("{head}\n"),
    })
}

#[test]
fn every_cause_fits_into_its_sentence_for_every_client_and_names_no_other() {
    let mut faults = Vec::new();
    let mut told = 0;
    for (cause, case) in one_for_each_cause() {
        let context = context(&case);
        let (request, _) = context.arrived(&case);
        for (agent, own) in CLIENTS {
            let Some(request) = renamed(&request, agent) else {
                continue;
            };
            let Some(diagnosis) = context.receive(&request, unhurried()) else {
                panic!("{case:?} is refused whoever sends it");
            };
            let signs_itself = request.to_ascii_lowercase().contains("\nauthorization:");
            for level in [Level::Full, Level::Basic] {
                let report = diagnosis.at(level);
                let limit = match report.told().len() {
                    0 | 1 => SENTENCE_CHARACTERS_MAX,
                    _ => SENTENCE_OF_TWO_CHARACTERS_MAX,
                };
                if report.sentence.len() > limit {
                    faults.push(format!(
                        "{cause} for {agent}: {} characters: {}",
                        report.sentence.len(),
                        report.sentence
                    ));
                }
                for (word, owner) in WORDS {
                    if signs_itself && owner != own && report.sentence.contains(word) {
                        faults.push(format!("{cause} for {agent} names {word}: {}", report.sentence));
                    }
                }
                told += 1;
            }
        }
    }
    assert!(told > 0, "something was told");
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// Programs that sign for themselves, and to whom their words belong.
const CLIENTS: &[(&str, &str)] = &[
    ("aws-sdk-js/3.1168.0 ua/2.1 lang/js md/nodejs#20.20.2", "js"),
    ("Boto3/1.44.5 md/Botocore#1.44.5", "python"),
    ("aws-cli/2.9.19 Python/3.11.2", "cli"),
    ("aws-sdk-go-v2/1.30.0", "go"),
    ("aws-sdk-java/2.25.0", "java"),
    ("curl/8.5.0", "curl"),
    ("rclone/v1.68.1", "rclone"),
];

/// Words of one owner alone.
const WORDS: &[(&str, &str)] = &[
    ("S3Client({", "js"),
    ("forcePathStyle: ", "js"),
    ("boto3", "python"),
    ("aws configure", "cli"),
    ("s3.Options", "go"),
    ("S3Client.builder()", "java"),
    ("config builder", "rust"),
    ("AmazonS3Config", "dotnet"),
    ("--aws-sigv4", "curl"),
    ("minio.", "minio-go"),
    ("rclone.conf", "rclone"),
    (".s3cfg", "s3cmd"),
];
