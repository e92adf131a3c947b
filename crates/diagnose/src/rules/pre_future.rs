//! PRE-FUTURE: a presigned URL begins in the future, so the clock that signed it is ahead.

use countersign_sigv4::{Form, SKEW_SECONDS_MAX};

use super::calendar::of_claim;
use super::clock::{with_times, zone};
use super::prelude::*;
use crate::words::duration;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PRE-FUTURE",
        "The presigned URL begins in the future",
        include_str!("../../pages/PRE-FUTURE.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let claim = scene.claim().filter(|claim| claim.form == Form::Query)?;
    let ahead = claim.time.saturating_sub(scene.case.server.now);
    if ahead <= i64::try_from(SKEW_SECONDS_MAX).unwrap_or(900) || of_claim(scene).is_some() {
        return None;
    }
    let mut what = format!(
        "The URL begins {} from now: the clock that signed it is probably ahead",
        duration(ahead.unsigned_abs())
    );
    if let Some(zone) = zone(ahead) {
        what.push_str(&format!(", or sends local time ({zone}) as UTC"));
    }
    let cure = Words::of(
        "Synchronise the clock of the machine that creates the URLs, and format X-Amz-Date in UTC.",
    );
    let finding = Finding::new(Slot::Time, Proof::Exact, 920, Words::of(what), cure);
    Some(with_times(scene, finding))
}
