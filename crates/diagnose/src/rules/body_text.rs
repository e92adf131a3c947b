//! What was done to a body between the hashing and the sending, as far as its beginning and its length tell.
//!
//! A short body is known whole, so each usual way to spoil a text can be undone and the hash compared: that is certain. Of a longer one
//! only the beginning is known, and what it looks like is a hint.
//!
//! Keeps true: a body is never read for this; at most [`BODY_BYTES_KNOWN`] bytes are hashed, as often as there are ways to undo.

use crate::case::BodyFacts;

/// What is known of a body's beginning; a body that is not longer is known whole.
pub(super) const BODY_BYTES_KNOWN: usize = 256;

/// Why it is another body, and what to change.
pub(super) type Spoilt = (String, &'static str);

/// What was done to the body. `is_signed` says whether bytes are those that were hashed, or `None` if that hash cannot be computed here.
pub(super) fn spoilt(body: &BodyFacts, is_signed: impl Fn(&[u8]) -> Option<bool>) -> Spoilt {
    let head = body.head.get(..BODY_BYTES_KNOWN).unwrap_or(&body.head);
    let mut is_undone_in_vain = false;
    if body.bytes == head.len() as u64 {
        for undo in &UNDO {
            let Some(bytes) = (undo.undone)(head) else {
                continue;
            };
            match is_signed(&bytes) {
                Some(true) => return (undo.why.to_owned(), undo.cure),
                Some(false) => is_undone_in_vain = true,
                None => {}
            }
        }
    }
    looks_like(body.bytes, head, is_undone_in_vain)
}

/// One way to spoil a body, and the way back.
struct Undo {
    undone: fn(&[u8]) -> Option<Vec<u8>>,
    why: &'static str,
    cure: &'static str,
}

const HASH_WHAT_IS_SENT: &str =
    "Hash the bytes that are sent, after encoding the text, and send them as bytes.";
const NO_CONVERSION: &str =
    "Send the body as bytes: upload the file in binary mode, without converting its line ends.";

const UNDO: [Undo; 8] = [
    Undo {
        undone: |bytes| bytes.contains(&b'\r').then(|| replaced(bytes, b"\r\n", b"\n")),
        why: "with LF in place of CRLF it is, so its line ends were converted to CRLF",
        cure: NO_CONVERSION,
    },
    Undo {
        undone: |bytes| (!bytes.contains(&b'\r')).then(|| replaced(bytes, b"\n", b"\r\n")),
        why: "with CRLF in place of LF it is, so its line ends were converted to LF",
        cure: NO_CONVERSION,
    },
    Undo {
        undone: |bytes| bytes.strip_suffix(b"\n").map(<[u8]>::to_vec),
        why: "without the line break at its end it is",
        cure: "Hash and send the same bytes; an editor, echo or a here-document adds a line break.",
    },
    Undo {
        undone: |bytes| Some([bytes, b"\n"].concat()),
        why: "with a line break at its end it is",
        cure: "Send the body whole: curl needs --data-binary in place of --data, and trimming must come before hashing.",
    },
    Undo {
        undone: |bytes| bytes.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec),
        why: "without the byte order mark at its beginning it is",
        cure: "Write the text as UTF-8 without a byte order mark, or hash it with the mark.",
    },
    Undo {
        undone: |bytes| Some([BYTE_ORDER_MARK, bytes].concat()),
        why: "with a byte order mark at its beginning it is",
        cure: "Send the byte order mark that was hashed, or hash the text without it.",
    },
    Undo {
        undone: |bytes| {
            let text = std::str::from_utf8(bytes).ok().filter(|text| !text.is_ascii())?;
            text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
        },
        why: "in Latin-1 it is, so the text was hashed in one encoding and sent in another, as UTF-8",
        cure: HASH_WHAT_IS_SENT,
    },
    Undo {
        undone: |bytes| {
            let text = || bytes.iter().map(|&b| char::from(b)).collect::<String>();
            (!bytes.is_ascii()).then(|| text().into_bytes())
        },
        why: "in UTF-8 it is, so the text was hashed in one encoding and sent in another, as Latin-1",
        cure: HASH_WHAT_IS_SENT,
    },
];

