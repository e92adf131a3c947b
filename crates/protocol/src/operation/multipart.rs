//! Multipart uploads: create, one part, complete, abort.
//!
//! Not here: `ListParts` (`listing`) and `UploadPartCopy` (`copy`).

use countersign_types::{
    Checksum, ChecksumAlgorithm, ChecksumType, Etag, ObjectMetadata, PartNumber, UploadId, WriteCondition,
};

use crate::document::Element;
use crate::error_code::ErrorCode;
use crate::head::View;
use crate::operation::acl::{AclTarget, RequestedAcl};
use crate::operation::condition;
use crate::operation::content::parse_metadata;
use crate::operation::integrity::{self, Integrity};
use crate::parse_error::ParseError;

/// `POST /bucket/key?uploads`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateMultipartUpload {
    /// What is kept with the object.
    pub metadata: ObjectMetadata,
    /// `x-amz-checksum-algorithm`
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// `x-amz-checksum-type`, or the algorithm's default; present exactly if the algorithm is.
    pub checksum_type: Option<ChecksumType>,
    /// The list of access that the object is to have.
    pub acl: Option<RequestedAcl>,
}

/// `PUT /bucket/key?partNumber&uploadId`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPart {
    /// `uploadId`
    pub upload_id: UploadId,
    /// `partNumber`
    pub part: PartNumber,
    /// What the body is held against.
    pub integrity: Integrity,
}

/// `POST /bucket/key?uploadId`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompleteMultipartUpload {
    /// `uploadId`
    pub upload_id: UploadId,
    /// When the object may be written.
    pub condition: WriteCondition,
    /// `Content-MD5` of the document.
    pub content_md5: Option<[u8; 16]>,
    /// `x-amz-checksum-*`: the checksum of the whole object (not of the document).
    pub checksum: Option<Checksum>,
    /// `N`, if the checksum ended in `-N`: it is a composite one over so many parts.
    pub checksum_parts: Option<u16>,
    /// `x-amz-checksum-type`
    pub checksum_type: Option<ChecksumType>,
    /// `x-amz-mp-object-size`: the length that the whole object must have.
    pub object_size: Option<u64>,
}

/// The document of [`CompleteMultipartUpload`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompleteMultipartUploadDocument {
    /// 1 to 10,000 parts, in the document's order; whether that order ascends is the store's to check.
    pub parts: Vec<CompletedPart>,
}

/// One part of [`CompleteMultipartUploadDocument`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedPart {
    /// `PartNumber`
    pub part: PartNumber,
    /// `ETag`; `None` if the text can be no part's tag, so the part is not found (`InvalidPart`).
    pub etag: Option<Etag>,
    /// The checksum, if the client repeats it.
    pub checksum: Option<Checksum>,
}

/// `DELETE /bucket/key?uploadId`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbortMultipartUpload {
    /// `uploadId`
    pub upload_id: UploadId,
}

impl CreateMultipartUpload {
    pub(crate) fn parse(view: &View<'_>) -> Result<CreateMultipartUpload, ParseError> {
        let checksum_algorithm = integrity::parse_algorithm(view, "x-amz-checksum-algorithm")?;
        Ok(CreateMultipartUpload {
            acl: RequestedAcl::parse(view, AclTarget::Object)?,
            metadata: parse_metadata(view)?,
            checksum_algorithm,
            checksum_type: choose_checksum_type(checksum_algorithm, parse_checksum_type(view)?)?,
        })
    }
}

impl UploadPart {
    pub(crate) fn parse(view: &View<'_>) -> Result<UploadPart, ParseError> {
        Ok(UploadPart {
            upload_id: parse_upload_id(view)?,
            part: required_part_number(view)?,
            integrity: Integrity::parse(view)?,
        })
    }
}

impl CompleteMultipartUpload {
    pub(crate) fn parse(view: &View<'_>) -> Result<CompleteMultipartUpload, ParseError> {
        let size = view.filled_header("x-amz-mp-object-size");
        let (checksum, checksum_parts) = integrity::parse_object_checksum_header(view)?.unzip();
        Ok(CompleteMultipartUpload {
            upload_id: parse_upload_id(view)?,
            condition: condition::parse_write(view)?,
            content_md5: integrity::parse_content_md5(view)?,
            checksum,
            checksum_parts: checksum_parts.flatten(),
            checksum_type: parse_checksum_type(view)?,
            object_size: size
                .map(|text| {
                    text.parse()
                        .map_err(|_| ParseError::request("Value for x-amz-mp-object-size header is invalid."))
                })
                .transpose()?,
        })
    }
}

