//! A log taken apart into its entries: a line that begins as entries do, and the lines up to the next such.
//!
//! Not here: what an entry means (`forms`). Loggers differ, so what begins an entry is told by its shape: a time within its
//! first characters, or a level as its first word.

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// From its time or level on, over all its lines.
    pub(crate) text: &'a str,
}

/// Levels that begin a line in logs without a time.
const LEVELS: [&str; 10] = [
    "DEBUG", "INFO", "WARN", "ERROR", "TRACE", "[DEBUG]", "[INFO]", "[WARN]", "[ERROR]", "[TRACE]",
];
/// Where a time may stand: after the name of a stream or a container at most.
const TIME_WITHIN: usize = 24;

/// The entries of a log. What stands before the first one is an entry, too.
pub(crate) fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && begins_an_entry(line) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let pairs = starts.iter().copied().zip(ends);
    pairs
        .filter_map(|(start, end)| text.get(start..end))
        .map(|text| Entry { text })
        .collect()
}

fn begins_an_entry(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    LEVELS.contains(&first) || has_time_near_its_beginning(line)
}

/// `2025-01-31 10:00:00`, `2025/01/31 10:00:00`, `2025-01-31T10:00:00` or `10:00:00.000`.
fn has_time_near_its_beginning(line: &str) -> bool {
    let shape: Vec<u8> = line
        .bytes()
        .take(TIME_WITHIN + 19)
        .map(|b| if b.is_ascii_digit() { b'0' } else { b })
        .collect();
    let dated = |window: &[u8]| {
        window.starts_with(b"0000") && matches!(window.get(4), Some(b'-' | b'/')) && {
            let (day, time) = (window.get(5..10), window.get(11..19));
            matches!(day, Some(b"00-00" | b"00/00"))
                && matches!(window.get(10), Some(b' ' | b'T'))
                && time == Some(b"00:00:00")
        }
    };
    // A header or a value holds such a time as well, but after a colon, an equals sign or a quote.
    let before = |at: usize| {
        shape
            .get(..at)
            .is_some_and(|before| !before.iter().any(|b| b":='\"<>{".contains(b)))
    };
    let starts = 0..=TIME_WITHIN.min(shape.len());
    shape.starts_with(b"00:00:00.000")
        || shape.starts_with(b"00:00:00,000")
        || starts
            .into_iter()
            .any(|at| shape.get(at..).is_some_and(dated) && before(at))
}

impl<'a> Entry<'a> {
    /// What follows `mark`, if it has it: from the next line on if nothing follows on the same.
    pub(crate) fn after(&self, mark: &str) -> Option<&'a str> {
        let (_, rest) = self.text.split_once(mark)?;
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let rest = rest.strip_prefix('\r').unwrap_or(rest);
        Some(rest.strip_prefix('\n').unwrap_or(rest))
    }

    /// What follows `mark`, without the line break at the end.
    pub(crate) fn text_after(&self, mark: &str) -> Option<String> {
        let text = self.after(mark)?.trim_end_matches(['\n', '\r']);
        Some(text.replace("\r\n", "\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_line_with_a_time_and_what_follows_it() {
        for (text, count) in [
            (
                "2025-01-31 10:00:00,123 botocore.auth [DEBUG] CanonicalRequest:\nPUT\n/\n\n2025-01-31 10:00:00,124 x\n",
                2,
            ),
            ("2025/01/31 10:00:00 DEBUG: a\nb\n2025/01/31 10:00:01 DEBUG: c", 2),
            (
                "SDK 2025/01/31 10:00:00 DEBUG Request\nPUT / HTTP/1.1\nSDK 2025/01/31 10:00:00 DEBUG Response",
                2,
            ),
            ("2025-01-31T10:00:00.000Z TRACE a\n  b\n", 1),
            ("10:00:00.123 [main] DEBUG a\nx\n10:00:00.124 [main] DEBUG b", 2),
            ("DEBUG a\nDEBUG b", 2),
            (
                "x-amz-meta: 2025-01-31 10:00:00\nx-amz-meta: 2025-01-31 10:00:00",
                1,
            ),
            ("", 1),
        ] {
            assert_eq!(entries(text).len(), count, "{text}");
        }
    }

    #[test]
    fn entries_together_are_the_log() {
        let text = "before\n2025-01-31 10:00:00 a\n\u{e9}\n2025-01-31 10:00:00 b\n";
        let together: String = entries(text).iter().map(|entry| entry.text).collect();
        assert_eq!(together, text);
    }

    #[test]
    fn what_follows_a_mark_may_begin_on_the_next_line() {
        let entry = Entry {
            text: "x StringToSign:\nA\nB\n",
        };
        assert_eq!(entry.text_after("StringToSign:").as_deref(), Some("A\nB"));
        let entry = Entry {
            text: "x Signature: abc\n",
        };
        assert_eq!(entry.text_after("Signature:").as_deref(), Some("abc"));
        assert_eq!(entry.text_after("nothing"), None);
    }
}
