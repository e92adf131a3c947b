//! The public access block of a bucket or an account.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>. Two of the four settings are about
//! policies: one refuses to store a public one, the other keeps strangers out while one is there. The other two are about access control
//! lists: one refuses entries for groups that anybody may be in, the other has them count for nothing.

use crate::access_list::ListEntry;
use crate::context::Context;
use crate::document::Document;
use crate::requester::Requester;

/// The four settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublicAccessBlock {
    /// ACLs that grant to everybody are refused.
    pub block_public_acls: bool,
    /// ACLs that grant to everybody grant nothing.
    pub ignore_public_acls: bool,
    /// Public bucket policies are refused.
    pub block_public_policy: bool,
    /// A bucket with a public policy is for its own account and for services.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// What applies where both do: the bucket's block and its account's, the stricter of each setting.
    pub fn with(self, other: PublicAccessBlock) -> PublicAccessBlock {
        PublicAccessBlock {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }

    /// Why this policy may not be stored, if it may not. `context` is the request that would store it.
    pub fn refuses(self, document: &Document, context: &Context) -> Option<String> {
        (self.block_public_policy && document.is_public()).then(|| {
            format!(
                "User: {} is not authorized to perform: {} on resource: \"{}\" because public policies are prevented by \
                 the BlockPublicPolicy setting in S3 Block Public Access.",
                context.requester().name(),
                context.action(),
                context.resource(),
            )
        })
    }

    /// Why no object or bucket may be given this list, if none may. `context` is the request that would give it.
    pub fn refuses_list(self, entries: &[ListEntry<'_>], context: &Context) -> Option<String> {
        (self.block_public_acls && entries.iter().any(ListEntry::is_public)).then(|| {
            format!(
                "User: {} is not authorized to perform: {} on resource: \"{}\" because public access control lists (ACLs) are \
                 prevented by the BlockPublicAcls setting in S3 Block Public Access.",
                context.requester().name(),
                context.action(),
                context.resource(),
            )
        })
    }

    /// Whether this request to a bucket with this policy is kept out, whatever the policy allows.
    pub(crate) fn keeps_out(self, document: &Document, context: &Context) -> bool {
        let is_service = matches!(context.requester(), Requester::Service { .. });
        self.restrict_public_buckets && document.is_public() && !context.is_own_account() && !is_service
    }
}
