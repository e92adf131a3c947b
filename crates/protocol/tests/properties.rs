//! What holds for every request: no fall-through to another operation, no panic, and what we write reads back.
//!
//! The table below is written a second time on purpose; it shares nothing with the router's.

use countersign_protocol::encode::{DECLARATION, DeletedObject, delete_objects};
use countersign_protocol::operation::{
    CompleteMultipartUploadDocument, CopySource, CreateBucketDocument, DeleteObjectsDocument,
};
use countersign_protocol::range::{RangeRequest, SourceRange};
use countersign_protocol::{Head, Named, ParseError, continuation, header_bytes, header_text, parse};
use countersign_types::EtagMatch;
use proptest::prelude::*;

const METHODS: [&str; 7] = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"];
const PATHS: [&str; 4] = ["/", "/abc", "/abc/", "/abc/some/key"];
const ROUTED: [(&str, &str); 6] = [
    ("uploads", ""),
    ("uploadId", "00112233445566778899aabbccddeeff"),
    ("partNumber", "1"),
    ("location", ""),
    ("delete", ""),
    ("list-type", "2"),
];
/// Sub-resources that are an operation only alone.
const ALONE: [&str; 21] = [
    "accelerate",
    "acl",
    "attributes",
    "cors",
    "encryption",
    "legal-hold",
    "lifecycle",
    "logging",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "retention",
    "tagging",
    "versioning",
    "versions",
    "website",
];
const UNROUTED: [&str; 15] = [
    "abac",
    "append",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "renameObject",
    "analytics",
    "intelligent-tiering",
    "inventory",
    "metadataTable",
    "metrics",
    "restore",
    "select",
    "session",
    "torrent",
];

/// The operation of a request that carries exactly these sub-resources, in alphabetical order.
fn expected(method: &str, path: &str, subresources: &[&str]) -> Option<&'static str> {
    let depth = path.split('/').filter(|name| !name.is_empty()).count();
    match (method, depth, subresources) {
        ("GET", 0, []) => Some("ListBuckets"),
        ("PUT", 1, []) => Some("CreateBucket"),
        ("HEAD", 1, []) => Some("HeadBucket"),
        ("DELETE", 1, []) => Some("DeleteBucket"),
        ("GET", 1, []) => Some("ListObjects"),
        ("PUT", 1, ["cors"]) => Some("PutBucketCors"),
        ("GET", 1, ["cors"]) => Some("GetBucketCors"),
        ("DELETE", 1, ["cors"]) => Some("DeleteBucketCors"),
        ("GET", 1, ["location"]) => Some("GetBucketLocation"),
        ("GET", 1, ["list-type"]) => Some("ListObjectsV2"),
        ("GET", 1, ["versions"]) => Some("ListObjectVersions"),
        ("GET", 1, ["versioning"]) => Some("GetBucketVersioning"),
        ("GET", 1, ["acl"]) => Some("GetBucketAcl"),
        ("PUT", 1, ["acl"]) => Some("PutBucketAcl"),
        ("PUT", 1, ["policy"]) => Some("PutBucketPolicy"),
        ("PUT", 1, ["publicAccessBlock"]) => Some("PutPublicAccessBlock"),
        ("PUT", 1, ["ownershipControls"]) => Some("PutBucketOwnershipControls"),
        ("DELETE", 1, ["ownershipControls"]) => Some("DeleteBucketOwnershipControls"),
        ("GET", 1, ["accelerate"]) => Some("GetBucketAccelerateConfiguration"),
        ("GET", 1, ["encryption"]) => Some("GetBucketEncryption"),
        ("GET", 1, ["lifecycle"]) => Some("GetBucketLifecycleConfiguration"),
        ("GET", 1, ["logging"]) => Some("GetBucketLogging"),
        ("GET", 1, ["notification"]) => Some("GetBucketNotificationConfiguration"),
        ("GET", 1, ["object-lock"]) => Some("GetObjectLockConfiguration"),
        ("GET", 1, ["ownershipControls"]) => Some("GetBucketOwnershipControls"),
        ("GET", 1, ["policy"]) => Some("GetBucketPolicy"),
        ("GET", 1, ["policyStatus"]) => Some("GetBucketPolicyStatus"),
        ("GET", 1, ["publicAccessBlock"]) => Some("GetPublicAccessBlock"),
        ("GET", 1, ["replication"]) => Some("GetBucketReplication"),
        ("GET", 1, ["requestPayment"]) => Some("GetBucketRequestPayment"),
        ("GET", 1, ["tagging"]) => Some("GetBucketTagging"),
        ("GET", 1, ["website"]) => Some("GetBucketWebsite"),
        ("DELETE", 1, ["encryption"]) => Some("DeleteBucketEncryption"),
        ("DELETE", 1, ["lifecycle"]) => Some("DeleteBucketLifecycle"),
        ("DELETE", 1, ["policy"]) => Some("DeleteBucketPolicy"),
        ("DELETE", 1, ["publicAccessBlock"]) => Some("DeletePublicAccessBlock"),
        ("DELETE", 1, ["replication"]) => Some("DeleteBucketReplication"),
        ("DELETE", 1, ["tagging"]) => Some("DeleteBucketTagging"),
        ("DELETE", 1, ["website"]) => Some("DeleteBucketWebsite"),
        ("GET", 3, ["tagging"]) => Some("GetObjectTagging"),
        ("DELETE", 3, ["tagging"]) => Some("DeleteObjectTagging"),
        ("GET", 3, ["retention"]) => Some("GetObjectRetention"),
        ("GET", 3, ["legal-hold"]) => Some("GetObjectLegalHold"),
        ("GET", 1, ["uploads"]) => Some("ListMultipartUploads"),
        ("POST", 1, ["delete"]) => Some("DeleteObjects"),
        ("PUT", 3, []) => Some("PutObject"),
        ("GET", 3, [] | ["partNumber"]) => Some("GetObject"),
        ("HEAD", 3, [] | ["partNumber"]) => Some("HeadObject"),
        ("GET", 3, ["acl"]) => Some("GetObjectAcl"),
        ("PUT", 3, ["acl"]) => Some("PutObjectAcl"),
        ("GET", 3, ["attributes"]) => Some("GetObjectAttributes"),
        ("DELETE", 3, []) => Some("DeleteObject"),
        ("POST", 3, ["uploads"]) => Some("CreateMultipartUpload"),
        ("PUT", 3, ["partNumber", "uploadId"]) => Some("UploadPart"),
        ("POST", 3, ["uploadId"]) => Some("CompleteMultipartUpload"),
        ("DELETE", 3, ["uploadId"]) => Some("AbortMultipartUpload"),
        ("GET", 3, ["uploadId"]) => Some("ListParts"),
        _ => None,
    }
}

