//! The limits of the contract, each with a name. The conformance suite reaches every one of them.
//!
//! They are the smallest that all engines can give; an engine that could take more still refuses, so
//! that what is written on one engine can be moved to another.

/// Longest home in bytes. An S3 object key has at most 1,024 bytes; escaping may double it.
pub const HOME_BYTES_MAX: usize = 2048 + 64;
/// Longest row suffix in bytes.
pub const SUFFIX_BYTES_MAX: usize = 256;
/// Longest row value in bytes.
pub const ROW_BYTES_MAX: usize = 64 * 1024;
/// Most rows (puts and deletes together) in one commit.
pub const ROWS_PER_COMMIT_MAX: usize = 1024;
/// Most guards in one commit.
pub const GUARDS_PER_COMMIT_MAX: usize = 64;
/// Sum of all row values of one commit, in bytes.
pub const COMMIT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest body handed over as bytes; a larger one is staged first.
pub const INLINE_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest single body in bytes (the largest S3 part, 5 GiB).
pub const BODY_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;
/// Most rows on one page of a scan.
pub const SCAN_ROWS_MAX: usize = 10_000;
/// Most rows named by one `get`.
pub const ROWS_PER_GET_MAX: usize = 1024;
/// Sum of all bodies handed over as bytes in one commit, in bytes.
pub const COMMIT_BODIES_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most bytes of a body read in one call.
pub const READ_BYTES_MAX: usize = 16 * 1024 * 1024;
