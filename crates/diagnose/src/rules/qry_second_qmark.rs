//! QRY-SECOND-QMARK: the link has two question marks, so that the first parameter swallows the second.

use countersign_sigv4::{Form, Refusal, canonical_query};

use super::prelude::*;
use super::qry_amp::is_unreadable;
use crate::scene::contains;

pub(crate) static RULE: Rule = Rule {
    weight: 658,
    check: Some(check),
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "QRY-SECOND-QMARK",
        "The link has two question marks",
        include_str!("../../pages/QRY-SECOND-QMARK.md"),
    )
};

/// Where the signature cannot be read any more, nothing can be tried either.
fn check(scene: &Scene<'_>) -> Option<Finding> {
    let swallowed = is_behind_the_signature(scene)
        || is_behind_the_names(scene)
        || (is_unreadable(scene) && has_two(scene));
    swallowed.then(|| Finding::new(Slot::Query, Proof::Exact, 964, Words::of(WHAT), Words::of(CURE)))
}

/// What was appended with a question mark to a link whose last parameter is not the signature.
fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let is_link = scene.claim().is_some_and(|claim| claim.form == Form::Query);
    let Some(query) = scene.case.request.query.filter(|_| is_link) else {
        return;
    };
    let Some(at) = query.iter().position(|&b| b == b'?') else {
        return;
    };
    let (kept, added) = query.split_at(at);
    let kept = canonical_query(kept, Some("X-Amz-Signature"));
    if let Some(hypothesis) = out.add(Change::Query(kept.into_bytes())) {
        hypothesis.specificity = 27;
        hypothesis.received = Some(Value::received(added.to_vec()));
    }
}

fn tell(_: &Scene<'_>, _: &Hypothesis) -> Told {
    Told {
        what: Words::of(WHAT),
        cure: Words::of(CURE),
    }
}

const WHAT: &str = "The link has two question marks, and what follows the second is taken for a value";
const CURE: &str = "Join a parameter that is added to a URL with & where it has a question mark already, and add it before signing.";

fn is_behind_the_signature(scene: &Scene<'_>) -> bool {
    let claim = scene.claim().filter(|claim| claim.form == Form::Query);
    matches!(scene.refusal(), Some(Refusal::SignatureMismatch))
        && claim.is_some_and(|claim| claim.signature.contains('?'))
}

/// The names of signed headers stand last in some links, and no name has a question mark.
pub(super) fn is_behind_the_names(scene: &Scene<'_>) -> bool {
    let claim = scene.claim().filter(|claim| claim.form == Form::Query);
    matches!(scene.refusal(), Some(Refusal::HeadersNotSigned { .. }))
        && claim.is_some_and(|claim| claim.signed_headers.iter().any(|name| name.contains('?')))
}

pub(super) fn has_two(scene: &Scene<'_>) -> bool {
    scene
        .case
        .request
        .query
        .is_some_and(|query| contains(query, b"?X-Amz-"))
}
