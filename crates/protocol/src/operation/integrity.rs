//! What the client says the body must be: its length, its MD5 and its checksum.
//!
//! Not here: the comparison (`store` does it while it writes) and `x-amz-content-sha256` (that is the signature's).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_types::{Checksum, ChecksumAlgorithm};

use crate::error_code::ErrorCode;
use crate::head::View;
use crate::parse_error::ParseError;

/// What a body is held against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Integrity {
    /// Length of the object's bytes: `x-amz-decoded-content-length` of a body in chunks, else `Content-Length`.
    pub length: Option<u64>,
    /// `Content-MD5`
    pub content_md5: Option<[u8; 16]>,
    /// The checksum that the client sends or announces for the trailer.
    pub checksum: Option<DeclaredChecksum>,
}

/// A checksum as it was declared before the body: there is a value, or it comes in the trailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredChecksum {
    /// Which one.
    pub algorithm: ChecksumAlgorithm,
    /// Its value, if a header carried it.
    pub value: Option<Checksum>,
    /// Whether `x-amz-trailer` announces it: the body is not whole without it.
    pub in_trailer: bool,
}

impl Integrity {
    pub(super) fn parse(view: &View<'_>) -> Result<Integrity, ParseError> {
        Ok(Integrity {
            length: parse_length(view)?,
            content_md5: parse_content_md5(view)?,
            checksum: DeclaredChecksum::parse(view)?,
        })
    }

    /// As [`Integrity::parse`], for a document that S3 does not take without an MD5 or a checksum.
    pub(super) fn parse_required(view: &View<'_>) -> Result<Integrity, ParseError> {
        let integrity = Integrity::parse(view)?;
        if integrity.content_md5.is_none() && integrity.checksum.is_none() {
            return Err(ParseError::request(
                "Missing required header for this request: Content-MD5",
            ));
        }
        Ok(integrity)
    }
}

impl DeclaredChecksum {
    /// Reads the one checksum header, or the trailer's announcement.
    pub(super) fn parse(view: &View<'_>) -> Result<Option<DeclaredChecksum>, ParseError> {
        let sent = parse_checksum_header(view)?;
        let announced = parse_trailer(view)?;
        if sent.is_some() && announced.is_some() {
            return Err(ParseError::request(MULTIPLE));
        }
        let found = match (sent, announced) {
            (Some(value), _) => Some(DeclaredChecksum {
                algorithm: value.algorithm(),
                value: Some(value),
                in_trailer: false,
            }),
            (None, Some(algorithm)) => Some(DeclaredChecksum {
                algorithm,
                value: None,
                in_trailer: true,
            }),
            (None, None) => None,
        };
        let asked = parse_algorithm(view, "x-amz-sdk-checksum-algorithm")?;
        match (found, asked) {
            (Some(found), Some(asked)) if found.algorithm != asked => Err(ParseError::request(
                "Value for x-amz-sdk-checksum-algorithm header is invalid.",
            )),
            (None, Some(_)) => Err(ParseError::request(CHECKSUM_NOT_SENT)),
            (found, _) => Ok(found),
        }
    }
}

/// The one `x-amz-checksum-*` header that carries a value.
pub(super) fn parse_checksum_header(view: &View<'_>) -> Result<Option<Checksum>, ParseError> {
    let Some((algorithm, text)) = find_checksum_header(view)? else {
        return Ok(None);
    };
    parse_checksum(algorithm, &text).map(Some)
}

/// As [`parse_checksum_header`] for a whole object of parts: a composite value ends in `-N`, and `N` comes with it.
pub(super) fn parse_object_checksum_header(
    view: &View<'_>,
) -> Result<Option<(Checksum, Option<u16>)>, ParseError> {
    let Some((algorithm, text)) = find_checksum_header(view)? else {
        return Ok(None);
    };
    let (value, parts) = match text.split_once('-') {
        Some((value, parts)) => (value, Some(parts.parse().map_err(|_| invalid_value(algorithm))?)),
        None => (text.as_ref(), None),
    };
    Ok(Some((parse_checksum(algorithm, value)?, parts)))
}

fn parse_checksum(algorithm: ChecksumAlgorithm, text: &str) -> Result<Checksum, ParseError> {
    Checksum::parse(algorithm, text).ok_or_else(|| invalid_value(algorithm))
}

fn invalid_value(algorithm: ChecksumAlgorithm) -> ParseError {
    ParseError::request(format!("Value for {} header is invalid.", algorithm.header()))
}

