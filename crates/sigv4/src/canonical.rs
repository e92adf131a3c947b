//! Turns a request into the text that both sides sign.
//!
//! Takes the raw path and query, decodes once and encodes once as S3 does. Whoever decodes before us loses `%2F` and
//! `+`, and the signature would no longer match.
//!
//! Absent on purpose: the clock, the secret, any look-up, any second way to read the same request.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use smol_str::SmolStr;

use crate::claim::{Claim, Form};
use crate::request::Request;
use crate::uri::{canonical_query, push_canonical_query, push_recoded_path, push_uri};

/// How a service makes its canonical path from the raw one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathRule {
    /// S3: decode once, encode once. Nothing is normalised: `//` and `..` may be part of a key.
    S3,
    /// Every other service: dot segments and doubled slashes are removed, and the path as sent, already encoded once,
    /// is encoded again.
    Generic,
    /// As `Generic`, without the removal.
    GenericUnnormalized,
}

/// A canonical request in its six parts, so that one part can be replaced and the rest kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// The method as sent.
    pub method: String,
    /// The canonical path.
    pub uri: String,
    /// The canonical query, `X-Amz-Signature` left out; empty if there is none.
    pub query: String,
    /// `name:value\n` for each signed header, sorted by name. Bytes, for header values need not be UTF-8.
    pub headers: Vec<u8>,
    /// The signed names, lower case, sorted, joined with `;`.
    pub signed_headers: String,
    /// The payload line.
    pub payload: String,
}

impl Canonical {
    /// The canonical form of `request` as signed by `claim`.
    ///
    /// A name in the signed headers that the request does not have gives a line with an empty value: the signature
    /// then does not match unless the client signed just that, which is how AWS answers a dropped header.
    pub fn of(request: &Request<'_>, claim: &Claim, rule: PathRule) -> Canonical {
        let names = sorted_names(&claim.signed_headers);
        Canonical {
            method: request.method.to_owned(),
            uri: rule.canonical_uri(request.path),
            query: canonical_query(request.query.unwrap_or_default(), left_out(claim)),
            headers: header_block(request, &names),
            signed_headers: names.join(";"),
            payload: claim.payload.text().to_owned(),
        }
    }

    /// The text of [`Canonical::of`], without its parts.
    pub(crate) fn bytes_of(request: &Request<'_>, claim: &Claim, rule: PathRule) -> Vec<u8> {
        let names = sorted_names(&claim.signed_headers);
        let query = request.query.unwrap_or_default();
        // Room for what does not grow much. A text that does grow costs a copy, nothing else.
        let room =
            request.path.len() + query.len() + HEADER_BYTES_TYPICAL * names.len() + OTHER_BYTES_TYPICAL;
        let mut bytes = Vec::with_capacity(room);
        bytes.extend_from_slice(request.method.as_bytes());
        bytes.push(b'\n');
        rule.push_canonical_uri(&mut bytes, request.path);
        bytes.push(b'\n');
        push_canonical_query(&mut bytes, query, left_out(claim));
        bytes.push(b'\n');
        push_header_block(&mut bytes, request, &names);
        bytes.push(b'\n');
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                bytes.push(b';');
            }
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(claim.payload.text().as_bytes());
        bytes
    }

    /// The text: the six parts with a line break between each two.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.parts().iter().map(|part| part.len() + 1).sum());
        for (index, part) in self.parts().into_iter().enumerate() {
            if index > 0 {
                bytes.push(b'\n');
            }
            bytes.extend_from_slice(part);
        }
        bytes
    }

    /// SHA-256 of the text, without building it.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for (index, part) in self.parts().into_iter().enumerate() {
            if index > 0 {
                hasher.update(b"\n");
            }
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    fn parts(&self) -> [&[u8]; 6] {
        [
            self.method.as_bytes(),
            self.uri.as_bytes(),
            self.query.as_bytes(),
            &self.headers,
            self.signed_headers.as_bytes(),
            self.payload.as_bytes(),
        ]
    }
}

impl PathRule {
    /// The canonical path of a raw one; `/` for an empty path.
    pub fn canonical_uri(self, path: &[u8]) -> String {
        let mut uri = Vec::with_capacity(path.len() + 8);
        self.push_canonical_uri(&mut uri, path);
        String::from_utf8(uri).expect("encoded bytes are ASCII")
    }

    fn push_canonical_uri(self, uri: &mut Vec<u8>, path: &[u8]) {
        match self {
            _ if path.is_empty() => uri.push(b'/'),
            PathRule::S3 => push_recoded_path(uri, path),
            PathRule::Generic => push_uri(uri, &normalized(path), true),
            PathRule::GenericUnnormalized => push_uri(uri, path, true),
        }
    }
}

