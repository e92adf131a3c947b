//! SEC-AKID: the access key id was used as the secret, or both were exchanged.
//!
//! INVARIANT: an id is never looked up among secrets; a swap is only guessed from the id's shape.

use super::prelude::*;
use super::secret::propose_secret;
use crate::case::Fault;

pub(crate) static RULE: Rule = Rule {
    weight: 590,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "SEC-AKID",
        "The access key id was used as the secret",
        include_str!("../../pages/SEC-AKID.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if let Some(claim) = scene.claim() {
        propose_secret(out, &[claim.access_key_id.as_bytes()], "");
    }
}

fn tell(scene: &Scene<'_>, _: &Hypothesis) -> Told {
    Told {
        what: Words::of("The client signed with its access key id in place of the secret"),
        cure: Words::of("Put the secret access key into ")
            .say(scene.facts.signer.where_secret())
            .say(", where the id stands a second time."),
    }
}

/// A secret is longer than an id, and mixes letters in a way ids do not.
fn infer(scene: &Scene<'_>) -> Option<Finding> {
    let id = scene.claim()?.access_key_id.as_bytes();
    let like_a_secret = id.len() >= 32
        && id.iter().any(u8::is_ascii_lowercase)
        && id.iter().any(|b| b.is_ascii_uppercase() || b"/+".contains(b));
    if !matches!(scene.case.fault, Fault::UnknownAccessKeyId) || !like_a_secret {
        return None;
    }
    let what = Words::of("id and secret are exchanged; the access key id that was sent looks like a secret");
    let cure = Words::of(
        "Exchange the two values in the client. Logs on the way may hold the secret now, so make a new key pair.",
    );
    Some(Finding::new(Slot::Secret, Proof::Infer, 800, what, cure))
}
