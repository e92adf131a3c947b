//! URI-DOTS: dot segments of the path were removed on one side.
//!
//! Keeps true: a segment `..` that was removed took another one with it, which cannot be guessed; only `.` is put back.

use countersign_sigv4::{decode_percent, encode_uri};

use super::path::{propose_uri, with_both_paths};
use super::prelude::*;
use crate::hypothesis::BY_THE_SIGNER;

pub(crate) static RULE: Rule = Rule {
    weight: 530,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-DOTS",
        "Dot segments of the path were removed on one side",
        include_str!("../../pages/URI-DOTS.md"),
    )
};

/// Slashes after which `./` is put back.
const POSITIONS_MAX: usize = 8;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let decoded = decode_percent(&parts.uri);
    let clean = without_dots(&decoded);
    if clean != decoded {
        let once = encode_uri(&clean, true);
        let twice = encode_uri(once.as_bytes(), true);
        propose_uri(scene, out, once.into_bytes(), 34, BY_THE_SIGNER);
        propose_uri(scene, out, twice.into_bytes(), 34, BY_THE_SIGNER);
        let merged: Vec<&[u8]> = clean.split(|&b| b == b'/').filter(|s| !s.is_empty()).collect();
        let mut merged = [b"/", merged.join(&b'/').as_slice()].concat();
        if clean.ends_with(b"/") && merged.len() > 1 {
            merged.push(b'/');
        }
        propose_uri(
            scene,
            out,
            encode_uri(&merged, true).into_bytes(),
            33,
            BY_THE_SIGNER,
        );
    }
    let uri = parts.uri.as_slice();
    let slashes = (0..uri.len()).filter(|&at| uri.get(at) == Some(&b'/'));
    // The first stands before the bucket, whose name has no dots in front.
    for at in slashes.skip(1).take(POSITIONS_MAX) {
        let (before, after) = uri.split_at_checked(at).unwrap_or((uri, b""));
        propose_uri(scene, out, [before, b"/.", after].concat(), 30, "");
    }
}

/// RFC 3986 section 5.2.4, with doubled slashes kept.
fn without_dots(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut open = false;
    for segment in path.split(|&b| b == b'/').skip(1) {
        open = matches!(segment, b"." | b"..");
        match segment {
            b"." => {}
            b".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    if open {
        kept.push(b"");
    }
    [b"/", kept.join(&b'/').as_slice()].concat()
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    if hypothesis.detail == BY_THE_SIGNER {
        return Told {
            what: with_both_paths(
                Words::of("Dot segments were removed for the signature, but sent"),
                hypothesis,
            ),
            cure: Words::of(
                "S3 keeps . and .. in keys: sign the path as it is sent, without normalising it.",
            ),
        };
    }
    Told {
        what: with_both_paths(Words::of("A dot segment was removed after signing"), hypothesis),
        cure: Words::of(match scene.facts.proxy_evidence {
            Some(_) => scene.facts.at_the_proxy(scene.facts.proxy.keep_dots_setting()),
            None => format!("{}.", scene.facts.client.keep_dots_setting()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segments_go_and_slashes_stay() {
        for (path, clean) in [
            ("/b/./k", "/b/k"),
            ("/b/../k", "/k"),
            ("/b//./k", "/b//k"),
            ("/b/k/..", "/b/"),
            ("/b/k/.", "/b/k/"),
            ("/../b", "/b"),
            ("/b/.k", "/b/.k"),
            ("/", "/"),
        ] {
            assert_eq!(without_dots(path.as_bytes()), clean.as_bytes(), "{path}");
        }
    }
}
