//! Compares the signature, and keeps the intermediate texts for whoever explains a mismatch.
//!
//! Keeps true: the signature that would have been right never leaves this module.

use sha2::{Digest, Sha256};

use crate::canonical::{Canonical, PathRule};
use crate::check::hoisted_contradiction;
use crate::claim::{Claim, Form, Scope};
use crate::header_claim::ALGORITHM;
use crate::request::Request;
use crate::signing_key::{SigningKey, hex_digits};

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
        let canonical_request = Canonical::bytes_of(request, claim, rule);
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
    lines_to_sign(ALGORITHM, timestamp, scope, &[&hex_digits(canonical_hash)])
}

/// The string to sign of a request up to its last line, which is the hex of a canonical request's SHA-256.
pub fn string_to_sign_head(timestamp: &str, scope: &Scope) -> Vec<u8> {
    lines_to_sign(ALGORITHM, timestamp, scope, &[b""])
}

/// Every string to sign: what is signed, date, scope, and the lines of its kind.
pub(crate) fn lines_to_sign(what: &str, timestamp: &str, scope: &Scope, lines: &[&[u8]]) -> Vec<u8> {
    let bytes: usize = lines.iter().map(|line| 1 + line.len()).sum();
    let mut text = Vec::with_capacity(what.len() + timestamp.len() + scope.text_bytes() + 2 + bytes);
    text.extend_from_slice(what.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(timestamp.as_bytes());
    text.push(b'\n');
    scope.push_text(&mut text);
    for line in lines {
        text.push(b'\n');
        text.extend_from_slice(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Payload, Secret, Signer};

    /// Signs `signed` headers in a link, sends `sent` ones with it: whether that matches.
    fn link_matches(signed: &[(&str, &[u8])], query: &str, sent: &[(&str, &[u8])]) -> bool {
        let secret = Secret::new("s");
        let signer = Signer {
            access_key_id: "AKID",
            secret: &secret,
            session_token: None,
            region: "us-east-1",
            service: "s3",
            time: 0,
            rule: PathRule::S3,
        };
        let request = Request {
            method: "PUT",
            path: b"/b/k",
            query: Some(query.as_bytes()),
            headers: signed,
        };
        let query = signer.presign(&request, &Payload::Unsigned, 60);
        let received = Request {
            query: Some(query.as_bytes()),
            headers: sent,
            ..request
        };
        let claim = crate::claim(&received).expect("well formed").expect("signed");
        verify(&received, &claim, PathRule::S3, &signer.signing_key()).matched
    }

    #[test]
    fn a_signed_header_that_is_not_sent_is_a_mismatch() {
        let signed: [(&str, &[u8]); 2] = [("host", b"h"), ("x-amz-acl", b"private")];
        assert!(link_matches(&signed, "", &signed));
        assert!(!link_matches(&signed, "", &signed[..1]));
    }

    #[test]
    fn a_header_that_contradicts_the_query_is_a_mismatch() {
        let sent = |value| [("host", &b"h"[..]), ("X-Amz-Acl", value)];
        assert!(link_matches(
            &[("host", b"h")],
            "x-amz-acl=private",
            &sent(b"private")
        ));
        assert!(!link_matches(
            &[("host", b"h")],
            "x-amz-acl=private",
            &sent(b"public-read")
        ));
        assert!(!link_matches(
            &sent(b"public-read"),
            "x-amz-acl=private",
            &sent(b"public-read")
        ));
    }

    #[test]
    fn the_implied_payload_matches_nobody_until_it_is_filled_in() {
        let secret = Secret::new("s");
        let signer = Signer {
            access_key_id: "AKID",
            secret: &secret,
            session_token: None,
            region: "us-east-1",
            service: "iam",
            time: 0,
            rule: PathRule::Generic,
        };
        for body in [Payload::of_body(b"Action=ListUsers"), Payload::of_body(b"")] {
            let bare = Request {
                method: "POST",
                path: b"/",
                query: None,
                headers: &[("host", b"h")],
            };
            let added = signer.sign_headers(&bare, &body);
            let mut headers = bare.headers.to_vec();
            headers.extend(
                added
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_bytes())),
            );
            let request = Request {
                headers: &headers,
                ..bare
            };
            let mut claim = crate::claim(&request).expect("well formed").expect("signed");
            let mut matches = |payload: Payload| {
                claim.payload = payload;
                verify(&request, &claim, PathRule::Generic, &signer.signing_key()).matched
            };
            assert!(!matches(Payload::Implied));
            assert!(!matches(Payload::of_body(b"other")));
            assert!(matches(body));
        }
    }
}
