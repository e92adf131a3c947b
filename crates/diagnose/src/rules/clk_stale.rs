//! CLK-STALE: the request was signed early and sent late.

use super::clock::{sent_later, skew, with_times};
use super::prelude::*;
use crate::words::duration;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "CLK-STALE",
        "The request was signed long before it was sent",
        include_str!("../../pages/CLK-STALE.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let skew = skew(scene)?;
    let evidence = sent_later(scene, skew)?;
    let age = duration(skew.unsigned_abs());
    let what = Words::of(format!(
        "the request's time is {age} behind, and the clock seems right: {evidence}"
    ));
    let cure = Words::of("Sign right before sending. ")
        .say(scene.facts.signer.queue_setting())
        .say(".");
    let mut finding = with_times(scene, Finding::new(Slot::Time, Proof::Infer, 930, what, cure));
    finding.also = vec!["CLK-SKEW"];
    Some(finding)
}
