//! Sentences that hold values from a request, and the rules about which of those values may be said to whom.
//!
//! Not here: XML or JSON escaping (whoever writes the document does that).
//!
//! Keeps true: a value reaches a text only through [`Words::render`], so no sentence can name a value its level does not
//! allow, and nothing but short printable ASCII enters the one sentence that SDKs print.

/// Longest value, in characters, that may stand in the message sentence.
pub const SENTENCE_VALUE_CHARACTERS_MAX: usize = 80;
/// Longest value, in bytes, that is shown anywhere; the canonical request of the answer holds the rest.
pub const SHOWN_VALUE_BYTES_MAX: usize = 1024;

/// How much a report may say. Off is the caller's business: it asks for no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything: for the operator's record, never for an answer. Names other keys, and says what a caller is not told.
    Operator,
    /// Also names that the operator declared, that this key verified with before, and public constants.
    Full,
    /// Only values that stand in the request as it was received.
    Basic,
}

/// Why a value may be said aloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It stands in the request as it was received.
    Received,
    /// The answer says it anyway, as AWS does: the expected region, the server's time, the computed hash.
    Answered,
    /// Everybody knows it: a port, a default host name, a media type.
    Constant,
    /// The operator declared it, or this key verified with it before.
    Declared,
    /// The bucket's owner set it, and it is nobody else's to know, even if a request guesses it.
    Configured,
    /// Only the operator may know it: the id of another access key.
    Internal,
    /// It must not be said to anybody.
    Withheld,
}

/// A value with the reason it may be shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) bytes: Vec<u8>,
    pub(crate) origin: Origin,
}

/// Without the bytes: a diagnosis may be logged, and a withheld value must not be.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} value of {} bytes", self.origin, self.bytes.len())
    }
}

impl Value {
    pub(crate) fn received(bytes: impl Into<Vec<u8>>) -> Value {
        Value {
            bytes: bytes.into(),
            origin: Origin::Received,
        }
    }

    pub(crate) fn answered(bytes: impl Into<Vec<u8>>) -> Value {
        Value {
            bytes: bytes.into(),
            origin: Origin::Answered,
        }
    }

    pub(crate) fn constant(bytes: impl Into<Vec<u8>>) -> Value {
        Value {
            bytes: bytes.into(),
            origin: Origin::Constant,
        }
    }

    pub(crate) fn configured(bytes: impl Into<Vec<u8>>) -> Value {
        Value {
            bytes: bytes.into(),
            origin: Origin::Configured,
        }
    }

    /// Drops what no text shows anyway; that there was more still shows.
    pub(crate) fn shorten(&mut self) {
        self.bytes.truncate(SHOWN_VALUE_BYTES_MAX + 1);
        self.bytes.shrink_to_fit();
    }

    pub(crate) fn internal(bytes: impl Into<Vec<u8>>) -> Value {
        Value {
            bytes: bytes.into(),
            origin: Origin::Internal,
        }
    }

    pub(crate) fn shown_at(&self, level: Level) -> bool {
        match self.origin {
            Origin::Received | Origin::Answered => true,
            Origin::Constant | Origin::Declared | Origin::Configured => level != Level::Basic,
            Origin::Internal => level == Level::Operator,
            Origin::Withheld => false,
        }
    }

    /// The text for documents: UTF-8, control characters as `\xNN`, cut at [`SHOWN_VALUE_BYTES_MAX`].
    pub(crate) fn text(&self) -> String {
        let end = self.bytes.len().min(SHOWN_VALUE_BYTES_MAX);
        let mut text = String::new();
        for c in String::from_utf8_lossy(self.bytes.get(..end).unwrap_or_default()).chars() {
            if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
                text.push_str(&format!("\\x{:02x}", u32::from(c)));
            } else {
                text.push(c);
            }
        }
        if end < self.bytes.len() {
            text.push('\u{2026}');
        }
        text
    }

    /// The text for the message sentence, or nothing if it is not short printable ASCII without `<>&"'`.
    pub(crate) fn plain(&self) -> Option<&str> {
        plain(&self.bytes)
    }
}

/// Short printable ASCII without markup characters, or nothing.
pub(crate) fn plain(bytes: &[u8]) -> Option<&str> {
    let fits = !bytes.is_empty() && bytes.len() <= SENTENCE_VALUE_CHARACTERS_MAX;
    let harmless = bytes
        .iter()
        .all(|b| (0x20..0x7f).contains(b) && !b"<>&\"'".contains(b));
    if fits && harmless {
        std::str::from_utf8(bytes).ok()
    } else {
        None
    }
}

#[derive(Clone, Debug)]
enum Piece {
    Say(String),
    Value {
        value: Value,
        before: &'static str,
        after: &'static str,
        instead: &'static str,
    },
}

/// A sentence with holes for values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(Vec<Piece>);

/// Where a sentence will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the `<Message>` that every SDK prints.
    Sentence,
    /// In the document, where any text can be escaped.
    Document,
    /// In the message, when it would be too long with its values.
    SentenceWithoutValues,
}

