//! A verified request, signed anew for the upstream in the form in which it was signed: header for header, link for link.
//!
//! Not here: bodies, sending. What the client signed is signed again, so that whatever is changed behind the proxy is noticed
//! as it would be without it.
//!
//! It keeps true: a link stays a link with the time and life it has; a form goes on as it is, for what signs it is its policy.

use countersign_server::front::Received;
use countersign_sigv4::{
    ChunkSeed, Claim, Form, PathRule, Request, Signed, Signer, SigningKey, decode_query, query_pairs,
};
use http::{HeaderName, HeaderValue};

use crate::Proxy;
use crate::head;
use crate::upstream::Place;
use crate::verify::Verified;

/// The head of a request as it goes to the upstream, but for the framing of its body.
pub(crate) struct Passing {
    pub(crate) place: Place,
    pub(crate) query: Option<String>,
    /// `Host` first.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// What was signed; `None` of a request that nobody signed, and of a form.
    pub(crate) signed: Option<Signed>,
    /// What chunks are signed with.
    signing_key: Option<SigningKey>,
}

/// Makes the head that goes on.
pub(crate) fn head(proxy: &Proxy, received: &Received, verified: Option<&Verified>) -> Passing {
    let claim = verified.map(Verified::claim);
    let place = proxy
        .upstream
        .place(received.host_bucket(&proxy.domains), received.path());
    let is_signed = |name: &str| {
        claim.is_some_and(|claim| {
            claim
                .signed_headers
                .iter()
                .any(|signed| signed.eq_ignore_ascii_case(name))
        })
    };
    let mut headers = vec![];
    headers.extend(HeaderValue::from_str(&place.host).map(|host| (http::header::HOST, host)));
    headers.extend(head::of_request(received.headers(), is_signed));
    let query = received.query().map(str::to_owned);
    let mut passing = Passing {
        place,
        query,
        headers,
        signed: None,
        signing_key: None,
    };
    match claim {
        None => {}
        Some(claim) => match claim.form {
            Form::Policy => {}
            Form::Header => passing.sign_header(proxy, received, claim, is_signed),
            Form::Query => passing.sign_link(proxy, received, claim, is_signed),
        },
    }
    passing
}

impl Passing {
    fn sign_header(
        &mut self,
        proxy: &Proxy,
        received: &Received,
        claim: &Claim,
        is_signed: impl Fn(&str) -> bool,
    ) {
        self.headers
            .retain(|(name, _)| !MADE_ANEW.contains(&name.as_str()));
        let signer = signer(proxy, proxy.clock.now().seconds());
        let signed = self.request(received, &is_signed, |request| {
            signer.sign(request, &claim.payload)
        });
        for (name, value) in &signed.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                self.headers.push((name, value));
            }
        }
        self.signing_key = Some(signer.signing_key());
        self.signed = Some(signed);
    }

    fn sign_link(
        &mut self,
        proxy: &Proxy,
        received: &Received,
        claim: &Claim,
        is_signed: impl Fn(&str) -> bool,
    ) {
        self.query = self.query.as_deref().map(without_signature);
        let signer = signer(proxy, claim.time);
        let expires = claim.expires.unwrap_or_default();
        let signed = self.request(received, &is_signed, |request| {
            signer.presigned(request, &claim.payload, expires)
        });
        self.query.clone_from(&signed.query);
        self.signing_key = Some(signer.signing_key());
        self.signed = Some(signed);
    }

    /// Where the chain of the chunks that go on starts.
    pub(crate) fn chunk_seed(&self) -> Option<ChunkSeed> {
        let (signed, signing_key) = (self.signed.as_ref()?, self.signing_key.as_ref()?);
        Some(ChunkSeed::of(&signed.claim, signing_key))
    }

    /// The request as it is to be signed: with what the client signed, and all that AWS wants signed.
    fn request(
        &self,
        received: &Received,
        is_signed: &impl Fn(&str) -> bool,
        sign: impl Fn(&Request<'_>) -> Signed,
    ) -> Signed {
        let lines: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .filter(|(name, _)| *name == "host" || name.starts_with("x-amz-") || is_signed(name))
            .collect();
        sign(&Request {
            method: received.method(),
            path: self.place.path.as_bytes(),
            query: self.query.as_deref().map(str::as_bytes),
            headers: &lines,
        })
    }
}

fn signer(proxy: &Proxy, time: i64) -> Signer<'_> {
    Signer {
        access_key_id: proxy.key.id(),
        secret: proxy.key.secret(),
        session_token: proxy.key.session_token(),
        region: &proxy.upstream.region,
        service: "s3",
        time,
        rule: PathRule::S3,
    }
}

/// A query without the parameters that make it a link, which the signer adds again.
fn without_signature(query: &str) -> String {
    let kept = query_pairs(query.as_bytes()).filter_map(|(name, value)| {
        let decoded = decode_query(name);
        if OF_LINK.iter().any(|known| known.as_bytes() == decoded) {
            return None;
        }
        let name = String::from_utf8_lossy(name);
        Some(match value {
            Some(value) => format!("{name}={}", String::from_utf8_lossy(value)),
            None => name.into_owned(),
        })
    });
    kept.collect::<Vec<_>>().join("&")
}

/// Headers that the signer makes.
const MADE_ANEW: [&str; 4] = [
    "authorization",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];
/// Parameters that the signer makes.
const OF_LINK: [&str; 8] = [
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_loses_what_signs_it_and_nothing_else() {
        for (query, expected) in [
            (
                "X-Amz-Algorithm=A&versionId=a%2Fb+c&X-Amz-Signature=s&x-amz-acl=private&X-Amz-Expires=1",
                "versionId=a%2Fb+c&x-amz-acl=private",
            ),
            ("acl&X-Amz-%53ignature=s&x=", "acl&x="),
            ("", ""),
        ] {
            assert_eq!(without_signature(query), expected, "{query}");
        }
    }
}