impl AbortMultipartUpload {
    pub(crate) fn parse(view: &View<'_>) -> Result<AbortMultipartUpload, ParseError> {
        if view.header("x-amz-if-match-initiated-time").is_some() {
            return Err(ParseError::header_not_implemented(
                "x-amz-if-match-initiated-time",
            ));
        }
        Ok(AbortMultipartUpload {
            upload_id: parse_upload_id(view)?,
        })
    }
}

impl CompleteMultipartUploadDocument {
    /// Largest document in bytes: 10,000 parts with a checksum each, and room for blanks.
    pub const BYTES_MAX: usize = 8 * 1024 * 1024;

    /// Reads the document. Fails with `MalformedXML`, also for none or more than 10,000 parts.
    pub fn parse(bytes: &[u8]) -> Result<CompleteMultipartUploadDocument, ParseError> {
        let root = Element::parse(bytes, Self::BYTES_MAX)?.named("CompleteMultipartUpload")?;
        let mut parts = Vec::new();
        for child in root.into_children()? {
            parts.push(CompletedPart::parse(child.named("Part")?)?);
        }
        if parts.is_empty() || parts.len() > usize::from(PartNumber::MAX) {
            return Err(ParseError::malformed_xml());
        }
        Ok(CompleteMultipartUploadDocument { parts })
    }
}

impl CompletedPart {
    fn parse(element: Element) -> Result<CompletedPart, ParseError> {
        let (mut part, mut etag, mut checksum) = (None, None, None);
        for child in element.into_children()? {
            let name = child.name.clone();
            let text = child.into_text()?;
            let text = text.trim();
            match name.as_str() {
                "PartNumber" if part.is_none() => part = Some(parse_document_part_number(text)?),
                "ETag" if etag.is_none() => etag = Some(Etag::parse(text)),
                _ if name.starts_with("Checksum") && checksum.is_none() => {
                    checksum = Some(parse_document_checksum(&name, text)?);
                }
                _ => return Err(ParseError::malformed_xml()),
            }
        }
        Ok(CompletedPart {
            part: part.ok_or_else(ParseError::malformed_xml)?,
            etag: etag.ok_or_else(ParseError::malformed_xml)?,
            checksum,
        })
    }
}

fn parse_document_part_number(text: &str) -> Result<PartNumber, ParseError> {
    if text.parse::<i64>().is_err() {
        return Err(ParseError::malformed_xml());
    }
    PartNumber::parse(text).ok_or_else(|| invalid_part_number("PartNumber", text))
}

fn parse_document_checksum(element: &str, text: &str) -> Result<Checksum, ParseError> {
    let algorithm = element
        .strip_prefix("Checksum")
        .and_then(ChecksumAlgorithm::parse);
    let algorithm = algorithm.ok_or_else(ParseError::malformed_xml)?;
    Checksum::parse(algorithm, text)
        .ok_or_else(|| ParseError::request(format!("Value for {element} is invalid.")))
}

/// The `uploadId`; a text that this server never gave out names no upload.
pub(super) fn parse_upload_id(view: &View<'_>) -> Result<UploadId, ParseError> {
    let text = view.parameter("uploadId").unwrap_or_default();
    UploadId::parse(text).ok_or_else(|| ParseError::new(ErrorCode::NoSuchUpload).element("UploadId", text))
}

pub(super) fn parse_part_number(view: &View<'_>) -> Result<Option<PartNumber>, ParseError> {
    match view.parameter("partNumber") {
        None => Ok(None),
        Some(text) => match PartNumber::parse(text) {
            Some(part) => Ok(Some(part)),
            None => Err(invalid_part_number("partNumber", text)),
        },
    }
}

pub(super) fn required_part_number(view: &View<'_>) -> Result<PartNumber, ParseError> {
    parse_part_number(view)?.ok_or_else(|| invalid_part_number("partNumber", ""))
}

