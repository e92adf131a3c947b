//! The one time format of Signature Version 4, `YYYYMMDDTHHMMSSZ`, to and from unix seconds.
//!
//! Not here: the clock. What time it is now is always passed in.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::Offset;

/// Unix seconds of a text like `20130524T000000Z`; `None` for any other form or an impossible date.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let bytes: &[u8; 16] = text.as_bytes().try_into().ok()?;
    if bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let year = i16::try_from(number(&bytes[..4])?).ok()?;
    let [month, day, hour, minute, second] = [4, 6, 9, 11, 13].map(|at| small(&bytes[at..at + 2]));
    let civil = DateTime::new(year, month?, day?, hour?, minute?, second?, 0).ok()?;
    Some(Offset::UTC.to_timestamp(civil).ok()?.as_second())
}

/// The text of a moment, like `20130524T000000Z`. Moments outside the years 0-9999 are held at the nearer end.
pub fn timestamp_text(unix_seconds: i64) -> String {
    let seconds = unix_seconds.clamp(YEAR_0_STARTS, YEAR_9999_ENDS);
    let moment = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let civil = Offset::UTC.to_datetime(moment);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}

/// Unix seconds of an HTTP date like `Fri, 24 May 2013 00:00:00 GMT`, as a `Date` header carries it.
pub fn parse_http_date(text: &str) -> Option<i64> {
    Some(
        rfc2822::DateTimeParser::new()
            .parse_timestamp(text)
            .ok()?
            .as_second(),
    )
}

/// Whether the text is eight digits, the date of a credential scope.
pub(crate) fn is_scope_date(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn small(digits: &[u8]) -> Option<i8> {
    i8::try_from(number(digits)?).ok()
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

const YEAR_0_STARTS: i64 = -62_167_219_200;
const YEAR_9999_ENDS: i64 = 253_402_207_200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_moment_goes_both_ways() {
        assert_eq!(parse_timestamp("20130524T000000Z"), Some(1_369_353_600));
        assert_eq!(timestamp_text(1_369_353_600), "20130524T000000Z");
        assert_eq!(
            parse_http_date("Fri, 24 May 2013 00:00:00 GMT"),
            Some(1_369_353_600)
        );
    }

    #[test]
    fn other_forms_and_impossible_dates_are_refused() {
        for text in [
            "",
            "20130524",
            "2013-05-24T00:00:00Z",
            "20130524T000000",
            "20130524t000000Z",
            "20130524T000000z",
            "20131324T000000Z",
            "20130230T000000Z",
            "20130524T240000Z",
            "20130524T006000Z",
            "2013052xT000000Z",
            "+0130524T000000Z",
            "２０130524T00000Z",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn far_moments_have_a_text_too() {
        for moment in [i64::MIN, -62_167_219_201, 0, i64::MAX] {
            assert_eq!(timestamp_text(moment).len(), 16);
        }
    }
}
