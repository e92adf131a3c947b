//! PAY-EMPTYHASH: the hash of nothing was signed for a body that is not empty.

use countersign_sigv4::EMPTY_SHA256;

use super::prelude::*;
use crate::case::BodyFault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PAY-EMPTYHASH",
        "The hash of an empty body was signed",
        include_str!("../../pages/PAY-EMPTYHASH.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let (Some(BodyFault::Sha256), Some(body), Some(claim)) =
        (scene.body_fault(), &scene.case.body, scene.claim())
    else {
        return None;
    };
    if body.bytes == 0 || !claim.payload.text().eq_ignore_ascii_case(EMPTY_SHA256) {
        return None;
    }
    let what = Words::of(format!(
        "The signer hashed an empty body, but {} bytes arrived",
        body.bytes
    ));
    let cure = Words::of("Pass the body to the signer, or sign with UNSIGNED-PAYLOAD.");
    let mut finding = Finding::new(Slot::Body, Proof::Exact, 905, what, cure);
    finding.also = vec!["PAY-MISMATCH"];
    finding.signed = Some(Value::received(EMPTY_SHA256));
    finding.received = body.sha256.map(|hash| Value::answered(hex::encode(hash)));
    Some(finding)
}
