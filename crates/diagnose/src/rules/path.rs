//! What the rules about the spelling of the path share.
//!
//! Not here: decoding of our own; the signature crate has the only decoder.

use super::prelude::*;

/// Proposes that the canonical path was this text; the returned reference may be refined.
pub(super) fn propose_uri<'a>(
    scene: &Scene<'_>,
    out: &'a mut Proposals<'_>,
    uri: Vec<u8>,
    specificity: u32,
    detail: &'static str,
) -> Option<&'a mut Hypothesis> {
    let parts = scene.parts.as_ref()?;
    let hypothesis = out.add(Change::Uri(uri.clone()))?;
    hypothesis.specificity = specificity;
    hypothesis.signed = Some(Value::constant(uri));
    hypothesis.received = Some(Value::answered(parts.uri.clone()));
    hypothesis.detail = detail;
    Some(hypothesis)
}

/// Percent-encodes everything but unreserved bytes and these.
pub(super) fn encode_except(bytes: &[u8], kept: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

/// `from` replaced by `to` everywhere.
pub(super) fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        match rest.strip_prefix(from) {
            Some(after) if !from.is_empty() => {
                out.extend_from_slice(to);
                rest = after;
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

/// The path with a slash at its end, or without the one it has.
pub(super) fn with_other_end(uri: &[u8]) -> Vec<u8> {
    match uri.strip_suffix(b"/") {
        Some(rest) => rest.to_vec(),
        None => [uri, b"/"].concat(),
    }
}

/// `: the client signed …; this server received …`, where they may be shown.
pub(super) fn with_both_paths(words: Words, hypothesis: &Hypothesis) -> Words {
    let words = with_signed_path(words, hypothesis);
    match &hypothesis.received {
        Some(received) => words.framed("; this server received ", received, "", ""),
        None => words,
    }
}

/// ` (signed as …)`, where the signed path may be shown.
pub(super) fn with_signed_path(words: Words, hypothesis: &Hypothesis) -> Words {
    match &hypothesis.signed {
        Some(signed) => words.framed(": the client signed ", signed, "", ""),
        None => words,
    }
}
