//! The client's side: the headers, the link or the form fields that make a request somebody's.
//!
//! Uses the same canonical form as verification; the time is passed in.

use std::fmt;

use smol_str::SmolStr;

use crate::canonical::PathRule;
use crate::chunk_signer::ChunkSeed;
use crate::claim::{Claim, Form, Scope};
use crate::header_claim::ALGORITHM;
use crate::payload::Payload;
use crate::request::Request;
use crate::secret::Secret;
use crate::signing_key::SigningKey;
use crate::timestamp::timestamp_text;
use crate::uri::{canonical_query, encode_uri};
use crate::verify::Trace;

/// Signs requests with one access key, at one place and moment.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The access key id.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a Secret,
    /// The session token of temporary credentials.
    pub session_token: Option<&'a str>,
    /// The region of the scope.
    pub region: &'a str,
    /// The service of the scope.
    pub service: &'a str,
    /// Unix seconds of the signature.
    pub time: i64,
    /// How the service makes its canonical path.
    pub rule: PathRule,
}

/// A signed request: what to add, and how it came about.
#[derive(Clone)]
pub struct Signed {
    /// Headers to add, names lower case: `x-amz-date`, for S3 `x-amz-content-sha256`, with temporary credentials
    /// `x-amz-security-token`, and `authorization`. Empty for a presigned link.
    pub headers: Vec<(String, String)>,
    /// The query to send, the signature in it. As given for a header-signed request.
    pub query: Option<String>,
    /// What the request now claims.
    pub claim: Claim,
    /// The texts that were signed.
    pub trace: Trace,
}

/// Without headers and query, in which the signature stands.
impl fmt::Debug for Signed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Signed")
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}