fn find_checksum_header<'a>(
    view: &'a View<'_>,
) -> Result<Option<(ChecksumAlgorithm, Cow<'a, str>)>, ParseError> {
    const NOT_VALUES: [&str; 3] = [
        "x-amz-checksum-algorithm",
        "x-amz-checksum-type",
        "x-amz-checksum-mode",
    ];
    let mut headers = view.header_names("x-amz-checksum-");
    headers.retain(|name| !NOT_VALUES.contains(&name.as_ref()));
    let [header] = headers.as_slice() else {
        return if headers.is_empty() {
            Ok(None)
        } else {
            Err(ParseError::request(MULTIPLE))
        };
    };
    let Some(algorithm) = ChecksumAlgorithm::of_header(header) else {
        return Err(ParseError::header_not_implemented(header));
    };
    Ok(Some((algorithm, view.header(header).unwrap_or_default())))
}

/// A header that names a checksum algorithm.
pub(super) fn parse_algorithm(
    view: &View<'_>,
    header: &str,
) -> Result<Option<ChecksumAlgorithm>, ParseError> {
    let Some(name) = view.filled_header(header) else {
        return Ok(None);
    };
    match ChecksumAlgorithm::parse(&name) {
        Some(algorithm) => Ok(Some(algorithm)),
        // Some clients name MD5 here; it is Content-MD5's business and no checksum of S3.
        None if name.eq_ignore_ascii_case("md5") && view.header("content-md5").is_some() => Ok(None),
        None => Err(ParseError::request(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
             [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
        )),
    }
}

fn parse_trailer(view: &View<'_>) -> Result<Option<ChecksumAlgorithm>, ParseError> {
    let Some(names) = view.filled_header("x-amz-trailer") else {
        return Ok(None);
    };
    // Any other body ends without a trailer, so the checksum would never come and never be missed.
    let payload = view.header("x-amz-content-sha256").unwrap_or_default();
    if !payload.ends_with("-TRAILER") {
        return Err(ParseError::request(TRAILER_UNSUPPORTED));
    }
    let mut announced = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let first = announced.next().unwrap_or_default().to_ascii_lowercase();
    if announced.next().is_some() {
        return Err(ParseError::request(MULTIPLE));
    }
    match ChecksumAlgorithm::of_header(&first) {
        Some(algorithm) => Ok(Some(algorithm)),
        None => Err(ParseError::request(TRAILER_UNSUPPORTED)),
    }
}

/// Reads `Content-MD5`.
pub(super) fn parse_content_md5(view: &View<'_>) -> Result<Option<[u8; 16]>, ParseError> {
    let Some(text) = view.header("content-md5") else {
        return Ok(None);
    };
    let decoded = STANDARD.decode(text.as_bytes()).ok();
    match decoded.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()) {
        Some(md5) => Ok(Some(md5)),
        None => Err(ParseError::new(ErrorCode::InvalidDigest).element("Content-MD5", text)),
    }
}

fn parse_length(view: &View<'_>) -> Result<Option<u64>, ParseError> {
    let number = |header: &str| match view.header(header) {
        None => Ok(None),
        Some(text) => match text.parse::<u64>() {
            Ok(length) if text.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(length)),
            _ => Err(ParseError::argument(
                format!("{header} is invalid"),
                header,
                &text,
            )),
        },
    };
    let decoded = number("x-amz-decoded-content-length")?;
    let is_chunked = view
        .header("x-amz-content-sha256")
        .is_some_and(|payload| payload.starts_with("STREAMING-"));
    match decoded {
        Some(length) => Ok(Some(length)),
        None if is_chunked => Err(ParseError::new(ErrorCode::MissingContentLength)),
        None => number("content-length"),
    }
}

/// What is answered where `x-amz-sdk-checksum-algorithm` names a checksum that nothing carries.
pub const CHECKSUM_NOT_SENT: &str = "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer \
                                     headers were found.";