/// What a body shows by itself; not what was undone in vain.
fn looks_like(bytes: u64, head: &[u8], is_undone_in_vain: bool) -> Spoilt {
    let (why, cure) = if bytes == 0 {
        (
            "it is empty, as when a stream was already read",
            "Rewind the stream before sending, or make a new one for each attempt.",
        )
    } else if head.starts_with(&[0x1f, 0x8b]) {
        (
            "it begins as gzip does",
            "If the file is no gzip itself, compress before signing, or turn off compression in the client or proxy.",
        )
    } else if head.starts_with(BYTE_ORDER_MARK) && !is_undone_in_vain {
        (
            "it begins with a byte order mark",
            "Hash the bytes that are sent, after encoding the text.",
        )
    } else if bytes >= BUFFER_BYTES_MIN && bytes.is_power_of_two() {
        let why = format!("it has exactly {bytes} bytes, the size of a buffer, as when the rest was cut off");
        return (
            why,
            "Look for a limit of that size in the client or a proxy, and for a stream that was read once only.",
        );
    } else if is_text_with_crlf(head) && !is_undone_in_vain {
        (
            "it is a text whose lines end in CRLF, as after a conversion",
            NO_CONVERSION,
        )
    } else {
        (
            "it was changed after signing, or other bytes were hashed",
            "Hash the very bytes that are sent; look for a re-encoded text, changed line ends, or a file still being written.",
        )
    };
    (why.to_owned(), cure)
}

/// Every line that is known whole ends in CRLF.
fn is_text_with_crlf(head: &[u8]) -> bool {
    let mut breaks = head.iter().enumerate().filter(|(_, b)| **b == b'\n').peekable();
    breaks.peek().is_some()
        && breaks.all(|(at, _)| at.checked_sub(1).and_then(|before| head.get(before)) == Some(&b'\r'))
        && head
            .iter()
            .all(|b| !b.is_ascii_control() || b.is_ascii_whitespace())
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, more)) = rest.split_first() {
        match rest.strip_prefix(from) {
            Some(after) => {
                out.extend_from_slice(to);
                rest = after;
            }
            None => {
                out.push(*first);
                rest = more;
            }
        }
    }
    out
}

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
/// Smallest buffer that is taken for one.
const BUFFER_BYTES_MIN: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn why(sent: &[u8], hashed: &[u8]) -> String {
        let body = BodyFacts {
            bytes: sent.len() as u64,
            sha256: None,
            head: sent.to_vec(),
        };
        spoilt(&body, |bytes| Some(bytes == hashed)).0
    }

    #[test]
    fn what_can_be_undone_is_certain() {
        for (sent, hashed, said) in [
            (&b"a\r\nb\r\n"[..], &b"a\nb\n"[..], "converted to CRLF"),
            (b"a\nb\n", b"a\r\nb\r\n", "converted to LF"),
            (b"hello\n", b"hello", "without the line break"),
            (b"hello", b"hello\n", "with a line break"),
            (b"\xef\xbb\xbfhello", b"hello", "without the byte order mark"),
            (b"hello", b"\xef\xbb\xbfhello", "with a byte order mark"),
            (b"caf\xc3\xa9", b"caf\xe9", "in Latin-1 it is"),
            (b"caf\xe9", b"caf\xc3\xa9", "in UTF-8 it is"),
            (b"hello", b"hallo", "other bytes were hashed"),
            (b"a\r\nb\r\n", b"other", "other bytes were hashed"),
            (b"", b"hello", "it is empty"),
        ] {
            let told = why(sent, hashed);
            assert!(told.contains(said), "{said}: {told}");
        }
    }

    #[test]
    fn where_the_hash_cannot_be_computed_a_short_body_is_a_hint_too() {
        let body = BodyFacts {
            bytes: 6,
            sha256: None,
            head: b"a\r\nb\r\n".to_vec(),
        };
        assert!(spoilt(&body, |_| None).0.contains("as after a conversion"));
    }

    #[test]
    fn of_a_longer_body_its_beginning_is_a_hint() {
        let check = |bytes: u64, head: &[u8], said: &str| {
            let body = BodyFacts {
                bytes,
                sha256: None,
                head: head.to_vec(),
            };
            let (told, _) = spoilt(&body, |_| unreachable!("what is not known cannot be hashed"));
            assert!(told.contains(said), "{said}: {told}");
        };
        check(1000, b"\x1f\x8b\x08", "gzip");
        check(1000, b"\xef\xbb\xbf", "byte order mark");
        check(65_536, b"data", "exactly 65536 bytes");
        check(1024, b"data", "changed after signing");
        check(1000, b"a\r\nb\r\nc", "CRLF");
        check(1000, b"a\r\nb\nc", "changed after signing");
        check(1000, b"\x00\r\n", "changed after signing");
    }
}