/// The parameter that the canonical query of a claim does not have.
fn left_out(claim: &Claim) -> Option<&'static str> {
    (claim.form == Form::Query).then_some("X-Amz-Signature")
}

/// The `name:value\n` lines for names that are lower case and sorted.
pub fn header_block<S: AsRef<str>>(request: &Request<'_>, names: &[S]) -> Vec<u8> {
    let mut block = Vec::with_capacity(HEADER_BYTES_TYPICAL * names.len());
    push_header_block(&mut block, request, names);
    block
}

fn push_header_block<S: AsRef<str>>(block: &mut Vec<u8>, request: &Request<'_>, names: &[S]) {
    for name in names.iter().map(AsRef::as_ref) {
        block.extend_from_slice(name.as_bytes());
        block.push(b':');
        push_header_value(block, request, name);
        block.push(b'\n');
    }
}

/// The canonical value of a header: its lines in order of arrival, each folded, joined with `,`. `None` if absent.
pub fn header_value(request: &Request<'_>, name: &str) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    push_header_value(&mut value, request, name).then_some(value)
}

/// One header line folded: trimmed, each run of blanks, tabs and line breaks one blank.
///
/// SPEC: AWS documents that quoted strings keep their blanks; no signer in use protects them, and neither does S3.
pub fn canonical_value(raw: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(raw.len());
    push_folded(&mut value, raw);
    value
}

fn push_header_value(block: &mut Vec<u8>, request: &Request<'_>, name: &str) -> bool {
    let mut found = push_lines(block, request, name);
    if !found && name == ":authority" {
        // HTTP/2 servers hand the pseudo-header on as `host`.
        found = push_lines(block, request, "host");
    }
    found
}

fn push_lines(block: &mut Vec<u8>, request: &Request<'_>, name: &str) -> bool {
    let mut found = false;
    for raw in request.header_values(name) {
        if found {
            block.push(b',');
        }
        push_folded(block, raw);
        found = true;
    }
    found
}

fn push_folded(block: &mut Vec<u8>, raw: &[u8]) {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    // Nearly all values are one word. Asked of all bytes at once, this is asked of many bytes in one instruction.
    if !raw.iter().fold(false, |any, byte| any | is_blank(byte)) {
        block.extend_from_slice(raw);
        return;
    }
    let mut first = true;
    for word in raw.split(is_blank).filter(|word| !word.is_empty()) {
        if !first {
            block.push(b' ');
        }
        block.extend_from_slice(word);
        first = false;
    }
}

/// Lower case, sorted, each once: nearly always as they were sent.
fn sorted_names(sent: &[SmolStr]) -> Cow<'_, [SmolStr]> {
    let is_lower_case = |name: &SmolStr| {
        let upper_case = name
            .bytes()
            .fold(false, |any, byte| any | byte.is_ascii_uppercase());
        !upper_case
    };
    if sent.iter().all(is_lower_case) && sent.is_sorted_by(|a, b| a < b) {
        return Cow::Borrowed(sent);
    }
    let mut names: Vec<SmolStr> = sent.iter().map(|name| name.to_ascii_lowercase().into()).collect();
    names.sort_unstable();
    names.dedup();
    Cow::Owned(names)
}

