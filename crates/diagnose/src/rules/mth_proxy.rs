//! MTH-PROXY: the method that arrived is not the one that was signed, because something on the way changed it.
//!
//! Not here: presigned URLs that somebody uses with another method (`mth_head`, `mth_other`), unless a proxy shows.

use super::mth_other::{both_methods, propose_method, signed_method};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 560,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "MTH-PROXY",
        "The method was changed on the way",
        include_str!("../../pages/MTH-PROXY.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let method = scene.case.request.method;
    let head_became_get = method == "GET";
    if scene.is_presigned() {
        if head_became_get {
            let likely = scene.facts.proxy_evidence.is_some();
            propose_method(scene, out, "HEAD", if likely { 30 } else { 16 });
        }
        return;
    }
    for other in ["HEAD", "GET", "PUT", "POST", "DELETE"] {
        if let Some(hypothesis) = propose_method(scene, out, other, 26)
            && scene.facts.proxy_evidence.is_some()
        {
            hypothesis.weight = 780;
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = both_methods("The client signed ", hypothesis, " arrived");
    let cache = scene.case.request.method == "GET" && signed_method(hypothesis, "HEAD");
    let facts = &scene.facts;
    let cure = if cache {
        let setting = facts.at_the_proxy(facts.proxy.keep_head_setting());
        format!("A cache or proxy asked with GET for what was HEAD. {setting}")
    } else {
        let setting = facts.at_the_proxy(facts.proxy.keep_method_setting());
        format!("{setting}; and follow no redirects with a signed request.")
    };
    Told {
        what,
        cure: Words::of(cure),
    }
}
