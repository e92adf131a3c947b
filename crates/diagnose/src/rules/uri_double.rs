//! URI-DOUBLE: the path was encoded once more, either for the signature or on the wire.

use countersign_sigv4::{decode_percent, encode_uri};

use super::path::{propose_uri, with_signed_path};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 710,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-DOUBLE",
        "The path was encoded twice on one side",
        include_str!("../../pages/URI-DOUBLE.md"),
    )
};

const ON_THE_WIRE: &str = "on the wire";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let path = scene.case.request.path;
    propose_uri(scene, out, encode_uri(&parts.uri, true).into_bytes(), 26, "");
    propose_uri(scene, out, encode_uri(path, true).into_bytes(), 24, "");
    let once = decode_percent(path);
    if once.contains(&b'%') {
        propose_uri(
            scene,
            out,
            encode_uri(&decode_percent(&once), true).into_bytes(),
            26,
            ON_THE_WIRE,
        );
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    if hypothesis.detail == ON_THE_WIRE {
        return Told {
            what: with_signed_path(
                Words::of("The path was encoded a second time after signing"),
                hypothesis,
            ),
            cure: Words::of("Hand the signed URL to the HTTP client as it is (")
                .say(scene.facts.client.finished_link_setting())
                .say(")."),
        };
    }
    Told {
        what: with_signed_path(
            Words::of("The path was encoded twice for the signature"),
            hypothesis,
        ),
        cure: Words::of("S3 encodes it once. ")
            .say(scene.facts.signer.encode_once_setting())
            .say("."),
    }
}
