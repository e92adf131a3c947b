//! TOK-INVALID: a session token came with an access key that has none, or does not open with the temporary one that it came with.

use super::prelude::*;
use super::tok_missing::is_temporary;
use crate::case::Fault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "TOK-INVALID",
        "The session token does not belong to the access key",
        include_str!("../../pages/TOK-INVALID.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if !matches!(scene.case.fault, Fault::InvalidToken) {
        return None;
    }
    let claim = scene.claim();
    let (what, cure) = match claim.is_some_and(|claim| is_temporary(&claim.access_key_id)) {
        true => (
            "The session token does not open with this access key id, or its session was ended with its role, its user or the access \
             key that began it",
            Words::of(
                "Ask for new temporary credentials, and give the client all three values of one answer.",
            ),
        ),
        false => (
            "The access key is a lasting one and has no session token, but the request carries one",
            Words::of("Remove the token from ")
                .say(scene.facts.signer.where_session_token())
                .say("; it is left over from other credentials."),
        ),
    };
    Some(Finding::new(
        Slot::SessionToken,
        Proof::Exact,
        900,
        Words::of(what),
        cure,
    ))
}
