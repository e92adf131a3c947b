//! A point in time as conditions write it.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>: one of the ISO 8601 forms of
//! the W3C (<https://www.w3.org/TR/NOTE-datetime>), or seconds since 1970. A year alone would be both, and is seconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i128);

impl Moment {
    /// Reads a date, a date with a time, or seconds.
    pub(crate) fn parse(text: &str) -> Option<Moment> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let seconds: i64 = text.parse().ok()?;
            return Some(Moment(i128::from(seconds) * NANOSECONDS));
        }
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Some(Moment(timestamp.as_nanosecond()));
        }
        // Without an offset a time is one in UTC, and without a day a month is its first.
        let is_month = text.len() == MONTH.len() && text.as_bytes().get(4) == Some(&b'-');
        let civil: DateTime = match is_month {
            true => format!("{text}-01").parse().ok()?,
            false => text.parse().ok()?,
        };
        let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
        Some(Moment(zoned.timestamp().as_nanosecond()))
    }
}

const NANOSECONDS: i128 = 1_000_000_000;

/// The form that a month has.
const MONTH: &str = "YYYY-MM";

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn every_form_of_one_moment_is_that_moment() {
        let expected = Moment::parse("1577836800");
        assert!(expected.is_some());
        for text in [
            "2020-01-01T00:00:00Z",
            "2020-01-01T00:00Z",
            "2020-01-01T01:00:00+01:00",
            "2020-01-01T00:00:00.000Z",
            "2020-01-01T00:00:00",
            "2020-01-01",
            "2020-01",
        ] {
            assert_eq!(Moment::parse(text), expected, "{text}");
        }
        assert!(Moment::parse("2020-01-01T00:00:00.001Z") > expected);
        assert!(Moment::parse("2019-12-31T23:59:59Z") < expected);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "2020-13-01",
            "2020-1",
            "-1",
            "1.5",
            "99999999999999999999",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
