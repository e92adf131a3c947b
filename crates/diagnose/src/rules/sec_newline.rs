//! SEC-NEWLINE: the client's secret ends in a line break.

use super::prelude::*;
use super::secret::{propose_secret, with_secret};

pub(crate) static RULE: Rule = Rule {
    weight: 650,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-NEWLINE",
        "The secret ends in a line break",
        include_str!("../../pages/SEC-NEWLINE.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    with_secret(scene, |secret| {
        propose_secret(out, &[secret, b"\n"], "a line feed (\\n)");
        propose_secret(out, &[secret, b"\r\n"], "a Windows line break (\\r\\n)");
        propose_secret(out, &[secret, b"\r"], "a carriage return (\\r)");
    });
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The client's secret ends in {}", hypothesis.detail)),
        cure: Words::of("Take it out of ")
            .say(scene.facts.signer.where_secret())
            .say(": printf %s instead of echo; create the Docker or Kubernetes secret anew."),
    }
}
