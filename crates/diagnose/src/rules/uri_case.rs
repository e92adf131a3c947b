//! URI-CASE: capitals of the path were lost on one side.
//!
//! Which letters were capitals cannot be seen any more. A signer that made small letters of what it sent in capitals is proven;
//! the other way round, what people write in capitals is tried: an extension, a file name, a whole key, the first letters.

use super::path::{propose_uri, with_both_paths};
use super::prefix::original;
use super::prelude::*;
use crate::hypothesis::BY_THE_SIGNER;

pub(crate) static RULE: Rule = Rule {
    weight: 480,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-CASE",
        "Capital letters of the path were changed",
        include_str!("../../pages/URI-CASE.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let uri = parts.uri.as_slice();
    for path in original(scene) {
        if path.bytes.eq_ignore_ascii_case(uri) {
            propose_uri(scene, out, path.bytes, 42, "");
        }
    }
    // Percent codes are no letters.
    let lower = letters(uri, |_, byte| byte.to_ascii_lowercase());
    if lower != uri {
        propose_uri(scene, out, lower, 31, BY_THE_SIGNER);
        return;
    }
    let segments = uri.split(|&b| b == b'/').count();
    let is_key = |place: Place| place.segment >= 2;
    let is_name = |place: Place| place.segment + 1 == segments;
    let upper: [fn(Place) -> bool; 2] = [|place| place.is_extension, |place| place.is_first];
    for is_capital in upper {
        propose_uri(
            scene,
            out,
            letters(uri, |place, byte| {
                capital_if(is_key(place) && is_capital(place), byte)
            }),
            31,
            "",
        );
    }
    propose_uri(
        scene,
        out,
        letters(uri, |place, byte| {
            capital_if(is_key(place) && is_name(place), byte)
        }),
        31,
        "",
    );
    propose_uri(
        scene,
        out,
        letters(uri, |place, byte| {
            capital_if(is_key(place) && is_name(place) && !place.is_extension, byte)
        }),
        31,
        "",
    );
    propose_uri(
        scene,
        out,
        letters(uri, |place, byte| capital_if(is_key(place), byte)),
        31,
        "",
    );
}

/// Where a letter stands in a path.
#[derive(Clone, Copy)]
struct Place {
    /// In path style 1 is the bucket's.
    segment: usize,
    /// Whether it begins a segment.
    is_first: bool,
    /// Whether it stands behind the last dot of a segment.
    is_extension: bool,
}

fn capital_if(is_capital: bool, byte: u8) -> u8 {
    if is_capital {
        byte.to_ascii_uppercase()
    } else {
        byte
    }
}

/// The path with each letter changed, percent codes left alone.
fn letters(uri: &[u8], change: impl Fn(Place, u8) -> u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(uri.len());
    for (segment, text) in uri.split(|&b| b == b'/').enumerate() {
        if segment > 0 {
            out.push(b'/');
        }
        let dot = text.iter().rposition(|&b| b == b'.').unwrap_or(text.len());
        let mut code_ends = 0;
        for (at, &byte) in text.iter().enumerate() {
            if byte == b'%' {
                code_ends = at + 3;
            }
            let place = Place {
                segment,
                is_first: at == 0,
                is_extension: at > dot,
            };
            out.push(if at < code_ends { byte } else { change(place, byte) });
        }
    }
    out
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    if hypothesis.detail == BY_THE_SIGNER {
        return Told {
            what: with_both_paths(
                Words::of("The path was signed in small letters, but sent with capitals"),
                hypothesis,
            ),
            cure: Words::of(
                "Sign the path as it is sent; keys with capitals and without are different objects.",
            ),
        };
    }
    let what = format!(
        "Capital letters of the path were made small {}",
        scene.facts.where_changed()
    );
    Told {
        what: with_both_paths(Words::of(what), hypothesis),
        cure: Words::of(match scene.facts.proxy_evidence {
            Some(_) => format!(
                "Keys with capitals and without are different objects. {}",
                scene.facts.at_the_proxy(scene.facts.proxy.keep_capitals_setting())
            ),
            None => "Keep the case of the path (no lower-casing in the proxy or framework); keys with capitals and without are different objects."
                .to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_change_and_percent_codes_stay() {
        let upper = |path: &str| letters(path.as_bytes(), |_, byte| byte.to_ascii_uppercase());
        assert_eq!(upper("/b/a%2fb.jpg"), b"/B/A%2fB.JPG");
        let extension = letters(b"/b.c/img.0.jpg", |place, byte| {
            capital_if(place.is_extension && place.segment == 2, byte)
        });
        assert_eq!(extension, b"/b.c/img.0.JPG");
    }
}
