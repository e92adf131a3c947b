//! Copies: the source, and what the copy takes over from it.
//!
//! Not here: the bytes of the source; the server reads them and checks that the caller may.

use countersign_types::{
    BucketName, ChecksumAlgorithm, ObjectKey, ObjectMetadata, PartNumber, ReadCondition, UploadId,
    WriteCondition,
};

use crate::head::{View, decode, header_bytes};
use crate::operation::acl::{AclTarget, RequestedAcl};
use crate::operation::condition;
use crate::operation::content::parse_metadata;
use crate::operation::{integrity, multipart};
use crate::parse_error::ParseError;
use crate::range::SourceRange;
use crate::router::{check_version_id, invalid_bucket_name};

/// `x-amz-copy-source`; the version is the only one there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySource {
    /// The bucket it lies in.
    pub bucket: BucketName,
    /// Its key.
    pub object_key: ObjectKey,
    /// Whether it names its version, which takes another permission to read.
    pub names_version: bool,
}

/// `x-amz-metadata-directive`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetadataDirective {
    /// The copy keeps the source's metadata, but for its storage class and website redirect.
    #[default]
    Copy,
    /// The copy has the metadata of this request.
    Replace,
}

/// `PUT /bucket/key` with `x-amz-copy-source`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyObject {
    /// What is copied.
    pub source: CopySource,
    /// When it may be read.
    pub source_condition: ReadCondition,
    /// Whose metadata the copy has.
    pub metadata_directive: MetadataDirective,
    /// The metadata of this request. `storage_class` and `website_redirect` count under both directives.
    pub metadata: ObjectMetadata,
    /// `x-amz-checksum-algorithm`: the copy gets this checksum in place of the source's.
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// When the copy may be written.
    pub condition: WriteCondition,
    /// The list of access that the copy is to have. That of the source is not copied.
    pub acl: Option<RequestedAcl>,
}

/// `PUT /bucket/key?partNumber&uploadId` with `x-amz-copy-source`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPartCopy {
    /// `uploadId`
    pub upload_id: UploadId,
    /// `partNumber`
    pub part: PartNumber,
    /// What is copied.
    pub source: CopySource,
    /// When it may be read.
    pub source_condition: ReadCondition,
    /// `x-amz-copy-source-range`; `None` copies all of it.
    pub range: Option<SourceRange>,
}

impl CopySource {
    /// Reads `[/]bucket/key[?versionId=null]`, percent-encoded.
    pub fn parse(text: &str) -> Result<CopySource, ParseError> {
        let (path, version_id) = match text.rsplit_once("?versionId=") {
            Some((path, version_id)) => (path, Some(version_id)),
            None => (text, None),
        };
        check_version_id(version_id)?;
        let path = header_bytes(path);
        let path = decode(&path);
        let path = path.strip_prefix(b"/").unwrap_or(&path);
        let at = path.iter().position(|b| *b == b'/');
        let (bucket, object_key) = at.map_or((path, &[][..]), |at| path.split_at(at));
        let object_key = object_key.strip_prefix(b"/").unwrap_or_default();
        if bucket.is_empty() || object_key.is_empty() {
            return Err(ParseError::argument(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                HEADER,
                text,
            ));
        }
        let bucket = String::from_utf8_lossy(bucket);
        Ok(CopySource {
            bucket: BucketName::parse(&bucket).map_err(|_| invalid_bucket_name(&bucket))?,
            object_key: super::object::parse_object_key(object_key)?,
            names_version: version_id.is_some(),
        })
    }

    fn of(view: &View<'_>) -> Result<CopySource, ParseError> {
        CopySource::parse(&view.header(HEADER).unwrap_or_default())
    }
}

impl CopyObject {
    pub(crate) fn parse(view: &View<'_>) -> Result<CopyObject, ParseError> {
        let copy = CopyObject {
            acl: RequestedAcl::parse(view, AclTarget::Object)?,
            source: CopySource::of(view)?,
            source_condition: condition::parse_source(view),
            metadata_directive: parse_metadata_directive(view)?,
            metadata: parse_metadata(view)?,
            checksum_algorithm: integrity::parse_algorithm(view, "x-amz-checksum-algorithm")?,
            condition: condition::parse_write(view)?,
        };
        check_tagging_directive(view)?;
        Ok(copy)
    }

    /// Refuses a copy of an object onto itself that would change nothing.
    pub(crate) fn check_target(&self, bucket: &BucketName, object_key: &ObjectKey) -> Result<(), ParseError> {
        let is_itself = self.source.bucket == *bucket && self.source.object_key == *object_key;
        let changes = self.metadata_directive == MetadataDirective::Replace
            || self.metadata.storage_class.is_some()
            || self.metadata.website_redirect.is_some()
            || self.checksum_algorithm.is_some();
        if is_itself && !changes {
            return Err(ParseError::request(
                "This copy request is illegal because it is trying to copy an object to itself without changing the \
                 object's metadata, storage class, website redirect location or encryption attributes.",
            ));
        }
        Ok(())
    }
}

impl UploadPartCopy {
    pub(crate) fn parse(view: &View<'_>) -> Result<UploadPartCopy, ParseError> {
        let range = view.filled_header("x-amz-copy-source-range");
        Ok(UploadPartCopy {
            upload_id: multipart::parse_upload_id(view)?,
            part: multipart::required_part_number(view)?,
            source: CopySource::of(view)?,
            source_condition: condition::parse_source(view),
            range: range.map(|text| SourceRange::parse(&text)).transpose()?,
        })
    }
}

