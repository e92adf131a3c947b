//! What another front of ours is made of, one that speaks S3 and has no store behind it: connections within limits, a
//! request as it was received, its body, and refusals with what explains them.
//!
//! Not here: deciding who may do what. Nothing of this makes a proof of the server's own pipeline.

pub use crate::body::{BodyFacts, BodyFault, Upload, drain};
pub use crate::explain::{Apart, Endpoint, Explanation, element, explain_apart};
pub use crate::hosts::Hosts;
pub use crate::listen::{Answer, Origin, accept, connections_max, take_over};
pub use crate::pipeline::received::{HEAD_BYTES_MAX, Lines, Received};
pub use crate::pipeline::{DIAGNOSIS, error_response, read_form, sign_off};
pub use crate::record::mask;
pub use crate::refusal::{Names, PreflightFault, Refusal, Refused, RefusedAs, RefusedPreflight, S3Error};
pub use crate::request_id::{HostId, RequestId};
pub use crate::respond::{BrokenBody, Outgoing, Pieces};
