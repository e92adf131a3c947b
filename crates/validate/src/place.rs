//! Region and endpoint: their shapes, and whether they agree.
//!
//! SPEC: <https://docs.aws.amazon.com/general/latest/gr/s3.html> for the names of AWS's endpoints. Other servers call their region what they
//! like, so its shape is checked as far as a credential scope and AWS's own names go.

use crate::finding::{self, Finding, Rule, shown};
use crate::params::Params;

pub(crate) fn check(params: &Params, findings: &mut Vec<Finding>) {
    let endpoint = params.endpoint.as_deref();
    if let Some(region) = params.region.as_deref() {
        findings.extend(of_the_region(region, endpoint));
    }
    if let Some(endpoint) = endpoint {
        of_the_endpoint(endpoint, params.bucket.as_deref(), findings);
    }
}

fn of_the_region(region: &str, endpoint: Option<&str>) -> Option<Finding> {
    let found = |rule: Rule, what: String, cure| Some(rule.found("region", what, cure));
    if region.is_empty() {
        return found(
            finding::REGION_EMPTY,
            "The region is empty".to_owned(),
            "Set the region of the bucket; servers of one region take us-east-1 if they are not told otherwise.",
        );
    }
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    if !region.bytes().all(fits) {
        return found(
            finding::REGION_SHAPE,
            format!(
                "{} is no region: it has characters other than a-z, 0-9 and hyphens",
                shown(region)
            ),
            "Write it as in us-east-1: no blanks, no capitals, no host name.",
        );
    }
    let host = endpoint.and_then(|endpoint| Some(Parts::of(endpoint)?.host));
    let at_aws = host.as_deref().is_none_or(|host| region_of(host).is_some());
    if at_aws && is_zone(region) {
        return found(
            finding::REGION_ZONE,
            format!("{} is an availability zone", shown(region)),
            "Leave the last letter out.",
        );
    }
    if at_aws && matches!(region, "auto" | "global" | "aws-global") {
        return found(
            finding::REGION_AUTO,
            format!("{} is no region of AWS", shown(region)),
            "Set the region of the bucket.",
        );
    }
    let named = host.as_deref().and_then(region_of)?;
    (named != region).then(|| {
        finding::REGION_ENDPOINT.found(
            "region",
            format!(
                "The endpoint is that of {}, and the client signs for {}",
                shown(&named),
                shown(region)
            ),
            "Set both to the region of the bucket, or leave the endpoint out.",
        )
    })
}

/// `eu-west-1a`
fn is_zone(region: &str) -> bool {
    let mut last = region.bytes().rev();
    let (letter, digit) = (last.next(), last.next());
    letter.is_some_and(|b| b.is_ascii_lowercase())
        && digit.is_some_and(|b| b.is_ascii_digit())
        && region.contains('-')
}

/// The region that a host of AWS's S3 belongs to.
fn region_of(host: &str) -> Option<String> {
    let name = host
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let labels: Vec<&str> = name.split('.').collect();
    let at = labels
        .iter()
        .rposition(|label| matches!(*label, "s3" | "s3-fips" | "s3-control") || label.starts_with("s3-"))?;
    let after = labels.get(at + 1..)?.iter().find(|label| **label != "dualstack");
    let with_hyphen = labels.get(at).and_then(|label| label.strip_prefix("s3-"));
    let with_hyphen = with_hyphen.filter(|region| region.contains('-') && !matches!(*region, "external-1"));
    let region = after.copied().or(with_hyphen);
    Some(region.unwrap_or("us-east-1").to_owned())
}

fn of_the_endpoint(endpoint: &str, bucket: Option<&str>, findings: &mut Vec<Finding>) {
    let mut found = |rule: Rule, what: &str, cure| {
        findings.push(rule.found("endpoint", format!("{} {what}", shown(endpoint)), cure))
    };
    if endpoint.contains(|c: char| c.is_whitespace() || c.is_control()) || endpoint.contains(['"', '\'']) {
        return found(
            finding::ENDPOINT_BLANK,
            "has white space or quotes in it",
            "trim() it, and look where it comes from.",
        );
    }
    let Some(parts) = Parts::of(endpoint) else {
        return found(
            finding::ENDPOINT_SCHEME,
            "is no URL with http:// or https://",
            "Write scheme and host: https://s3.example.com, http://localhost:9000.",
        );
    };
    if parts.has_query {
        found(
            finding::ENDPOINT_QUERY,
            "has a query or a fragment",
            "Give scheme, host and port alone.",
        );
    }
    let first = parts.path.split('/').find(|part| !part.is_empty());
    let in_host = bucket.is_some_and(|bucket| {
        let rest = parts
            .host
            .get(..bucket.len())
            .filter(|start| start.eq_ignore_ascii_case(bucket));
        rest.is_some()
            && parts
                .host
                .get(bucket.len()..)
                .is_some_and(|rest| rest.starts_with('.'))
    });
    if in_host || (first.is_some() && first == bucket) {
        found(
            finding::ENDPOINT_BUCKET,
            "has the bucket in it, which the client adds itself",
            "Give the endpoint without the bucket (or say bucketEndpoint, where the client has it).",
        );
    } else if first.is_some() {
        found(
            finding::ENDPOINT_PATH,
            "has a path: it is signed, and a proxy that takes it off breaks the signature",
            "Give S3 a host name of its own, or let the proxy keep the path.",
        );
    } else if !parts.path.is_empty() {
        found(
            finding::ENDPOINT_SLASH,
            "ends with a slash, which some clients keep and put another one behind",
            "Leave the slash out.",
        );
    }
    if parts.has_usual_port {
        found(
            finding::ENDPOINT_PORT,
            "names the port that the scheme implies: some clients sign it, and nobody sends it",
            "Leave the port out.",
        );
    }
    if parts.host.bytes().any(|b| b.is_ascii_uppercase()) {
        found(
            finding::ENDPOINT_UPPER_CASE,
            "has upper-case letters in its host, which some clients sign so and send in lower case",
            "Write it in lower case.",
        );
    }
}

/// A URL taken apart, nothing decoded.
struct Parts {
    host: String,
    path: String,
    has_query: bool,
    has_usual_port: bool,
}

impl Parts {
    fn of(url: &str) -> Option<Parts> {
        let (scheme, rest) = url.split_once("://")?;
        let usual = match scheme {
            "http" => "80",
            "https" => "443",
            _ => return None,
        };
        let (rest, has_query) = match rest.find(['?', '#']) {
            Some(at) => (rest.get(..at)?, true),
            None => (rest, false),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        (!host.is_empty()).then(|| Parts {
            host: host.to_owned(),
            path: path.to_owned(),
            has_query,
            has_usual_port: port == Some(usual),
        })
    }
}
