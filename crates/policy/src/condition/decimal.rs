//! A number in decimal notation, compared exactly.
//!
//! Not a number to compute with: conditions only compare, and a length in bytes or a number of days must not be rounded to do so.

use std::cmp::Ordering;

/// A decimal number. Equal numbers are equal values: no zeros lead or trail, and zero has no sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    is_negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    /// Reads digits with an optional sign and fraction.
    pub(crate) fn parse(text: &str) -> Option<Decimal> {
        let text = text.trim();
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        Some(Decimal {
            is_negative: is_negative && !(whole.is_empty() && fraction.is_empty()),
            whole,
            fraction,
        })
    }

    fn magnitude(&self, other: &Decimal) -> Ordering {
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(&other.whole))
            .then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;
    use std::cmp::Ordering;

    #[test]
    fn numbers_are_compared_by_what_they_are_worth() {
        let check = |left: &str, right: &str, expected: Ordering| {
            let [left, right] = [left, right].map(|text| Decimal::parse(text).unwrap());
            assert_eq!(left.cmp(&right), expected, "{left:?} {right:?}");
            assert_eq!(right.cmp(&left), expected.reverse(), "{left:?} {right:?}");
        };
        check("1", "1", Ordering::Equal);
        check("01", "1.0", Ordering::Equal);
        check("-0", "0", Ordering::Equal);
        check("+5", " 5 ", Ordering::Equal);
        check(".5", "0.50", Ordering::Equal);
        check("9", "10", Ordering::Less);
        check("-10", "-9", Ordering::Less);
        check("-1", "0.1", Ordering::Less);
        check("1.09", "1.1", Ordering::Less);
        check("1.1", "1.11", Ordering::Less);
        // These two are one number to a double.
        check("9007199254740992", "9007199254740993", Ordering::Less);
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", ".", "-", "1e3", "1,000", "0x10", "1.2.3", "--1", "abc", "1 0"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
