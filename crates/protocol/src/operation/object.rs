//! Operations on one object, and the delete of many.
//!
//! Not here: copies (`copy`) and parts (`multipart`).

use countersign_types::{
    EtagMatch, ObjectKey, ObjectKeyError, ObjectMetadata, PartNumber, ReadCondition, WriteCondition,
};

use crate::document::Element;
use crate::error_code::ErrorCode;
use crate::head::{View, sendable};
use crate::operation::acl::{AclTarget, RequestedAcl};
use crate::operation::condition::{self, RangeCondition};
use crate::operation::content::parse_metadata;
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
    /// The list of access that the object is to have.
    pub acl: Option<RequestedAcl>,
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
        Ok(PutObject {
            acl: RequestedAcl::parse(view, AclTarget::Object)?,
            metadata: parse_metadata(view)?,
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
                .map(|text| sendable(name, text.into()))
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
        Ok(DeleteObject {
            condition: condition::parse_delete(view)?,
        })
    }
}

impl DeleteObjects {
    pub(crate) fn parse(view: &View<'_>) -> Result<DeleteObjects, ParseError> {
        Ok(DeleteObjects {
            integrity: Integrity::parse_required(view)?,
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal, told};
    use countersign_types::Moment;

    fn get(line: &str, headers: &[(&str, &str)]) -> GetObject {
        match operation(line, headers) {
            Operation::GetObject(get) | Operation::HeadObject(get) => get,
            other => unreachable!("{}", other.name()),
        }
    }

    #[test]
    fn a_read_has_a_range_a_part_and_conditions() {
        assert_eq!(get("GET /abc/k", &[]), GetObject::default());
        let found = get(
            "GET /abc/k",
            &[
                ("Range", "bytes=1-2"),
                ("If-Match", "*"),
                ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("If-Unmodified-Since", "yesterday"),
                ("x-amz-checksum-mode", "ENABLED"),
            ],
        );
        assert_eq!(found.range, Some(RangeRequest::FromTo(1, 2)));
        assert_eq!(found.condition.if_match, Some(EtagMatch::Any));
        assert_eq!(
            found.condition.if_modified_since,
            Some(Moment::from_seconds(784_111_777))
        );
        assert_eq!(found.condition.if_unmodified_since, None);
        assert!(found.wants_checksum);
        assert_eq!(get("GET /abc/k", &[("range", "bytes=2-1")]).range, None);
        let part = get("HEAD /abc/k?partNumber=7", &[]).part;
        assert_eq!(part.map(PartNumber::get), Some(7));
        for number in ["0", "10001", "", "x"] {
            assert_eq!(
                refusal(&format!("GET /abc/k?partNumber={number}"), &[]),
                format!(
                    "InvalidArgument: Part number must be an integer between 1 and 10000, inclusive \
                     [ArgumentName=partNumber, ArgumentValue={number}]"
                )
            );
        }
        assert_eq!(
            refusal("GET /abc/k?partNumber=1", &[("range", "bytes=0-1")]),
            "InvalidRequest: Cannot specify both Range header and partNumber query parameter []"
        );
    }

    #[test]
    fn a_read_may_choose_headers_of_its_answer() {
        let line = "GET /abc/k?response-content-type=a%2Fb&response-content-disposition=attachment;+filename=x\
                    &response-expires=&response-cache-control=no-cache&response-content-language=de\
                    &response-content-encoding=gzip";
        let expected = ResponseOverrides {
            content_type: Some("a/b".to_owned()),
            content_language: Some("de".to_owned()),
            expires: None,
            cache_control: Some("no-cache".to_owned()),
            content_disposition: Some("attachment; filename=x".to_owned()),
            content_encoding: Some("gzip".to_owned()),
        };
        let found = get(line, &[]).overrides;
        assert!(!found.is_empty());
        assert_eq!(found, expected);
        assert!(get("GET /abc/k", &[]).overrides.is_empty());
        let split = refusal("GET /abc/k?response-content-type=a%0d%0aSet-Cookie:b", &[]);
        assert!(split.starts_with("InvalidArgument"), "{split}");
    }

    #[test]
    fn a_delete_may_have_a_condition() {
        let Operation::DeleteObject(delete) = operation("DELETE /abc/k", &[("if-match", "\"x\"")]) else {
            unreachable!("a delete");
        };
        assert_eq!(delete.condition.if_match, Some(EtagMatch::OneOf(Vec::new())));
        assert!(refusal("DELETE /abc/k", &[("if-none-match", "*")]).starts_with("NotImplemented"));
    }

    #[test]
    fn a_delete_of_many_is_protected_by_a_digest() {
        assert_eq!(
            refusal("POST /abc?delete", &[]),
            "InvalidRequest: Missing required header for this request: Content-MD5 []"
        );
        for header in [
            ("x-amz-checksum-crc32", "AAAAAA=="),
            ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
        ] {
            assert_eq!(operation("POST /abc?delete", &[header]).name(), "DeleteObjects");
        }
        let in_trailer = [
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", "5"),
        ];
        assert_eq!(operation("POST /abc?delete", &in_trailer).name(), "DeleteObjects");
    }

    fn check_document(document: &str, expected: &str) {
        let found = match DeleteObjectsDocument::parse(document.as_bytes()) {
            Err(error) => told(&error),
            Ok(document) => {
                let keys: Vec<&str> = document.objects.iter().map(|o| o.object_key.as_str()).collect();
                format!("{} {keys:?}", document.quiet)
            }
        };
        assert_eq!(found, expected, "{document}");
    }

    #[test]
    fn documents_name_objects() {
        check_document(
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a</Key></Object><Object>\
             <Key><![CDATA[a&b]]></Key><VersionId>null</VersionId></Object><Quiet>true</Quiet></Delete>",
            "true [\"a\", \"a&b\"]",
        );
        check_document(
            "<Delete><Object><Key> a&#x1; </Key></Object></Delete>",
            "false [\" a\\u{1} \"]",
        );
        let document = "<Delete><Object><Key>a</Key><VersionId>v</VersionId><ETag>*</ETag></Object></Delete>";
        let found = DeleteObjectsDocument::parse(document.as_bytes()).expect("a document");
        let object = found.objects.first().expect("an object");
        assert_eq!(object.version_id.as_deref(), Some("v"));
        assert_eq!(object.if_match, Some(EtagMatch::Any));
    }

    #[test]
    fn other_documents_are_refused() {
        let malformed = format!("MalformedXML: {} []", ErrorCode::MalformedXML.message());
        let many = |count: usize| {
            format!(
                "<Delete>{}</Delete>",
                "<Object><Key>a</Key></Object>".repeat(count)
            )
        };
        assert!(DeleteObjectsDocument::parse(many(1000).as_bytes()).is_ok());
        for document in [
            "",
            "<Delete/>",
            "<Other/>",
            "<Delete><Object/></Delete>",
            "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
            "<Delete><Object><Key><X/></Key></Object></Delete>",
            "<Delete><Quiet>maybe</Quiet><Object><Key>a</Key></Object></Delete>",
            "<Delete><Other/><Object><Key>a</Key></Object></Delete>",
            &many(1001),
        ] {
            check_document(document, &malformed);
        }
        check_document(
            "<Delete><Object><Key></Key></Object></Delete>",
            &format!(
                "UserKeyMustBeSpecified: {} []",
                ErrorCode::UserKeyMustBeSpecified.message()
            ),
        );
        check_document(
            &format!(
                "<Delete><Object><Key>{}</Key></Object></Delete>",
                "a".repeat(1025)
            ),
            "KeyTooLongError: Your key is too long [Size=1025, MaxSizeAllowed=1024]",
        );
        check_document(
            "<Delete><Object><Key>a</Key><Size>5</Size></Object></Delete>",
            "NotImplemented: A header you provided implies functionality that is not implemented [Header=Size]",
        );
    }
}
