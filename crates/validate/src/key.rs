//! The key: what S3 refuses, and what clients, proxies and file systems change on its way.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>. A key is any text of 1 to 1,024 bytes, so nearly
//! everything here is a warning.

use countersign_types::{ObjectKey, ObjectKeyError};
use unicode_normalization::is_nfc;

use crate::finding::{self, Finding, Rule, shown};
use crate::params::Params;

pub(crate) fn check(params: &Params, findings: &mut Vec<Finding>) {
    let Some(key) = params.key.as_deref() else { return };
    match ObjectKey::parse(key.as_bytes()) {
        Err(ObjectKeyError::Empty) => {
            return findings.push(finding::KEY_EMPTY.found(
                "key",
                "The key is empty, so the request is about the bucket",
                "Give the key of the object.",
            ));
        }
        Err(ObjectKeyError::TooLong) => findings.push(finding::KEY_LENGTH.found(
            "key",
            format!(
                "The key has {} bytes in UTF-8 ({} characters); {} bytes are the most",
                key.len(),
                key.chars().count(),
                ObjectKey::BYTES_MAX
            ),
            "Shorten it; count bytes, not characters.",
        )),
        // A text is UTF-8.
        Err(ObjectKeyError::NotUtf8) | Ok(_) => {}
    }
    let mut found = |rule: Rule, what: &str, cure| {
        findings.push(rule.found("key", format!("{} {what}", shown(key)), cure))
    };
    if key.contains("://") {
        found(
            finding::KEY_URL,
            "is a URL; the key is what comes after the bucket",
            "Give the part after the bucket alone.",
        );
        return;
    }
    if key.starts_with('/') {
        found(
            finding::KEY_LEADING_SLASH,
            "begins with a slash, which belongs to the key: the path has two then, and many proxies make one of them",
            "Leave the slash out; a key is not a path from a root.",
        );
    }
    if key.trim_start_matches('/').contains("//") {
        found(
            finding::KEY_DOUBLE_SLASH,
            "has two slashes side by side, of which many proxies make one",
            "Join the parts with one slash (nginx keeps both with: merge_slashes off).",
        );
    }
    if key.split('/').any(|segment| matches!(segment, "." | "..")) {
        found(
            finding::KEY_DOT_SEGMENT,
            "has a segment `.` or `..`, which browsers, fetch and proxies resolve before they send it",
            "Resolve the path before it becomes a key.",
        );
    }
    if key.starts_with(char::is_whitespace) || key.ends_with(char::is_whitespace) {
        found(
            finding::KEY_EDGE_BLANK,
            "begins or ends with white space, which nobody sees in a listing",
            "trim() it.",
        );
    }
    if has_escape(key) {
        found(
            finding::KEY_PERCENT,
            "looks URL-encoded already; the client encodes it once more",
            "Give the key decoded (decodeURIComponent).",
        );
    }
    if key.contains('+') {
        found(
            finding::KEY_PLUS,
            "has a plus sign, which some clients and proxies take for a blank",
            "In a URL written by hand put %2B; the SDKs do.",
        );
    }
    let awkward: String = AWKWARD.iter().filter(|c| key.contains(**c)).collect();
    if !awkward.is_empty() {
        found(
            finding::KEY_AWKWARD,
            &format!("has characters that URLs and XML do not carry as they are: {awkward}"),
            "Leave them out, or let a client encode them that was tested with them.",
        );
    }
    if key.chars().any(char::is_control) {
        found(
            finding::KEY_CONTROL,
            "has control characters, which XML listings cannot hold unless they are encoded",
            "Leave them out, or list with encoding-type=url.",
        );
    }
    if !is_nfc(key) {
        found(
            finding::KEY_DECOMPOSED,
            "has accents as characters of their own (NFD), as file names of macOS: it looks like another key that is written with composed ones",
            "Make it one form everywhere: key.normalize('NFC').",
        );
    }
    if key.contains(char::REPLACEMENT_CHARACTER) {
        found(
            finding::KEY_BROKEN,
            "has the character U+FFFD, which stands where a text was decoded wrongly or cut within a character",
            "Decode it with the charset it was written in.",
        );
    }
}

/// `%` and two hex digits.
fn has_escape(key: &str) -> bool {
    key.as_bytes()
        .windows(3)
        .any(|three| matches!(three, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

/// What AWS says to avoid, without the percent sign, which has a rule of its own.
const AWKWARD: [char; 13] = ['\\', '^', '`', '|', '{', '}', '[', ']', '<', '>', '"', '#', '~'];
