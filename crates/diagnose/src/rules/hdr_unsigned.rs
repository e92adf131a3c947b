//! HDR-UNSIGNED: an `x-amz-*` header is in the request but not in SignedHeaders.
//!
//! It must be refused: whoever could add such headers to a signed request could change what it does.

use countersign_sigv4::headers_not_signed;

use super::hdr_casemap::is_signed_otherwise;
use super::prelude::*;
use super::qry_second_qmark::is_behind_the_names;
use super::tok_s3express::{EXPRESS_HEADER, is_renamed};
use super::tok_unsigned::{HEADER, is_added};

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "HDR-UNSIGNED",
        "The request carries headers that were not signed",
        include_str!("../../pages/HDR-UNSIGNED.md"),
    )
};

/// Names of unsigned headers that had to be signed.
fn unsigned(scene: &Scene<'_>) -> Vec<String> {
    scene
        .claim()
        .map(|claim| headers_not_signed(&scene.case.request, claim))
        .unwrap_or_default()
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if is_behind_the_names(scene) {
        // What looks unsigned is a name that something was put behind.
        return None;
    }
    let mut names = unsigned(scene);
    if is_added(scene) || is_renamed(scene) {
        // The session token has its own cause.
        names.retain(|name| name != HEADER && name != EXPRESS_HEADER);
    }
    // So has a name that another language made of this one.
    names.retain(|name| !is_signed_otherwise(scene, name));
    let first = names.first()?.clone();
    // The answer lists them in HeadersNotSigned.
    let list = Value::answered(names.join(", "));
    let what = Words::of("Sent but not signed: ").value(&list, "headers listed in HeadersNotSigned");
    let cure = if scene.is_presigned() {
        "Give these headers when the URL is made, so that they are signed, or do not send them."
    } else {
        "Add them before signing, or do not send them. A proxy that adds x-amz-* headers must stop."
    };
    Some(Finding::new(
        Slot::Header(first),
        Proof::Exact,
        880,
        what,
        Words::of(cure),
    ))
}
