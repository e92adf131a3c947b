//! Access control lists: who owns an object, and whom a list grants what.
//!
//! Not here: what a permission allows, and who is in a group.

/// Who owns what is written to a bucket. Where that is the bucket's owner, whoever writes, lists of access count for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectOwnership {
    /// The owner of the bucket.
    BucketOwnerEnforced,
    /// The owner of the bucket if the list of the object gives it full control by its name, else whoever writes.
    BucketOwnerPreferred,
    /// Whoever writes.
    ObjectWriter,
}

/// A set of accounts that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Everybody, nobody included.
    AllUsers,
    /// Everybody who signs.
    AuthenticatedUsers,
    /// What delivers access logs.
    LogDelivery,
}

/// Whom something is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// An account, by its canonical id.
    Account(String),
    /// A group.
    Group(Group),
}

/// What is granted. What it allows depends on whether a bucket's list says it or an object's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AclPermission {
    /// All of the others.
    FullControl,
    /// Of a bucket: listing it. Of an object: its bytes.
    Read,
    /// The list.
    ReadAcp,
    /// Of a bucket: making objects.
    Write,
    /// Changing the list.
    WriteAcp,
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whom.
    pub grantee: Grantee,
    /// What.
    pub permission: AclPermission,
}

/// What belongs to one object and not to its bucket: who owns it, and its list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectAccess {
    /// The account that owns the object, if it is not the bucket's.
    pub owner: Option<String>,
    /// Its list; `None`: the owner may do everything, and nobody else anything.
    pub grants: Option<Vec<Grant>>,
}

impl ObjectOwnership {
    /// All of them.
    pub const ALL: [ObjectOwnership; 3] = [
        ObjectOwnership::BucketOwnerEnforced,
        ObjectOwnership::BucketOwnerPreferred,
        ObjectOwnership::ObjectWriter,
    ];

    /// As requests and answers name it.
    pub const fn name(self) -> &'static str {
        match self {
            ObjectOwnership::BucketOwnerEnforced => "BucketOwnerEnforced",
            ObjectOwnership::BucketOwnerPreferred => "BucketOwnerPreferred",
            ObjectOwnership::ObjectWriter => "ObjectWriter",
        }
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<ObjectOwnership> {
        ObjectOwnership::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether lists of access count.
    pub const fn has_lists(self) -> bool {
        match self {
            ObjectOwnership::BucketOwnerEnforced => false,
            ObjectOwnership::BucketOwnerPreferred | ObjectOwnership::ObjectWriter => true,
        }
    }
}

impl Group {
    /// All of them.
    pub const ALL: [Group; 3] = [Group::AllUsers, Group::AuthenticatedUsers, Group::LogDelivery];

    /// Its name.
    pub const fn uri(self) -> &'static str {
        match self {
            Group::AllUsers => "http://acs.amazonaws.com/groups/global/AllUsers",
            Group::AuthenticatedUsers => "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
            Group::LogDelivery => "http://acs.amazonaws.com/groups/s3/LogDelivery",
        }
    }

    /// The one of that name.
    pub fn parse(uri: &str) -> Option<Group> {
        Group::ALL.into_iter().find(|group| group.uri() == uri)
    }

    /// Whether it holds accounts that nobody chose.
    pub const fn is_public(self) -> bool {
        match self {
            Group::AllUsers | Group::AuthenticatedUsers => true,
            Group::LogDelivery => false,
        }
    }
}

impl AclPermission {
    /// All of them.
    pub const ALL: [AclPermission; 5] = [
        AclPermission::FullControl,
        AclPermission::Read,
        AclPermission::ReadAcp,
        AclPermission::Write,
        AclPermission::WriteAcp,
    ];

    /// As documents name it.
    pub const fn name(self) -> &'static str {
        match self {
            AclPermission::FullControl => "FULL_CONTROL",
            AclPermission::Read => "READ",
            AclPermission::ReadAcp => "READ_ACP",
            AclPermission::Write => "WRITE",
            AclPermission::WriteAcp => "WRITE_ACP",
        }
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<AclPermission> {
        AclPermission::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl Grant {
    /// Most entries of one list.
    ///
    /// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>.
    pub const MAX: usize = 100;

    /// A grant to an account.
    pub fn to_account(canonical_id: &str, permission: AclPermission) -> Grant {
        Grant {
            grantee: Grantee::Account(canonical_id.to_owned()),
            permission,
        }
    }

    /// A grant to a group.
    pub fn to_group(group: Group, permission: AclPermission) -> Grant {
        Grant {
            grantee: Grantee::Group(group),
            permission,
        }
    }

    /// Whether it lets in accounts that nobody chose.
    pub fn is_public(&self) -> bool {
        match &self.grantee {
            Grantee::Account(_) => false,
            Grantee::Group(group) => group.is_public(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for ownership in ObjectOwnership::ALL {
            assert_eq!(ObjectOwnership::parse(ownership.name()), Some(ownership));
        }
        for group in Group::ALL {
            assert_eq!(Group::parse(group.uri()), Some(group));
        }
        for permission in AclPermission::ALL {
            assert_eq!(AclPermission::parse(permission.name()), Some(permission));
        }
        assert_eq!(AclPermission::parse("read"), None);
        assert_eq!(Group::parse("AllUsers"), None);
        assert_eq!(ObjectOwnership::parse("objectwriter"), None);
    }

    #[test]
    fn only_groups_that_anybody_may_be_in_are_public() {
        let check = |grantee: Grantee, expected: bool| {
            let grant = Grant {
                grantee,
                permission: AclPermission::Read,
            };
            assert_eq!(grant.is_public(), expected, "{grant:?}");
        };
        check(Grantee::Group(Group::AllUsers), true);
        check(Grantee::Group(Group::AuthenticatedUsers), true);
        check(Grantee::Group(Group::LogDelivery), false);
        check(Grantee::Account("c1".to_owned()), false);
    }
}
