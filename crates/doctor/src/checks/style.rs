//! How a bucket can be named at this endpoint: in the path, as the first label of the host, or both.
//!
//! One that works is enough; which one it is decides a setting of every client.

use crate::finding::{Finding, Verdict};
use crate::place::Style;
use crate::session::Session;

/// Tries the bucket in the host; that it works in the path is known.
pub(crate) async fn check(session: &Session<'_>) -> Finding {
    const ID: &str = "endpoint.style";
    let path_only = "Clients that name the bucket in the host need forcePathStyle: true (JavaScript), addressing_style = path (boto3, AWS CLI), use_path_style (Terraform).";
    if session.place.is_address() {
        return Finding::new(
            ID,
            Verdict::Ok,
            format!("The bucket is named in the path; before an address no bucket can stand. {path_only}"),
        );
    }
    let name = session.place.name_for(&session.bucket, Style::VirtualHost);
    if session.place.is_https && session.bucket.contains('.') {
        return Finding::new(
            ID,
            Verdict::Ok,
            format!(
                "The bucket is named in the path; with a dot in its name no certificate is for {name}. {path_only}"
            ),
        );
    }
    if let Err(fault) = session.wire.addresses(&name).await {
        return Finding::new(
            ID,
            Verdict::Ok,
            format!("The bucket is named in the path only: {name}: {fault}. {path_only}"),
        );
    }
    let draft = crate::draft::Draft {
        name: name.clone(),
        host: session.place.host_for(&session.bucket, Style::VirtualHost),
        path: session.place.bucket_path(&session.bucket, Style::VirtualHost),
        ..session.in_bucket("GET").query("list-type=2&max-keys=1")
    };
    let exchange = session.attempt_bare(&draft).await;
    let is_a_list = exchange
        .reply
        .as_ref()
        .is_ok_and(|reply| reply.body.windows(LIST.len()).any(|window| window == LIST));
    if exchange.is_success() && is_a_list {
        return Finding::new(
            ID,
            Verdict::Ok,
            "The bucket can be named in the path and in the host.",
        );
    }
    let how = match &exchange.reply {
        Ok(reply) => format!("it was answered with {}", reply.status),
        Err(fault) => fault.to_string(),
    };
    Finding::new(
        ID,
        Verdict::Ok,
        format!("The bucket is named in the path; with {name} as host {how}. {path_only}"),
    )
}

/// What begins a list of objects, and not one of buckets.
const LIST: &[u8] = b"<ListBucketResult";
