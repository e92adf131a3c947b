//! Listings of objects, in both versions.
//!
//! They answer with what was asked, so they take the request's values ([`ListObjects`], [`ListObjectsV2`]) beside the page.

use bytes::Bytes;
use countersign_types::{ChecksumAlgorithm, ChecksumType, Etag, Moment};

use crate::encode::Owner;
use crate::encode::xml::Xml;
use crate::operation::{ListObjects, ListObjectsV2, STANDARD_STORAGE_CLASS};

/// The answer to `ListObjects`.
#[derive(Clone, Copy, Debug)]
pub struct ListObjectsAnswer<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// What was asked.
    pub request: &'a ListObjects,
    /// The objects of this page, in byte order.
    pub objects: &'a [ListedObject<'a>],
    /// The common prefixes of this page, in byte order.
    pub common_prefixes: &'a [String],
    /// Whether there is more.
    pub is_truncated: bool,
    /// The last key or prefix of a truncated page. Shown only with a delimiter, as at AWS.
    pub next_marker: Option<&'a str>,
    /// Who owns the bucket, and the objects that name nobody else.
    pub owner: Option<Owner<'a>>,
}

/// The answer to `ListObjectsV2`.
#[derive(Clone, Copy, Debug)]
pub struct ListObjectsV2Answer<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// What was asked.
    pub request: &'a ListObjectsV2,
    /// The objects of this page, in byte order.
    pub objects: &'a [ListedObject<'a>],
    /// The common prefixes of this page, in byte order.
    pub common_prefixes: &'a [String],
    /// Whether there is more.
    pub is_truncated: bool,
    /// The last key or prefix of a truncated page; it is made into the token here.
    pub next: Option<&'a str>,
    /// Who owns the bucket, and the objects that name nobody else. Shown only with `fetch-owner`.
    pub owner: Option<Owner<'a>>,
}

/// One object of a listing.
#[derive(Clone, Copy, Debug)]
pub struct ListedObject<'a> {
    /// `Key`
    pub object_key: &'a str,
    /// `LastModified`
    pub last_modified: Moment,
    /// `ETag`
    pub etag: Etag,
    /// `ChecksumAlgorithm`
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// `ChecksumType`
    pub checksum_type: Option<ChecksumType>,
    /// `Size` in bytes.
    pub size: u64,
    /// `StorageClass`; `None` is `STANDARD`.
    pub storage_class: Option<&'a str>,
    /// Who owns it, if not the owner of the bucket.
    pub owner: Option<Owner<'a>>,
}

/// The answer to `ListObjects`.
pub fn list_objects(answer: &ListObjectsAnswer<'_>) -> Bytes {
    let request = answer.request;
    let mut xml = Xml::result(ROOT).url_encoded(request.url_encoded);
    xml.element("Name", answer.bucket);
    xml.name("Prefix", &request.prefix);
    xml.name("Marker", &request.marker);
    let has_delimiter = request.delimiter.is_some();
    if let Some(next) = answer
        .next_marker
        .filter(|_| answer.is_truncated && has_delimiter)
    {
        xml.name("NextMarker", next);
    }
    xml.number("MaxKeys", request.max_keys.into());
    xml.listing_tail(
        request.delimiter.as_deref(),
        request.url_encoded,
        answer.is_truncated,
    );
    for object in answer.objects {
        write_object(&mut xml, object, answer.owner);
    }
    xml.common_prefixes(answer.common_prefixes);
    xml.finish(ROOT)
}

/// The answer to `ListObjectsV2`.
pub fn list_objects_v2(answer: &ListObjectsV2Answer<'_>) -> Bytes {
    let request = answer.request;
    let mut xml = Xml::result(ROOT).url_encoded(request.url_encoded);
    xml.element("Name", answer.bucket);
    xml.name("Prefix", &request.prefix);
    xml.optional("ContinuationToken", request.continuation_token.as_deref());
    if let Some(next) = answer.next.filter(|_| answer.is_truncated) {
        xml.element("NextContinuationToken", &crate::continuation::encode(next));
    }
    if let Some(start_after) = &request.start_after {
        xml.name("StartAfter", start_after);
    }
    let count = answer.objects.len().saturating_add(answer.common_prefixes.len());
    xml.number("KeyCount", u64::try_from(count).unwrap_or(u64::MAX));
    xml.number("MaxKeys", request.max_keys.into());
    xml.listing_tail(
        request.delimiter.as_deref(),
        request.url_encoded,
        answer.is_truncated,
    );
    for object in answer.objects {
        write_object(&mut xml, object, answer.owner.filter(|_| request.fetch_owner));
    }
    xml.common_prefixes(answer.common_prefixes);
    xml.finish(ROOT)
}

