//! A body that is larger than proxies let through by default, and bodies in signed and unsigned chunks.
//!
//! What is stored must be what was sent, without the framing of its chunks.

use bytes::Bytes;

use crate::draft::Body;
use crate::session::Session;
use crate::suspects::of_header;
use crate::wire::Reply;

use super::{Odd, Probe};

pub(super) fn probes(session: &Session<'_>) -> Vec<Probe> {
    let large = bytes(LARGE_BYTES);
    let small = bytes(CHUNKED_BYTES);
    let put = |name: &str, body: Body| session.object("PUT", name).body(body);
    let all = [
        ("large", "a body of 8 MiB", Body::Hashed(large), None),
        (
            "unsigned",
            "a body that is not signed",
            Body::Unsigned(small.clone()),
            Some("PAY-UNSIGNED"),
        ),
        (
            "chunks",
            "a body in signed chunks",
            Body::Chunks(small.clone()),
            Some("STR-SEED"),
        ),
        (
            "trailer",
            "a body in signed chunks with a trailer",
            Body::ChunksAndTrailer(small.clone()),
            Some("STR-TRAILER"),
        ),
        (
            "unsigned-trailer",
            "a body in unsigned chunks with a trailer",
            Body::UnsignedTrailer(small),
            Some("STR-TRAILER"),
        ),
    ];
    let probe = |(name, about, body, cause): (&str, &str, Body, Option<&'static str>)| {
        let expected = body.data().clone();
        let is_chunked = !matches!(body, Body::Hashed(_) | Body::Unsigned(_));
        let mut probe = Probe::new(format!("PUT {about}"), put(name, body));
        if is_chunked {
            let mut suspects = of_header("PAY-CE", "content-encoding", "aws-chunked", &[]);
            suspects.extend(of_header(
                "HDR-MISSING",
                "x-amz-decoded-content-length",
                &expected.len().to_string(),
                &[],
            ));
            suspects.extend(of_header(
                "STR-TRAILER",
                "x-amz-trailer",
                "x-amz-checksum-sha256",
                &[],
            ));
            probe = probe.suspecting(suspects);
        }
        probe.by_difference = cause;
        let get = session.object("GET", name);
        probe.then(Probe::new(format!("GET {about}"), get).expecting(move |reply| is_whole(reply, &expected)))
    };
    all.into_iter().map(probe).collect()
}

fn is_whole(reply: &Reply, expected: &Bytes) -> Option<Odd> {
    let coding = reply.header("content-encoding").unwrap_or_default();
    if reply.body != expected {
        let is_framed = reply
            .body
            .windows(MARK.len())
            .take(FRAME_BYTES)
            .any(|window| window == MARK)
            || reply.body.starts_with(FRAME);
        if is_framed {
            return Some(
                Odd::failed("The framing of the chunks was stored as if it belonged to the object.")
                    .because("PAY-CHUNKED-RAW")
                    .cured_by(
                        "Content-Encoding: aws-chunked and x-amz-content-sha256 must reach the server.",
                    ),
            );
        }
        return Some(Odd::failed(format!(
            "Another body came back than was sent: {} bytes instead of {}.",
            reply.body.len(),
            expected.len()
        )));
    }
    coding
        .contains("aws-chunked")
        .then(|| Odd::warning("The object came back as Content-Encoding aws-chunked, which is a way of sending and not one of storing: browsers cannot read it.").because("PAY-CE"))
}

/// Bytes in which no stretch repeats soon.
fn bytes(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_u32;
    let bytes = (0..length).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    bytes.collect()
}

const LARGE_BYTES: usize = 8 * 1024 * 1024;
/// Three chunks.
const CHUNKED_BYTES: usize = 150 * 1024;
const MARK: &[u8] = b";chunk-signature=";
/// The first line of a frame without signatures.
const FRAME: &[u8] = b"10000\r\n";
/// Where the mark stands, if it does.
const FRAME_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_frames_in_it_is_told_from_another_body() {
        let reply = |body: &'static [u8], coding: Option<&str>| Reply {
            status: 200,
            is_http_1_0: false,
            headers: coding
                .map(|coding| ("content-encoding".to_owned(), coding.to_owned()))
                .into_iter()
                .collect(),
            body: Bytes::from_static(body),
        };
        let expected = Bytes::from_static(b"body");
        let cause = |reply: &Reply| is_whole(reply, &expected).map(|odd| odd.cause);
        assert_eq!(cause(&reply(b"body", None)), None);
        assert_eq!(cause(&reply(b"body", Some("aws-chunked"))), Some(Some("PAY-CE")));
        assert_eq!(
            cause(&reply(b"10000;chunk-signature=ab\r\nbody", None)),
            Some(Some("PAY-CHUNKED-RAW"))
        );
        assert_eq!(
            cause(&reply(b"10000\r\nbody", None)),
            Some(Some("PAY-CHUNKED-RAW"))
        );
        assert_eq!(cause(&reply(b"other", None)), Some(None));
    }
}
