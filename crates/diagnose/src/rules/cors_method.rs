//! CORS-METHOD: CORS rules allow the origin of the page, but none of them the method it wants to use.
//!
//! Not here: methods that no rule can name; those are no preflight of S3.

use super::cors::{finding, in_rule, instead, method, origin, refused};
use super::prelude::*;
use crate::case::PreflightPart;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "CORS-METHOD",
        "No CORS rule for this page allows the method",
        include_str!("../../pages/CORS-METHOD.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let preflight = refused(scene, |part| *part == PreflightPart::Method)?;
    let method = method(scene);
    let what = Words::of("The CORS rules allow the origin ")
        .value(&origin(scene), "of this page")
        .say(", but not the method ")
        .value(&method, "it wants to use");
    let cure = Words::of("Add ").value(&method, "it").say(" to AllowedMethods ");
    let cure = in_rule(cure, preflight).say(".");
    let asked = "access-control-request-method";
    let slot = match scene.has_header(asked) {
        true => Slot::Header(asked.to_owned()),
        false => Slot::Method,
    };
    Some(finding(slot, instead(what, preflight), cure, method))
}
