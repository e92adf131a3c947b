//! HST-PREFIX: a proxy removed a prefix from the path, or put one before it.
//!
//! Not here: a slash that was lost with the prefix (`hst_prefix_slash`).

use super::path::{propose_uri, with_both_paths};
use super::prefix::{USUAL, is_named, original, removed};
use super::prelude::*;
use crate::weights::EVIDENT;

pub(crate) static RULE: Rule = Rule {
    weight: 605,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-PREFIX",
        "A path prefix was removed or added on the way",
        include_str!("../../pages/HST-PREFIX.md"),
    )
};

const REMOVED: &str = "removed";
const REPLACED: &str = "replaced";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let uri = parts.uri.as_slice();
    for prefix in removed(scene) {
        let signed = [prefix.bytes.as_slice(), uri].concat();
        let (specificity, weight) = match (is_named(&prefix), scene.facts.proxy_evidence) {
            (true, _) => (40, EVIDENT),
            (false, Some(_)) => (34, 720),
            (false, None) => (34, RULE.weight),
        };
        if let Some(hypothesis) = propose_uri(scene, out, signed, specificity, REMOVED) {
            hypothesis.weight = weight;
        }
    }
    for path in original(scene) {
        propose_uri(scene, out, path.bytes, 30, REPLACED);
    }
    if let Some((first, rest)) = first_segment(uri) {
        let usual = USUAL.iter().any(|prefix| prefix.as_bytes() == first);
        let specificity = match (usual, scene.facts.proxy_evidence) {
            (true, _) => 34,
            (false, Some(_)) => 22,
            (false, None) => 14,
        };
        let rest = if rest.is_empty() { b"/" } else { rest };
        propose_uri(scene, out, rest.to_vec(), specificity, "");
    }
}

/// The first segment with its slash, and what follows.
pub(super) fn first_segment(uri: &[u8]) -> Option<(&[u8], &[u8])> {
    let after = uri.strip_prefix(b"/")?;
    let end = after.iter().position(|&b| b == b'/').unwrap_or(after.len());
    uri.split_at_checked(end + 1).filter(|(first, _)| first.len() > 1)
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = match hypothesis.detail {
        REMOVED => "A prefix of the path was removed",
        REPLACED => "The path was replaced",
        _ => "A prefix was put before the path",
    };
    let what = format!("{what} {}", scene.facts.where_changed());
    Told {
        what: with_both_paths(Words::of(what), hypothesis),
        cure: Words::of(scene.facts.keep_path_setting()),
    }
}
