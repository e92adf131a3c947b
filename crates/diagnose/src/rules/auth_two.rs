//! AUTH-TWO: the request is signed in its query and has an Authorization header as well.

use countersign_sigv4::Refusal;

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "AUTH-TWO",
        "The request authenticates in two ways at once",
        include_str!("../../pages/AUTH-TWO.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Some(Refusal::OnlyOneMechanism { authorization }) = scene.refusal() else {
        return None;
    };
    let bare = scene.facts.client.bare_request_setting();
    let (what, cure) = if scene.case.form.is_some() {
        (
            "A form, which is signed in its fields, came with another signature in its header or its URL",
            Words::of("Send the form to the bare address of the bucket, without an Authorization header"),
        )
    } else if authorization.starts_with("Bearer ") || authorization.starts_with("Basic ") {
        (
            "A presigned URL was called with the Authorization header of another service",
            Words::of("Do not send your own login to presigned URLs; call them with a bare HTTP client")
                .say(bare),
        )
    } else if authorization.is_empty() {
        (
            "The URL carries signatures of two versions at once",
            Words::of("Keep the X-Amz-* parameters and drop Signature, Expires and AWSAccessKeyId"),
        )
    } else if scene.facts.proxy_evidence.is_some() {
        (
            "A presigned URL arrived with an Authorization header; something on the way signs as well",
            Words::of(scene.facts.proxy.no_signing_setting()).say(", or drop the signature in the query"),
        )
    } else {
        (
            "A presigned URL was called with an Authorization header as well",
            Words::of("Drop the Authorization header")
                .say(bare)
                .say(", also when following a redirect to a presigned URL"),
        )
    };
    Some(Finding::new(
        Slot::Mechanism,
        Proof::Exact,
        970,
        Words::of(what),
        cure.say("."),
    ))
}
