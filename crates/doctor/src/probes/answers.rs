//! A plain object, and what comes back of it: body, length, ETag, metadata, ranges, conditions.
//!
//! Nothing here is refused on a way that passes requests on; what an answer lost or got on its way back shows without any refusal.

use crate::session::Session;
use crate::suspects;
use crate::wire::Reply;

use super::{Odd, Probe};

/// The name of the very first probe; without it nothing else makes sense.
pub(super) const FIRST: &str = "PUT a plain object";

/// A text that can be pressed to a tenth, in a type that proxies like to press.
const BODY: &str = "<p>countersign doctor</p>\n";
const TIMES: usize = 100;

pub(super) fn probes(session: &Session<'_>) -> Vec<Probe> {
    let body = BODY.repeat(TIMES);
    let length = body.len();
    let put = session
        .put("plain.html", body.clone())
        .header("content-type", "text/html");
    let get = || session.object("GET", "plain.html");
    let first = Probe::new(FIRST, put)
        .expecting(|reply| match reply.header("etag") {
            Some(_) => None,
            None => Some(Odd::failed("The answer to PUT came without an ETag.")),
        })
        // Before any GET, whose answer a cache would give to HEAD.
        .then(
            Probe::new("HEAD it", session.object("HEAD", "plain.html"))
                .suspecting(suspects::of_head())
                .or_else("MTH-PROXY")
                .expecting(move |reply| has_length(reply, length)),
        )
        .then(Probe::new("GET it", get()).expecting(move |reply| came_back(reply, body.as_bytes())))
        .then(
            Probe::new("GET a range of it", get().beside("range", "bytes=3-13")).expecting(|reply| match (reply.status, &reply.body[..]) {
                (206, b"countersign") => None,
                    (status, b"countersign") => Some(Odd::warning(format!(
                        "A range was answered with the right bytes and the status {status}, not 206: clients that go on with a download begin anew."
                    ))),
                (status, body) => Some(Odd::failed(format!(
                    "Eleven bytes were asked for with Range, and {status} with {} bytes came: something asks for another range, or for all.",
                    body.len()
                ))),
            }),
        )
        .then(
            Probe::new("GET a range of it, signed", get().header("range", "bytes=3-13"))
                .suspecting(suspects::of_header("HDR-RANGE", "range", "bytes=3-13", &["bytes=0-1048575"]))
                .or_else("HDR-RANGE"),
        )
        .then(
            Probe::new("GET it on a condition that is not met", get().header("if-match", "\"0123456789abcdef0123456789abcdef\"")).expecting(
                |reply| (reply.status != 412).then(|| Odd::warning(format!("If-Match with another ETag was answered with {}, not 412.", reply.status))),
            ),
        )
        .then(
            Probe::new("GET it as it takes gzip", get().beside("accept-encoding", "gzip")).expecting(|reply| {
                reply.header("content-encoding").map(|coding| {
                    Odd::warning(format!("The answer came as Content-Encoding {coding}, and the object was not stored so: something compresses answers, so lengths and ETags are no longer the object's."))
                        .cured_by("Turn compression off for S3 (nginx: gzip off; Caddy: no encode; HAProxy: no filter compression).")
                })
            }),
        );
    vec![first]
}

fn came_back(reply: &Reply, body: &[u8]) -> Option<Odd> {
    if reply.body != body {
        return Some(Odd::failed(format!(
            "The body that came back is another one than was sent: {} bytes instead of {}.",
            reply.body.len(),
            body.len()
        )));
    }
    let content_type = reply.header("content-type").unwrap_or_default();
    if content_type != "text/html" {
        return Some(Odd::warning(format!(
            "Content-Type was stored as `text/html` and came back as `{content_type}`."
        )));
    }
    match reply.header("etag") {
        Some(etag) if etag.starts_with("W/") => Some(
            Odd::warning("The ETag came back weak (W/): something on the way changes answers.")
                .cured_by("Turn compression and rewriting of answers off for S3."),
        ),
        Some(_) => None,
        None => Some(Odd::warning("The ETag did not come back.")),
    }
}

fn has_length(reply: &Reply, length: usize) -> Option<Odd> {
    let told = reply
        .header("content-length")
        .and_then(|text| text.parse::<usize>().ok());
    match told {
        Some(told) if told == length => None,
        Some(told) => Some(Odd::failed(format!(
            "HEAD says {told} bytes of an object of {length}."
        ))),
        None => Some(Odd::failed(
            "The answer to HEAD came without Content-Length: clients cannot tell how long the object is.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(headers: &[(&str, &str)], body: &'static str) -> Reply {
        Reply {
            status: 200,
            is_http_1_0: false,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.into(),
        }
    }

    #[test]
    fn whatever_an_answer_lost_or_got_on_its_way_is_odd() {
        let whole = [("content-type", "text/html"), ("etag", "\"e\"")];
        assert_eq!(came_back(&reply(&whole, "b"), b"b"), None);
        assert!(came_back(&reply(&whole, "x"), b"b").is_some());
        for n in 0..whole.len() {
            let mut lost = whole.to_vec();
            lost.remove(n);
            assert!(came_back(&reply(&lost, "b"), b"b").is_some(), "{}", whole[n].0);
            let mut changed = whole.to_vec();
            changed[n].1 = "W/\"other\"";
            assert!(came_back(&reply(&changed, "b"), b"b").is_some(), "{}", whole[n].0);
        }
        for (told, is_fine) in [
            (Some("7"), true),
            (Some("0"), false),
            (Some("x"), false),
            (None, false),
        ] {
            let headers: Vec<_> = told.map(|told| ("content-length", told)).into_iter().collect();
            assert_eq!(has_length(&reply(&headers, ""), 7).is_none(), is_fine, "{told:?}");
        }
    }
}
