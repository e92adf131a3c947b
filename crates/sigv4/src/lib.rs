//! AWS Signature Version 4 for S3: who does a request claim to be, and is the claim true.
//!
//! Four forms are covered: the `Authorization` header, the presigned query, bodies streamed as `aws-chunked`
//! (signed, signed with trailer, unsigned with trailer) and the browser form with its POST policy. Each can be
//! verified and signed.
//!
//! The way of a request is `claim` (what does it say, is it well formed), [`Claim::check`] (does it fit this place
//! and this moment), the caller's own look-up of the secret, and [`verify`] (does the signature match). Raw bytes go
//! in; the verdict brings out every intermediate text, so that a mismatch can be explained. It never brings out the
//! signature that would have been right.
//!
//! Absent on purpose: clock, randomness, sockets, files, key look-up, S3 error texts. A request is accepted only in
//! the one canonical form; guessing what a client may have meant is somebody else's work and never ends in a yes.
//!
//! ```
//! use countersign_sigv4::{Expected, PathRule, Payload, Request, Secret, Signer, SigningKey, claim, verify};
//!
//! let secret = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
//! let signer = Signer {
//!     access_key_id: "AKIAIOSFODNN7EXAMPLE",
//!     secret: &secret,
//!     session_token: None,
//!     region: "us-east-1",
//!     service: "s3",
//!     time: 1_369_353_600,
//!     rule: PathRule::S3,
//! };
//!
//! // The client adds the headers that make the request its own.
//! let host = [("host", &b"examplebucket.s3.amazonaws.com"[..])];
//! let request = Request { method: "GET", path: b"/test.txt", query: None, headers: &host };
//! let added = signer.sign_headers(&request, &Payload::of_body(b""));
//!
//! // The server reads the claim, checks it against place and time, looks up the secret, and verifies.
//! let mut headers = host.to_vec();
//! headers.extend(added.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
//! let received = Request { headers: &headers, ..request };
//! let claim = claim(&received)?.expect("the request is signed");
//! claim.check(&received, &Expected { region: "us-east-1", service: "s3", now: 1_369_353_630 })?;
//! let signing_key = SigningKey::derive(&secret, &claim.scope);
//! assert!(verify(&received, &claim, PathRule::S3, &signing_key).matched);
//! # Ok::<(), countersign_sigv4::Refusal>(())
//! ```

mod canonical;
mod check;
mod chunk_decoder;
mod chunk_error;
mod chunk_line;
mod chunk_signer;
mod claim;
mod comparing_key;
mod form_claim;
mod header_claim;
mod midstate;
mod payload;
pub mod policy_document;
mod query_claim;
mod refusal;
mod request;
mod secret;
mod sign;
mod signing_key;
mod timestamp;
mod uri;
mod verify;

pub use canonical::{Canonical, PathRule, canonical_value, header_block, header_value};
pub use check::{
    Expected, QUERY_EXPIRES_SECONDS_MAX, SKEW_SECONDS_MAX, headers_not_signed, hoisted_contradiction,
};
pub use chunk_decoder::{CHUNK_BYTES_MIN, CHUNK_LINE_BYTES_MAX, ChunkDecoder, TRAILER_BYTES_MAX, Trailers};
pub use chunk_error::ChunkError;
pub use chunk_signer::{ChunkSeed, ChunkSigner, chunk_string_to_sign, trailer_string_to_sign};
pub use claim::{Claim, Form, Scope, claim};
pub use comparing_key::{Chain, ComparingKey, Provided};
pub use form_claim::form_claim;
pub use midstate::Midstate;
pub use payload::{EMPTY_SHA256, Payload, Streaming};
pub use policy_document::{PolicyDocument, PolicyFault};
pub use refusal::{Component, Refusal};
pub use request::Request;
pub use secret::Secret;
pub use sign::{Signed, Signer};
pub use signing_key::{Signature, SigningKey};
/// The type of short texts in a [`Claim`].
pub use smol_str::SmolStr;
pub use timestamp::{parse_http_date, parse_timestamp, timestamp_text};
pub use uri::{
    canonical_query, decode_percent, decode_query, encode_uri, lower_escapes, query_pairs, query_value,
};
pub use verify::{Trace, Verdict, string_to_sign, string_to_sign_head, verify};
