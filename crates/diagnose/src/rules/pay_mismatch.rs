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
            "it is empty, so the stream was already read when it was sent",
            "Rewind the stream before sending, or make a new one for each attempt.",
        )
    } else if is_chunk_header(head) {
        (
            "it is still framed as aws-chunked",
            "Send Content-Encoding: aws-chunked and the STREAMING payload line, or let the proxy keep them.",
        )
    } else if head.starts_with(&[0x1f, 0x8b]) {
        (
            "it is compressed with gzip",
            "Compress before signing, or turn off compression in the HTTP client or proxy.",
        )
    } else if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        (
            "it begins with a byte order mark",
            "Hash the bytes that are sent, after encoding the text.",
        )
    } else {
        (
            "it was changed after signing",
            "Hash the very bytes that are sent; look for a re-encoded text, changed line ends, or a file still being written.",
        )
    }
}

/// `1f4;chunk-signature=…` or `1f4` before a line break.
fn is_chunk_header(head: &[u8]) -> bool {
    let end = head.windows(2).position(|window| window == b"\r\n").unwrap_or(0);
    let line = head.get(..end).unwrap_or_default();
    let size = line.split(|&b| b == b';').next().unwrap_or_default();
    (1..=16).contains(&size.len()) && size.iter().all(u8::is_ascii_hexdigit)
}
