//! ALG-V4A: the client signs with the asymmetric signature version 4A.
//!
//! Its signature is not looked at: it needs another kind of key, and this server takes none.

use countersign_sigv4::Refusal;

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "ALG-V4A",
        "The client signs with signature version 4A",
        include_str!("../../pages/ALG-V4A.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if !matches!(scene.refusal(), Some(Refusal::SigV4a { .. })) {
        return None;
    }
    let set = scene
        .header("x-amz-region-set")
        .map(<[u8]>::to_vec)
        .or_else(|| scene.query("X-Amz-Region-Set"));
    let what = Words::of("The client signs with AWS4-ECDSA-P256-SHA256 (version 4A)");
    let (what, received) = match set {
        Some(set) => {
            let set = Value::received(set);
            (what.framed(" for the regions ", &set, "", ""), Some(set))
        }
        None => (what, None),
    };
    let cure = Words::of(scene.facts.signer.no_version_4a_setting())
        .say(", and name the bucket instead of a multi-region access point.");
    let mut finding = Finding::new(Slot::Mechanism, Proof::Exact, 970, what, cure);
    finding.received = received;
    Some(finding)
}
