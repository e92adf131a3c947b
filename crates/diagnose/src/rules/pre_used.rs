//! PRE-USED: a link that works once was used a second time.

use countersign_sigv4::timestamp_text;

use super::prelude::*;
use crate::case::Fault;
use crate::words::duration;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PRE-USED",
        "The one-time link was used",
        include_str!("../../pages/PRE-USED.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Fault::LinkUsed { at } = scene.case.fault else {
        return None;
    };
    let now = scene.case.server.now;
    let what = Words::of(format!(
        "The link works once and was used {} ago, at {}",
        duration(now.abs_diff(at)),
        timestamp_text(at)
    ));
    let cure = Words::of(
        "Create a new one. A download counts from its first byte, an upload when it has succeeded.",
    );
    let mut finding = Finding::new(Slot::Query, Proof::Exact, 930, what, cure);
    finding.signed = Some(Value::answered(timestamp_text(at)));
    finding.received = Some(Value::answered(timestamp_text(now)));
    Some(finding)
}
