//! The words of IAM: users, groups, roles, policies, identity providers; what is asked about them and what is answered.
//!
//! A [`Call`] is one request, a [`Answer`] what came of it; a [`Fault`] says why nothing did. Values are as sent: whoever carries a call
//! out checks them, and answers in IAM's words.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>.
//!
//! Not here: bytes on the wire, what is stored, who may.

mod answer;
mod call;
mod fault;

pub use answer::{
    AccessKeyLastUsed, AccessKeyMetadata, AccountDetail, Answer, AttachedPolicy, Group, InlinePolicy,
    Listing, ManagedPolicy, NewAccessKey, OidcProvider, PolicyHolder, PolicyVersion, Role, RoleLastUsed,
    SimulatedAction, SimulatedStatement, User,
};
pub use call::{
    Call, ContextEntry, EntityKind, Holder, PageOf, PolicyScope, PolicyUsage, Simulation, Tag, Tagged,
};
pub use fault::{Fault, FaultCode};

/// Whether an access key signs anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKeyStatus {
    /// It does.
    Active,
    /// It is refused until it is made active again.
    Inactive,
}

impl AccessKeyStatus {
    /// As IAM writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            AccessKeyStatus::Active => "Active",
            AccessKeyStatus::Inactive => "Inactive",
        }
    }

    /// Reads what IAM writes.
    pub fn parse(text: &str) -> Option<AccessKeyStatus> {
        match text {
            "Active" => Some(AccessKeyStatus::Active),
            "Inactive" => Some(AccessKeyStatus::Inactive),
            _ => None,
        }
    }
}
