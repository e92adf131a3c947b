//! Percent-encoding as Signature Version 4 wants it, and the canonical query.
//!
//! Everything is bytes: a key may be any text in any encoding. A `%` that no two hex digits follow stands for itself.
//! Not here: which rule a service uses for its path; see `canonical`.

use std::borrow::Cow;
use std::ops::Range;

use crate::request::text;

/// Encodes every byte except `A-Z a-z 0-9 - . _ ~`, upper-case hex; `/` stays if `keep_slash`.
pub fn encode_uri(bytes: &[u8], keep_slash: bool) -> String {
    let mut encoded = Vec::with_capacity(bytes.len() + bytes.len() / 4);
    push_uri(&mut encoded, bytes, keep_slash);
    into_text(encoded)
}

/// As [`encode_uri`], behind what is there.
pub(crate) fn push_uri(encoded: &mut Vec<u8>, mut bytes: &[u8], keep_slash: bool) {
    loop {
        bytes = push_unreserved(encoded, bytes, keep_slash);
        let Some((first, rest)) = bytes.split_first() else {
            return;
        };
        push_escaped(encoded, *first);
        bytes = rest;
    }
}

/// What [`encode_uri`] gives with lower-case hex: `%2F` as `%2f`, which is never canonical and what some write.
pub fn lower_escapes(encoded: &str) -> String {
    // As long as the text from the beginning: it may hold a secret, of which no copy may be left behind.
    let mut lower = String::with_capacity(encoded.len());
    let mut digits = 0;
    for c in encoded.chars() {
        lower.push(if digits > 0 { c.to_ascii_lowercase() } else { c });
        digits = if c == '%' {
            2
        } else {
            usize::saturating_sub(digits, 1)
        };
    }
    lower
}

/// Decodes `%XX` once. A `+` stays a plus.
pub fn decode_percent(bytes: &[u8]) -> Vec<u8> {
    Decoded {
        rest: bytes,
        plus_is_blank: false,
    }
    .collect()
}

/// Decodes a name or value of a query once: `%XX`, and `+` is a blank.
pub fn decode_query(bytes: &[u8]) -> Vec<u8> {
    Decoded {
        rest: bytes,
        plus_is_blank: true,
    }
    .collect()
}

/// Decodes once and encodes once, slashes kept: the canonical path of S3, behind what is there.
pub(crate) fn push_recoded_path(encoded: &mut Vec<u8>, path: &[u8]) {
    let decoded = Decoded {
        rest: path,
        plus_is_blank: false,
    };
    push_recoded(encoded, decoded, true);
}

/// The raw pairs of a query in order; the value is `None` where there was no `=`. Empty pieces (`&&`) are left out.
pub fn query_pairs(query: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    query
        .split(|byte| *byte == b'&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| match piece.iter().position(|byte| *byte == b'=') {
            Some(at) => (&piece[..at], Some(&piece[at + 1..])),
            None => (piece, None),
        })
}

/// The decoded value of the first parameter with this (decoded, case-sensitive) name; empty where there was no `=`.
pub fn query_value(query: Option<&[u8]>, name: &str) -> Option<Vec<u8>> {
    let (_, value) = query_pairs(query?).find(|(raw, _)| query_name_is(raw, name))?;
    Some(decode_query(value.unwrap_or_default()))
}

/// A value of a query, decoded once; bytes that are not UTF-8 are replaced.
pub(crate) fn query_text(raw: &[u8]) -> Cow<'_, str> {
    if is_encoded(raw) {
        Cow::Owned(text(&decode_query(raw)).into_owned())
    } else {
        text(raw)
    }
}

/// Whether a raw name of a query means `name`.
pub(crate) fn query_name_is(raw: &[u8], name: &str) -> bool {
    // Decoding never makes a text longer.
    raw.len() >= name.len()
        && (raw == name.as_bytes()
            || is_encoded(raw)
                && Decoded {
                    rest: raw,
                    plus_is_blank: true,
                }
                .eq(name.bytes()))
}

/// Whether decoding a piece of a query may change it.
fn is_encoded(raw: &[u8]) -> bool {
    memchr::memchr2(b'%', b'+', raw).is_some()
}

/// As [`query_name_is`], in any case. Stops at the first difference and allocates nothing: it is asked for each header
/// and each parameter of a request that nobody has vouched for.
pub(crate) fn query_name_is_in_any_case(raw: &[u8], name: &str) -> bool {
    let decoded = Decoded {
        rest: raw,
        plus_is_blank: true,
    };
    decoded
        .map(|byte| byte.to_ascii_lowercase())
        .eq(name.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// The canonical query: each name and value decoded and encoded once (slashes too), sorted by encoded name, then by
/// encoded value, each with its `=`. The parameter named `without` is left out.
///
/// SPEC: a `+` in the query of a request is a blank, as S3 and its kin read it.
pub fn canonical_query(query: &[u8], without: Option<&str>) -> String {
    let mut canonical = Vec::new();
    push_canonical_query(&mut canonical, query, without);
    into_text(canonical)
}

/// As [`canonical_query`], behind what is there.
pub(crate) fn push_canonical_query(canonical: &mut Vec<u8>, query: &[u8], without: Option<&str>) {
    let mut encoded = Vec::with_capacity(query.len() + query.len() / 4);
    let mut pairs: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (name, value) in query_pairs(query) {
        if without.is_some_and(|without| query_name_is(name, without)) {
            continue;
        }
        let start = encoded.len();
        recode_query(&mut encoded, name);
        let middle = encoded.len();
        recode_query(&mut encoded, value.unwrap_or_default());
        pairs.push((start..middle, middle..encoded.len()));
    }
    let text = |range: &Range<usize>| encoded.get(range.clone()).unwrap_or_default();
    pairs.sort_by(|a, b| {
        text(&a.0)
            .cmp(text(&b.0))
            .then_with(|| text(&a.1).cmp(text(&b.1)))
    });

    canonical.reserve(encoded.len() + 2 * pairs.len());
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            canonical.push(b'&');
        }
        canonical.extend_from_slice(text(name));
        canonical.push(b'=');
        canonical.extend_from_slice(text(value));
    }
}