impl Signer<'_> {
    /// The headers to add to a request that has none of them yet. Every header of `request` is signed, but for those
    /// that change on the way.
    pub fn sign_headers(&self, request: &Request<'_>, payload: &Payload) -> Vec<(String, String)> {
        self.sign(request, payload).headers
    }

    /// As [`Signer::sign_headers`], with the intermediate texts.
    pub fn sign(&self, request: &Request<'_>, payload: &Payload) -> Signed {
        let mut added = vec![("x-amz-date".to_owned(), timestamp_text(self.time))];
        if self.rule == PathRule::S3 && request.header("x-amz-content-sha256").is_none() {
            added.push(("x-amz-content-sha256".to_owned(), payload.text().to_owned()));
        }
        if let Some(session_token) = self.session_token {
            added.push(("x-amz-security-token".to_owned(), session_token.to_owned()));
        }
        let query = request
            .query
            .map(|query| String::from_utf8_lossy(query).into_owned());
        let mut headers = request.headers.to_vec();
        headers.extend(
            added
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes())),
        );
        let request = Request {
            headers: &headers,
            ..*request
        };

        let mut claim = self.claim(Form::Header, signable_names(&headers), payload);
        let trace = self.complete(&request, &mut claim);
        let authorization = format!(
            "{ALGORITHM} Credential={}, SignedHeaders={}, Signature={}",
            self.credential(),
            claim.signed_headers.join(";"),
            claim.signature
        );
        added.push(("authorization".to_owned(), authorization));
        Signed {
            headers: added,
            query,
            claim,
            trace,
        }
    }

    /// The query of a presigned link: that of `request`, canonical, with the parameters of the signature behind it.
    /// `expires` is its lifetime in seconds. The headers of `request` are signed and must be sent with the link.
    pub fn presign(&self, request: &Request<'_>, payload: &Payload, expires: u64) -> String {
        self.presigned(request, payload, expires)
            .query
            .unwrap_or_default()
    }

    /// As [`Signer::presign`], with the intermediate texts.
    pub fn presigned(&self, request: &Request<'_>, payload: &Payload, expires: u64) -> Signed {
        let mut claim = self.claim(Form::Query, signable_names(request.headers), payload);
        claim.expires = Some(expires);
        let mut query = canonical_query(request.query.unwrap_or_default(), Some("X-Amz-Signature"));
        let mut push = |name: &str, value: &str| {
            let joint = if query.is_empty() { "" } else { "&" };
            query.push_str(&format!("{joint}{name}={}", encode_uri(value.as_bytes(), false)));
        };
        push("X-Amz-Algorithm", ALGORITHM);
        push("X-Amz-Credential", &self.credential());
        push("X-Amz-Date", &claim.timestamp);
        push("X-Amz-Expires", &expires.to_string());
        push("X-Amz-SignedHeaders", &claim.signed_headers.join(";"));
        if let Some(session_token) = self.session_token {
            push("X-Amz-Security-Token", session_token);
        }
        if self.rule == PathRule::S3 && *payload != Payload::Unsigned {
            push("X-Amz-Content-Sha256", payload.text());
        }
        let unsigned = query.clone();
        let trace = self.complete(
            &Request {
                query: Some(unsigned.as_bytes()),
                ..*request
            },
            &mut claim,
        );
        query.push_str("&X-Amz-Signature=");
        query.push_str(&claim.signature);
        Signed {
            headers: Vec::new(),
            query: Some(query),
            claim,
            trace,
        }
    }

    /// The signature of a POST policy, given as the base64 text the form will carry.
    pub fn sign_policy(&self, policy_base64: &str) -> String {
        self.signing_key().sign(policy_base64.as_bytes()).to_hex()
    }

    /// The fields a form needs beside its own. Each but `policy` and `x-amz-signature` must be among the policy's
    /// conditions.
    pub fn form_fields(&self, policy_base64: &str) -> Vec<(String, String)> {
        let mut fields = vec![
            ("x-amz-algorithm".to_owned(), ALGORITHM.to_owned()),
            ("x-amz-credential".to_owned(), self.credential()),
            ("x-amz-date".to_owned(), timestamp_text(self.time)),
        ];
        fields.extend(
            self.session_token
                .map(|text| ("x-amz-security-token".to_owned(), text.to_owned())),
        );
        fields.push(("policy".to_owned(), policy_base64.to_owned()));
        fields.push(("x-amz-signature".to_owned(), self.sign_policy(policy_base64)));
        fields
    }

    /// The credential scope of this signer.
    pub fn scope(&self) -> Scope {
        let timestamp = timestamp_text(self.time);
        Scope {
            date: timestamp.get(..8).unwrap_or_default().into(),
            region: self.region.into(),
            service: self.service.into(),
        }
    }

    /// `id/date/region/service/aws4_request`.
    pub fn credential(&self) -> String {
        format!("{}/{}", self.access_key_id, self.scope())
    }

    /// The signing key of this signer's scope.
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::derive(self.secret, &self.scope())
    }

    /// Where the chunk signatures of a request's body start.
    pub fn chunk_seed(&self, signed: &Signed) -> ChunkSeed {
        ChunkSeed::of(&signed.claim, &self.signing_key())
    }

    fn claim(&self, form: Form, signed_headers: Vec<SmolStr>, payload: &Payload) -> Claim {
        Claim {
            form,
            access_key_id: self.access_key_id.into(),
            scope: self.scope(),
            signed_headers,
            signature: String::new(),
            timestamp: timestamp_text(self.time).into(),
            time: self.time,
            expires: None,
            session_token: self.session_token.map(str::to_owned),
            payload: payload.clone(),
            policy: None,
        }
    }

    fn complete(&self, request: &Request<'_>, claim: &mut Claim) -> Trace {
        let trace = Trace::of(request, claim, self.rule);
        claim.signature = self.signing_key().sign(&trace.string_to_sign).to_hex();
        trace
    }
}

/// Lower case, sorted, each once, without those that proxies and connections change.
fn signable_names(headers: &[(&str, &[u8])]) -> Vec<SmolStr> {
    let mut names: Vec<SmolStr> = headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase().into())
        .collect();
    names.retain(|name| !CHANGE_ON_THE_WAY.contains(&name.as_str()));
    names.sort_unstable();
    names.dedup();
    names
}

const CHANGE_ON_THE_WAY: [&str; 13] = [
    "accept-encoding",
    "authorization",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];
