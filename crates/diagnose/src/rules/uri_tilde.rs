//! URI-TILDE: `~` was signed as `%7E`.

use super::path::{propose_uri, replace, with_signed_path};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 690,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-TILDE",
        "The tilde was signed as %7E",
        include_str!("../../pages/URI-TILDE.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if let Some(parts) = &scene.parts {
        propose_uri(scene, out, replace(&parts.uri, b"~", b"%7E"), 26, "");
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: with_signed_path(Words::of("The tilde in the path was signed as %7E"), hypothesis),
        cure: Words::of("Leave ~ as it is: it is unreserved. Old URL encoders (before RFC 3986) encode it."),
    }
}
