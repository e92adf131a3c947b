//! The headers of answers about one object.
//!
//! Not here: the status, `x-amz-request-id`, `Date` and `Server`. A value that no header can hold (there should be none,
//! parsers refuse them) is left out rather than failing an answer.

use std::io::Write as _;

use bytes::Bytes;
use countersign_types::{Checksum, ChecksumType, Etag, Moment, ObjectMetadata};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::encode::xml::Xml;
use crate::head::header_bytes;
use crate::operation::{ResponseOverrides, STANDARD_STORAGE_CLASS};
use crate::range::ByteRange;

/// The `Content-Type` of an object for which none was named.
pub const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// An object as `GET` and `HEAD` show it.
#[derive(Clone, Copy, Debug)]
pub struct ObjectHeaders<'a> {
    /// The object's tag.
    pub etag: Etag,
    /// When it was written.
    pub last_modified: Moment,
    /// Its size in bytes.
    pub size: u64,
    /// The bytes that are answered, if not all: status 206.
    pub range: Option<ByteRange>,
    /// What is kept with it.
    pub metadata: &'a ObjectMetadata,
    /// Its checksum, where it was asked for and covers what is answered.
    pub checksum: Option<ObjectChecksum<'a>>,
    /// `x-amz-mp-parts-count`: how many parts it has, where one part was asked for.
    pub parts_count: Option<u16>,
    /// `response-*`
    pub overrides: Option<&'a ResponseOverrides>,
}

/// A checksum with what its written form needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectChecksum<'a> {
    /// The value.
    pub checksum: &'a Checksum,
    /// Of the whole object or over its parts; `None` for a part's own.
    pub checksum_type: Option<ChecksumType>,
    /// How many parts a composite one covers.
    pub parts: Option<u16>,
}

impl<'a> ObjectChecksum<'a> {
    /// The checksum of one part.
    pub const fn part(checksum: &'a Checksum) -> ObjectChecksum<'a> {
        ObjectChecksum {
            checksum,
            checksum_type: None,
            parts: None,
        }
    }

    /// The value as headers and XML carry it: base64, and `-N` over N parts.
    pub fn encode(&self) -> String {
        match (self.checksum_type, self.parts) {
            (Some(ChecksumType::Composite), Some(parts)) => format!("{}-{parts}", self.checksum.encode()),
            _ => self.checksum.encode(),
        }
    }
}

impl ObjectHeaders<'_> {
    /// All headers of a 200 or 206, `Content-Length` included.
    pub fn encode(&self) -> HeaderMap {
        let mut headers = self.encode_not_modified();
        let metadata = self.metadata;
        let length = self.range.map_or(self.size, |range| range.length);
        headers.insert(header::CONTENT_LENGTH, length.into());
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Some(range) = self.range {
            put(
                &mut headers,
                header::CONTENT_RANGE,
                &range.content_range(self.size),
            );
        }
        match metadata.content_type.as_deref() {
            Some(content_type) => put(&mut headers, header::CONTENT_TYPE, content_type),
            None => drop(headers.insert(header::CONTENT_TYPE, DEFAULT)),
        }
        for (name, value) in [
            (header::CONTENT_ENCODING, &metadata.content_encoding),
            (header::CONTENT_DISPOSITION, &metadata.content_disposition),
            (header::CONTENT_LANGUAGE, &metadata.content_language),
            (WEBSITE_REDIRECT, &metadata.website_redirect),
        ] {
            put_optional(&mut headers, name, value.as_deref());
        }
        let class = metadata.storage_class.as_deref();
        put_optional(
            &mut headers,
            STORAGE_CLASS,
            class.filter(|c| *c != STANDARD_STORAGE_CLASS),
        );
        for (name, value) in &metadata.user {
            if let Ok(name) = HeaderName::try_from(format!("x-amz-meta-{name}")) {
                put(&mut headers, name, value);
            }
        }
        put_checksum(&mut headers, self.checksum);
        if let Some(parts) = self.parts_count {
            headers.insert(PARTS_COUNT, parts.into());
        }
        if let Some(overrides) = self.overrides {
            put_overrides(&mut headers, overrides);
        }
        headers
    }

