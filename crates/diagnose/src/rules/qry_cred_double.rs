//! QRY-CRED-DOUBLE: the whole query of the link was percent-encoded a second time.

use countersign_sigv4::Refusal;

use super::prelude::*;
use crate::scene::contains;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "QRY-CRED-DOUBLE",
        "The link was percent-encoded a second time",
        include_str!("../../pages/QRY-CRED-DOUBLE.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if !is_encoded_twice(scene) {
        return None;
    }
    Some(Finding::new(
        Slot::Query,
        Proof::Exact,
        962,
        Words::of(
            "The link was percent-encoded a second time: the slashes of its credential arrived as %252F",
        ),
        Words::of("Hand the link to the HTTP client as a finished URL (")
            .say(scene.facts.client.finished_link_setting())
            .say("), not as parameters to encode."),
    ))
}

/// Whether the credential of a link still has percent codes after decoding.
pub(super) fn is_encoded_twice(scene: &Scene<'_>) -> bool {
    matches!(scene.refusal(), Some(Refusal::CredentialMalformed { got, .. }) if got.contains("%2F"))
        && scene
            .case
            .request
            .query
            .is_some_and(|query| contains(query, b"%252F"))
}
