//! QRY-TAMPER: a parameter of a finished link was given another value.
//!
//! Keeps true: only values that people and SDKs choose are tried: the usual lifetimes, and the numbers of the first parts.

use super::prelude::*;
use super::query::with_value;

pub(crate) static RULE: Rule = Rule {
    weight: 655,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "QRY-TAMPER",
        "A parameter of the link was changed after signing",
        include_str!("../../pages/QRY-TAMPER.md"),
    )
};

const EXPIRES: &str = "X-Amz-Expires";
const PART: &str = "partNumber";
/// The lifetimes that SDKs have by themselves, and round numbers.
const LIFETIMES: [&str; 16] = [
    "900", "3600", "43200", "86400", "604800", "60", "300", "600", "1800", "7200", "120", "30", "10",
    "21600", "10800", "14400",
];
/// The part numbers that a link may have been made for.
const PARTS: std::ops::RangeInclusive<u32> = 1..=8;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if !scene.is_presigned() {
        return;
    }
    for lifetime in LIFETIMES {
        add(scene, out, EXPIRES, lifetime);
    }
    for part in PARTS {
        add(scene, out, PART, &part.to_string());
    }
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, name: &'static str, value: &str) {
    let (Some(parts), Some(received)) = (&scene.parts, scene.query(name)) else {
        return;
    };
    let query = with_value(&parts.query, name, value.as_bytes());
    if let Some(hypothesis) = out.add(Change::Query(query)) {
        hypothesis.specificity = 30;
        hypothesis.detail = name;
        hypothesis.signed = Some(Value::constant(value));
        hypothesis.received = Some(Value::received(received));
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let empty = Value::constant("");
    let (signed, received) = (
        hypothesis.signed.as_ref().unwrap_or(&empty),
        hypothesis.received.as_ref().unwrap_or(&empty),
    );
    let what = Words::of(format!(
        "{} was changed after signing: the link was signed with ",
        hypothesis.detail
    ))
    .value(signed, "another value")
    .say(", and came with ")
    .value(received, "this one");
    let signer = scene.facts.signer;
    let cure = match (hypothesis.detail, signer.link_call()) {
        (EXPIRES, "") => "Give the lifetime when the link is made (expiresIn, ExpiresIn, --expires-in); its end is part of what is signed."
            .to_owned(),
        (EXPIRES, _) => format!(
            "{} the lifetime that the link shall have; its end is part of what is signed.",
            signer.lifetime_setting()
        ),
        (_, "") => "Make a link for each part; the number of the part is part of what is signed.".to_owned(),
        (_, call) => {
            format!("Make a link for each part with {call}; the number of the part is part of what is signed.")
        }
    };
    Told {
        what,
        cure: Words::of(cure),
    }
}
