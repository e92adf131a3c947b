//! PAY-MISMATCH: the body that arrived does not have the hash that was signed.
//!
//! Not here: the hash of an empty body (`pay_emptyhash`), framing that was left in (`pay_chunked_raw`). The body was read for its own sake, never for this.

use countersign_sigv4::EMPTY_SHA256;

use super::framing::{checksum_slot, is_raw};
use super::pay_crc_empty::is_of_nothing;
use super::pay_sdk2025::is_by_default;
use super::prelude::*;
use crate::case::BodyFault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PAY-MISMATCH",
        "The body is not the one that was signed",
        include_str!("../../pages/PAY-MISMATCH.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    of_hash(scene).or_else(|| of_checksum(scene))
}

/// The body does not have the checksum in a signed header. Not here: checksums of SDKs (`pay_sdk2025`) and of nothing
/// (`pay_crc_empty`).
fn of_checksum(scene: &Scene<'_>) -> Option<Finding> {
    let (
        Some(BodyFault::Checksum {
            header,
            sent,
            computed,
        }),
        Some(body),
    ) = (scene.body_fault(), &scene.case.body)
    else {
        return None;
    };
    let of_nothing = is_of_nothing(header, sent.as_bytes()) && body.bytes > 0;
    if is_raw(scene) || is_by_default(scene) || of_nothing {
        return None;
    }
    let (why, cure) = explain(body.bytes, &body.head);
    let name = Value::received(header.clone());
    let what = Words::of(format!(
        "The body that arrived ({} bytes) does not have the checksum in ",
        body.bytes
    ))
    .value(&name, "the request")
    .say(format!(": {why}"));
    let mut finding = Finding::new(
        checksum_slot(scene, header),
        Proof::Exact,
        900,
        what,
        Words::of(cure),
    );
    finding.signed = Some(Value::received(sent.clone()));
    finding.received = Some(Value::constant(computed.clone()));
    Some(finding)
}

fn of_hash(scene: &Scene<'_>) -> Option<Finding> {
    let (Some(BodyFault::Sha256), Some(body), Some(claim)) =
        (scene.body_fault(), &scene.case.body, scene.claim())
    else {
        return None;
    };
    let signed = claim.payload.text();
    if is_raw(scene) || (signed.eq_ignore_ascii_case(EMPTY_SHA256) && body.bytes > 0) {
        return None;
    }
    let (why, cure) = explain(body.bytes, &body.head);
    let what = Words::of(format!(
        "The body that arrived ({} bytes) is not the one whose hash was signed: {why}",
        body.bytes
    ));
    let mut finding = Finding::new(Slot::Body, Proof::Exact, 900, what, Words::of(cure));
    finding.signed = Some(Value::received(signed));
    finding.received = body.sha256.map(|hash| Value::answered(hex::encode(hash)));
    Some(finding)
}

fn explain(bytes: u64, head: &[u8]) -> (&'static str, &'static str) {
    if bytes == 0 {
        (
            "it is empty, as when a stream was already read",
            "Rewind the stream before sending, or make a new one for each attempt.",
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
