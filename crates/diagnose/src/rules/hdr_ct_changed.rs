//! HDR-CT-CHANGED: one Content-Type was signed, another one was sent.
//!
//! Not here: a missing one (`hdr_missing`), a charset (`hdr_ct_charset`), a form (`hdr_ct_boundary`).

use super::content_type::{candidates, essence, is_usual_for_the_key, propose_type, received};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 800,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HDR-CT-CHANGED",
        "Another Content-Type was sent than the one signed",
        include_str!("../../pages/HDR-CT-CHANGED.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if !scene.signs("content-type") || !scene.has_header("content-type") {
        return;
    }
    for value in candidates(scene) {
        propose_type(scene, out, value, 800, 20);
    }
    propose_type(scene, out, essence(received(scene)).to_vec(), 780, 18);
    propose_type(scene, out, received(scene).to_ascii_lowercase(), 700, 18);
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let (Some(signed), Some(received)) = (&hypothesis.signed, &hypothesis.received) else {
        return Told {
            what: Words::of(RULE.title),
            cure: Words::of("Send the Content-Type that was signed."),
        };
    };
    if signed.bytes.is_empty() {
        return Told {
            what: Words::of("The request was signed with an empty Content-Type, and ")
                .value(received, "another one")
                .say(" was sent"),
            cure: Words::of("Pass the Content-Type when signing")
                .say(scene.facts.signer.where_type_is_signed())
                .say(", so that it is the one sent."),
        };
    }
    let what = Words::of("The request was signed for ")
        .framed("Content-Type ", signed, "", "another Content-Type")
        .say(", but ")
        .value(received, "this one")
        .say(" was sent");
    let cure = Words::of("Send exactly ")
        .value(signed, "the type that was signed")
        .say(how(scene))
        .say(", or sign without Content-Type.");
    Told { what, cure }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() || !scene.signs("content-type") || !scene.has_header("content-type") {
        return None;
    }
    // The signer would have taken the same type for such a key, and who signs what it sends itself, as an SDK in a page does,
    // knows the type; then the secret is the likelier reason.
    let score = if is_usual_for_the_key(scene) || !scene.is_presigned() {
        250
    } else if scene.facts.browser {
        550
    } else {
        500
    };
    let received = Value::received(received(scene));
    let what = Words::of("Content-Type is signed, and ")
        .value(&received, "the one sent")
        .say(" is not the value signed");
    let cure = Words::of("Send exactly the Content-Type that was given when signing")
        .say(how(scene))
        .say(".");
    let slot = Slot::Header("content-type".to_owned());
    let mut finding = Finding::new(slot, Proof::Infer, score, what, cure);
    finding.received = Some(received);
    Some(finding)
}

/// Where the sender sets it.
fn how(scene: &Scene<'_>) -> String {
    match scene.facts.client.where_content_type() {
        "" => String::new(),
        place => format!(" ({place})"),
    }
}
