//! SEC-WRONG: nothing else explains the signature, so the secret is probably another one.
//!
//! Keeps true: never called proven, and never weighed by how much of the secret may be right.

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    infer: Some(infer),
    ..Rule::new(
        "SEC-WRONG",
        "The secret is probably not the one of this access key",
        include_str!("../../pages/SEC-WRONG.md"),
    )
};

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() || scene.case.secret.is_none() {
        return None;
    }
    let what = Words::of("the request was signed with a secret that is not the one of this access key");
    let cure = Words::of("Copy the secret of this key into ")
        .say(scene.facts.signer.where_secret())
        .say(" again, or create a new key pair; then restart the client.");
    Some(Finding::new(Slot::Secret, Proof::Infer, 400, what, cure))
}
