//! The answer to `GetObjectAttributes`: the facts that were asked for, in AWS's order.

use bytes::Bytes;
use countersign_types::{Checksum, Etag, PartNumber};

use crate::encode::headers::ObjectChecksum;
use crate::encode::xml::Xml;
use crate::operation::{GetObjectAttributes, ObjectAttribute, STANDARD_STORAGE_CLASS};

/// The answer to `GetObjectAttributes`.
#[derive(Clone, Copy, Debug)]
pub struct ObjectAttributesAnswer<'a> {
    /// What was asked.
    pub request: &'a GetObjectAttributes,
    /// The object's tag.
    pub etag: Etag,
    /// Its checksum.
    pub checksum: Option<ObjectChecksum<'a>>,
    /// Its size in bytes.
    pub size: u64,
    /// Its class; `None` is `STANDARD`.
    pub storage_class: Option<&'a str>,
    /// Its parts; `None` if it was written whole.
    pub parts: Option<AttributeParts<'a>>,
}

/// The page of an object's parts that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct AttributeParts<'a> {
    /// How many parts there are in all.
    pub count: usize,
    /// The parts of this page. AWS lists them only where each has a checksum of its own.
    pub listed: &'a [AttributePart<'a>],
    /// Whether there are more.
    pub is_truncated: bool,
}

/// One part of [`AttributeParts`].
#[derive(Clone, Copy, Debug)]
pub struct AttributePart<'a> {
    /// Its place among the object's parts.
    pub part: PartNumber,
    /// Size in bytes.
    pub size: u64,
    /// Its checksum.
    pub checksum: &'a Checksum,
}

/// The answer to `GetObjectAttributes`.
pub fn object_attributes(answer: &ObjectAttributesAnswer<'_>) -> Bytes {
    const ROOT: &str = "GetObjectAttributesResponse";
    let asks = |attribute: ObjectAttribute| answer.request.attributes.contains(&attribute);
    let mut xml = Xml::result(ROOT);
    if asks(ObjectAttribute::ETag) {
        // SPEC: here, and only here, the tag stands without quotation marks.
        xml.element("ETag", &answer.etag.to_string());
    }
    if asks(ObjectAttribute::Checksum) && answer.checksum.is_some() {
        xml.open("Checksum");
        xml.checksum(answer.checksum);
        xml.close("Checksum");
    }
    if let Some(parts) = answer.parts.filter(|_| asks(ObjectAttribute::ObjectParts)) {
        write_parts(&mut xml, answer.request, &parts);
    }
    if asks(ObjectAttribute::StorageClass) {
        xml.element(
            "StorageClass",
            answer.storage_class.unwrap_or(STANDARD_STORAGE_CLASS),
        );
    }
    if asks(ObjectAttribute::ObjectSize) {
        xml.number("ObjectSize", answer.size);
    }
    xml.finish(ROOT)
}

fn write_parts(xml: &mut Xml, request: &GetObjectAttributes, parts: &AttributeParts<'_>) {
    xml.open("ObjectParts");
    xml.number("PartsCount", u64::try_from(parts.count).unwrap_or(u64::MAX));
    if let Some(last) = parts.listed.last() {
        let marker = request.parts_after.map_or(0, PartNumber::get);
        xml.number("PartNumberMarker", marker.into());
        xml.number("NextPartNumberMarker", last.part.get().into());
        xml.number("MaxParts", request.max_parts.into());
        xml.boolean("IsTruncated", parts.is_truncated);
    }
    for part in parts.listed {
        xml.open("Part");
        xml.number("PartNumber", part.part.get().into());
        xml.number("Size", part.size);
        xml.checksum(Some(ObjectChecksum::part(part.checksum)));
        xml.close("Part");
    }
    xml.close("ObjectParts");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_result;
    use countersign_types::{ChecksumAlgorithm, ChecksumType};

    fn check(attributes: &[ObjectAttribute], parts: bool, expected: &str) {
        let checksum = Checksum::new(ChecksumAlgorithm::Crc32, &[0; 4]).expect("four bytes");
        let listed = [AttributePart {
            part: PartNumber::new(3).expect("a number"),
            size: 7,
            checksum: &checksum,
        }];
        let request = GetObjectAttributes {
            attributes: attributes.to_vec(),
            parts_after: PartNumber::new(2),
            max_parts: 1,
        };
        let answer = ObjectAttributesAnswer {
            request: &request,
            etag: Etag::of_parts([0xab; 16], 4),
            checksum: Some(ObjectChecksum {
                checksum: &checksum,
                checksum_type: Some(ChecksumType::Composite),
                parts: Some(4),
            }),
            size: 28,
            storage_class: None,
            parts: parts.then_some(AttributeParts {
                count: 4,
                listed: &listed,
                is_truncated: true,
            }),
        };
        check_result(&object_attributes(&answer), expected);
    }

    #[test]
    fn only_what_was_asked_for_is_told() {
        use ObjectAttribute::{Checksum, ETag, ObjectParts, ObjectSize, StorageClass};
        check(
            &[ObjectSize],
            true,
            "<GetObjectAttributesResponse><ObjectSize>28</ObjectSize></GetObjectAttributesResponse>",
        );
        check(
            &[ObjectParts, ETag],
            false,
            "<GetObjectAttributesResponse><ETag>abababababababababababababababab-4</ETag></GetObjectAttributesResponse>",
        );
        check(
            &[ObjectSize, StorageClass, ObjectParts, Checksum, ETag],
            true,
            "<GetObjectAttributesResponse><ETag>abababababababababababababababab-4</ETag>\
             <Checksum><ChecksumCRC32>AAAAAA==-4</ChecksumCRC32><ChecksumType>COMPOSITE</ChecksumType></Checksum>\
             <ObjectParts><PartsCount>4</PartsCount><PartNumberMarker>2</PartNumberMarker>\
             <NextPartNumberMarker>3</NextPartNumberMarker><MaxParts>1</MaxParts><IsTruncated>true</IsTruncated>\
             <Part><PartNumber>3</PartNumber><Size>7</Size><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></ObjectParts>\
             <StorageClass>STANDARD</StorageClass><ObjectSize>28</ObjectSize></GetObjectAttributesResponse>",
        );
    }
}
