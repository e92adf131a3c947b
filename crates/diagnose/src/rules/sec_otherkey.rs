//! SEC-OTHERKEY: the access key id and the secret come from two different key pairs of the same principal.
//!
//! Keeps true: which of the other keys it is stays with the operator; the caller learns only that the two do not belong together,
//! which whoever holds that secret could find out by using it.

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 635,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-OTHERKEY",
        "The access key id and the secret come from two different key pairs",
        include_str!("../../pages/SEC-OTHERKEY.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let others = scene.case.server.key.tried();
    for (other, date_key) in others.filter(|(other, _)| other.retired.is_none()) {
        if let Some(hypothesis) = out.add(Change::DateKey(date_key.clone())) {
            hypothesis.specificity = 25;
            hypothesis.signed = Some(Value::internal(other.access_key_id.as_str()));
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = Words::of("The access key id and the secret come from two different key pairs");
    let what = match &hypothesis.signed {
        Some(id) => what.framed(" (the secret is the one of ", id, ")", ""),
        None => what,
    };
    let signer = scene.facts.signer;
    Told {
        what,
        cure: Words::of("Take both halves from one pair: ")
            .say(signer.where_key_pair())
            .say(
                // Whoever is known is told of the environment by name.
                if signer.signs() {
                    "."
                } else {
                    ". One half often comes from the environment."
                },
            ),
    }
}