/// RFC 3986 section 5.2.4 over the raw bytes, and doubled slashes merged.
fn normalized(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_in_slash = false;
    for segment in path.split(|byte| *byte == b'/') {
        ends_in_slash = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let mut normalized = Vec::with_capacity(path.len() + 1);
    for segment in &kept {
        normalized.push(b'/');
        normalized.extend_from_slice(segment);
    }
    if ends_in_slash || kept.is_empty() {
        normalized.push(b'/');
    }
    normalized
}

/// Bytes of a line of the header block, as clients send them.
const HEADER_BYTES_TYPICAL: usize = 96;

/// Bytes of the method, the payload line and the line breaks, and some that escapes need.
const OTHER_BYTES_TYPICAL: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_path_rules_differ() {
        for (raw, s3, generic, unnormalized) in [
            ("", "/", "/", "/"),
            ("/", "/", "/", "/"),
            ("/a b", "/a%20b", "/a%20b", "/a%20b"),
            ("/a%20b", "/a%20b", "/a%2520b", "/a%2520b"),
            ("/a%2Fb", "/a/b", "/a%252Fb", "/a%252Fb"),
            ("//a//", "//a//", "/a/", "//a//"),
            ("/a/../b/.", "/a/../b/.", "/b/", "/a/../b/."),
            ("/../..", "/../..", "/", "/../.."),
            ("/a/./b", "/a/./b", "/a/b", "/a/./b"),
            (
                "/a=b@c(d)!'*",
                "/a%3Db%40c%28d%29%21%27%2A",
                "/a%3Db%40c%28d%29%21%27%2A",
                "/a%3Db%40c%28d%29%21%27%2A",
            ),
            ("/ä", "/%C3%A4", "/%C3%A4", "/%C3%A4"),
        ] {
            assert_eq!(PathRule::S3.canonical_uri(raw.as_bytes()), s3, "{raw}");
            assert_eq!(PathRule::Generic.canonical_uri(raw.as_bytes()), generic, "{raw}");
            assert_eq!(
                PathRule::GenericUnnormalized.canonical_uri(raw.as_bytes()),
                unnormalized,
                "{raw}"
            );
        }
    }

    #[test]
    fn values_are_trimmed_and_folded() {
        for (raw, value) in [
            ("", ""),
            ("  a   b\t\tc ", "a b c"),
            ("\"a   b\"", "\"a b\""),
            ("a\n  b", "a b"),
            ("a, b", "a, b"),
        ] {
            assert_eq!(canonical_value(raw.as_bytes()), value.as_bytes(), "{raw}");
        }
        assert_eq!(canonical_value(b" \xff\xfe "), b"\xff\xfe");
    }

    #[test]
    fn lines_of_one_name_are_joined_and_an_absent_name_has_an_empty_line() {
        let headers = [
            ("X-B", &b"2"[..]),
            ("x-a", b" 1  1 "),
            ("X-b", b"3"),
            ("host", b"h"),
        ];
        let request = Request {
            method: "GET",
            path: b"/",
            query: None,
            headers: &headers,
        };
        let block = header_block(&request, &[":authority", "x-a", "x-absent", "x-b"]);
        assert_eq!(block, b":authority:h\nx-a:1 1\nx-absent:\nx-b:2,3\n");
        assert_eq!(header_value(&request, "x-absent"), None);
    }

    #[test]
    fn signed_names_are_sorted_however_they_were_sent() {
        for sent in [
            &["X-B", "host", "x-a", "x-b"][..],
            &["host", "x-a", "x-b"],
            &["x-b", "x-a", "host"],
            &["host", "host", "x-a", "x-b"],
            &["host", "X-A", "x-b"],
        ] {
            let names: Vec<SmolStr> = sent.iter().map(|name| (*name).into()).collect();
            assert_eq!(*sorted_names(&names), ["host", "x-a", "x-b"], "{sent:?}");
        }
    }

    #[test]
    fn the_text_is_that_of_the_parts() {
        let headers = [
            ("Host", &b"h"[..]),
            ("Authorization", b"AWS4-HMAC-SHA256 Credential=A/20130524/r/s3/aws4_request, SignedHeaders=X-B;host;x-b, Signature=0"),
            ("x-amz-date", b"20130524T000000Z"),
            ("x-amz-content-sha256", b"UNSIGNED-PAYLOAD"),
            ("x-b", b" 1  2 "),
            ("X-B", b"3"),
        ];
        for (path, query) in [
            ("", None),
            ("/", Some("")),
            ("//a%2fb/../c d", Some("b=1&a+b=%2f&&a")),
        ] {
            let request = Request {
                method: "GET",
                path: path.as_bytes(),
                query: query.map(str::as_bytes),
                headers: &headers,
            };
            let claim = crate::claim(&request).expect("well formed").expect("signed");
            for rule in [PathRule::S3, PathRule::Generic, PathRule::GenericUnnormalized] {
                let parts = Canonical::of(&request, &claim, rule);
                assert_eq!(
                    Canonical::bytes_of(&request, &claim, rule),
                    parts.bytes(),
                    "{path} {rule:?}"
                );
            }
        }
    }

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let canonical = Canonical {
            method: "GET".into(),
            uri: "/".into(),
            query: "a=".into(),
            headers: b"host:h\n".to_vec(),
            signed_headers: "host".into(),
            payload: "UNSIGNED-PAYLOAD".into(),
        };
        assert_eq!(canonical.bytes(), b"GET\n/\na=\nhost:h\n\nhost\nUNSIGNED-PAYLOAD");
        assert_eq!(
            canonical.hash(),
            <[u8; 32]>::from(Sha256::digest(canonical.bytes()))
        );
    }
}
