//! CORS-NONE: a page asks, and there are no rules that could allow it.
//!
//! Not here: rules that do not allow it.

use super::cors::{finding, method, origin, refused};
use super::prelude::*;
use crate::case::PreflightPart;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "CORS-NONE",
        "There are no CORS rules that could let the page in",
        include_str!("../../pages/CORS-NONE.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let is_part = |part: &PreflightPart| matches!(part, PreflightPart::NoBucket | PreflightPart::NoRules);
    let preflight = refused(scene, is_part)?;
    let origin = origin(scene);
    let (what, cure) = if preflight.part == PreflightPart::NoBucket {
        (
            Words::of("There is no bucket of this name, so no CORS rules either"),
            Words::of(
                "Check the name, and whether the client puts the bucket into the path or into the host name.",
            ),
        )
    } else {
        let cure = Words::of("Set rules with PutBucketCors: AllowedOrigins ")
            .value(&origin, "the origin of the page")
            .say(", AllowedMethods ")
            .value(&method(scene), "its methods")
            .say(", AllowedHeaders *, ExposeHeaders ETag.");
        (
            Words::of("The bucket has no CORS rules, so no page of another origin may use it"),
            cure,
        )
    };
    Some(finding(Slot::Cors, what, cure, origin))
}
