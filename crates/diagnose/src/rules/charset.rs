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

/// What windows-1252 has in the place of the control characters 0x80 to 0x9F of Latin-1; itself where it has nothing.
const WINDOWS_1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];
const WINDOWS_1252_FIRST: u8 = 0x80;

/// The text in windows-1252, if each of its characters exists there.
pub(super) fn as_windows_1252(text: &str) -> Option<Vec<u8>> {
    let byte = |c: char| match WINDOWS_1252.iter().position(|known| *known == c) {
        Some(at) => u8::try_from(at).ok().map(|at| WINDOWS_1252_FIRST + at),
        None => u8::try_from(u32::from(c)).ok(),
    };
    text.chars().map(byte).collect()
}

/// These bytes read as windows-1252 and written as UTF-8.
pub(super) fn utf_8_of_windows_1252(bytes: &[u8]) -> Vec<u8> {
    let character = |&byte: &u8| {
        let at = byte.checked_sub(WINDOWS_1252_FIRST).map(usize::from);
        at.and_then(|at| WINDOWS_1252.get(at))
            .copied()
            .unwrap_or(char::from(byte))
    };
    bytes.iter().map(character).collect::<String>().into_bytes()
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
    fn windows_1252_has_a_euro_sign_and_reads_it_again() {
        let text = "\u{20ac} caf\u{e9} \u{2014}";
        let bytes = as_windows_1252(text).expect("all of it exists there");
        assert_eq!(bytes, b"\x80 caf\xe9 \x97");
        assert_eq!(utf_8_of_windows_1252(&bytes), text.as_bytes());
        assert_eq!(as_windows_1252("\u{4e2d}"), None);
    }

    #[test]
    fn latin_1_has_no_euro_sign() {
        assert_eq!(as_latin_1("\u{e9}"), Some(vec![0xe9]));
        assert_eq!(as_latin_1("\u{20ac}"), None);
    }
}
