//! The kinds of documents, and what each may hold.
//!
//! The sizes are those of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>. IAM does not count white space. The quota of inline
//! policies is about all of one user, group or role together, so that adding them up is left to whoever keeps them.

use crate::fault::{Defect, Dialect, PolicyFault};

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A managed policy, attached to users, groups and roles.
    Managed,
    /// A managed policy that is used as a permissions boundary.
    Boundary,
    /// A policy inside a user, group or role.
    Inline,
    /// A policy that is passed when a session begins.
    Session,
    /// Who may assume a role.
    Trust,
    /// The policy of this bucket.
    Bucket(&'a str),
}

impl Kind<'_> {
    /// Most characters of a document, counted as [`Kind::counted`] does.
    pub const fn size_max(self) -> usize {
        match self {
            Kind::Managed | Kind::Boundary => MANAGED_SIZE_MAX,
            Kind::Inline => INLINE_ROLE_SIZE_MAX,
            Kind::Session => SESSION_SIZE_MAX,
            Kind::Trust => TRUST_SIZE_MAX,
            Kind::Bucket(_) => BUCKET_BYTES_MAX,
        }
    }

    /// The size of a document: bytes for S3, characters that are not white space for IAM.
    pub fn counted(self, text: &str) -> usize {
        match self {
            Kind::Bucket(_) => text.len(),
            _ => text
                .chars()
                .filter(|character| !character.is_whitespace())
                .count(),
        }
    }

    /// Whether it is attached to a resource, and so says who.
    pub(crate) fn has_principal(self) -> bool {
        matches!(self, Kind::Trust | Kind::Bucket(_))
    }

    /// Whether IAM wants the newer version of the language.
    pub(crate) fn needs_2012(self) -> bool {
        matches!(self, Kind::Managed | Kind::Boundary | Kind::Inline)
    }

    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Kind::Managed | Kind::Boundary | Kind::Inline | Kind::Session => Dialect::Identity,
            Kind::Trust => Dialect::Trust,
            Kind::Bucket(_) => Dialect::Bucket,
        }
    }

    pub(crate) fn tell(self, defect: &Defect) -> PolicyFault {
        defect.tell(self.dialect())
    }
}

/// Bytes that are looked at at all, white space and everything: IAM's limit of the parameter.
pub const DOCUMENT_BYTES_MAX: usize = 131_072;

/// Characters of a managed policy.
pub const MANAGED_SIZE_MAX: usize = 6_144;

/// Characters of all inline policies of a user.
pub const INLINE_USER_SIZE_MAX: usize = 2_048;

/// Characters of all inline policies of a group.
pub const INLINE_GROUP_SIZE_MAX: usize = 5_120;

/// Characters of all inline policies of a role, and so of any one inline policy.
pub const INLINE_ROLE_SIZE_MAX: usize = 10_240;

/// Characters of a policy passed for a session.
pub const SESSION_SIZE_MAX: usize = 2_048;

/// Characters of a trust policy.
pub const TRUST_SIZE_MAX: usize = 2_048;

/// Bytes of a bucket policy.
pub const BUCKET_BYTES_MAX: usize = 20_480;
