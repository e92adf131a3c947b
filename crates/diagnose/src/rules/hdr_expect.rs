//! HDR-EXPECT: Expect was signed, and the proxy answered it itself.

use super::header::{difference, propose_value};
use super::prelude::*;
use crate::weights::EVIDENT;

pub(crate) static RULE: Rule = Rule {
    weight: 790,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HDR-EXPECT",
        "The signed header Expect was answered on the way",
        include_str!("../../pages/HDR-EXPECT.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    for value in ["100-continue", "100-Continue", ""] {
        if let Some(hypothesis) = propose_value(scene, out, "expect", value) {
            hypothesis.specificity = 34;
            if !scene.has_header("expect") {
                hypothesis.weight = EVIDENT;
            }
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let cure = if scene.has_header("expect") {
        Words::of("Add Expect before signing or leave it out of SignedHeaders; SDKs leave it out.")
    } else {
        Words::of(scene.facts.signer.unsigned_expect_setting())
            .say(": proxies answer it themselves and do not pass it on. SDKs do not sign it.")
    };
    Told {
        what: difference(scene, hypothesis),
        cure,
    }
}
