//! `GetObjectAttributes`: which facts of an object are asked for, and which page of its parts.
//!
//! Not here: the facts.

use countersign_types::PartNumber;

use crate::head::View;
use crate::operation::listing::{PAGE_MAX, integer};
use crate::parse_error::ParseError;

/// `GET /bucket/key?attributes`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetObjectAttributes {
    /// `x-amz-object-attributes`: at least one.
    pub attributes: Vec<ObjectAttribute>,
    /// `x-amz-part-number-marker`: only parts after it. `None` is zero: all of them.
    pub parts_after: Option<PartNumber>,
    /// `x-amz-max-parts`: 0 to 1000.
    pub max_parts: u32,
}

/// What can be asked about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectAttribute {
    /// Its tag.
    ETag,
    /// Its checksum.
    Checksum,
    /// The parts that it was made of.
    ObjectParts,
    /// Its storage class.
    StorageClass,
    /// Its size in bytes.
    ObjectSize,
}

impl GetObjectAttributes {
    pub(crate) fn parse(view: &View<'_>) -> Result<GetObjectAttributes, ParseError> {
        const MAX_PARTS: &str = "x-amz-max-parts";
        const MARKER: &str = "x-amz-part-number-marker";
        let number = |name: &str| integer(view.filled_header(name).as_deref(), name, name);
        let after = number(MARKER)?.unwrap_or(0);
        Ok(GetObjectAttributes {
            attributes: parse_attributes(view)?,
            parts_after: PartNumber::new(after.min(u32::from(PartNumber::MAX))),
            max_parts: number(MAX_PARTS)?.map_or(PAGE_MAX, |max| max.min(PAGE_MAX)),
        })
    }
}

fn parse_attributes(view: &View<'_>) -> Result<Vec<ObjectAttribute>, ParseError> {
    const HEADER: &str = "x-amz-object-attributes";
    let Some(names) = view.filled_header(HEADER) else {
        return Err(ParseError::request(
            "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty",
        ));
    };
    let attribute = |name: &str| match name {
        "ETag" => Ok(ObjectAttribute::ETag),
        "Checksum" => Ok(ObjectAttribute::Checksum),
        "ObjectParts" => Ok(ObjectAttribute::ObjectParts),
        "StorageClass" => Ok(ObjectAttribute::StorageClass),
        "ObjectSize" => Ok(ObjectAttribute::ObjectSize),
        other => Err(ParseError::argument(
            "Invalid attribute name specified.",
            HEADER,
            other,
        )),
    };
    names.split(',').map(|name| attribute(name.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal};

    #[test]
    fn attributes_are_asked_for_by_name() {
        let names = "ETag, Checksum,ObjectParts,StorageClass,ObjectSize";
        let headers = [
            ("x-amz-object-attributes", names),
            ("x-amz-max-parts", "2"),
            ("x-amz-part-number-marker", "7"),
        ];
        let expected = GetObjectAttributes {
            attributes: vec![
                ObjectAttribute::ETag,
                ObjectAttribute::Checksum,
                ObjectAttribute::ObjectParts,
                ObjectAttribute::StorageClass,
                ObjectAttribute::ObjectSize,
            ],
            parts_after: PartNumber::new(7),
            max_parts: 2,
        };
        assert_eq!(
            operation("GET /abc/k?attributes", &headers),
            Operation::GetObjectAttributes(expected)
        );
        let expected = GetObjectAttributes {
            attributes: vec![ObjectAttribute::ETag],
            parts_after: None,
            max_parts: 1000,
        };
        assert_eq!(
            operation("GET /abc/k?attributes", &[("x-amz-object-attributes", "ETag")]),
            Operation::GetObjectAttributes(expected)
        );
    }

    #[test]
    fn other_names_and_none_at_all_are_refused() {
        let check = |headers: &[(&str, &str)], expected: &str| {
            assert_eq!(refusal("GET /abc/k?attributes", headers), expected);
        };
        let missing = "InvalidRequest: The x-amz-object-attributes header specifying the attributes to be retrieved \
                       is either missing or empty []";
        check(&[], missing);
        check(&[("x-amz-object-attributes", "")], missing);
        for name in ["etag", "Owner", ""] {
            check(
                &[("x-amz-object-attributes", &format!("ETag,{name}"))],
                &format!(
                    "InvalidArgument: Invalid attribute name specified. [ArgumentName=x-amz-object-attributes, \
                     ArgumentValue={name}]"
                ),
            );
        }
        check(
            &[("x-amz-object-attributes", "ETag"), ("x-amz-max-parts", "x")],
            "InvalidArgument: Provided x-amz-max-parts not an integer or within integer range \
             [ArgumentName=x-amz-max-parts, ArgumentValue=x]",
        );
    }
}
