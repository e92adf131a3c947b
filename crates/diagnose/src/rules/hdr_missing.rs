//! HDR-MISSING: a header is named in SignedHeaders but did not arrive.
//!
//! The name is certain from the request; its value is proven where it is one of a small known set.

use super::content_type;
use super::prelude::*;
use super::tok_unsigned::HEADER;

pub(crate) static RULE: Rule = Rule {
    weight: 860,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "HDR-MISSING",
        "A signed header was not sent",
        include_str!("../../pages/HDR-MISSING.md"),
    )
};

const VALUES: [(&str, &[&str]); 12] = [
    (
        "x-amz-acl",
        &[
            "public-read",
            "private",
            "public-read-write",
            "authenticated-read",
            "bucket-owner-full-control",
            "bucket-owner-read",
            "aws-exec-read",
        ],
    ),
    (
        "x-amz-server-side-encryption",
        &["AES256", "aws:kms", "aws:kms:dsse"],
    ),
    (
        "x-amz-storage-class",
        &[
            "STANDARD",
            "STANDARD_IA",
            "REDUCED_REDUNDANCY",
            "ONEZONE_IA",
            "INTELLIGENT_TIERING",
            "GLACIER",
            "DEEP_ARCHIVE",
        ],
    ),
    (
        "x-amz-content-sha256",
        &["UNSIGNED-PAYLOAD", countersign_sigv4::EMPTY_SHA256],
    ),
    (
        "x-amz-sdk-checksum-algorithm",
        &["CRC32", "CRC32C", "SHA256", "SHA1", "CRC64NVME"],
    ),
    ("x-amz-request-payer", &["requester"]),
    ("content-disposition", &["attachment", "inline"]),
    ("content-encoding", &["gzip", "aws-chunked", "br", "identity"]),
    (
        "cache-control",
        &[
            "no-cache",
            "no-store",
            "public, max-age=31536000",
            "max-age=31536000",
            "max-age=3600",
        ],
    ),
    (
        "accept-encoding",
        &["identity", "gzip", "gzip, deflate", "gzip, deflate, br"],
    ),
    ("expect", &["100-continue"]),
    ("content-length", &["0"]),
];

/// Signed headers that did not arrive, lower case, the host aside.
pub(super) fn missing(scene: &Scene<'_>) -> impl Iterator<Item = String> {
    let names = scene
        .claim()
        .map(|claim| claim.signed_headers.as_slice())
        .unwrap_or_default();
    let names = names.iter().map(|name| name.to_ascii_lowercase());
    names.filter(|name| !matches!(name.as_str(), "host" | ":authority") && !scene.has_header(name))
}

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    for name in missing(scene) {
        let known = VALUES.iter().find(|(known, _)| *known == name);
        let values: Vec<Vec<u8>> = match known {
            Some((_, values)) => values.iter().map(|value| value.as_bytes().to_vec()).collect(),
            None if name == "content-type" => content_type::candidates(scene),
            None => Vec::new(),
        };
        for value in values {
            if let Some(hypothesis) = out.add(Change::Header {
                name: name.clone(),
                value: value.clone(),
            }) {
                hypothesis.specificity = 30;
                hypothesis.signed = Some(Value::constant(value));
            }
        }
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let Change::Header { name, .. } = &hypothesis.change else {
        return Told {
            what: Words::of(RULE.title),
            cure: Words::of("Send every signed header."),
        };
    };
    let name = Value::received(name.as_bytes());
    let empty = Value::constant("");
    let value = hypothesis.signed.as_ref().unwrap_or(&empty);
    Told {
        what: Words::of("The signed header ")
            .value(&name, "named in slot")
            .say(" did not arrive"),
        cure: Words::of("Send it exactly as it was signed")
            .framed(": ", value, "", "")
            .say(". If it was sent, a proxy removed it."),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() {
        return None;
    }
    // A session token has its own cause.
    let names: Vec<String> = missing(scene).filter(|name| name != HEADER).take(8).collect();
    let first = names.first()?.clone();
    // They stand in the canonical request of the answer.
    let list = Value::answered(names.join(", "));
    let what = Words::of("The request says that it signs ")
        .value(&list, "headers")
        .say(", which did not arrive");
    let cure = match (scene.is_presigned(), names.len()) {
        (true, 1) => "The request must send it with the value given when the URL was made.",
        (true, _) => "The request must send each with the value given when the URL was made.",
        (false, 1) => {
            "Send it as it was signed, or take it out of SignedHeaders. If it was sent, a proxy removed it."
        }
        (false, _) => {
            "Send each as it was signed, or take it out of SignedHeaders. If they were sent, a proxy removed them."
        }
    };
    let cure = Words::of(cure);
    Some(Finding::new(Slot::Header(first), Proof::Exact, 900, what, cure))
}
