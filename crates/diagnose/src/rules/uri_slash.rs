//! URI-SLASH: slashes of the key were signed as `%2F`.

use super::path::{propose_uri, replace, with_signed_path};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 700,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-SLASH",
        "Slashes of the key were signed as %2F",
        include_str!("../../pages/URI-SLASH.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let Some(after_root) = parts.uri.strip_prefix(b"/") else {
        return;
    };
    propose_uri(
        scene,
        out,
        [b"/".as_slice(), &replace(after_root, b"/", b"%2F")].concat(),
        26,
        "",
    );
    if let Some(slash) = after_root.iter().position(|&b| b == b'/') {
        let (bucket, key) = after_root.split_at(slash + 1);
        propose_uri(
            scene,
            out,
            [b"/", bucket, &replace(key, b"/", b"%2F")].concat(),
            28,
            "",
        );
    }
    // Only those slashes that were sent as %2F.
    let path = scene.case.request.path;
    let pieces = replace(path, b"%2f", b"%2F");
    let mut uri = Vec::with_capacity(pieces.len());
    let mut rest = pieces.as_slice();
    while let Some(at) = rest.windows(3).position(|window| window == b"%2F") {
        uri.extend_from_slice(&recode(rest.get(..at).unwrap_or_default()));
        uri.extend_from_slice(b"%2F");
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    uri.extend_from_slice(&recode(rest));
    propose_uri(scene, out, uri, 27, "");
}

fn recode(piece: &[u8]) -> Vec<u8> {
    countersign_sigv4::encode_uri(&countersign_sigv4::decode_percent(piece), true).into_bytes()
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: with_signed_path(Words::of("Slashes of the key were signed as %2F"), hypothesis),
        cure: Words::of("Encode each segment of the key by itself (")
            .say(scene.facts.signer.encoder())
            .say(") and join them with / before signing."),
    }
}
