//! The name of a bucket, under the rules for general purpose buckets.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>

use std::fmt;
use std::net::Ipv4Addr;

/// A valid bucket name: 3 to 63 bytes of lower-case letters, digits, dots and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(Box<str>);

/// Why a text is no bucket name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketNameError {
    /// Not 3 to 63 bytes.
    Length,
    /// A byte other than `a-z`, `0-9`, `.` and `-`.
    Character,
    /// Does not begin and end with a letter or digit.
    Edge,
    /// Two dots side by side.
    Dots,
    /// Looks like an IPv4 address.
    Address,
    /// Carries a prefix or suffix that AWS reserves, or is reserved by this server.
    Reserved,
}

impl BucketName {
    /// Reads a bucket name.
    pub fn parse(text: &str) -> Result<BucketName, BucketNameError> {
        let bytes = text.as_bytes();
        if !(3..=63).contains(&bytes.len()) {
            return Err(BucketNameError::Length);
        }
        if !bytes
            .iter()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
        {
            return Err(BucketNameError::Character);
        }
        let is_edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        if !is_edge(bytes.first()) || !is_edge(bytes.last()) {
            return Err(BucketNameError::Edge);
        }
        let mut neighbours = bytes.iter().zip(bytes.iter().skip(1));
        if neighbours.any(|pair| pair == (&b'.', &b'.')) {
            return Err(BucketNameError::Dots);
        }
        if text.parse::<Ipv4Addr>().is_ok() {
            return Err(BucketNameError::Address);
        }
        if RESERVED_NAMES.contains(&text)
            || RESERVED_PREFIXES.iter().any(|p| text.starts_with(p))
            || RESERVED_SUFFIXES.iter().any(|s| text.ends_with(s))
        {
            return Err(BucketNameError::Reserved);
        }
        Ok(BucketName(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Health probes of other servers live under `/minio/health/`, so that bucket would be unreachable.
const RESERVED_NAMES: [&str; 1] = ["minio"];
const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), BucketNameError>) {
        assert_eq!(BucketName::parse(text).map(|_| ()), expected, "{text}");
    }

    #[test]
    fn names_follow_the_rules_for_general_purpose_buckets() {
        check("abc", Ok(()));
        check("my.bucket-1", Ok(()));
        check("a.-b", Ok(()));
        check(&"a".repeat(63), Ok(()));
        check("ab", Err(BucketNameError::Length));
        check(&"a".repeat(64), Err(BucketNameError::Length));
        check("Abc", Err(BucketNameError::Character));
        check("a_c", Err(BucketNameError::Character));
        check("-abc", Err(BucketNameError::Edge));
        check("abc.", Err(BucketNameError::Edge));
        check("a..b", Err(BucketNameError::Dots));
        check("192.168.0.1", Err(BucketNameError::Address));
        check("xn--abc", Err(BucketNameError::Reserved));
        check("abc-s3alias", Err(BucketNameError::Reserved));
        check("minio", Err(BucketNameError::Reserved));
        check("minio1", Ok(()));
    }
}
