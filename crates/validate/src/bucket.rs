//! The bucket: its name, and whether it can stand in a host name.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>. Names with a reserved suffix are those of access
//! points and directory buckets, which can be used and not be made, so they pass; so does an ARN.

use countersign_types::{BucketName, BucketNameError};

use crate::finding::{self, Finding, Rule, shown};
use crate::params::Params;

pub(crate) fn check(params: &Params, findings: &mut Vec<Finding>) {
    let Some(bucket) = params
        .bucket
        .as_deref()
        .filter(|bucket| !bucket.starts_with("arn:"))
    else {
        return;
    };
    if let Err(why) = BucketName::parse(bucket) {
        findings.extend(of_the_name(bucket, why));
    }
    let is_tls = params
        .endpoint
        .as_deref()
        .is_none_or(|endpoint| endpoint.starts_with("https:"));
    if bucket.contains('.') && is_tls && !params.force_path_style && !bucket.contains('/') {
        findings.push(finding::BUCKET_DOT_TLS.found(
            "bucket",
            format!(
                "{} has a dot: as a part of the host name it does not match the certificate of the endpoint",
                shown(bucket)
            ),
            "Use a name without dots, or set forcePathStyle.",
        ));
    }
}

fn of_the_name(bucket: &str, why: BucketNameError) -> Option<Finding> {
    let found =
        |rule: Rule, what: &str, cure| Some(rule.found("bucket", format!("{} {what}", shown(bucket)), cure));
    match why {
        _ if bucket.contains('/') => found(
            finding::BUCKET_SLASH,
            "has a slash, so a key or a URL was given with it",
            "Give the bucket alone, and what comes after the slash in the key.",
        ),
        _ if bucket.bytes().any(|b| b.is_ascii_uppercase()) => found(
            finding::BUCKET_UPPER_CASE,
            "has upper-case letters, which host names do not keep apart from lower-case ones",
            "Write the name as it was created; new buckets have lower-case names.",
        ),
        BucketNameError::Length => found(
            finding::BUCKET_LENGTH,
            "is not 3 to 63 characters long",
            "Give the bucket's whole name.",
        ),
        BucketNameError::Character => found(
            finding::BUCKET_CHARACTER,
            "has characters other than a-z, 0-9, dots and hyphens",
            "Write the name as it was created: no underscores, blanks or accents.",
        ),
        BucketNameError::Edge => found(
            finding::BUCKET_EDGE,
            "does not begin and end with a letter or digit",
            "Write the name as it was created.",
        ),
        BucketNameError::Dots => found(
            finding::BUCKET_DOUBLE_DOT,
            "has two dots side by side",
            "Write the name as it was created.",
        ),
        BucketNameError::Address => found(
            finding::BUCKET_ADDRESS,
            "looks like an IP address: is it the endpoint?",
            "Give the address as endpoint, with forcePathStyle, and the bucket's name as bucket.",
        ),
        BucketNameError::Reserved if USABLE_SUFFIXES.iter().any(|suffix| bucket.ends_with(suffix)) => None,
        BucketNameError::Reserved => found(
            finding::BUCKET_RESERVED,
            "is reserved, so there is no such bucket",
            "Write the name as it was created.",
        ),
    }
}

/// Access points, directory buckets and their kin.
const USABLE_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
