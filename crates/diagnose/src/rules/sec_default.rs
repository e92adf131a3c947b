//! SEC-DEFAULT: the client signed with a placeholder or a well-known default.
//!
//! Keeps true: the list does not depend on the secret, so a match says nothing about it but that it was not used.

use super::prelude::*;
use super::secret::propose_secret;

pub(crate) static RULE: Rule = Rule {
    weight: 615,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-DEFAULT",
        "The client signed with a placeholder instead of a secret",
        include_str!("../../pages/SEC-DEFAULT.md"),
    )
};

const PLACEHOLDERS: [&str; 19] = [
    "",
    "minioadmin",
    "minio123",
    "test",
    "undefined",
    "null",
    "None",
    "secret",
    "password",
    "changeme",
    "dummy",
    "YOUR_SECRET_KEY",
    "YOUR_SECRET_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "$AWS_SECRET_ACCESS_KEY",
    "${AWS_SECRET_ACCESS_KEY}",
    "secretAccessKey",
    "accessKeySecret",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
];

fn propose(_: &Scene<'_>, out: &mut Proposals<'_>) {
    for placeholder in PLACEHOLDERS {
        propose_secret(out, &[placeholder.as_bytes()], placeholder);
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = if hypothesis.detail.is_empty() {
        Words::of("The client signed with an empty secret")
    } else {
        let placeholder = Value::constant(hypothesis.detail);
        Words::of("The client signed with ")
            .value(&placeholder, "a well-known placeholder")
            .say(" as its secret")
    };
    Told {
        what,
        cure: Words::of("The secret did not reach the client: set ")
            .say(scene.facts.signer.where_secret())
            .say(" and restart."),
    }
}