    /// The headers of a 304: what a cache renews its entry with.
    pub fn encode_not_modified(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(HEADERS_EXPECTED);
        put_etag(&mut headers, &self.etag);
        put(
            &mut headers,
            header::LAST_MODIFIED,
            &self.last_modified.http_date(),
        );
        put_optional(
            &mut headers,
            header::CACHE_CONTROL,
            self.metadata.cache_control.as_deref(),
        );
        put_optional(&mut headers, header::EXPIRES, self.metadata.expires.as_deref());
        headers
    }
}

/// The headers of an answer to `PutObject` and `UploadPart`: the tag and the checksum.
pub fn written_headers(etag: &Etag, checksum: Option<ObjectChecksum<'_>>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(WRITTEN_HEADERS_EXPECTED);
    put_etag(&mut headers, etag);
    put_checksum(&mut headers, checksum);
    headers
}

impl Xml {
    pub(super) fn checksum(&mut self, checksum: Option<ObjectChecksum<'_>>) {
        let Some(checksum) = checksum else { return };
        let element = format!("Checksum{}", checksum.checksum.algorithm().name());
        self.element(&element, &checksum.encode());
        self.optional("ChecksumType", checksum.checksum_type.map(ChecksumType::name));
    }
}

fn put_checksum(headers: &mut HeaderMap, checksum: Option<ObjectChecksum<'_>>) {
    let Some(checksum) = checksum else { return };
    let name = HeaderName::from_static(checksum.checksum.algorithm().header());
    put(headers, name, &checksum.encode());
    put_optional(
        headers,
        CHECKSUM_TYPE,
        checksum.checksum_type.map(ChecksumType::name),
    );
}

fn put_overrides(headers: &mut HeaderMap, overrides: &ResponseOverrides) {
    for (name, value) in [
        (header::CONTENT_TYPE, &overrides.content_type),
        (header::CONTENT_LANGUAGE, &overrides.content_language),
        (header::EXPIRES, &overrides.expires),
        (header::CACHE_CONTROL, &overrides.cache_control),
        (header::CONTENT_DISPOSITION, &overrides.content_disposition),
        (header::CONTENT_ENCODING, &overrides.content_encoding),
    ] {
        put_optional(headers, name, value.as_deref());
    }
}

/// The tag in the quotes that HTTP puts around it.
fn put_etag(headers: &mut HeaderMap, etag: &Etag) {
    let mut value = Vec::with_capacity(QUOTED_TAG_BYTES);
    value.push(b'"');
    value.extend_from_slice(&etag.digits());
    if let Some(parts) = etag.parts() {
        write!(value, "-{parts}").expect("memory takes every byte");
    }
    value.push(b'"');
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
        headers.insert(header::ETAG, value);
    }
}

fn put_optional(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value {
        put(headers, name, value);
    }
}

pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(&header_bytes(value)) {
        headers.insert(name, value);
    }
}

