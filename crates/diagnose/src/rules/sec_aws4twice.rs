//! SEC-AWS4TWICE: the signing key was derived from the secret without `AWS4` before it, or with it twice.

use zeroize::Zeroizing;

use super::prelude::*;
use super::secret::{propose_secret, propose_seed, with_secret};

pub(crate) static RULE: Rule = Rule {
    weight: 400,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-AWS4TWICE",
        "The signing key was derived from the wrong start value",
        include_str!("../../pages/SEC-AWS4TWICE.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    with_secret(scene, |secret| {
        propose_secret(out, &[b"AWS4", secret], "with AWS4 twice before the secret");
        propose_seed(
            out,
            Zeroizing::new(secret.to_vec()),
            "without AWS4 before the secret",
        );
    });
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The signing key was derived {}", hypothesis.detail)),
        cure: Words::of(
            "The first step is HMAC-SHA256 of the date with the key AWS4 + secret, AWS4 exactly once.",
        ),
    }
}
