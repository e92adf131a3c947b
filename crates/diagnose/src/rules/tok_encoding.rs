//! TOK-ENCODING: the session token in the link is percent-encoded otherwise than it was signed.

use countersign_sigv4::{decode_percent, encode_uri};

use super::prelude::*;
use super::query::with_value;
use super::tok_unsigned::PARAMETER;

pub(crate) static RULE: Rule = Rule {
    weight: 740,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "TOK-ENCODING",
        "The session token in the link is encoded otherwise than it was signed",
        include_str!("../../pages/TOK-ENCODING.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let (Some(parts), Some(token)) = (&scene.parts, scene.query(PARAMETER)) else {
        return;
    };
    if !scene.is_presigned() {
        return;
    }
    let once = encode_uri(&token, false);
    let plus = token.iter().map(|&b| if b == b' ' { b'+' } else { b });
    let plus = encode_uri(&plus.collect::<Vec<u8>>(), false);
    for (value, how) in [
        // What was sent twice encoded looks, decoded once, like one that was signed bare; the first of equals is told.
        (
            encode_uri(&decode_percent(&token), false).into_bytes(),
            "was encoded once for signing and twice for sending",
        ),
        (
            encode_uri(once.as_bytes(), false).into_bytes(),
            "was encoded twice for signing and once for sending",
        ),
        (token.clone(), "was signed without any encoding"),
        (
            plus.into_bytes(),
            "holds a + that was signed as %2B and sent bare, which means a blank",
        ),
        (
            once.replace("%2B", "%20").into_bytes(),
            "holds a + that was signed as a blank",
        ),
        (
            once.replace("%2B", "+").into_bytes(),
            "holds a + that was signed bare",
        ),
        (
            once.replace("%2F", "/").into_bytes(),
            "holds slashes that were signed bare",
        ),
    ] {
        if let Some(hypothesis) = out.add(Change::Query(with_value(&parts.query, PARAMETER, &value))) {
            hypothesis.specificity = 28;
            hypothesis.detail = how;
        }
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The session token in the link {}", hypothesis.detail)),
        cure: Words::of(
            "Percent-encode it exactly once, the same for signing and for sending; + is %2B and / is %2F.",
        ),
    }
}
