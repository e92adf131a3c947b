//! PRE-EXPIRED: a presigned URL was used after its end.

use countersign_sigv4::{Form, query_value, timestamp_text};

use super::calendar::of_claim;
use super::prelude::*;
use crate::case::Fault;
use crate::words::duration;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PRE-EXPIRED",
        "The presigned URL has expired",
        include_str!("../../pages/PRE-EXPIRED.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let claim = scene.claim().filter(|claim| claim.form == Form::Query)?;
    let (lifetime, now) = (claim.expires?, scene.case.server.now);
    let end = claim.time.saturating_add_unsigned(lifetime);
    if matches!(scene.case.fault, Fault::LinkEnded) {
        let what = "The one-time link ended before its upload had arrived whole";
        let cure =
            "Create a new one with a lifetime that is long enough for the whole upload, at most 7 days.";
        let mut finding = Finding::new(Slot::Time, Proof::Exact, 920, Words::of(what), Words::of(cure));
        finding.signed = Some(Value::answered(timestamp_text(end)));
        return Some(finding);
    }
    if end >= now || of_claim(scene).is_some() {
        return None;
    }
    let what = Words::of(format!(
        "The URL was valid for {} and ended {} ago",
        duration(lifetime),
        duration(end.abs_diff(now))
    ));
    let query = scene.case.request.query;
    let cure = Words::of(if query_value(query, "x-countersign-once").is_some() {
        "Create a new one. It works once, until its end, at most 7 days."
    } else {
        "Create a new one. It may be used any number of times until its end, at most 7 days."
    });
    let mut finding = Finding::new(Slot::Time, Proof::Exact, 920, what, cure);
    finding.signed = Some(Value::answered(timestamp_text(end)));
    finding.received = Some(Value::answered(timestamp_text(now)));
    Some(finding)
}
