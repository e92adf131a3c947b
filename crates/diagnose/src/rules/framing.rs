//! What `aws-chunked` framing looks like from outside, and whether a request says that its body has it.
//!
//! Not here: taking it off; that is `countersign_sigv4::ChunkDecoder`.

use countersign_sigv4::Payload;

use super::prelude::*;

/// Whether the request says that its body is streamed in chunks.
pub(super) fn is_streamed(scene: &Scene<'_>) -> bool {
    scene
        .claim()
        .is_some_and(|claim| matches!(claim.payload, Payload::Streaming(_)))
}

/// Whether a body of `bytes` bytes that begins with `head` begins with a chunk: `1f4;chunk-signature=..`, or `1f4` before a
/// line break and as many bytes before the next one. A first line of digits alone would be in many tables as well.
pub(super) fn begins_with_a_chunk(bytes: u64, head: &[u8]) -> bool {
    let Some(end) = head.windows(2).position(|window| window == b"\r\n") else {
        return false;
    };
    let (line, rest) = (
        head.get(..end).unwrap_or_default(),
        head.get(end + 2..).unwrap_or_default(),
    );
    let mut pieces = line.splitn(2, |&b| b == b';');
    let size = pieces.next().unwrap_or_default();
    if !(1..=16).contains(&size.len()) || !size.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    if let Some(extension) = pieces.next() {
        return extension.starts_with(b"chunk-signature=");
    }
    let size = std::str::from_utf8(size)
        .ok()
        .and_then(|size| u64::from_str_radix(size, 16).ok());
    let Some(size) = size else { return false };
    match usize::try_from(size).ok().and_then(|size| rest.get(size..)) {
        Some(after) => after.starts_with(b"\r\n"),
        // The chunk goes on beyond what is known of the body, which must then hold it.
        None => bytes > size.saturating_add(end as u64),
    }
}

/// Where the checksum stood that this header or trailer carries.
pub(super) fn checksum_slot(scene: &Scene<'_>, header: &str) -> Slot {
    if scene.has_header(header) {
        Slot::Header(header.to_owned())
    } else {
        Slot::Trailer
    }
}

/// Whether the body still has its framing, and the request does not say so.
pub(super) fn is_raw(scene: &Scene<'_>) -> bool {
    !is_streamed(scene)
        && scene
            .case
            .body
            .as_ref()
            .is_some_and(|body| begins_with_a_chunk(body.bytes, &body.head))
}
