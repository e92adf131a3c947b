//! HDR-DUP: a signed header arrived more than once, or with its lines joined in another way.
//!
//! Not here: lists to which proxies add an element (`hdr_hop`).

use super::header::{difference, propose_value, signed};
use super::path::replace;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 530,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HDR-DUP",
        "A signed header arrived twice, or joined differently",
        include_str!("../../pages/HDR-DUP.md"),
    )
};

/// Headers looked at, at most.
const HEADERS_MAX: usize = 8;
/// Lines of one header that are looked at.
const LINES_MAX: usize = 8;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let listed = signed(scene).filter(|(_, value)| value.contains(&b','));
    for (name, value) in listed.take(HEADERS_MAX) {
        let mut lines: Vec<Vec<u8>> = scene
            .case
            .request
            .header_values(name)
            .take(LINES_MAX)
            .map(countersign_sigv4::canonical_value)
            .collect();
        if lines.len() < 2 {
            // A proxy may have joined them: then each half is one line.
            if let Some(half) = doubled(value) {
                add(scene, out, name, half.to_vec());
            }
            let wide = replace(&replace(value, b", ", b","), b",", b", ");
            add(scene, out, name, replace(value, b", ", b","));
            add(scene, out, name, wide);
            continue;
        }
        add(scene, out, name, lines.join(&b", "[..]));
        add(scene, out, name, lines.first().cloned().unwrap_or_default());
        add(scene, out, name, lines.last().cloned().unwrap_or_default());
        lines.reverse();
        add(scene, out, name, lines.join(&b","[..]));
        lines.sort();
        add(scene, out, name, lines.join(&b","[..]));
    }
}

/// The value that stands there twice, with a comma between.
fn doubled(value: &[u8]) -> Option<&[u8]> {
    let commas = (0..value.len()).filter(|&at| value.get(at) == Some(&b','));
    let mut halves = commas.filter_map(|at| {
        let (first, second) = value.split_at_checked(at)?;
        let second = second.get(1..)?.trim_ascii();
        (first == second).then_some(first)
    });
    halves.next()
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, name: &str, value: Vec<u8>) {
    if let Some(hypothesis) = propose_value(scene, out, name, value) {
        hypothesis.specificity = 31;
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: difference(scene, hypothesis),
        cure: Words::of(
            "Send the header once, as one line. Several lines are signed joined by a comma without a blank, in the order sent.",
        ),
    }
}
