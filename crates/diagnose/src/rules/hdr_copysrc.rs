//! HDR-COPYSRC: `x-amz-copy-source` was signed in one spelling and sent in another.

use countersign_sigv4::{decode_percent, encode_uri};

use super::charset::{as_latin_1, utf_8_of_latin_1};
use super::header::propose_value;
use super::path::encode_except;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 670,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HDR-COPYSRC",
        "The copy source was signed and sent in two spellings",
        include_str!("../../pages/HDR-COPYSRC.md"),
    )
};

const NAME: &str = "x-amz-copy-source";
const VERSION: &[u8] = b"?versionId=";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(value) = scene.header(NAME) else { return };
    let cut = value.windows(VERSION.len()).rposition(|window| window == VERSION);
    let (source, version) = value
        .split_at_checked(cut.unwrap_or(value.len()))
        .unwrap_or((value, b""));
    let decoded = decode_percent(source);
    let mut spellings = vec![
        (encode_uri(&decoded, true).into_bytes(), "percent-encoded"),
        (decoded.clone(), "without any encoding"),
        (
            encode_uri(&decoded, false).into_bytes(),
            "with its slashes encoded",
        ),
        (encode_uri(source, true).into_bytes(), "percent-encoded twice"),
        (
            encode_except(&decoded, b"/!#$&'()*+,:;=?@"),
            "as JavaScript's encodeURI writes it",
        ),
        (
            encode_except(&decoded, b"/!'()*"),
            "as JavaScript's encodeURIComponent writes it",
        ),
        (utf_8_of_latin_1(source), "in UTF-8, and sent in Latin-1"),
    ];
    if let Some(latin_1) = std::str::from_utf8(source).ok().and_then(as_latin_1) {
        spellings.push((latin_1, "in Latin-1, and sent in UTF-8"));
    }
    let plain = spellings.clone();
    for (spelling, how) in plain {
        add(scene, out, [&spelling, version].concat(), how, 36);
    }
    for (spelling, _) in spellings.iter().take(2).chain([&(source.to_vec(), "")]) {
        let (other, how) = match spelling.strip_prefix(b"/") {
            Some(rest) => (rest.to_vec(), "without the slash in front of the bucket"),
            None => (
                [b"/", spelling.as_slice()].concat(),
                "with a slash in front of the bucket",
            ),
        };
        add(scene, out, [&other, version].concat(), how, 36);
    }
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, value: Vec<u8>, how: &'static str, specificity: u32) {
    if let Some(hypothesis) = propose_value(scene, out, NAME, value) {
        hypothesis.specificity = specificity;
        hypothesis.detail = how;
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = Words::of(format!("The copy source was signed {}", hypothesis.detail));
    let empty = Value::constant("");
    let signed = hypothesis.signed.as_ref().unwrap_or(&empty);
    let received = hypothesis.received.as_ref().unwrap_or(&empty);
    Told {
        what: what
            .framed(": ", signed, "", "")
            .framed("; this server received ", received, "", ""),
        cure: Words::of(scene.facts.signer.copy_source_setting()).say("."),
    }
}
