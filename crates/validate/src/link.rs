//! Presigned links: whether one is whole, and whether what is sent with it is what it was signed for.
//!
//! Not here: whether its signature is right, which needs the secret.

use countersign_sigv4::{decode_percent, parse_timestamp, query_pairs, query_value};

use crate::finding::{self, Finding, Rule, shown};
use crate::params::Params;

pub(crate) fn check(params: &Params, findings: &mut Vec<Finding>) {
    to_be_made(params, findings);
    let Some(url) = params.url.as_deref() else { return };
    let mut found = |rule: Rule, what: String, cure| findings.push(rule.found("url", what, cure));
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    if query.contains("amp;X-Amz-") || query.contains("amp%3BX-Amz-") {
        return found(
            finding::LINK_AMP,
            "The link was copied from HTML: it has &amp; where & should be".to_owned(),
            "Decode the entities, or take the link where it was made.",
        );
    }
    let value = |name: &str| {
        let value = query_value(Some(query.as_bytes()), name)?;
        Some(String::from_utf8_lossy(&value).into_owned())
    };
    if let Some(lacking) = PARAMETERS.iter().find(|name| value(name).is_none()) {
        return found(
            finding::LINK_TRUNCATED,
            format!("The link has no {lacking}: it was cut, or is none"),
            "Quote it where a shell or a chat may cut it at an ampersand.",
        );
    }
    let credential = value("X-Amz-Credential").unwrap_or_default();
    if credential.contains("%2F") || credential.contains("%2f") {
        return found(
            finding::LINK_ENCODED_TWICE,
            "The link was URL-encoded once more".to_owned(),
            "Use it as it was made; do not hand it to encodeURI or new URLSearchParams.",
        );
    }
    let begins = value("X-Amz-Date").and_then(|date| parse_timestamp(&date));
    let lives = value("X-Amz-Expires").and_then(|seconds| seconds.parse::<i64>().ok());
    let ends = begins
        .zip(lives)
        .map(|(begins, lives)| begins.saturating_add(lives));
    if ends.zip(params.now).is_some_and(|(ends, now)| ends < now) {
        found(
            finding::LINK_EXPIRED,
            "The link has expired".to_owned(),
            "Make a new one when it is needed.",
        );
    }
    if ["x-amz-checksum-crc32", "x-amz-checksum-crc32c"]
        .iter()
        .any(|name| value_in_any_case(query, name).as_deref() == Some(EMPTY_CRC32))
    {
        found(
            finding::LINK_CHECKSUM,
            "The link holds the checksum of an empty body, which the SDK put there: servers that hold a body against it take no other"
                .to_owned(),
            "Make it with requestChecksumCalculation: 'WHEN_REQUIRED'.",
        );
    }
    let made_for = value("x-id").and_then(|operation| method_of(&operation));
    if let (Some(wanted), Some(method)) = (made_for, params.method.as_deref())
        && !method.eq_ignore_ascii_case(wanted)
    {
        found(
            finding::LINK_METHOD,
            format!("The link is for {wanted}, and is used with {}", shown(method)),
            "Make the link for the method that it is used with.",
        );
    }
    of_the_headers(
        params,
        &value("X-Amz-SignedHeaders").unwrap_or_default(),
        findings,
    );
}

/// A link that shall be made: what the SDK will put into it.
fn to_be_made(params: &Params, findings: &mut Vec<Finding>) {
    let is_upload = params
        .method
        .as_deref()
        .is_some_and(|method| method.eq_ignore_ascii_case("PUT"));
    let computes = params.request_checksum_calculation.as_deref() == Some("WHEN_SUPPORTED");
    if params.expires_in.is_some() && is_upload && computes {
        findings.push(finding::LINK_CHECKSUM_TO_BE.found(
            "requestChecksumCalculation",
            "The SDK for JavaScript puts the checksum of an empty body into links for uploads: servers that hold a body against it take no other",
            "Make links with requestChecksumCalculation: 'WHEN_REQUIRED'.",
        ));
    }
}

fn of_the_headers(params: &Params, signed: &str, findings: &mut Vec<Finding>) {
    let signed: Vec<&str> = signed.split(';').collect();
    for name in signed
        .iter()
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("host"))
    {
        if params.header(name).is_none() {
            findings.push(finding::LINK_HEADER_LACKING.found(
                "headers",
                format!(
                    "The link was signed with the header {}, which is not sent with it",
                    shown(name)
                ),
                "Send it with the very value that the link was made with.",
            ));
        }
    }
    for name in params.headers.keys() {
        let lower = name.to_ascii_lowercase();
        if lower == "authorization" {
            findings.push(finding::LINK_TWO_SIGNATURES.found(
                "headers",
                "A link is its own authorization, and a header Authorization is sent with it",
                "Leave it out: turn off the interceptor or default that adds it.",
            ));
        } else if lower.starts_with("x-amz-") && !signed.contains(&lower.as_str()) {
            findings.push(finding::LINK_HEADER_UNSIGNED.found(
                "headers",
                format!(
                    "{} is sent with the link, which was not signed with it",
                    shown(name)
                ),
                "Make the link with it, or do not send it.",
            ));
        }
    }
}

fn value_in_any_case(query: &str, name: &str) -> Option<String> {
    let mut pairs = query_pairs(query.as_bytes());
    let (_, value) = pairs.find(|(raw, _)| decode_percent(raw).eq_ignore_ascii_case(name.as_bytes()))?;
    Some(String::from_utf8_lossy(&decode_percent(value.unwrap_or_default())).into_owned())
}

/// The method of an operation, as SDKs name it in `x-id`.
fn method_of(operation: &str) -> Option<&'static str> {
    let methods = [
        ("Put", "PUT"),
        ("UploadPart", "PUT"),
        ("Get", "GET"),
        ("Head", "HEAD"),
        ("List", "GET"),
        ("Delete", "DELETE"),
    ];
    methods
        .iter()
        .find(|(beginning, _)| operation.starts_with(beginning) && operation != "DeleteObjects")
        .map(|(_, method)| *method)
}

/// What every link has.
const PARAMETERS: [&str; 6] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
];
/// Four zero bytes: the CRC-32 of nothing.
const EMPTY_CRC32: &str = "AAAAAA==";
