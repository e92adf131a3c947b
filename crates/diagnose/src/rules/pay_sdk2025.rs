//! PAY-SDK2025: the checksum that SDKs add by default since 2025 did not arrive as it was sent.
//!
//! This server takes it in a header and in the trailer of an `aws-chunked` body. Said only where that checksum is what
//! broke: it is lost, its announcement is lost, or it is not that of the body that arrived.

use super::framing::{checksum_slot, is_raw};
use super::hdr_missing::missing;
use super::pay_crc_empty::is_of_nothing;
use super::prelude::*;
use crate::case::BodyFault;

pub(crate) static RULE: Rule = Rule {
    weight: 640,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "PAY-SDK2025",
        "The SDK's default checksum did not arrive intact",
        include_str!("../../pages/PAY-SDK2025.md"),
    )
};

/// What announces a checksum, and what it can say.
const ANNOUNCEMENTS: [(&str, [&str; 5]); 2] = [
    (
        "x-amz-trailer",
        [
            "x-amz-checksum-crc32",
            "x-amz-checksum-crc32c",
            "x-amz-checksum-crc64nvme",
            "x-amz-checksum-sha1",
            "x-amz-checksum-sha256",
        ],
    ),
    (
        "x-amz-sdk-checksum-algorithm",
        ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"],
    ),
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    for name in missing(scene) {
        let known = ANNOUNCEMENTS.iter().find(|(known, _)| *known == name);
        for value in known.iter().flat_map(|(_, values)| values) {
            if let Some(hypothesis) = out.add(Change::Header {
                name: name.clone(),
                value: value.as_bytes().to_vec(),
            }) {
                hypothesis.specificity = 35;
                hypothesis.signed = Some(Value::constant(*value));
            }
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let name = match &hypothesis.change {
        Change::Header { name, .. } => Value::received(name.clone()),
        _ => Value::received(""),
    };
    let what = Words::of("The SDK announced its default checksum in ")
        .value(&name, "a signed header")
        .say(", which did not arrive");
    Told {
        what,
        cure: cure(scene),
    }
}

fn cure(scene: &Scene<'_>) -> Words {
    Words::of("Let proxies pass it on, or send none. ")
        .say(scene.facts.signer.no_default_checksum_setting())
        .say(".")
}

/// Whether the request shows a checksum that an SDK added.
pub(super) fn is_by_default(scene: &Scene<'_>) -> bool {
    scene.has_header("x-amz-sdk-checksum-algorithm") || scene.has_header("x-amz-trailer")
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    match scene.body_fault()? {
        BodyFault::ChecksumMissing => {
            let what = "The SDK says which checksum it adds, but neither header nor trailer has one";
            Some(Finding::new(
                Slot::Header("x-amz-sdk-checksum-algorithm".to_owned()),
                Proof::Exact,
                900,
                Words::of(what),
                cure(scene),
            ))
        }
        BodyFault::Checksum {
            header,
            sent,
            computed,
        } => {
            if !is_by_default(scene) || is_raw(scene) || is_of_nothing(header, sent.as_bytes()) {
                return None;
            }
            let (sent, computed) = (Value::received(sent.clone()), Value::constant(computed.clone()));
            let what = Words::of("The body that arrived does not have the checksum that the SDK computed")
                .framed(" (", &sent, ")", "");
            let cure = "The body changed after the SDK read it: look for a file still being written, a stream read twice, or a proxy that re-encodes.";
            let mut finding = Finding::new(
                checksum_slot(scene, header),
                Proof::Exact,
                890,
                what,
                Words::of(cure),
            );
            (finding.signed, finding.received) = (Some(sent), Some(computed));
            Some(finding)
        }
        _ => None,
    }
}
