//! A pattern with `*` (any run of characters) and `?` (one character), and whether a text fits it.
//!
//! Not here: variables, which are replaced before a pattern exists ([`crate::template`]), and ARNs ([`crate::arn`]).
//!
//! Keeps true: no recursion and no way back. The text between two stars is looked for once, from left to right, where the one
//! before it ended. Without `?` that takes time linear in text and pattern; with it, at most the product of the two.

/// A pattern: segments with a star between each two of them. There is always one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    segments: Vec<Segment>,
}

/// What stands between two stars. It fits texts of one length in characters only, so the leftmost place is the best one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Segment {
    pieces: Vec<Piece>,
    /// No text with fewer bytes fits.
    bytes_min: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// Exactly one character.
    One,
}

impl Pattern {
    /// The pattern that only the empty text fits.
    pub(crate) fn empty() -> Pattern {
        Pattern {
            segments: vec![Segment::default()],
        }
    }

    /// Adds text that stands for itself.
    pub(crate) fn push_text(&mut self, text: &str) {
        let Some(segment) = self.segments.last_mut() else {
            return;
        };
        segment.bytes_min += text.len();
        if let Some(Piece::Text(before)) = segment.pieces.last_mut() {
            before.push_str(text);
        } else if !text.is_empty() {
            segment.pieces.push(Piece::Text(text.to_owned()));
        }
    }

    /// Adds a `?`.
    pub(crate) fn push_one(&mut self) {
        let Some(segment) = self.segments.last_mut() else {
            return;
        };
        segment.bytes_min += 1;
        segment.pieces.push(Piece::One);
    }

    /// Adds a `*`.
    pub(crate) fn push_many(&mut self) {
        self.segments.push(Segment::default());
    }

    /// The one text that fits, if there are no wildcards.
    pub(crate) fn text(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [only] => match only.pieces.as_slice() {
                [] => Some(""),
                [Piece::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether every text that fits begins with this one.
    pub(crate) fn begins_with(&self, beginning: &str) -> bool {
        match self.segments.first().and_then(|segment| segment.pieces.first()) {
            Some(Piece::Text(text)) => text.starts_with(beginning),
            _ => beginning.is_empty(),
        }
    }

    /// Whether the whole text fits.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.segments.split_first() else {
            return text.is_empty();
        };
        let Some(text) = first.strip_front(text) else {
            return false;
        };
        let Some((last, between)) = others.split_last() else {
            return text.is_empty();
        };
        let Some(mut text) = last.strip_back(text) else {
            return false;
        };
        for segment in between {
            match segment.find(text) {
                Some(after) => text = after,
                None => return false,
            }
        }
        true
    }
}

impl Segment {
    /// What is left of a text that begins with this.
    fn strip_front<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text;
        for piece in &self.pieces {
            rest = match piece {
                Piece::Text(expected) => rest.strip_prefix(expected.as_str())?,
                Piece::One => {
                    let mut characters = rest.chars();
                    characters.next()?;
                    characters.as_str()
                }
            };
        }
        Some(rest)
    }

    /// What is left of a text that ends with this.
    fn strip_back<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text;
        for piece in self.pieces.iter().rev() {
            rest = match piece {
                Piece::Text(expected) => rest.strip_suffix(expected.as_str())?,
                Piece::One => {
                    let mut characters = rest.chars();
                    characters.next_back()?;
                    characters.as_str()
                }
            };
        }
        Some(rest)
    }

    /// What follows the leftmost place where this stands in the text.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let [Piece::Text(expected)] = self.pieces.as_slice() {
            // The standard library's search is linear.
            return text.split_once(expected.as_str()).map(|(_, after)| after);
        }
        let mut rest = text;
        loop {
            if rest.len() < self.bytes_min {
                return None;
            }
            if let Some(after) = self.strip_front(rest) {
                return Some(after);
            }
            let mut characters = rest.chars();
            characters.next()?;
            rest = characters.as_str();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn pattern(text: &str) -> Pattern {
        let mut pattern = Pattern::empty();
        for character in text.chars() {
            match character {
                '*' => pattern.push_many(),
                '?' => pattern.push_one(),
                other => pattern.push_text(other.encode_utf8(&mut [0; 4])),
            }
        }
        pattern
    }

    #[test]
    fn stars_and_question_marks_stand_for_what_they_say() {
        let check = |text: &str, value: &str, expected: bool| {
            assert_eq!(pattern(text).matches(value), expected, "`{text}` on `{value}`");
        };
        check("", "", true);
        check("", "a", false);
        check("a", "a", true);
        check("a", "A", false);
        check("a", "ab", false);
        check("*", "", true);
        check("*", "a/b:c", true);
        check("**", "", true);
        check("a*", "a", true);
        check("a*", "ba", false);
        check("*a", "a", true);
        check("*a", "ab", false);
        check("a*a", "a", false);
        check("a*a", "aa", true);
        check("a*b*c", "aXbYc", true);
        check("a*b*c", "aXcYb", false);
        check("a*b*c", "abbc", true);
        check("*ab*ab*", "abab", true);
        check("*ab*ab*", "aba", false);
        check("?", "", false);
        check("?", "a", true);
        check("?", "\u{e9}", true);
        check("?", "\u{1f600}", true);
        check("?", "ab", false);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("*?", "", false);
        check("*?", "a", true);
        check("*?b*", "b", false);
        check("*?b*", "bb", true);
        check("*a?c*", "aaabc", true);
        check("*a?c*", "a\u{e9}c", true);
        check("??*", "a", false);
        check("??*", "ab", true);
        check("*??", "\u{e9}", false);
        check("*/2026/*/??.jpg", "photos/2026/11/25.jpg", true);
        check("*/2026/*/??.jpg", "photos/2026/11/5.jpg", false);
    }

    #[test]
    fn a_pattern_without_wildcards_is_a_text() {
        assert_eq!(pattern("").text(), Some(""));
        assert_eq!(pattern("abc").text(), Some("abc"));
        for open in ["*", "a*", "?", "a?"] {
            assert_eq!(pattern(open).text(), None, "{open}");
        }
    }

    /// The definition, by dynamic programming over all prefixes.
    fn reference(pattern: &str, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let mut row = vec![false; text.len() + 1];
        row[0] = true;
        for symbol in pattern.chars() {
            let mut next: Vec<bool> = Vec::new();
            for (at, &here) in row.iter().enumerate() {
                let before = at.checked_sub(1);
                next.push(match symbol {
                    '*' => here || before.is_some_and(|before| next[before]),
                    '?' => before.is_some_and(|before| row[before]),
                    other => before.is_some_and(|before| row[before] && text[before] == other),
                });
            }
            row = next;
        }
        row[text.len()]
    }

    proptest::proptest! {
        #[test]
        fn matching_agrees_with_the_definition(
            shape in "[ab\u{e9}*?]{0,12}",
            text in "[ab\u{e9}]{0,14}",
        ) {
            proptest::prop_assert_eq!(pattern(&shape).matches(&text), reference(&shape, &text));
        }
    }
}
