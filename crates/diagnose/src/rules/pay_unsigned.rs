//! PAY-UNSIGNED: the payload line that was signed is not the one the request names.
//!
//! Keeps true: only constants and what the request says are tried; a body is never read for a hypothesis.

use countersign_sigv4::EMPTY_SHA256;

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 680,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "PAY-UNSIGNED",
        "Another payload line was signed than the request names",
        include_str!("../../pages/PAY-UNSIGNED.md"),
    )
};

const CONSTANTS: [&str; 5] = [
    "UNSIGNED-PAYLOAD",
    EMPTY_SHA256,
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let sent = scene.header("x-amz-content-sha256").map(<[u8]>::to_vec);
    let in_query = scene.query("X-Amz-Content-Sha256");
    let body = scene
        .case
        .body
        .as_ref()
        .and_then(|body| Some(hex::encode(body.sha256?).into_bytes()));
    let constants = CONSTANTS.iter().map(|line| line.as_bytes().to_vec());
    for line in constants.chain(sent).chain(in_query).chain(body) {
        // Sometimes only the last line was another, sometimes the signed header with it.
        for header_too in [false, true] {
            if header_too && !scene.signs("x-amz-content-sha256") {
                continue;
            }
            if let Some(hypothesis) = out.add(Change::Payload {
                line: line.clone(),
                header_too,
            }) {
                hypothesis.specificity = 20;
                hypothesis.signed = Some(Value::constant(line.clone()));
                hypothesis.received = Some(Value::answered(parts.payload.clone()));
            }
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let empty = Value::constant("");
    let (signed, received) = (
        hypothesis.signed.as_ref().unwrap_or(&empty),
        hypothesis.received.as_ref().unwrap_or(&empty),
    );
    let what = Words::of("The payload line was signed as ")
        .value(signed, "another value")
        .say(", but the request means ")
        .value(received, "this one");
    let cure = if scene.case.server.service != "s3" {
        "Sign the SHA-256 of the body as the last line of the canonical request; only S3 takes another."
    } else if scene.is_presigned() {
        "Sign presigned URLs with UNSIGNED-PAYLOAD as the last line of the canonical request."
    } else {
        "Send in x-amz-content-sha256 exactly what stands in the last line of the canonical request."
    };
    Told {
        what,
        cure: Words::of(cure),
    }
}
