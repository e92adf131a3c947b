//! QRY-DROPPED: a parameter was signed and did not arrive.
//!
//! What was dropped does not show any more, so the search goes the other way: it puts back what SDKs are known to sign.

use countersign_sigv4::{Form, canonical_query};

use super::prelude::*;
use crate::weights::EVIDENT;

pub(crate) static RULE: Rule = Rule {
    weight: 640,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "QRY-DROPPED",
        "A query parameter was lost after signing",
        include_str!("../../pages/QRY-DROPPED.md"),
    )
};

/// Headers in which proxies say which target they received.
const TARGET_HEADERS: [&str; 4] = [
    "x-original-uri",
    "x-original-url",
    "x-forwarded-uri",
    "x-envoy-original-path",
];
/// Longest query that is taken from a header.
const QUERY_BYTES_MAX: usize = 2_048;

/// What is put back on any request.
const ANYWHERE: [&str; 4] = [
    "x-amz-checksum-mode=ENABLED",
    "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD",
    "versionId=null",
    "x-amz-request-payer=requester",
];
/// What is put back where an object is read.
const READING: [&str; 9] = [
    "x-id=GetObject",
    "x-id=HeadObject",
    "response-content-disposition=attachment",
    "response-content-disposition=inline",
    "response-content-type=application/octet-stream",
    "acl",
    "tagging",
    "attributes",
    "response-cache-control=no-cache",
];
/// What is put back where an object is written or removed.
const WRITING: [&str; 13] = [
    "x-id=PutObject",
    "x-id=UploadPart",
    "x-id=CopyObject",
    "x-id=DeleteObject",
    "x-id=AbortMultipartUpload",
    "uploads",
    "x-amz-acl=private",
    "x-amz-acl=public-read",
    "x-amz-sdk-checksum-algorithm=CRC32",
    "x-amz-sdk-checksum-algorithm=CRC32&x-amz-checksum-crc32=AAAAAA==",
    "acl",
    "tagging",
    "restore",
];
/// What is put back where a bucket is asked.
const BUCKET: [&str; 20] = [
    "list-type=2",
    "list-type=2&prefix=",
    "delimiter=/&list-type=2&prefix=",
    "encoding-type=url&list-type=2",
    "delimiter=&encoding-type=url&list-type=2&prefix=",
    "list-type=2&max-keys=1000",
    "prefix=",
    "delimiter=/",
    "delimiter=/&prefix=",
    "encoding-type=url",
    "location",
    "versioning",
    "versions",
    "uploads",
    "delete",
    "acl",
    "policy",
    "cors",
    "lifecycle",
    "x-id=ListObjectsV2",
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let own = scene.case.request.query.unwrap_or_default();
    for query in named(scene) {
        if query != own {
            add(scene, out, &query, Value::received(query.clone()), 42);
        }
    }
    let is_bucket = scene
        .path_after_bucket()
        .is_none_or(|(_, key)| matches!(key, b"" | b"/"));
    let listed: &[&str] = match (is_bucket, scene.case.request.method) {
        (true, _) => &BUCKET,
        (false, "GET" | "HEAD") => &READING,
        (false, _) => &WRITING,
    };
    for lost in ANYWHERE.iter().chain(listed) {
        let name = lost.split(['=', '&']).next().unwrap_or_default();
        if scene.query(name).is_some() {
            continue;
        }
        let query = match own {
            [] => lost.as_bytes().to_vec(),
            _ => [own, b"&", lost.as_bytes()].concat(),
        };
        add(scene, out, &query, Value::constant(*lost), 28);
    }
}

/// The queries that proxies say they received.
fn named(scene: &Scene<'_>) -> Vec<Vec<u8>> {
    let targets = TARGET_HEADERS.iter().filter_map(|name| scene.header(name));
    let queries = targets.filter_map(|target| {
        let mark = target.iter().position(|&b| b == b'?')?;
        target
            .get(mark + 1..)
            .filter(|query| query.len() <= QUERY_BYTES_MAX)
    });
    queries.map(<[u8]>::to_vec).collect()
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, query: &[u8], lost: Value, specificity: u32) {
    let presigned = scene.claim().is_some_and(|claim| claim.form == Form::Query);
    let query = canonical_query(query, presigned.then_some("X-Amz-Signature"));
    if let Some(hypothesis) = out.add(Change::Query(query.into_bytes())) {
        hypothesis.specificity = specificity;
        if specificity > 40 {
            hypothesis.weight = EVIDENT;
        }
        // A whole query may hold a token; a constant cannot.
        hypothesis.signed = Some(lost).filter(|_| specificity < 40);
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = match &hypothesis.signed {
        Some(lost) => Words::of("A query parameter was signed and did not arrive").framed(": ", lost, "", ""),
        None => {
            Words::of("The query that arrived is not the one that a proxy says it received, which was signed")
        }
    };
    let cure = match scene.facts.proxy_evidence {
        Some(_) => format!(
            "The whole query must be forwarded. {}",
            scene.facts.at_the_proxy(scene.facts.proxy.keep_query_setting())
        ),
        None if scene.is_presigned() => format!(
            "Send the link exactly as it was made ({}); a proxy or CDN must forward the whole query.",
            scene.facts.client.finished_link_setting()
        ),
        None => "Send the query exactly as it was signed, each parameter with its name; a proxy or CDN must forward all of it."
            .to_owned(),
    };
    Told {
        what,
        cure: Words::of(cure),
    }
}
