//! SEC-WRONG: nothing else explains the signature, so the secret is probably another one.
//!
//! Keeps true: never called proven, and never weighed by how much of the secret may be right.

use super::prelude::*;
use crate::leaning::{verified_elsewhere, verified_here};
use crate::words::duration;

pub(crate) static RULE: Rule = Rule {
    infer: Some(infer),
    ..Rule::new(
        "SEC-WRONG",
        "The secret is probably not the one of this access key",
        include_str!("../../pages/SEC-WRONG.md"),
    )
};

const NEVER: &str = "nobody has used the right one since the key was made";

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() || scene.case.secret.is_none() {
        return None;
    }
    let what = Words::of("the request was signed with a secret that is not the one of this access key");
    // When else the key was used is not for everybody to find out, whatever the request holds.
    let here = verified_here(scene).map(|ago| Value::configured(duration(ago)));
    let elsewhere = verified_elsewhere(scene).map(|ago| Value::internal(duration(ago)));
    let unused = scene.case.server.key.lately.is_unused;
    let what = match (&here, &elsewhere) {
        (Some(ago), _) => what.framed("; this client used the right one ", ago, " ago", ""),
        (None, Some(ago)) => what.framed("; another client used the right one ", ago, " ago", ""),
        (None, None) if unused => what.framed("; ", &Value::internal(NEVER), "", ""),
        (None, None) => what,
    };
    let cure = Words::of("Copy the secret of this key into ")
        .say(scene.facts.signer.where_secret())
        .say(" again, or create a new key pair; then restart the client.");
    Some(Finding::new(Slot::Secret, Proof::Infer, 400, what, cure))
}
