//! PAY-CRC-EMPTY: the checksum of an empty body was signed or sent for a body that is not empty.
//!
//! An SDK that makes a link computes its default checksum before there is a body. In the link itself S3 passes it over; as a
//! header it counts.

use countersign_sigv4::hoisted_contradiction;

use super::framing::checksum_slot;
use super::prelude::*;
use crate::case::BodyFault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "PAY-CRC-EMPTY",
        "The checksum of an empty body was sent",
        include_str!("../../pages/PAY-CRC-EMPTY.md"),
    )
};

/// Checksums of nothing, as S3 writes them.
const OF_NOTHING: [(&str, &str); 5] = [
    ("x-amz-checksum-crc32", "AAAAAA=="),
    ("x-amz-checksum-crc32c", "AAAAAA=="),
    ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
    ("x-amz-checksum-sha1", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
    (
        "x-amz-checksum-sha256",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ),
];

/// The header whose checksum of nothing contradicts what stands in the link.
pub(super) fn in_link(scene: &Scene<'_>) -> Option<String> {
    let name = hoisted_contradiction(&scene.case.request, scene.claim()?)?;
    is_of_nothing(&name, &scene.query(&name)?).then_some(name)
}

/// Whether the value that this header carries is the checksum of an empty body.
pub(super) fn is_of_nothing(header: &str, value: &[u8]) -> bool {
    OF_NOTHING
        .iter()
        .any(|(known, of_nothing)| *known == header && of_nothing.as_bytes() == value)
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if let Some(name) = in_link(scene) {
        let shown = Value::received(name.clone());
        let what = Words::of("The link was made with the checksum of an empty body in ")
            .value(&shown, "the query")
            .say(", and the upload sends another one as a header");
        let mut finding = Finding::new(Slot::Header(name), Proof::Exact, 895, what, cure(scene));
        finding.also = vec!["HDR-HOISTED"];
        return Some(finding);
    }
    let (Some(BodyFault::Checksum { header, sent, .. }), Some(body)) = (scene.body_fault(), &scene.case.body)
    else {
        return None;
    };
    if !is_of_nothing(header, sent.as_bytes()) || body.bytes == 0 {
        return None;
    }
    let (name, value) = (Value::received(header.clone()), Value::received(sent.clone()));
    let what = Words::of("The checksum in ")
        .value(&name, "the request")
        .framed(" (", &value, ")", "")
        .say(format!(
            " is that of an empty body, but {} bytes arrived",
            body.bytes
        ));
    let mut finding = Finding::new(checksum_slot(scene, header), Proof::Exact, 912, what, cure(scene));
    finding.signed = Some(value);
    Some(finding)
}

fn cure(scene: &Scene<'_>) -> Words {
    Words::of(scene.facts.signer.no_default_checksum_setting())
        .say(" where the link is made, or send the checksum of the body.")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha1::Digest as _;

    use super::*;

    #[test]
    fn the_checksums_of_nothing_are_those_of_nothing() {
        let known = |name: &str| {
            let found = OF_NOTHING.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let sha1 = STANDARD.encode(sha1::Sha1::digest(b""));
        let sha256 = STANDARD.encode(sha2::Sha256::digest(b""));
        assert_eq!(known("x-amz-checksum-sha1"), Some(sha1));
        assert_eq!(known("x-amz-checksum-sha256"), Some(sha256));
        // A CRC of nothing is zero: its initial value and its final one cancel out.
        assert_eq!(known("x-amz-checksum-crc32"), Some(STANDARD.encode([0; 4])));
        assert_eq!(known("x-amz-checksum-crc64nvme"), Some(STANDARD.encode([0; 8])));
    }
}