fn recode_query(encoded: &mut Vec<u8>, raw: &[u8]) {
    let decoded = Decoded {
        rest: raw,
        plus_is_blank: true,
    };
    push_recoded(encoded, decoded, false);
}

/// Encodes what is being decoded. Unreserved bytes mean themselves in both, so they are taken over a run at a time.
fn push_recoded(encoded: &mut Vec<u8>, mut decoded: Decoded<'_>, keep_slash: bool) {
    loop {
        decoded.rest = push_unreserved(encoded, decoded.rest, keep_slash);
        let Some(byte) = decoded.next() else {
            return;
        };
        if stays(byte, keep_slash) {
            encoded.push(byte);
        } else {
            push_escaped(encoded, byte);
        }
    }
}

/// Takes over the bytes that stay as they are, up to the first that does not: what is left from there on.
fn push_unreserved<'a>(encoded: &mut Vec<u8>, bytes: &'a [u8], keep_slash: bool) -> &'a [u8] {
    let run = bytes.iter().position(|byte| !stays(*byte, keep_slash));
    let (run, rest) = bytes.split_at(run.unwrap_or(bytes.len()));
    encoded.extend_from_slice(run);
    rest
}

fn stays(byte: u8, keep_slash: bool) -> bool {
    IS_UNRESERVED[usize::from(byte)] || (keep_slash && byte == b'/')
}

fn push_escaped(encoded: &mut Vec<u8>, byte: u8) {
    encoded.extend_from_slice(&[b'%', upper_hex(byte >> 4), upper_hex(byte & 15)]);
}

fn upper_hex(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'A' + nibble - 10
    }
}

fn into_text(encoded: Vec<u8>) -> String {
    String::from_utf8(encoded).expect("encoded bytes are ASCII")
}

/// The bytes that percent-encoding leaves alone.
const IS_UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

/// The bytes of a percent-encoded text, one by one, so that re-encoding needs no buffer in between.
struct Decoded<'a> {
    rest: &'a [u8],
    plus_is_blank: bool,
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let [b'%', high, low, rest @ ..] = self.rest
            && let (Some(high), Some(low)) = (nibble(*high), nibble(*low))
        {
            self.rest = rest;
            return Some(high << 4 | low);
        }
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(if self.plus_is_blank && *first == b'+' {
            b' '
        } else {
            *first
        })
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_in_small_letters_change_nothing_else() {
        for (encoded, expected) in [
            ("A%2FB%C3%A9%2b", "A%2fB%c3%a9%2b"),
            ("%", "%"),
            ("AB%F", "AB%f"),
            ("", ""),
        ] {
            assert_eq!(lower_escapes(encoded), expected);
        }
    }

    #[test]
    fn only_unreserved_bytes_stay() {
        let all: Vec<u8> = (0..=255).collect();
        let stays: String = all
            .iter()
            .filter(|byte| encode_uri(&[**byte], false).len() == 1)
            .map(|byte| char::from(*byte))
            .collect();
        assert_eq!(
            stays,
            "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
        );
        assert_eq!(encode_uri("/ä %".as_bytes(), true), "/%C3%A4%20%25");
        assert_eq!(encode_uri(b"/", false), "%2F");
    }

    fn recoded_path(path: &str) -> String {
        let mut encoded = Vec::new();
        push_recoded_path(&mut encoded, path.as_bytes());
        into_text(encoded)
    }

    #[test]
    fn plus_sign_stays_a_plus_sign_in_the_path() {
        assert_eq!(recoded_path("/a+b%2Bc"), "/a%2Bb%2Bc");
        assert_eq!(canonical_query(b"p=a+b%2Bc", None), "p=a%20b%2Bc");
    }

    #[test]
    fn a_lone_percent_stands_for_itself() {
        for (raw, decoded) in [
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%%41", "%A"),
            ("100%", "100%"),
        ] {
            assert_eq!(decode_percent(raw.as_bytes()), decoded.as_bytes(), "{raw}");
        }
    }

    #[test]
    fn a_path_is_decoded_once_only() {
        assert_eq!(recoded_path("/a%2520b%2fc"), "/a%2520b/c");
        assert_eq!(recoded_path("//a/../b/./"), "//a/../b/./");
    }

    #[test]
    fn the_canonical_query_is_sorted_after_encoding() {
        for (query, canonical) in [
            ("", ""),
            ("&&", ""),
            ("acl", "acl="),
            ("b=1&a=2&a=1", "a=1&a=2&b=1"),
            ("a=%7E&a=/", "a=%2F&a=~"),
            ("a-b=1&a=2", "a=2&a-b=1"),
            ("x=a=b", "x=a%3Db"),
            ("=v", "=v"),
            ("B=1&a=1", "B=1&a=1"),
        ] {
            assert_eq!(canonical_query(query.as_bytes(), None), canonical, "{query}");
        }
    }

    #[test]
    fn the_signature_is_left_out_however_its_name_is_written() {
        let query = b"a=1&X-Amz-Signature=00&X%2DAmz-Signature=11&x-amz-signature=22";
        assert_eq!(
            canonical_query(query, Some("X-Amz-Signature")),
            "a=1&x-amz-signature=22"
        );
        assert_eq!(
            query_value(Some(query), "X-Amz-Signature").as_deref(),
            Some(&b"00"[..])
        );
        assert_eq!(query_value(None, "a"), None);
    }
}
