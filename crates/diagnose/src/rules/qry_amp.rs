//! QRY-AMP: the ampersands of the link were escaped for HTML or JSON.

use super::prelude::*;
use crate::repair::is_escaped;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "QRY-AMP",
        "The link was escaped for HTML or JSON",
        include_str!("../../pages/QRY-AMP.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if !is_unreadable(scene) || !is_escaped(scene.case.request.query?) {
        return None;
    }
    Some(Finding::new(
        Slot::Query,
        Proof::Exact,
        965,
        Words::of("The ampersands of the link arrived escaped, as for HTML or JSON"),
        Words::of("Unescape the link before it is called: the parameters are separated by a bare ampersand."),
    ))
}

/// Whether the link could not be read as one.
pub(super) fn is_unreadable(scene: &Scene<'_>) -> bool {
    scene.claim().is_none() && scene.refusal().is_some() && !scene.has_header("authorization")
}
