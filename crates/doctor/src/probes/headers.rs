//! Reads and writes with signed headers that proxies, CDNs and tracing agents rewrite, each alone.
//!
//! Clients leave some of these out of the signature because they change on the way; others sign them. So a changed one is a fault of
//! the way for the first half of the list, and good to know for the second.

use crate::finding::Verdict;
use crate::session::Session;
use crate::suspects::of_header;

use super::{Odd, Probe};

/// Method, header, value, cause, and what it is often replaced with.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// Clients in use sign these.
const SIGNED: &[Row] = &[
    (
        "GET",
        "accept-encoding",
        "gzip, deflate, br",
        "HDR-AE",
        &["gzip", "identity", "gzip, br", "gzip, deflate"],
    ),
    (
        "GET",
        "accept-encoding",
        "identity",
        "HDR-AE",
        &["gzip", "gzip, br", "gzip, deflate, br"],
    ),
    (
        "PUT",
        "content-type",
        "text/plain; charset=UTF-8",
        "HDR-CT-CHARSET",
        &[
            "text/plain",
            "text/plain; charset=utf-8",
            "text/plain;charset=UTF-8",
        ],
    ),
    (
        "PUT",
        "content-type",
        "text/plain;charset=utf-8",
        "HDR-CT-CHARSET",
        &[
            "text/plain",
            "text/plain; charset=utf-8",
            "text/plain;charset=UTF-8",
        ],
    ),
    ("PUT", "x-amz-meta-about", "nothing", "HDR-MISSING", &[]),
    (
        "PUT",
        "x-amz-meta-blanks",
        "two  blanks   and  more",
        "HDR-FOLD",
        &[],
    ),
    (
        "PUT",
        "x-amz-meta-letters",
        "gr\u{fc}n",
        "HDR-NONASCII",
        &["gr?n"],
    ),
    (
        "PUT",
        "x-amz-acl",
        "bucket-owner-full-control",
        "HDR-MISSING",
        &[],
    ),
    ("PUT", "content-encoding", "gzip", "PAY-CE", &[]),
    (
        "PUT",
        "cache-control",
        "no-cache, max-age=0",
        "HDR-MISSING",
        &["no-cache"],
    ),
    (
        "PUT",
        "content-disposition",
        "attachment; filename=\"a b.html\"",
        "HDR-MISSING",
        &[],
    ),
    (
        "GET",
        "amz-sdk-invocation-id",
        "0b1c6a2e-5f3d-4d41-9b7a-2a5f6f0c1d2e",
        "HDR-GCS",
        &[],
    ),
    ("GET", "amz-sdk-request", "attempt=1; max=3", "HDR-GCS", &[]),
];

/// These are better not signed, and some clients do. Proxies may change the last ones, and most do, so that is told and no trouble.
const BETTER_NOT: &[(Verdict, Row)] = &[
    (
        Verdict::Warning,
        ("GET", "user-agent", "countersign-doctor/1 probe", "HDR-UA", &[]),
    ),
    (Verdict::Ok, ("PUT", "expect", "100-continue", "HDR-EXPECT", &[])),
    (
        Verdict::Ok,
        (
            "GET",
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "HDR-TRACE",
            &[],
        ),
    ),
];

pub(super) fn probes(session: &Session<'_>) -> Vec<Probe> {
    let signed = SIGNED.iter().enumerate().map(|(n, row)| probe(session, n, row));
    let better_not = BETTER_NOT.iter().enumerate();
    let better_not =
        better_not.map(|(n, (verdict, row))| probe(session, SIGNED.len() + n, row).refused_is(*verdict));
    signed.chain(better_not).collect()
}

fn probe(session: &Session<'_>, n: usize, row: &Row) -> Probe {
    let (method, name, value, cause, values) = *row;
    let about = format!("{method} with a signed {name}: {value}");
    if method == "GET" {
        let draft = session.object("GET", "plain.html").header(name, value);
        return Probe::new(about, draft)
            .suspecting(of_header(cause, name, value, values))
            .or_else(cause);
    }
    let object = format!("header-{n}");
    let draft = session.put(&object, "a header").header(name, value);
    let put = Probe::new(about, draft)
        .suspecting(of_header(cause, name, value, values))
        .or_else(cause);
    if !STORED.contains(&name) {
        return put;
    }
    // As SDKs ask: a proxy that asks for gzip itself when nobody says what they take unpacks what was stored packed.
    let back = session
        .object("GET", &object)
        .beside("accept-encoding", "identity");
    put.then(
        Probe::new(format!("GET it, with its {name}"), back).expecting(move |reply| {
            let came = reply.header(name).unwrap_or_default();
            let is_same = came.eq_ignore_ascii_case(value);
            (!is_same).then(|| {
                Odd::warning(format!(
                    "{name} was stored as `{value}` and came back as `{came}`."
                ))
            })
        }),
    )
}

/// What a GET gives back as it was put. Folded and foreign metadata are left out: S3 itself gives them back otherwise.
const STORED: [&str; 5] = [
    "content-disposition",
    "content-type",
    "x-amz-meta-about",
    "content-encoding",
    "cache-control",
];
