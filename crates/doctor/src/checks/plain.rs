//! The plainest signed request: if it is refused, everything is. What changes it is learnt, so that the rest can be examined as if
//! that had been mended.

use countersign_evidence::Answer;
use countersign_sigv4::parse_timestamp;

use crate::checks::clock;
use crate::draft::Draft;
use crate::finding::{Finding, Proof, Verdict};
use crate::refused::{Why, why};
use crate::session::Session;
use crate::suspects;

/// How far one can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Objects can be written.
    Open,
    /// Signed requests arrive, and there is no bucket to write into.
    NoBucket,
    /// Nothing that is signed is accepted.
    Shut,
}

/// Asks for the bucket, or without one for the list of buckets.
pub(crate) async fn check(
    session: &mut Session<'_>,
    has_bucket: bool,
    more_hosts: &[String],
) -> (Vec<Finding>, Way) {
    const ID: &str = "signed.plain";
    let mut findings = Vec::new();
    // Region first, then what is changed on the way: each may hide the next.
    for _ in 0..ROUNDS {
        let draft = draft(session, has_bucket);
        let exchange = session.attempt(&draft).await;
        let answer = exchange.answer().unwrap_or_default();
        if exchange.is_known() {
            findings.push(known(session, &answer, exchange.is_success()));
            let way = match (has_bucket, exchange.is_success()) {
                (true, true) => Way::Open,
                _ => Way::NoBucket,
            };
            return (findings, way);
        }
        if let (Some(time), 0) = (servers_time(&answer), session.ahead) {
            let now = crate::now();
            let (finding, ahead) = clock::server(Some(time), now, now, None);
            findings.push(finding);
            session.ahead = ahead;
            continue;
        }
        if let Some(region) = expected_region(&answer).filter(|region| *region != session.region) {
            let seen = format!(
                "The server is in {region}; configured is {}. The rest was examined with {region}.",
                session.region
            );
            let cure =
                format!("Set the region to {region} (AWS_REGION, region in the profile, or in the client).");
            findings.push(
                Finding::new("endpoint.region", Verdict::Failed, seen)
                    .because("SCP-REGION", Proof::Exact)
                    .cured_by(cure),
            );
            session.region = region;
            continue;
        }
        let suspects = suspects::of_everything(session.place, &draft, more_hosts);
        let why = why(session, &draft, &exchange, &suspects).await;
        let bends = why.bends.clone();
        let is_told = !bends.is_empty();
        findings.push(told(ID, why));
        if !is_told || !session.bends.is_empty() {
            return (findings, Way::Shut);
        }
        session.bends = bends;
    }
    (findings, Way::Shut)
}

fn told(id: &'static str, why: Why) -> Finding {
    let is_bent = !why.bends.is_empty();
    let mut finding = why.finding(id, Verdict::Failed);
    finding.seen = format!("The plainest signed request is refused. {}", finding.seen);
    if is_bent {
        finding
            .seen
            .push_str(" The rest was examined as if that were mended.");
    }
    finding
}

fn draft(session: &Session<'_>, has_bucket: bool) -> Draft {
    match has_bucket {
        true => session.in_bucket("GET").query("list-type=2&max-keys=1"),
        false => session.service(),
    }
}

/// The signature was accepted; was what it is for?
fn known(session: &Session<'_>, answer: &Answer, is_success: bool) -> Finding {
    const ID: &str = "signed.plain";
    if is_success {
        return Finding::new(
            ID,
            Verdict::Ok,
            format!("A signed request for region {} is accepted.", session.region),
        );
    }
    let status = answer.status.unwrap_or_default();
    let seen = format!(
        "The signature is accepted, and then it was answered: {status} {} {}",
        answer.code, answer.message
    );
    match answer.code.as_str() {
        "NoSuchBucket" => Finding::new(ID, Verdict::Failed, seen).cured_by(format!("Make the bucket {}, or name another with --bucket.", session.bucket)),
        "PermanentRedirect" | "TemporaryRedirect" => {
            let cause = if answer.code == "PermanentRedirect" { "RED-301" } else { "RED-307" };
            let place = answer.element("Endpoint").unwrap_or("the endpoint of the bucket's region");
            Finding::new(ID, Verdict::Failed, seen)
                .because(cause, Proof::Exact)
                .cured_by(format!("Use {place}, and the region it is in."))
        }
        _ => Finding::new(ID, Verdict::Unknown, seen).cured_by("The key may not do this. With the right to list the bucket, and to read, write and delete objects in it, more can be examined."),
    }
}

/// The time that a refusal for the time names: that of who verifies, where another one answers for him and has another `Date`.
fn servers_time(answer: &Answer) -> Option<i64> {
    if answer.code != "RequestTimeTooSkewed" {
        return None;
    }
    parse_timestamp(&answer.element("ServerTime")?.replace(['-', ':'], ""))
}

/// The region that an answer asks for.
fn expected_region(answer: &Answer) -> Option<String> {
    if answer.code != "AuthorizationHeaderMalformed" {
        return None;
    }
    let element = answer.element("Region").map(str::to_owned);
    let in_message = || {
        let (_, rest) = answer.message.split_once("expecting")?;
        let rest = rest.trim_start_matches([' ', '\'', '"']);
        rest.split(['\'', '"', ' ']).next().map(str::to_owned)
    };
    let found = element.or_else(in_message)?;
    let is_region = !found.is_empty()
        && found
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    is_region.then_some(found)
}

/// A wrong clock, a wrong region, a change on the way, then an answer.
const ROUNDS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_read_from_the_element_or_from_the_message() {
        let answer = |code: &str, message: &str, region: Option<&str>| Answer {
            code: code.to_owned(),
            message: message.to_owned(),
            elements: region
                .map(|region| ("Region".to_owned(), region.to_owned()))
                .into_iter()
                .collect(),
            ..Answer::default()
        };
        let malformed = "AuthorizationHeaderMalformed";
        let message = "the region 'us-east-1' is wrong; expecting 'eu-central-1'";
        for (answer, expected) in [
            (answer(malformed, "", Some("eu-west-1")), Some("eu-west-1")),
            (answer(malformed, message, None), Some("eu-central-1")),
            (answer(malformed, "expecting '<script>'", None), None),
            (answer("AccessDenied", message, None), None),
        ] {
            assert_eq!(expected_region(&answer).as_deref(), expected, "{answer:?}");
        }
    }
}
