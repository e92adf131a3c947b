//! What a client says about an object's content: the content headers, user metadata and the storage class.
//!
//! Not here: checksums and lengths (`integrity`). `aws-chunked` is the coding of one upload, not of the object, and is
//! dropped; all other codings stay.

use crate::error_code::ErrorCode;
use crate::head::{View, header_bytes, sendable};
use crate::parse_error::ParseError;
use countersign_types::ObjectMetadata;

/// The storage class of an object for which none was named.
pub const STANDARD_STORAGE_CLASS: &str = "STANDARD";

/// Reads what is kept with an object from the headers that carry it.
pub(super) fn parse_metadata(view: &View<'_>) -> Result<ObjectMetadata, ParseError> {
    // A field of a form can hold what no header can: then none could be answered, and a browser would guess the type.
    let kept = |name: &str| {
        let value = view.filled_header(name);
        value.map(|value| sendable(name, value)).transpose()
    };
    Ok(ObjectMetadata {
        content_type: kept("content-type")?,
        content_encoding: kept("content-encoding")?.and_then(|codings| without_chunked(&codings)),
        content_disposition: kept("content-disposition")?,
        content_language: kept("content-language")?,
        cache_control: kept("cache-control")?,
        expires: kept("expires")?,
        website_redirect: website_redirect(view)?,
        storage_class: storage_class(view)?,
        user: user_metadata(view)?,
    })
}

fn website_redirect(view: &View<'_>) -> Result<Option<String>, ParseError> {
    const HEADER: &str = "x-amz-website-redirect-location";
    let Some(location) = view.filled_header(HEADER) else {
        return Ok(None);
    };
    if !["/", "http://", "https://"]
        .iter()
        .any(|p| location.starts_with(p))
    {
        return Err(ParseError::new(ErrorCode::InvalidRedirectLocation));
    }
    sendable(HEADER, location).map(Some)
}

fn storage_class(view: &View<'_>) -> Result<Option<String>, ParseError> {
    const KEPT: [&str; 6] = [
        STANDARD_STORAGE_CLASS,
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER_IR",
    ];
    // Objects of these classes cannot be read before they are restored, which this server does not do.
    const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];
    match view.filled_header("x-amz-storage-class") {
        None => Ok(None),
        Some(class) if KEPT.contains(&class.as_ref()) => Ok(Some(class.into_owned())),
        Some(class) if ARCHIVES.contains(&class.as_ref()) => {
            Err(ParseError::header_not_implemented("x-amz-storage-class"))
        }
        Some(class) => {
            Err(ParseError::new(ErrorCode::InvalidStorageClass).element("StorageClassRequested", class))
        }
    }
}

fn user_metadata(view: &View<'_>) -> Result<Vec<(String, String)>, ParseError> {
    const PREFIX: &str = "x-amz-meta-";
    let mut user = Vec::new();
    let mut size = 0;
    for header in view.header_names(PREFIX) {
        let name = header.strip_prefix(PREFIX).unwrap_or_default();
        // A moved header can carry any text as its name, but only a header's name can be sent back.
        if http::HeaderName::from_bytes(header.as_bytes()).is_err() {
            return Err(ParseError::argument("Invalid metadata name", "x-amz-meta-", name));
        }
        let value = sendable(&header, view.header(&header).unwrap_or_default())?;
        size += name.len() + header_bytes(&value).len();
        user.push((name.to_owned(), value));
    }
    if size > USER_METADATA_BYTES_MAX {
        return Err(ParseError::new(ErrorCode::MetadataTooLarge)
            .element("Size", size.to_string())
            .element("MaxSizeAllowed", USER_METADATA_BYTES_MAX.to_string()));
    }
    Ok(user)
}

/// The codings that describe the object. `aws-chunked` describes only its way here; where it does not stand, the text is
/// kept as it was sent.
fn without_chunked(codings: &str) -> Option<String> {
    let is_kept = |coding: &&str| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked");
    let all = || codings.split(',').map(str::trim);
    if all().all(|coding| is_kept(&coding)) {
        return Some(codings.to_owned());
    }
    let kept: Vec<&str> = all().filter(is_kept).collect();
    (!kept.is_empty()).then(|| kept.join(", "))
}

