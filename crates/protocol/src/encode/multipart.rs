//! Answers about multipart uploads.

use bytes::Bytes;
use countersign_types::{Checksum, ChecksumAlgorithm, ChecksumType, Etag, Moment, PartNumber, UploadId};

use crate::encode::Owner;
use crate::encode::headers::ObjectChecksum;
use crate::encode::xml::Xml;
use crate::operation::{ListMultipartUploads, ListParts, STANDARD_STORAGE_CLASS};

/// The answer to `CompleteMultipartUpload`.
#[derive(Clone, Copy, Debug)]
pub struct CompleteMultipartUploadAnswer<'a> {
    /// The URL of the object.
    pub location: &'a str,
    /// The bucket's name.
    pub bucket: &'a str,
    /// The object's key.
    pub object_key: &'a str,
    /// The object's tag.
    pub etag: Etag,
    /// The object's checksum.
    pub checksum: Option<ObjectChecksum<'a>>,
}

/// The answer to `ListParts`.
#[derive(Clone, Copy, Debug)]
pub struct ListPartsAnswer<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// The object's key.
    pub object_key: &'a str,
    /// What was asked.
    pub request: &'a ListParts,
    /// Who began the upload.
    pub initiator: Owner<'a>,
    /// Who will own the object.
    pub owner: Owner<'a>,
    /// The class the object will have; `None` is `STANDARD`.
    pub storage_class: Option<&'a str>,
    /// The upload's checksum algorithm.
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// The upload's checksum type.
    pub checksum_type: Option<ChecksumType>,
    /// The parts of this page, in order.
    pub parts: &'a [ListedPart<'a>],
    /// Whether there are more.
    pub is_truncated: bool,
}

/// One part of [`ListPartsAnswer`].
#[derive(Clone, Copy, Debug)]
pub struct ListedPart<'a> {
    /// `PartNumber`
    pub part: PartNumber,
    /// `LastModified`
    pub last_modified: Moment,
    /// `ETag`
    pub etag: Etag,
    /// `Size` in bytes.
    pub size: u64,
    /// Its checksum.
    pub checksum: Option<&'a Checksum>,
}

/// The answer to `ListMultipartUploads`.
#[derive(Clone, Copy, Debug)]
pub struct ListMultipartUploadsAnswer<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// What was asked.
    pub request: &'a ListMultipartUploads,
    /// The uploads of this page, by key and then by id.
    pub uploads: &'a [ListedUpload<'a>],
    /// The common prefixes of this page.
    pub common_prefixes: &'a [String],
    /// Whether there are more.
    pub is_truncated: bool,
    /// Where the next page begins: the last key or prefix, and the last upload's id.
    pub next: Option<(&'a str, Option<&'a UploadId>)>,
}

/// One upload of [`ListMultipartUploadsAnswer`].
#[derive(Clone, Copy, Debug)]
pub struct ListedUpload<'a> {
    /// `Key`
    pub object_key: &'a str,
    /// `UploadId`
    pub upload_id: &'a UploadId,
    /// Who began it.
    pub initiator: Owner<'a>,
    /// Who will own the object.
    pub owner: Owner<'a>,
    /// The class the object will have; `None` is `STANDARD`.
    pub storage_class: Option<&'a str>,
    /// When it was begun.
    pub initiated: Moment,
    /// Its checksum algorithm.
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// Its checksum type.
    pub checksum_type: Option<ChecksumType>,
}

/// The answer to `CreateMultipartUpload`.
pub fn initiate_multipart_upload(bucket: &str, object_key: &str, upload_id: &UploadId) -> Bytes {
    const ROOT: &str = "InitiateMultipartUploadResult";
    let mut xml = Xml::result(ROOT);
    xml.element("Bucket", bucket);
    xml.element("Key", object_key);
    xml.element("UploadId", upload_id.as_str());
    xml.finish(ROOT)
}

/// The answer to `CompleteMultipartUpload`.
pub fn complete_multipart_upload(answer: &CompleteMultipartUploadAnswer<'_>) -> Bytes {
    const ROOT: &str = "CompleteMultipartUploadResult";
    let mut xml = Xml::result(ROOT);
    xml.element("Location", answer.location);
    xml.element("Bucket", answer.bucket);
    xml.element("Key", answer.object_key);
    xml.etag(&answer.etag);
    xml.checksum(answer.checksum);
    xml.finish(ROOT)
}

