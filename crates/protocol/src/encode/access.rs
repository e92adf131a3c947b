//! The access control list of a bucket or object whose owner may do everything to it, and nobody else anything.

use bytes::Bytes;

use crate::encode::Owner;
use crate::encode::xml::Xml;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_result;

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
