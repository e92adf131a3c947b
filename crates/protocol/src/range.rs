//! Byte ranges: `Range` on reads, `x-amz-copy-source-range` on copies of parts.
//!
//! S3 ignores what it cannot read as one range and answers the whole object; only a range that lies outside of the object
//! is refused. A copy's range is the opposite: it must be whole and right.

use crate::error_code::ErrorCode;
use crate::parse_error::ParseError;

/// One range of a `Range` header, before the size of the object is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeRequest {
    /// `bytes=first-last`, both included; `last >= first`.
    FromTo(u64, u64),
    /// `bytes=first-`
    From(u64),
    /// `bytes=-length`: the last bytes.
    Suffix(u64),
}

/// Bytes of an object: never empty, never outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub offset: u64,
    /// How many.
    pub length: u64,
}

/// `x-amz-copy-source-range: bytes=first-last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceRange {
    first: u64,
    last: u64,
}

impl RangeRequest {
    /// Reads a `Range` header; `None` if S3 ignores it: another unit, several ranges, `last < first`, garbage.
    pub fn parse(text: &str) -> Option<RangeRequest> {
        let (first, last) = split(text)?;
        match (first, last) {
            ("", "") => None,
            ("", suffix) => digits(suffix).map(RangeRequest::Suffix),
            (first, "") => digits(first).map(RangeRequest::From),
            (first, last) => {
                let (first, last) = (digits(first)?, digits(last)?);
                (first <= last).then_some(RangeRequest::FromTo(first, last))
            }
        }
    }

    /// The bytes of an object of `size` bytes. Fails with `InvalidRange` (416) if there are none.
    pub fn resolve(self, size: u64) -> Result<ByteRange, ParseError> {
        let (offset, end) = match self {
            RangeRequest::FromTo(first, last) => (first, last.saturating_add(1).min(size)),
            RangeRequest::From(first) => (first, size),
            RangeRequest::Suffix(length) => (size.saturating_sub(length), size),
        };
        if offset >= end {
            return Err(ParseError::new(ErrorCode::InvalidRange)
                .element("RangeRequested", self.encode())
                .element("ActualObjectSize", size.to_string()));
        }
        Ok(ByteRange {
            offset,
            length: end - offset,
        })
    }

    /// The header's value again.
    pub fn encode(self) -> String {
        match self {
            RangeRequest::FromTo(first, last) => format!("bytes={first}-{last}"),
            RangeRequest::From(first) => format!("bytes={first}-"),
            RangeRequest::Suffix(length) => format!("bytes=-{length}"),
        }
    }
}

impl ByteRange {
    /// `Content-Range` of an answer out of `size` bytes.
    pub fn content_range(self, size: u64) -> String {
        let last = self.offset.saturating_add(self.length).saturating_sub(1);
        format!("bytes {}-{last}/{size}", self.offset)
    }
}

impl SourceRange {
    /// Reads the header. Fails with `InvalidArgument`.
    pub fn parse(text: &str) -> Result<SourceRange, ParseError> {
        match RangeRequest::parse(text) {
            Some(RangeRequest::FromTo(first, last)) => Ok(SourceRange { first, last }),
            _ => Err(ParseError::argument(
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
                 zero-based offsets of the first and last bytes to copy",
                SOURCE_HEADER,
                text,
            )),
        }
    }

    /// The bytes of a source of `size` bytes. Fails with `InvalidArgument` if one of them lies outside.
    pub fn resolve(self, size: u64) -> Result<ByteRange, ParseError> {
        if self.last >= size {
            return Err(ParseError::argument(
                format!("Range specified is not valid for source object of size: {size}"),
                SOURCE_HEADER,
                &format!("bytes={}-{}", self.first, self.last),
            ));
        }
        Ok(ByteRange {
            offset: self.first,
            length: self.last - self.first + 1,
        })
    }
}

fn split(text: &str) -> Option<(&str, &str)> {
    let (unit, range) = text.trim().split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    range
        .split_once('-')
        .map(|(first, last)| (first.trim(), last.trim()))
}

/// A number too large to be one lies behind the end of every object, as every large number does.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

const SOURCE_HEADER: &str = "x-amz-copy-source-range";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, size: u64, expected: Option<Result<(u64, u64), ()>>) {
        let found = RangeRequest::parse(text).map(|range| {
            let resolved = range.resolve(size).map(|r| (r.offset, r.length));
            resolved.map_err(|error| assert_eq!(error.code, ErrorCode::InvalidRange))
        });
        assert_eq!(found, expected, "{text} of {size}");
    }

    #[test]
    fn one_range_is_read_and_everything_else_is_ignored() {
        check("bytes=0-9", 100, Some(Ok((0, 10))));
        check("bytes=5-", 100, Some(Ok((5, 95))));
        check("bytes=-5", 100, Some(Ok((95, 5))));
        check("bytes=-500", 100, Some(Ok((0, 100))));
        check("bytes=90-500", 100, Some(Ok((90, 10))));
        check("bytes=99-99", 100, Some(Ok((99, 1))));
        check("Bytes = 0-0", 100, Some(Ok((0, 1))));
        check("bytes=0-99999999999999999999999", 100, Some(Ok((0, 100))));
        check("bytes=5-2", 100, None);
        check("bytes=0-1,3-4", 100, None);
        check("bytes=-", 100, None);
        check("bytes=a-b", 100, None);
        check("bytes=+1-2", 100, None);
        check("items=0-1", 100, None);
        check("0-1", 100, None);
        check("", 100, None);
    }

    #[test]
    fn a_range_outside_of_the_object_is_refused() {
        check("bytes=100-", 100, Some(Err(())));
        check("bytes=100-101", 100, Some(Err(())));
        check("bytes=-0", 100, Some(Err(())));
        check("bytes=0-", 0, Some(Err(())));
        check("bytes=-1", 0, Some(Err(())));
        let error = RangeRequest::From(7).resolve(3).expect_err("outside");
        assert_eq!(
            error.elements,
            [
                ("RangeRequested", "bytes=7-".to_owned()),
                ("ActualObjectSize", "3".to_owned())
            ]
        );
    }

    #[test]
    fn the_range_of_a_copy_lies_within_its_source() {
        let check = |text: &str, size: u64, expected: Option<(u64, u64)>| {
            let resolved = SourceRange::parse(text).and_then(|r| r.resolve(size));
            assert_eq!(
                resolved.ok().map(|r| (r.offset, r.length)),
                expected,
                "{text} of {size}"
            );
        };
        check("bytes=0-4", 5, Some((0, 5)));
        check("bytes=1-1", 5, Some((1, 1)));
        check("bytes=0-5", 5, None);
        check("bytes=0-", 5, None);
        check("bytes=-1", 5, None);
        check("0-4", 5, None);
        check("bytes=hello-world", 5, None);
        check("bytes=3-1", 5, None);
    }

    #[test]
    fn a_content_range_counts_from_zero() {
        let range = ByteRange {
            offset: 5,
            length: 10,
        };
        assert_eq!(range.content_range(100), "bytes 5-14/100");
    }
}
