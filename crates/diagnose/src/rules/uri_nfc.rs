//! URI-NFC: the key was composed or decomposed, as macOS and some libraries do with accents.

use countersign_sigv4::{decode_percent, encode_uri};
use unicode_normalization::UnicodeNormalization;

use super::path::{propose_uri, with_both_paths};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 590,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-NFC",
        "The accents of the key were composed differently",
        include_str!("../../pages/URI-NFC.md"),
    )
};

const COMPOSED: &str = "composed (NFC)";
const DECOMPOSED: &str = "decomposed (NFD)";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let decoded = decode_percent(&parts.uri);
    let Ok(path) = std::str::from_utf8(&decoded) else {
        return;
    };
    if path.is_ascii() {
        return;
    }
    for (text, form) in [
        (path.nfc().collect::<String>(), COMPOSED),
        (path.nfd().collect(), DECOMPOSED),
        (path.nfkc().collect(), "in compatibility form (NFKC)"),
    ] {
        propose_uri(
            scene,
            out,
            encode_uri(text.as_bytes(), true).into_bytes(),
            34,
            form,
        );
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = format!(
        "The key was signed {}, but sent in another form",
        hypothesis.detail
    );
    Told {
        what: with_both_paths(Words::of(what), hypothesis),
        cure: Words::of("Normalise the key once, before signing, and build the URL from the same bytes."),
    }
}
