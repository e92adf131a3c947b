//! AUTH-NONE: the request is not signed; where it looks as if it had been, the signature was lost on the way.
//!
//! Not here: what nobody may do. That was decided, and the answer says no more about it.

use super::prelude::*;
use crate::case::Fault;
use crate::repair::has_names_in_other_case;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "AUTH-NONE",
        "The request is not signed",
        include_str!("../../pages/AUTH-NONE.md"),
    )
};

/// Headers that clients send with a signature and not without.
const BESIDE_A_SIGNATURE: [&str; 3] = ["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Fault::Unsigned = scene.case.fault else {
        return None;
    };
    if scene.case.request.query.is_some_and(has_names_in_other_case) {
        // It is signed, under names that are not those of a signature (`qry_case`).
        return None;
    }
    let beside = beside_a_signature(scene);
    let (what, cure) = match beside {
        Some(name) => (
            Words::of(format!(
                "The request has {name}, as signed ones do, but Authorization did not arrive"
            )),
            Words::of(if_sent(scene))
                .say(" Or a redirect to another host dropped it: name that host in ")
                .say(scene.facts.client.where_endpoint())
                .say("."),
        ),
        None if is_form(scene) => (
            Words::of("The form is not signed: it has no policy among its fields"),
            Words::of(
                "Make its fields with createPresignedPost, generate_presigned_post or countersign presign, and put them before the file.",
            ),
        ),
        None if scene.facts.page => (
            Words::of("The request is not signed: a page asked for the bare address"),
            Words::of("Give the page a presigned URL, or allow everybody to read it with a bucket policy."),
        ),
        None => (
            Words::of("The request is not signed, so it is nobody's"),
            Words::of(scene.facts.client.sign_setting()).say(", or use a presigned URL."),
        ),
    };
    Some(Finding::new(Slot::Mechanism, Proof::Exact, 900, what, cure))
}

/// A header that came without the signature that it belongs to.
fn beside_a_signature(scene: &Scene<'_>) -> Option<&'static str> {
    BESIDE_A_SIGNATURE.into_iter().find(|name| scene.has_header(name))
}

/// Whether there was a signature, as far as can be seen.
pub(crate) fn is_lost(scene: &Scene<'_>) -> bool {
    beside_a_signature(scene).is_some()
}

/// What to do if the client did send the signature.
fn if_sent(scene: &Scene<'_>) -> String {
    match scene.facts.proxy_evidence {
        Some(_) => format!(
            "The proxy must pass Authorization on. {}.",
            scene
                .facts
                .at_the_proxy(scene.facts.proxy.keep_authorization_setting())
        ),
        None => "Let proxies and CDNs pass Authorization on.".to_owned(),
    }
}

fn is_form(scene: &Scene<'_>) -> bool {
    let content_type = scene
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    scene.case.request.method == "POST" && content_type.starts_with(b"multipart/form-data")
}
