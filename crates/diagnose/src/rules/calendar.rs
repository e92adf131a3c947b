//! Dates as programs write them that format for their user's language: years of other calendars, digits of other scripts.
//!
//! Not here: what it means for a request (see `clk_calendar`). The Hijri and the Persian calendar are reckoned by rule, which may be a
//! day off what a country keeps; so may a client's time zone, and both are allowed for.

use countersign_sigv4::timestamp_text;

use super::prelude::*;

/// A calendar with years of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calendar {
    Buddhist,
    Japanese,
    Minguo,
    Hijri,
    Persian,
}

impl Calendar {
    pub(super) const ALL: [Calendar; 5] = [
        Calendar::Buddhist,
        Calendar::Japanese,
        Calendar::Minguo,
        Calendar::Hijri,
        Calendar::Persian,
    ];

    /// As people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Calendar::Buddhist => "the Buddhist calendar",
            Calendar::Japanese => "the Japanese calendar",
            Calendar::Minguo => "the calendar of Taiwan",
            Calendar::Hijri => "the Hijri calendar",
            Calendar::Persian => "the Persian calendar",
        }
    }

    /// How the day of a moment is written in it, eight digits; `None` for a year that has no four.
    pub(super) fn date(self, unix_seconds: i64) -> Option<String> {
        let text = timestamp_text(unix_seconds);
        let number = |digits: Option<&str>| digits.and_then(|digits| digits.parse::<i64>().ok());
        let (year, month_and_day) = (number(text.get(..4))?, text.get(4..8)?);
        let (year, month_and_day) = match self {
            Calendar::Buddhist => (year + 543, month_and_day.to_owned()),
            Calendar::Japanese => (year - 2018, month_and_day.to_owned()),
            Calendar::Minguo => (year - 1911, month_and_day.to_owned()),
            Calendar::Hijri => hijri(unix_seconds.div_euclid(DAY)),
            Calendar::Persian => persian(unix_seconds.div_euclid(DAY), year),
        };
        (1..=9_999)
            .contains(&year)
            .then(|| format!("{year:04}{month_and_day}"))
    }

    /// How it may be written on or around that day.
    pub(super) fn dates(self, unix_seconds: i64) -> impl Iterator<Item = String> {
        let days_off: &[i64] = match self {
            Calendar::Buddhist | Calendar::Japanese | Calendar::Minguo => &[0, -1, 1],
            Calendar::Hijri | Calendar::Persian => &[0, -1, 1, -2, 2],
        };
        days_off
            .iter()
            .filter_map(move |days| self.date(unix_seconds.saturating_add(days * DAY)))
    }
}

/// The calendar in which eight digits are a day around this moment. Ours is not among them.
pub(super) fn of_date(date: &str, unix_seconds: i64) -> Option<Calendar> {
    Calendar::ALL
        .into_iter()
        .find(|calendar| calendar.dates(unix_seconds).any(|written| written == date))
}

/// The calendar in which a request is dated, where that is not ours.
pub(super) fn of_claim(scene: &Scene<'_>) -> Option<Calendar> {
    let claim = scene.claim()?;
    of_date(claim.timestamp.get(..8)?, scene.case.server.now)
}

/// The scripts whose digits languages write dates with: zero, and what people call them.
pub(super) const SCRIPTS: [(char, &str); 5] = [
    ('\u{660}', "Arabic digits"),
    ('\u{6f0}', "Persian digits"),
    ('\u{966}', "Devanagari digits"),
    ('\u{9e6}', "Bengali digits"),
    ('\u{e50}', "Thai digits"),
];

/// A text with its digits in another script.
pub(super) fn in_script(text: &str, zero: char) -> String {
    let digit = |c: char| {
        let value = c.to_digit(10)?;
        char::from_u32(u32::from(zero) + value)
    };
    text.chars().map(|c| digit(c).unwrap_or(c)).collect()
}

