//! Who may do what in a bucket, as S3 shows it: the access control list of a bucket or object whose owner may do everything to
//! it, and nobody else anything; whether its policy is public; its public access block; its ownership controls.

use bytes::Bytes;
use countersign_types::PublicAccessBlock;

use crate::encode::Owner;
use crate::encode::xml::Xml;
use crate::operation::BUCKET_OWNER_ENFORCED;

/// The answer to `GetBucketAcl` and `GetObjectAcl`.
pub fn owner_acl(owner: Owner<'_>) -> Bytes {
    const ROOT: &str = "AccessControlPolicy";
    let mut xml = Xml::result(ROOT);
    xml.owner("Owner", owner);
    xml.open("AccessControlList");
    xml.open("Grant");
    xml.open_with(
        "Grantee",
        &[
            ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
            ("xsi:type", "CanonicalUser"),
        ],
    );
    xml.element("ID", owner.id);
    xml.element("DisplayName", owner.display_name);
    xml.close("Grantee");
    xml.element("Permission", "FULL_CONTROL");
    xml.close("Grant");
    xml.close("AccessControlList");
    xml.finish(ROOT)
}

/// The answer to `GetBucketPolicyStatus`.
pub fn policy_status(is_public: bool) -> Bytes {
    const ROOT: &str = "PolicyStatus";
    let mut xml = Xml::result(ROOT);
    xml.boolean("IsPublic", is_public);
    xml.finish(ROOT)
}

/// The answer to `GetPublicAccessBlock`.
pub fn public_access_block(block: &PublicAccessBlock) -> Bytes {
    const ROOT: &str = "PublicAccessBlockConfiguration";
    let mut xml = Xml::result(ROOT);
    xml.boolean("BlockPublicAcls", block.block_public_acls);
    xml.boolean("IgnorePublicAcls", block.ignore_public_acls);
    xml.boolean("BlockPublicPolicy", block.block_public_policy);
    xml.boolean("RestrictPublicBuckets", block.restrict_public_buckets);
    xml.finish(ROOT)
}

/// The answer to `GetBucketOwnershipControls` of a bucket that has them.
pub fn ownership_controls() -> Bytes {
    const ROOT: &str = "OwnershipControls";
    let mut xml = Xml::result(ROOT);
    xml.open("Rule");
    xml.element("ObjectOwnership", BUCKET_OWNER_ENFORCED);
    xml.close("Rule");
    xml.finish(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{OwnershipControlsDocument, PublicAccessBlockDocument};
    use crate::testing::check_result;

    #[test]
    fn what_is_set_comes_back_as_it_was_put() {
        check_result(
            &policy_status(true),
            "<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>",
        );
        let block = PublicAccessBlock {
            ignore_public_acls: true,
            restrict_public_buckets: true,
            ..PublicAccessBlock::default()
        };
        let document = public_access_block(&block);
        check_result(
            &document,
            "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls><IgnorePublicAcls>true\
             </IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>true\
             </RestrictPublicBuckets></PublicAccessBlockConfiguration>",
        );
        let read = PublicAccessBlockDocument::parse(&document).expect("our own");
        assert_eq!(read.block, block);
        let document = ownership_controls();
        check_result(
            &document,
            "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
        );
        assert!(OwnershipControlsDocument::parse(&document).is_ok());
    }

    #[test]
    fn the_owner_has_the_one_grant() {
        let owner = Owner {
            id: "o1",
            display_name: "root",
        };
        check_result(
            &owner_acl(owner),
            "<AccessControlPolicy><Owner><ID>o1</ID><DisplayName>root</DisplayName></Owner><AccessControlList><Grant>\
             <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>o1</ID>\
             <DisplayName>root</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant>\
             </AccessControlList></AccessControlPolicy>",
        );
    }
}
