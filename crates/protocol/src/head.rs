//! The head of a request as it arrived, and the look-ups every parser needs: headers, query parameters, bucket and key.
//!
//! Not here: which operation it is ([`crate::parse`]). Nothing is decoded twice: the path and each query parameter are
//! percent-decoded once, `+` stays a plus in the path and is a blank in the query, and a key is never normalised.

use std::borrow::Cow;

use crate::error_code::ErrorCode;
use crate::parse_error::ParseError;

/// The head of a request. Nothing is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The raw path, up to `?`.
    pub path: &'a [u8],
    /// The raw query after `?`; `None` if there is no `?`.
    pub query: Option<&'a [u8]>,
    /// Header names (any case) and values, in order of arrival.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The bucket that the host names (virtual-host style), as the server worked it out of its domains.
    pub host_bucket: Option<&'a str>,
}

/// Head and decoded query: what parsers read from.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    head: &'a Head<'a>,
    query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// The two names in a path, decoded; empty texts count as absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names<'a> {
    pub(crate) bucket: Option<Cow<'a, str>>,
    pub(crate) object_key: Option<Cow<'a, [u8]>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(head: &'a Head<'a>) -> View<'a> {
        View {
            head,
            query: decode_query(head.query.unwrap_or_default()),
        }
    }

    pub(crate) fn head(&self) -> &'a Head<'a> {
        self.head
    }

    pub(crate) fn method(&self) -> &'a str {
        self.head.method
    }

    /// Decoded query parameters in order of arrival.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// The first query parameter of this name (case matters, as at AWS).
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value)
    }

    /// As [`View::parameter`], where an empty value counts as absent.
    pub(crate) fn filled_parameter(&self, name: &str) -> Option<&str> {
        self.parameter(name).filter(|value| !value.is_empty())
    }

    /// A header's value, trimmed; several lines of one name are joined with `,` as AWS does.
    ///
    /// Presigners move `x-amz-*` headers into the query, and AWS reads them there; a header wins over the query.
    pub(crate) fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self.values(name).map(header_text);
        let Some(mut joined) = values.next() else {
            return self.hoisted(name).map(Cow::Borrowed);
        };
        for value in values {
            let text = joined.to_mut();
            text.push(',');
            text.push_str(&value);
        }
        Some(joined)
    }

    /// As [`View::header`], where an empty value counts as absent.
    pub(crate) fn filled_header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.header(name).filter(|value| !value.is_empty())
    }

    /// The names (lower case) that begin with `prefix`, once each, in order of arrival; moved ones included.
    pub(crate) fn header_names(&self, prefix: &str) -> Vec<Cow<'_, str>> {
        let mut names = Vec::new();
        for name in self.lines(prefix) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// As [`View::header_names`], once for each line.
    pub(crate) fn lines(&self, prefix: &str) -> impl Iterator<Item = Cow<'_, str>> {
        let begins = move |name: &&str| {
            let start = name.as_bytes().get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        let sent = self.head.headers.iter().map(|(name, _)| *name);
        let moved = self.parameters().map(|(name, _)| name);
        let moved = moved.filter(begins).map(lower_case);
        let moved = moved.filter(|name| is_read_from_query(name));
        sent.filter(begins).map(lower_case).chain(moved)
    }

    /// Splits the path (and the host) into bucket and key.
    pub(crate) fn names(&self) -> Names<'a> {
        let path = self.head.path.strip_prefix(b"/").unwrap_or(self.head.path);
        if let Some(bucket) = self.head.host_bucket {
            return Names {
                bucket: Some(Cow::Borrowed(bucket)),
                object_key: filled(decode(path)),
            };
        }
        let (bucket, object_key) = match path.iter().position(|b| *b == b'/') {
            Some(at) => {
                let (bucket, rest) = path.split_at(at);
                (bucket, rest.strip_prefix(b"/").unwrap_or_default())
            }
            None => (path, &[][..]),
        };
        Names {
            bucket: (!path.is_empty()).then(|| lossy(decode(bucket))),
            object_key: filled(decode(object_key)),
        }
    }

    /// The trimmed lines of a header. Every parser asks for some headers, and few of them are there: nothing is read for
    /// the others.
    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let lines = self.head.headers.iter();
        lines
            .filter(move |(sent, _)| sent.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_ascii())
    }

    fn hoisted(&self, name: &str) -> Option<&str> {
        if self.query.is_empty() || !is_read_from_query(name) {
            return None;
        }
        let named = self.parameters().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(named.1.trim())
    }
}

