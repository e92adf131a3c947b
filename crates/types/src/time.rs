//! A moment in time and the three ways in which S3 writes it.
//!
//! Absent on purpose: a clock. Whoever needs to know what time it is gets a [`Moment`] passed in.

use jiff::Timestamp;
use jiff::fmt::{rfc2822, temporal};
use jiff::tz::TimeZone;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// From milliseconds since 1970, bounded to the years that can be written (1970 to 9999).
    pub fn from_millis(millis: i64) -> Moment {
        Moment(millis.clamp(0, MILLIS_MAX))
    }

    /// From seconds since 1970.
    pub fn from_seconds(seconds: i64) -> Moment {
        Moment::from_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// As in HTTP headers (RFC 9110 section 5.6.7): `Sun, 22 Nov 2026 03:25:00 GMT`.
    pub fn http_date(self) -> String {
        let written = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&self.timestamp());
        written.expect("a moment is bounded to years that can be written")
    }

    /// As in S3's XML: `2026-11-22T03:25:00.000Z`.
    pub fn iso8601(self) -> String {
        MILLISECONDS.timestamp_to_string(&self.timestamp())
    }

    /// As in AWS's error elements: `2026-11-22T03:25:00Z`.
    pub fn iso8601_seconds(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%SZ")
    }

    /// As in `x-amz-date`: `20261122T032500Z`.
    pub fn amz_date(self) -> String {
        self.format("%Y%m%dT%H%M%SZ")
    }

    /// Reads an HTTP date, in the preferred form (RFC 1123) or the two obsolete ones (RFC 850, asctime).
    pub fn parse_http_date(text: &str) -> Option<Moment> {
        let text = text.trim();
        const FORMS: [&str; 3] = [
            "%a, %d %b %Y %H:%M:%S GMT",
            "%A, %d-%b-%y %H:%M:%S GMT",
            "%a %b %e %H:%M:%S %Y",
        ];
        let civil = FORMS
            .iter()
            .find_map(|form| jiff::civil::DateTime::strptime(form, text).ok())?;
        civil
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|z| Moment::from_millis(z.timestamp().as_millisecond()))
    }

    /// Reads a time as in S3's XML, or any other in the same notation that says its offset.
    pub fn parse_iso8601(text: &str) -> Option<Moment> {
        let timestamp: Timestamp = text.parse().ok()?;
        Some(Moment::from_millis(timestamp.as_millisecond()))
    }

    fn format(self, form: &str) -> String {
        self.timestamp().strftime(form).to_string()
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).expect("a moment is bounded to years that can be written")
    }
}

/// A listing writes a thousand of these, and following a form that is text costs several times as much.
const MILLISECONDS: temporal::DateTimePrinter = temporal::DateTimePrinter::new().precision(Some(3));

/// The last whole second that the calendar library writes in every time zone.
const MILLIS_MAX: i64 = 253_402_207_200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_s3_writes_it() {
        let moment = Moment::from_millis(1_369_353_600_007);
        assert_eq!(moment.http_date(), "Fri, 24 May 2013 00:00:00 GMT");
        assert_eq!(moment.iso8601(), "2013-05-24T00:00:00.007Z");
        assert_eq!(moment.iso8601_seconds(), "2013-05-24T00:00:00Z");
        assert_eq!(moment.amz_date(), "20130524T000000Z");
        for (millis, written) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (981_173_106_100, "2001-02-03T04:05:06.100Z"),
            (i64::MAX, "9999-12-30T22:00:00.000Z"),
        ] {
            assert_eq!(Moment::from_millis(millis).iso8601(), written);
        }
        assert_eq!(
            Moment::from_seconds(981_173_106).http_date(),
            "Sat, 03 Feb 2001 04:05:06 GMT"
        );
    }

    #[test]
    fn every_http_date_form_is_read() {
        let expected = Some(Moment::from_seconds(784_111_777));
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(Moment::parse_http_date(text), expected, "{text}");
        }
        assert_eq!(Moment::parse_http_date("yesterday"), None);
    }

    #[test]
    fn what_was_written_for_xml_is_read_back() {
        let moment = Moment::from_millis(1_369_353_600_007);
        for text in [&moment.iso8601(), "2013-05-24T02:00:00.007+02:00"] {
            assert_eq!(Moment::parse_iso8601(text), Some(moment), "{text}");
        }
        for text in ["", "2013-05-24", "2013-05-24T00:00:00", "yesterday"] {
            assert_eq!(Moment::parse_iso8601(text), None, "{text}");
        }
    }

    #[test]
    fn the_end_of_time_can_be_written() {
        assert_eq!(Moment::from_millis(i64::MAX).amz_date(), "99991230T220000Z");
    }
}
