//! HDR-RANGE: Range or a condition was signed, and a runtime, player or cache changed it.

use super::header::{difference, leave_it_alone, likely, propose_changed, propose_value, signed};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 560,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HDR-RANGE",
        "Range or a condition was changed after signing",
        include_str!("../../pages/HDR-RANGE.md"),
    )
};

const NAMES: [&str; 6] = [
    "range",
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
];
/// What players and runtimes ask for first.
const RANGES: [&str; 4] = ["", "bytes=0-", "bytes=0-0", "bytes=0-1"];
const WEIGHT_BEHIND_A_PROXY: u32 = 700;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    for (name, received) in signed(scene).filter(|(name, _)| NAMES.contains(name)) {
        if name == "range" {
            for range in RANGES {
                propose_changed(scene, out, name, range, WEIGHT_BEHIND_A_PROXY);
            }
            continue;
        }
        for value in ["", "*"] {
            propose_changed(scene, out, name, value, WEIGHT_BEHIND_A_PROXY);
        }
        // A proxy that compresses makes tags weak; some clients drop the quotes.
        let strong = received.strip_prefix(b"W/").unwrap_or(received);
        let bare = strong.strip_prefix(b"\"").and_then(|tag| tag.strip_suffix(b"\""));
        let bare = bare.unwrap_or(strong);
        for value in [strong.to_vec(), bare.to_vec(), [b"\"", bare, b"\""].concat()] {
            propose_changed(scene, out, name, value, WEIGHT_BEHIND_A_PROXY);
        }
    }
    // With a range, fetch asks for an answer without compression.
    if let (true, Some(coding)) = (scene.has_header("range"), scene.header("accept-encoding"))
        && let Some(rest) = coding.strip_suffix(b", identity")
        && let Some(hypothesis) = propose_value(scene, out, "accept-encoding", rest)
    {
        hypothesis.specificity = 36;
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: difference(scene, hypothesis),
        cure: cure(scene),
    }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() {
        return None;
    }
    let (name, _) = signed(scene).find(|(name, _)| NAMES.contains(name))?;
    let score = if scene.facts.proxy_evidence.is_some() {
        610
    } else {
        330
    };
    let why = "was changed after signing, as caches and players do";
    Some(likely(scene, name, score, why, cure(scene)))
}

fn cure(scene: &Scene<'_>) -> Words {
    leave_it_alone(scene, "do not sign it.")
}