/// The answer to `ListParts`.
pub fn list_parts(answer: &ListPartsAnswer<'_>) -> Bytes {
    const ROOT: &str = "ListPartsResult";
    let request = answer.request;
    let mut xml = Xml::result(ROOT).url_encoded(request.url_encoded);
    xml.element("Bucket", answer.bucket);
    xml.name("Key", answer.object_key);
    xml.element("UploadId", request.upload_id.as_str());
    xml.owner("Initiator", answer.initiator);
    xml.owner("Owner", answer.owner);
    xml.element(
        "StorageClass",
        answer.storage_class.unwrap_or(STANDARD_STORAGE_CLASS),
    );
    let marker = request.after.map_or(0, PartNumber::get);
    xml.number("PartNumberMarker", marker.into());
    let last = answer.parts.last().map_or(marker, |part| part.part.get());
    xml.number("NextPartNumberMarker", last.into());
    xml.number("MaxParts", request.max_parts.into());
    if request.url_encoded {
        xml.element("EncodingType", "url");
    }
    xml.boolean("IsTruncated", answer.is_truncated);
    xml.optional(
        "ChecksumAlgorithm",
        answer.checksum_algorithm.map(ChecksumAlgorithm::name),
    );
    xml.optional("ChecksumType", answer.checksum_type.map(ChecksumType::name));
    for part in answer.parts {
        xml.open("Part");
        xml.number("PartNumber", part.part.get().into());
        xml.element("LastModified", &part.last_modified.iso8601());
        xml.etag(&part.etag);
        xml.number("Size", part.size);
        xml.checksum(part.checksum.map(ObjectChecksum::part));
        xml.close("Part");
    }
    xml.finish(ROOT)
}