/// A text with the digits of other scripts as ours, and what they are called; `None` if there are none.
pub(super) fn in_ascii(text: &str) -> Option<(String, &'static str)> {
    let mut found = None;
    let plain = text.chars().map(|c| {
        let of_script = |(zero, name): &(char, &'static str)| {
            let value = u32::from(c).checked_sub(u32::from(*zero))?;
            char::from_digit(value, 10).map(|digit| (digit, *name))
        };
        match SCRIPTS.iter().find_map(of_script) {
            Some((digit, name)) => {
                found = Some(name);
                digit
            }
            None => c,
        }
    });
    let plain = plain.collect();
    found.map(|name| (plain, name))
}

/// The Hijri date of a day since 1970, by the tabular calendar: 30 years have 10,631 days.
fn hijri(days: i64) -> (i64, String) {
    // Days since the first of the first year, 19 July 622 of our calendar reckoned back.
    let since = days + 492_148;
    let year = (30 * since + 10_646).div_euclid(10_631);
    let of_year = since - ((year - 1) * 354 + (3 + 11 * year).div_euclid(30));
    // Months have 30 and 29 days in turn; a leap day ends the last.
    let month = (of_year * 2 / 59 + 1).min(12);
    let day = of_year - (59 * (month - 1) + 1) / 2 + 1;
    (year, format!("{month:02}{day:02}"))
}

/// The Persian date of a day since 1970, whose year in our calendar is known: the year begins on 21 March, six months have 31 days, the
/// rest 30.
fn persian(days: i64, year: i64) -> (i64, String) {
    let begins = |year: i64| {
        let leap_days = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        // 1 January, and the days from there to 21 March.
        let january = 365 * (year - 1970) + leap_days(year - 1) - leap_days(1969);
        january + 79 + leap_days(year) - leap_days(year - 1)
    };
    let (year, of_year) = match days - begins(year) {
        before if before < 0 => (year - 622, days - begins(year - 1)),
        after => (year - 621, after),
    };
    let (month, day) = match of_year {
        early if early < 186 => (early / 31 + 1, early % 31 + 1),
        late => ((late - 186) / 30 + 7, (late - 186) % 30 + 1),
    };
    (year, format!("{month:02}{day:02}"))
}

const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_sigv4::parse_timestamp;

    fn at(date: &str) -> i64 {
        parse_timestamp(&format!("{date}T120000Z")).expect("a date")
    }

    #[test]
    fn days_are_written_as_each_calendar_has_them() {
        use Calendar::{Buddhist, Hijri, Japanese, Minguo, Persian};
        for (date, calendar, expected) in [
            ("20261122", Buddhist, "25691122"),
            ("20261122", Japanese, "00081122"),
            ("20261122", Minguo, "01151122"),
            ("20240710", Hijri, "14460104"),
            ("20000406", Hijri, "14210101"),
            ("20261122", Hijri, "14480612"),
            ("20250321", Persian, "14040101"),
            ("20261122", Persian, "14050901"),
            ("20260320", Persian, "14041229"),
            ("20240920", Persian, "14030630"),
        ] {
            let found = of_date(expected, at(date));
            assert_eq!(
                found,
                Some(calendar),
                "{date} {expected}: {:?}",
                calendar.date(at(date))
            );
        }
    }

    #[test]
    fn every_day_of_thirty_years_has_a_date_that_reads_back() {
        for day in 0..11_000 {
            let now = at("20100101") + day * DAY;
            for calendar in Calendar::ALL {
                let Some(date) = calendar.date(now) else {
                    // There was no Reiwa before 2019.
                    assert_eq!(calendar, Calendar::Japanese);
                    continue;
                };
                let (month, of_month) = (&date[4..6], &date[6..8]);
                assert!(
                    ("01"..="12").contains(&month) && ("01"..="31").contains(&of_month),
                    "{date}"
                );
                assert!(of_date(&date, now).is_some(), "{date}");
            }
            // What is right is of no other calendar.
            assert_eq!(of_date(&timestamp_text(now)[..8], now), None);
        }
    }

    #[test]
    fn digits_go_both_ways() {
        for (zero, name) in SCRIPTS {
            let written = in_script("20261122T035900Z", zero);
            assert_ne!(written, "20261122T035900Z");
            assert_eq!(in_ascii(&written), Some(("20261122T035900Z".to_owned(), name)));
        }
        assert_eq!(in_ascii("20261122T035900Z"), None);
        assert_eq!(in_ascii("\u{fffd}"), None);
    }
}
