//! `countersign explain --live URL`: three probes that tell what no text tells: the server's clock, its region, and that of a bucket.
//!
//! Not here: everything else that can be wrong on the way, which `countersign doctor` tries. Keeps true: nothing is written, and the one
//! request that is signed is signed for a region that is not the server's, so that nobody who hears it can use it there.

use countersign_doctor::{Finding, Proof, Verdict};
use countersign_evidence::{Answer, harmless};
use countersign_server::outbound::Reply;
use countersign_server::{PublicUrl, Real};
use countersign_sigv4::{PathRule, parse_http_date};
use serde_json::json;

use super::Arguments;
use crate::client::{Asked, send};
use crate::credentials::{self, Credentials};
use crate::endpoint;
use crate::exit::{Failure, Kind};
use crate::terminal::print;

/// Asks the server, and prints what it shows.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    let credentials = credentials::find_any(arguments.server.profile(), &environment)?;
    let profile = credentials.as_ref().map(|found| found.profile.clone());
    let profile = profile.unwrap_or_default();
    let flag = arguments.subject.as_deref().map(place);
    let flag = flag.or(arguments.text.endpoint_url.as_deref());
    let url = endpoint::url(flag, "S3", &environment, &profile);
    let url = PublicUrl::parse(&url).map_err(|why| Failure::new(Kind::Usage, why))?;
    let region = endpoint::region_at(&url, None, &environment, &profile);
    let bucket = arguments.bucket.as_deref();
    let findings = probe(&url, bucket, &region, credentials.as_ref())?;
    print(&if arguments.json {
        let findings: Vec<_> = findings.iter().map(Finding::document).collect();
        format!(
            "{}\n",
            json!({ "version": 1, "endpoint": endpoint::text(&url), "bucket": bucket, "region": region, "findings": findings })
        )
    } else {
        told(&url, &region, &findings)
    })?;
    let troubles = findings.iter().filter(|finding| finding.verdict.is_trouble());
    match troubles.count() {
        0 => Ok(()),
        count => Err(Failure::new(
            Kind::Findings,
            format!("things to be mended: {count}"),
        )),
    }
}

/// Scheme and host of a URL: whoever has a link at hand gives the whole of it.
fn place(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url
        .get(start..)
        .and_then(|rest| rest.find(['/', '?', '#']))
        .map_or(url.len(), |at| start + at);
    url.get(..end).unwrap_or(url)
}

fn probe(
    url: &PublicUrl,
    bucket: Option<&str>,
    region: &str,
    credentials: Option<&Credentials>,
) -> Result<Vec<Finding>, Failure> {
    let target = bucket.map_or_else(|| "/".to_owned(), |bucket| format!("/{bucket}"));
    let before = Real::now().seconds();
    let unsigned = send(url, &Asked::new("HEAD", &target), None)?;
    let after = Real::now().seconds();
    let mut findings = vec![clock(&unsigned, before, after)];
    findings.push(match credentials {
        None => Finding::new(
            REGION,
            Verdict::Skipped,
            "There is no key to sign a request for another region with.",
        ),
        Some(credentials) => {
            let wrong = if region == "eu-central-1" {
                "us-west-2"
            } else {
                "eu-central-1"
            };
            let signer = credentials.signer(wrong, "s3", PathRule::S3, Real::now().seconds());
            let answer = send(url, &Asked::new("GET", &target), Some(&signer))?;
            of_scope(&answer, wrong, region)
        }
    });
    findings.extend(bucket.map(|bucket| of_bucket(&unsigned, bucket, region)));
    Ok(findings)
}

/// The server's clock against ours, between the two moments around its answer.
fn clock(answer: &Reply, before: i64, after: i64) -> Finding {
    let date = header(answer, "date").and_then(|text| parse_http_date(&text));
    let Some(date) = date else {
        return Finding::new(
            CLOCK,
            Verdict::Unknown,
            "The server sends no Date, so its clock is not known.",
        );
    };
    // Whole seconds on both sides, and as many as the answer took.
    let off = if date < before - 1 {
        before - date
    } else if date > after + 1 {
        after - date
    } else {
        return Finding::new(
            CLOCK,
            Verdict::Ok,
            "The clock of this machine agrees with the server's.",
        );
    };
    let word = if off > 0 { "ahead of" } else { "behind" };
    let seen = format!(
        "The clock of this machine is {} seconds {word} the server's.",
        off.abs()
    );
    let cure =
        "Set the clock by NTP (timedatectl set-ntp true; wsl --shutdown; restart the virtual machine).";
    match off.abs() {
        0..=SKEW_TOLD_MIN => Finding::new(CLOCK, Verdict::Ok, seen),
        _ if off.unsigned_abs() > countersign_sigv4::SKEW_SECONDS_MAX => {
            Finding::new(CLOCK, Verdict::Failed, seen)
                .because("CLK-SKEW", Proof::Exact)
                .cured_by(cure)
        }
        _ => Finding::new(CLOCK, Verdict::Warning, seen).cured_by(cure),
    }
}