fn invalid_part_number(name: &str, value: &str) -> ParseError {
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    ParseError::argument(message, name, value)
}

fn parse_checksum_type(view: &View<'_>) -> Result<Option<ChecksumType>, ParseError> {
    match view.filled_header("x-amz-checksum-type") {
        None => Ok(None),
        Some(name) => match ChecksumType::parse(&name.to_ascii_uppercase()) {
            Some(kind) => Ok(Some(kind)),
            None => Err(ParseError::request(
                "Value for x-amz-checksum-type header is invalid.",
            )),
        },
    }
}

/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>: CRC-64/NVME is
/// always of the full object, the SHAs are always composite, the other CRCs may be either and are composite by default.
fn choose_checksum_type(
    algorithm: Option<ChecksumAlgorithm>,
    asked: Option<ChecksumType>,
) -> Result<Option<ChecksumType>, ParseError> {
    use ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
    use ChecksumType::{Composite, FullObject};
    match (algorithm, asked) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(ParseError::request(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
        )),
        (Some(Crc64Nvme), None | Some(FullObject)) => Ok(Some(FullObject)),
        (Some(Sha1 | Sha256), None | Some(Composite)) => Ok(Some(Composite)),
        (Some(Crc32 | Crc32c), asked) => Ok(Some(asked.unwrap_or(Composite))),
        (Some(algorithm), Some(kind)) => Err(ParseError::request(format!(
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            kind.name(),
            algorithm.name().to_lowercase()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal, told};

    const UPLOAD: &str = "uploadId=00112233445566778899aabbccddeeff";

    fn check_create(headers: &[(&str, &str)], expected: Option<(&str, &str)>) {
        let Operation::CreateMultipartUpload(create) = operation("POST /abc/k?uploads", headers) else {
            unreachable!("an upload");
        };
        let found = create.checksum_algorithm.zip(create.checksum_type);
        assert_eq!(found.map(|(a, t)| (a.name(), t.name())), expected, "{headers:?}");
    }

    #[test]
    fn an_upload_has_a_checksum_type_that_fits_its_algorithm() {
        const ALGORITHM: &str = "x-amz-checksum-algorithm";
        const TYPE: &str = "x-amz-checksum-type";
        check_create(&[], None);
        check_create(&[(ALGORITHM, "CRC32")], Some(("CRC32", "COMPOSITE")));
        check_create(&[(ALGORITHM, "CRC64NVME")], Some(("CRC64NVME", "FULL_OBJECT")));
        check_create(&[(ALGORITHM, "sha256")], Some(("SHA256", "COMPOSITE")));
        check_create(
            &[(ALGORITHM, "CRC32C"), (TYPE, "FULL_OBJECT")],
            Some(("CRC32C", "FULL_OBJECT")),
        );
        let check_refusal = |headers: &[(&str, &str)], expected: &str| {
            assert_eq!(refusal("POST /abc/k?uploads", headers), expected);
        };
        check_refusal(
            &[(ALGORITHM, "SHA1"), (TYPE, "FULL_OBJECT")],
            "InvalidRequest: The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm. []",
        );
        check_refusal(
            &[(ALGORITHM, "CRC64NVME"), (TYPE, "COMPOSITE")],
            "InvalidRequest: The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm. []",
        );
        check_refusal(
            &[(TYPE, "COMPOSITE")],
            "InvalidRequest: The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header. []",
        );
        check_refusal(
            &[(ALGORITHM, "SHA1"), (TYPE, "x")],
            "InvalidRequest: Value for x-amz-checksum-type header is invalid. []",
        );
        check_refusal(
            &[(ALGORITHM, "CRC5")],
            "InvalidRequest: Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
             [CRC32, CRC32C, CRC64NVME, SHA1, SHA256] []",
        );
    }

    #[test]
    fn an_upload_is_named_by_an_id_that_we_gave_out() {
        for line in [
            "GET /abc/k?uploadId=x",
            "POST /abc/k?uploadId=x",
            "DELETE /abc/k?uploadId=x",
        ] {
            let expected = format!("NoSuchUpload: {} [UploadId=x]", ErrorCode::NoSuchUpload.message());
            assert_eq!(refusal(line, &[]), expected, "{line}");
        }
    }

    #[test]
    fn a_part_has_a_number() {
        let Operation::UploadPart(part) = operation(&format!("PUT /abc/k?{UPLOAD}&partNumber=10000"), &[])
        else {
            unreachable!("a part");
        };
        assert_eq!(part.part.get(), 10_000);
        assert_eq!(part.upload_id.as_str(), "00112233445566778899aabbccddeeff");
        let found = refusal(&format!("PUT /abc/k?{UPLOAD}&partNumber=10001"), &[]);
        assert!(
            found.starts_with("InvalidArgument: Part number must be"),
            "{found}"
        );
    }

    #[test]
    fn a_completion_may_say_what_the_object_is() {
        let complete = |headers: &[(&str, &str)]| match operation(&format!("POST /abc/k?{UPLOAD}"), headers) {
            Operation::CompleteMultipartUpload(complete) => complete,
            other => unreachable!("{}", other.name()),
        };
        let found = complete(&[
            ("x-amz-checksum-crc32", "AAAAAA==-12"),
            ("x-amz-checksum-type", "COMPOSITE"),
            ("x-amz-mp-object-size", "77"),
            ("if-none-match", "*"),
            ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ]);
        assert_eq!(found.content_md5, Some([0; 16]));
        assert_eq!(found.checksum.map(|c| c.encode()).as_deref(), Some("AAAAAA=="));
        assert_eq!(found.checksum_parts, Some(12));
        assert_eq!(found.checksum_type, Some(ChecksumType::Composite));
        assert_eq!(found.object_size, Some(77));
        assert!(found.condition.if_none_match.is_some());
        let found = complete(&[("x-amz-checksum-crc32", "AAAAAA==")]);
        assert_eq!((found.checksum.is_some(), found.checksum_parts), (true, None));
        for (name, value) in [
            ("x-amz-checksum-crc32", "AAAAAA==-x"),
            ("x-amz-checksum-crc32", "-1"),
            ("x-amz-mp-object-size", "x"),
        ] {
            assert_eq!(
                refusal(&format!("POST /abc/k?{UPLOAD}"), &[(name, value)]),
                format!("InvalidRequest: Value for {name} header is invalid. []")
            );
        }
    }

    fn check_document(parts: &str, expected: &str) {
        let document = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let found = match CompleteMultipartUploadDocument::parse(document.as_bytes()) {
            Err(error) => told(&error),
            Ok(document) => document
                .parts
                .iter()
                .map(|p| {
                    let checksum = p.checksum.as_ref().map_or("", |c| c.algorithm().name());
                    format!("{} {} {checksum};", p.part, p.etag.is_some())
                })
                .collect(),
        };
        assert_eq!(found, expected, "{parts}");
    }

    #[test]
    fn documents_list_parts() {
        let etag = "d41d8cd98f00b204e9800998ecf8427e";
        check_document(
            &format!(
                "<Part><PartNumber>1</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>\n<Part><ETag>{etag}</ETag>\
                 <ChecksumCRC32>AAAAAA==</ChecksumCRC32><PartNumber> 2 </PartNumber></Part>\
                 <Part><PartNumber>1</PartNumber><ETag>other</ETag></Part>"
            ),
            "1 true ;2 true CRC32;1 false ;",
        );
        let many = |count: usize| "<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>".repeat(count);
        check_document(&many(10_000), &"1 false ;".repeat(10_000));
        let malformed = format!("MalformedXML: {} []", ErrorCode::MalformedXML.message());
        for parts in [
            "",
            "x",
            "<Other/>",
            "<Part/>",
            "<Part><PartNumber>1</PartNumber></Part>",
            "<Part><PartNumber>x</PartNumber><ETag>e</ETag></Part>",
            "<Part><PartNumber>1</PartNumber><ETag>e</ETag><Other/></Part>",
            "<Part><PartNumber>1</PartNumber><ETag>e</ETag><ChecksumX>e</ChecksumX></Part>",
            &many(10_001),
        ] {
            check_document(parts, &malformed);
        }
        check_document(
            "<Part><PartNumber>0</PartNumber><ETag>e</ETag></Part>",
            "InvalidArgument: Part number must be an integer between 1 and 10000, inclusive [ArgumentName=PartNumber, \
             ArgumentValue=0]",
        );
    }
}
