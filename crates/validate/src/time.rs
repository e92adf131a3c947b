//! The clock, and how long links and credentials live.
//!
//! Not here: reading a clock. What time it is on either side is told.

use countersign_sigv4::{QUERY_EXPIRES_SECONDS_MAX, SKEW_SECONDS_MAX};

use crate::finding::{self, Finding};
use crate::params::Params;

/// A difference that is no error yet and not the network's either, in seconds.
pub(crate) const DRIFT_SECONDS_MAX: u64 = 60;

pub(crate) fn check(params: &Params, findings: &mut Vec<Finding>) {
    if let (Some(client), Some(server)) = (params.now, params.server_time) {
        findings.extend(of_the_clock(client, server));
    }
    let ends = params
        .credentials
        .as_ref()
        .and_then(|credentials| credentials.expiration);
    let left = ends.zip(params.now).map(|(ends, now)| ends.saturating_sub(now));
    if left.is_some_and(|left| left <= 0) {
        findings.push(finding::CREDENTIALS_ENDED.found(
            "credentials.expiration",
            "The credentials have ended",
            "Get new ones, or use a provider of the SDK that refreshes them by itself.",
        ));
    }
    if let Some(seconds) = params.expires_in {
        findings.extend(of_the_expiry(seconds, left));
    }
}

fn of_the_clock(client: i64, server: i64) -> Option<Finding> {
    let far = client.abs_diff(server);
    let way = if client < server { "behind" } else { "ahead of" };
    let what = format!("The clock here is {far} seconds {way} the server's");
    let cure = "Set the clock by NTP; in JavaScript systemClockOffset makes up for it.";
    if far > SKEW_SECONDS_MAX {
        Some(finding::CLOCK_SKEW.found("now", format!("{what}; {SKEW_SECONDS_MAX} are the most"), cure))
    } else if far > DRIFT_SECONDS_MAX {
        Some(finding::CLOCK_DRIFT.found("now", what, cure))
    } else {
        None
    }
}

fn of_the_expiry(seconds: f64, left: Option<i64>) -> Option<Finding> {
    let field = "expiresIn";
    if !seconds.is_finite() || seconds.fract() != 0.0 {
        return Some(finding::EXPIRY_WHOLE.found(
            field,
            format!("{seconds} is no whole number of seconds"),
            "Round it.",
        ));
    }
    let most = f64::from(u32::try_from(QUERY_EXPIRES_SECONDS_MAX).unwrap_or(u32::MAX));
    if !(1.0..=most).contains(&seconds) {
        return Some(finding::EXPIRY_RANGE.found(
            field,
            format!("A link cannot live {seconds} seconds; 1 to {most} are allowed (7 days)"),
            "Give seconds, not milliseconds and not a moment, and at most 7 days.",
        ));
    }
    let left = left.and_then(|left| u32::try_from(left).ok()).map(f64::from)?;
    (left > 0.0 && seconds > left).then(|| {
        finding::EXPIRY_SESSION.found(
            field,
            format!(
                "The link shall live {seconds} seconds, and the credentials end in {left}: so does the link"
            ),
            "Make it shorter, or sign with credentials that live longer.",
        )
    })
}
