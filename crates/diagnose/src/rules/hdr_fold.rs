//! HDR-FOLD: blanks in a header value were signed as they were typed, or were merged on the way.
//!
//! Signatures are made over values with single blanks. What was merged does not show any more, so the search puts blanks
//! back.

use super::header::{propose_value, signed};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 520,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HDR-FOLD",
        "Blanks in a header value were signed as they were typed",
        include_str!("../../pages/HDR-FOLD.md"),
    )
};

/// Places at which a blank is doubled or tripled, in all headers together.
const BLANKS_MAX: usize = 16;
/// Headers for which a blank in front or at the end is tried.
const HEADERS_MAX: usize = 8;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let values = signed(scene).filter(|(name, value)| !value.is_empty() && is_free_text(name));
    let values: Vec<(&str, &[u8])> = values.collect();
    for (name, folded) in &values {
        // Several lines are joined first, which is another matter (`hdr_dup`).
        let mut lines = scene.case.request.header_values(name);
        if let (Some(raw), None) = (lines.next(), lines.next()) {
            let untabbed: Vec<u8> = raw.iter().map(|&b| if b == b'\t' { b' ' } else { b }).collect();
            for value in [raw, raw.trim_ascii(), &untabbed, untabbed.trim_ascii()] {
                if value != *folded {
                    add(scene, out, name, value.to_vec());
                }
            }
        }
    }
    let blanks = values.iter().flat_map(|(name, value)| {
        (0..value.len())
            .filter(|&at| value.get(at) == Some(&b' '))
            .map(|at| (*name, *value, at))
    });
    for (name, value, at) in blanks.take(BLANKS_MAX) {
        let (before, after) = value.split_at_checked(at).unwrap_or((value, b""));
        for more in [&b" "[..], b"  "] {
            add(scene, out, name, [before, more, after].concat());
        }
    }
    for (name, value) in values.iter().take(HEADERS_MAX) {
        add(scene, out, name, [value, &b" "[..]].concat());
        add(scene, out, name, [b" ", *value].concat());
    }
}

/// Whether people or programs put free text there; dates, hashes and tokens have no blanks to lose.
fn is_free_text(name: &str) -> bool {
    name.starts_with("x-amz-meta-")
        || matches!(
            name,
            "content-disposition"
                | "cache-control"
                | "content-type"
                | "content-language"
                | "user-agent"
                | "x-amz-user-agent"
                | "x-amz-copy-source"
                | "x-amz-tagging"
                | "x-amz-website-redirect-location"
        )
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, name: &str, value: Vec<u8>) {
    if let Some(hypothesis) = propose_value(scene, out, name, value) {
        hypothesis.specificity = 32;
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let Change::Header { name, value } = &hypothesis.change else {
        return Told {
            what: Words::of(RULE.title),
            cure: Words::of("Sign header values with single blanks."),
        };
    };
    let how = if value.trim_ascii() == value {
        " was signed with blanks that are single here"
    } else {
        " was signed with a blank in front or at its end"
    };
    Told {
        what: Words::of("The header ")
            .value(&Value::received(name.as_bytes()), "named in slot")
            .say(how),
        cure: Words::of(
            "Trim the value and make runs of blanks one blank before signing, or send it without them.",
        ),
    }
}
