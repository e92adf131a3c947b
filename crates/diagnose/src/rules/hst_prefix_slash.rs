//! HST-PREFIX-SLASH: together with a path prefix a slash at the end was lost, or gained.

use super::path::{propose_uri, with_both_paths, with_other_end};
use super::prefix::{is_named, removed};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 420,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-PREFIX-SLASH",
        "A path prefix and the slash at the end were changed on the way",
        include_str!("../../pages/HST-PREFIX-SLASH.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    for prefix in removed(scene) {
        let signed = with_other_end(&[prefix.bytes.as_slice(), &parts.uri].concat());
        propose_uri(scene, out, signed, if is_named(&prefix) { 38 } else { 32 }, "");
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let changed = scene.facts.where_changed();
    let what = format!("A prefix of the path was removed {changed}, and the slash at its end changed");
    Told {
        what: with_both_paths(Words::of(what), hypothesis),
        cure: Words::of(scene.facts.keep_path_setting()),
    }
}
