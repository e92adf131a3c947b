//! SCP-REGION-EMPTY: the credential has no region at all.

use super::credential::region;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "SCP-REGION-EMPTY",
        "The region is empty",
        include_str!("../../pages/SCP-REGION-EMPTY.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if !region(scene)?.is_empty() {
        return None;
    }
    let expected = Value::answered(scene.case.server.region.clone());
    let what = Words::of("The client signed without a region");
    let cure = Words::of(scene.facts.signer.region_setting())
        .value(&expected, "the region of this server")
        .say(".");
    let mut finding = Finding::new(Slot::Scope, Proof::Exact, 960, what, cure);
    finding.received = Some(expected);
    Some(finding)
}
