//! Accounts, their users, groups, roles and policies, the access keys, and temporary credentials: who a key belongs to, and the secret
//! that proves it.
//!
//! A claim names an access key; [`Directory::resolve`] finds whose it is, between parsing the claim and verifying it. [`Directory::iam`]
//! carries out the calls of IAM, [`Directory::sts`] those of STS, for a caller who may.
//!
//! Not here: verifying a signature (that is `sigv4`), whether the caller may (that is `policy`, asked by the server), bytes on the wire
//! (that is `protocol`).
//!
//! It keeps true: a secret never leaves in text but once, to whoever made it, and lies sealed on the engine; signing keys are derived
//! once a day, region and service and kept for that scope only; a change that was acknowledged is in force for every request that
//! comes after it.

mod accounts;
mod credential_tokens;
mod directory;
mod error;
mod iam;
mod ids;
mod kin;
mod layout;
pub mod limits;
mod managed;
mod master;
mod principal;
mod random;
mod records;
mod rows;
mod seal;
mod session;
mod signing_keys;
mod state;
mod sts;
mod subject;
mod tombstone;
mod upkeep;
mod usage;

pub use accounts::NewAccount;
pub use credential_tokens::{CREDENTIAL_TOKENS_MAX, CredentialToken, NewCredentialToken};
pub use directory::Directory;
pub use error::{Error, Result};
pub use kin::{KeyHistory, OtherKey, Retired};
pub use master::MasterKeys;
pub use principal::{
    AccessKey, Account, Applying, FederatedUser, Principal, Resolved, RoleSession, Unresolved, User,
};
pub use random::{Random, SystemRandom};
pub use session::Session;
pub use sts::{RoleView, WebIdentity};
pub use subject::Subject;