/// What the server says of a request that was signed for another region.
fn of_scope(answer: &Reply, wrong: &str, region: &str) -> Finding {
    let document = String::from_utf8_lossy(&answer.body);
    let told = Answer::of_exchange(answer.status.as_u16(), Vec::new(), &document);
    if answer.status.is_success() {
        let seen = format!("The server takes a signature for {wrong}: to it regions mean nothing.");
        return Finding::new(REGION, Verdict::Ok, seen);
    }
    match told.element("Region") {
        Some(its) => against(REGION, "The server", its, region),
        None => {
            let code = if told.code.is_empty() {
                answer.status.to_string()
            } else {
                told.code
            };
            let seen = format!(
                "Asked with a signature for {wrong}, the server answers {code} and does not name its region."
            );
            Finding::new(REGION, Verdict::Unknown, seen)
        }
    }
}

fn of_bucket(answer: &Reply, bucket: &str, region: &str) -> Finding {
    match (header(answer, "x-amz-bucket-region"), answer.status.as_u16()) {
        (Some(its), _) => against(BUCKET, &format!("The bucket {bucket}"), &its, region),
        (None, 404) => Finding::new(
            BUCKET,
            Verdict::Failed,
            format!("There is no bucket {bucket} there."),
        ),
        (None, _) => Finding::new(
            BUCKET,
            Verdict::Unknown,
            "The server does not say in which region the bucket is.",
        ),
    }
}

fn against(id: &'static str, what: &str, its: &str, region: &str) -> Finding {
    if its == region {
        return Finding::new(id, Verdict::Ok, format!("{what} is in {its}, as is signed for."));
    }
    Finding::new(
        id,
        Verdict::Failed,
        format!("{what} is in {its}, and what is found here is {region}."),
    )
    .because("SCP-REGION", Proof::Exact)
    .cured_by(format!(
        "Set the region of the client to {its}: AWS_REGION, --region, or region in the profile."
    ))
}

fn header(answer: &Reply, name: &str) -> Option<String> {
    let value = answer.headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

fn told(url: &PublicUrl, region: &str, findings: &[Finding]) -> String {
    let mut out = format!("{}, region {}\n\n", endpoint::text(url), harmless(region));
    for finding in findings {
        let cause = finding
            .cause
            .map_or_else(String::new, |(id, _)| format!(" ({id})"));
        out.push_str(&format!(
            "{:8} {:12} {}{cause}\n",
            finding.verdict.as_str(),
            finding.id,
            harmless(&finding.seen)
        ));
        if let Some(cure) = &finding.cure {
            out.push_str(&format!("{:21} {}\n", "", harmless(cure)));
        }
    }
    out
}

const CLOCK: &str = "clock";
const REGION: &str = "region";
const BUCKET: &str = "bucket";
/// Fewer seconds than that hurt nobody.
const SKEW_TOLD_MIN: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let mut reply = Reply {
            status: http::StatusCode::from_u16(status).expect("a status"),
            headers: http::HeaderMap::new(),
            body: body.to_owned().into(),
        };
        for (name, value) in headers {
            reply.headers.insert(*name, value.parse().expect("a value"));
        }
        reply
    }

    #[test]
    fn clocks_are_held_against_each_other_with_what_an_answer_takes() {
        const AT: i64 = 1_735_689_600;
        for (ours, verdict, word) in [
            (AT, Verdict::Ok, "agrees"),
            (AT - 1, Verdict::Ok, "agrees"),
            (AT + 30, Verdict::Ok, "30 seconds ahead"),
            (AT + 100, Verdict::Warning, "100 seconds ahead"),
            (AT - 100, Verdict::Warning, "100 seconds behind"),
            (AT + 1200, Verdict::Failed, "1200 seconds ahead"),
            (AT - 1200, Verdict::Failed, "1200 seconds behind"),
        ] {
            let found = clock(
                &reply(403, &[("date", "Wed, 01 Jan 2025 00:00:00 GMT")], ""),
                ours,
                ours,
            );
            assert_eq!(found.verdict, verdict, "{ours} {found:?}");
            assert!(found.seen.contains(word), "{found:?}");
        }
        assert_eq!(clock(&reply(403, &[], ""), AT, AT).verdict, Verdict::Unknown);
    }

    #[test]
    fn regions_are_read_where_servers_name_them() {
        let malformed = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>eu-west-1</Region></Error>";
        for (status, body, region, verdict) in [
            (400, malformed, "eu-west-1", Verdict::Ok),
            (400, malformed, "us-east-1", Verdict::Failed),
            (
                403,
                "<Error><Code>InvalidAccessKeyId</Code></Error>",
                "us-east-1",
                Verdict::Unknown,
            ),
            (200, "", "us-east-1", Verdict::Ok),
        ] {
            assert_eq!(
                of_scope(&reply(status, &[], body), "w", region).verdict,
                verdict,
                "{status} {region}"
            );
        }
        let there = [("x-amz-bucket-region", "eu-west-1")];
        for (status, headers, region, verdict) in [
            (403, &there[..], "eu-west-1", Verdict::Ok),
            (301, &there[..], "us-east-1", Verdict::Failed),
            (404, &[], "us-east-1", Verdict::Failed),
            (403, &[], "us-east-1", Verdict::Unknown),
        ] {
            assert_eq!(
                of_bucket(&reply(status, headers, ""), "b", region).verdict,
                verdict,
                "{status} {region}"
            );
        }
    }

    #[test]
    fn of_a_link_the_server_is_asked() {
        for (url, expected) in [
            ("https://h.example:9000/b/k?x=y", "https://h.example:9000"),
            ("https://h.example?x", "https://h.example"),
            ("http://h.example", "http://h.example"),
        ] {
            assert_eq!(place(url), expected);
        }
    }
}
