//! ALG-V2: the client signs with signature version 2.
//!
//! The old signature is computed as well, only to tell whether the secret is right; it never opens anything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::{Form, Refusal, decode_percent, decode_query, query_pairs};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "ALG-V2",
        "The client signs with signature version 2",
        include_str!("../../pages/ALG-V2.md"),
    )
};

/// Query parameters that are part of the signed resource.
const SUBRESOURCES: [&str; 24] = [
    "acl",
    "cors",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
];

fn check(scene: &Scene<'_>) -> Option<Finding> {
    // Of a form POL-V2 says it.
    if !matches!(scene.refusal(), Some(Refusal::SigV2 { form, .. }) if *form != Form::Policy) {
        return None;
    }
    let what = match (scene.case.secret.is_some(), signature_is_right(scene)) {
        (_, true) => "The client signs with signature version 2. Its secret is right",
        (true, false) => {
            "The client signs with signature version 2, and that signature does not match either"
        }
        (false, false) => "The client signs with signature version 2, which this server does not take",
    };
    let cure = Words::of(scene.facts.signer.version_4_setting()).say(".");
    Some(Finding::new(
        Slot::Mechanism,
        Proof::Exact,
        970,
        Words::of(what),
        cure,
    ))
}

/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>: base64 of HMAC-SHA1 over method,
/// Content-MD5, Content-Type, Date or Expires, the `x-amz-*` headers and the resource, line by line.
fn signature_is_right(scene: &Scene<'_>) -> bool {
    let Some(secret) = scene.case.secret else {
        return false;
    };
    let header = |name: &str| scene.header(name).map(<[u8]>::to_vec).unwrap_or_default();
    let (signature, date) = match scene.query("Signature") {
        Some(signature) => (signature, scene.query("Expires").unwrap_or_default()),
        None => {
            let authorization = header("authorization");
            let Some(colon) = authorization.iter().rposition(|&b| b == b':') else {
                return false;
            };
            let signature = authorization.get(colon + 1..).unwrap_or_default().to_vec();
            (
                signature,
                if scene.has_header("x-amz-date") {
                    Vec::new()
                } else {
                    header("date")
                },
            )
        }
    };
    let Ok(signature) = STANDARD.decode(signature.trim_ascii()) else {
        return false;
    };
    let resources = resources(scene);
    resources.iter().any(|resource| {
        let text = [
            scene.case.request.method.as_bytes(),
            b"\n",
            &header("content-md5"),
            b"\n",
            &header("content-type"),
            b"\n",
            &date,
            b"\n",
            &amz_headers(scene),
            resource,
        ]
        .concat();
        let mac = Hmac::<Sha1>::new_from_slice(secret.expose());
        mac.is_ok_and(|mac| mac.chain_update(text).verify_slice(&signature).is_ok())
    })
}

fn amz_headers(scene: &Scene<'_>) -> Vec<u8> {
    let mut headers: Vec<(String, &[u8])> = Vec::new();
    for (name, value) in scene.case.request.headers {
        let name = name.to_ascii_lowercase();
        if name.starts_with("x-amz-") {
            headers.push((name, value.trim_ascii()));
        }
    }
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    headers
        .iter()
        .flat_map(|(name, value)| [name.as_bytes(), b":", value, b"\n"].concat())
        .collect()
}

/// The signed resource, for path style and for a bucket in the host.
fn resources(scene: &Scene<'_>) -> Vec<Vec<u8>> {
    let mut pairs: Vec<(Vec<u8>, Option<Vec<u8>>)> =
        query_pairs(scene.case.request.query.unwrap_or_default())
            .map(|(name, value)| (decode_query(name), value.map(decode_query)))
            .filter(|(name, _)| SUBRESOURCES.iter().any(|known| known.as_bytes() == name))
            .collect();
    pairs.sort();
    let mut query = Vec::new();
    for (n, (name, value)) in pairs.iter().enumerate() {
        query.push(if n == 0 { b'?' } else { b'&' });
        query.extend_from_slice(name);
        if let Some(value) = value {
            query.push(b'=');
            query.extend_from_slice(value);
        }
    }
    let path = scene.case.request.path;
    let bucket = scene.host().split(|&b| b == b'.').next().unwrap_or_default();
    let mut out = Vec::new();
    for path in [path.to_vec(), decode_percent(path)] {
        out.push([path.as_slice(), &query].concat());
        out.push([b"/", bucket, &path, &query].concat());
    }
    out
}
