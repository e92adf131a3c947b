//! STS-FORMAT: the string to sign, or the end of the canonical request, was put together otherwise than it must be.
//!
//! Signers of one's own making. Not here: the header lines (`hdr_order`), the texts of chunks and trailers (`str_chunk`).

use super::prelude::*;
use crate::hypothesis::TextForm;

pub(crate) static RULE: Rule = Rule {
    weight: 415,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "STS-FORMAT",
        "The string to sign was put together differently",
        include_str!("../../pages/STS-FORMAT.md"),
    )
};

const FORMS: [(TextForm, &str); 8] = [
    (
        TextForm::Capitals,
        "the hash of the canonical request in capital letters",
    ),
    (TextForm::Base64, "the hash of the canonical request in base64"),
    (
        TextForm::NotHashed,
        "the canonical request itself in the place of its hash",
    ),
    (TextForm::LineAtEnd, "a line break at the end"),
    (TextForm::CarriageReturns, "carriage returns in its line breaks"),
    (
        TextForm::Credential,
        "the whole credential, with the access key id, in the line of the scope",
    ),
    (TextForm::Day, "the day alone in the line of the time"),
    (TextForm::NoAlgorithm, "no line for the algorithm"),
];
const END_OF_REQUEST: &str = "a line break at the end of the canonical request";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    for (form, how) in FORMS {
        if let Some(hypothesis) = out.add(Change::StringToSign(form)) {
            hypothesis.specificity = 30;
            hypothesis.detail = how;
        }
    }
    let line = [parts.payload.as_slice(), b"\n"].concat();
    if let Some(hypothesis) = out.add(Change::Payload {
        line,
        header_too: false,
    }) {
        hypothesis.specificity = 30;
        hypothesis.detail = END_OF_REQUEST;
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let how = match call(scene, &hypothesis.change) {
        "" => String::new(),
        call => format!(" ({call})"),
    };
    Told {
        what: Words::of(format!("What was signed has {}", hypothesis.detail)),
        cure: Words::of(format!(
            "Sign four lines: AWS4-HMAC-SHA256, the time, the scope without the key id, the SHA-256 of the canonical request in small hex{how}."
        )),
    }
}

/// What the signer's language has for the step that went wrong.
fn call(scene: &Scene<'_>, change: &Change) -> &'static str {
    let signer = scene.facts.signer;
    match change {
        Change::StringToSign(TextForm::Capitals | TextForm::Base64 | TextForm::NotHashed) => {
            signer.sha256_hex_call()
        }
        Change::StringToSign(TextForm::LineAtEnd | TextForm::CarriageReturns) | Change::Payload { .. } => {
            signer.join_lines_call()
        }
        _ => "",
    }
}
