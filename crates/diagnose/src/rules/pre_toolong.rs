//! PRE-TOOLONG: `X-Amz-Expires` is more than a week, negative, or no number.

use countersign_sigv4::{QUERY_EXPIRES_SECONDS_MAX, Refusal};

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PRE-TOOLONG",
        "The lifetime of the presigned URL is not allowed",
        include_str!("../../pages/PRE-TOOLONG.md"),
    )
};

/// A timestamp within this many seconds of now was meant as a point in time.
const TEN_YEARS: u64 = 10 * 366 * 86_400;

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let (got, what) = match scene.refusal()? {
        Refusal::ExpiresTooLarge { got } => (got, looks_like(got, scene.case.server.now)),
        Refusal::ExpiresNegative { got } => (got, "is negative"),
        Refusal::ExpiresNotANumber { got } => (got, "is not a number"),
        _ => return None,
    };
    let got = Value::received(got.clone());
    let what = Words::of("X-Amz-Expires ").framed("(", &got, ") ", "").say(what);
    let cure = Words::of(scene.facts.signer.lifetime_setting())
        .say(" a lifetime in seconds from the time of signing, at most 604800 (7 days).");
    let mut finding = Finding::new(Slot::Time, Proof::Exact, 920, what, cure);
    finding.signed = Some(got);
    Some(finding)
}

fn looks_like(got: &str, now: i64) -> &'static str {
    let Ok(number) = got.trim().parse::<u64>() else {
        return "is longer than a week";
    };
    let now = now.unsigned_abs();
    if number.abs_diff(now) < TEN_YEARS || (number / 1_000).abs_diff(now) < TEN_YEARS {
        "looks like a point in time; it must be a lifetime"
    } else if number % 1_000 == 0 && number / 1_000 <= QUERY_EXPIRES_SECONDS_MAX {
        "is longer than a week; it looks like milliseconds"
    } else {
        "is longer than a week"
    }
}
