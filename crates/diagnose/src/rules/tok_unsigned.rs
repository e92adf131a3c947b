//! TOK-UNSIGNED: the session token was put into the request after it was signed, or was signed and did not arrive.
//!
//! Not here: whose token it is, see `tok_invalid`.

use countersign_sigv4::Refusal;

use super::hdr_missing::missing;
use super::prelude::*;
use super::query::without;
use super::tok_s3express::is_renamed;

pub(crate) static RULE: Rule = Rule {
    weight: 760,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "TOK-UNSIGNED",
        "The session token is not part of what was signed",
        include_str!("../../pages/TOK-UNSIGNED.md"),
    )
};

pub(super) const HEADER: &str = "x-amz-security-token";
pub(super) const PARAMETER: &str = "X-Amz-Security-Token";
const ADDED: &str = "The session token was added after signing";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    if !scene.is_presigned() || scene.query(PARAMETER).is_none() {
        return;
    }
    if let Some(hypothesis) = out.add(Change::Query(without(&parts.query, PARAMETER))) {
        hypothesis.specificity = 30;
    }
}

fn tell(scene: &Scene<'_>, _: &Hypothesis) -> Told {
    Told {
        what: Words::of(ADDED),
        cure: cure(scene),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let (what, cure) = if is_added(scene) {
        (ADDED, cure(scene))
    } else if scene.is_mismatch() && is_lost(scene) {
        (
            "The session token was signed and did not arrive",
            Words::of(
                "Send x-amz-security-token with the token that was signed. If it was sent, a proxy removed it.",
            ),
        )
    } else {
        return None;
    };
    Some(Finding::new(
        Slot::Header(HEADER.to_owned()),
        Proof::Exact,
        905,
        Words::of(what),
        cure,
    ))
}

/// Whether a header with the token is signed, and did not arrive.
pub(crate) fn is_lost(scene: &Scene<'_>) -> bool {
    !is_renamed(scene) && missing(scene).any(|name| name == HEADER)
}

/// Whether the token is in a header that is not signed, and the request is refused for that.
pub(super) fn is_added(scene: &Scene<'_>) -> bool {
    matches!(scene.refusal(), Some(Refusal::HeadersNotSigned(names)) if names.iter().any(|name| name == HEADER))
        && !is_renamed(scene)
}

fn cure(scene: &Scene<'_>) -> Words {
    Words::of("Set it in ")
        .say(scene.facts.signer.where_session_token())
        .say(", so that it is signed; do not append it.")
}
