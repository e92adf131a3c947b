//! URI-CHARSET: the key was signed in one character encoding and sent in another.
//!
//! Not here: accents in two forms of the same encoding (`uri_nfc`), headers (`hdr_nonascii`), and the encodings of East Asia, whose
//! tables are larger than all that is guessed here.

use countersign_sigv4::{decode_percent, encode_uri};

use super::charset::{
    as_latin_1, as_windows_1252, mojibake, question_marks, utf_8_of_latin_1, utf_8_of_windows_1252,
};
use super::path::{propose_uri, with_both_paths};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 585,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-CHARSET",
        "The key was signed and sent in two character encodings",
        include_str!("../../pages/URI-CHARSET.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let key = decode_percent(scene.case.request.path);
    if key.is_ascii() {
        return;
    }
    let mut propose = |uri: Vec<u8>, how: &'static str, specificity: u32| {
        propose_uri(scene, out, uri, specificity, how);
    };
    if let Ok(text) = std::str::from_utf8(&key) {
        propose(escaped(text), "as JavaScript's old escape() writes it", 35);
    }
    let mut add = |bytes: &[u8], how: &'static str, specificity: u32| {
        propose(encode_uri(bytes, true).into_bytes(), how, specificity);
    };
    match std::str::from_utf8(&key) {
        Ok(text) => {
            if let Some(latin_1) = as_latin_1(text) {
                add(&latin_1, "in Latin-1, and sent in UTF-8", 37);
            } else if let Some(windows) = as_windows_1252(text) {
                add(&windows, "in windows-1252, and sent in UTF-8", 37);
            }
            add(
                &utf_8_of_latin_1(&key),
                "in UTF-8 twice over, and sent in UTF-8",
                36,
            );
            add(&question_marks(text), "with ? for each such character", 35);
        }
        Err(_) => {
            add(&utf_8_of_latin_1(&key), "in UTF-8, and sent in Latin-1", 37);
            add(
                &utf_8_of_windows_1252(&key),
                "in UTF-8, and sent in windows-1252",
                36,
            );
        }
    }
    if let Some(once) = mojibake(&key) {
        add(&once, "in UTF-8, and encoded to UTF-8 a second time", 38);
    }
}

/// `%E9` for a character of Latin-1, `%u20AC` for one beyond it, as `escape` of JavaScript does.
fn escaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 3);
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_alphanumeric() || b"@*_+-./".contains(&byte) => out.push(byte),
            Ok(byte) => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            Err(_) => out.extend_from_slice(format!("%u{unit:04X}").as_bytes()),
        }
    }
    out
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = Words::of(format!("The key was signed {}", hypothesis.detail));
    Told {
        what: with_both_paths(what, hypothesis),
        cure: Words::of("Encode keys as UTF-8 once (")
            .say(scene.facts.signer.utf8_call())
            .say("), and make both the signature and the URL of those bytes."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_writes_characters_and_not_their_utf_8() {
        assert_eq!(escaped("/b/\u{e9} \u{20ac}(1)"), b"/b/%E9%20%u20AC%281%29");
    }
}
