//! MTH-OPTIONS: a link or a signed request was sent with `OPTIONS`, the question that browsers ask ahead.
//!
//! Not here: questions of a browser that no CORS rule answers (`cors_none` and the like).

use super::mth_other::{both_methods, propose_method};
use super::prelude::*;
use crate::case::PreflightPart;

pub(crate) static RULE: Rule = Rule {
    weight: 765,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "MTH-OPTIONS",
        "OPTIONS was sent with a signature",
        include_str!("../../pages/MTH-OPTIONS.md"),
    )
};

const OPTIONS: &str = "OPTIONS";
/// Longest method that is taken from the header.
const METHOD_CHARACTERS_MAX: usize = 16;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if scene.case.request.method != OPTIONS {
        return;
    }
    let asked = scene.header("access-control-request-method");
    let asked = asked.and_then(|method| std::str::from_utf8(method).ok());
    let asked = asked.filter(|method| !method.is_empty() && method.len() <= METHOD_CHARACTERS_MAX);
    for method in asked.into_iter().chain(["GET", "PUT", "POST", "HEAD", "DELETE"]) {
        propose_method(scene, out, method, 34);
    }
}

fn cure(scene: &Scene<'_>) -> Words {
    let how = match scene.facts.client.where_method() {
        "" => String::new(),
        place => format!(" ({place})"),
    };
    Words::of(format!(
        "A preflight is not signed: it is answered by the CORS rules of the bucket, for any link. Send the method the link was made for{how}."
    ))
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: both_methods("The signature is one for ", hypothesis, " was sent"),
        cure: cure(scene),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let preflight = scene.preflight()?;
    let is_signed = scene.has_header("authorization") || scene.query("X-Amz-Signature").is_some();
    if preflight.part != PreflightPart::NotAsked || !is_signed {
        return None;
    }
    let what = Words::of(
        "OPTIONS was sent with a signature, and without the Origin and the method that a browser asks for",
    );
    Some(Finding::new(Slot::Method, Proof::Exact, 905, what, cure(scene)))
}
