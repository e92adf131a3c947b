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
    let mut chosen = BTreeMap::new();
    for case in fixtures() {
        let cause = context(&case).text("cause").expect("a cause").to_owned();
        chosen.entry(cause).or_insert(case);
    }
    chosen
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("a fixture").path())
        .collect();
    cases.sort();
    cases
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

/// Where a client's setting mends a cause, the cure names it.
#[test]
fn the_setting_of_the_client_stands_in_the_cure() {
    let cases = all_for_each_cause();
    let mut faults = Vec::new();
    for (cause, agent, word) in SETTINGS {
        let told: Vec<String> = cases[*cause]
            .iter()
            .filter_map(|case| {
                let context = context(case);
                let (request, _) = context.arrived(case);
                let diagnosis = context.receive(&renamed(&request, agent)?, unhurried())?;
                Some(diagnosis.at(Level::Operator).sentence)
            })
            .collect();
        if !told.iter().any(|sentence| sentence.contains(word)) {
            faults.push(format!("{cause} for {agent} lacks {word}: {told:#?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Where a proxy's setting mends a cause, the cure names it for the proxy that shows.
#[test]
fn the_setting_of_the_proxy_stands_in_the_cure() {
    let cases = all_for_each_cause();
    let mut faults = Vec::new();
    for (cause, traces, word) in PROXIES {
        let told: Vec<String> = cases[*cause]
            .iter()
            .filter_map(|case| {
                let context = context(case);
                let (request, _) = context.arrived(case);
                let diagnosis = context.receive(&behind(&request, traces), unhurried())?;
                Some(diagnosis.at(Level::Full).sentence)
            })
            .collect();
        if !told.iter().any(|sentence| sentence.contains(word)) {
            faults.push(format!("{cause} behind {traces:?} lacks {word}: {told:#?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// All fixtures of each cause.
fn all_for_each_cause() -> BTreeMap<String, Vec<PathBuf>> {
    let mut all: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for case in fixtures() {
        let cause = context(&case).text("cause").expect("a cause").to_owned();
        all.entry(cause).or_default().push(case);
    }
    all
}

/// The request with what a proxy adds.
fn behind(request: &str, traces: &[&str]) -> String {
    let (head, rest) = match request.find("\n\n") {
        Some(end) => request.split_at(end),
        None => (request.trim_end_matches('\n'), "\n"),
    };
    format!("{head}\n{}{rest}", traces.join("\n"))
}

const NGINX: &[&str] = &["X-Scheme: https", "X-Forwarded-Scheme: https"];
const CLOUDFRONT: &[&str] = &["Via: 2.0 a.cloudfront.net (CloudFront)", "X-Amz-Cf-Id: a"];
const CADDY: &[&str] = &["Via: 1.1 Caddy"];
const TRAEFIK: &[&str] = &["X-Forwarded-Server: a", "X-Real-Ip: 203.0.113.9"];
const APACHE: &[&str] = &["X-Forwarded-Server: a"];

const PROXIES: &[(&str, &[&str], &str)] = &[
    ("QRY-DROPPED", CLOUDFRONT, "AllViewer"),
    ("QRY-DROPPED", NGINX, "rewrite-target"),
    ("QRY-DROPPED", APACHE, "QSA"),
    ("QRY-CASE", APACHE, "int:tolower"),
    ("QRY-CASE", CADDY, "In Caddy remove uri and rewrite"),
    ("URI-CASE", APACHE, "int:tolower"),
    ("URI-KEYCHANGED", CLOUDFRONT, "default root object"),
    ("URI-KEYCHANGED", CADDY, "try_files"),
    ("AUTH-NONE", CLOUDFRONT, "cache policy"),
    ("AUTH-NONE", TRAEFIK, "removeHeader = false"),
    ("HST-H2", CADDY, "header_up Host"),
    ("TOK-S3EXPRESS", CADDY, "header_up"),
];

/// A cause, a client, and the word of its own that the cure has for it.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("HST-FORWARDPROXY", BOTO3, "proxies="),
    ("HST-FORWARDPROXY", GO_V2, "BaseEndpoint"),
    ("HST-FORWARDPROXY", S3CMD, "proxy_host"),
    ("HDR-CASEMAP", JAVA, "Locale.ROOT"),
    ("HDR-CASEMAP", DOT_NET, "ToLowerInvariant()"),
    ("HDR-GCS", GO_V2, "Finalize"),
    ("HDR-GCS", JAVA, "ExecutionInterceptor"),
    ("URI-MIXED", JS, "Key of the command"),
    ("URI-MIXED", RCLONE, "REMOTE:BUCKET/KEY"),
    ("URI-MIXED", REQUESTS, "urllib.parse.quote"),
    ("URI-EMPTY", REQUESTS, "urlsplit"),
    ("URI-CHARSET", JAVA, "StandardCharsets.UTF_8"),
    ("URI-CHARSET", PHP, "rawurlencode"),
    ("URI-KEYCHANGED", BOTO3, "generate_presigned_url"),
    ("QRY-TAMPER", JS, "expiresIn"),
    ("QRY-DROPPED", REQUESTS, "without params"),
    ("MTH-OPTIONS", AXIOS, "the method option"),
    ("KEY-CHAIN", PHP, "true as its last argument"),
    ("KEY-CHAIN", REQUESTS, "digest()"),
    ("STS-FORMAT", DOT_NET, "ToLowerInvariant()"),
    ("STS-FORMAT", PHP, "PHP_EOL"),
    ("SEC-OTHERKEY", AWS_CLI, "aws configure list"),
    ("SEC-OTHERKEY", MC, "mc alias set"),
    ("SEC-ROTATED", RCLONE, "rclone.conf"),
    ("SEC-SMTP", S3CMD, ".s3cfg"),
    ("SEC-SMTP", CURL, "--user ID:SECRET"),
    ("TOK-EXPIRED", BOTO3, "role_arn"),
    ("TOK-EXPIRED", GO_V2, "NewAssumeRoleProvider"),
    ("TOK-S3EXPRESS", JS, "disableS3ExpressSessionAuth"),
    ("TOK-S3EXPRESS", RCLONE, "directory_bucket"),
    ("CLK-CALENDAR", DOT_NET, "InvariantCulture"),
    ("CLK-CALENDAR", CURL, "date -u"),
    ("AUTH-NONE", PHP, "'credentials'"),
    ("ACC-OWNER", BOTO3, "ExpectedBucketOwner="),
    ("ACC-OWNER", AWS_CLI, "--expected-bucket-owner"),
];

const JS: &str = "aws-sdk-js/3.1168.0 ua/2.1 lang/js md/nodejs#20.20.2";
const BOTO3: &str = "Boto3/1.44.5 md/Botocore#1.44.5";
const AWS_CLI: &str = "aws-cli/2.9.19 Python/3.11.2";
const GO_V2: &str = "aws-sdk-go-v2/1.30.0";
const JAVA: &str = "aws-sdk-java/2.25.0";
const DOT_NET: &str = "aws-sdk-dotnet-coreclr/3.7.305.28";
const PHP: &str = "aws-sdk-php/3.300.0";
const CURL: &str = "curl/8.5.0";
const MC: &str = "MinIO (linux; amd64) minio-go/v7.0.90 mc/RELEASE.2025-04-16T18-13-26Z";
const RCLONE: &str = "rclone/v1.68.1";
const S3CMD: &str = "s3cmd/2.4.0";
const AXIOS: &str = "axios/1.7.2";
const REQUESTS: &str = "python-requests/2.32.3";

/// Programs, and to whom their words belong.
const CLIENTS: &[(&str, &str)] = &[
    (JS, "js"),
    (BOTO3, "python"),
    (AWS_CLI, "cli"),
    (GO_V2, "go"),
    (JAVA, "java"),
    (DOT_NET, "dotnet"),
    (PHP, "php"),
    (CURL, "curl"),
    (MC, "mc"),
    (RCLONE, "rclone"),
    (S3CMD, "s3cmd"),
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
    ("S3Client([", "php"),
    ("--aws-sigv4", "curl"),
    ("mc alias", "mc"),
    ("minio.", "minio-go"),
    ("rclone.conf", "rclone"),
    (".s3cfg", "s3cmd"),
];
