//! Listings: objects (both versions), multipart uploads, parts.
//!
//! Not here: the walk itself. Page sizes are already cut down to what one page may hold.

use countersign_types::{PartNumber, UploadId};

use crate::continuation;
use crate::head::View;
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
        let after = integer(view, MARKER, MARKER)?.unwrap_or(0);
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
    Ok(integer(view, name, argument)?.map_or(PAGE_MAX, |max| max.min(PAGE_MAX)))
}

fn integer(view: &View<'_>, name: &str, argument: &str) -> Result<Option<u32>, ParseError> {
    let Some(text) = view.filled_parameter(name) else {
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
const PAGE_MAX: u32 = 1000;
