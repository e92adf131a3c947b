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

const CHAINS: [(Chain, &str); 4] = [
    (
        Chain::Hex,
        "each step took the hex text of the one before for its key",
    ),
    (Chain::Exchanged, "key and message of each step were exchanged"),
    (
        Chain::NotTerminated,
        "the last step, over aws4_request, was left out",
    ),
    (Chain::RegionFirst, "the region was taken before the date"),
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if scene.body_fault().is_some() {
        // The key has signed the request.
        return;
    }
    for (chain, how) in CHAINS {
        if let Some(hypothesis) = out.add(Change::Chain(chain)) {
            hypothesis.specificity = 30;
            hypothesis.detail = how;
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let cure = match &hypothesis.change {
        Change::Chain(chain) => cure(scene, *chain),
        _ => RULE.title.to_owned(),
    };
    Told {
        what: Words::of(format!(
            "The signing key was made of the right secret by other steps: {}",
            hypothesis.detail
        )),
        cure: Words::of(cure),
    }
}

fn cure(scene: &Scene<'_>, chain: Chain) -> String {
    let signer = scene.facts.signer;
    match chain {
        Chain::Hex => format!(
            "Ask HMAC for bytes and not for hex, but for the signature itself ({}).",
            signer.hmac_bytes_call()
        ),
        Chain::Exchanged => format!(
            "The key of each step is the result of the one before, its message the date, the region, the service, aws4_request ({}).",
            signer.hmac_arguments_call()
        ),
        Chain::NotTerminated => "Add the last step: HMAC of aws4_request.".to_owned(),
        Chain::RegionFirst => "Take them in this order: date, region, service, aws4_request.".to_owned(),
    }
}
