//! QRY-NOEQ: a parameter without a value was signed without its `=`, or left out.

use super::prelude::*;
use super::query::propose_query;

pub(crate) static RULE: Rule = Rule {
    weight: 668,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "QRY-NOEQ",
        "A parameter without a value was signed without its equals sign",
        include_str!("../../pages/QRY-NOEQ.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let pieces: Vec<&[u8]> = parts.query.split(|&b| b == b'&').collect();
    let bare: Vec<&[u8]> = pieces
        .iter()
        .map(|piece| piece.strip_suffix(b"=").unwrap_or(piece))
        .collect();
    let kept: Vec<&[u8]> = pieces
        .iter()
        .filter(|piece| !piece.ends_with(b"="))
        .copied()
        .collect();
    propose_query(out, bare.join(&b'&'), 24, "without the equals sign behind it");
    // In a link it is more likely that somebody added it.
    if !scene.is_presigned() {
        propose_query(out, kept.join(&b'&'), 40, "as if it were not there");
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!(
            "A parameter without a value was signed {}",
            hypothesis.detail
        )),
        cure: Words::of(
            "A parameter without a value stands in the canonical query with its equals sign: acl=",
        ),
    }
}
