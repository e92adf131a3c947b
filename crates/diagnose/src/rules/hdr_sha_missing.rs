//! HDR-SHA-MISSING: a header-signed request without `x-amz-content-sha256`.
//!
//! Signers that were made for other services leave it out; S3 wants it on every request, whether it has a body or not.

use countersign_sigv4::Refusal;

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "HDR-SHA-MISSING",
        "x-amz-content-sha256 was not sent",
        include_str!("../../pages/HDR-SHA-MISSING.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if !matches!(scene.refusal(), Some(Refusal::MissingContentSha256)) {
        return None;
    }
    Some(Finding::new(
        Slot::Payload,
        Proof::Exact,
        900,
        Words::of("S3 requests name the hash of their body, and this one does not"),
        Words::of(scene.facts.signer.content_sha256_setting()).say("."),
    ))
}
