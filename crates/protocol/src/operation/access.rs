//! Who may do what in a bucket, as S3 has it set: the bucket's policy, its public access block, its ownership controls.
//!
//! Not here: what a policy may say and whom it lets in. Its document is handed on as it came.

use crate::document::Element;
use crate::head::View;
use crate::operation::integrity::Integrity;
use crate::parse_error::ParseError;
use countersign_types::{ObjectOwnership, PublicAccessBlock};

/// `PUT /bucket?policy`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBucketPolicy {
    /// What the document is held against.
    pub integrity: Integrity,
}

/// `PUT /bucket?publicAccessBlock`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutPublicAccessBlock {
    /// What the document is held against.
    pub integrity: Integrity,
}

/// The document of [`PutPublicAccessBlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicAccessBlockDocument {
    /// The four settings; those that are not named are off.
    pub block: PublicAccessBlock,
}

/// `PUT /bucket?ownershipControls`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBucketOwnershipControls {
    /// What the document is held against.
    pub integrity: Integrity,
}

/// The document of [`PutBucketOwnershipControls`]: one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnershipControlsDocument {
    /// Who owns what is written.
    pub ownership: ObjectOwnership,
}

impl PutBucketPolicy {
    /// Largest document that is read, in bytes. A policy has a limit of its own below this, and words for it.
    pub const BYTES_MAX: usize = 128 * 1024;

    pub(crate) fn parse(view: &View<'_>) -> Result<PutBucketPolicy, ParseError> {
        Ok(PutBucketPolicy {
            integrity: Integrity::parse(view)?,
        })
    }
}

impl PutPublicAccessBlock {
    pub(crate) fn parse(view: &View<'_>) -> Result<PutPublicAccessBlock, ParseError> {
        Ok(PutPublicAccessBlock {
            integrity: Integrity::parse(view)?,
        })
    }
}

impl PublicAccessBlockDocument {
    /// Largest document in bytes.
    pub const BYTES_MAX: usize = 64 * 1024;

    /// Reads the document. Fails with `MalformedXML`.
    pub fn parse(bytes: &[u8]) -> Result<PublicAccessBlockDocument, ParseError> {
        let root = Element::parse(bytes, Self::BYTES_MAX)?.named("PublicAccessBlockConfiguration")?;
        let (mut acls, mut ignored, mut policy, mut restricted) = (None, None, None, None);
        for child in root.into_children()? {
            let slot = match child.name.as_str() {
                "BlockPublicAcls" => &mut acls,
                "IgnorePublicAcls" => &mut ignored,
                "BlockPublicPolicy" => &mut policy,
                "RestrictPublicBuckets" => &mut restricted,
                _ => return Err(ParseError::malformed_xml()),
            };
            if slot.replace(child.into_bool()?).is_some() {
                return Err(ParseError::malformed_xml());
            }
        }
        let block = PublicAccessBlock {
            block_public_acls: acls.unwrap_or_default(),
            ignore_public_acls: ignored.unwrap_or_default(),
            block_public_policy: policy.unwrap_or_default(),
            restrict_public_buckets: restricted.unwrap_or_default(),
        };
        Ok(PublicAccessBlockDocument { block })
    }
}

impl PutBucketOwnershipControls {
    pub(crate) fn parse(view: &View<'_>) -> Result<PutBucketOwnershipControls, ParseError> {
        Ok(PutBucketOwnershipControls {
            integrity: Integrity::parse(view)?,
        })
    }
}

impl OwnershipControlsDocument {
    /// Largest document in bytes.
    pub const BYTES_MAX: usize = 64 * 1024;

    /// Reads the document. Fails with `MalformedXML`.
    pub fn parse(bytes: &[u8]) -> Result<OwnershipControlsDocument, ParseError> {
        let root = Element::parse(bytes, Self::BYTES_MAX)?.named("OwnershipControls")?;
        let rule = only(root.into_children()?)?.named("Rule")?;
        let ownership = only(rule.into_children()?)?.named("ObjectOwnership")?;
        let ownership = ObjectOwnership::parse(ownership.into_text()?.trim());
        let ownership = ownership.ok_or_else(ParseError::malformed_xml)?;
        Ok(OwnershipControlsDocument { ownership })
    }
}

