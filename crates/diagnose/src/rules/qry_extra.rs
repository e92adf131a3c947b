//! QRY-EXTRA: something added a parameter to the query after it was signed.

use countersign_sigv4::{Form, canonical_query};

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 660,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "QRY-EXTRA",
        "A query parameter was added after signing",
        include_str!("../../pages/QRY-EXTRA.md"),
    )
};

/// Parameters that are left out one by one, at most.
const PARAMETERS_MAX: usize = 16;
/// What mail programs, social networks and caches append; a name that ends in `_` stands for all that begin so.
const TRACKERS: [&str; 13] = [
    "utm_",
    "fbclid",
    "gclid",
    "dclid",
    "msclkid",
    "mc_",
    "igshid",
    "_ga",
    "_gl",
    "yclid",
    "twclid",
    "cachebuster",
    "_",
];
const SEVERAL: &str = "several";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(query) = scene.case.request.query else {
        return;
    };
    let pieces: Vec<&[u8]> = query
        .split(|&b| b == b'&')
        .filter(|piece| !piece.is_empty())
        .collect();
    let foreign: Vec<usize> = (0..pieces.len())
        .filter(|&n| pieces.get(n).is_some_and(|piece| !is_of_the_signature(piece)))
        .collect();
    // What was added stands at the end.
    for &n in foreign.iter().rev().take(PARAMETERS_MAX) {
        add(scene, out, &pieces, &[n], 26);
    }
    if foreign.len() > 1 {
        add(scene, out, &pieces, &foreign, 24);
        let tracking: Vec<usize> = foreign
            .iter()
            .copied()
            .filter(|&n| pieces.get(n).is_some_and(|piece| is_tracker(piece)))
            .collect();
        if !tracking.is_empty() && tracking.len() < foreign.len() {
            add(scene, out, &pieces, &tracking, 25);
        }
    }
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, pieces: &[&[u8]], left_out: &[usize], specificity: u32) {
    let keep = |n: &usize| !left_out.contains(n);
    let kept: Vec<&[u8]> = (0..pieces.len())
        .filter(keep)
        .filter_map(|n| pieces.get(n).copied())
        .collect();
    let presigned = scene.claim().is_some_and(|claim| claim.form == Form::Query);
    let query = canonical_query(&kept.join(&b'&'), presigned.then_some("X-Amz-Signature"));
    if let Some(hypothesis) = out.add(Change::Query(query.into_bytes())) {
        hypothesis.specificity = specificity;
        let gone = left_out.iter().filter_map(|&n| pieces.get(n).copied());
        let gone: Vec<&[u8]> = gone.collect();
        hypothesis.received = Some(Value::received(gone.join(&b'&')));
        if gone.len() > 1 {
            hypothesis.detail = SEVERAL;
        }
    }
}

fn name(piece: &[u8]) -> &[u8] {
    piece.split(|&b| b == b'=').next().unwrap_or_default()
}

fn is_of_the_signature(piece: &[u8]) -> bool {
    let name = name(piece);
    name.get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"x-amz-"))
}

fn is_tracker(piece: &[u8]) -> bool {
    let name = name(piece).to_ascii_lowercase();
    TRACKERS.iter().any(|tracker| {
        name == tracker.as_bytes()
            || tracker.len() > 1 && tracker.ends_with('_') && name.starts_with(tracker.as_bytes())
    })
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let empty = Value::constant("");
    let added = hypothesis.received.as_ref().unwrap_or(&empty);
    let what = if hypothesis.detail == SEVERAL {
        "Query parameters were added after signing"
    } else {
        "A query parameter was added after signing"
    };
    let cure = if scene.is_presigned() {
        "Do not add to a signed URL. What S3 shall see goes in before signing (ResponseContentDisposition, VersionId)."
    } else {
        "Add it before signing, or do not send it."
    };
    Told {
        what: Words::of(what).framed(": ", added, "", ""),
        cure: Words::of(cure),
    }
}
