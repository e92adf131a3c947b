//! Who may do what in a bucket, as S3 has it set: the bucket's policy, its public access block, its ownership controls, and
//! access control lists, which a bucket does not have whose owner owns everything in it.
//!
//! Not here: what a policy may say and whom it lets in. Its document is handed on as it came.

use crate::document::Element;
use crate::error_code::ErrorCode;
use crate::head::View;
use crate::operation::content::check_acl;
use crate::operation::integrity::Integrity;
use crate::parse_error::ParseError;
use countersign_types::PublicAccessBlock;

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

/// The document of [`PutBucketOwnershipControls`]. It can say one thing: the bucket's owner owns every object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnershipControlsDocument;

/// `PUT /bucket?acl` and `PUT /bucket/key?acl`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutAcl {
    /// Whether `x-amz-acl` names a list, one that grants the owner alone. Then there is no document.
    pub is_canned: bool,
    /// What the document is held against.
    pub integrity: Integrity,
}

/// The document of [`PutAcl`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclDocument {
    /// The canonical id of the owner.
    pub owner: String,
    /// Who is granted what.
    pub grants: Vec<AclGrant>,
}

/// One grant of an [`AclDocument`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclGrant {
    /// The canonical id of an account; `None` for a group and for whom is named by a mail address.
    pub canonical_id: Option<String>,
    /// `FULL_CONTROL` and its like.
    pub permission: String,
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

    /// Reads the document. Fails with `MalformedXML`, and with `NotImplemented` for owners of objects that are not the bucket's.
    pub fn parse(bytes: &[u8]) -> Result<OwnershipControlsDocument, ParseError> {
        let root = Element::parse(bytes, Self::BYTES_MAX)?.named("OwnershipControls")?;
        let rule = only(root.into_children()?)?.named("Rule")?;
        let ownership = only(rule.into_children()?)?.named("ObjectOwnership")?;
        match ownership.into_text()?.trim() {
            BUCKET_OWNER_ENFORCED => Ok(OwnershipControlsDocument),
            other @ ("BucketOwnerPreferred" | "ObjectWriter") => {
                Err(ParseError::subresource_not_implemented(other))
            }
            _ => Err(ParseError::malformed_xml()),
        }
    }
}

fn only(elements: Vec<Element>) -> Result<Element, ParseError> {
    let mut elements = elements.into_iter();
    match (elements.next(), elements.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(ParseError::malformed_xml()),
    }
}

impl PutAcl {
    pub(crate) fn parse(view: &View<'_>) -> Result<PutAcl, ParseError> {
        check_acl(view, ErrorCode::AccessControlListNotSupported)?;
        Ok(PutAcl {
            is_canned: view.filled_header("x-amz-acl").is_some(),
            integrity: Integrity::parse(view)?,
        })
    }

    /// Refuses grants in headers: they would be a list of access.
    pub(crate) fn check_grants(view: &View<'_>) -> Result<(), ParseError> {
        match view.lines("x-amz-grant-").next() {
            Some(_) => Err(ParseError::new(ErrorCode::AccessControlListNotSupported)),
            None => Ok(()),
        }
    }
}

impl AclDocument {
    /// Largest document in bytes.
    pub const BYTES_MAX: usize = 64 * 1024;
    /// Most grants in one document, as at AWS.
    pub const GRANTS_MAX: usize = 100;

    /// Reads the document. Fails with `MissingSecurityHeader` where there is none, and with `MalformedACLError`.
    pub fn parse(bytes: &[u8]) -> Result<AclDocument, ParseError> {
        if bytes.trim_ascii().is_empty() {
            return Err(ParseError::new(ErrorCode::MissingSecurityHeader));
        }
        AclDocument::read(bytes).map_err(|error| match error.code {
            ErrorCode::MalformedXML => ParseError::new(ErrorCode::MalformedACLError),
            _ => error,
        })
    }

    fn read(bytes: &[u8]) -> Result<AclDocument, ParseError> {
        let root = Element::parse(bytes, Self::BYTES_MAX)?.named("AccessControlPolicy")?;
        let (mut owner, mut grants) = (None, None);
        for child in root.into_children()? {
            match child.name.as_str() {
                "Owner" if owner.is_none() => owner = parse_identity(child)?,
                "AccessControlList" if grants.is_none() => {
                    let listed = child.into_children()?.into_iter().map(AclGrant::parse);
                    grants = Some(listed.collect::<Result<Vec<_>, _>>()?);
                }
                _ => return Err(ParseError::malformed_xml()),
            }
        }
        match (owner, grants) {
            (Some(owner), Some(grants)) if grants.len() <= Self::GRANTS_MAX => {
                Ok(AclDocument { owner, grants })
            }
            _ => Err(ParseError::malformed_xml()),
        }
    }
}

