//! CORS-HEADER: CORS rules allow origin and method of a page, but each leaves out a header that it wants to send.
//!
//! Not here: headers of the answer, which a rule exposes and never refuses.

use super::cors::{finding, in_rule, instead, method, origin, refused};
use super::prelude::*;
use crate::case::PreflightPart;
use crate::words::SENTENCE_VALUE_CHARACTERS_MAX;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "CORS-HEADER",
        "No CORS rule for this page allows all of its headers",
        include_str!("../../pages/CORS-HEADER.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let preflight = refused(scene, |part| matches!(part, PreflightPart::Headers(_)))?;
    let PreflightPart::Headers(denied) = &preflight.part else {
        return None;
    };
    let (names, more) = list(denied);
    let is_one = denied.len() == 1;
    let what = Words::of("The CORS rules allow the origin ")
        .value(&origin(scene), "of this page")
        .say(" and the method ")
        .value(&method(scene), "it wants to use")
        .say(", but not the ")
        .framed(
            if is_one { "header " } else { "headers " },
            &names,
            "",
            "headers it asks for",
        );
    let what = if more > 0 {
        what.say(format!(" and {more} more"))
    } else {
        what
    };
    let cure = if is_one {
        Words::of("Add ").value(&names, "it")
    } else {
        Words::of("Add them")
    };
    let cure = in_rule(cure.say(" to AllowedHeaders "), preflight).say(", or * for all.");
    let received = scene.header("access-control-request-headers").unwrap_or_default();
    let slot = Slot::Header("access-control-request-headers".to_owned());
    Some(finding(
        slot,
        instead(what, preflight),
        cure,
        Value::received(received),
    ))
}

/// As many names as fit into a sentence, and how many are left.
fn list(names: &[String]) -> (Value, usize) {
    let mut text = String::new();
    let mut left = names.len();
    for name in names {
        if !text.is_empty() && text.len() + name.len() + 2 > SENTENCE_VALUE_CHARACTERS_MAX {
            break;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(name);
        left -= 1;
    }
    // Words of the request in lower case, so it may be said to whoever sent them.
    (Value::answered(text), left)
}
