//! URI-PLUS: a plus and a blank were taken for each other in the path.

use super::path::{propose_uri, replace, with_signed_path};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 730,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-PLUS",
        "A plus and a blank were confused in the path",
        include_str!("../../pages/URI-PLUS.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let uri = &parts.uri;
    propose_uri(
        scene,
        out,
        replace(uri, b"%2B", b"%20"),
        26,
        "A plus in the path was signed as a blank",
    );
    propose_uri(
        scene,
        out,
        replace(uri, b"%20", b"+"),
        26,
        "A blank in the path was signed as a bare plus",
    );
    propose_uri(
        scene,
        out,
        replace(uri, b"%20", b"%2B"),
        26,
        "A blank in the path was signed as %2B, a plus",
    );
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: with_signed_path(Words::of(hypothesis.detail), hypothesis),
        cure: Words::of(
            "In a path a plus is %2B and a blank is %20; form encoding belongs to form bodies only.",
        ),
    }
}
