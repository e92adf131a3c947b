//! MTH-CASE: the method was signed in other capitals, or a method override was signed in its place.

use super::mth_other::{both_methods, propose_method};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 500,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "MTH-CASE",
        "Another spelling of the method was signed",
        include_str!("../../pages/MTH-CASE.md"),
    )
};

/// Headers that ask a framework to take another method for the one sent.
const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];
/// The longest method name that is taken from such a header.
const METHOD_CHARACTERS_MAX: usize = 16;
const OVERRIDE: &str = "override";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let sent = scene.case.request.method;
    let (upper, lower) = (sent.to_ascii_uppercase(), sent.to_ascii_lowercase());
    let capital: String = upper.chars().take(1).chain(lower.chars().skip(1)).collect();
    for method in [&upper, &lower, &capital] {
        propose_method(scene, out, method, 32);
    }
    for name in OVERRIDES {
        let named = scene
            .header(name)
            .and_then(|value| std::str::from_utf8(value).ok());
        let sound = named.filter(|method| {
            !method.is_empty()
                && method.len() <= METHOD_CHARACTERS_MAX
                && method.bytes().all(|b| b.is_ascii_alphabetic())
        });
        let Some(method) = sound else { continue };
        for method in [method.to_owned(), method.to_ascii_uppercase()] {
            if let Some(hypothesis) = propose_method(scene, out, &method, 34) {
                hypothesis.detail = OVERRIDE;
            }
        }
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = both_methods("The method was signed as ", hypothesis, " was sent");
    let cure = if hypothesis.detail == OVERRIDE {
        "Send the method itself; S3 does not look at method override headers."
    } else {
        "Sign the method as it is sent, in capital letters."
    };
    Told {
        what,
        cure: Words::of(cure),
    }
}
