//! The entity tag of an object: the MD5 of its bytes, or of its parts' MD5s with the number of parts.
//!
//! Absent on purpose: the quotes. They belong to HTTP and XML and are written there.

use std::fmt;

/// An entity tag without its quotes: 32 hex digits, and `-N` for an object of N parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Etag {
    md5: [u8; 16],
    parts: Option<u16>,
}

impl Etag {
    /// The tag of an object that was written whole.
    pub const fn whole(md5: [u8; 16]) -> Etag {
        Etag { md5, parts: None }
    }

    /// The tag of an object of `parts` parts: `md5` is taken over the parts' binary MD5s.
    pub const fn of_parts(md5: [u8; 16], parts: u16) -> Etag {
        Etag {
            md5,
            parts: Some(parts),
        }
    }

    /// Reads a tag with or without quotes.
    pub fn parse(text: &str) -> Option<Etag> {
        let text = text.trim();
        let text = text
            .strip_prefix('"')
            .and_then(|t| t.strip_suffix('"'))
            .unwrap_or(text);
        let (hash, parts) = match text.split_once('-') {
            Some((hash, parts)) => (hash, Some(parts.parse().ok()?)),
            None => (text, None),
        };
        let mut md5 = [0; 16];
        hex::decode_to_slice(hash, &mut md5).ok()?;
        Some(Etag { md5, parts })
    }

    /// The MD5 bytes.
    pub const fn md5(&self) -> &[u8; 16] {
        &self.md5
    }

    /// How many parts the object was made of; `None` if it was written whole.
    pub const fn parts(&self) -> Option<u16> {
        self.parts
    }

    /// The 32 hex digits of the MD5, with which the text begins.
    pub fn digits(&self) -> [u8; 32] {
        let mut digits = [0; 32];
        hex::encode_to_slice(self.md5, &mut digits).expect("two digits a byte");
        digits
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).map_err(|_| fmt::Error)?)?;
        match self.parts {
            Some(parts) => write!(f, "-{parts}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_read_back_with_and_without_quotes() {
        let text = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(Etag::parse(text).map(|e| e.to_string()).as_deref(), Some(text));
        assert_eq!(
            Etag::parse(&format!("\"{text}-12\"")).map(|e| e.to_string()),
            Some(format!("{text}-12"))
        );
        assert_eq!(Etag::parse("*"), None);
        assert_eq!(Etag::parse(&text[1..]), None);
        assert_eq!(Etag::parse(&format!("{text}-x")), None);
    }
}
