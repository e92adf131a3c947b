//! User metadata: names and values become headers, and headers carry less than people put in.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>. 2 KB of names and values together.

use std::collections::BTreeSet;

use crate::finding::{self, Finding, shown};
use crate::params::Params;

/// Bytes of names and values together.
pub(crate) const BYTES_MAX: usize = 2048;

pub(crate) fn check(params: &Params, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for (name, value) in &params.metadata {
        of_the_name(name, findings);
        if !seen.insert(name.to_ascii_lowercase()) {
            findings.push(finding::METADATA_NAME_TWICE.found(
                field(name),
                format!(
                    "{} stands there in another case of letters, too: both are one header",
                    shown(name)
                ),
                "Keep one of them.",
            ));
        }
        of_the_value(name, value, findings);
    }
    let bytes: usize = params
        .metadata
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > BYTES_MAX {
        findings.push(finding::METADATA_SIZE.found(
            "metadata",
            format!("Names and values have {bytes} bytes together; {BYTES_MAX} are the most"),
            "Keep what is large in an object of its own, or in tags.",
        ));
    }
}

fn of_the_name(name: &str, findings: &mut Vec<Finding>) {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return findings.push(finding::METADATA_NAME.found(
            field(name),
            format!("{} is no name of a header", shown(name)),
            "Use letters, digits and hyphens.",
        ));
    }
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        findings.push(finding::METADATA_NAME_CASE.found(
            field(name),
            format!("{} comes back in lower case", shown(name)),
            "Write it in lower case.",
        ));
    }
    if name.to_ascii_lowercase().starts_with("x-amz-meta-") {
        findings.push(finding::METADATA_NAME_PREFIX.found(
            field(name),
            format!(
                "{} has the prefix that the SDK puts in front, so it is there twice",
                shown(name)
            ),
            "Leave x-amz-meta- out.",
        ));
    }
    if name.contains('_') {
        findings.push(finding::METADATA_NAME_UNDERSCORE.found(
            field(name),
            format!(
                "{} has an underscore; nginx drops such headers unless it is told not to",
                shown(name)
            ),
            "Use hyphens (in nginx: underscores_in_headers on).",
        ));
    }
}

fn of_the_value(name: &str, value: &str, findings: &mut Vec<Finding>) {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return findings.push(finding::METADATA_CONTROL.found(
            field(name),
            format!(
                "{} has a line break or another control character, which no header carries",
                shown(value)
            ),
            "Encode it: encodeURIComponent, Base64 or JSON without line breaks.",
        ));
    }
    if !value.is_ascii() {
        findings.push(finding::METADATA_NON_ASCII.found(
            field(name),
            format!(
                "{} has characters beyond ASCII; clients and servers disagree about their bytes",
                shown(value)
            ),
            "Encode it: encodeURIComponent or Base64.",
        ));
    }
    let is_blank = |c: char| matches!(c, ' ' | '\t');
    if value.starts_with(is_blank)
        || value.ends_with(is_blank)
        || value.contains("  ")
        || value.contains('\t')
    {
        findings.push(finding::METADATA_BLANKS.found(
            field(name),
            format!("{} has blanks at its ends or side by side, which are folded into one for the signature and lost on the way", shown(value)),
            "Trim it, and write one blank where there are several.",
        ));
    }
}

fn field(name: &str) -> String {
    format!("metadata.{}", shown(name).trim_matches('`'))
}
