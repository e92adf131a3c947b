//! MTH-PROXY: the method that arrived is not the one that was signed, because something on the way changed it.
//!
//! Not here: presigned URLs that somebody uses with another method (`mth_head`, `mth_other`), unless a proxy shows.

use super::mth_other::{both_methods, propose_method, signed_method};
use super::prelude::*;
use crate::facts::Proxy;

pub(crate) static RULE: Rule = Rule {
    weight: 560,
    propose: Some(propose),
    tell: Some(tell),
    on_the_way: true,
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
    let cure = match scene.facts.proxy {
        Proxy::Nginx if cache => {
            "A cache or proxy asked with GET for what was HEAD (nginx: proxy_cache_convert_head off; \
             and $request_method in proxy_cache_key)."
        }
        _ if cache => "A cache or proxy asked with GET for what was HEAD: let it pass HEAD on.",
        Proxy::Nginx => {
            "Let the proxy pass the method on (nginx: no proxy_method), and do not follow redirects."
        }
        _ => "Let the proxy pass the method on, and do not follow redirects with a signed request.",
    };
    Told {
        what,
        cure: Words::of(cure),
    }
}
