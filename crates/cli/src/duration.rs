//! Times on the command line: `90s`, `30m`, `12h`, `7d`.
//!
//! Not here: points in time.

use std::time::Duration;

/// Reads a number with its unit; more than nothing.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time such as 90s, 30m, 12h or 7d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => return Err(wrong()),
    };
    let number: Option<u32> = text.strip_suffix(unit).and_then(|number| number.parse().ok());
    let number = number.filter(|number| *number > 0).ok_or_else(wrong)?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_its_unit() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("30m", Some(1800)),
            ("1h", Some(3600)),
            ("7d", Some(604_800)),
            ("4294967295d", Some(u64::from(u32::MAX) * 86400)),
            ("0s", None),
            ("-1s", None),
            ("1", None),
            ("h", None),
            ("1 h", None),
            ("1w", None),
            ("", None),
            ("1\u{fc}", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
    }
}
