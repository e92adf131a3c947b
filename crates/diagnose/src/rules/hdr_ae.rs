//! HDR-AE: Accept-Encoding was signed, and a proxy or CDN rewrote or removed it.

use super::header::{difference, leave_it_alone, likely, propose_changed};
use super::path::replace;
use super::prelude::*;
use crate::facts::Proxy;

pub(crate) static RULE: Rule = Rule {
    weight: 785,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HDR-AE",
        "Accept-Encoding was changed on the way",
        include_str!("../../pages/HDR-AE.md"),
    )
};

const NAME: &str = "accept-encoding";

/// What clients sign.
const VALUES: [&str; 11] = [
    "identity",
    "gzip",
    "gzip, deflate",
    "gzip, deflate, br",
    "gzip, deflate, br, zstd",
    "gzip, br",
    "gzip,deflate",
    "gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
    "br, gzip, deflate",
    "*",
    "",
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let received = scene.header(NAME).unwrap_or_default();
    // Google's front end marks what it changed.
    let unmarked = replace(&replace(received, b",gzip(gfe)", b""), b", gzip(gfe)", b"");
    let values = VALUES.iter().map(|value| value.as_bytes().to_vec());
    for value in values.chain(std::iter::once(unmarked)) {
        propose_changed(scene, out, NAME, value, 850);
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: difference(scene, hypothesis),
        cure: cure(scene),
    }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() || !scene.signs(NAME) {
        return None;
    }
    let score = match (scene.facts.proxy, scene.facts.proxy_evidence) {
        (Proxy::Cloudflare | Proxy::CloudFront, _) => 680,
        (_, Some(_)) => 560,
        (_, None) => 320,
    };
    Some(likely(
        scene,
        NAME,
        score,
        "was rewritten by a proxy",
        cure(scene),
    ))
}

fn cure(scene: &Scene<'_>) -> Words {
    match scene.facts.proxy.accept_encoding_cure() {
        Some(cure) => Words::of(cure),
        None => leave_it_alone(scene, scene.facts.signer.unsigned_accept_encoding()),
    }
}
