//! KEY-CHAIN: the signing key was made from the right secret and scope, by other steps.
//!
//! Signers of one's own making; in PHP and some other languages HMAC gives hex unless asked for bytes.
//! Keeps true: each of these keys needs the whole secret, as the right one does.

use countersign_sigv4::Chain;

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 405,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "KEY-CHAIN",
        "The signing key was made by other steps",
        include_str!("../../pages/KEY-CHAIN.md"),
    )
};

const CHAINS: [(Chain, &str, &str); 4] = [
    (
        Chain::Hex,
        "each step took the hex text of the one before for its key",
        "Ask HMAC for bytes and not for hex (PHP: hash_hmac with true as its last argument), but for the signature itself.",
    ),
    (
        Chain::Exchanged,
        "key and message of each step were exchanged",
        "The key of each step is the result of the one before, its message the date, the region, the service, aws4_request.",
    ),
    (
        Chain::NotTerminated,
        "the last step, over aws4_request, was left out",
        "Add the last step: HMAC of aws4_request.",
    ),
    (
        Chain::RegionFirst,
        "the region was taken before the date",
        "Take them in this order: date, region, service, aws4_request.",
    ),
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if scene.body_fault().is_some() {
        // The key has signed the request.
        return;
    }
    for (chain, how, _) in CHAINS {
        if let Some(hypothesis) = out.add(Change::Chain(chain)) {
            hypothesis.specificity = 30;
            hypothesis.detail = how;
        }
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let cure = CHAINS
        .iter()
        .find(|(_, how, _)| *how == hypothesis.detail)
        .map_or(RULE.title, |(_, _, cure)| cure);
    Told {
        what: Words::of(format!(
            "The signing key was made of the right secret by other steps: {}",
            hypothesis.detail
        )),
        cure: Words::of(cure),
    }
}