fn write_object(xml: &mut Xml, object: &ListedObject<'_>, owner: Option<Owner<'_>>) {
    xml.open("Contents");
    xml.name("Key", object.object_key);
    xml.element("LastModified", &object.last_modified.iso8601());
    xml.etag(&object.etag);
    xml.listed_checksum(object);
    xml.number("Size", object.size);
    if let Some(owner) = owner {
        xml.owner("Owner", object.owner.unwrap_or(owner));
    }
    xml.element(
        "StorageClass",
        object.storage_class.unwrap_or(STANDARD_STORAGE_CLASS),
    );
    xml.close("Contents");
}

impl Xml {
    /// The elements that end the head of every listing.
    pub(super) fn listing_tail(&mut self, delimiter: Option<&str>, url_encoded: bool, is_truncated: bool) {
        if let Some(delimiter) = delimiter {
            self.name("Delimiter", delimiter);
        }
        if url_encoded {
            self.element("EncodingType", "url");
        }
        self.boolean("IsTruncated", is_truncated);
    }

    /// Which checksum a listed object has, and how it was made.
    pub(super) fn listed_checksum(&mut self, object: &ListedObject<'_>) {
        let algorithm = object.checksum_algorithm.map(ChecksumAlgorithm::name);
        self.optional("ChecksumAlgorithm", algorithm);
        self.optional("ChecksumType", object.checksum_type.map(ChecksumType::name));
    }

    /// One `CommonPrefixes` a prefix, as AWS writes them.
    pub(super) fn common_prefixes(&mut self, prefixes: &[String]) {
        for prefix in prefixes {
            self.open("CommonPrefixes");
            self.name("Prefix", prefix);
            self.close("CommonPrefixes");
        }
    }

    pub(super) fn owner(&mut self, element: &str, owner: Owner<'_>) {
        self.open(element);
        self.element("ID", owner.id);
        self.element("DisplayName", owner.display_name);
        self.close(element);
    }
}

