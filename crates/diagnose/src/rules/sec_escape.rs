//! SEC-ESCAPE: backslashes were added to the secret by JSON, YAML or a shell.
//!
//! Not here: expanded `$` words, which delete a part of the secret.

use super::prelude::*;
use super::secret::{propose_secret, replaced, with_secret};

pub(crate) static RULE: Rule = Rule {
    weight: 560,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-ESCAPE",
        "Backslashes were added to the secret",
        include_str!("../../pages/SEC-ESCAPE.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    with_secret(scene, |secret| {
        for (from, to) in [
            (b'/', &b"\\/"[..]),
            (b'\\', b"\\\\"),
            (b'$', b"\\$"),
            (b'"', b"\\\""),
            (b'+', b"\\+"),
        ] {
            propose_secret(out, &[&replaced(secret, from, to)], "");
        }
    });
}

fn tell(scene: &Scene<'_>, _: &Hypothesis) -> Told {
    Told {
        what: Words::of("The client's secret contains backslashes that were added by escaping"),
        cure: Words::of("Remove them from ")
            .say(scene.facts.signer.where_secret())
            .say(". Write the secret in single quotes, or read it from a file."),
    }
}
