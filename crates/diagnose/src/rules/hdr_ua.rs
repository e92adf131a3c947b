//! HDR-UA: User-Agent was signed, and something on the way changed it.
//!
//! Not here: what a replaced User-Agent was; only what was added to it can be taken away again.

use super::header::{difference, leave_it_alone, likely, propose_changed, signed};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 560,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HDR-UA",
        "User-Agent was changed on the way",
        include_str!("../../pages/HDR-UA.md"),
    )
};

const NAME: &str = "user-agent";
/// Words taken away from the end, at most.
const ENDS_MAX: usize = 16;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some((_, received)) = signed(scene).find(|(name, _)| *name == NAME) else {
        return;
    };
    let own = scene.header("x-amz-user-agent").unwrap_or_default();
    let mut values = vec![Vec::new(), own.to_vec()];
    let blanks = (0..received.len()).filter(|&at| received.get(at) == Some(&b' '));
    let blanks: Vec<usize> = blanks.collect();
    for &at in blanks.iter().rev().take(ENDS_MAX) {
        let kept = received.get(..at).unwrap_or_default();
        values.push(kept.strip_suffix(b";").unwrap_or(kept).to_vec());
        values.push(kept.strip_suffix(b",").unwrap_or(kept).to_vec());
    }
    // What was put in front.
    if let Some(first) = blanks.first() {
        values.push(received.get(first + 1..).unwrap_or_default().to_vec());
    }
    for value in values {
        propose_changed(scene, out, NAME, value, 700);
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: difference(scene, hypothesis),
        cure: cure(scene),
    }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() || !scene.signs(NAME) || !scene.has_header(NAME) {
        return None;
    }
    let replaced = scene.header(NAME) == Some(b"Amazon CloudFront");
    let score = match scene.facts.proxy_evidence {
        _ if replaced => 800,
        Some(_) => 570,
        // A page cannot set it, whatever it signed.
        None if scene.facts.browser => 450,
        None => 310,
    };
    Some(likely(
        scene,
        NAME,
        score,
        "was changed after signing",
        cure(scene),
    ))
}

fn cure(scene: &Scene<'_>) -> Words {
    leave_it_alone(scene, "do not sign User-Agent; SDKs leave it out.")
}