/// Refuses a text that could not be sent back in a header.
pub(crate) fn sendable(name: &str, text: Cow<'_, str>) -> Result<String, ParseError> {
    if text.bytes().any(|b| (b < 0x20 && b != b'\t') || b == 0x7f) {
        return Err(ParseError::argument(
            "Header value cannot be represented using ISO-8859-1.",
            name,
            &text,
        ));
    }
    Ok(text.into_owned())
}

/// The text of a header value: UTF-8, and if it is not, each byte above 0x7f as a character of its own that
/// [`header_bytes`] turns back. So every value comes back with the bytes with which it was sent.
pub fn header_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !has_raw_bytes(text) => Cow::Borrowed(text),
        _ => bytes.iter().map(|b| raw_char(*b)).collect(),
    }
}

/// The bytes of a header value that [`header_text`] read.
pub fn header_bytes(text: &str) -> Cow<'_, [u8]> {
    if !has_raw_bytes(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match raw_byte(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// Whether any character stands for a byte that is not UTF-8.
fn has_raw_bytes(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|c| raw_byte(c).is_some())
}

fn raw_byte(c: char) -> Option<u8> {
    let byte = u32::from(c).checked_sub(RAW_BYTES)?;
    u8::try_from(byte).ok().filter(|byte| *byte >= 0x80)
}

fn raw_char(byte: u8) -> char {
    match byte {
        0..0x80 => char::from(byte),
        _ => char::from_u32(RAW_BYTES + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// Percent-decodes once. A `%` that begins no escape stays as it is.
pub(crate) fn decode(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'%') {
        return Cow::Borrowed(raw);
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, tail)) = rest.split_first() {
        let escape = match (first, tail) {
            (b'%', [high, low, after @ ..]) => hex_digit(*high)
                .zip(hex_digit(*low))
                .map(|(h, l)| (h * 16 + l, after)),
            _ => None,
        };
        let (byte, after) = escape.unwrap_or((*first, tail));
        decoded.push(byte);
        rest = after;
    }
    Cow::Owned(decoded)
}

/// The text of decoded bytes; what is not UTF-8 is replaced.
fn lossy(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// `InvalidURI` naming the path.
pub(crate) fn invalid_uri(head: &Head<'_>) -> ParseError {
    ParseError::new(ErrorCode::InvalidURI).element("URI", String::from_utf8_lossy(head.path))
}

fn decode_query(raw: &[u8]) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    raw.split(|b| *b == b'&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| match piece.iter().position(|b| *b == b'=') {
            Some(at) => (decode_parameter(&piece[..at]), decode_parameter(&piece[at + 1..])),
            None => (decode_parameter(piece), Cow::Borrowed("")),
        })
        .collect()
}

fn decode_parameter(raw: &[u8]) -> Cow<'_, str> {
    if !raw.contains(&b'+') {
        return lossy(decode(raw));
    }
    let blanks: Vec<u8> = raw.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    Cow::Owned(lossy(decode(&blanks)).into_owned())
}

fn is_read_from_query(name: &str) -> bool {
    // A presigner that moves a checksum into the query computed it before there was a body, so AWS ignores it there.
    const NEVER: [&str; 5] = [
        "x-amz-checksum-",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-trailer",
        "x-amz-content-sha256",
        "x-amz-decoded-content-length",
    ];
    name.starts_with("x-amz-") && !NEVER.iter().any(|never| name.starts_with(never))
}

