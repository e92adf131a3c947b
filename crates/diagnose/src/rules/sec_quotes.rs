//! SEC-QUOTES: quotes from a configuration file became part of the secret.

use super::prelude::*;
use super::secret::{propose_secret, with_secret};

pub(crate) static RULE: Rule = Rule {
    weight: 630,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-QUOTES",
        "Quotes became part of the secret",
        include_str!("../../pages/SEC-QUOTES.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    with_secret(scene, |secret| {
        for (quote, around, before, after) in [
            (
                &b"\""[..],
                "double quotes around it",
                "a double quote before it",
                "a double quote after it",
            ),
            (
                b"'",
                "single quotes around it",
                "a single quote before it",
                "a single quote after it",
            ),
        ] {
            propose_secret(out, &[quote, secret, quote], around);
            propose_secret(out, &[quote, secret], before);
            propose_secret(out, &[secret, quote], after);
        }
    });
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The client's secret has {}", hypothesis.detail)),
        cure: Words::of("Take them out of ")
            .say(scene.facts.signer.where_secret())
            .say("; .env files, compose lists and unit files may keep quotes."),
    }
}
