//! SEC-BASE64: the base64 text of the secret was used instead of the secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::prelude::*;
use super::secret::{propose_secret, with_secret};

pub(crate) static RULE: Rule = Rule {
    weight: 610,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-BASE64",
        "The base64 text of the secret was used",
        include_str!("../../pages/SEC-BASE64.md"),
    )
};

const WITH_LINE_FEED: &str = " (with a line feed at its end)";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    with_secret(scene, |secret| {
        let once = Zeroizing::new(STANDARD.encode(secret));
        propose_secret(out, &[once.as_bytes()], "");
        propose_secret(out, &[once.as_bytes(), b"\n"], "");
        let twice = Zeroizing::new(STANDARD.encode(once.as_bytes()));
        propose_secret(out, &[twice.as_bytes()], "");
        let line = Zeroizing::new([secret, b"\n"].concat());
        let line = Zeroizing::new(STANDARD.encode(&*line));
        propose_secret(out, &[line.as_bytes()], WITH_LINE_FEED);
    });
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!(
            "The client signed with the base64 text of its secret{}",
            hypothesis.detail
        )),
        cure: Words::of("Decode it for ")
            .say(scene.facts.signer.where_secret())
            .say(", or let Kubernetes inject it: data: holds base64, stringData: plain text."),
    }
}
