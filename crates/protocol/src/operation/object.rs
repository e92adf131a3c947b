//! Operations on one object, and the delete of many.
//!
//! Not here: copies (`copy`) and parts (`multipart`).

use countersign_types::{ObjectKey, ObjectKeyError, PartNumber};

use crate::document::Element;
use crate::error_code::ErrorCode;
use crate::head::{View, sendable};
use crate::operation::condition::{self, EtagMatch, RangeCondition, ReadCondition, WriteCondition};
use crate::operation::content::{ObjectMetadata, check_acl};
use crate::operation::integrity::Integrity;
use crate::parse_error::ParseError;
use crate::range::RangeRequest;

/// `PUT /bucket/key`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutObject {
    /// What is kept with the object.
    pub metadata: ObjectMetadata,
    /// What the body is held against.
    pub integrity: Integrity,
    /// When it may be written.
    pub condition: WriteCondition,
}

/// `GET` and `HEAD /bucket/key`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetObject {
    /// `Range`; `None` where there is none or it is one that S3 ignores.
    pub range: Option<RangeRequest>,
    /// `If-Range`: if it does not hold, the range counts as absent.
    pub range_condition: Option<RangeCondition>,
    /// `partNumber`
    pub part: Option<PartNumber>,
    /// When it may be read.
    pub condition: ReadCondition,
    /// `response-*`
    pub overrides: ResponseOverrides,
    /// `x-amz-checksum-mode: ENABLED`: the answer carries the checksum.
    pub wants_checksum: bool,
}

/// Headers of the answer that a signed request may choose itself. The server refuses them on anonymous requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseOverrides {
    /// `response-content-type`
    pub content_type: Option<String>,
    /// `response-content-language`
    pub content_language: Option<String>,
    /// `response-expires`
    pub expires: Option<String>,
    /// `response-cache-control`
    pub cache_control: Option<String>,
    /// `response-content-disposition`
    pub content_disposition: Option<String>,
    /// `response-content-encoding`
    pub content_encoding: Option<String>,
}

/// `DELETE /bucket/key`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteObject {
    /// When it may be deleted.
    pub condition: WriteCondition,
}

/// `POST /bucket?delete`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteObjects {
    /// What the document is held against; it holds an MD5 or a checksum.
    pub integrity: Integrity,
}

/// The document of [`DeleteObjects`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteObjectsDocument {
    /// Whether the answer names only failures.
    pub quiet: bool,
    /// 1 to 1,000 objects, in the document's order.
    pub objects: Vec<ObjectToDelete>,
}

/// One object of [`DeleteObjectsDocument`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectToDelete {
    /// Its key.
    pub object_key: ObjectKey,
    /// `VersionId`, as sent. Only `null` names a version here; for any other the answer is an `Error` of this object.
    pub version_id: Option<String>,
    /// `ETag`: only if the object has it.
    pub if_match: Option<EtagMatch>,
}

impl PutObject {
    pub(crate) fn parse(view: &View<'_>) -> Result<PutObject, ParseError> {
        check_acl(view, ErrorCode::AccessControlListNotSupported)?;
        Ok(PutObject {
            metadata: ObjectMetadata::parse(view)?,
            integrity: Integrity::parse(view)?,
            condition: condition::parse_write(view)?,
        })
    }
}

impl GetObject {
    pub(crate) fn parse(view: &View<'_>) -> Result<GetObject, ParseError> {
        let range = view.header("range");
        let part = super::multipart::parse_part_number(view)?;
        if range.is_some() && part.is_some() {
            return Err(ParseError::request(
                "Cannot specify both Range header and partNumber query parameter",
            ));
        }
        Ok(GetObject {
            range: range.and_then(|text| RangeRequest::parse(&text)),
            range_condition: view.header("if-range").map(|text| RangeCondition::parse(&text)),
            part,
            condition: condition::parse_read(view),
            overrides: ResponseOverrides::parse(view)?,
            wants_checksum: view
                .header("x-amz-checksum-mode")
                .is_some_and(|mode| mode.eq_ignore_ascii_case("ENABLED")),
        })
    }
}

impl ResponseOverrides {
    /// Whether none is asked for.
    pub fn is_empty(&self) -> bool {
        *self == ResponseOverrides::default()
    }

