//! Operations on buckets: list, create.
//!
//! Not here: listing what a bucket holds (`listing`).

use crate::document::Element;
use crate::error_code::ErrorCode;
use crate::head::View;
use crate::operation::content::check_acl;
use crate::operation::integrity::Integrity;
use crate::parse_error::ParseError;

/// `GET /`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListBuckets {
    /// `prefix`: only names that begin so.
    pub prefix: Option<String>,
    /// `max-buckets`: 1 to 10,000; `None` lists all.
    pub max_buckets: Option<u32>,
    /// `continuation-token`, decoded: the last name of the page before.
    pub start_after: Option<String>,
    /// `bucket-region`: only buckets of this region.
    pub bucket_region: Option<String>,
}

/// `PUT /bucket`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateBucket {
    /// What the document is held against.
    pub integrity: Integrity,
}

/// The document of [`CreateBucket`]; an empty body counts as an empty document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateBucketDocument {
    /// `LocationConstraint`: the region asked for. The server compares it with its own.
    pub location: Option<String>,
}

impl ListBuckets {
    pub(crate) fn parse(view: &View<'_>) -> Result<ListBuckets, ParseError> {
        let max_buckets = match view.filled_parameter("max-buckets") {
            None => None,
            Some(text) => match text.parse() {
                Ok(max @ 1..=10_000) => Some(max),
                _ => {
                    return Err(ParseError::argument(
                        "Argument max-buckets must be an integer between 1 and 10000",
                        "max-buckets",
                        text,
                    ));
                }
            },
        };
        Ok(ListBuckets {
            prefix: view.filled_parameter("prefix").map(str::to_owned),
            max_buckets,
            start_after: crate::continuation::parse_parameter(view)?,
            bucket_region: view.filled_parameter("bucket-region").map(str::to_owned),
        })
    }
}

impl CreateBucket {
    pub(crate) fn parse(view: &View<'_>) -> Result<CreateBucket, ParseError> {
        check_acl(view, ErrorCode::InvalidBucketAclWithObjectOwnership)?;
        let is_locked = view.filled_header("x-amz-bucket-object-lock-enabled");
        if is_locked.is_some_and(|text| !text.eq_ignore_ascii_case("false")) {
            return Err(ParseError::header_not_implemented(
                "x-amz-bucket-object-lock-enabled",
            ));
        }
        let ownership = view.filled_header("x-amz-object-ownership");
        match ownership.as_deref() {
            None | Some("BucketOwnerEnforced") => {}
            Some("BucketOwnerPreferred" | "ObjectWriter") => {
                return Err(ParseError::header_not_implemented("x-amz-object-ownership"));
            }
            Some(other) => {
                return Err(ParseError::argument(
                    "Invalid x-amz-object-ownership header",
                    "x-amz-object-ownership",
                    other,
                ));
            }
        }
        Ok(CreateBucket {
            integrity: Integrity::parse(view)?,
        })
    }
}

impl CreateBucketDocument {
    /// Largest document in bytes.
    pub const BYTES_MAX: usize = 64 * 1024;

    /// Reads the document. Fails with `MalformedXML`, and with `NotImplemented` for directory buckets.
    pub fn parse(bytes: &[u8]) -> Result<CreateBucketDocument, ParseError> {
        if bytes.trim_ascii().is_empty() {
            return Ok(CreateBucketDocument::default());
        }
        let root = Element::parse(bytes, Self::BYTES_MAX)?.named("CreateBucketConfiguration")?;
        let mut document = CreateBucketDocument::default();
        for child in root.into_children()? {
            match child.name.as_str() {
                "LocationConstraint" if document.location.is_none() => {
                    let location = child.into_text()?;
                    document.location = Some(location.trim().to_owned()).filter(|l| !l.is_empty());
                }
                name @ ("Location" | "Bucket" | "Tags") => {
                    return Err(ParseError::subresource_not_implemented(name));
                }
                _ => return Err(ParseError::malformed_xml()),
            }
        }
        Ok(document)
    }
}