const TRAILER_UNSUPPORTED: &str = "The value specified in the x-amz-trailer header is not supported";
const MULTIPLE: &str = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal};

    const CRC: (&str, &str) = ("x-amz-checksum-crc32", "AAAAAA==");
    const ALGORITHM: &str = "x-amz-sdk-checksum-algorithm";
    const WITH_TRAILER: (&str, &str) = ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    const DECODED: (&str, &str) = ("x-amz-decoded-content-length", "5");

    fn integrity(headers: &[(&str, &str)]) -> Integrity {
        match operation("PUT /abc/k", headers) {
            Operation::PutObject(put) => put.integrity,
            other => unreachable!("{}", other.name()),
        }
    }

    fn check_checksum(headers: &[(&str, &str)], expected: Option<(ChecksumAlgorithm, bool)>) {
        let found = integrity(headers).checksum;
        assert_eq!(
            found.as_ref().map(|c| (c.algorithm, c.in_trailer)),
            expected,
            "{headers:?}"
        );
        assert!(found.is_none_or(|c| c.value.is_some() != c.in_trailer));
    }

    #[test]
    fn one_checksum_is_read_from_header_or_trailer() {
        check_checksum(&[], None);
        check_checksum(&[CRC], Some((ChecksumAlgorithm::Crc32, false)));
        check_checksum(
            &[CRC, (ALGORITHM, "crc32")],
            Some((ChecksumAlgorithm::Crc32, false)),
        );
        check_checksum(
            &[
                ("x-amz-trailer", "X-Amz-Checksum-Sha256"),
                (ALGORITHM, "SHA256"),
                WITH_TRAILER,
                DECODED,
            ],
            Some((ChecksumAlgorithm::Sha256, true)),
        );
        check_checksum(&[("x-amz-checksum-mode", "ENABLED")], None);
    }

    #[test]
    fn a_body_has_one_length() {
        let check = |headers: &[(&str, &str)], expected: Option<u64>| {
            assert_eq!(integrity(headers).length, expected, "{headers:?}");
        };
        check(&[], None);
        check(&[("content-length", "5")], Some(5));
        check(
            &[
                ("content-length", "99"),
                ("x-amz-decoded-content-length", "5"),
                ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            ],
            Some(5),
        );
    }

    #[test]
    fn an_md5_is_read() {
        let md5 = integrity(&[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")]).content_md5;
        assert_eq!(
            md5.map(hex_of).as_deref(),
            Some("d41d8cd98f00b204e9800998ecf8427e")
        );
    }

    fn hex_of(md5: [u8; 16]) -> String {
        md5.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn check_refusal(headers: &[(&str, &str)], expected: &str) {
        assert_eq!(refusal("PUT /abc/k", headers), expected, "{headers:?}");
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let multiple = "InvalidRequest: Expecting a single x-amz-checksum- header. Multiple checksum Types are not \
                        allowed. []";
        check_refusal(&[CRC, ("x-amz-checksum-crc32c", "AAAAAA==")], multiple);
        check_refusal(
            &[
                CRC,
                ("x-amz-trailer", "x-amz-checksum-crc32c"),
                WITH_TRAILER,
                DECODED,
            ],
            multiple,
        );
        check_refusal(
            &[
                ("x-amz-trailer", "x-amz-checksum-crc32c,x-amz-checksum-sha1"),
                WITH_TRAILER,
                DECODED,
            ],
            multiple,
        );
        for without in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
            check_refusal(
                &[
                    ("x-amz-trailer", "x-amz-checksum-crc32"),
                    ("x-amz-content-sha256", without),
                    DECODED,
                ],
                "InvalidRequest: The value specified in the x-amz-trailer header is not supported []",
            );
        }
        check_refusal(
            &[("x-amz-checksum-crc32", "AAAA")],
            "InvalidRequest: Value for x-amz-checksum-crc32 header is invalid. []",
        );
        check_refusal(
            &[CRC, CRC],
            "InvalidRequest: Value for x-amz-checksum-crc32 header is invalid. []",
        );
        check_refusal(
            &[CRC, (ALGORITHM, "SHA1")],
            "InvalidRequest: Value for x-amz-sdk-checksum-algorithm header is invalid. []",
        );
        check_refusal(
            &[(ALGORITHM, "CRC32")],
            "InvalidRequest: x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or \
             x-amz-trailer headers were found. []",
        );
        check_refusal(
            &[("x-amz-checksum-xxhash64", "AAAA")],
            "NotImplemented: A header you provided implies functionality that is not implemented \
             [Header=x-amz-checksum-xxhash64]",
        );
        check_refusal(
            &[("content-md5", "")],
            "InvalidDigest: The Content-MD5 you specified is not valid. [Content-MD5=]",
        );
        check_refusal(
            &[("content-md5", "AAAA")],
            "InvalidDigest: The Content-MD5 you specified is not valid. [Content-MD5=AAAA]",
        );
        check_refusal(
            &[("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")],
            "MissingContentLength: You must provide the Content-Length HTTP header. []",
        );
        check_refusal(
            &[("content-length", "+5")],
            "InvalidArgument: content-length is invalid [ArgumentName=content-length, ArgumentValue=+5]",
        );
    }
}
