//! HDR-CL: Content-Length was signed with another value than the one that arrived.
//!
//! Not here: the length of the body itself, which is not read for a diagnosis.

use super::header::{difference, propose_value};
use super::prelude::*;
use crate::weights::EVIDENT;

pub(crate) static RULE: Rule = Rule {
    weight: 580,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HDR-CL",
        "Content-Length differs from what was signed",
        include_str!("../../pages/HDR-CL.md"),
    )
};

const NAME: &str = "content-length";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let decoded = scene.header("x-amz-decoded-content-length");
    for value in [&b"0"[..], b"-1", b""].into_iter().chain(decoded) {
        if let Some(hypothesis) = propose_value(scene, out, NAME, value) {
            hypothesis.specificity = 34;
            if !scene.has_header(NAME) {
                hypothesis.weight = EVIDENT;
            }
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let Change::Header { value, .. } = &hypothesis.change else {
        return Told {
            what: Words::of(RULE.title),
            cure: Words::of("Do not sign Content-Length."),
        };
    };
    let cure = match value.as_slice() {
        b"-1" => {
            "The signer did not know the length (-1). Do not sign Content-Length, or hand the signer the body."
        }
        b"0" if !scene.has_header(NAME) => {
            "Do not sign Content-Length: without a body, proxies and HTTP clients leave it out."
        }
        _ if scene.header("x-amz-decoded-content-length") == Some(value) => {
            "The length before chunking was signed. Do not sign Content-Length; x-amz-decoded-content-length is signed."
        }
        _ => "Do not sign Content-Length; it is set when the body is sent, after signing.",
    };
    Told {
        what: difference(scene, hypothesis),
        cure: Words::of(cure),
    }
}