fn only(elements: Vec<Element>) -> Result<Element, ParseError> {
    let mut elements = elements.into_iter();
    match (elements.next(), elements.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(ParseError::malformed_xml()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::ErrorCode;
    use crate::testing::operation;

    #[test]
    fn each_of_them_is_set_read_and_removed_by_its_name() {
        for (line, expected) in [
            ("PUT /abc?policy", "PutBucketPolicy"),
            ("GET /abc?policy", "GetBucketPolicy"),
            ("DELETE /abc?policy", "DeleteBucketPolicy"),
            ("GET /abc?policyStatus", "GetBucketPolicyStatus"),
            ("PUT /abc?publicAccessBlock", "PutPublicAccessBlock"),
            ("GET /abc?publicAccessBlock", "GetPublicAccessBlock"),
            ("DELETE /abc?publicAccessBlock", "DeletePublicAccessBlock"),
            ("PUT /abc?ownershipControls", "PutBucketOwnershipControls"),
            ("GET /abc?ownershipControls", "GetBucketOwnershipControls"),
            ("DELETE /abc?ownershipControls", "DeleteBucketOwnershipControls"),
            ("PUT /abc?acl", "PutBucketAcl"),
            ("PUT /abc/k?acl", "PutObjectAcl"),
            ("PUT /abc/k?acl&versionId=null", "PutObjectAcl"),
        ] {
            assert_eq!(operation(line, &[]).name(), expected, "{line}");
        }
    }

    fn check_block(settings: &str, expected: Result<[bool; 4], &str>) {
        let document = format!("<PublicAccessBlockConfiguration>{settings}</PublicAccessBlockConfiguration>");
        let found = PublicAccessBlockDocument::parse(document.as_bytes());
        let found = found.as_ref().map_err(|error| error.code.name());
        let found = found.map(|document| {
            let block = document.block;
            [
                block.block_public_acls,
                block.ignore_public_acls,
                block.block_public_policy,
                block.restrict_public_buckets,
            ]
        });
        assert_eq!(found, expected, "{settings}");
    }

    #[test]
    fn a_setting_that_is_not_named_is_off() {
        check_block("", Ok([false; 4]));
        check_block(
            "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>TRUE</IgnorePublicAcls>\
             <BlockPublicPolicy>false</BlockPublicPolicy>",
            Ok([true, true, false, false]),
        );
        check_block(
            "<RestrictPublicBuckets>true</RestrictPublicBuckets><BlockPublicPolicy>true</BlockPublicPolicy>",
            Ok([false, false, true, true]),
        );
        for settings in [
            "x",
            "<Other>true</Other>",
            "<BlockPublicAcls>yes</BlockPublicAcls>",
            "<BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>true</BlockPublicAcls>",
        ] {
            check_block(settings, Err("MalformedXML"));
        }
        assert!(PublicAccessBlockDocument::parse(b"<Other/>").is_err());
        let long = vec![b' '; PublicAccessBlockDocument::BYTES_MAX + 1];
        let error = PublicAccessBlockDocument::parse(&long).expect_err("too long");
        assert_eq!(error.code, ErrorCode::MaxMessageLengthExceeded);
    }

    fn check_ownership(rules: &str, expected: Result<ObjectOwnership, &str>) {
        let document = format!("<OwnershipControls>{rules}</OwnershipControls>");
        let found = OwnershipControlsDocument::parse(document.as_bytes());
        let found = found.map(|document| document.ownership);
        let found = found.map_err(|error| error.code.name());
        assert_eq!(found, expected, "{rules}");
    }

    #[test]
    fn ownership_controls_say_who_owns_what_is_written() {
        let rule = |ownership: &str| format!("<Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule>");
        for ownership in ObjectOwnership::ALL {
            check_ownership(&rule(ownership.name()), Ok(ownership));
        }
        for rules in [
            "",
            "<Rule/>",
            &rule("Nobody"),
            &rule("BucketOwnerEnforced").repeat(2),
        ] {
            check_ownership(rules, Err("MalformedXML"));
        }
    }
}
