//! HDR-MD5: `Content-MD5` is not the MD5 of the body, cannot be read, or was signed in another spelling.
//!
//! A body is never hashed for this: where the MD5 differs, the answer holds both already.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::prelude::*;
use crate::case::BodyFault;

pub(crate) static RULE: Rule = Rule {
    weight: 610,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "HDR-MD5",
        "Content-MD5 is not that of the body, or not as it was signed",
        include_str!("../../pages/HDR-MD5.md"),
    )
};

const NAME: &str = "content-md5";
const OF_NOTHING: &str = "as that of no body";
/// The MD5 of no bytes at all.
const MD5_OF_NOTHING: [u8; 16] = [
    0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e,
];
const SPELLING: &str =
    "Write Content-MD5 as base64 of the 16 bytes of the MD5, not of its hex, and send it as it was signed.";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(received) = scene.header(NAME).filter(|_| scene.signs(NAME)) else {
        return;
    };
    let bytes = md5_in(received);
    let hex = bytes.map(hex::encode);
    let spellings = [
        (bytes.map(|bytes| STANDARD.encode(bytes)), "in base64"),
        (hex.clone(), "in hex"),
        (
            hex.as_ref().map(|hex| STANDARD.encode(hex)),
            "in base64 of its hex",
        ),
        (Some(String::new()), "as empty"),
        (Some(STANDARD.encode(MD5_OF_NOTHING)), OF_NOTHING),
    ];
    for (value, how) in spellings {
        let Some(value) = value else { continue };
        let signed = Value::constant(value.clone());
        if let Some(hypothesis) = out.add(Change::Header {
            name: NAME.to_owned(),
            value: value.into_bytes(),
        }) {
            hypothesis.specificity = 30;
            hypothesis.detail = how;
            hypothesis.signed = Some(signed);
            hypothesis.received = Some(Value::received(received));
        }
    }
}

/// The sixteen bytes that a value means, in whichever of the usual spellings.
fn md5_in(value: &[u8]) -> Option<[u8; 16]> {
    let of_hex = |text: &[u8]| <[u8; 16]>::try_from(hex::decode(text).ok()?).ok();
    let decoded = STANDARD.decode(value).ok();
    let direct = decoded
        .as_ref()
        .and_then(|bytes| <[u8; 16]>::try_from(bytes.as_slice()).ok());
    direct
        .or_else(|| of_hex(value))
        .or_else(|| of_hex(decoded.as_deref()?))
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let and_sent = if hypothesis.detail == OF_NOTHING {
        "and sent as that of another one"
    } else {
        "and sent in another spelling"
    };
    Told {
        what: Words::of(format!("Content-MD5 was signed {} {and_sent}", hypothesis.detail)),
        cure: Words::of(SPELLING),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let sent = Value::received(scene.header(NAME)?);
    let (what, cure) = match scene.body_fault()? {
        BodyFault::Md5Malformed if md5_in(&sent.bytes).is_some() => (
            "Content-MD5 is written in hex and must be base64 of the 16 bytes",
            SPELLING,
        ),
        BodyFault::Md5Malformed => ("Content-MD5 is not base64 of 16 bytes", SPELLING),
        BodyFault::Md5 => (
            "The body that arrived does not have the MD5 that Content-MD5 says",
            "Hash the very bytes that are sent; look for a stream that was already read, or a body changed on the way.",
        ),
        _ => return None,
    };
    let mut finding = Finding::new(
        Slot::Header(NAME.to_owned()),
        Proof::Exact,
        895,
        Words::of(what),
        Words::of(cure),
    );
    finding.received = Some(sent);
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_md5_is_read_in_each_usual_spelling() {
        let bytes = [7; 16];
        let hex = hex::encode(bytes);
        for text in [STANDARD.encode(bytes), hex.clone(), STANDARD.encode(&hex)] {
            assert_eq!(md5_in(text.as_bytes()), Some(bytes), "{text}");
        }
        assert_eq!(md5_in(b"no md5"), None);
    }
}