/// How many headers there is room for at once: those of a plain object, and those that the server adds to every answer.
const HEADERS_EXPECTED: usize = 12;
/// The same for a write: the tag, a checksum with its type, and the server's three.
const WRITTEN_HEADERS_EXPECTED: usize = 6;
/// The tag of an object that was written whole.
const QUOTED_TAG_BYTES: usize = 34;
const DEFAULT: HeaderValue = HeaderValue::from_static(DEFAULT_CONTENT_TYPE);
const WEBSITE_REDIRECT: HeaderName = HeaderName::from_static("x-amz-website-redirect-location");
const STORAGE_CLASS: HeaderName = HeaderName::from_static("x-amz-storage-class");
const CHECKSUM_TYPE: HeaderName = HeaderName::from_static("x-amz-checksum-type");
const PARTS_COUNT: HeaderName = HeaderName::from_static("x-amz-mp-parts-count");

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_types::ChecksumAlgorithm;

    fn crc() -> Checksum {
        Checksum::new(ChecksumAlgorithm::Crc32, &[0; 4]).expect("four bytes")
    }

    fn check(headers: &HeaderMap, expected: &[(&str, &[u8])]) {
        let mut found: Vec<(&str, &[u8])> = headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    fn plain(metadata: &ObjectMetadata) -> ObjectHeaders<'_> {
        ObjectHeaders {
            etag: Etag::whole([0xab; 16]),
            last_modified: Moment::from_seconds(1_369_353_600),
            size: 100,
            range: None,
            metadata,
            checksum: None,
            parts_count: None,
            overrides: None,
        }
    }

    #[test]
    fn a_plain_object_has_few_headers() {
        let metadata = ObjectMetadata {
            storage_class: Some("STANDARD".to_owned()),
            ..ObjectMetadata::default()
        };
        check(
            &plain(&metadata).encode(),
            &[
                ("accept-ranges", b"bytes"),
                ("content-length", b"100"),
                ("content-type", b"binary/octet-stream"),
                ("etag", b"\"abababababababababababababababab\""),
                ("last-modified", b"Fri, 24 May 2013 00:00:00 GMT"),
            ],
        );
    }

    #[test]
    fn everything_that_is_kept_is_sent_back() {
        let metadata = ObjectMetadata {
            content_type: Some("text/plain".to_owned()),
            content_encoding: Some("gzip".to_owned()),
            content_disposition: Some("attachment".to_owned()),
            content_language: Some("de".to_owned()),
            cache_control: Some("no-cache".to_owned()),
            expires: Some("whenever".to_owned()),
            website_redirect: Some("/x".to_owned()),
            storage_class: Some("STANDARD_IA".to_owned()),
            user: vec![
                ("latin".to_owned(), crate::header_text(b"caf\xe9").into_owned()),
                ("utf8".to_owned(), "café".to_owned()),
                ("bad name".to_owned(), "x".to_owned()),
                ("bad-value".to_owned(), "x\ny".to_owned()),
            ],
        };
        let checksum = crc();
        let headers = ObjectHeaders {
            range: Some(ByteRange {
                offset: 5,
                length: 10,
            }),
            checksum: Some(ObjectChecksum {
                checksum: &checksum,
                checksum_type: Some(ChecksumType::Composite),
                parts: Some(2),
            }),
            parts_count: Some(2),
            ..plain(&metadata)
        };
        check(
            &headers.encode(),
            &[
                ("accept-ranges", b"bytes"),
                ("cache-control", b"no-cache"),
                ("content-disposition", b"attachment"),
                ("content-encoding", b"gzip"),
                ("content-language", b"de"),
                ("content-length", b"10"),
                ("content-range", b"bytes 5-14/100"),
                ("content-type", b"text/plain"),
                ("etag", b"\"abababababababababababababababab\""),
                ("expires", b"whenever"),
                ("last-modified", b"Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-checksum-crc32", b"AAAAAA==-2"),
                ("x-amz-checksum-type", b"COMPOSITE"),
                ("x-amz-meta-latin", b"caf\xe9"),
                ("x-amz-meta-utf8", "café".as_bytes()),
                ("x-amz-mp-parts-count", b"2"),
                ("x-amz-storage-class", b"STANDARD_IA"),
                ("x-amz-website-redirect-location", b"/x"),
            ],
        );
        check(
            &headers.encode_not_modified(),
            &[
                ("cache-control", b"no-cache"),
                ("etag", b"\"abababababababababababababababab\""),
                ("expires", b"whenever"),
                ("last-modified", b"Fri, 24 May 2013 00:00:00 GMT"),
            ],
        );
    }

    #[test]
    fn a_request_overrides_what_is_kept() {
        let metadata = ObjectMetadata {
            content_type: Some("text/plain".to_owned()),
            cache_control: Some("no-cache".to_owned()),
            ..ObjectMetadata::default()
        };
        let overrides = ResponseOverrides {
            content_type: Some("a/b".to_owned()),
            content_disposition: Some("inline".to_owned()),
            ..ResponseOverrides::default()
        };
        let headers = ObjectHeaders {
            overrides: Some(&overrides),
            ..plain(&metadata)
        };
        check(
            &headers.encode(),
            &[
                ("accept-ranges", b"bytes"),
                ("cache-control", b"no-cache"),
                ("content-disposition", b"inline"),
                ("content-length", b"100"),
                ("content-type", b"a/b"),
                ("etag", b"\"abababababababababababababababab\""),
                ("last-modified", b"Fri, 24 May 2013 00:00:00 GMT"),
            ],
        );
    }

    #[test]
    fn a_write_answers_with_tag_and_checksum() {
        let checksum = crc();
        let part = Some(ObjectChecksum::part(&checksum));
        check(
            &written_headers(&Etag::whole([0xab; 16]), part),
            &[
                ("etag", b"\"abababababababababababababababab\""),
                ("x-amz-checksum-crc32", b"AAAAAA=="),
            ],
        );
    }
}
