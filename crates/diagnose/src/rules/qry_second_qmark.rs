//! QRY-SECOND-QMARK: the link has two question marks, so that the first parameter swallows the second.

use super::prelude::*;
use super::qry_amp::is_unreadable;
use crate::scene::contains;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "QRY-SECOND-QMARK",
        "The link has two question marks",
        include_str!("../../pages/QRY-SECOND-QMARK.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if !is_unreadable(scene) || !has_two(scene) {
        return None;
    }
    Some(Finding::new(
        Slot::Query,
        Proof::Exact,
        964,
        Words::of("The link has two question marks, and what follows the second is taken for a value"),
        Words::of(
            "Join a parameter that is added to a URL with & where it has a question mark already, and add it before signing.",
        ),
    ))
}

pub(super) fn has_two(scene: &Scene<'_>) -> bool {
    scene
        .case
        .request
        .query
        .is_some_and(|query| contains(query, b"?X-Amz-"))
}
