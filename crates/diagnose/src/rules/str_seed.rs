//! STR-SEED: the signature that begins a stream was made with another payload line than the request names.
//!
//! Not here: payload lines of bodies that are not streamed, see `pay_unsigned`.

use countersign_sigv4::EMPTY_SHA256;

use super::framing::is_streamed;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 690,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "STR-SEED",
        "The first signature of a stream names another way of streaming than the request",
        include_str!("../../pages/STR-SEED.md"),
    )
};

const STREAMING: [&str; 5] = [
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
];
const WHOLE: [&str; 2] = ["UNSIGNED-PAYLOAD", EMPTY_SHA256];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    // A request that is no stream may still have been signed as one; the other way round any line is possible.
    let whole = WHOLE.iter().filter(|_| is_streamed(scene));
    for line in STREAMING.iter().chain(whole) {
        for header_too in [false, true] {
            if header_too && !scene.signs("x-amz-content-sha256") {
                continue;
            }
            if let Some(hypothesis) = out.add(Change::Payload {
                line: line.as_bytes().to_vec(),
                header_too,
            }) {
                hypothesis.specificity = 25;
                hypothesis.signed = Some(Value::constant(*line));
                hypothesis.received = Some(Value::answered(parts.payload.clone()));
            }
        }
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let nothing = Value::constant("");
    let (signed, received) = (
        hypothesis.signed.as_ref().unwrap_or(&nothing),
        hypothesis.received.as_ref().unwrap_or(&nothing),
    );
    let header_too = matches!(hypothesis.change, Change::Payload { header_too: true, .. });
    let cure = if header_too {
        "Send x-amz-content-sha256 as it was signed; what the client sends and what it signs must be one value."
    } else {
        "Put the value of x-amz-content-sha256 into the last line of the canonical request."
    };
    Told {
        what: Words::of("The request was signed with ")
            .value(signed, "another payload line")
            .say(", but x-amz-content-sha256 arrived as ")
            .value(received, "this one"),
        cure: Words::of(cure),
    }
}