fn parse_metadata_directive(view: &View<'_>) -> Result<MetadataDirective, ParseError> {
    const HEADER: &str = "x-amz-metadata-directive";
    match view.filled_header(HEADER).as_deref() {
        None | Some("COPY") => Ok(MetadataDirective::Copy),
        Some("REPLACE") => Ok(MetadataDirective::Replace),
        Some(other) => Err(ParseError::argument("Unknown metadata directive.", HEADER, other)),
    }
}

/// Tags do not exist yet, so both directives leave none; the tags themselves (`x-amz-tagging`) are refused.
fn check_tagging_directive(view: &View<'_>) -> Result<(), ParseError> {
    const HEADER: &str = "x-amz-tagging-directive";
    match view.filled_header(HEADER).as_deref() {
        None | Some("COPY" | "REPLACE") => Ok(()),
        Some(other) => Err(ParseError::argument("Unknown tagging directive.", HEADER, other)),
    }
}

pub(crate) const HEADER: &str = "x-amz-copy-source";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal, told};
    use countersign_types::EtagMatch;

    const UPLOAD: &str = "uploadId=00112233445566778899aabbccddeeff";

    fn check(source: &str, expected: Result<(&str, &str), &str>) {
        let found = CopySource::parse(source);
        let found = found
            .as_ref()
            .map(|s| (s.bucket.as_str(), s.object_key.as_str()))
            .map_err(told);
        let is_expected = match (&found, &expected) {
            (Ok(found), Ok(expected)) => found == expected,
            (Err(found), Err(expected)) => found.starts_with(expected),
            _ => false,
        };
        assert!(is_expected, "{source}: {found:?}");
    }

    #[test]
    fn a_source_is_a_bucket_and_a_key() {
        check("abc/k", Ok(("abc", "k")));
        check("/abc/k/l//", Ok(("abc", "k/l//")));
        check("abc/a%20b+c%2Bd", Ok(("abc", "a b+c+d")));
        check("%2Fabc%2Fk", Ok(("abc", "k")));
        check("abc/ä", Ok(("abc", "ä")));
        check("abc/k?versionId=null", Ok(("abc", "k")));
        check("abc/k%3FversionId=x", Ok(("abc", "k?versionId=x")));
        check("abc/k?x", Ok(("abc", "k?x")));
        check(
            "abc/k?versionId=x",
            Err("InvalidArgument: Invalid version id specified"),
        );
        check(
            "abc/k?versionId=",
            Err("InvalidArgument: Version id cannot be the empty string"),
        );
        check("A_c/k", Err("InvalidBucketName"));
        check("abc/%ff", Err("InvalidURI"));
        for source in ["", "/", "abc", "abc/", "//k"] {
            check(
                source,
                Err(
                    "InvalidArgument: Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                ),
            );
        }
    }

    #[test]
    fn a_copy_has_directives_and_conditions() {
        let line = "PUT /abc/k";
        let source = (HEADER, "abd/l");
        let Operation::CopyObject(copy) = operation(
            line,
            &[
                source,
                ("x-amz-metadata-directive", "REPLACE"),
                ("x-amz-tagging-directive", "COPY"),
                ("x-amz-checksum-algorithm", "SHA256"),
                ("x-amz-copy-source-if-none-match", "*"),
                ("if-none-match", "*"),
                ("content-type", "a/b"),
            ],
        ) else {
            unreachable!("a copy");
        };
        assert_eq!(copy.metadata_directive, MetadataDirective::Replace);
        assert_eq!(copy.metadata.content_type.as_deref(), Some("a/b"));
        assert_eq!(copy.checksum_algorithm, Some(ChecksumAlgorithm::Sha256));
        assert_eq!(copy.source_condition.if_none_match, Some(EtagMatch::Any));
        assert_eq!(copy.source_condition.if_match, None);
        assert_eq!(copy.condition.if_none_match, Some(EtagMatch::Any));
        for (name, expected) in [
            (
                "x-amz-metadata-directive",
                "InvalidArgument: Unknown metadata directive.",
            ),
            (
                "x-amz-tagging-directive",
                "InvalidArgument: Unknown tagging directive.",
            ),
        ] {
            let found = refusal(line, &[source, (name, "copy")]);
            assert!(found.starts_with(expected), "{found}");
        }
    }

    #[test]
    fn a_copy_onto_itself_must_change_something() {
        let source = (HEADER, "/abc/k");
        let found = refusal("PUT /abc/k", &[source]);
        assert!(
            found.starts_with("InvalidRequest: This copy request is illegal"),
            "{found}"
        );
        for change in [
            ("x-amz-metadata-directive", "REPLACE"),
            ("x-amz-storage-class", "STANDARD"),
            ("x-amz-website-redirect-location", "/x"),
            ("x-amz-checksum-algorithm", "CRC32"),
        ] {
            assert_eq!(
                operation("PUT /abc/k", &[source, change]).name(),
                "CopyObject",
                "{change:?}"
            );
        }
        assert_eq!(operation("PUT /abd/k", &[source]).name(), "CopyObject");
    }

    #[test]
    fn a_part_may_be_copied_from_a_range() {
        let line = format!("PUT /abc/k?{UPLOAD}&partNumber=1");
        let range = "x-amz-copy-source-range";
        let Operation::UploadPartCopy(copy) = operation(&line, &[(HEADER, "abc/k"), (range, "bytes=0-4")])
        else {
            unreachable!("a copy");
        };
        let resolved = copy.range.and_then(|range| range.resolve(5).ok());
        assert_eq!(resolved.map(|r| (r.offset, r.length)), Some((0, 5)));
        let found = refusal(&line, &[(HEADER, "abc/k"), (range, "bytes=0-")]);
        assert!(
            found.starts_with("InvalidArgument: The x-amz-copy-source-range value must be"),
            "{found}"
        );
    }
}
