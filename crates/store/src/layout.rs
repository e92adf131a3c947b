//! Where every row lies. No other module writes a row name.
//!
//! A bucket has a space of its own; there a home is one object key. Classes of a bucket's space:
//!
//! | class | suffix | row | body |
//! |---|---|---|---|
//! | `k` | empty | the object (head) | its bytes, unless it is made of parts |
//! | `p` | empty | the generation of the object, if it is made of parts | |
//! | `m` | generation, number | the object's list of parts, at most 64 KiB a row | |
//! | `b` | generation, part number | a part, of an upload or of an object | its bytes |
//! | `u` | upload id | an upload that is neither completed nor aborted | |
//! | `g` | generation | what is to be swept | |
//! | `c` | empty | the bucket's CORS rules, in [`settings_home`] | |
//! | `o` | id of a link, in hex | that a link to the object that is good for one use was used | |
//!
//! An upload's id is the generation of the object it becomes, so Complete renames nothing. Row `p` exists so that plain
//! writes, which replace a plain object without looking, notice that they replace parts. Class `v` is kept for versions.
//!
//! The system's space: class `B`, home = bucket name; class `P`, the same home, the bucket's policy; class `N`, home = name of a
//! counter; class `A`, home = id of an account, what is set for all of its buckets.
//!
//! INVARIANT: [`escape`] keeps byte order and prefixes and leaves no 0x00, so the order of homes is S3's order of keys.

use crate::records::Generation;
use bytes::Bytes;
use countersign_engine::{Class, Home, Position, Row};
use countersign_types::{BucketName, ObjectKey, PartNumber, UploadId};
use std::ops::Bound;

pub(crate) const HEAD: Class = Class(b'k');
pub(crate) const PARTS_MARK: Class = Class(b'p');
pub(crate) const MANIFEST: Class = Class(b'm');
pub(crate) const PART: Class = Class(b'b');
pub(crate) const UPLOAD: Class = Class(b'u');
pub(crate) const GARBAGE: Class = Class(b'g');
pub(crate) const CORS: Class = Class(b'c');
pub(crate) const ONCE: Class = Class(b'o');
pub(crate) const BUCKET: Class = Class(b'B');
pub(crate) const POLICY: Class = Class(b'P');
pub(crate) const COUNTER: Class = Class(b'N');
pub(crate) const ACCOUNT: Class = Class(b'A');

/// The home of an object key.
pub(crate) fn object_home(object_key: &ObjectKey) -> Home {
    Home(escape(object_key.as_str()))
}

/// The home of a bucket's rows in the system's space.
pub(crate) fn bucket_home(name: &BucketName) -> Home {
    Home(Bytes::copy_from_slice(name.as_str().as_bytes()))
}

/// The home of what is set for all buckets of an account. A bucket may have the same name, but no row of this class.
pub(crate) fn account_home(account_id: &str) -> Home {
    Home(Bytes::copy_from_slice(account_id.as_bytes()))
}

/// The home of the counter that gives out space ids.
pub(crate) fn space_counter_home() -> Home {
    Home(Bytes::from_static(b"spaces"))
}

/// The home of what is set for a bucket as a whole: no object key is escaped to it.
pub(crate) fn settings_home() -> Home {
    Home(Bytes::from_static(&[ESCAPE]))
}

/// A home and row that never hold anything.
pub(crate) fn nothing() -> (Home, Row) {
    (settings_home(), single(GARBAGE))
}

pub(crate) fn single(class: Class) -> Row {
    Row {
        class,
        suffix: Bytes::new(),
    }
}

pub(crate) fn upload_row(upload_id: &UploadId) -> Row {
    Row {
        class: UPLOAD,
        suffix: Bytes::copy_from_slice(upload_id.as_str().as_bytes()),
    }
}

pub(crate) fn garbage_row(generation: Generation) -> Row {
    Row {
        class: GARBAGE,
        suffix: generation.hex().into(),
    }
}

pub(crate) fn part_row(generation: Generation, number: PartNumber) -> Row {
    Row {
        class: PART,
        suffix: numbered(generation, number.get()),
    }
}

pub(crate) fn manifest_row(generation: Generation, number: u16) -> Row {
    Row {
        class: MANIFEST,
        suffix: numbered(generation, number),
    }
}

pub(crate) fn once_row(link: &[u8; 32]) -> Row {
    Row {
        class: ONCE,
        suffix: hex::encode(link).into(),
    }
}

/// The part number at the end of a part row's suffix.
pub(crate) fn part_number(suffix: &[u8]) -> Option<PartNumber> {
    let text = std::str::from_utf8(suffix).ok()?;
    text.get(GENERATION_CHARS..).and_then(PartNumber::parse)
}

/// The generation or upload id at the beginning of a suffix.
pub(crate) fn generation(suffix: &[u8]) -> Option<Generation> {
    suffix.get(..GENERATION_CHARS).and_then(Generation::parse)
}

/// From the first to the last numbered row of a generation in one home; `after` leaves out what is up to that number.
pub(crate) fn numbered_range(
    home: &Home,
    generation: Generation,
    after: u16,
) -> (Bound<Position>, Bound<Position>) {
    (
        Bound::Excluded(Position {
            home: home.0.clone(),
            suffix: numbered(generation, after),
        }),
        Bound::Included(Position {
            home: home.0.clone(),
            suffix: numbered(generation, u16::MAX),
        }),
    )
}

