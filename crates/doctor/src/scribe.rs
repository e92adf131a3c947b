//! Signs a draft, and keeps what was signed beside what is sent.
//!
//! Any header can be signed, also those that clients leave out because they change on the way: whether they do is what is asked.
//! Not here: the canonical form, which is `countersign_sigv4`'s, and sending.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use countersign_evidence::{CanonicalText, Sent, Texts};
use countersign_sigv4::{
    ChunkSeed, ChunkSigner, Claim, Form, Payload, Request, Scope, Secret, SigningKey, Streaming, Trace,
    canonical_query, encode_uri, string_to_sign, timestamp_text,
};
use sha2::{Digest, Sha256};

use crate::draft::{Auth, Body, Change, Draft};
use crate::wire::Outgoing;

/// A key to sign with.
pub struct Key {
    /// The access key id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: Secret,
    /// The session token of temporary credentials.
    pub session_token: Option<String>,
}

/// Signs with a key, for a region, at a moment.
pub(crate) struct Scribe<'a> {
    pub(crate) key: &'a Key,
    pub(crate) region: &'a str,
    /// Unix seconds.
    pub(crate) time: i64,
    pub(crate) scheme: &'static str,
}

/// A request that is signed.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// What is sent.
    pub(crate) outgoing: Outgoing,
    /// The same for `evidence`.
    pub(crate) sent: Sent,
    /// What was signed; empty if nothing was.
    pub(crate) texts: Texts,
}

