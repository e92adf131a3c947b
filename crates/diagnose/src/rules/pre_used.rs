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
    let (what, at) = match scene.case.fault {
        Fault::LinkUsed { at } => {
            let ago = duration(scene.case.server.now.abs_diff(at));
            let when = timestamp_text(at);
            (
                format!("The link works once and was used {ago} ago, at {when}"),
                at,
            )
        }
        Fault::LinkOlderThanBucket { created } => {
            let when = timestamp_text(created);
            let what =
                "The link works once, and whether it was used is not known: the bucket was made after it";
            (format!("{what}, at {when}"), created)
        }
        _ => return None,
    };
    let cure = Words::of(
        "Create a new one. A download counts from its first byte, an upload when it has succeeded.",
    );
    let mut finding = Finding::new(Slot::Query, Proof::Exact, 930, Words::of(what), cure);
    finding.signed = Some(Value::answered(timestamp_text(at)));
    finding.received = Some(Value::answered(timestamp_text(scene.case.server.now)));
    Some(finding)
}
