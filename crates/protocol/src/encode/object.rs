//! Answers to copies and to the delete of many objects.

use bytes::Bytes;
use countersign_types::{Etag, Moment};

use crate::encode::headers::ObjectChecksum;
use crate::encode::xml::Xml;
use crate::error_code::ErrorCode;

/// What became of one object of `DeleteObjects`.
#[derive(Clone, Copy, Debug)]
pub struct DeletedObject<'a> {
    /// Its key.
    pub object_key: &'a str,
    /// The version id that was asked for.
    pub version_id: Option<&'a str>,
    /// Why it is still there: code and message.
    pub error: Option<(ErrorCode, &'a str)>,
}

/// The answer to `DeleteObjects`; `quiet` leaves out what went well.
pub fn delete_objects(objects: &[DeletedObject<'_>], quiet: bool) -> Bytes {
    const ROOT: &str = "DeleteResult";
    let mut xml = Xml::result(ROOT);
    for object in objects {
        let element = if object.error.is_some() {
            "Error"
        } else {
            "Deleted"
        };
        if object.error.is_none() && quiet {
            continue;
        }
        xml.open(element);
        xml.element("Key", object.object_key);
        xml.optional("VersionId", object.version_id);
        if let Some((code, message)) = object.error {
            xml.element("Code", code.name());
            xml.element("Message", message);
        }
        xml.close(element);
    }
    xml.finish(ROOT)
}

/// The answer to `CopyObject`.
pub fn copy_object(etag: &Etag, last_modified: Moment, checksum: Option<ObjectChecksum<'_>>) -> Bytes {
    copy_result("CopyObjectResult", etag, last_modified, checksum)
}

/// The answer to `UploadPartCopy`. A part's checksum has no type, so give [`ObjectChecksum::part`].
pub fn copy_part(etag: &Etag, last_modified: Moment, checksum: Option<ObjectChecksum<'_>>) -> Bytes {
    copy_result("CopyPartResult", etag, last_modified, checksum)
}

fn copy_result(
    root: &str,
    etag: &Etag,
    last_modified: Moment,
    checksum: Option<ObjectChecksum<'_>>,
) -> Bytes {
    let mut xml = Xml::result(root);
    xml.element("LastModified", &last_modified.iso8601());
    xml.etag(etag);
    xml.checksum(checksum);
    xml.finish(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_result as check;
    use countersign_types::{Checksum, ChecksumAlgorithm, ChecksumType};

    fn outcomes<'a>() -> [DeletedObject<'a>; 2] {
        [
            DeletedObject {
                object_key: "a&b\u{1}",
                version_id: Some("null"),
                error: None,
            },
            DeletedObject {
                object_key: "c",
                version_id: None,
                error: Some((ErrorCode::AccessDenied, "Access Denied")),
            },
        ]
    }

    #[test]
    fn deletes_are_told_one_by_one() {
        check(
            &delete_objects(&outcomes(), false),
            "<DeleteResult><Deleted><Key>a&amp;b&#x1;</Key><VersionId>null</VersionId></Deleted><Error><Key>c</Key>\
             <Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>",
        );
        check(
            &delete_objects(&outcomes(), true),
            "<DeleteResult><Error><Key>c</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>\
             </DeleteResult>",
        );
    }

    #[test]
    fn a_copy_answers_with_its_tag() {
        let etag = Etag::whole([0xab; 16]);
        let when = Moment::from_seconds(1_369_353_600);
        check(
            &copy_object(&etag, when, None),
            "<CopyObjectResult><LastModified>2013-05-24T00:00:00.000Z</LastModified>\
             <ETag>&quot;abababababababababababababababab&quot;</ETag></CopyObjectResult>",
        );
        let checksum = Checksum::new(ChecksumAlgorithm::Crc32, &[0; 4]).expect("four bytes");
        check(
            &copy_part(&etag, when, Some(ObjectChecksum::part(&checksum))),
            "<CopyPartResult><LastModified>2013-05-24T00:00:00.000Z</LastModified>\
             <ETag>&quot;abababababababababababababababab&quot;</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32>\
             </CopyPartResult>",
        );
        let composite = ObjectChecksum {
            checksum: &checksum,
            checksum_type: Some(ChecksumType::Composite),
            parts: Some(2),
        };
        check(
            &copy_object(&etag, when, Some(composite)),
            "<CopyObjectResult><LastModified>2013-05-24T00:00:00.000Z</LastModified>\
             <ETag>&quot;abababababababababababababababab&quot;</ETag><ChecksumCRC32>AAAAAA==-2</ChecksumCRC32>\
             <ChecksumType>COMPOSITE</ChecksumType></CopyObjectResult>",
        );
    }
}
