//! URI-MIXED: a key that was encoded in part was encoded again, and the encoder skipped or doubled what was encoded already.
//!
//! Not here: a path that was encoded twice as a whole (`uri_double`).

use countersign_sigv4::{decode_percent, encode_uri};

use super::path::{encode_except, propose_uri, with_both_paths};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 690,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-MIXED",
        "A path that was encoded in part was encoded again",
        include_str!("../../pages/URI-MIXED.md"),
    )
};

/// Segments that are tried as the only one encoded twice, or once.
const SEGMENTS_MAX: usize = 8;

const SKIPPED: &str = "skipped";
const DOUBLED: &str = "doubled";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let path = scene.case.request.path;
    if !path.contains(&b'%') {
        return;
    }
    let decoded = decode_percent(path);
    // Codes that were there already were left alone: those of the key, or those of the path as it was sent.
    for text in [decoded.as_slice(), path] {
        propose_uri(scene, out, encode_around_codes(text), 25, SKIPPED);
    }
    // What was bare was encoded, and only the percent signs of what was not were doubled.
    propose_uri(scene, out, encode_except(path, b"/!$&'()*+,:;=@"), 23, DOUBLED);
    // One part of the key came encoded, the others did not.
    let segments: Vec<&[u8]> = parts.uri.split(|&b| b == b'/').collect();
    let coded =
        (0..segments.len()).filter(|&n| segments.get(n).is_some_and(|segment| segment.contains(&b'%')));
    for n in coded.take(SEGMENTS_MAX) {
        for (change, detail) in [
            (again as fn(&[u8]) -> Vec<u8>, DOUBLED),
            (once_less as fn(&[u8]) -> Vec<u8>, SKIPPED),
        ] {
            let pieces: Vec<Vec<u8>> = segments
                .iter()
                .enumerate()
                .map(|(m, segment)| if m == n { change(segment) } else { segment.to_vec() })
                .collect();
            propose_uri(scene, out, pieces.join(&b'/'), 24, detail);
        }
    }
}

fn again(segment: &[u8]) -> Vec<u8> {
    encode_uri(segment, true).into_bytes()
}

fn once_less(segment: &[u8]) -> Vec<u8> {
    encode_uri(&decode_percent(&decode_percent(segment)), true).into_bytes()
}

/// Percent-encodes what is neither unreserved nor part of a percent code.
fn encode_around_codes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = rest
            .get(..3)
            .filter(|code| *first == b'%' && code.iter().skip(1).all(u8::is_ascii_hexdigit));
        match code {
            Some(code) => {
                out.extend_from_slice(code);
                rest = rest.get(3..).unwrap_or_default();
            }
            None => {
                out.extend_from_slice(encode_uri(&[*first], true).as_bytes());
                rest = after;
            }
        }
    }
    out
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = if hypothesis.detail == SKIPPED {
        "The signer left percent codes that were in the key already as they were"
    } else {
        "The signer encoded percent codes again that were in a part of the path already"
    };
    Told {
        what: with_both_paths(Words::of(what), hypothesis),
        cure: Words::of(match scene.facts.signer.where_object_key() {
            "" => format!(
                "Encode the plain key once, all of it and nothing twice ({}), for the signature and for the URL.",
                scene.facts.signer.encoder()
            ),
            place => format!(
                "Give the plain key, without any percent codes of your own, as {place}; the client encodes all of it once."
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stay_and_everything_else_is_encoded() {
        for (text, encoded) in [
            ("/b/a%20b c", "/b/a%20b%20c"),
            ("/b/100% a%2f", "/b/100%25%20a%2f"),
            ("/b/%4", "/b/%254"),
            ("/b/(x)%28", "/b/%28x%29%28"),
        ] {
            assert_eq!(encode_around_codes(text.as_bytes()), encoded.as_bytes(), "{text}");
        }
    }
}