fn named(method: &str, path: &str, query: &str) -> Result<Named, ParseError> {
    parse(&Head {
        method,
        path: path.as_bytes(),
        query: Some(query.as_bytes()),
        headers: &[
            ("content-md5", b"1B2M2Y8AsgTpgAmY7PhCfg=="),
            ("x-amz-object-attributes", b"ETag"),
        ],
        host_bucket: None,
    })
}

fn query_of(chosen: &[(&str, &str)]) -> String {
    let pieces: Vec<String> = chosen
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pieces.join("&")
}

#[test]
fn every_combination_is_the_operation_of_the_table_or_refused() {
    for method in METHODS {
        for path in PATHS {
            for mask in 0..1 << ROUTED.len() {
                let chosen: Vec<(&str, &str)> = ROUTED
                    .into_iter()
                    .enumerate()
                    .filter(|(i, _)| mask & (1 << i) != 0)
                    .map(|(_, s)| s)
                    .collect();
                let mut names: Vec<&str> = chosen.iter().map(|(name, _)| *name).collect();
                names.sort_unstable();
                let query = query_of(&chosen);
                let found = named(method, path, &query).ok().map(|n| n.operation.name());
                assert_eq!(found, expected(method, path, &names), "{method} {path}?{query}");
                for other in UNROUTED.iter().chain(ALONE.iter().filter(|_| mask != 0)) {
                    for query in [format!("{query}&{other}"), format!("{other}=x&{query}")] {
                        assert!(named(method, path, &query).is_err(), "{method} {path}?{query}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_an_operation_only_alone_is_that_operation_of_its_table() {
    for method in METHODS {
        for path in PATHS {
            for name in ALONE {
                let found = named(method, path, name).ok().map(|n| n.operation.name());
                assert_eq!(found, expected(method, path, &[name]), "{method} {path}?{name}");
            }
        }
    }
}

/// Bytes that look like requests often enough to get past the first check.
fn almost(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![4 => prop::sample::select(pieces).prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_head_panics(
        method in prop::sample::select(&METHODS[..]),
        path in prop::collection::vec(any::<u8>(), 0..40),
        query in almost(&["&", "=", "%", "uploads", "uploadId", "partNumber=1", "x-amz-meta-a", "acl", "versionId", "null", "+"]),
        name in prop::sample::select(&[
            "x-amz-copy-source", "range", "if-match", "content-md5", "x-amz-checksum-crc32", "x-amz-trailer", "expires",
            "x-amz-meta-a", "if-modified-since", "content-length", "x-amz-storage-class", "x-amz-mp-object-size",
        ][..]),
        value in prop::collection::vec(any::<u8>(), 0..40),
        host_bucket in prop::option::of("[a-z.-]{0,10}"),
    ) {
        let path = [&b"/abc/"[..], &path].concat();
        for path in [&path[..], &path[4..], b""] {
            let headers = [(name, &value[..])];
            let head = Head { method, path, query: Some(query.as_bytes()), headers: &headers, host_bucket: host_bucket.as_deref() };
            let _ = parse(&head);
        }
    }

    #[test]
    fn no_document_panics(
        document in almost(&[
            "<Delete>", "</Delete>", "<Object>", "</Object>", "<Key>", "</Key>", "<CompleteMultipartUpload>", "<Part>",
            "</Part>", "</CompleteMultipartUpload>", "<PartNumber>", "1", "</PartNumber>", "<ETag/>", "&#x1F600;", "&amp;",
            "<![CDATA[", "]]>", "<!--", "-->", "<?xml version=\"1.0\"?>", "<!DOCTYPE", "&", "<", ">", "\u{feff}",
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for document in [document.as_bytes(), &bytes] {
            let _ = CreateBucketDocument::parse(document);
            let _ = DeleteObjectsDocument::parse(document);
            let _ = CompleteMultipartUploadDocument::parse(document);
        }
    }

    #[test]
    fn no_value_panics(text in any::<String>(), size in any::<u64>()) {
        let _ = CopySource::parse(&text);
        let _ = EtagMatch::parse(&text);
        let _ = continuation::parse(&text);
        if let Ok(range) = SourceRange::parse(&format!("bytes={text}")) {
            let _ = range.resolve(size);
        }
    }

    #[test]
    fn a_range_lies_within_its_object(first in any::<u64>(), last in any::<u64>(), size in any::<u64>(), form in 0..3) {
        let text = match form {
            0 => format!("bytes={first}-{last}"),
            1 => format!("bytes={first}-"),
            _ => format!("bytes=-{last}"),
        };
        if let Some(Ok(range)) = RangeRequest::parse(&text).map(|range| range.resolve(size)) {
            prop_assert!(range.length > 0);
            prop_assert!(range.offset.checked_add(range.length).is_some_and(|end| end <= size));
        }
    }

    #[test]
    fn header_values_come_back_with_their_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let text = header_text(&bytes);
        let back = header_bytes(&text);
        prop_assert_eq!(back.into_owned(), bytes);
    }

    #[test]
    fn continuation_tokens_read_back(last in any::<String>()) {
        prop_assert_eq!(continuation::parse(&continuation::encode(&last)), Some(last));
    }

    /// What we write as XML our own reader reads, control characters included.
    #[test]
    fn a_key_survives_xml(object_key in "[^\\x00]{1,40}") {
        let deleted = DeletedObject { object_key: &object_key, version_id: None, error: None };
        let written = delete_objects(&[deleted], false);
        let text = String::from_utf8_lossy(&written);
        let inner = text.strip_prefix(DECLARATION).and_then(|t| t.split_once("<Deleted>")).map(|(_, t)| t);
        let inner = inner.and_then(|t| t.strip_suffix("</Deleted></DeleteResult>")).unwrap_or_default();
        let document = format!("<Delete><Object>{inner}</Object></Delete>");
        let read = DeleteObjectsDocument::parse(document.as_bytes());
        let read = read.as_ref().map(|d| d.objects.iter().map(|o| o.object_key.as_str()).collect::<String>());
        prop_assert_eq!(read, Ok(object_key));
    }
}
