//! CLK-TZ: local time was sent with a `Z`, as if it were UTC.
//!
//! That the time is wrong is certain; that a time zone is the reason is strong evidence, not proof.

use super::calendar::of_claim;
use super::clock::{sent_later, skew, with_times, zone};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "CLK-TZ",
        "Local time was sent as UTC",
        include_str!("../../pages/CLK-TZ.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let skew = skew(scene)?;
    let zone = zone(skew)?;
    if sent_later(scene, skew).is_some() || of_claim(scene).is_some() {
        return None;
    }
    let what = Words::of(format!(
        "the time sent is off by a time zone, {zone}: local time labelled as UTC"
    ));
    let cure = Words::of(scene.facts.signer.utc_setting()).say(".");
    let mut finding = with_times(scene, Finding::new(Slot::Time, Proof::Infer, 930, what, cure));
    finding.also = vec!["CLK-SKEW"];
    Some(finding)
}
