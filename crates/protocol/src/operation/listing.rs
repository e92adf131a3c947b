//! Listings: objects (both versions), their versions, multipart uploads, parts.
//!
//! Not here: the walk itself. Page sizes are already cut down to what one page may hold.

use countersign_types::{PartNumber, UploadId};

use crate::continuation;
use crate::head::View;
use crate::operation::NULL_VERSION_ID;
use crate::operation::multipart::parse_upload_id;
use crate::parse_error::ParseError;

/// `GET /bucket`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListObjects {
    /// `prefix`; empty where there is none.
    pub prefix: String,
    /// `delimiter`, not empty.
    pub delimiter: Option<String>,
    /// `marker`: only keys after it; empty where there is none.
    pub marker: String,
    /// `max-keys`: 0 to 1000.
    pub max_keys: u32,
    /// `encoding-type=url`
    pub url_encoded: bool,
}

/// `GET /bucket?list-type=2`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListObjectsV2 {
    /// `prefix`; empty where there is none.
    pub prefix: String,
    /// `delimiter`, not empty.
    pub delimiter: Option<String>,
    /// `start-after`
    pub start_after: Option<String>,
    /// `continuation-token`, as sent, to be repeated in the answer.
    pub continuation_token: Option<String>,
    /// `continuation-token`, decoded: the last key or prefix of the page before. It wins over `start_after`.
    pub continue_after: Option<String>,
    /// `max-keys`: 0 to 1000.
    pub max_keys: u32,
    /// `fetch-owner`
    pub fetch_owner: bool,
    /// `encoding-type=url`
    pub url_encoded: bool,
}

/// `GET /bucket?versions`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListObjectVersions {
    /// `prefix`; empty where there is none.
    pub prefix: String,
    /// `delimiter`, not empty.
    pub delimiter: Option<String>,
    /// `key-marker`: only keys after it; empty where there is none.
    pub key_marker: String,
    /// `version-id-marker`, to be repeated in the answer. It names the last version of `key_marker`, since there is one
    /// version of each key, so what comes after it is what comes after the key.
    pub version_id_marker: Option<String>,
    /// `max-keys`: 0 to 1000.
    pub max_keys: u32,
    /// `encoding-type=url`
    pub url_encoded: bool,
}

/// `GET /bucket?uploads`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListMultipartUploads {
    /// `prefix`; empty where there is none.
    pub prefix: String,
    /// `delimiter`, not empty.
    pub delimiter: Option<String>,
    /// `key-marker`: only keys after it, or the key itself with uploads after `upload_id_marker`.
    pub key_marker: String,
    /// `upload-id-marker`; ignored without a `key-marker`, as at AWS.
    pub upload_id_marker: Option<UploadId>,
    /// `max-uploads`: 0 to 1000.
    pub max_uploads: u32,
    /// `encoding-type=url`
    pub url_encoded: bool,
}

/// `GET /bucket/key?uploadId`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListParts {
    /// `uploadId`
    pub upload_id: UploadId,
    /// `part-number-marker`: only parts after it. `None` is zero: all of them.
    pub after: Option<PartNumber>,
    /// `max-parts`: 0 to 1000.
    pub max_parts: u32,
    /// `encoding-type=url`
    pub url_encoded: bool,
}

impl ListObjects {
    pub(crate) fn parse(view: &View<'_>) -> Result<ListObjects, ParseError> {
        Ok(ListObjects {
            prefix: text(view, "prefix"),
            delimiter: view.filled_parameter("delimiter").map(str::to_owned),
            marker: text(view, "marker"),
            max_keys: max_keys(view)?,
            url_encoded: url_encoded(view)?,
        })
    }
}

impl ListObjectsV2 {
    pub(crate) fn parse(view: &View<'_>) -> Result<ListObjectsV2, ParseError> {
        if let Some(kind) = view.parameter("list-type").filter(|kind| *kind != "2") {
            return Err(ParseError::argument(
                "Invalid List Type specified in Request",
                "list-type",
                kind,
            ));
        }
        Ok(ListObjectsV2 {
            prefix: text(view, "prefix"),
            delimiter: view.filled_parameter("delimiter").map(str::to_owned),
            start_after: view.filled_parameter("start-after").map(str::to_owned),
            continuation_token: view.parameter("continuation-token").map(str::to_owned),
            continue_after: continuation::parse_parameter(view)?,
            max_keys: max_keys(view)?,
            fetch_owner: view
                .parameter("fetch-owner")
                .is_some_and(|b| b.eq_ignore_ascii_case("true")),
            url_encoded: url_encoded(view)?,
        })
    }

    /// The key or prefix after which the page begins.
    pub fn begin_after(&self) -> Option<&str> {
        self.continue_after.as_deref().or(self.start_after.as_deref())
    }
}

