//! What the rules about pages share, refused a preflight or withheld an answer: the words for the page, and for the rule that comes nearest.
//!
//! Not here: which part of a preflight no rule allows; whoever evaluated the rules says so. What rules allow is the bucket
//! owner's to know: it enters sentences as [`Value::configured`] only.

use super::prelude::*;
use crate::case::{Preflight, PreflightPart};

/// The refused preflight, if it is this part that no rule allows.
pub(super) fn refused<'a>(
    scene: &Scene<'a>,
    is_part: impl Fn(&PreflightPart) -> bool,
) -> Option<&'a Preflight> {
    scene.preflight().filter(|preflight| is_part(&preflight.part))
}

/// The origin of the page.
pub(super) fn origin(scene: &Scene<'_>) -> Value {
    Value::received(scene.header("origin").unwrap_or_default())
}

/// The method that the page wants to use, or uses: where nobody asked ahead, it is that of the request.
pub(super) fn method(scene: &Scene<'_>) -> Value {
    match scene.header("access-control-request-method") {
        Some(method) => Value::received(method),
        None if scene.case.request.method == "OPTIONS" => Value::received(""),
        None => Value::received(scene.case.request.method),
    }
}

/// Adds where in the configuration something is to be added.
pub(super) fn in_rule(words: Words, preflight: &Preflight) -> Words {
    let place = preflight.nearest.unwrap_or(1).to_string();
    words
        .framed("in rule ", &Value::configured(place), "", "in a rule")
        .say(" of the bucket")
}

/// Adds what the nearest rule allows instead.
pub(super) fn instead(words: Words, preflight: &Preflight) -> Words {
    let Some((place, _)) = preflight.allowed.first() else {
        return words;
    };
    let texts: Vec<&str> = preflight
        .allowed
        .iter()
        .take(SHOWN_MAX)
        .map(|(_, text)| text.as_str())
        .collect();
    let more = if preflight.allowed.len() > SHOWN_MAX {
        ", .."
    } else {
        ""
    };
    let told = format!("rule {place} allows {}{more}", texts.join(", "));
    words.framed("; ", &Value::configured(told), "", "")
}

/// Finishes a finding.
pub(super) fn finding(slot: Slot, what: Words, cure: Words, received: Value) -> Finding {
    let mut finding = Finding::new(slot, Proof::Exact, 900, what, cure);
    finding.received = Some(received);
    finding
}

/// Most texts of a rule that one sentence names.
const SHOWN_MAX: usize = 4;
