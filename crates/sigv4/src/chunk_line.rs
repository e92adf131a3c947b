//! The small lines between the data of an `aws-chunked` body: chunk headers and trailers.
//!
//! Pure reading of one complete line each; who collects the bytes bounds them.

use crate::payload::Streaming;

/// What stands before the data of a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChunkHeader {
    /// Bytes of data that follow.
    pub(crate) size: u64,
    /// The signature as sent; empty in a body whose chunks are not signed.
    pub(crate) signature: String,
}

impl ChunkHeader {
    /// Reads `1f400;chunk-signature=...`, or `1f400` where chunks are not signed. The line break is off already.
    pub(crate) fn parse(line: &[u8], mode: Streaming) -> Result<ChunkHeader, &'static str> {
        let text = str::from_utf8(line).map_err(|_| "the chunk header is not text")?;
        let (size, extension) = match text.split_once(';') {
            Some((size, extension)) => (size, Some(extension.trim())),
            None => (text, None),
        };
        let size = parse_size(size.trim()).ok_or("the chunk size is not a hexadecimal number")?;
        let signature = match (mode.is_signed(), extension) {
            (true, Some(extension)) => {
                let signature = extension.strip_prefix("chunk-signature=");
                signature
                    .ok_or("the chunk has an extension other than its signature")?
                    .to_owned()
            }
            (true, None) => return Err("the chunk is not signed"),
            (false, None) => String::new(),
            (false, Some(_)) => return Err("the chunk has an extension, and none was announced"),
        };
        Ok(ChunkHeader { size, signature })
    }
}

/// Reads `name:value` of a trailer; the name lower case, both trimmed.
pub(crate) fn parse_trailer(line: &[u8]) -> Result<(String, String), &'static str> {
    let text = str::from_utf8(line).map_err(|_| "it is not text")?;
    let (name, value) = text.split_once(':').ok_or("a line has no colon")?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a line has no readable name");
    }
    if value.chars().any(char::is_control) {
        return Err("a value has a control character");
    }
    Ok((name.to_ascii_lowercase(), value.to_owned()))
}

/// Hexadecimal without sign or prefix, at most what a `u64` holds.
fn parse_size(text: &str) -> Option<u64> {
    let is_hex = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex {
        u64::from_str_radix(text, 16).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_headers_are_read_by_mode() {
        let header = |size, signature: &str| {
            Ok(ChunkHeader {
                size,
                signature: signature.into(),
            })
        };
        for (line, mode, expected) in [
            (
                "10000;chunk-signature=ab",
                Streaming::Signed,
                header(65_536, "ab"),
            ),
            ("0;chunk-signature=", Streaming::SignedTrailer, header(0, "")),
            ("1F", Streaming::UnsignedTrailer, header(31, "")),
            ("1f", Streaming::Signed, Err("the chunk is not signed")),
            (
                "1f;x=y",
                Streaming::Signed,
                Err("the chunk has an extension other than its signature"),
            ),
            (
                "1f;x=y",
                Streaming::UnsignedTrailer,
                Err("the chunk has an extension, and none was announced"),
            ),
        ] {
            assert_eq!(ChunkHeader::parse(line.as_bytes(), mode), expected, "{line}");
        }
        for line in ["", "+1", "-1", "0x10", "g", "1 0", "10000000000000000"] {
            let wrong = Err("the chunk size is not a hexadecimal number");
            assert_eq!(
                ChunkHeader::parse(line.as_bytes(), Streaming::UnsignedTrailer),
                wrong,
                "{line}"
            );
        }
        assert!(ChunkHeader::parse(b"\xff", Streaming::Signed).is_err());
    }

    #[test]
    fn trailers_are_names_and_values() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(
            parse_trailer(b"X-Amz-Checksum-CRC32 : AAAA== "),
            pair("x-amz-checksum-crc32", "AAAA==")
        );
        assert_eq!(parse_trailer(b"a:"), pair("a", ""));
        for line in [&b"abc"[..], b":v", b"a b:v", b"\xff:v", b"a:\x01"] {
            assert!(parse_trailer(line).is_err(), "{line:?}");
        }
    }
}
