//! HDR-MISSING: a header is named in SignedHeaders but did not arrive.
//!
//! The name is certain from the request; its value is proven where it is one of a small known set.

use super::prelude::*;
use super::tok_unsigned::HEADER;
use super::{content_type, hdr_casemap};
use crate::facts::Proxy;
use crate::weights::EVIDENT;

pub(crate) static RULE: Rule = Rule {
    weight: EVIDENT,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "HDR-MISSING",
        "A signed header was not sent",
        include_str!("../../pages/HDR-MISSING.md"),
    )
};

const VALUES: [(&str, &[&str]); 24] = [
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
    ("content-language", &["en", "en-US"]),
    ("content-md5", &[EMPTY_MD5]),
    ("x-amz-checksum-mode", &["ENABLED"]),
    ("x-amz-checksum-crc32", &["AAAAAA=="]),
    (
        "x-amz-checksum-algorithm",
        &["CRC32", "SHA256", "CRC32C", "SHA1", "CRC64NVME"],
    ),
    ("x-amz-metadata-directive", &["REPLACE", "COPY"]),
    ("x-amz-tagging-directive", &["REPLACE", "COPY"]),
    ("x-amz-object-lock-mode", &["GOVERNANCE", "COMPLIANCE"]),
    ("x-amz-object-lock-legal-hold", &["ON", "OFF"]),
    ("x-amz-server-side-encryption-customer-algorithm", &["AES256"]),
    ("x-amz-bypass-governance-retention", &["true"]),
    (
        "x-amz-trailer",
        &[
            "x-amz-checksum-crc32",
            "x-amz-checksum-sha256",
            "x-amz-checksum-crc64nvme",
        ],
    ),
];
/// The MD5 of nothing, base64.
const EMPTY_MD5: &str = "1B2M2Y8AsgTpgAmY7PhCfg==";

/// Signed headers that did not arrive, lower case, the host aside.
pub(super) fn missing(scene: &Scene<'_>) -> impl Iterator<Item = String> {
    let names = scene
        .claim()
        .map(|claim| claim.signed_headers.as_slice())
        .unwrap_or_default();
    let names = names.iter().map(|name| name.to_ascii_lowercase());
    // A name in the letters of another language has its own cause.
    let is_meant_otherwise =
        |name: &str| hdr_casemap::meant(name).is_some_and(|meant| scene.has_header(&meant));
    names.filter(move |name| {
        !matches!(name.as_str(), "host" | ":authority")
            && !scene.has_header(name)
            && !is_meant_otherwise(name)
    })
}

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    for name in missing(scene) {
        let known = VALUES.iter().find(|(known, _)| *known == name);
        let values: Vec<Vec<u8>> = match known {
            Some((_, values)) => values.iter().map(|value| value.as_bytes().to_vec()).collect(),
            None if name == "content-type" => content_type::candidates(scene),
            None if matches!(name.as_str(), "date" | "x-amz-date") => times(scene),
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

/// The time of signing, as headers have it: browsers do not let a page set `Date`.
fn times(scene: &Scene<'_>) -> Vec<Vec<u8>> {
    let Some(claim) = scene.claim() else {
        return Vec::new();
    };
    let http = super::clock::http_date_text(claim.time);
    vec![claim.timestamp.as_bytes().to_vec(), http.into_bytes()]
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
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
            .say(". ")
            .say(if_sent(scene, &name.bytes)),
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
    let them = if names.len() == 1 { "it" } else { "each" };
    let cure = if scene.is_presigned() {
        let how = match scene.facts.client.where_headers() {
            "" => String::new(),
            place => format!(" ({place})"),
        };
        format!("The request must send {them} with the value given when the URL was made{how}.")
    } else {
        let lost = if_sent(scene, first.as_bytes());
        format!("Send {them} as it was signed, or take it out of SignedHeaders. {lost}")
    };
    let cure = Words::of(cure);
    Some(Finding::new(Slot::Header(first), Proof::Exact, 900, what, cure))
}

/// What to do if the client did send it.
fn if_sent(scene: &Scene<'_>, name: &[u8]) -> String {
    if scene.facts.proxy_evidence.is_none() {
        return "If it was sent, a proxy removed it.".to_owned();
    }
    let setting = match scene.facts.proxy {
        // Both drop such names of their own accord.
        Proxy::Nginx | Proxy::IngressNginx if name.contains(&b'_') => {
            scene.facts.at_the_proxy("set: underscores_in_headers on;")
        }
        _ => format!("{}.", scene.facts.leave_header_setting()),
    };
    format!("If it was sent, it was removed on the way. {setting}")
}
