//! Values of Content-Type that clients sign, shared by the rules about it.
//!
//! Not here: which rule a difference belongs to.

use super::prelude::*;
use countersign_sigv4::decode_percent;

const USUAL: [&str; 12] = [
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
    "application/json",
    "image/jpeg",
    "image/png",
    "image/webp",
    "application/pdf",
    "text/html",
    "image/*",
];

const BY_EXTENSION: [(&str, &[&str]); 26] = [
    ("txt", &["text/plain"]),
    ("md", &["text/markdown", "text/x-markdown"]),
    ("html", &["text/html"]),
    ("css", &["text/css"]),
    ("csv", &["text/csv", "application/vnd.ms-excel"]),
    ("js", &["text/javascript", "application/javascript"]),
    ("json", &["application/json"]),
    ("xml", &["application/xml", "text/xml"]),
    ("jpg", &["image/jpeg", "image/jpg"]),
    ("jpeg", &["image/jpeg", "image/jpg"]),
    ("png", &["image/png"]),
    ("gif", &["image/gif"]),
    ("svg", &["image/svg+xml"]),
    ("webp", &["image/webp"]),
    ("heic", &["image/heic"]),
    ("mp4", &["video/mp4"]),
    ("mov", &["video/quicktime"]),
    ("webm", &["video/webm"]),
    ("mp3", &["audio/mpeg", "audio/mp3"]),
    ("wav", &["audio/wav", "audio/x-wav"]),
    ("pdf", &["application/pdf"]),
    ("zip", &["application/zip", "application/x-zip-compressed"]),
    ("gz", &["application/gzip", "application/x-gzip"]),
    ("doc", &["application/msword"]),
    (
        "docx",
        &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
    ),
    (
        "xlsx",
        &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
    ),
];

/// Types the client may have signed, those of the key's extension first.
pub(super) fn candidates(scene: &Scene<'_>) -> Vec<Vec<u8>> {
    let by_extension = by_extension(scene);
    let mut types: Vec<Vec<u8>> = Vec::new();
    let listed = by_extension.iter().chain(USUAL.iter());
    for value in listed
        .map(|value| value.as_bytes().to_vec())
        .chain(std::iter::once(Vec::new()))
    {
        if !types.contains(&value) {
            types.push(value);
        }
    }
    types
}

/// The types of the key's extension.
fn by_extension(scene: &Scene<'_>) -> &'static [&'static str] {
    let path = decode_percent(scene.case.request.path);
    let extension = path
        .rsplit(|&b| b == b'.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let listed = BY_EXTENSION.iter().find(|(name, _)| name.as_bytes() == extension);
    listed.map(|(_, types)| *types).unwrap_or_default()
}

/// Whether the type received is the one that a signer, too, would have taken for this key.
pub(super) fn is_usual_for_the_key(scene: &Scene<'_>) -> bool {
    by_extension(scene)
        .iter()
        .any(|value| value.as_bytes() == received(scene))
}

/// The value received, empty if there was none.
pub(super) fn received<'a>(scene: &Scene<'a>) -> &'a [u8] {
    scene.header("content-type").unwrap_or_default()
}

/// Type and subtype without parameters.
pub(super) fn essence(value: &[u8]) -> &[u8] {
    value
        .split(|&b| b == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii()
}

/// Proposes that Content-Type was signed with this value.
pub(super) fn propose_type(
    scene: &Scene<'_>,
    out: &mut Proposals<'_>,
    value: Vec<u8>,
    weight: u32,
    specificity: u32,
) {
    let change = Change::Header {
        name: "content-type".to_owned(),
        value: value.clone(),
    };
    if let Some(hypothesis) = out.add(change) {
        hypothesis.weight = weight;
        hypothesis.specificity = specificity;
        hypothesis.signed = Some(Value::constant(value));
        hypothesis.received = Some(Value::received(received(scene)));
    }
}
