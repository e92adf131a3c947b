//! Multipart uploads: their ids and the numbers of their parts.

use std::fmt;

/// The number of a part: 1 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartNumber(u16);

impl PartNumber {
    /// The largest part number.
    pub const MAX: u16 = 10_000;

    /// A number from 1 to 10,000.
    pub fn new(number: u32) -> Option<PartNumber> {
        u16::try_from(number)
            .ok()
            .filter(|n| (1..=Self::MAX).contains(n))
            .map(PartNumber)
    }

    /// Reads a decimal number.
    pub fn parse(text: &str) -> Option<PartNumber> {
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| is_plain).and_then(PartNumber::new)
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of a multipart upload: 32 lower-case hex digits; the leading ones grow with time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(Box<str>);

impl UploadId {
    /// Makes an id of 16 bytes, of which the caller makes the first grow with time.
    pub fn from_bytes(bytes: [u8; 16]) -> UploadId {
        UploadId(hex::encode(bytes).into())
    }

    /// Reads an id; `None` means that this server never gave it out.
    pub fn parse(text: &str) -> Option<UploadId> {
        let is_id = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_id.then(|| UploadId(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_numbers_go_from_1_to_10000() {
        for (text, expected) in [
            ("1", Some(1)),
            ("10000", Some(10000)),
            ("0", None),
            ("10001", None),
            ("+1", None),
            ("", None),
            ("99999999999", None),
        ] {
            assert_eq!(PartNumber::parse(text).map(PartNumber::get), expected, "{text}");
        }
    }

    #[test]
    fn upload_ids_read_back() {
        let id = UploadId::from_bytes([0xab; 16]);
        assert_eq!(UploadId::parse(id.as_str()), Some(id));
        assert_eq!(UploadId::parse("../x"), None);
    }
}
