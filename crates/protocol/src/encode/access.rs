//! Who may do what in a bucket, as S3 shows it: the access control list of a bucket or object; whether the bucket's policy is public;
//! its public access block; its ownership controls.

use bytes::Bytes;
use countersign_types::{AclPermission, ObjectOwnership, PublicAccessBlock};

use crate::encode::Owner;
use crate::encode::xml::Xml;

/// An entry of an access control list.
#[derive(Clone, Copy, Debug)]
pub struct ListedGrant<'a> {
    /// Whom.
    pub grantee: ListedGrantee<'a>,
    /// What.
    pub permission: AclPermission,
}

/// Whom an entry is about.
#[derive(Clone, Copy, Debug)]
pub enum ListedGrantee<'a> {
    /// An account.
    Account(Owner<'a>),
    /// A group, by its name.
    Group(&'a str),
}

/// The answer to `GetBucketAcl` and `GetObjectAcl`.
pub fn access_control_list(owner: Owner<'_>, grants: &[ListedGrant<'_>]) -> Bytes {
    const ROOT: &str = "AccessControlPolicy";
    let mut xml = Xml::result(ROOT);
    xml.owner("Owner", owner);
    xml.open("AccessControlList");
    for grant in grants {
        xml.open("Grant");
        let kind = match grant.grantee {
            ListedGrantee::Account(_) => "CanonicalUser",
            ListedGrantee::Group(_) => "Group",
        };
        xml.open_with(
            "Grantee",
            &[
                ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
                ("xsi:type", kind),
            ],
        );
        match grant.grantee {
            ListedGrantee::Account(account) => {
                xml.element("ID", account.id);
                xml.element("DisplayName", account.display_name);
            }
            ListedGrantee::Group(uri) => xml.element("URI", uri),
        }
        xml.close("Grantee");
        xml.element("Permission", grant.permission.name());
        xml.close("Grant");
    }
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
pub fn ownership_controls(ownership: ObjectOwnership) -> Bytes {
    const ROOT: &str = "OwnershipControls";
    let mut xml = Xml::result(ROOT);
    xml.open("Rule");
    xml.element("ObjectOwnership", ownership.name());
    xml.close("Rule");
    xml.finish(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{AclDocument, OwnershipControlsDocument, PublicAccessBlockDocument};
    use crate::testing::check_result;
    use countersign_types::{Grant, Group};

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
        let document = ownership_controls(ObjectOwnership::ObjectWriter);
        check_result(
            &document,
            "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>",
        );
        let read = OwnershipControlsDocument::parse(&document).expect("our own");
        assert_eq!(read.ownership, ObjectOwnership::ObjectWriter);
    }

    #[test]
    fn a_list_names_its_owner_and_every_grant() {
        let owner = Owner {
            id: "o1",
            display_name: "root",
        };
        let grants = [
            ListedGrant {
                grantee: ListedGrantee::Account(owner),
                permission: AclPermission::FullControl,
            },
            ListedGrant {
                grantee: ListedGrantee::Group(Group::AllUsers.uri()),
                permission: AclPermission::Read,
            },
        ];
        let document = access_control_list(owner, &grants);
        check_result(
            &document,
            "<AccessControlPolicy><Owner><ID>o1</ID><DisplayName>root</DisplayName></Owner><AccessControlList><Grant>\
             <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>o1</ID>\
             <DisplayName>root</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant><Grant>\
             <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\">\
             <URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>\
             </AccessControlList></AccessControlPolicy>",
        );
        let read = AclDocument::parse(&document).expect("our own");
        let expected = [
            Grant::to_account("o1", AclPermission::FullControl),
            Grant::to_group(Group::AllUsers, AclPermission::Read),
        ];
        assert_eq!(read.grants, expected);
    }
}
