//! CLK-SKEW: the client's clock is more than 15 minutes off.
//!
//! Not here: offsets that look like a time zone (`clk_tz`) and requests sent late (`clk_stale`).

use super::calendar::of_claim;
use super::clock::{offset, sent_later, skew, was_right_lately, with_times, zone};
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
    let may_be_stale = was_right_lately(scene, skew);
    let what = match may_be_stale {
        true => what.say("; another request of it had the right time, so this one may have been sent late"),
        false => what,
    };
    let mut finding = Finding::new(Slot::Time, Proof::Exact, 930, what, cure);
    if may_be_stale {
        finding.also = vec!["CLK-STALE"];
    }
    Some(with_times(scene, finding))
}