fn filled(bytes: Cow<'_, [u8]>) -> Option<Cow<'_, [u8]>> {
    (!bytes.is_empty()).then_some(bytes)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Bytes that are not UTF-8 stand in a private area: byte `b` is the character `RAW_BYTES + b`.
const RAW_BYTES: u32 = 0xef00;

#[cfg(test)]
mod tests {
    use super::*;

    fn check_names(path: &str, host_bucket: Option<&str>, bucket: Option<&str>, object_key: Option<&[u8]>) {
        let head = Head {
            method: "GET",
            path: path.as_bytes(),
            query: None,
            headers: &[],
            host_bucket,
        };
        let names = View::new(&head).names();
        assert_eq!(names.bucket.as_deref(), bucket, "{path}");
        assert_eq!(names.object_key.as_deref(), object_key, "{path}");
    }

    #[test]
    fn a_path_is_decoded_once_and_never_normalised() {
        check_names("/", None, None, None);
        check_names("", None, None, None);
        check_names("/b", None, Some("b"), None);
        check_names("/b/", None, Some("b"), None);
        check_names("/b/k", None, Some("b"), Some(b"k"));
        check_names("/b//k", None, Some("b"), Some(b"/k"));
        check_names("/b/../c", None, Some("b"), Some(b"../c"));
        check_names("/b/a+b%2Bc%252F", None, Some("b"), Some(b"a+b+c%2F"));
        check_names("/b/%zz%4", None, Some("b"), Some(b"%zz%4"));
        check_names("/b/%ff", None, Some("b"), Some(b"\xff"));
        check_names("/b%2Fk", None, Some("b/k"), None);
        check_names("//k", None, Some(""), Some(b"k"));
        check_names("/", Some("b"), Some("b"), None);
        check_names("/b/k", Some("b"), Some("b"), Some(b"b/k"));
    }

    #[test]
    fn query_parameters_are_decoded_once_with_plus_as_a_blank() {
        let head = Head {
            method: "GET",
            path: b"/",
            query: Some(b"a=1+2%2B3&&acl&b==x&a=second"),
            headers: &[],
            host_bucket: None,
        };
        let view = View::new(&head);
        assert_eq!(view.parameter("a"), Some("1 2+3"));
        assert_eq!(view.parameter("acl"), Some(""));
        assert_eq!(view.filled_parameter("acl"), None);
        assert_eq!(view.parameter("b"), Some("=x"));
        assert_eq!(view.parameter("A"), None);
    }

    #[test]
    fn headers_are_joined_and_moved_ones_are_found() {
        let headers: [(&str, &[u8]); 3] = [
            ("X-Amz-Meta-A", b" 1 "),
            ("x-amz-meta-a", b"2"),
            ("range", b"bytes=0-"),
        ];
        let head = Head {
            method: "PUT",
            path: b"/",
            query: Some(b"X-Amz-Meta-A=3&x-amz-acl=private&range=x&x-amz-checksum-crc32=AAAAAA%3D%3D"),
            headers: &headers,
            host_bucket: None,
        };
        let view = View::new(&head);
        assert_eq!(view.header("x-amz-meta-a").as_deref(), Some("1,2"));
        assert_eq!(view.header("x-amz-acl").as_deref(), Some("private"));
        assert_eq!(view.header("range").as_deref(), Some("bytes=0-"));
        assert_eq!(view.header("x-amz-checksum-crc32"), None);
        assert_eq!(view.header_names("x-amz-"), ["x-amz-meta-a", "x-amz-acl"]);
        assert_eq!(view.lines("x-amz-meta-").collect::<Vec<_>>(), ["x-amz-meta-a"; 3]);
    }

    #[test]
    fn a_header_value_comes_back_with_its_bytes() {
        for bytes in [
            &b"plain"[..],
            "gr\u{fc}n \u{1f600}".as_bytes(),
            b"Hello World\xe9",
            b"\x80\xff\xfe a",
            "\u{ef80}\u{efff}ä".as_bytes(),
        ] {
            assert_eq!(*header_bytes(&header_text(bytes)), *bytes);
        }
        assert_eq!(header_text("é".as_bytes()), "é");
    }
}
