//! HDR-GCS: SignedHeaders names the SDK's own headers, but the signature was made without them.
//!
//! Google Cloud Storage leaves them out of its canonical request, so code that makes an AWS SDK work there takes them out
//! of the text that is signed. Everybody else signs what SignedHeaders says.

use super::prelude::*;
use crate::hypothesis::HeaderLayout;

pub(crate) static RULE: Rule = Rule {
    weight: 515,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HDR-GCS",
        "The SDK's own headers were left out of what was signed",
        include_str!("../../pages/HDR-GCS.md"),
    )
};

fn is_of_the_sdk(name: &str) -> bool {
    name.starts_with("amz-sdk-")
}

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let all: Vec<String> = parts.headers.iter().map(|(name, _)| name.clone()).collect();
    if !all.iter().any(|name| is_of_the_sdk(name)) {
        return;
    }
    let without = |left_out: &dyn Fn(&str) -> bool| -> Vec<String> {
        all.iter().filter(|name| !left_out(name)).cloned().collect()
    };
    let kept = without(&is_of_the_sdk);
    // The same code leaves out Accept-Encoding, which Google changes on the way.
    let fewer = without(&|name| is_of_the_sdk(name) || name == "accept-encoding");
    for names in [&kept, &fewer] {
        for list in [names, &all] {
            let layout = HeaderLayout {
                names: names.clone(),
                between: ":",
                list: list.join(";"),
                blank_line: true,
            };
            if let Some(hypothesis) = out.add(Change::Headers(layout)) {
                hypothesis.specificity = 36;
            }
        }
    }
}

fn tell(scene: &Scene<'_>, _: &Hypothesis) -> Told {
    Told {
        what: Words::of(
            "SignedHeaders names the amz-sdk-* headers of the SDK, but they were left out of what was signed",
        ),
        cure: Words::of(scene.facts.signer.unsigned_sdk_headers_setting())
            .say(", so that SignedHeaders does not name them, or sign them; code for Google Cloud Storage leaves them out."),
    }
}
