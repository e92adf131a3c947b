//! A request as it came off the wire, and look-ups in it.
//!
//! Not here: any decoding. Whoever decodes before us loses `%2F` and `+`, and the signature would no longer match.

use std::borrow::Cow;
use std::{fmt, iter};

/// A request exactly as it was received. Nothing is decoded, merged or re-ordered.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, upper case as sent.
    pub method: &'a str,
    /// The raw path: everything up to the first `?`, percent-encoded as sent.
    pub path: &'a [u8],
    /// The raw query after the first `?`; `None` when there was no `?`.
    pub query: Option<&'a [u8]>,
    /// Headers in order of arrival, names in any case. `Host` is among them; whoever speaks HTTP/2 puts
    /// `:authority` in as `host`.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> Request<'a> {
    /// The first value of a header, by name in any case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.header_values(name).next()
    }

    /// All values of a header in order of arrival, by name in any case.
    pub fn header_values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.headers
            .iter()
            .filter(move |(sent, _)| is_same_name(sent, name))
            .map(|(_, value)| *value)
    }

    /// The trimmed value of a header, several lines joined with `,`; bytes that are not UTF-8 are replaced.
    pub fn header_text(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut values = self.header_values(name);
        let first = text(values.next()?.trim_ascii());
        let Some(second) = values.next() else {
            return Some(first);
        };
        let mut joined = first.into_owned();
        for value in iter::once(second).chain(values) {
            joined.push(',');
            joined.push_str(&text(value.trim_ascii()));
        }
        Some(Cow::Owned(joined))
    }
}

/// Whether two names of headers are the same in any case; nearly always in the same one.
#[inline]
pub(crate) fn is_same_name(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a == b || a.eq_ignore_ascii_case(b))
}

/// Bytes as text; those that are not UTF-8 are replaced.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    // What the lossy reading does with text it does with care, a character at a time.
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Names only: values hold signatures, session tokens and customer keys.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("path", &String::from_utf8_lossy(self.path))
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_of_one_header_are_joined_in_order() {
        let headers = [("X-A", &b" one "[..]), ("y", b"two"), ("x-a", b"three")];
        let request = Request {
            method: "GET",
            path: b"/",
            query: None,
            headers: &headers,
        };
        assert_eq!(request.header_text("x-a").as_deref(), Some("one,three"));
        assert_eq!(request.header_text("y").as_deref(), Some("two"));
        assert_eq!(request.header_text("z"), None);
    }

    #[test]
    fn debug_shows_no_header_values_and_no_query() {
        let headers = [("x-amz-security-token", &b"hush"[..])];
        let request = Request {
            method: "GET",
            path: b"/",
            query: Some(b"X-Amz-Signature=hush"),
            headers: &headers,
        };
        assert!(!format!("{request:?}").contains("hush"));
    }
}
