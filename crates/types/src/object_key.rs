//! The key of an object: any text of 1 to 1,024 bytes.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>. A key is not a path: `../`, `//` and a
//! trailing slash are ordinary characters, and nothing here or below treats them otherwise.

use std::fmt;

/// A valid object key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(Box<str>);

/// Why bytes are no object key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKeyError {
    /// No bytes at all.
    Empty,
    /// More than 1,024 bytes.
    TooLong,
    /// Not UTF-8.
    NotUtf8,
}

impl ObjectKey {
    /// Longest key in bytes.
    pub const BYTES_MAX: usize = 1024;

    /// Reads a key from decoded bytes.
    pub fn parse(bytes: &[u8]) -> Result<ObjectKey, ObjectKeyError> {
        if bytes.is_empty() {
            return Err(ObjectKeyError::Empty);
        }
        if bytes.len() > Self::BYTES_MAX {
            return Err(ObjectKeyError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ObjectKeyError::NotUtf8)?;
        Ok(ObjectKey(text.into()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_any_text_of_1_to_1024_bytes() {
        assert_eq!(ObjectKey::parse(b""), Err(ObjectKeyError::Empty));
        assert_eq!(ObjectKey::parse(&[b'a'; 1025]), Err(ObjectKeyError::TooLong));
        assert_eq!(ObjectKey::parse(b"\xff"), Err(ObjectKeyError::NotUtf8));
        for key in ["../../etc/passwd", "a//b/", "/", "ä €", "\u{1}"] {
            assert_eq!(
                ObjectKey::parse(key.as_bytes()).map(|k| k.as_str().to_owned()),
                Ok(key.to_owned())
            );
        }
        assert!(ObjectKey::parse(&[b'a'; 1024]).is_ok());
    }
}
