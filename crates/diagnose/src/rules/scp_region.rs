//! SCP-REGION: the credential names another region than this server's.
//!
//! Not here: names of other vendors (`scp_auto`) and an empty region (`scp_region_empty`).

use super::credential::region;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "SCP-REGION",
        "The region of the client is wrong",
        include_str!("../../pages/SCP-REGION.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let got = region(scene)?;
    if got.is_empty() || got == scene.case.server.region || super::scp_auto::vendor(&got).is_some() {
        return None;
    }
    let (got, expected) = (
        Value::received(got),
        Value::answered(scene.case.server.region.clone()),
    );
    let what = Words::of("The client signed for ")
        .framed("region ", &got, "", "another region")
        .say(", this server is in ")
        .value(&expected, "the one that Region names");
    let cure = Words::of(scene.facts.signer.region_setting())
        .value(&expected, "the one that Region names")
        .say(".");
    let mut finding = Finding::new(Slot::Scope, Proof::Exact, 950, what, cure);
    (finding.signed, finding.received) = (Some(got), Some(expected));
    Some(finding)
}
