//! SEC-URLENC: the secret reached the signer URL-encoded.
//!
//! Not here: the decoded forms (`+` read as a blank, `%2F` as `/`), which lose what was there before.

use countersign_sigv4::{encode_uri, lower_escapes};
use zeroize::Zeroizing;

use super::prelude::*;
use super::secret::{propose_secret, replaced, with_secret};

pub(crate) static RULE: Rule = Rule {
    weight: 620,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-URLENC",
        "The secret was URL-encoded",
        include_str!("../../pages/SEC-URLENC.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    with_secret(scene, |secret| {
        let encoded = Zeroizing::new(encode_uri(secret, false));
        propose_secret(out, &[encoded.as_bytes()], "");
        let lower = Zeroizing::new(lower_escapes(&encoded));
        propose_secret(out, &[lower.as_bytes()], "");
        // Encoding some characters and leaving `%` alone can be undone only if the secret has no `%` itself.
        if !secret.contains(&b'%') {
            for (from, to) in [
                (b'/', &b"%2F"[..]),
                (b'/', b"%2f"),
                (b'+', b"%2B"),
                (b'+', b"%2b"),
                (b'=', b"%3D"),
            ] {
                propose_secret(out, &[&replaced(secret, from, to)], "");
            }
        }
    });
}

fn tell(scene: &Scene<'_>, _: &Hypothesis) -> Told {
    Told {
        what: Words::of("The client signed with the URL-encoded form of its secret"),
        cure: Words::of("Write the secret as it is into ")
            .say(scene.facts.signer.where_secret())
            .say(". If it comes from a connection string, decode it first."),
    }
}
