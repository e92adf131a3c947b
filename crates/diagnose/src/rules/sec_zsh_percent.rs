//! SEC-ZSH-PERCENT: the `%` that zsh prints for a missing line end was copied with the secret.

use super::prelude::*;
use super::secret::{propose_secret, with_secret};

pub(crate) static RULE: Rule = Rule {
    weight: 600,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-ZSH-PERCENT",
        "The shell's % was copied with the secret",
        include_str!("../../pages/SEC-ZSH-PERCENT.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    with_secret(scene, |secret| propose_secret(out, &[secret, b"%"], ""));
}

fn tell(scene: &Scene<'_>, _: &Hypothesis) -> Told {
    Told {
        what: Words::of("The client's secret has a % at its end that does not belong to it"),
        cure: Words::of("zsh prints this mark after output without a line end. Remove it from ")
            .say(scene.facts.signer.where_secret())
            .say("."),
    }
}
