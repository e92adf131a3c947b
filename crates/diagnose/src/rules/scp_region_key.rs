//! SCP-REGION-KEY: the credential says one region, but the signing key was derived for another.

use countersign_sigv4::{Claim, Form};

use super::prelude::*;
use crate::scene::split_port;

pub(crate) static RULE: Rule = Rule {
    weight: 450,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SCP-REGION-KEY",
        "The signing key was derived for another region than the credential says",
        include_str!("../../pages/SCP-REGION-KEY.md"),
    )
};

const USUAL: [&str; 8] = [
    "us-east-1",
    "",
    "auto",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-1",
    "aws-global",
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    // Of a form POL-SCOPE says it.
    if let Some(claim) = scene.claim().filter(|claim| claim.form != Form::Policy) {
        propose_regions(scene, claim, out);
    }
}

/// Proposes the regions that a key may have been derived for.
pub(super) fn propose_regions(scene: &Scene<'_>, claim: &Claim, out: &mut Proposals<'_>) {
    let (name, _) = split_port(scene.host());
    let labels = String::from_utf8_lossy(name).into_owned();
    // A host such as s3.eu-north-1.example.com tells the region to SDKs that guess.
    let guessed = labels.split('.').filter(|label| label.split('-').count() == 3);
    let listed = std::iter::once(scene.case.server.region.as_str())
        .chain(USUAL)
        .chain(guessed.take(2));
    for region in listed {
        let scope = countersign_sigv4::Scope {
            region: region.into(),
            ..claim.scope.clone()
        };
        if let Some(hypothesis) = out.add(Change::KeyScope(scope)) {
            hypothesis.specificity = 20;
            hypothesis.signed = Some(Value::constant(region));
            hypothesis.received = Some(Value::received(claim.scope.region.as_str()));
        }
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = Words::of("The credential names region ");
    let what = match &hypothesis.received {
        Some(said) => what.value(said, "this server's region"),
        None => what,
    };
    let what = match &hypothesis.signed {
        Some(used) if !used.bytes.is_empty() => what
            .say(", but the signing key was derived for ")
            .value(used, "another region"),
        _ => what.say(", but the signing key was derived without a region"),
    };
    Told {
        what,
        cure: Words::of("Derive the key from the same region; clear a cached signing key when it changes."),
    }
}
