//! The listing of versions, where each key has the one version `null`, and the status that says so.

use bytes::Bytes;

use crate::encode::Owner;
use crate::encode::listing::ListedObject;
use crate::encode::xml::Xml;
use crate::operation::{ListObjectVersions, NULL_VERSION_ID, STANDARD_STORAGE_CLASS};

/// The answer to `ListObjectVersions`.
#[derive(Clone, Copy, Debug)]
pub struct ListObjectVersionsAnswer<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// What was asked.
    pub request: &'a ListObjectVersions,
    /// The objects of this page, in byte order.
    pub objects: &'a [ListedObject<'a>],
    /// The common prefixes of this page, in byte order.
    pub common_prefixes: &'a [String],
    /// Whether there is more.
    pub is_truncated: bool,
    /// The last key or prefix of a truncated page.
    pub next: Option<&'a str>,
    /// Who owns the objects.
    pub owner: Owner<'a>,
}

/// The answer to `ListObjectVersions`.
pub fn list_object_versions(answer: &ListObjectVersionsAnswer<'_>) -> Bytes {
    const ROOT: &str = "ListVersionsResult";
    let request = answer.request;
    let mut xml = Xml::result(ROOT).url_encoded(request.url_encoded);
    xml.element("Name", answer.bucket);
    xml.name("Prefix", &request.prefix);
    xml.name("KeyMarker", &request.key_marker);
    xml.element(
        "VersionIdMarker",
        request.version_id_marker.as_deref().unwrap_or_default(),
    );
    if let Some(next) = answer.next.filter(|_| answer.is_truncated) {
        xml.name("NextKeyMarker", next);
        // A common prefix is no version, so nothing of it could be gone on after.
        let is_prefix = answer.common_prefixes.iter().any(|prefix| prefix == next);
        xml.optional("NextVersionIdMarker", (!is_prefix).then_some(NULL_VERSION_ID));
    }
    xml.number("MaxKeys", request.max_keys.into());
    xml.listing_tail(
        request.delimiter.as_deref(),
        request.url_encoded,
        answer.is_truncated,
    );
    for object in answer.objects {
        xml.open("Version");
        xml.name("Key", object.object_key);
        xml.element("VersionId", NULL_VERSION_ID);
        xml.boolean("IsLatest", true);
        xml.element("LastModified", &object.last_modified.iso8601());
        xml.etag(&object.etag);
        xml.listed_checksum(object);
        xml.number("Size", object.size);
        xml.element(
            "StorageClass",
            object.storage_class.unwrap_or(STANDARD_STORAGE_CLASS),
        );
        xml.owner("Owner", object.owner.unwrap_or(answer.owner));
        xml.close("Version");
    }
    xml.common_prefixes(answer.common_prefixes);
    xml.finish(ROOT)
}

/// The answer to `GetBucketVersioning` of a bucket on which versions were never switched on: it names no status.
pub fn bucket_versioning() -> Bytes {
    const ROOT: &str = "VersioningConfiguration";
    Xml::result(ROOT).finish(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_result;
    use countersign_types::{ChecksumAlgorithm, ChecksumType, Etag, Moment};

    fn check(request: &ListObjectVersions, next: Option<&str>, expected: &str) {
        let objects = [ListedObject {
            object_key: "a b",
            last_modified: Moment::from_seconds(1_369_353_600),
            etag: Etag::whole([0xab; 16]),
            checksum_algorithm: Some(ChecksumAlgorithm::Crc32),
            checksum_type: Some(ChecksumType::FullObject),
            size: 5,
            storage_class: None,
            owner: None,
        }];
        let answer = ListObjectVersionsAnswer {
            bucket: "abc",
            request,
            objects: &objects,
            common_prefixes: &["f/".to_owned()],
            is_truncated: next.is_some(),
            next,
            owner: Owner {
                id: "o1",
                display_name: "root",
            },
        };
        check_result(&list_object_versions(&answer), expected);
    }

    const VERSION: &str = "<VersionId>null</VersionId><IsLatest>true</IsLatest>\
                           <LastModified>2013-05-24T00:00:00.000Z</LastModified>\
                           <ETag>&quot;abababababababababababababababab&quot;</ETag>\
                           <ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>\
                           <Size>5</Size><StorageClass>STANDARD</StorageClass>\
                           <Owner><ID>o1</ID><DisplayName>root</DisplayName></Owner></Version>\
                           <CommonPrefixes><Prefix>f/</Prefix></CommonPrefixes></ListVersionsResult>";

    #[test]
    fn every_object_is_its_own_only_version() {
        let request = ListObjectVersions {
            max_keys: 1000,
            ..ListObjectVersions::default()
        };
        check(
            &request,
            None,
            &format!(
                "<ListVersionsResult><Name>abc</Name><Prefix></Prefix><KeyMarker></KeyMarker>\
                 <VersionIdMarker></VersionIdMarker><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>\
                 <Version><Key>a b</Key>{VERSION}"
            ),
        );
    }

    #[test]
    fn a_page_of_versions_says_where_the_next_begins() {
        let request = ListObjectVersions {
            prefix: "p".to_owned(),
            key_marker: "a".to_owned(),
            version_id_marker: Some("null".to_owned()),
            max_keys: 2,
            url_encoded: true,
            ..ListObjectVersions::default()
        };
        let head = "<ListVersionsResult><Name>abc</Name><Prefix>p</Prefix><KeyMarker>a</KeyMarker>\
                    <VersionIdMarker>null</VersionIdMarker>";
        let tail = format!(
            "<MaxKeys>2</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
             <Version><Key>a%20b</Key>{VERSION}"
        );
        let after_key = "<NextKeyMarker>a%20b</NextKeyMarker><NextVersionIdMarker>null</NextVersionIdMarker>";
        check(&request, Some("a b"), &format!("{head}{after_key}{tail}"));
        let after_prefix = "<NextKeyMarker>f/</NextKeyMarker>";
        check(&request, Some("f/"), &format!("{head}{after_prefix}{tail}"));
    }

    #[test]
    fn versions_that_were_never_switched_on_have_no_status() {
        check_result(
            &bucket_versioning(),
            "<VersioningConfiguration></VersioningConfiguration>",
        );
    }
}
