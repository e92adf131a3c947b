//! Any request can be read, checked and verified; and what our signer signs is accepted, whatever the request.

use countersign_sigv4::{
    Canonical, Expected, PathRule, Payload, Request, Secret, Signer, SigningKey, claim, verify,
};

use crate::{HttpText, SECRET};

const NOW: i64 = 1_792_000_000;

pub(crate) fn run(input: &[u8]) {
    let text = HttpText::read(input);
    let headers = text.headers();
    let request = text.request(&headers);
    read(&request);
    sign_and_verify(&request);
}

/// Whatever is claimed, reading it gives the same canonical request twice, in both of its forms.
fn read(request: &Request<'_>) {
    let Ok(Some(claim)) = claim(request) else { return };
    let expected = Expected {
        region: "us-east-1",
        service: "s3",
        now: claim.time,
    };
    let _refused_or_not = claim.check(request, &expected);
    let signing_key = SigningKey::derive(&Secret::new(SECRET), &claim.scope);
    for rule in [PathRule::S3, PathRule::Generic, PathRule::GenericUnnormalized] {
        let verdict = verify(request, &claim, rule, &signing_key);
        let canonical = Canonical::of(request, &claim, rule);
        assert_eq!(
            verdict.trace.canonical_request,
            canonical.bytes(),
            "a trace shows what was verified"
        );
        let right = signing_key.sign(&verdict.trace.string_to_sign).to_hex();
        assert_eq!(
            verdict.matched,
            right == claim.signature,
            "a match is a match of the whole signature"
        );
    }
}

/// Our own signature over the unsigned rest of the request verifies.
fn sign_and_verify(request: &Request<'_>) {
    let unsigned: Vec<(&str, &[u8])> = request
        .headers
        .iter()
        .copied()
        .filter(|(name, _)| is_plain(name))
        .collect();
    let request = Request {
        query: None,
        headers: &unsigned,
        ..*request
    };
    let secret = Secret::new(SECRET);
    let signer = Signer {
        access_key_id: "AKIDFUZZ",
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: "s3",
        time: NOW,
        rule: PathRule::S3,
    };
    let added = signer.sign_headers(&request, &Payload::Unsigned);
    let mut headers = unsigned.clone();
    headers.extend(
        added
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
    );
    let received = Request {
        headers: &headers,
        ..request
    };
    let claim = claim(&received)
        .expect("our own signature is understood")
        .expect("our own request is signed");
    let signing_key = SigningKey::derive(&secret, &claim.scope);
    assert!(
        verify(&received, &claim, PathRule::S3, &signing_key).matched,
        "what we sign we accept"
    );
}

/// Header names that a client can send and that say nothing about a signature.
fn is_plain(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let token = !lower.is_empty()
        && lower
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    token && !lower.starts_with("x-amz-") && lower != "authorization" && lower != "date"
}