impl Scribe<'_> {
    /// Signs a draft as if `changes` were made to it on its way.
    pub(crate) fn write(&self, draft: &Draft, changes: &[Change]) -> Written {
        match draft.auth {
            Auth::Header => self.with_header(draft, changes),
            Auth::Link { age, expires } => self.with_link(draft, changes, age, expires),
            Auth::Nobody => {
                let body = draft.body.data().clone();
                self.written(draft, draft.query.clone(), Vec::new(), body, Texts::default())
            }
        }
    }

    fn with_header(&self, draft: &Draft, changes: &[Change]) -> Written {
        let payload = payload(&draft.body);
        let text = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        let mut added = framing(&draft.body);
        added.push(text("x-amz-date", &timestamp_text(self.time)));
        added.push(text("x-amz-content-sha256", payload.text()));
        if let Some(token) = &self.key.session_token {
            added.push(text("x-amz-security-token", token));
        }
        let mut claim = self.claim(Form::Header, self.time, payload);
        let all = all_headers(draft, &added);
        claim.signed_headers = names(&all, &draft.unsigned);
        let texts = self.sign(draft, draft.query.as_deref(), &all, &claim, changes);
        let signature = texts.signature.clone().unwrap_or_default();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={signature}",
            self.key.access_key_id,
            claim.scope,
            claim.signed_headers.join(";"),
        );
        added.push(text("authorization", &authorization));
        let seed = ChunkSeed {
            signing_key: self.signing_key(&claim.scope),
            scope: claim.scope,
            timestamp: claim.timestamp,
            signature,
        };
        let body = framed(&draft.body, seed);
        self.written(draft, draft.query.clone(), added, body, texts)
    }

    fn with_link(&self, draft: &Draft, changes: &[Change], age: i64, expires: u64) -> Written {
        let time = self.time.saturating_sub(age);
        let mut claim = self.claim(Form::Query, time, Payload::Unsigned);
        claim.expires = Some(expires);
        let all = all_headers(draft, &[]);
        claim.signed_headers = names(&all, &draft.unsigned);
        let mut query = canonical_query(draft.query.as_deref().unwrap_or_default().as_bytes(), None);
        let mut push = |name: &str, value: &str| {
            let joint = if query.is_empty() { "" } else { "&" };
            query.push_str(&format!("{joint}{name}={}", encode_uri(value.as_bytes(), false)));
        };
        push("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
        push(
            "X-Amz-Credential",
            &format!("{}/{}", self.key.access_key_id, claim.scope),
        );
        push("X-Amz-Date", &claim.timestamp);
        push("X-Amz-Expires", &expires.to_string());
        push("X-Amz-SignedHeaders", &claim.signed_headers.join(";"));
        if let Some(token) = &self.key.session_token {
            push("X-Amz-Security-Token", token);
        }
        let texts = self.sign(draft, Some(&query), &all, &claim, changes);
        let signature = texts.signature.as_deref().unwrap_or_default();
        let query = format!("{query}&X-Amz-Signature={signature}");
        let body = draft.body.data().clone();
        self.written(draft, Some(query), Vec::new(), body, texts)
    }

    fn sign(
        &self,
        draft: &Draft,
        query: Option<&str>,
        headers: &[(String, Vec<u8>)],
        claim: &Claim,
        changes: &[Change],
    ) -> Texts {
        let headers: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let request = Request {
            method: draft.method,
            path: draft.path.as_bytes(),
            query: query.map(str::as_bytes),
            headers: &headers,
        };
        let trace = Trace::of(&request, claim, countersign_sigv4::PathRule::S3);
        let mut canonical = trace.canonical_request;
        if !changes.is_empty()
            && let Some(mut text) = CanonicalText::parse(&String::from_utf8_lossy(&canonical))
        {
            changes.iter().for_each(|change| change.apply(&mut text));
            canonical = text.text().into_bytes();
        }
        let hash = Sha256::digest(&canonical).into();
        let to_sign = string_to_sign(&claim.timestamp, &claim.scope, &hash);
        let signature = self.signing_key(&claim.scope).sign(&to_sign).to_hex();
        let text = |bytes: Vec<u8>| Some(String::from_utf8_lossy(&bytes).into_owned());
        Texts {
            canonical_request: text(canonical),
            string_to_sign: text(to_sign),
            signature: Some(signature),
        }
    }

    fn written(
        &self,
        draft: &Draft,
        query: Option<String>,
        added: Vec<(String, Vec<u8>)>,
        body: Bytes,
        texts: Texts,
    ) -> Written {
        let headers = all_headers(draft, &added);
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let sent = Sent {
            method: draft.method.to_owned(),
            scheme: Some(self.scheme.to_owned()),
            path: draft.path.clone(),
            query: query.clone(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            body_bytes: u64::try_from(body.len()).ok(),
        };
        let outgoing = Outgoing {
            method: draft.method,
            target: sent.target(),
            headers,
            body,
        };
        Written {
            outgoing,
            sent,
            texts,
        }
    }

    fn claim(&self, form: Form, time: i64, payload: Payload) -> Claim {
        let timestamp = timestamp_text(time);
        Claim {
            form,
            access_key_id: self.key.access_key_id.as_str().into(),
            scope: Scope {
                date: timestamp.get(..8).unwrap_or_default().into(),
                region: self.region.into(),
                service: "s3".into(),
            },
            signed_headers: Vec::new(),
            signature: String::new(),
            timestamp: timestamp.into(),
            time,
            expires: None,
            session_token: self.key.session_token.clone(),
            payload,
            policy: None,
        }
    }

    fn signing_key(&self, scope: &Scope) -> SigningKey {
        SigningKey::derive(&self.key.secret, scope)
    }
}

fn all_headers(draft: &Draft, added: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let host = ("host".to_owned(), draft.host.as_bytes().to_vec());
    let more = draft.headers.iter().chain(added).cloned();
    std::iter::once(host).chain(more).collect()
}

fn names(headers: &[(String, Vec<u8>)], unsigned: &[&str]) -> Vec<countersign_sigv4::SmolStr> {
    let names = headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    let mut names: Vec<_> = names
        .filter(|name| !unsigned.iter().any(|other| other.eq_ignore_ascii_case(name)))
        .map(Into::into)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn payload(body: &Body) -> Payload {
    match body {
        Body::Hashed(bytes) => Payload::of_body(bytes),
        Body::Unsigned(_) => Payload::Unsigned,
        Body::Chunks(_) => Payload::Streaming(Streaming::Signed),
        Body::ChunksAndTrailer(_) => Payload::Streaming(Streaming::SignedTrailer),
        Body::UnsignedTrailer(_) => Payload::Streaming(Streaming::UnsignedTrailer),
    }
}

/// The headers that announce a body in chunks.
fn framing(body: &Body) -> Vec<(String, Vec<u8>)> {
    let has_trailer = match body {
        Body::Hashed(_) | Body::Unsigned(_) => return Vec::new(),
        Body::Chunks(_) => false,
        Body::ChunksAndTrailer(_) | Body::UnsignedTrailer(_) => true,
    };
    let text = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let mut headers = vec![
        text("content-encoding", "aws-chunked"),
        text("x-amz-decoded-content-length", &body.data().len().to_string()),
    ];
    if has_trailer {
        headers.push(text("x-amz-trailer", TRAILER));
    }
    headers
}

fn framed(body: &Body, seed: ChunkSeed) -> Bytes {
    let bytes = body.data();
    let checksum = BASE64.encode(Sha256::digest(bytes));
    let trailers = [(TRAILER, checksum.as_str())];
    let mut signer = ChunkSigner::new(seed);
    let mut out = Vec::new();
    match body {
        Body::Hashed(_) | Body::Unsigned(_) => return bytes.clone(),
        Body::Chunks(_) | Body::ChunksAndTrailer(_) => {
            for chunk in bytes.chunks(CHUNK_BYTES) {
                out.extend(signer.encode_chunk(chunk));
            }
            if matches!(body, Body::Chunks(_)) {
                out.extend(signer.encode_chunk(b""));
            } else {
                out.extend(signer.encode_end(&trailers));
            }
        }
        Body::UnsignedTrailer(_) => {
            for chunk in bytes.chunks(CHUNK_BYTES) {
                out.extend(ChunkSigner::encode_unsigned_chunk(chunk));
            }
            out.extend(ChunkSigner::encode_unsigned_end(&trailers));
        }
    }
    out.into()
}

const TRAILER: &str = "x-amz-checksum-sha256";
/// As long as SDKs make them.
const CHUNK_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_sigv4::{PathRule, claim, verify};

    fn key() -> Key {
        Key {
            access_key_id: "AKID".to_owned(),
            secret: Secret::new("a secret"),
            session_token: Some("token/+=".to_owned()),
        }
    }

    fn draft(auth: Auth) -> Draft {
        Draft {
            method: "PUT",
            name: "h".to_owned(),
            host: "h:9000".to_owned(),
            path: "/b/a%20b//c".to_owned(),
            query: Some("b=2&a".to_owned()),
            headers: vec![
                ("Accept-Encoding".to_owned(), b"gzip".to_vec()),
                ("User-Agent".to_owned(), b"u".to_vec()),
            ],
            unsigned: vec!["user-agent"],
            body: Body::Hashed(Bytes::from_static(b"body")),
            auth,
        }
    }

    fn matched(written: &Written, change: impl Fn(&mut Vec<(String, Vec<u8>)>)) -> bool {
        let mut headers = written.outgoing.headers.clone();
        change(&mut headers);
        let headers: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let (path, query) = written.outgoing.target.split_once('?').expect("a query");
        let request = Request {
            method: written.outgoing.method,
            path: path.as_bytes(),
            query: Some(query.as_bytes()),
            headers: &headers,
        };
        let claimed = claim(&request).expect("well-formed").expect("signed");
        let key = SigningKey::derive(&key().secret, &claimed.scope);
        verify(&request, &claimed, PathRule::S3, &key).matched
    }

    #[test]
    fn what_is_written_verifies_and_every_header_but_the_named_ones_is_signed() {
        let key = key();
        let scribe = Scribe {
            key: &key,
            region: "r",
            time: 1_735_689_600,
            scheme: "http",
        };
        for auth in [
            Auth::Header,
            Auth::Link {
                age: 60,
                expires: 300,
            },
        ] {
            let written = scribe.write(&draft(auth), &[]);
            assert!(matched(&written, |_| ()), "{auth:?}");
            let without = |lost: &'static str| {
                move |headers: &mut Vec<(String, Vec<u8>)>| headers.retain(|(name, _)| name != lost)
            };
            assert!(!matched(&written, without("Accept-Encoding")), "{auth:?}");
            assert!(matched(&written, without("User-Agent")), "{auth:?}");
        }
    }

    #[test]
    fn a_request_can_be_signed_as_something_on_the_way_would_have_it() {
        let key = key();
        let scribe = Scribe {
            key: &key,
            region: "r",
            time: 1_735_689_600,
            scheme: "http",
        };
        let change = Change::Header("host".to_owned(), "other".to_owned());
        let written = scribe.write(&draft(Auth::Header), &[change]);
        assert!(!matched(&written, |_| ()));
        assert!(matched(&written, |headers| headers[0].1 = b"other".to_vec()));
    }

    #[test]
    fn bodies_in_chunks_are_framed_and_announced() {
        let key = key();
        let scribe = Scribe {
            key: &key,
            region: "r",
            time: 1_735_689_600,
            scheme: "http",
        };
        let data = Bytes::from(vec![7; CHUNK_BYTES + 1]);
        for (body, has_trailer, is_signed) in [
            (Body::Chunks(data.clone()), false, true),
            (Body::ChunksAndTrailer(data.clone()), true, true),
            (Body::UnsignedTrailer(data.clone()), true, false),
        ] {
            let written = scribe.write(&draft(Auth::Header).body(body), &[]);
            let sent = &written.sent;
            assert_eq!(sent.header("x-amz-decoded-content-length"), Some("65537"));
            assert_eq!(sent.header("x-amz-trailer").is_some(), has_trailer);
            let text = String::from_utf8_lossy(&written.outgoing.body);
            assert_eq!(text.starts_with("10000;chunk-signature="), is_signed);
            assert_eq!(text.contains("x-amz-checksum-sha256:"), has_trailer);
            assert_eq!(
                text.contains("x-amz-trailer-signature:"),
                has_trailer && is_signed
            );
        }
    }
}
