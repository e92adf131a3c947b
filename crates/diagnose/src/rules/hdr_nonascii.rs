//! HDR-NONASCII: a header with characters beyond ASCII was signed in one encoding and sent in another.
//!
//! Not here: `x-amz-copy-source`, which also has percent-encoding to get wrong (`hdr_copysrc`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::{decode_percent, encode_uri};

use super::charset::{as_latin_1, mojibake, question_marks, utf_8_of_latin_1, without_non_ascii};
use super::header::{likely, propose_value, signed};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 660,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HDR-NONASCII",
        "A header beyond ASCII was signed and sent in two encodings",
        include_str!("../../pages/HDR-NONASCII.md"),
    )
};

/// Headers looked at, at most.
const HEADERS_MAX: usize = 8;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let odd = signed(scene).filter(|(_, value)| !value.is_ascii());
    for (name, value) in odd.take(HEADERS_MAX) {
        add(
            scene,
            out,
            name,
            utf_8_of_latin_1(value),
            "in UTF-8, and sent in Latin-1",
        );
        if let Ok(text) = std::str::from_utf8(value) {
            if let Some(latin_1) = as_latin_1(text) {
                add(scene, out, name, latin_1, "in Latin-1, and sent in UTF-8");
            }
            let encoded = STANDARD.encode(text);
            let word = format!("=?UTF-8?B?{encoded}?=");
            add(
                scene,
                out,
                name,
                word.into_bytes(),
                "as an RFC 2047 word, and sent bare",
            );
            add(
                scene,
                out,
                name,
                question_marks(text),
                "with ? for each such character",
            );
            let percent = percent_where_needed(value);
            add(scene, out, name, percent, "percent-encoded, and sent bare");
            let all = encode_uri(value, false).into_bytes();
            add(scene, out, name, all, "percent-encoded as a whole, and sent bare");
        }
        if let Some(once) = mojibake(value) {
            // Says more than that the bytes are Latin-1.
            if let Some(hypothesis) = propose_value(scene, out, name, once) {
                hypothesis.specificity = 33;
                hypothesis.detail = "in UTF-8, and encoded to UTF-8 a second time";
            }
        }
        add(
            scene,
            out,
            name,
            without_non_ascii(value),
            "without the characters beyond ASCII",
        );
    }
    let ascii = signed(scene).filter(|(_, value)| value.is_ascii());
    for (name, value) in ascii {
        if value.contains(&b'%') {
            let decoded = decode_percent(value);
            if !decoded.is_ascii() {
                add(scene, out, name, decoded, "bare, and sent percent-encoded");
            }
        }
        if let Some(decoded) = encoded_word(value) {
            add(scene, out, name, decoded, "bare, and sent as an RFC 2047 word");
        }
    }
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, name: &str, value: Vec<u8>, how: &'static str) {
    if let Some(hypothesis) = propose_value(scene, out, name, value) {
        hypothesis.specificity = 32;
        hypothesis.detail = how;
    }
}

/// The value with only what is not printable ASCII percent-encoded.
fn percent_where_needed(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 3);
    for &byte in value {
        if byte.is_ascii() {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

/// The text of a single `=?UTF-8?B?…?=` word.
fn encoded_word(value: &[u8]) -> Option<Vec<u8>> {
    let inner = value.strip_prefix(b"=?")?.strip_suffix(b"?=")?;
    let mut pieces = inner.splitn(3, |&b| b == b'?');
    let (charset, coding, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
    if !charset.eq_ignore_ascii_case(b"utf-8") || !coding.eq_ignore_ascii_case(b"b") {
        return None;
    }
    STANDARD.decode(text).ok()
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let Change::Header { name, .. } = &hypothesis.change else {
        return Told {
            what: Words::of(RULE.title),
            cure: cure(scene),
        };
    };
    let what = Words::of("The header ")
        .value(&Value::received(name.as_bytes()), "named in slot")
        .say(format!(" was signed {}", hypothesis.detail));
    Told {
        what,
        cure: cure(scene),
    }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() {
        return None;
    }
    let (name, _) = signed(scene).find(|(_, value)| !value.is_ascii())?;
    let why = "holds characters beyond ASCII, which were probably signed in another encoding";
    Some(likely(scene, name, 450, why, cure(scene)))
}

fn cure(scene: &Scene<'_>) -> Words {
    Words::of("Keep header values ASCII: percent-encode them (")
        .say(scene.facts.signer.encoder())
        .say(") or use RFC 2047, and decode when reading.")
}
