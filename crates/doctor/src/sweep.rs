//! Takes away what an examination made, however it ended.
//!
//! What is written down and what is listed below the prefix, one by one; what cannot be deleted so, all at once by its name in a document,
//! where no path can be changed. What is left then is told.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use crate::draft::Body;
use crate::finding::{Finding, Verdict};
use crate::probes;
use crate::session::Session;

pub(crate) async fn run(session: &Session<'_>, watch: &dyn crate::Watch) -> Finding {
    const ID: &str = "cleanup";
    // Only what is there need be deleted, and whatever is there below the prefix is ours.
    let all = match ours(session).await {
        Some(names) => names,
        None => session.all_made().into_iter().collect(),
    };
    let mut left = BTreeSet::new();
    for object_key in &all {
        watch.step("taking away what was made");
        if !delete(session, object_key).await {
            left.insert(object_key.clone());
        }
    }
    // A DELETE of a changed name says that it was done, so what counts is whether it is gone.
    left = ours(session).await.unwrap_or(left);
    if !left.is_empty() && delete_all(session, &left).await {
        left = ours(session).await.unwrap_or_default();
    }
    if left.is_empty() {
        return Finding::new(ID, Verdict::Ok, "Everything that was made is deleted again.");
    }
    let mut finding = Finding::new(
        ID,
        Verdict::Failed,
        format!(
            "{} objects below {} in {} could not be deleted.",
            left.len(),
            session.prefix,
            session.bucket
        ),
    )
    .cured_by(format!(
        "aws s3 rm --recursive s3://{}/{}",
        session.bucket, session.prefix
    ));
    finding.probes = left.into_iter().collect();
    finding
}

/// What is listed below the prefix; `None` if it cannot be listed.
async fn ours(session: &Session<'_>) -> Option<BTreeSet<String>> {
    let names = probes::list(session).await.ok()?;
    Some(
        names
            .into_iter()
            .filter(|name| name.starts_with(&session.prefix))
            .collect(),
    )
}

async fn delete(session: &Session<'_>, object_key: &str) -> bool {
    let path = session
        .place
        .object_path(&session.bucket, session.style, object_key);
    let exchange = session.attempt(&session.at("DELETE", path)).await;
    exchange
        .reply
        .is_ok_and(|reply| reply.is_success() || reply.status == 404)
}

async fn delete_all(session: &Session<'_>, keys: &BTreeSet<String>) -> bool {
    let mut document = "<Delete><Quiet>true</Quiet>".to_owned();
    for object_key in keys {
        document.push_str(&format!("<Object><Key>{}</Key></Object>", escaped(object_key)));
    }
    document.push_str("</Delete>");
    let checksum = BASE64.encode(Sha256::digest(&document));
    let draft = session
        .in_bucket("POST")
        .query("delete=")
        .header("content-type", "application/xml")
        .header("x-amz-sdk-checksum-algorithm", "SHA256")
        .header("x-amz-checksum-sha256", checksum)
        .body(Body::Hashed(document.into()));
    session.attempt(&draft).await.is_success()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
