//! S3 as bytes: the head of a request becomes an [`Operation`], an outcome becomes headers and XML. IAM and STS as bytes: [`query`].
//!
//! The only XML in the house, in both directions. Pure: no clock, no socket, no look-up; it does not know who asks, whether
//! they may, or whether a bucket exists. A request is either understood whole or refused: nothing that would change its
//! meaning is ever ignored (see [`parse`]).

pub mod continuation;
pub mod cors;
mod document;
pub mod encode;
pub mod error_code;
pub mod form;
mod head;
mod iam;
pub mod once;
pub mod operation;
mod parse_error;
pub mod query;
pub mod range;
mod router;
mod said;
mod sts;
mod subresource;
#[cfg(test)]
mod testing;

pub use document::Element;
pub use error_code::ErrorCode;
pub use form::Form;
pub use head::{Head, header_bytes, header_text};
pub use operation::{CHECKSUM_NOT_SENT, FORM_KEY_EMPTY, Named, Operation};
pub use parse_error::ParseError;
pub use router::{bucket, is_form, parse, parse_form};
pub use said::Said;
