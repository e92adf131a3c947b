//! Operations on buckets: list, create.
//!
//! Not here: listing what a bucket holds (`listing`).

use crate::document::Element;
use crate::head::View;
use crate::operation::acl::{AclTarget, RequestedAcl};
use crate::operation::integrity::Integrity;
use crate::parse_error::ParseError;
use countersign_types::ObjectOwnership;

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
    /// Who owns what will be written, if it is said.
    pub ownership: Option<ObjectOwnership>,
    /// The list of access that the bucket is to have.
    pub acl: Option<RequestedAcl>,
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
        let is_locked = view.filled_header("x-amz-bucket-object-lock-enabled");
        if is_locked.is_some_and(|text| !text.eq_ignore_ascii_case("false")) {
            return Err(ParseError::header_not_implemented(
                "x-amz-bucket-object-lock-enabled",
            ));
        }
        let ownership = view.filled_header("x-amz-object-ownership");
        let ownership = match ownership.as_deref() {
            None => None,
            Some(name) => Some(ObjectOwnership::parse(name).ok_or_else(|| {
                ParseError::argument(
                    "Invalid x-amz-object-ownership header",
                    "x-amz-object-ownership",
                    name,
                )
            })?),
        };
        Ok(CreateBucket {
            ownership,
            acl: RequestedAcl::parse(view, AclTarget::Bucket)?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::error_code::ErrorCode;
    use crate::operation::CannedAcl;
    use crate::testing::{operation, refusal, told};

    #[test]
    fn a_list_of_buckets_has_pages() {
        let last = crate::continuation::encode("abc");
        let line = format!("GET /?prefix=a&max-buckets=5&bucket-region=eu-west-1&continuation-token={last}");
        let expected = ListBuckets {
            prefix: Some("a".to_owned()),
            max_buckets: Some(5),
            start_after: Some("abc".to_owned()),
            bucket_region: Some("eu-west-1".to_owned()),
        };
        assert_eq!(operation(&line, &[]), Operation::ListBuckets(expected));
        assert_eq!(
            operation("GET /", &[]),
            Operation::ListBuckets(ListBuckets::default())
        );
        for max in ["0", "10001", "x", "-1"] {
            assert_eq!(
                refusal(&format!("GET /?max-buckets={max}"), &[]),
                format!(
                    "InvalidArgument: Argument max-buckets must be an integer between 1 and 10000 \
                     [ArgumentName=max-buckets, ArgumentValue={max}]"
                )
            );
        }
    }

    #[test]
    fn a_bucket_is_unlocked_and_whose_its_objects_are_can_be_said() {
        let check = |name: &str, value: &str, expected: &str| {
            let found = refusal("PUT /abc", &[(name, value)]);
            assert!(found.starts_with(expected), "{name}: {found}");
        };
        check("x-amz-bucket-object-lock-enabled", "true", "NotImplemented");
        check("x-amz-object-ownership", "x", "InvalidArgument");
        check("x-amz-acl", "open", "InvalidArgument");
        for ownership in ObjectOwnership::ALL {
            let headers = [
                ("x-amz-acl", "private"),
                ("x-amz-object-ownership", ownership.name()),
                ("x-amz-bucket-object-lock-enabled", "false"),
            ];
            let expected = CreateBucket {
                ownership: Some(ownership),
                acl: Some(RequestedAcl::Canned(CannedAcl::Private)),
                ..CreateBucket::default()
            };
            assert_eq!(operation("PUT /abc", &headers), Operation::CreateBucket(expected));
        }
        assert_eq!(
            operation("PUT /abc", &[]),
            Operation::CreateBucket(CreateBucket::default())
        );
    }

    fn check_document(document: &str, expected: Result<Option<&str>, &str>) {
        let found = CreateBucketDocument::parse(document.as_bytes());
        let found = found.as_ref().map(|d| d.location.as_deref()).map_err(told);
        assert_eq!(found, expected.map_err(str::to_owned), "{document}");
    }

    #[test]
    fn a_bucket_may_name_its_region() {
        check_document("", Ok(None));
        check_document("\n", Ok(None));
        check_document("<CreateBucketConfiguration/>", Ok(None));
        check_document(
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n\
             <LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
            Ok(Some("eu-west-1")),
        );
        check_document(
            "<CreateBucketConfiguration><LocationConstraint/></CreateBucketConfiguration>",
            Ok(None),
        );
        let malformed = format!("MalformedXML: {} []", ErrorCode::MalformedXML.message());
        for document in [
            "x",
            "<Other/>",
            "<CreateBucketConfiguration><Other/></CreateBucketConfiguration>",
            "<CreateBucketConfiguration>x</CreateBucketConfiguration>",
        ] {
            check_document(document, Err(&malformed));
        }
        let directory = "<CreateBucketConfiguration><Bucket/></CreateBucketConfiguration>";
        let expected = format!(
            "NotImplemented: {} [Resource=Bucket]",
            ErrorCode::NotImplemented.message()
        );
        check_document(directory, Err(&expected));
    }
}
