//! The offset between the client's clock and ours, shared by the rules about time.
//!
//! Not here: presigned URLs, whose time is a beginning and not a clock.

use countersign_sigv4::{Form, Refusal, SKEW_SECONDS_MAX, timestamp_text};

use super::prelude::*;
use crate::diagnosis::Otherwise;
use crate::leaning::verified_here;
use crate::words::duration;

/// Longest offset of a time zone, 14 hours.
const ZONE_SECONDS_MAX: u64 = 14 * 3_600;
/// Zones are whole quarters of an hour.
const QUARTER: u64 = 900;
/// How far from a whole quarter a clock may run and still look like a zone.
const DRIFT_SECONDS_MAX: u64 = 60;
/// How far off a clock may be and still be right.
const RIGHT_SECONDS_MAX: u64 = 120;

/// Seconds the client is ahead (positive) or behind, if the request was or would be refused for it.
pub(super) fn skew(scene: &Scene<'_>) -> Option<i64> {
    let claim = scene.claim()?;
    if claim.form != Form::Header {
        return None;
    }
    let skew = claim.time.saturating_sub(scene.case.server.now);
    let refused = matches!(scene.refusal(), Some(Refusal::Skewed { .. }));
    (refused || skew.unsigned_abs() > SKEW_SECONDS_MAX).then_some(skew)
}

/// Puts both times into a finding: the one that the client signed, and the one it is here.
pub(super) fn with_times(scene: &Scene<'_>, mut finding: Finding) -> Finding {
    finding.signed = scene
        .claim()
        .map(|claim| Value::received(claim.timestamp.as_str()));
    finding.received = Some(Value::answered(timestamp_text(scene.case.server.now)));
    finding
}

/// `20 minutes behind`.
pub(super) fn offset(skew: i64) -> String {
    format!(
        "{} {}",
        duration(skew.unsigned_abs()),
        if skew < 0 { "behind" } else { "ahead of" }
    )
}

/// Whether the offset looks like a time zone: a whole quarter of an hour, at most 14 hours.
pub(super) fn zone(skew: i64) -> Option<String> {
    let seconds = skew.unsigned_abs();
    let off = seconds % QUARTER;
    let rounded = if off <= DRIFT_SECONDS_MAX {
        seconds - off
    } else if QUARTER - off <= DRIFT_SECONDS_MAX {
        seconds + QUARTER - off
    } else {
        return None;
    };
    // Less than half an hour is no zone that anybody lives in.
    let zone = (1_800..=ZONE_SECONDS_MAX).contains(&rounded);
    let sign = if skew < 0 { '-' } else { '+' };
    zone.then(|| format!("UTC{sign}{}:{:02}", rounded / 3_600, rounded % 3_600 / 60))
}

/// Whether the request shows that it was sent much later than it was signed.
pub(super) fn sent_later(scene: &Scene<'_>, skew: i64) -> Option<&'static str> {
    if skew >= 0 {
        return None;
    }
    let now = scene.case.server.now;
    let date = scene.header("date").and_then(http_date);
    if scene.has_header("x-amz-date") && date.is_some_and(|date| date.abs_diff(now) <= 120) {
        return Some("its Date header has the right time");
    }
    let attempt = scene
        .header("amz-sdk-request")
        .map(|value| String::from_utf8_lossy(value).into_owned());
    let repeated = attempt.is_some_and(|text| text.contains("attempt=") && !text.contains("attempt=1"));
    repeated.then_some("amz-sdk-request says that it is a repeated attempt")
}

/// Whether this client's clock was right a moment ago: then a request that is behind may have been held back. Two programs of one kind
/// on one machine, or behind one address, look the same, so it is no more than that.
pub(super) fn was_right_lately(scene: &Scene<'_>, skew: i64) -> bool {
    let off = scene.case.server.key.lately.clock_here;
    let was_right = off.is_some_and(|off| off.unsigned_abs() <= RIGHT_SECONDS_MAX);
    // Told to nobody who cannot sign with the key.
    skew < 0 && was_right && verified_here(scene).is_some() && scene.otherwise == Otherwise::Valid
}

/// Reads `Sun, 22 Nov 2026 04:10:00 GMT` as seconds since 1970, through the one parser of timestamps.
pub(crate) fn http_date(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [_, day, month, year, time, "GMT"] = words.as_slice() else {
        return None;
    };
    let month = 1 + MONTHS.iter().position(|name| name == month)?;
    let day: u8 = day.parse().ok()?;
    countersign_sigv4::parse_timestamp(&format!("{year}{month:02}{day:02}T{}Z", time.replace(':', "")))
}

/// Writes seconds since 1970 as [`http_date`] reads them, through the one writer of timestamps.
pub(super) fn http_date_text(time: i64) -> String {
    let text = timestamp_text(time);
    let digits = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let month = digits(4..6).parse().unwrap_or(1_usize).saturating_sub(1);
    // The first of January 1970 was a Thursday.
    let weekday = usize::try_from((time.div_euclid(86_400) + 4).rem_euclid(7)).unwrap_or_default();
    format!(
        "{}, {} {} {} {}:{}:{} GMT",
        WEEKDAYS.get(weekday).unwrap_or(&"Thu"),
        digits(6..8),
        MONTHS.get(month).unwrap_or(&"Jan"),
        digits(0..4),
        digits(9..11),
        digits(11..13),
        digits(13..15)
    )
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_quarters_of_an_hour_up_to_fourteen_hours() {
        for (skew, expected) in [
            (19_800, Some("UTC+5:30")),
            (-3_570, Some("UTC-1:00")),
            (-28_830, Some("UTC-8:00")),
            (20_700 + 59, Some("UTC+5:45")),
            (1_200, None),
            (19_800 + 300, None),
            (15 * 3_600, None),
            (910, None),
        ] {
            assert_eq!(zone(skew).as_deref(), expected, "{skew}");
        }
    }

    #[test]
    fn http_dates_are_read() {
        assert_eq!(http_date(b"Thu, 01 Jan 1970 00:01:40 GMT"), Some(100));
        assert_eq!(http_date(b"yesterday"), None);
        assert_eq!(http_date_text(100), "Thu, 01 Jan 1970 00:01:40 GMT");
        assert_eq!(http_date_text(1_795_319_940), "Sun, 22 Nov 2026 03:59:00 GMT");
    }
}
