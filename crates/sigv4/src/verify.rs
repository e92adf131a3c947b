//! Compares the signature, and keeps the intermediate texts for whoever explains a mismatch.
//!
//! Keeps true: the signature that would have been right never leaves this module.

use sha2::{Digest, Sha256};

use crate::canonical::{Canonical, PathRule};
use crate::check::hoisted_contradiction;
use crate::claim::{Claim, Form, Scope};
use crate::header_claim::ALGORITHM;
use crate::request::Request;
use crate::signing_key::SigningKey;

/// The texts a signature was compared over. None of them is secret: the sender knows them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The canonical request; empty for a form, which has none.
    pub canonical_request: Vec<u8>,
    /// The string to sign; for a form the base64 policy as sent.
    pub string_to_sign: Vec<u8>,
}

/// What verification found.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The texts, right or wrong.
    pub trace: Trace,
    /// Whether the signature is the one that `signing_key` makes over them.
    pub matched: bool,
}

/// Verifies the signature of `claim` over `request` with the signing key of the access key and scope it names.
///
/// The body is not looked at: whoever reads it compares it with [`Claim::payload`]. For a form the request is not
/// looked at either, only its policy. A presigned request with an `x-amz-*` header that contradicts its query does
/// not match (see [`hoisted_contradiction`]).
pub fn verify(request: &Request<'_>, claim: &Claim, rule: PathRule, signing_key: &SigningKey) -> Verdict {
    let trace = Trace::of(request, claim, rule);
    let signature_matches = signing_key.matches(&trace.string_to_sign, &claim.signature);
    let matched = signature_matches && hoisted_contradiction(request, claim).is_none();
    Verdict { trace, matched }
}

impl Trace {
    /// The texts of a request, without any key.
    pub fn of(request: &Request<'_>, claim: &Claim, rule: PathRule) -> Trace {
        if claim.form == Form::Policy {
            let policy = claim.policy.as_deref().unwrap_or_default();
            return Trace {
                canonical_request: Vec::new(),
                string_to_sign: policy.as_bytes().to_vec(),
            };
        }
        let canonical_request = Canonical::of(request, claim, rule).bytes();
        let hash = Sha256::digest(&canonical_request).into();
        let string_to_sign = string_to_sign(&claim.timestamp, &claim.scope, &hash);
        Trace {
            canonical_request,
            string_to_sign,
        }
    }
}

/// The string to sign of a request: algorithm, date, scope, and the SHA-256 of the canonical request.
pub fn string_to_sign(timestamp: &str, scope: &Scope, canonical_hash: &[u8; 32]) -> Vec<u8> {
    format!(
        "{ALGORITHM}\n{timestamp}\n{scope}\n{}",
        hex::encode(canonical_hash)
    )
    .into_bytes()
}