impl Words {
    pub(crate) fn of(text: impl Into<String>) -> Words {
        Words(vec![Piece::Say(text.into())])
    }

    pub(crate) fn say(mut self, text: impl Into<String>) -> Words {
        self.0.push(Piece::Say(text.into()));
        self
    }

    /// Adds to words that are already in place.
    pub(crate) fn push(&mut self, text: &str) {
        self.0.push(Piece::Say(text.to_owned()));
    }

    /// A value, or `instead` where it must not or cannot be shown.
    pub(crate) fn value(self, value: &Value, instead: &'static str) -> Words {
        self.framed("", value, "", instead)
    }

    /// A value with text around it that disappears together with the value.
    pub(crate) fn framed(
        mut self,
        before: &'static str,
        value: &Value,
        after: &'static str,
        instead: &'static str,
    ) -> Words {
        self.0.push(Piece::Value {
            value: value.clone(),
            before,
            after,
            instead,
        });
        self
    }

    /// Bytes of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let piece = |piece: &Piece| match piece {
            Piece::Say(text) => text.len(),
            Piece::Value { value, .. } => value.bytes.len(),
        };
        size_of_val(self.0.as_slice()) + self.0.iter().map(piece).sum::<usize>()
    }

    pub(crate) fn render(&self, level: Level, place: Place) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Say(text) => out.push_str(text),
                Piece::Value {
                    value,
                    before,
                    after,
                    instead,
                } => {
                    let text = match place {
                        _ if !value.shown_at(level) => None,
                        Place::Sentence => value.plain().map(str::to_owned),
                        Place::Document => Some(value.text()),
                        Place::SentenceWithoutValues => None,
                    };
                    match text {
                        Some(text) => out.push_str(&format!("{before}{text}{after}")),
                        None => out.push_str(instead),
                    }
                }
            }
        }
        out
    }

    /// Applies the last word about what may be said to every value inside.
    pub(crate) fn judge(&mut self, judge: &dyn Fn(&mut Value)) {
        for piece in &mut self.0 {
            if let Piece::Value { value, .. } = piece {
                judge(value);
            }
        }
    }
}

/// A length of time in words: `20 minutes`, `5 hours 30 minutes`, `3 days`.
pub(crate) fn duration(seconds: u64) -> String {
    let count = |n: u64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3_600, seconds % 3_600 / 60);
    match (days, hours, minutes) {
        (0, 0, 0) => count(seconds, "second"),
        (0, 0, m) => count(m, "minute"),
        (0, h, 0) => count(h, "hour"),
        (0, h, m) => format!("{} {}", count(h, "hour"), count(m, "minute")),
        (d, 0, _) => count(d, "day"),
        (d, h, _) if d < 7 => format!("{} {}", count(d, "day"), count(h, "hour")),
        (d, _, _) => count(d, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_harmless_ascii_enters_the_sentence() {
        assert_eq!(plain(b"s3.example.com:443"), Some("s3.example.com:443"));
        for bad in [
            &b"<script>"[..],
            b"a&b",
            b"a\"b",
            b"it's",
            b"a\nb",
            b"\xc3\xa4",
            b"",
            &[b'a'; 81],
        ] {
            assert_eq!(plain(bad), None, "{bad:?}");
        }
        assert!(plain(&[b'a'; 80]).is_some());
    }

    #[test]
    fn a_level_hides_what_it_must() {
        let declared = Value {
            bytes: b"minio:9000".to_vec(),
            origin: Origin::Declared,
        };
        let withheld = Value {
            bytes: b"10.0.0.5".to_vec(),
            origin: Origin::Withheld,
        };
        let words = Words::of("signed ")
            .value(&declared, "another host")
            .say(", sent by ")
            .value(&withheld, "somebody");
        assert_eq!(
            words.render(Level::Full, Place::Sentence),
            "signed minio:9000, sent by somebody"
        );
        assert_eq!(
            words.render(Level::Basic, Place::Document),
            "signed another host, sent by somebody"
        );
    }

    #[test]
    fn a_shortened_value_reads_as_before() {
        for length in [0, 80, 81, SHOWN_VALUE_BYTES_MAX, SHOWN_VALUE_BYTES_MAX + 1, 9_000] {
            let whole = Value::received("\u{e4}".repeat(length / 2) + &"a".repeat(length % 2));
            let mut short = whole.clone();
            short.shorten();
            assert_eq!(
                (short.text(), short.plain()),
                (whole.text(), whole.plain()),
                "{length}"
            );
            assert!(short.bytes.capacity() <= SHOWN_VALUE_BYTES_MAX + 1);
        }
    }

    #[test]
    fn documents_show_control_characters_as_escapes() {
        assert_eq!(Value::received(&b"a\x0b\xff"[..]).text(), "a\\x0b\u{fffd}");
    }

    #[test]
    fn durations_read_like_speech() {
        for (seconds, text) in [
            (1, "1 second"),
            (60, "1 minute"),
            (1_200, "20 minutes"),
            (19_800, "5 hours 30 minutes"),
            (7_200, "2 hours"),
            (86_400, "1 day"),
            (90_000, "1 day 1 hour"),
            (864_000, "10 days"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
