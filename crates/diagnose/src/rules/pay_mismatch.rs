//! PAY-MISMATCH: the body that arrived does not have the hash that was signed.
//!
//! Not here: the hash of an empty body, see `pay_emptyhash`. The body was read for its own sake, never for this.

use countersign_sigv4::EMPTY_SHA256;

use super::prelude::*;
use crate::case::Fault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PAY-MISMATCH",
        "The body is not the one that was signed",
        include_str!("../../pages/PAY-MISMATCH.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let (Fault::BodyMismatch, Some(body), Some(claim)) = (scene.case.fault, &scene.case.body, scene.claim())
    else {
        return None;
    };
    let signed = claim.payload.text();
    if signed.eq_ignore_ascii_case(EMPTY_SHA256) && body.bytes > 0 {
        return None;
    }
    let (why, cure) = explain(body.bytes, &body.head);
    let what = Words::of(format!(
        "The body that arrived ({} bytes) is not the one whose hash was signed: {why}",
        body.bytes
    ));
    let mut finding = Finding::new(Slot::Body, Proof::Exact, 900, what, Words::of(cure));
    finding.signed = Some(Value::received(signed));
    finding.received = Some(Value::answered(hex::encode(body.sha256)));
    Some(finding)
}

fn explain(bytes: u64, head: &[u8]) -> (&'static str, &'static str) {
    if bytes == 0 {
        (
            "it is empty, as when a stream was already read",
            "Rewind the stream before sending, or make a new one for each attempt.",
        )
    } else if is_chunk_header(bytes, head) {
        (
            "it looks still framed as aws-chunked",
            "Send Content-Encoding: aws-chunked and the STREAMING payload line, or let the proxy keep them.",
        )
    } else if head.starts_with(&[0x1f, 0x8b]) {
        (
            "it begins as gzip does",
            "If the file is no gzip itself, compress before signing, or turn off compression in the client or proxy.",
        )
    } else if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        (
            "it begins with a byte order mark",
            "Hash the bytes that are sent, after encoding the text.",
        )
    } else {
        (
            "it was changed after signing, or other bytes were hashed",
            "Hash the very bytes that are sent; look for a re-encoded text, changed line ends, or a file still being written.",
        )
    }
}

/// `1f4;chunk-signature=…`, or `1f4` before a line break and as many bytes before the next one. A first line of digits
/// alone would be in many tables as well.
fn is_chunk_header(bytes: u64, head: &[u8]) -> bool {
    let Some(end) = head.windows(2).position(|window| window == b"\r\n") else {
        return false;
    };
    let (line, rest) = (
        head.get(..end).unwrap_or_default(),
        head.get(end + 2..).unwrap_or_default(),
    );
    let mut pieces = line.splitn(2, |&b| b == b';');
    let size = pieces.next().unwrap_or_default();
    if !(1..=16).contains(&size.len()) || !size.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    if let Some(extension) = pieces.next() {
        return extension.starts_with(b"chunk-signature=");
    }
    let size = std::str::from_utf8(size)
        .ok()
        .and_then(|size| u64::from_str_radix(size, 16).ok());
    let Some(size) = size else { return false };
    match usize::try_from(size).ok().and_then(|size| rest.get(size..)) {
        Some(after) => after.starts_with(b"\r\n"),
        // The chunk goes on beyond what is known of the body, which must then hold it.
        None => bytes > size.saturating_add(end as u64),
    }
}