/// The answer to `ListMultipartUploads`.
pub fn list_multipart_uploads(answer: &ListMultipartUploadsAnswer<'_>) -> Bytes {
    const ROOT: &str = "ListMultipartUploadsResult";
    let request = answer.request;
    let mut xml = Xml::result(ROOT).url_encoded(request.url_encoded);
    xml.element("Bucket", answer.bucket);
    xml.name("KeyMarker", &request.key_marker);
    let upload_id_marker = request.upload_id_marker.as_ref().map_or("", UploadId::as_str);
    xml.element("UploadIdMarker", upload_id_marker);
    if let Some((object_key, upload_id)) = answer.next.filter(|_| answer.is_truncated) {
        xml.name("NextKeyMarker", object_key);
        xml.element("NextUploadIdMarker", upload_id.map_or("", UploadId::as_str));
    }
    if let Some(delimiter) = &request.delimiter {
        xml.name("Delimiter", delimiter);
    }
    xml.name("Prefix", &request.prefix);
    xml.number("MaxUploads", request.max_uploads.into());
    xml.listing_tail(None, request.url_encoded, answer.is_truncated);
    for upload in answer.uploads {
        xml.open("Upload");
        xml.name("Key", upload.object_key);
        xml.element("UploadId", upload.upload_id.as_str());
        xml.owner("Initiator", upload.initiator);
        xml.owner("Owner", upload.owner);
        xml.element(
            "StorageClass",
            upload.storage_class.unwrap_or(STANDARD_STORAGE_CLASS),
        );
        xml.element("Initiated", &upload.initiated.iso8601());
        xml.optional(
            "ChecksumAlgorithm",
            upload.checksum_algorithm.map(ChecksumAlgorithm::name),
        );
        xml.optional("ChecksumType", upload.checksum_type.map(ChecksumType::name));
        xml.close("Upload");
    }
    xml.common_prefixes(answer.common_prefixes);
    xml.finish(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_result;

    const OWNER: Owner<'static> = Owner {
        id: "o1",
        display_name: "root",
    };

    fn crc() -> Checksum {
        Checksum::new(ChecksumAlgorithm::Crc32, &[0; 4]).expect("four bytes")
    }

    #[test]
    fn an_upload_begins_and_ends() {
        let upload_id = UploadId::from_bytes([0xcd; 16]);
        check_result(
            &initiate_multipart_upload("abc", "k&l", &upload_id),
            "<InitiateMultipartUploadResult><Bucket>abc</Bucket><Key>k&amp;l</Key>\
             <UploadId>cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd</UploadId></InitiateMultipartUploadResult>",
        );
        let checksum = crc();
        let answer = CompleteMultipartUploadAnswer {
            location: "http://127.0.0.1:9000/abc/k%26l",
            bucket: "abc",
            object_key: "k&l",
            etag: Etag::of_parts([0xab; 16], 3),
            checksum: Some(ObjectChecksum {
                checksum: &checksum,
                checksum_type: Some(ChecksumType::Composite),
                parts: Some(3),
            }),
        };
        check_result(
            &complete_multipart_upload(&answer),
            "<CompleteMultipartUploadResult><Location>http://127.0.0.1:9000/abc/k%26l</Location><Bucket>abc</Bucket>\
             <Key>k&amp;l</Key><ETag>&quot;abababababababababababababababab-3&quot;</ETag>\
             <ChecksumCRC32>AAAAAA==-3</ChecksumCRC32><ChecksumType>COMPOSITE</ChecksumType>\
             </CompleteMultipartUploadResult>",
        );
    }

    #[test]
    fn parts_are_listed_with_their_markers() {
        let request = ListParts {
            upload_id: UploadId::from_bytes([0xcd; 16]),
            after: PartNumber::new(1),
            max_parts: 1,
            url_encoded: false,
        };
        let checksum = crc();
        let parts = [ListedPart {
            part: PartNumber::new(2).expect("a number"),
            last_modified: Moment::from_seconds(1_369_353_600),
            etag: Etag::whole([0xab; 16]),
            size: 5,
            checksum: Some(&checksum),
        }];
        let answer = ListPartsAnswer {
            bucket: "abc",
            object_key: "k",
            request: &request,
            initiator: OWNER,
            owner: OWNER,
            storage_class: None,
            checksum_algorithm: Some(ChecksumAlgorithm::Crc32),
            checksum_type: Some(ChecksumType::Composite),
            parts: &parts,
            is_truncated: true,
        };
        check_result(
            &list_parts(&answer),
            "<ListPartsResult><Bucket>abc</Bucket><Key>k</Key><UploadId>cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd</UploadId>\
             <Initiator><ID>o1</ID><DisplayName>root</DisplayName></Initiator><Owner><ID>o1</ID>\
             <DisplayName>root</DisplayName></Owner><StorageClass>STANDARD</StorageClass>\
             <PartNumberMarker>1</PartNumberMarker><NextPartNumberMarker>2</NextPartNumberMarker>\
             <MaxParts>1</MaxParts><IsTruncated>true</IsTruncated><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>\
             <ChecksumType>COMPOSITE</ChecksumType><Part><PartNumber>2</PartNumber>\
             <LastModified>2013-05-24T00:00:00.000Z</LastModified>\
             <ETag>&quot;abababababababababababababababab&quot;</ETag><Size>5</Size>\
             <ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></ListPartsResult>",
        );
    }

    #[test]
    fn uploads_are_listed_with_their_markers() {
        let upload_id = UploadId::from_bytes([0xcd; 16]);
        let uploads = [ListedUpload {
            object_key: "k l",
            upload_id: &upload_id,
            initiator: OWNER,
            owner: OWNER,
            storage_class: Some("STANDARD_IA"),
            initiated: Moment::from_seconds(1_369_353_600),
            checksum_algorithm: None,
            checksum_type: None,
        }];
        let request = ListMultipartUploads {
            delimiter: Some("/".to_owned()),
            key_marker: "a b".to_owned(),
            max_uploads: 1,
            url_encoded: true,
            ..ListMultipartUploads::default()
        };
        let answer = ListMultipartUploadsAnswer {
            bucket: "abc",
            request: &request,
            uploads: &uploads,
            common_prefixes: &["p/".to_owned()],
            is_truncated: true,
            next: Some(("p/", None)),
        };
        let body = "<Upload><Key>k%20l</Key><UploadId>cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd</UploadId><Initiator><ID>o1</ID>\
                    <DisplayName>root</DisplayName></Initiator><Owner><ID>o1</ID><DisplayName>root</DisplayName></Owner>\
                    <StorageClass>STANDARD_IA</StorageClass><Initiated>2013-05-24T00:00:00.000Z</Initiated></Upload>\
                    <CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListMultipartUploadsResult>";
        let head = "<ListMultipartUploadsResult><Bucket>abc</Bucket><KeyMarker>a%20b</KeyMarker>\
                    <UploadIdMarker></UploadIdMarker>";
        let tail = "<Delimiter>/</Delimiter><Prefix></Prefix><MaxUploads>1</MaxUploads>\
                    <EncodingType>url</EncodingType>";
        check_result(
            &list_multipart_uploads(&answer),
            &format!(
                "{head}<NextKeyMarker>p/</NextKeyMarker><NextUploadIdMarker></NextUploadIdMarker>{tail}\
                 <IsTruncated>true</IsTruncated>{body}"
            ),
        );
        let last_page = ListMultipartUploadsAnswer {
            is_truncated: false,
            ..answer
        };
        check_result(
            &list_multipart_uploads(&last_page),
            &format!("{head}{tail}<IsTruncated>false</IsTruncated>{body}"),
        );
    }
}