/// Names without their prefix, and values.
const USER_METADATA_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal};

    fn metadata(headers: &[(&str, &str)]) -> ObjectMetadata {
        match operation("PUT /abc/k", headers) {
            Operation::PutObject(put) => put.metadata,
            other => unreachable!("{}", other.name()),
        }
    }

    #[test]
    fn content_headers_are_kept_as_sent() {
        let expected = ObjectMetadata {
            content_type: Some("text/plain".to_owned()),
            content_disposition: Some("attachment; filename=\"ä\"".to_owned()),
            content_language: Some("de".to_owned()),
            cache_control: Some("no-cache".to_owned()),
            expires: Some("whenever".to_owned()),
            website_redirect: Some("/other".to_owned()),
            storage_class: Some("STANDARD_IA".to_owned()),
            user: vec![
                ("a".to_owned(), "1,2".to_owned()),
                ("empty".to_owned(), String::new()),
            ],
            ..ObjectMetadata::default()
        };
        let found = metadata(&[
            ("Content-Type", "text/plain"),
            ("Content-Disposition", "attachment; filename=\"ä\""),
            ("Content-Language", "de"),
            ("Cache-Control", "no-cache"),
            ("Expires", "whenever"),
            ("x-amz-website-redirect-location", "/other"),
            ("x-amz-storage-class", "STANDARD_IA"),
            ("X-Amz-Meta-A", "1"),
            ("x-amz-meta-empty", ""),
            ("x-amz-meta-a", "2"),
            ("x-amz-acl", "bucket-owner-full-control"),
        ]);
        assert_eq!(found, expected);
        assert_eq!(metadata(&[("content-type", "")]), ObjectMetadata::default());
    }

    #[test]
    fn the_coding_of_one_upload_is_not_the_objects() {
        let check = |sent: &str, kept: Option<&str>| {
            assert_eq!(
                metadata(&[("content-encoding", sent)])
                    .content_encoding
                    .as_deref(),
                kept,
                "{sent}"
            );
        };
        check("aws-chunked", None);
        check("deflate, gzip", Some("deflate, gzip"));
        check("deflate, aws-chunked, gzip", Some("deflate, gzip"));
        check("aws-chunked,gzip", Some("gzip"));
        check("gzip, AWS-Chunked", Some("gzip"));
        check("gzip", Some("gzip"));
        check("gzip , br", Some("gzip , br"));
        check("", None);
    }

    fn check_refusal(header: &str, value: &str, expected: &str) {
        assert_eq!(
            refusal("PUT /abc/k", &[(header, value)]),
            expected,
            "{header}: {value}"
        );
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        check_refusal(
            "x-amz-storage-class",
            "standard",
            "InvalidStorageClass: The storage class you specified is not valid [StorageClassRequested=standard]",
        );
        check_refusal(
            "x-amz-storage-class",
            "GLACIER",
            "NotImplemented: A header you provided implies functionality that is not implemented \
             [Header=x-amz-storage-class]",
        );
        check_refusal(
            "x-amz-website-redirect-location",
            "ftp://x",
            "InvalidRedirectLocation: The website redirect location must have a prefix of 'http://' or 'https://' or \
             '/'. []",
        );
        check_refusal(
            "if-unmodified-since",
            "x",
            "NotImplemented: A header you provided implies functionality that is not implemented \
             [Header=If-Unmodified-Since]",
        );
    }

    #[test]
    fn user_metadata_has_a_limit() {
        let value = "v".repeat(2047);
        assert_eq!(metadata(&[("x-amz-meta-a", &value)]).user.len(), 1);
        check_refusal(
            "x-amz-meta-ab",
            &value,
            "MetadataTooLarge: Your metadata headers exceed the maximum allowed metadata size [Size=2049, \
             MaxSizeAllowed=2048]",
        );
    }

    #[test]
    fn metadata_moved_into_the_query_must_fit_a_header() {
        assert!(refusal("PUT /abc/k?x-amz-meta-a=x%0d%0ay", &[]).starts_with("InvalidArgument"));
        assert!(refusal("PUT /abc/k?x-amz-meta-a%20b=x", &[]).starts_with("InvalidArgument"));
    }
}
