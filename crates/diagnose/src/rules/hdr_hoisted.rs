//! HDR-HOISTED: the SDK moved a header into the presigned URL, and the client sends it with another value as a header.
//!
//! Not here: unsigned headers that are nowhere in the URL, see `hdr_unsigned`.

use countersign_sigv4::hoisted_contradiction;

use super::pay_crc_empty::in_link;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "HDR-HOISTED",
        "The header stands in the presigned URL with another value",
        include_str!("../../pages/HDR-HOISTED.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if in_link(scene).is_some() {
        // The checksum of nothing is the better word for it.
        return None;
    }
    let name = hoisted_contradiction(&scene.case.request, scene.claim()?)?;
    let shown = Value::received(name.clone());
    let what = Words::of("The header ")
        .value(&shown, "named in slot")
        .say(" stands in the presigned URL with another value");
    let cure = Words::of("Do not send it as a header as well; or ")
        .say(scene.facts.signer.stay_header_setting())
        .say(".");
    Some(Finding::new(Slot::Header(name), Proof::Exact, 890, what, cure))
}
