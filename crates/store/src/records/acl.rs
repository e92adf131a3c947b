//! Who owns an object and its list of access, as fields of the rows that have them: the bucket's, the object's, the upload's.
//!
//! Not here: what a list grants. Keeps true: a list is read whole or its row is not read, since what is left out could be what
//! somebody relies on.

use super::fields::{Field, Writer};
use crate::error::{Result, corrupt};
use countersign_types::{AclPermission, Grant, Grantee, Group, ObjectAccess};

pub(super) fn write_access(to: &mut Writer, access: &ObjectAccess) {
    to.text(OWNER, access.owner.as_deref());
    write_grants(to, access.grants.as_deref());
}

/// Takes a field if it is one of these; answers whether it was.
pub(super) fn read_access(field: &Field<'_>, access: &mut ObjectAccess) -> Result<bool> {
    match field.tag {
        OWNER => access.owner = Some(field.string()?),
        LIST | GRANT => read_grant(field, &mut access.grants)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// A list: that there is one, which may be empty, and then its entries in their order.
pub(super) fn write_grants(to: &mut Writer, grants: Option<&[Grant]>) {
    let Some(grants) = grants else { return };
    to.number(LIST, grants.len() as u64);
    for grant in grants {
        let (kind, id) = match &grant.grantee {
            Grantee::Account(id) => (ACCOUNT, id.as_bytes()),
            Grantee::Group(group) => (group_number(*group), &[][..]),
        };
        let mut entry = Vec::with_capacity(2 + id.len());
        entry.extend([permission_number(grant.permission), kind]);
        entry.extend_from_slice(id);
        to.bytes(GRANT, &entry);
    }
}

/// Takes a field if it is of a list; others are left out.
pub(super) fn read_grant(field: &Field<'_>, grants: &mut Option<Vec<Grant>>) -> Result<()> {
    match field.tag {
        LIST => *grants = Some(Vec::new()),
        GRANT => {
            let grant = decode_grant(field.bytes).ok_or_else(|| corrupt("a list of access"))?;
            grants.get_or_insert_default().push(grant);
        }
        _ => {}
    }
    Ok(())
}

fn decode_grant(entry: &[u8]) -> Option<Grant> {
    let (&permission, rest) = entry.split_first()?;
    let (&kind, id) = rest.split_first()?;
    let permission = AclPermission::ALL
        .into_iter()
        .find(|known| permission_number(*known) == permission)?;
    let grantee = match kind {
        ACCOUNT => Grantee::Account(std::str::from_utf8(id).ok()?.to_owned()),
        kind => Grantee::Group(
            Group::ALL
                .into_iter()
                .find(|group| group_number(*group) == kind)?,
        ),
    };
    Some(Grant { grantee, permission })
}

const fn permission_number(permission: AclPermission) -> u8 {
    match permission {
        AclPermission::FullControl => 1,
        AclPermission::Read => 2,
        AclPermission::ReadAcp => 3,
        AclPermission::Write => 4,
        AclPermission::WriteAcp => 5,
    }
}

const fn group_number(group: Group) -> u8 {
    match group {
        Group::AllUsers => 2,
        Group::AuthenticatedUsers => 3,
        Group::LogDelivery => 4,
    }
}

/// The kind of a grantee that is an account; the others are groups.
const ACCOUNT: u8 = 1;

// The same tags in every row that has a list.
const OWNER: u8 = 9;
const LIST: u8 = 10;
const GRANT: u8 = 11;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::fields::Reader;

    fn check(access: &ObjectAccess) {
        let mut to = Writer::new();
        write_access(&mut to, access);
        let value = to.finish();
        let mut reader = Reader::new(&value, "row").expect("version 1");
        let mut found = ObjectAccess::default();
        while let Some(field) = reader.next().expect("whole") {
            assert!(read_access(&field, &mut found).expect("read"));
        }
        assert_eq!(found, *access);
    }

    #[test]
    fn owners_and_lists_read_back() {
        check(&ObjectAccess::default());
        let owner = Some("999988887777".to_owned());
        check(&ObjectAccess {
            owner: owner.clone(),
            grants: None,
        });
        check(&ObjectAccess {
            owner: None,
            grants: Some(Vec::new()),
        });
        let grants = AclPermission::ALL
            .into_iter()
            .flat_map(|permission| {
                let groups = Group::ALL.map(|group| Grant::to_group(group, permission));
                groups.into_iter().chain([Grant::to_account("c1", permission)])
            })
            .collect();
        check(&ObjectAccess {
            owner,
            grants: Some(grants),
        });
    }

    #[test]
    fn an_entry_that_is_not_understood_is_not_passed_over() {
        for entry in [&[][..], &[1], &[0, 1], &[6, 1], &[1, 9], &[1, 1, 0xff]] {
            let mut to = Writer::new();
            to.bytes(GRANT, entry);
            let value = to.finish();
            let mut reader = Reader::new(&value, "row").expect("version 1");
            let field = reader.next().expect("whole").expect("one");
            assert!(read_grant(&field, &mut None).is_err(), "{entry:?}");
        }
    }
}
