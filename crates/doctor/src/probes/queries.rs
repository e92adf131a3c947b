//! Lists with long, odd, doubled and many parameters, and a read with parameters that choose the answer's headers.
//!
//! What they list is of no interest, only whether their signature arrives.

use countersign_sigv4::encode_uri;

use crate::session::Session;
use crate::suspects;

use super::{Odd, Probe};

pub(super) fn probes(session: &Session<'_>) -> Vec<Probe> {
    let prefix = encode_uri(session.prefix.as_bytes(), false);
    let lists = [
        (
            "a prefix of 900 bytes",
            format!("list-type=2&prefix={prefix}{}", "p".repeat(LONG_BYTES)),
        ),
        (
            "parameters that are not sorted",
            format!(
                "prefix={prefix}&max-keys=1&list-type=2&fetch-owner=false&encoding-type=url&delimiter=%2F"
            ),
        ),
        (
            "a parameter without a value",
            format!("delimiter&list-type=2&max-keys=1&prefix={prefix}"),
        ),
        (
            "the same parameter twice",
            format!("list-type=2&max-keys=1&prefix={prefix}a&prefix={prefix}b"),
        ),
        (
            "blanks, pluses and slashes",
            format!("list-type=2&prefix={prefix}a%20b%2Bc%2Fd"),
        ),
        (
            "characters that clients encode differently",
            format!("list-type=2&prefix={prefix}%21%27%28%29%2A~%3D%26%3B%3A%40%24%2C"),
        ),
        ("a percent sign", format!("list-type=2&prefix={prefix}100%25")),
        (
            "letters beyond ASCII",
            format!("list-type=2&prefix={prefix}%C3%BC%F0%9F%98%80"),
        ),
        (
            "the parameter x-id of SDKs",
            format!("list-type=2&max-keys=1&prefix={prefix}&x-id=ListObjectsV2"),
        ),
        (
            "a parameter that nobody knows",
            format!("list-type=2&max-keys=1&prefix={prefix}&utm_source=doctor"),
        ),
    ];
    let list = |(about, query): (&str, String)| {
        let suspects = suspects::of_query(&query);
        Probe::new(
            format!("list with {about}"),
            session.in_bucket("GET").query(query),
        )
        .suspecting(suspects)
    };
    let query = "response-content-type=text%2Fplain%3B%20charset%3Dutf-8";
    let read = Probe::new(
        "GET with response-content-type",
        session.object("GET", "plain.html").query(query),
    )
    .suspecting(suspects::of_query(query))
    .expecting(|reply| match reply.header("content-type") {
        Some("text/plain; charset=utf-8") => None,
        other => Some(Odd::warning(format!(
            "response-content-type=text/plain; charset=utf-8 was answered with Content-Type `{}`.",
            other.unwrap_or_default()
        ))),
    });
    lists.into_iter().map(list).chain(std::iter::once(read)).collect()
}

const LONG_BYTES: usize = 900;
