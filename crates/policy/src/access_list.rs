//! Access control lists, as the evaluation sees them: what the list of a bucket and the list of an object grant the requester.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>, the table of permissions and actions, and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-auth-workflow-object-operation.html>: whose the object is, decides.
//!
//! Not here: where lists lie, and whether they count in a bucket.
//!
//! Keeps true: a list never denies; a list of a bucket says nothing about the bytes of its objects, and a list of an object nothing
//! about its bucket.

use crate::context::Context;
use crate::requester::Requester;

/// Whom an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grantee<'a> {
    /// An account, by its canonical id.
    Account(&'a str),
    /// Everybody.
    AllUsers,
    /// Everybody who signs.
    AuthenticatedUsers,
    /// A group that no requester is in.
    OtherGroup,
}

/// What an entry grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// All of the others.
    FullControl,
    /// Listing a bucket, reading an object.
    Read,
    /// Reading the list.
    ReadAcp,
    /// Writing to a bucket.
    Write,
    /// Changing the list.
    WriteAcp,
}

/// An entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListEntry<'a> {
    /// Whom.
    pub grantee: Grantee<'a>,
    /// What.
    pub permission: Permission,
}

/// Whose that is, what is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owner<'a> {
    /// The account that owns the bucket.
    #[default]
    Bucket,
    /// Another account, by its id: its object is its own to give access to, and no policy of the bucket's can.
    Account(&'a str),
    /// The requester, of an object that does not exist yet.
    Requester,
}

/// The lists that count for a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccessLists<'a> {
    /// That of the bucket.
    pub bucket: &'a [ListEntry<'a>],
    /// That of the object, where one that is there is asked for.
    pub object: &'a [ListEntry<'a>],
    /// Whose it is.
    pub owner: Owner<'a>,
}

/// Which of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListOf {
    /// That of a bucket.
    Bucket,
    /// That of an object.
    Object,
}

/// An entry that allows something, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The list.
    pub list: ListOf,
    /// What the entry grants.
    pub permission: Permission,
    /// Whether it names a group that anybody may be in, and not the requester's account.
    pub is_public: bool,
}

impl ListEntry<'_> {
    /// Whether it lets in accounts that nobody chose.
    pub fn is_public(&self) -> bool {
        match self.grantee {
            Grantee::AllUsers | Grantee::AuthenticatedUsers => true,
            Grantee::Account(_) | Grantee::OtherGroup => false,
        }
    }

    fn reaches(&self, requester: &Requester) -> bool {
        match self.grantee {
            Grantee::AllUsers => true,
            Grantee::AuthenticatedUsers => requester.account().is_some(),
            Grantee::Account(id) => requester
                .account()
                .is_some_and(|account| account.canonical_id == id),
            Grantee::OtherGroup => false,
        }
    }
}

impl AccessLists<'_> {
    /// The first entry that allows what is asked for, of those for groups that anybody may be in, or of the others.
    pub(crate) fn find(&self, context: &Context, is_public: bool) -> Option<Listed> {
        let (list, needed) = needed(context.action())?;
        let entries = match list {
            ListOf::Bucket => self.bucket,
            ListOf::Object => self.object,
        };
        let mut entries = entries.iter();
        let found = entries.find(|entry| {
            let grants = entry.permission == needed || entry.permission == Permission::FullControl;
            grants && entry.is_public() == is_public && entry.reaches(context.requester())
        })?;
        Some(Listed {
            list,
            permission: found.permission,
            is_public,
        })
    }
}

/// The permission that stands for an action, and whose list has to grant it; `None`: no list can.
///
/// Deleting is AWS's for whoever may write to the bucket and owns the object, and so is going on with one's own upload. Whose the object
/// or the upload is, is for whoever carries it out to see to.
fn needed(action: &str) -> Option<(ListOf, Permission)> {
    const TABLE: &[(&str, ListOf, Permission)] = &[
        ("s3:ListBucket", ListOf::Bucket, Permission::Read),
        ("s3:ListBucketVersions", ListOf::Bucket, Permission::Read),
        ("s3:ListBucketMultipartUploads", ListOf::Bucket, Permission::Read),
        ("s3:PutObject", ListOf::Bucket, Permission::Write),
        ("s3:DeleteObject", ListOf::Bucket, Permission::Write),
        ("s3:AbortMultipartUpload", ListOf::Bucket, Permission::Write),
        ("s3:ListMultipartUploadParts", ListOf::Bucket, Permission::Write),
        ("s3:GetBucketAcl", ListOf::Bucket, Permission::ReadAcp),
        ("s3:PutBucketAcl", ListOf::Bucket, Permission::WriteAcp),
        ("s3:GetObject", ListOf::Object, Permission::Read),
        ("s3:GetObjectVersion", ListOf::Object, Permission::Read),
        ("s3:GetObjectAcl", ListOf::Object, Permission::ReadAcp),
        ("s3:GetObjectVersionAcl", ListOf::Object, Permission::ReadAcp),
        ("s3:PutObjectAcl", ListOf::Object, Permission::WriteAcp),
        ("s3:PutObjectVersionAcl", ListOf::Object, Permission::WriteAcp),
    ];
    let found = TABLE
        .iter()
        .find(|(name, ..)| action.eq_ignore_ascii_case(name))?;
    Some((found.1, found.2))
}

#[cfg(test)]
mod tests {
    use super::{Permission, needed};
    use crate::pattern::Pattern;
    use crate::s3::subjects;
    use crate::template::{Syntax, Template};

    fn pattern(action: &str) -> Pattern {
        let syntax = Syntax {
            wildcards: false,
            variables: false,
        };
        Template::parse(&action.to_ascii_lowercase(), syntax).widest()
    }

    #[test]
    fn lists_know_few_actions_and_those_are_actions_of_s3() {
        for action in [
            "s3:GetObject",
            "S3:putobject",
            "s3:GetBucketAcl",
            "s3:PutObjectVersionAcl",
        ] {
            assert!(needed(action).is_some(), "{action}");
            assert!(!subjects(&pattern(action)).is_empty(), "{action}");
        }
        for action in [
            "s3:DeleteBucket",
            "s3:GetBucketPolicy",
            "s3:GetObjectTagging",
            "s3:DeleteObjectVersion",
            "iam:GetUser",
        ] {
            assert!(needed(action).is_none(), "{action}");
        }
        let permission = |action| needed(action).map(|(_, permission)| permission);
        assert_eq!(permission("s3:ListBucket"), Some(Permission::Read));
        assert_eq!(permission("s3:PutBucketAcl"), Some(Permission::WriteAcp));
    }
}
