//! What is proposed for any secret: no rule may make the same of two secrets.
//!
//! Not here: that no part of a secret is confirmed in the end, which `tests/security.rs` shows from outside.

use std::collections::BTreeMap;

use countersign_sigv4::{PathRule, Payload, Refusal, Request, Secret, Signer, claim};
use proptest::prelude::*;

use super::*;
use crate::case::{ServerFacts, Transport};

/// The start values that are proposed for a request of this secret, by rule and variant.
fn seeds(secret: &[u8]) -> BTreeMap<(&'static str, &'static str, usize), Vec<u8>> {
    let signer = Signer {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret: &Secret::new("another"),
        session_token: None,
        region: "us-east-1",
        service: "s3",
        time: 1_369_353_600,
        rule: PathRule::S3,
    };
    let plain = [("host", &b"s3.example.com"[..])];
    let request = Request {
        method: "GET",
        path: b"/photos/cat.jpg",
        query: None,
        headers: &plain,
    };
    let added = signer.sign_headers(&request, &Payload::of_body(b""));
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
    let claim = claim(&request).expect("well formed").expect("signed");
    let case = Case {
        request,
        claim: Some(&claim),
        fault: Fault::Refused(&Refusal::SignatureMismatch),
        secret: Some(&Secret::new(secret)),
        rule: PathRule::S3,
        server: &ServerFacts::default(),
        transport: Transport::default(),
        body: None,
        form: None,
    };
    let scene = Scene::new(&case, Some(Parts::of(&case, &claim)), Otherwise::Invalid);
    let mut found = BTreeMap::new();
    let mut places: BTreeMap<&'static str, usize> = BTreeMap::new();
    for hypothesis in proposals(&scene) {
        if let Change::Seed(seed) = &hypothesis.change {
            let place = places.entry(hypothesis.rule.id).or_default();
            found.insert((hypothesis.rule.id, hypothesis.detail, *place), seed.0.to_vec());
            *place += 1;
        }
    }
    found
}

/// A secret with the characters that something is done about, among others.
fn secrets() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(b"+/=%'\"\\ \t\n\r-_~.$&#".to_vec());
    let byte = prop_oneof![3 => prop::char::range('0', 'z').prop_map(|c| c as u8), 2 => odd];
    prop::collection::vec(byte, 1..48)
}

proptest! {
    // A transform that makes the same of two secrets would confirm something that is easier to guess than the secret.
    #[test]
    fn no_two_secrets_are_changed_into_the_same(
        secret in secrets(),
        at in any::<prop::sample::Index>(),
        instead in secrets(),
        cut in any::<bool>(),
    ) {
        let place = at.index(secret.len());
        let mut other = secret.clone();
        if cut {
            other.remove(place);
        } else {
            other[place] = instead[0];
        }
        prop_assume!(other != secret && !other.is_empty());
        let (of_one, of_other) = (seeds(&secret), seeds(&other));
        let of_none = seeds(b"a third, which has nothing to do with them");
        let constants: Vec<&Vec<u8>> = of_none.values().collect();
        prop_assert!(of_one.len() > 20, "{}", of_one.len());
        for ((rule, detail, place), seed) in &of_one {
            let same = of_other.get(&(rule, detail, *place)) == Some(seed);
            prop_assert!(!same || constants.contains(&seed), "{rule} {detail} {place}");
        }
    }
}
