//! PAY-CHUNKED-RAW: the body is framed as `aws-chunked`, and the request does not say so.
//!
//! Without the words that announce it, the framing would become a part of the object. Not here: a stream that is announced
//! and framed wrongly, see `str_chunk`.

use super::framing::is_raw;
use super::prelude::*;
use crate::case::BodyFault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PAY-CHUNKED-RAW",
        "The body is framed in chunks, and the request does not say so",
        include_str!("../../pages/PAY-CHUNKED-RAW.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let fault = scene.body_fault()?;
    if !is_raw(scene) {
        return None;
    }
    let sent = scene.claim().map(|claim| Value::received(claim.payload.text()))?;
    let what = Words::of("The body begins with a chunk of aws-chunked framing, but x-amz-content-sha256 is ")
        .value(&sent, "no STREAMING word");
    let cure = "Send the STREAMING word that was signed and Content-Encoding: aws-chunked, or let the proxy keep both; \
                otherwise send the body without frames.";
    let mut finding = Finding::new(Slot::Body, Proof::Exact, 915, what, Words::of(cure));
    finding.received = Some(sent);
    if matches!(fault, BodyFault::Sha256) {
        finding.also = vec!["PAY-MISMATCH"];
    }
    Some(finding)
}
