//! What the client says the body must be: its length, its MD5 and its checksum.
//!
//! Not here: the comparison (`store` does it while it writes) and `x-amz-content-sha256` (that is the signature's).

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
    /// The checksum that the client sends, announces for the trailer or asks for.
    pub checksum: Option<DeclaredChecksum>,
}

/// A checksum as it was declared before the body.
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
}

impl DeclaredChecksum {
    /// Reads the one checksum header, or the trailer's announcement, or the algorithm alone.
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
            (Some(found), _) => Ok(Some(found)),
            (None, asked) => Ok(asked.map(|algorithm| DeclaredChecksum {
                algorithm,
                value: None,
                in_trailer: false,
            })),
        }
    }
}

/// The one `x-amz-checksum-*` header that carries a value.
pub(super) fn parse_checksum_header(view: &View<'_>) -> Result<Option<Checksum>, ParseError> {
    const NOT_VALUES: [&str; 3] = [
        "x-amz-checksum-algorithm",
        "x-amz-checksum-type",
        "x-amz-checksum-mode",
    ];
    let mut headers = view.header_names("x-amz-checksum-");
    headers.retain(|name| !NOT_VALUES.contains(&name.as_str()));
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
    let text = view.header(header).unwrap_or_default();
    match Checksum::parse(algorithm, &text) {
        Some(checksum) => Ok(Some(checksum)),
        None => Err(ParseError::request(format!(
            "Value for {header} header is invalid."
        ))),
    }
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
    let mut announced = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let first = announced.next().unwrap_or_default().to_ascii_lowercase();
    if announced.next().is_some() {
        return Err(ParseError::request(MULTIPLE));
    }
    match ChecksumAlgorithm::of_header(&first) {
        Some(algorithm) => Ok(Some(algorithm)),
        None => Err(ParseError::request(
            "The value specified in the x-amz-trailer header is not supported",
        )),
    }
}

fn parse_content_md5(view: &View<'_>) -> Result<Option<[u8; 16]>, ParseError> {
    let Some(text) = view.header("content-md5") else {
        return Ok(None);
    };
    let decoded = STANDARD.decode(&text).ok();
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

const MULTIPLE: &str = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