impl AclGrant {
    fn parse(element: Element) -> Result<AclGrant, ParseError> {
        let (mut grantee, mut permission) = (None, None);
        for child in element.named("Grant")?.into_children()? {
            match child.name.as_str() {
                "Grantee" if grantee.is_none() => grantee = Some(parse_identity(child)?),
                "Permission" if permission.is_none() => permission = Some(child.into_text()?),
                _ => return Err(ParseError::malformed_xml()),
            }
        }
        let permission = permission.filter(|name| PERMISSIONS.contains(&name.as_str()));
        match (grantee, permission) {
            (Some(canonical_id), Some(permission)) => Ok(AclGrant {
                canonical_id,
                permission,
            }),
            _ => Err(ParseError::malformed_xml()),
        }
    }
}

/// The canonical id in an owner or grantee, where it is one.
fn parse_identity(element: Element) -> Result<Option<String>, ParseError> {
    let mut id = None;
    for child in element.into_children()? {
        match child.name.as_str() {
            "ID" if id.is_none() => id = Some(child.into_text()?),
            "DisplayName" | "URI" | "EmailAddress" => drop(child.into_text()?),
            _ => return Err(ParseError::malformed_xml()),
        }
    }
    Ok(id)
}

/// The one kind of ownership that there is here.
pub(crate) const BUCKET_OWNER_ENFORCED: &str = "BucketOwnerEnforced";

const PERMISSIONS: [&str; 5] = ["FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal, told};

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

    fn check_ownership(rules: &str, expected: Result<(), &str>) {
        let document = format!("<OwnershipControls>{rules}</OwnershipControls>");
        let found = OwnershipControlsDocument::parse(document.as_bytes());
        let found = found.as_ref().map(|_| ()).map_err(|error| error.code.name());
        assert_eq!(found, expected, "{rules}");
    }

    #[test]
    fn the_owner_of_a_bucket_owns_its_objects_and_nobody_else_can() {
        let rule = |ownership: &str| format!("<Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule>");
        check_ownership(&rule("BucketOwnerEnforced"), Ok(()));
        for other in ["BucketOwnerPreferred", "ObjectWriter"] {
            check_ownership(&rule(other), Err("NotImplemented"));
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

    #[test]
    fn a_list_of_access_is_read_from_a_header_and_grants_to_others_are_refused() {
        for acl in ["private", "bucket-owner-full-control"] {
            let put = operation("PUT /abc/k?acl", &[("x-amz-acl", acl)]);
            assert!(
                matches!(put, Operation::PutObjectAcl(put) if put.is_canned),
                "{acl}"
            );
        }
        let not_supported = "AccessControlListNotSupported: The bucket does not allow ACLs []";
        for header in [
            ("x-amz-acl", "public-read"),
            ("x-amz-grant-read", "id=1"),
            ("X-Amz-Grant-Full-Control", "id=1"),
        ] {
            assert_eq!(refusal("PUT /abc?acl", &[header]), not_supported);
        }
        assert_eq!(
            refusal("PUT /abc?acl", &[("x-amz-acl", "open")]),
            "InvalidArgument: Invalid x-amz-acl value [ArgumentName=x-amz-acl, ArgumentValue=open]"
        );
    }

    fn acl(owner: &str, grants: &[(&str, &str)]) -> String {
        let grants: String = grants
            .iter()
            .map(|(grantee, permission)| {
                format!(
                    "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"x\">{grantee}\
                     </Grantee><Permission>{permission}</Permission></Grant>"
                )
            })
            .collect();
        format!(
            "<AccessControlPolicy><Owner><ID>{owner}</ID><DisplayName>root</DisplayName></Owner><AccessControlList>\
             {grants}</AccessControlList></AccessControlPolicy>"
        )
    }

    #[test]
    fn a_document_that_is_no_list_of_access_is_malformed() {
        let own = "<ID>o1</ID>";
        let many = acl("o1", &[(own, "READ"); AclDocument::GRANTS_MAX + 1]);
        for document in [
            "x",
            "<Other/>",
            "<AccessControlPolicy/>",
            "<AccessControlPolicy><AccessControlList/></AccessControlPolicy>",
            &acl("o1", &[(own, "EVERYTHING")]),
            &acl("o1", &[("<Name>o1</Name>", "READ")]),
            &many,
        ] {
            let error = AclDocument::parse(document.as_bytes()).expect_err("no list");
            assert_eq!(error.code, ErrorCode::MalformedACLError, "{document}");
        }
        let error = AclDocument::parse(b"\n").expect_err("nothing");
        assert_eq!(
            told(&error),
            "MissingSecurityHeader: Your request was missing a required header []"
        );
    }
}
