//! URI-MERGE: doubled slashes of the path were merged into one.
//!
//! What was merged does not show any more, so the search goes the other way: it puts slashes back.

use super::path::{propose_uri, with_both_paths};
use super::prefix::original;
use super::prelude::*;
use crate::hypothesis::BY_THE_SIGNER;

pub(crate) static RULE: Rule = Rule {
    weight: 596,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-MERGE",
        "Doubled slashes of the path were merged",
        include_str!("../../pages/URI-MERGE.md"),
    )
};

/// Slashes at which another one is put back; the last ones are left out of a deeper path.
const POSITIONS_MAX: usize = 16;
/// Slashes of which two at once are tried.
const PAIRED_POSITIONS_MAX: usize = 6;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let uri = parts.uri.as_slice();
    for path in original(scene) {
        if merged(&path.bytes) == merged(uri) {
            propose_uri(scene, out, path.bytes, 42, "");
        }
    }
    propose_uri(scene, out, merged(uri), 30, BY_THE_SIGNER);
    let slashes: Vec<usize> = (0..uri.len()).filter(|&at| uri.get(at) == Some(&b'/')).collect();
    // After the bucket first: a key that begins with a slash is the usual one.
    let slashes: Vec<usize> = slashes.iter().skip(1).chain(slashes.first()).copied().collect();
    let positions = slashes.get(..POSITIONS_MAX).unwrap_or(&slashes);
    for &at in positions {
        propose_uri(scene, out, with_slashes(uri, &[at]), 30, "");
    }
    let paired = positions.get(..PAIRED_POSITIONS_MAX).unwrap_or(positions);
    for (n, &first) in paired.iter().enumerate() {
        for &second in paired.iter().skip(n) {
            if let Some(hypothesis) = propose_uri(scene, out, with_slashes(uri, &[first, second]), 30, "") {
                hypothesis.weight = 260;
            }
        }
    }
}

/// The path with one more slash at each of these places.
fn with_slashes(uri: &[u8], places: &[usize]) -> Vec<u8> {
    let mut out = Vec::with_capacity(uri.len() + places.len());
    for (at, &byte) in uri.iter().enumerate() {
        out.extend(places.iter().filter(|&&place| place == at).map(|_| b'/'));
        out.push(byte);
    }
    out
}

fn merged(uri: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(uri.len());
    for &byte in uri {
        if byte != b'/' || out.last() != Some(&b'/') {
            out.push(byte);
        }
    }
    out
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    if hypothesis.detail == BY_THE_SIGNER {
        return Told {
            what: with_both_paths(
                Words::of("Doubled slashes were merged for the signature, but sent"),
                hypothesis,
            ),
            cure: Words::of("S3 keeps // in keys: sign the path exactly as it is sent, without cleaning it."),
        };
    }
    Told {
        what: with_both_paths(
            Words::of(format!(
                "Doubled slashes were merged {}",
                scene.facts.where_changed()
            )),
            hypothesis,
        ),
        cure: Words::of(scene.facts.keep_slashes_setting()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_go_back_where_they_were() {
        assert_eq!(with_slashes(b"/b/k", &[2]), b"/b//k");
        assert_eq!(with_slashes(b"/b/k", &[2, 2]), b"/b///k");
        assert_eq!(with_slashes(b"/b/k/l", &[2, 4]), b"/b//k//l");
        assert_eq!(merged(b"//b///k/"), b"/b/k/");
    }
}