impl ListObjectVersions {
    pub(crate) fn parse(view: &View<'_>) -> Result<ListObjectVersions, ParseError> {
        const MARKER: &str = "version-id-marker";
        let key_marker = text(view, "key-marker");
        let version_id_marker = match view.filled_parameter(MARKER) {
            Some(marker) if key_marker.is_empty() => {
                return Err(ParseError::argument(
                    "A version-id marker cannot be specified without a key marker.",
                    MARKER,
                    marker,
                ));
            }
            Some(marker) if marker != NULL_VERSION_ID => {
                return Err(ParseError::argument(
                    "Invalid version id specified",
                    MARKER,
                    marker,
                ));
            }
            marker => marker.map(str::to_owned),
        };
        Ok(ListObjectVersions {
            prefix: text(view, "prefix"),
            delimiter: view.filled_parameter("delimiter").map(str::to_owned),
            key_marker,
            version_id_marker,
            max_keys: max_keys(view)?,
            url_encoded: url_encoded(view)?,
        })
    }
}

impl ListMultipartUploads {
    pub(crate) fn parse(view: &View<'_>) -> Result<ListMultipartUploads, ParseError> {
        let key_marker = text(view, "key-marker");
        let upload_id_marker = match view.filled_parameter("upload-id-marker") {
            Some(marker) if !key_marker.is_empty() => Some(UploadId::parse(marker).ok_or_else(|| {
                ParseError::argument("Invalid uploadId marker", "upload-id-marker", marker)
            })?),
            _ => None,
        };
        Ok(ListMultipartUploads {
            prefix: text(view, "prefix"),
            delimiter: view.filled_parameter("delimiter").map(str::to_owned),
            key_marker,
            upload_id_marker,
            max_uploads: page_size(view, "max-uploads", "max-uploads")?,
            url_encoded: url_encoded(view)?,
        })
    }
}

impl ListParts {
    pub(crate) fn parse(view: &View<'_>) -> Result<ListParts, ParseError> {
        const MARKER: &str = "part-number-marker";
        let after = integer(view.filled_parameter(MARKER), MARKER, MARKER)?.unwrap_or(0);
        Ok(ListParts {
            upload_id: parse_upload_id(view)?,
            after: PartNumber::new(after.min(u32::from(PartNumber::MAX))),
            max_parts: page_size(view, "max-parts", "max-parts")?,
            url_encoded: url_encoded(view)?,
        })
    }
}

fn text(view: &View<'_>, name: &str) -> String {
    view.parameter(name).unwrap_or_default().to_owned()
}

fn max_keys(view: &View<'_>) -> Result<u32, ParseError> {
    page_size(view, "max-keys", "maxKeys")
}

/// AWS names the argument differently in its two messages, so `argument` stands beside `name`.
fn page_size(view: &View<'_>, name: &str, argument: &str) -> Result<u32, ParseError> {
    Ok(integer(view.filled_parameter(name), name, argument)?.map_or(PAGE_MAX, |max| max.min(PAGE_MAX)))
}

/// Reads a number that a page is described by; `None` where it was not sent.
pub(super) fn integer(text: Option<&str>, name: &str, argument: &str) -> Result<Option<u32>, ParseError> {
    let Some(text) = text else {
        return Ok(None);
    };
    match text.parse::<i64>() {
        Err(_) => Err(ParseError::argument(
            format!("Provided {name} not an integer or within integer range"),
            name,
            text,
        )),
        Ok(number) if number > i64::from(i32::MAX) => Err(ParseError::argument(
            format!("Provided {name} not an integer or within integer range"),
            name,
            text,
        )),
        Ok(number) => match u32::try_from(number) {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(ParseError::argument(
                format!("Argument {argument} must be an integer between 0 and 2147483647"),
                argument,
                text,
            )),
        },
    }
}

fn url_encoded(view: &View<'_>) -> Result<bool, ParseError> {
    const NAME: &str = "encoding-type";
    match view.filled_parameter(NAME) {
        None => Ok(false),
        Some("url") => Ok(true),
        Some(other) => Err(ParseError::argument(
            "Invalid Encoding Method specified in Request",
            NAME,
            other,
        )),
    }
}

