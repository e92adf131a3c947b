//! The names that change what a request means: sub-resources in the query, and headers.
//!
//! Known but not implemented means refused. An unknown name is ignored as AWS ignores it, except that a bare one
//! (`?newfeature`) on a request that writes is taken for a sub-resource that came after us.

use crate::head::View;
use crate::parse_error::ParseError;

/// The sub-resources in the query, once each.
pub(crate) fn asked(view: &View<'_>) -> Result<Vec<&'static str>, ParseError> {
    let writes = !matches!(view.method(), "GET" | "HEAD");
    let mut asked = Vec::new();
    for (name, value) in view.parameters() {
        match IMPLEMENTED
            .iter()
            .chain(NOT_IMPLEMENTED)
            .find(|known| **known == name)
        {
            Some(known) if asked.contains(known) => {}
            Some(known) => asked.push(*known),
            None if writes && value.is_empty() && looks_like_subresource(name) => {
                return Err(ParseError::subresource_not_implemented(name));
            }
            None => {}
        }
    }
    Ok(asked)
}

pub(crate) fn is_implemented(name: &str) -> bool {
    IMPLEMENTED.contains(&name)
}

/// Refuses headers that ask for something that is not there yet. Ignoring one would store a plain object where an
/// encrypted or locked one was asked for.
pub(crate) fn check_headers(view: &View<'_>) -> Result<(), ParseError> {
    for name in view.lines("x-amz-") {
        let is_refused = REFUSED_HEADERS.contains(&name.as_ref())
            || REFUSED_HEADER_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix));
        if is_refused {
            return Err(ParseError::header_not_implemented(&name));
        }
    }
    Ok(())
}

fn looks_like_subresource(name: &str) -> bool {
    let is_plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_parameter = ["x-", "X-", "response-"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    is_plain && !is_parameter && !IGNORED_WHEN_EMPTY.contains(&name)
}

/// Sub-resources that the router's table names, in any way that S3 has.
pub(crate) const IMPLEMENTED: &[&str] = &[
    "acl",
    "attributes",
    "cors",
    "delete",
    "list-type",
    "location",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "uploadId",
    "uploads",
    "versions",
];

/// Sub-resources of S3 and of its neighbours that we know and refuse, but where a row of the table says that nothing was
/// ever set.
pub(crate) const NOT_IMPLEMENTED: &[&str] = &[
    "abac",
    "accelerate",
    "analytics",
    "annotation",
    "annotations",
    "append",
    "bucketinfo",
    "encryption",
    "events",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "logging",
    "metadataAnnotationTable",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "position",
    "renameObject",
    "replication",
    "replication-metrics",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "select-type",
    "session",
    "tagging",
    "torrent",
    "usage",
    "versioning",
    "website",
];

/// Parameters that are no sub-resources and that clients send empty.
const IGNORED_WHEN_EMPTY: &[&str] = &[
    "prefix",
    "delimiter",
    "marker",
    "max-keys",
    "encoding-type",
    "versionId",
];

const REFUSED_HEADER_PREFIXES: &[&str] = &[
    "x-amz-server-side-encryption",
    "x-amz-copy-source-server-side-encryption",
    "x-amz-object-lock-",
    "x-amz-if-match-",
    "x-amz-rename-source",
    "x-amz-fwd-",
];

const REFUSED_HEADERS: &[&str] = &["x-amz-tagging", "x-amz-write-offset-bytes"];
