//! SEC-ROTATED: a key that was removed, made inactive or has expired is still signed with.
//!
//! Keeps true: only the operator is told. Whoever signs so may be the client that nobody restarted, or somebody who found the old secret;
//! to both the request is one that was signed with some wrong secret, or whose access key nobody has.

use countersign_sigv4::timestamp_text;

use super::prelude::*;
use crate::key::{KnownKey, Retired};

pub(crate) static RULE: Rule = Rule {
    weight: 600,
    propose: Some(propose),
    tell: Some(tell),
    is_for_operator: true,
    ..Rule::new(
        "SEC-ROTATED",
        "A key that is no longer in use is still signed with",
        include_str!("../../pages/SEC-ROTATED.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let others = scene.case.server.key.tried();
    for (other, date_key) in others.filter(|(other, _)| other.retired.is_some()) {
        if let Some(hypothesis) = out.add(Change::DateKey(date_key.clone())) {
            hypothesis.specificity = 25;
            hypothesis.signed = Some(Value::internal(other.access_key_id.as_str()));
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let mut others = scene.case.server.key.tried();
    let used = others.find_map(|(other, date_key)| match &hypothesis.change {
        Change::DateKey(tried) if tried == date_key => other.retired,
        _ => None,
    });
    let what = Words::of("The request was signed with the secret of another access key of the same owner");
    let what = match &hypothesis.signed {
        Some(id) => what.framed(", ", id, ",", ","),
        None => what.say(","),
    };
    let what = match used {
        Some(retired) => what.say(format!(" which {}", became(retired))),
        None => what.say(" which is no longer in use"),
    };
    Told {
        what,
        cure: cure(scene),
    }
}

/// What the operator can do about a secret that is still used.
fn cure(scene: &Scene<'_>) -> Words {
    Words::of("Update that client (")
        .say(scene.facts.signer.where_secret())
        .say("); if you know none, it has leaked.")
}

/// What is known of a claimed key that was one once. `signed`: whether the signature is of its secret, if that could be computed.
pub(crate) fn of_claimed(scene: &Scene<'_>, known: &KnownKey, signed: Option<bool>) -> Option<Finding> {
    let became = became(known.retired?);
    let (proof, what, cure) = match signed {
        Some(true) => (
            Proof::Hmac,
            format!("The request was signed with this access key, which {became}"),
            cure(scene),
        ),
        Some(false) => (
            Proof::Exact,
            format!("The access key of this id {became}; the signature is not one of its secret"),
            Words::of(
                "Somebody knows the id and not the secret, or the request was changed on its way. Find out who still uses it.",
            ),
        ),
        None => (
            Proof::Exact,
            format!(
                "The access key of this id {became}; whether its secret signed this can no longer be told"
            ),
            cure(scene),
        ),
    };
    Some(Finding::new(Slot::Secret, proof, 900, Words::of(what), cure))
}

fn became(retired: Retired) -> String {
    match retired {
        Retired::Removed { at } => format!("was removed on {}", timestamp_text(at)),
        Retired::Expired { at } => format!("expired on {}", timestamp_text(at)),
        Retired::Inactive => "is inactive".to_owned(),
    }
}
