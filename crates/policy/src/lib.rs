//! IAM policy documents: allow or deny, and which statement said so.
//!
//! A [`Document`] is read under the rules of its [`Kind`], strictly, and refused in the words of the service that would store
//! it. A [`Context`] is one question: may this [`Requester`] do this to that? [`evaluate`] answers it from all [`Policies`] that apply, and the
//! [`Decision`] carries its reason down to the statement.
//!
//! Absent on purpose: clock, storage, HTTP, who a key belongs to, which operation needs which action, and POST policies, which
//! are another language. Where AWS's documentation leaves something open, the stricter reading is taken; the decision on policies in
//! `docs/decisions` lists them.
//!
//! ```
//! use countersign_policy::{Account, Attached, Context, Document, Kind, Policies, Requester, evaluate};
//!
//! let document = Document::parse(
//!     Kind::Inline,
//!     br#"{
//!         "Version": "2012-10-17",
//!         "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/${aws:username}/*"}
//!     }"#,
//! )?;
//! let ada = Requester::User {
//!     account: Account { id: "111122223333".to_owned(), canonical_id: "c0ffee".to_owned() },
//!     arn: "arn:aws:iam::111122223333:user/ada".to_owned(),
//!     unique_id: "AIDACKCEVSQ6C2EXAMPLE".to_owned(),
//! };
//! let identity = [Attached { name: "own-photos", document: &document }];
//! let policies = Policies { identity: &identity, ..Policies::default() };
//!
//! let own = Context::new(ada.clone(), "s3:GetObject", "arn:aws:s3:::photos/ada/1.jpg", "111122223333");
//! assert!(evaluate(&own, &policies).is_allowed());
//!
//! let other = Context::new(ada, "s3:GetObject", "arn:aws:s3:::photos/bob/1.jpg", "111122223333");
//! assert_eq!(
//!     evaluate(&other, &policies).denial().map(|denial| denial.told()).as_deref(),
//!     Some(
//!         "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: s3:GetObject on resource: \
//!          \"arn:aws:s3:::photos/bob/1.jpg\" because no identity-based policy allows the s3:GetObject action"
//!     ),
//! );
//! # Ok::<(), countersign_policy::PolicyFault>(())
//! ```

mod access_block;
mod access_list;
mod arn;
mod condition;
mod context;
mod decision;
mod document;
mod evaluate;
mod fault;
mod json;
mod kind;
mod parse;
mod pattern;
mod principal;
mod public;
mod requester;
mod resource;
mod s3;
mod statement;
mod template;

pub use access_block::PublicAccessBlock;
pub use access_list::{AccessLists, Grantee, ListEntry, ListOf, Listed, Owner, Permission};
pub use context::{Context, Keys};
pub use decision::{Decision, Denial, Found, Grant, PolicyType, Reason, UNMET_MAX, Unmet};
pub use document::{Document, Effect, Statement, Version};
pub use evaluate::{Attached, Policies, ResourcePolicy, evaluate};
pub use fault::{FaultCode, PolicyFault};
pub use kind::{
    BUCKET_BYTES_MAX, DOCUMENT_BYTES_MAX, INLINE_GROUP_SIZE_MAX, INLINE_ROLE_SIZE_MAX, INLINE_USER_SIZE_MAX,
    Kind, MANAGED_SIZE_MAX, SESSION_SIZE_MAX, TRUST_SIZE_MAX,
};
pub use requester::{Account, Requester};
