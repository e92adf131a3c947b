//! STR-MODE: a way of streaming that S3 does not have, or a stream where there can be none.

use countersign_sigv4::Refusal;

use super::framing::is_streamed;
use super::prelude::*;
use crate::case::BodyFault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "STR-MODE",
        "The body cannot be streamed in this way here",
        include_str!("../../pages/STR-MODE.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let (word, what, cure) = match (scene.refusal(), scene.body_fault()) {
        (Some(Refusal::BadContentSha256 { value }), _) if value.starts_with("STREAMING-") => {
            let word = Value::received(value.clone());
            if scene.is_presigned() {
                (
                    word,
                    "A presigned URL cannot sign chunks, because it is made before there is a body",
                    "Make presigned URLs with UNSIGNED-PAYLOAD and send the body without frames.",
                )
            } else {
                (
                    word,
                    "x-amz-content-sha256 names a way of streaming that S3 does not have",
                    "Use STREAMING-AWS4-HMAC-SHA256-PAYLOAD, the same with -TRAILER, or STREAMING-UNSIGNED-PAYLOAD-TRAILER.",
                )
            }
        }
        (_, Some(BodyFault::LengthMissing)) if is_streamed(scene) && !has_a_body(scene) => (
            scene.claim().map(|claim| Value::received(claim.payload.text()))?,
            "A request without a body was signed as a stream",
            "Sign it with the SHA-256 of an empty body; streams are for PutObject and UploadPart.",
        ),
        _ => return None,
    };
    let mut finding = Finding::new(Slot::Payload, Proof::Exact, 905, Words::of(what), Words::of(cure));
    finding.received = Some(word);
    Some(finding)
}

/// Whether requests of this method carry data.
pub(super) fn has_a_body(scene: &Scene<'_>) -> bool {
    matches!(scene.case.request.method, "PUT" | "POST")
}
