//! URI-TRAILSLASH: the slash at the end of the path was removed or added after signing.
//!
//! Not here: a slash lost together with a prefix (`hst_prefix_slash`), or one of two (`uri_merge`).

use super::path::{propose_uri, with_both_paths, with_other_end};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 592,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-TRAILSLASH",
        "The slash at the end of the path differs",
        include_str!("../../pages/URI-TRAILSLASH.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    if parts.uri != b"/" {
        propose_uri(scene, out, with_other_end(&parts.uri), 34, "");
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let changed = scene.facts.where_changed();
    let what = match &hypothesis.change {
        Change::Uri(signed) if signed.ends_with(b"/") => {
            format!("The slash at the end of the path was lost {changed}")
        }
        _ => format!("A slash was added to the end of the path {changed}"),
    };
    Told {
        what: with_both_paths(Words::of(what), hypothesis),
        cure: Words::of(match scene.facts.proxy_evidence {
            Some(_) => scene.facts.at_the_proxy(scene.facts.proxy.keep_last_slash_setting()),
            None => {
                "Send the path exactly as it was signed; with and without the slash are two different objects."
                    .to_owned()
            }
        }),
    }
}
