//! What keeps a bucket from the public, whatever its policy says.
//!
//! Not here: what is public, and what follows from each setting.

/// The public access block of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublicAccessBlock {
    /// Access control lists that grant to everybody are refused.
    pub block_public_acls: bool,
    /// Access control lists that grant to everybody grant nothing.
    pub ignore_public_acls: bool,
    /// Policies that are public are refused.
    pub block_public_policy: bool,
    /// A bucket with a public policy is for its own account.
    pub restrict_public_buckets: bool,
}
