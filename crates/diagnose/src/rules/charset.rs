//! Texts in the wrong character encoding, shared by the rules about bytes beyond ASCII.
//!
//! Not here: percent-encoding, which the signature crate has.

/// The text in Latin-1, if each of its characters exists there.
pub(super) fn as_latin_1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// These bytes read as Latin-1 and written as UTF-8.
pub(super) fn utf_8_of_latin_1(bytes: &[u8]) -> Vec<u8> {
    let text: String = bytes.iter().copied().map(char::from).collect();
    text.into_bytes()
}

/// The UTF-8 text that was taken for Latin-1 and encoded again, if these bytes are the result of that.
pub(super) fn mojibake(bytes: &[u8]) -> Option<Vec<u8>> {
    let once = as_latin_1(std::str::from_utf8(bytes).ok()?)?;
    let sound = !once.is_ascii() && std::str::from_utf8(&once).is_ok();
    sound.then_some(once)
}

/// The text with `?` for every character beyond ASCII.
pub(super) fn question_marks(text: &str) -> Vec<u8> {
    let ascii = text.chars().map(|c| if c.is_ascii() { c } else { '?' });
    ascii.collect::<String>().into_bytes()
}

/// What is left when everything beyond ASCII is dropped.
pub(super) fn without_non_ascii(bytes: &[u8]) -> Vec<u8> {
    let kept: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii).collect();
    countersign_sigv4::canonical_value(&kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_taken_for_latin_1_is_found_again() {
        let text = "caf\u{e9} \u{20ac}".as_bytes();
        assert_eq!(mojibake(&utf_8_of_latin_1(text)).as_deref(), Some(text));
        assert_eq!(mojibake(text), None);
        assert_eq!(mojibake(b"plain"), None);
    }

    #[test]
    fn latin_1_has_no_euro_sign() {
        assert_eq!(as_latin_1("\u{e9}"), Some(vec![0xe9]));
        assert_eq!(as_latin_1("\u{20ac}"), None);
    }
}
