//! URI-RAW: characters that S3 wants percent-encoded stand bare in the signed path.

use countersign_sigv4::decode_percent;

use super::path::{encode_except, propose_uri, with_signed_path};
use super::prelude::*;
use crate::leaning::verified_here;

pub(crate) static RULE: Rule = Rule {
    weight: 720,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "URI-RAW",
        "The signer did not encode all characters of the path",
        include_str!("../../pages/URI-RAW.md"),
    )
};

const CURE: &str = "Percent-encode every byte of the path except A-Z a-z 0-9 - . _ ~ and / before signing.";

/// What common encoders leave bare beyond the unreserved characters, and their names.
const ENCODERS: [(&[u8], &str); 6] = [
    (b"/!'()*", "as JavaScript's encodeURIComponent writes it"),
    (b"/!#$&'()*+,:;=?@", "as JavaScript's encodeURI writes it"),
    (
        b"/!$&'()*+,:;=@",
        "with every character RFC 3986 allows in a path left bare",
    ),
    (b"/$&+,:=@", "as Go's URL type writes it"),
    (b"/+", "with + left bare"),
    (b"/*", "as a Java URLEncoder leaves it"),
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let path = scene.case.request.path;
    let decoded = decode_percent(path);
    propose_uri(scene, out, path.to_vec(), 15, "as it stands in the URL");
    for (kept, name) in ENCODERS {
        propose_uri(scene, out, encode_except(&decoded, kept), 14, name);
    }
    propose_uri(scene, out, decoded, 13, "without any encoding");
}

/// A client that signs other requests rightly goes wrong where this one differs from them. The usual spellings were tried, so another
/// program with another secret stays likelier.
fn infer(scene: &Scene<'_>) -> Option<Finding> {
    verified_here(scene).filter(|_| scene.is_mismatch())?;
    let decoded = decode_percent(scene.case.request.path);
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    if decoded.iter().all(is_plain) {
        return None;
    }
    let what = Words::of(
        "the path was signed as something else; it holds characters that signers write in different ways",
    );
    Some(Finding::new(Slot::Uri, Proof::Infer, 350, what, Words::of(CURE)))
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = Words::of(format!("The path was signed {}", hypothesis.detail));
    Told {
        what: with_signed_path(what, hypothesis),
        cure: Words::of(CURE),
    }
}
