//! TOK-INVALID: a session token came with an access key that has none.

use super::prelude::*;
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
    let what = "The access key is a lasting one and has no session token, but the request carries one";
    let cure = "Remove it from the client: AWS_SESSION_TOKEN, aws_session_token or sessionToken is left over from other credentials.";
    Some(Finding::new(
        Slot::SessionToken,
        Proof::Exact,
        900,
        Words::of(what),
        Words::of(cure),
    ))
}