const ROOT: &str = "ListBucketResult";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_result;

    const OWNER: Owner<'static> = Owner {
        id: "o1",
        display_name: "root",
    };

    fn object(object_key: &str) -> ListedObject<'_> {
        ListedObject {
            object_key,
            last_modified: Moment::from_seconds(1_369_353_600),
            etag: Etag::of_parts([0xab; 16], 2),
            checksum_algorithm: None,
            checksum_type: None,
            size: 5,
            storage_class: None,
            owner: None,
        }
    }

    fn v1(request: &ListObjects, expected: &str) {
        let objects = [object("a b&c\u{1}")];
        let answer = ListObjectsAnswer {
            bucket: "abc",
            request,
            objects: &objects,
            common_prefixes: &["d+e/".to_owned(), "f/".to_owned()],
            is_truncated: true,
            next_marker: Some("f/"),
            owner: Some(OWNER),
        };
        check_result(&list_objects(&answer), expected);
    }

    #[test]
    fn version_1_shows_owners_and_a_marker() {
        let request = ListObjects {
            prefix: "<".to_owned(),
            marker: "a".to_owned(),
            max_keys: 1000,
            ..ListObjects::default()
        };
        v1(
            &request,
            "<ListBucketResult><Name>abc</Name><Prefix>&lt;</Prefix><Marker>a</Marker><MaxKeys>1000</MaxKeys>\
             <IsTruncated>true</IsTruncated><Contents><Key>a b&amp;c&#x1;</Key>\
             <LastModified>2013-05-24T00:00:00.000Z</LastModified>\
             <ETag>&quot;abababababababababababababababab-2&quot;</ETag><Size>5</Size><Owner><ID>o1</ID>\
             <DisplayName>root</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>\
             <CommonPrefixes><Prefix>d+e/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>f/</Prefix></CommonPrefixes>\
             </ListBucketResult>",
        );
    }

    #[test]
    fn names_are_encoded_where_asked() {
        let request = ListObjects {
            delimiter: Some("/".to_owned()),
            marker: "a b".to_owned(),
            max_keys: 1,
            url_encoded: true,
            ..ListObjects::default()
        };
        v1(
            &request,
            "<ListBucketResult><Name>abc</Name><Prefix></Prefix><Marker>a%20b</Marker><NextMarker>f/</NextMarker>\
             <MaxKeys>1</MaxKeys><Delimiter>/</Delimiter><EncodingType>url</EncodingType>\
             <IsTruncated>true</IsTruncated><Contents><Key>a%20b%26c%01</Key>\
             <LastModified>2013-05-24T00:00:00.000Z</LastModified>\
             <ETag>&quot;abababababababababababababababab-2&quot;</ETag><Size>5</Size><Owner><ID>o1</ID>\
             <DisplayName>root</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>\
             <CommonPrefixes><Prefix>d%2Be/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>f/</Prefix>\
             </CommonPrefixes></ListBucketResult>",
        );
    }

    fn v2(request: &ListObjectsV2, is_truncated: bool, expected: &str) {
        let objects = [ListedObject {
            checksum_algorithm: Some(ChecksumAlgorithm::Crc32),
            checksum_type: Some(ChecksumType::FullObject),
            storage_class: Some("STANDARD_IA"),
            owner: Some(Owner {
                id: "o2",
                display_name: "bob",
            }),
            ..object("k")
        }];
        let answer = ListObjectsV2Answer {
            bucket: "abc",
            request,
            objects: &objects,
            common_prefixes: &["p/".to_owned()],
            is_truncated,
            next: Some("p/"),
            owner: Some(OWNER),
        };
        check_result(&list_objects_v2(&answer), expected);
    }

    #[test]
    fn version_2_counts_and_gives_a_token() {
        let request = ListObjectsV2 {
            prefix: "p".to_owned(),
            continuation_token: Some("t".to_owned()),
            max_keys: 2,
            ..ListObjectsV2::default()
        };
        v2(
            &request,
            true,
            "<ListBucketResult><Name>abc</Name><Prefix>p</Prefix><ContinuationToken>t</ContinuationToken>\
             <NextContinuationToken>AXAv</NextContinuationToken><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys>\
             <IsTruncated>true</IsTruncated><Contents><Key>k</Key>\
             <LastModified>2013-05-24T00:00:00.000Z</LastModified>\
             <ETag>&quot;abababababababababababababababab-2&quot;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>\
             <ChecksumType>FULL_OBJECT</ChecksumType><Size>5</Size><StorageClass>STANDARD_IA</StorageClass></Contents>\
             <CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>",
        );
        assert_eq!(crate::continuation::parse("AXAv").as_deref(), Some("p/"));
    }

    #[test]
    fn version_2_shows_owners_only_if_asked() {
        let request = ListObjectsV2 {
            start_after: Some("a b".to_owned()),
            delimiter: Some("/".to_owned()),
            max_keys: 2,
            fetch_owner: true,
            url_encoded: true,
            ..ListObjectsV2::default()
        };
        v2(
            &request,
            false,
            "<ListBucketResult><Name>abc</Name><Prefix></Prefix><StartAfter>a%20b</StartAfter><KeyCount>2</KeyCount>\
             <MaxKeys>2</MaxKeys><Delimiter>/</Delimiter><EncodingType>url</EncodingType>\
             <IsTruncated>false</IsTruncated><Contents><Key>k</Key>\
             <LastModified>2013-05-24T00:00:00.000Z</LastModified>\
             <ETag>&quot;abababababababababababababababab-2&quot;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>\
             <ChecksumType>FULL_OBJECT</ChecksumType><Size>5</Size><Owner><ID>o2</ID><DisplayName>bob</DisplayName>\
             </Owner><StorageClass>STANDARD_IA</StorageClass></Contents>\
             <CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>",
        );
    }
}
