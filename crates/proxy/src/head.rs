//! Which headers of a request or an answer go on, and which end at this hop.
//!
//! SPEC: <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>: what `Connection` names belongs to the connection. A header that is
//! signed belongs to the request all the same: nobody may take it out by naming it there.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

/// The headers of a request that go on, but for `Host` and those of its framing, which are set anew.
pub(crate) fn of_request(
    headers: &HeaderMap,
    is_signed: impl Fn(&str) -> bool,
) -> Vec<(HeaderName, HeaderValue)> {
    let named = named_by_connection(headers);
    let goes_on = |name: &HeaderName| {
        let is_of_connection = named.iter().any(|other| other == name.as_str()) && !is_signed(name.as_str());
        !(is_of_hop(name) || is_of_connection || SET_ANEW.contains(name))
    };
    let lines = headers.iter().filter(|(name, _)| goes_on(name));
    lines.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The headers of an answer that go on. A length beside another framing is not that of what comes.
///
/// SPEC: <https://www.rfc-editor.org/rfc/rfc9112#section-6.3>: it must be taken out.
pub(crate) fn of_answer(headers: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(headers);
    let is_framed = headers.contains_key(header::TRANSFER_ENCODING);
    let lines = headers
        .iter()
        .filter(|(name, _)| !(is_framed && *name == header::CONTENT_LENGTH))
        .filter(|(name, _)| !is_of_hop(name) && !named.iter().any(|other| other == name.as_str()));
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in lines {
        kept.append(name, value.clone());
    }
    kept
}

fn is_of_hop(name: &HeaderName) -> bool {
    OF_HOP.contains(&name.as_str())
}

/// The names in `Connection`, lower case.
fn named_by_connection(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::CONNECTION).iter();
    let names = lines.flat_map(|line| line.as_bytes().split(|b| *b == b','));
    names
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect()
}

/// What belongs to one connection.
const OF_HOP: [&str; 9] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
];
/// What is set anew for the upstream. `upgrade` is answered by nobody who speaks S3.
const SET_ANEW: [HeaderName; 3] = [header::HOST, header::CONTENT_LENGTH, header::UPGRADE];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_belongs_to_the_connection_ends_here_and_what_is_signed_does_not() {
        let sent = headers(&[
            ("host", "proxy"),
            ("connection", "keep-alive, X-Unsigned, x-amz-acl"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("te", "trailers"),
            ("x-unsigned", "1"),
            ("x-amz-acl", "private"),
            ("x-amz-meta-a", "1"),
            ("x-amz-meta-a", "2"),
            ("content-length", "5"),
        ]);
        let kept = of_request(&sent, |name| name.starts_with("x-amz-"));
        let kept: Vec<(&str, &[u8])> = kept
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        assert_eq!(
            kept,
            [
                ("x-amz-acl", &b"private"[..]),
                ("x-amz-meta-a", b"1"),
                ("x-amz-meta-a", b"2")
            ]
        );
    }

    #[test]
    fn an_answer_keeps_its_length_and_all_lines_of_a_name() {
        let answered = headers(&[
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("content-length", "7"),
            ("vary", "a"),
            ("vary", "b"),
        ]);
        assert_eq!(
            of_answer(&answered),
            headers(&[("content-length", "7"), ("vary", "a"), ("vary", "b")])
        );
    }
}
