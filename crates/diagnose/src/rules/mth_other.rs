//! MTH-OTHER: a presigned URL is used with another method than it was signed for.
//!
//! Not here: HEAD for GET, see `mth_head`.

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 770,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "MTH-OTHER",
        "A presigned URL was used with another method",
        include_str!("../../pages/MTH-OTHER.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if scene.is_presigned() {
        for method in ["GET", "PUT", "POST", "DELETE", "HEAD"] {
            // An upload link that was opened explains what else is missing: the address bar sends no Content-Type.
            let specificity = if is_opened(scene, method) { 32 } else { 20 };
            propose_method(scene, out, method, specificity);
        }
    }
}

/// Proposes that this method was signed; the returned reference may be refined.
pub(super) fn propose_method<'a>(
    scene: &Scene<'_>,
    out: &'a mut Proposals<'_>,
    method: &str,
    specificity: u32,
) -> Option<&'a mut Hypothesis> {
    let hypothesis = out.add(Change::Method(method.to_owned()))?;
    hypothesis.specificity = specificity;
    hypothesis.signed = Some(Value::constant(method.as_bytes()));
    hypothesis.received = Some(Value::received(scene.case.request.method));
    Some(hypothesis)
}

/// `before` with both methods.
pub(super) fn both_methods(before: &str, hypothesis: &Hypothesis, after: &str) -> Words {
    let empty = Value::constant("");
    let (signed, received) = (
        hypothesis.signed.as_ref().unwrap_or(&empty),
        hypothesis.received.as_ref().unwrap_or(&empty),
    );
    Words::of(before)
        .value(signed, "another method")
        .say(", but ")
        .value(received, "this one")
        .say(after)
}

/// Whether the client signed this method.
pub(super) fn signed_method(hypothesis: &Hypothesis, method: &str) -> bool {
    matches!(&hypothesis.change, Change::Method(signed) if signed == method)
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = both_methods("The URL is signed for ", hypothesis, " was sent");
    let cure = if is_opened(scene, "PUT") && signed_method(hypothesis, "PUT") {
        "An upload link cannot be opened in a browser; send the file with PUT, and make another URL for GET."
            .to_owned()
    } else {
        let how = match scene.facts.client.where_method() {
            "" => String::new(),
            place => format!(" ({place})"),
        };
        format!("Send the method the URL was made for{how}, or make a URL for this method.")
    };
    Told {
        what,
        cure: Words::of(cure),
    }
}

/// Whether it is an upload link that was opened as one opens a page.
fn is_opened(scene: &Scene<'_>, signed: &str) -> bool {
    scene.case.request.method == "GET" && signed == "PUT"
}
