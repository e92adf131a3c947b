//! What a signature costs, without a socket: verifying one that is right, and explaining one that is wrong.
//!
//! The wrong one is made with another secret, so that the search goes through everything it may try and finds nothing.

use std::time::{Duration, Instant};

use countersign_diagnose::{Budget, Case, Fault as Refused, ServerFacts, Transport, diagnose};
use countersign_sigv4::{
    Claim, PathRule, Payload, Refusal, Request, Secret, Signer, SigningKey, Trace, claim, verify,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Fault;

/// Microseconds of each.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Signatures {
    /// Two SHA-256 of the canonical request and one HMAC of the string to sign: what no verification can do without.
    pub(crate) floor: f64,
    /// A request is read and its signature compared.
    pub(crate) verify: f64,
    /// A refusal is explained, one change at a time.
    pub(crate) singles: f64,
    /// The same, with changes in pairs.
    pub(crate) pairs: f64,
}

/// Measures each for about so long.
pub(crate) fn measure(time: Duration) -> Result<Signatures, Fault> {
    let right = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let plain = [
        ("host", &b"photos.s3.example.com"[..]),
        ("content-type", b"image/jpeg"),
        ("x-amz-meta-camera", b"front door"),
        ("x-amz-storage-class", b"STANDARD"),
    ];
    let request = Request {
        method: "PUT",
        path: b"/2026/11/25/front%20door/000123.jpg",
        query: Some(b"x-id=PutObject"),
        headers: &plain,
    };
    let added = signer(&right).sign_headers(&request, &Payload::of_body(b"a picture"));
    let mut headers = plain.to_vec();
    headers.extend(
        added
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
    );
    let request = Request {
        headers: &headers,
        ..request
    };
    let read = || -> Result<Claim, Fault> {
        let claim = claim(&request).map_err(|refusal| Fault::new(refusal.to_string()))?;
        claim.ok_or_else(|| Fault::new("a signed request claims nothing"))
    };
    let claim = read()?;
    let signing_key = SigningKey::derive(&right, &claim.scope);
    let trace = Trace::of(&request, &claim, PathRule::S3);
    if !verify(&request, &claim, PathRule::S3, &signing_key).matched {
        return Err(Fault::new("a right signature does not verify"));
    }
    let facts = ServerFacts {
        region: "us-east-1".to_owned(),
        service: "s3".to_owned(),
        now: TIME,
        ..ServerFacts::default()
    };
    let wrong = Secret::new("another secret, which signed nothing of it");
    let case = Case {
        request,
        claim: Some(&claim),
        fault: Refused::Refused(&Refusal::SignatureMismatch),
        secret: Some(&wrong),
        rule: PathRule::S3,
        server: &facts,
        transport: Transport::default(),
        body: None,
        form: None,
    };
    Ok(Signatures {
        floor: microseconds(time, || {
            let one = Sha256::digest(&trace.canonical_request);
            let two = Sha256::digest(&trace.canonical_request);
            (one, two, signing_key.sign(&trace.string_to_sign))
        }),
        verify: microseconds(time, || {
            read()
                .map(|claim| verify(&request, &claim, PathRule::S3, &signing_key).matched)
                .is_ok()
        }),
        singles: microseconds(time, || diagnose(&case, Budget::singles(&|| true))),
        pairs: microseconds(time, || diagnose(&case, Budget::full(&|| true))),
    })
}

fn signer(secret: &Secret) -> Signer<'_> {
    Signer {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret,
        session_token: None,
        region: "us-east-1",
        service: "s3",
        time: TIME,
        rule: PathRule::S3,
    }
}

/// The least of several batches, since anything that disturbs only adds.
fn microseconds<T>(time: Duration, mut work: impl FnMut() -> T) -> f64 {
    let began = Instant::now();
    let mut least = f64::INFINITY;
    while least.is_infinite() || began.elapsed() < time {
        let batch = Instant::now();
        for _ in 0..BATCH {
            std::hint::black_box(work());
        }
        least = least.min(batch.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH));
    }
    least
}

const TIME: i64 = 1_369_353_600;

/// Long enough that reading the clock costs nothing beside it.
const BATCH: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_takes_some_time() {
        let all = measure(Duration::from_millis(1)).expect("it measures");
        for microseconds in [all.floor, all.verify, all.singles, all.pairs] {
            assert!(microseconds > 0.0 && microseconds.is_finite(), "{all:?}");
        }
    }
}