    fn parse(view: &View<'_>) -> Result<ResponseOverrides, ParseError> {
        let parameter = |name: &str| {
            view.filled_parameter(name)
                .map(|text| sendable(name, text.to_owned()))
                .transpose()
        };
        Ok(ResponseOverrides {
            content_type: parameter("response-content-type")?,
            content_language: parameter("response-content-language")?,
            expires: parameter("response-expires")?,
            cache_control: parameter("response-cache-control")?,
            content_disposition: parameter("response-content-disposition")?,
            content_encoding: parameter("response-content-encoding")?,
        })
    }
}

impl DeleteObject {
    pub(crate) fn parse(view: &View<'_>) -> Result<DeleteObject, ParseError> {
        let condition = condition::parse_write(view)?;
        if condition.if_none_match.is_some() {
            return Err(ParseError::header_not_implemented("If-None-Match"));
        }
        Ok(DeleteObject { condition })
    }
}

impl DeleteObjects {
    pub(crate) fn parse(view: &View<'_>) -> Result<DeleteObjects, ParseError> {
        let integrity = Integrity::parse(view)?;
        if integrity.content_md5.is_none() && integrity.checksum.is_none() {
            return Err(ParseError::request(
                "Missing required header for this request: Content-MD5",
            ));
        }
        Ok(DeleteObjects { integrity })
    }
}

impl DeleteObjectsDocument {
    /// Largest document in bytes, as at AWS.
    pub const BYTES_MAX: usize = 2 * 1024 * 1024;
    /// Most objects in one document.
    pub const OBJECTS_MAX: usize = 1000;

    /// Reads the document. Fails with `MalformedXML` (also for none or too many objects), `KeyTooLongError`,
    /// `UserKeyMustBeSpecified` for an empty key and `NotImplemented` for conditions other than `ETag`.
    pub fn parse(bytes: &[u8]) -> Result<DeleteObjectsDocument, ParseError> {
        let root = Element::parse(bytes, Self::BYTES_MAX)?.named("Delete")?;
        let mut document = DeleteObjectsDocument::default();
        for child in root.into_children()? {
            match child.name.as_str() {
                "Quiet" => document.quiet = child.into_bool()?,
                "Object" => document.objects.push(ObjectToDelete::parse(child)?),
                _ => return Err(ParseError::malformed_xml()),
            }
        }
        if document.objects.is_empty() || document.objects.len() > Self::OBJECTS_MAX {
            return Err(ParseError::malformed_xml());
        }
        Ok(document)
    }
}

impl ObjectToDelete {
    fn parse(object: Element) -> Result<ObjectToDelete, ParseError> {
        let (mut object_key, mut version_id, mut if_match) = (None, None, None);
        for child in object.into_children()? {
            match child.name.as_str() {
                "Key" if object_key.is_none() => {
                    object_key = Some(parse_object_key(child.into_text()?.as_bytes())?)
                }
                "VersionId" if version_id.is_none() => {
                    version_id = Some(child.into_text()?.trim().to_owned()).filter(|id| !id.is_empty());
                }
                "ETag" if if_match.is_none() => if_match = Some(EtagMatch::parse(&child.into_text()?)),
                name @ ("LastModifiedTime" | "Size") => return Err(ParseError::header_not_implemented(name)),
                _ => return Err(ParseError::malformed_xml()),
            }
        }
        Ok(ObjectToDelete {
            object_key: object_key.ok_or_else(ParseError::malformed_xml)?,
            version_id,
            if_match,
        })
    }
}

/// Reads a decoded object key; `KeyTooLongError`, `InvalidURI` (not UTF-8) or `UserKeyMustBeSpecified`.
pub(crate) fn parse_object_key(bytes: &[u8]) -> Result<ObjectKey, ParseError> {
    ObjectKey::parse(bytes).map_err(|error| match error {
        ObjectKeyError::Empty => ParseError::new(ErrorCode::UserKeyMustBeSpecified),
        ObjectKeyError::NotUtf8 => {
            ParseError::new(ErrorCode::InvalidURI).element("URI", String::from_utf8_lossy(bytes))
        }
        ObjectKeyError::TooLong => ParseError::new(ErrorCode::KeyTooLongError)
            .element("Size", bytes.len().to_string())
            .element("MaxSizeAllowed", ObjectKey::BYTES_MAX.to_string()),
    })
}