/// Before every row of a home, and of all homes after it.
pub(crate) fn at_home(home: Bytes) -> Position {
    Position {
        home,
        suffix: Bytes::new(),
    }
}

/// After every row of a home.
pub(crate) fn past_home(home: Bytes) -> Position {
    Position {
        home,
        suffix: Bytes::from_static(&[0xff]),
    }
}

/// The smallest bytes that are greater than everything that begins with `prefix`; `None`: there are none.
pub(crate) fn past_prefix(prefix: &[u8]) -> Option<Bytes> {
    let kept = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let (last, before) = prefix.get(..=kept)?.split_last()?;
    Some([before, &[last + 1]].concat().into())
}

/// An object key (or a piece of one) as bytes of a home.
pub(crate) fn escape(text: &str) -> Bytes {
    escape_bytes(text.as_bytes())
}

pub(crate) fn escape_bytes(bytes: &[u8]) -> Bytes {
    let is_plain = bytes.iter().all(|byte| *byte > ESCAPE);
    if is_plain {
        return Bytes::copy_from_slice(bytes);
    }
    let mut escaped = Vec::with_capacity(bytes.len() + 8);
    for byte in bytes {
        match byte {
            0 => escaped.extend([ESCAPE, ESCAPED_0]),
            1 => escaped.extend([ESCAPE, ESCAPED_1]),
            other => escaped.push(*other),
        }
    }
    escaped.into()
}

/// True if the text is found in the home of a key exactly where it stands in the key.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte > ESCAPED_1)
}

/// The object key of a home; `None` if the bytes are no home of ours.
pub(crate) fn unescape(home: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(home.len());
    let mut rest = home.iter();
    while let Some(byte) = rest.next() {
        match byte {
            0 => return None,
            &ESCAPE => match rest.next() {
                Some(&ESCAPED_0) => bytes.push(0),
                Some(&ESCAPED_1) => bytes.push(1),
                _ => return None,
            },
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

fn numbered(generation: Generation, number: u16) -> Bytes {
    format!("{}{number:05}", generation.hex()).into()
}

const ESCAPE: u8 = 1;
const ESCAPED_0: u8 = 1;
const ESCAPED_1: u8 = 2;
const GENERATION_CHARS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_key() -> impl Strategy<Value = String> {
        let small = prop::sample::select(vec!['\0', '\u{1}', '\u{2}', 'a', '/', 'é', '\u{10ffff}']);
        prop::collection::vec(small, 0..8).prop_map(|chars| chars.into_iter().collect())
    }

    fn plain_text() -> impl Strategy<Value = String> {
        let plain = prop::sample::select(vec!['a', '/', 'é', '\u{10ffff}']);
        prop::collection::vec(plain, 1..4).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn escaping_keeps_order_and_reads_back(a in any_key(), b in any_key()) {
            prop_assert_eq!(escape(&a).cmp(&escape(&b)), a.as_bytes().cmp(b.as_bytes()));
            prop_assert!(!escape(&a).contains(&0));
            prop_assert_eq!(unescape(&escape(&a)), Some(a));
        }

        #[test]
        fn escaping_keeps_prefixes(a in any_key(), b in any_key()) {
            prop_assert_eq!(escape(&a).starts_with(&escape(&b)), a.as_bytes().starts_with(b.as_bytes()));
        }

        #[test]
        fn a_plain_text_is_found_where_it_stands(key in any_key(), text in plain_text()) {
            prop_assert!(is_plain(&text));
            let home = escape(&key);
            let found = home.windows(text.len()).position(|window| window == text.as_bytes());
            prop_assert_eq!(found, key.find(&text).map(|at| escape(&key[..at]).len()));
        }

        #[test]
        fn past_prefix_parts_what_begins_with_it_from_what_follows(prefix in any_key(), key in any_key()) {
            prop_assume!(!prefix.is_empty());
            let end = past_prefix(&escape(&prefix)).expect("no 0xff in utf-8");
            let home = escape(&key);
            prop_assert_eq!(home >= end, key > prefix && !key.starts_with(&prefix));
        }
    }

    #[test]
    fn homes_of_other_makers_are_not_object_keys() {
        for home in [&b"a\0"[..], b"\x01", b"\x01\x03", b"\xff"] {
            assert_eq!(unescape(home), None, "{home:?}");
        }
    }

    #[test]
    fn row_names_read_back_and_lie_within_the_limits() {
        let generation = Generation([0xab; 16]);
        let number = PartNumber::new(10_000).expect("valid");
        let row = part_row(generation, number);
        assert_eq!(part_number(&row.suffix), Some(number));
        assert_eq!(super::generation(&row.suffix), Some(generation));
        let longest = ObjectKey::parse(&[1; 1024]).expect("valid");
        assert!(object_home(&longest).0.len() <= countersign_engine::limits::HOME_BYTES_MAX);
        assert_eq!(past_prefix(&[0xff, 0xff]), None);
        assert_eq!(past_prefix(&[1, 0xff]).as_deref(), Some(&[2][..]));
    }
}
