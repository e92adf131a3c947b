//! TOK-S3EXPRESS: the session token goes under the name that directory buckets have for it, or was signed under one name and sent
//! under the other.

use countersign_sigv4::Refusal;

use super::prelude::*;
use super::query::renamed;
use super::tok_unsigned::{HEADER, PARAMETER};
use crate::case::Fault;

pub(crate) static RULE: Rule = Rule {
    weight: 750,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "TOK-S3EXPRESS",
        "The session token goes under the name of another kind of bucket",
        include_str!("../../pages/TOK-S3EXPRESS.md"),
    )
};

/// As `CreateSession` of S3 Express One Zone has it.
pub(super) const EXPRESS_HEADER: &str = "x-amz-s3session-token";
const EXPRESS_PARAMETER: &str = "X-Amz-S3session-Token";

/// Whether a token came under one name and the other one is signed.
pub(crate) fn is_renamed(scene: &Scene<'_>) -> bool {
    renamed_headers(scene).is_some()
}

/// Whether a token came under the name of directory buckets, and none under the other.
pub(super) fn is_express(scene: &Scene<'_>) -> bool {
    let came = scene.has_header(EXPRESS_HEADER) || scene.query(EXPRESS_PARAMETER).is_some();
    came && scene.claim().is_some_and(|claim| claim.session_token.is_none())
}

/// The name that was signed, and the one under which the token came.
fn renamed_headers(scene: &Scene<'_>) -> Option<(&'static str, &'static str)> {
    let is_it = |(signed, sent): &(&str, &str)| {
        scene.signs(signed) && !scene.has_header(signed) && scene.has_header(sent) && !scene.signs(sent)
    };
    [(HEADER, EXPRESS_HEADER), (EXPRESS_HEADER, HEADER)]
        .into_iter()
        .find(is_it)
}

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    if let Some((signed, sent)) = renamed_headers(scene) {
        let value = scene.header(sent).unwrap_or_default().to_vec();
        if let Some(hypothesis) = out.add(Change::Header {
            name: signed.to_owned(),
            value,
        }) {
            hypothesis.specificity = 40;
        }
    }
    if !scene.is_presigned() {
        return;
    }
    for (sent, signed) in [(PARAMETER, EXPRESS_PARAMETER), (EXPRESS_PARAMETER, PARAMETER)] {
        if scene.query(sent).is_none() || scene.query(signed).is_some() {
            continue;
        }
        if let Some(hypothesis) = out.add(Change::Query(renamed(&parts.query, sent, signed))) {
            hypothesis.specificity = 40;
        }
    }
}

fn tell(scene: &Scene<'_>, _: &Hypothesis) -> Told {
    Told {
        what: Words::of(
            "The session token was signed under one of the names x-amz-security-token and x-amz-s3session-token and sent \
             under the other",
        ),
        cure: cure(scene),
    }
}

/// A renamed header was renamed by somebody, where a proxy shows most likely by that.
fn cure(scene: &Scene<'_>) -> Words {
    let cure = Words::of("Ordinary buckets, and all here, take it as x-amz-security-token. ");
    match scene.facts.proxy_evidence {
        Some(_) if is_renamed(scene) => cure.say(scene.facts.leave_header_setting()).say("."),
        _ => cure
            .say(scene.facts.signer.no_express_setting())
            .say(", and do not rename the header."),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let is_unknown = matches!(scene.case.fault, Fault::UnknownAccessKeyId);
    let is_unsigned = matches!(scene.refusal(), Some(Refusal::HeadersNotSigned(_)));
    let what = if is_unknown && is_express(scene) {
        "The session token came as x-amz-s3session-token, which is for directory buckets, and not as x-amz-security-token"
    } else if is_unsigned && is_renamed(scene) && scene.case.secret.is_none() {
        // With a secret the search proves it.
        "The session token came under another name than the one that was signed"
    } else {
        return None;
    };
    Some(Finding::new(
        Slot::SessionToken,
        Proof::Exact,
        907,
        Words::of(what),
        cure(scene),
    ))
}
