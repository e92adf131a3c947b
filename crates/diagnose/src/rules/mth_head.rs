//! MTH-HEAD: a URL that was presigned for GET is used with HEAD.

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 780,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "MTH-HEAD",
        "A URL for GET was used with HEAD",
        include_str!("../../pages/MTH-HEAD.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if scene.is_presigned() && scene.case.request.method == "HEAD" {
        super::mth_other::propose_method(scene, out, "GET", 30);
    }
}

fn tell(_: &Scene<'_>, _: &Hypothesis) -> Told {
    Told {
        what: Words::of("The URL is signed for GET, but HEAD was sent"),
        cure: Words::of("Make a URL for HEAD as well, or ask with GET and Range: bytes=0-0."),
    }
}