/// Entries on one page, as at AWS.
pub(super) const PAGE_MAX: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal};

    const UPLOAD: &str = "uploadId=00112233445566778899aabbccddeeff";

    #[test]
    fn a_listing_has_all_its_parameters() {
        let line = "GET /abc?prefix=a%2Fb+c&delimiter=%2F&marker=a&max-keys=5&encoding-type=url";
        let expected = ListObjects {
            prefix: "a/b c".to_owned(),
            delimiter: Some("/".to_owned()),
            marker: "a".to_owned(),
            max_keys: 5,
            url_encoded: true,
        };
        assert_eq!(operation(line, &[]), Operation::ListObjects(expected));
        let expected = ListObjects {
            max_keys: 1000,
            ..ListObjects::default()
        };
        let empty = "GET /abc?prefix=&delimiter=&marker=&max-keys=&encoding-type=";
        assert_eq!(operation(empty, &[]), Operation::ListObjects(expected));
    }

    #[test]
    fn a_listing_of_version_2_continues_after_its_token() {
        let last = continuation::encode("m");
        let line = format!("GET /abc?list-type=2&start-after=k&continuation-token={last}&fetch-owner=true");
        let Operation::ListObjectsV2(list) = operation(&line, &[]) else {
            unreachable!("a listing");
        };
        assert_eq!(list.begin_after(), Some("m"));
        assert_eq!(list.continuation_token.as_deref(), Some(last.as_str()));
        assert!(list.fetch_owner);
        let Operation::ListObjectsV2(list) = operation("GET /abc?list-type=2&start-after=k", &[]) else {
            unreachable!("a listing");
        };
        assert_eq!(list.begin_after(), Some("k"));
    }

    #[test]
    fn page_sizes_are_cut_down() {
        let check = |text: &str, expected: u32| {
            let Operation::ListObjects(list) = operation(&format!("GET /abc?max-keys={text}"), &[]) else {
                unreachable!("a listing");
            };
            assert_eq!(list.max_keys, expected, "{text}");
        };
        check("0", 0);
        check("1000", 1000);
        check("1001", 1000);
        check("2147483647", 1000);
    }

    fn check_refusal(line: &str, message: &str, name: &str, value: &str) {
        let expected = format!("InvalidArgument: {message} [ArgumentName={name}, ArgumentValue={value}]");
        assert_eq!(refusal(line, &[]), expected, "{line}");
    }

    #[test]
    fn arguments_are_refused_as_aws_refuses_them() {
        let no_integer = "Provided max-keys not an integer or within integer range";
        check_refusal("GET /abc?max-keys=x", no_integer, "max-keys", "x");
        check_refusal(
            "GET /abc?max-keys=2147483648",
            no_integer,
            "max-keys",
            "2147483648",
        );
        let negative = "Argument maxKeys must be an integer between 0 and 2147483647";
        check_refusal("GET /abc?max-keys=-1", negative, "maxKeys", "-1");
        let encoding = "Invalid Encoding Method specified in Request";
        check_refusal("GET /abc?encoding-type=x", encoding, "encoding-type", "x");
        let kind = "Invalid List Type specified in Request";
        check_refusal("GET /abc?list-type=3", kind, "list-type", "3");
        let token = "The continuation token provided is incorrect";
        check_refusal(
            "GET /abc?list-type=2&continuation-token=",
            token,
            "continuation-token",
            "",
        );
        check_refusal(
            "GET /abc?list-type=2&continuation-token=x",
            token,
            "continuation-token",
            "x",
        );
        let marker = "Invalid uploadId marker";
        check_refusal(
            "GET /abc?uploads&key-marker=a&upload-id-marker=x",
            marker,
            "upload-id-marker",
            "x",
        );
        let parts = "Argument max-parts must be an integer between 0 and 2147483647";
        check_refusal(
            &format!("GET /abc/k?{UPLOAD}&max-parts=-1"),
            parts,
            "max-parts",
            "-1",
        );
    }

    #[test]
    fn a_listing_of_versions_goes_on_after_a_key() {
        let line = "GET /abc?versions&prefix=a&delimiter=%2F&key-marker=a%2Fb&version-id-marker=null&max-keys=5\
                    &encoding-type=url";
        let expected = ListObjectVersions {
            prefix: "a".to_owned(),
            delimiter: Some("/".to_owned()),
            key_marker: "a/b".to_owned(),
            version_id_marker: Some("null".to_owned()),
            max_keys: 5,
            url_encoded: true,
        };
        assert_eq!(operation(line, &[]), Operation::ListObjectVersions(expected));
        let expected = ListObjectVersions {
            max_keys: 1000,
            ..ListObjectVersions::default()
        };
        let empty = "GET /abc?versions&key-marker=&version-id-marker=";
        assert_eq!(operation(empty, &[]), Operation::ListObjectVersions(expected));
        check_refusal(
            "GET /abc?versions&version-id-marker=null",
            "A version-id marker cannot be specified without a key marker.",
            "version-id-marker",
            "null",
        );
        check_refusal(
            "GET /abc?versions&key-marker=a&version-id-marker=x",
            "Invalid version id specified",
            "version-id-marker",
            "x",
        );
    }

    #[test]
    fn uploads_and_parts_have_markers() {
        let line =
            "GET /abc?uploads&key-marker=a&upload-id-marker=00112233445566778899aabbccddeeff&max-uploads=7";
        let Operation::ListMultipartUploads(list) = operation(line, &[]) else {
            unreachable!("a listing");
        };
        assert_eq!((list.key_marker.as_str(), list.max_uploads), ("a", 7));
        assert!(list.upload_id_marker.is_some());
        let Operation::ListMultipartUploads(list) = operation("GET /abc?uploads&upload-id-marker=x", &[])
        else {
            unreachable!("a listing");
        };
        assert_eq!(list.upload_id_marker, None);
        let after = |marker: &str| {
            let line = format!("GET /abc/k?{UPLOAD}&part-number-marker={marker}");
            let Operation::ListParts(list) = operation(&line, &[]) else {
                unreachable!("a listing");
            };
            list.after.map(PartNumber::get)
        };
        assert_eq!(after("0"), None);
        assert_eq!(after(""), None);
        assert_eq!(after("7"), Some(7));
        assert_eq!(after("99999"), Some(10_000));
    }
}
