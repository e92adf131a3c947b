//! PAY-MISMATCH: the body that arrived does not have the hash that was signed.
//!
//! Not here: the hash of an empty body (`pay_emptyhash`), framing that was left in (`pay_chunked_raw`). The body was read for its own sake, never for this.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::EMPTY_SHA256;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::body_text::spoilt;
use super::framing::{checksum_slot, is_raw};
use super::pay_crc_empty::is_of_nothing;
use super::pay_sdk2025::is_by_default;
use super::prelude::*;
use crate::case::{BodyFault, Fault, FormFault};

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PAY-MISMATCH",
        "The body is not the one that was signed",
        include_str!("../../pages/PAY-MISMATCH.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    of_hash(scene)
        .or_else(|| of_checksum(scene))
        .or_else(|| of_form(scene))
}

/// The file of a form does not have the hash in one of its fields.
fn of_form(scene: &Scene<'_>) -> Option<Finding> {
    let Fault::Form(FormFault::FileDiffers { field }) = scene.case.fault else {
        return None;
    };
    let what = Words::of(format!(
        "The file that arrived does not have the hash in the field {field} of the form"
    ));
    let cure = "Make the form for this very file, with the hash of its bytes in base64, or leave the field out of policy and form.";
    Some(Finding::new(Slot::Body, Proof::Exact, 900, what, Words::of(cure)))
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
    let (why, cure) = spoilt(body, |bytes| has_checksum(header, sent, bytes));
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
    let hash = claim.payload.sha256();
    let (why, cure) = spoilt(body, |bytes| Some(hash == Some(Sha256::digest(bytes).into())));
    let what = Words::of(format!(
        "The body that arrived ({} bytes) is not the one whose hash was signed: {why}",
        body.bytes
    ));
    let mut finding = Finding::new(Slot::Body, Proof::Exact, 900, what, Words::of(cure));
    finding.signed = Some(Value::received(signed));
    finding.received = body.sha256.map(|hash| Value::answered(hex::encode(hash)));
    Some(finding)
}

/// Whether bytes have the checksum of this header; `None` if it is one that is not computed here.
fn has_checksum(header: &str, sent: &str, bytes: &[u8]) -> Option<bool> {
    match header {
        "x-amz-checksum-sha256" => Some(STANDARD.encode(Sha256::digest(bytes)) == sent),
        "x-amz-checksum-sha1" => Some(STANDARD.encode(Sha1::digest(bytes)) == sent),
        _ => None,
    }
}
