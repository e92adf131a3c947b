//! Paths that the request may have had before a proxy rewrote them, shared by the rules about path prefixes.
//!
//! Not here: merged slashes (`uri_merge`).

use super::prelude::*;
use crate::words::Origin;

/// Headers in which proxies say which prefix they removed.
const PREFIX_HEADERS: [&str; 2] = ["x-forwarded-prefix", "x-script-name"];
/// Headers in which proxies say which path they received.
const PATH_HEADERS: [&str; 5] = [
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
    "x-forwarded-uri",
    "x-envoy-original-path",
];
/// Longest path that is taken from a header.
const PATH_BYTES_MAX: usize = 1_024;

/// Prefixes under which people put an object store.
pub(super) const USUAL: [&str; 14] = [
    "/s3",
    "/minio",
    "/storage",
    "/api",
    "/v1",
    "/oss",
    "/dev",
    "/prod",
    "/objects",
    "/files",
    "/bucket",
    "/api/s3",
    "/api/v1",
    "/storage/v1/s3",
];

/// Prefixes that may have stood before the received path, without a slash at the end; those the request names first.
pub(super) fn removed(scene: &Scene<'_>) -> Vec<Value> {
    let named = PREFIX_HEADERS.iter().filter_map(|name| scene.header(name));
    let mut prefixes: Vec<Value> = named
        .filter(|value| value.starts_with(b"/") && value.len() <= PATH_BYTES_MAX)
        .map(|value| Value::received(recoded(value)))
        .collect();
    let own = scene.parts.as_ref().map(|parts| parts.uri.as_slice());
    for path in original(scene) {
        if let Some(prefix) = own.and_then(|own| path.bytes.strip_suffix(own)) {
            prefixes.push(Value::received(prefix));
        }
    }
    prefixes.extend(USUAL.iter().map(|prefix| Value::constant(prefix.as_bytes())));
    for prefix in &mut prefixes {
        while prefix.bytes.ends_with(b"/") {
            prefix.bytes.pop();
        }
    }
    prefixes.retain(|prefix| !prefix.bytes.is_empty());
    prefixes
}

/// Canonical forms of the paths that proxies say they received.
pub(super) fn original(scene: &Scene<'_>) -> Vec<Value> {
    let named = PATH_HEADERS.iter().filter_map(|name| scene.header(name));
    let paths = named.filter_map(|value| value.split(|&b| b == b'?').next());
    paths
        .filter(|path| path.starts_with(b"/") && path.len() <= PATH_BYTES_MAX)
        .map(|path| Value::received(recoded(path)))
        .collect()
}

/// Whether the request itself names this value, so that it is more than a guess.
pub(super) fn is_named(value: &Value) -> bool {
    value.origin == Origin::Received
}

fn recoded(path: &[u8]) -> Vec<u8> {
    countersign_sigv4::PathRule::S3.canonical_uri(path).into_bytes()
}
