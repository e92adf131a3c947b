//! CLK-SKEW: the client's clock is more than 15 minutes off.
//!
//! Not here: offsets that look like a time zone (`clk_tz`) and requests sent late (`clk_stale`).

use super::calendar::of_claim;
use super::clock::{offset, sent_later, skew, with_times, zone};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "CLK-SKEW",
        "The client's clock is wrong",
        include_str!("../../pages/CLK-SKEW.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let skew = skew(scene)?;
    if of_claim(scene).is_some() || zone(skew).is_some() || sent_later(scene, skew).is_some() {
        return None;
    }
    let what = Words::of(format!("The client's clock is {} this server's", offset(skew)));
    let cure = Words::of(scene.facts.signer.clock_setting()).say(".");
    let finding = Finding::new(Slot::Time, Proof::Exact, 930, what, cure);
    Some(with_times(scene, finding))
}
