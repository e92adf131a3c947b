//! URI-LOWERHEX: the signed path has lower-case percent codes.

use super::path::{propose_uri, with_signed_path};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 690,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-LOWERHEX",
        "The path was signed with lower-case percent codes",
        include_str!("../../pages/URI-LOWERHEX.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let mut uri = parts.uri.clone();
    let percents: Vec<usize> = uri
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'%')
        .map(|(at, _)| at)
        .collect();
    for at in percents {
        if let Some(hex) = uri.get_mut(at + 1..at + 3) {
            hex.make_ascii_lowercase();
        }
    }
    propose_uri(scene, out, uri, 26, "");
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: with_signed_path(
            Words::of("The path was signed with lower-case percent codes"),
            hypothesis,
        ),
        cure: Words::of("Write percent codes in upper case (%2F, not %2f) in the canonical request."),
    }
}
