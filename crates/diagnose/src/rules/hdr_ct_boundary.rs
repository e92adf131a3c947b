//! HDR-CT-BOUNDARY: a form (`FormData`) was sent to a URL that was signed for the file itself.
//!
//! Not here: browser forms with a POST policy; those are meant to be multipart.

use super::content_type::{candidates, essence, propose_type, received};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 830,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HDR-CT-BOUNDARY",
        "A multipart form was sent instead of the file",
        include_str!("../../pages/HDR-CT-BOUNDARY.md"),
    )
};

fn sent_a_form(scene: &Scene<'_>) -> bool {
    scene.case.request.method == "PUT"
        && essence(received(scene)).eq_ignore_ascii_case(b"multipart/form-data")
}

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if scene.signs("content-type") && sent_a_form(scene) {
        for value in candidates(scene) {
            propose_type(scene, out, value, 830, 30);
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = Words::of("A multipart form was sent to a URL signed for ");
    let what = match &hypothesis.signed {
        Some(signed) if !signed.bytes.is_empty() => what.value(signed, "another Content-Type"),
        _ => what.say("no Content-Type"),
    };
    Told {
        what,
        cure: cure(scene),
    }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() || !sent_a_form(scene) || !scene.signs("content-type") {
        return None;
    }
    let what = Words::of("a multipart form was sent where the URL was signed for the file itself");
    let slot = Slot::Header("content-type".to_owned());
    let mut finding = Finding::new(slot, Proof::Infer, 750, what, cure(scene));
    finding.received = Some(Value::received(received(scene)));
    Some(finding)
}

fn cure(scene: &Scene<'_>) -> Words {
    Words::of(scene.facts.client.file_as_body_setting()).say("; forms belong to POST policies only.")
}
