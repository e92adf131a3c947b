//! STR-TRAILER: what follows the last chunk is missing, cannot be read, or is signed otherwise.
//!
//! Not here: a trailer that is well signed and whose checksum is not that of the body.

use countersign_sigv4::{ChunkError, EMPTY_SHA256};

use super::prelude::*;
use super::stream::{Deviation, PREVIOUS, cure, lines, propose_text, with_line};
use crate::parts::sha256;

pub(crate) static RULE: Rule = Rule {
    weight: 600,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    infer: Some(infer),
    ..Rule::new(
        "STR-TRAILER",
        "The trailer of the streamed body does not fit",
        include_str!("../../pages/STR-TRAILER.md"),
    )
};

const NO_LINE_BREAK: Deviation = Deviation {
    how: "without the line break behind its last line",
    cure: "Hash each trailer as name:value and a line feed, the last one too.",
};
const CRLF: Deviation = Deviation {
    how: "with CRLF behind its lines",
    cure: "Hash each trailer as name:value and a line feed, whatever is sent over the wire.",
};
const BLANK: Deviation = Deviation {
    how: "with a blank behind the colon",
    cure: "Hash each trailer as name:value without blanks around the colon.",
};
const AS_ARRIVED: Deviation = Deviation {
    how: "in the order of sending",
    cure: "Sort the trailers by name before hashing them.",
};
const DATA_CHUNK: Deviation = Deviation {
    how: "over the signature of the last chunk with data",
    cure: "Sign the trailer over the signature of the closing chunk, the one of 0 bytes.",
};
const AS_CHUNK: Deviation = Deviation {
    how: "as a chunk is, with AWS4-HMAC-SHA256-PAYLOAD and the hash of nothing",
    cure: "A trailer's string to sign has AWS4-HMAC-SHA256-TRAILER, date, scope, signature before and hash: five lines.",
};
const NO_TRAILER: Deviation = Deviation {
    how: "with the hash of nothing",
    cure: "Hash the trailers as they are sent: name:value and a line feed each.",
};
const ALL: [&Deviation; 7] = [
    &NO_LINE_BREAK,
    &CRLF,
    &BLANK,
    &AS_ARRIVED,
    &DATA_CHUNK,
    &AS_CHUNK,
    &NO_TRAILER,
];

const ALGORITHM: usize = 0;
const HASH: usize = 4;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(ChunkError::TrailerSignatureMismatch {
        string_to_sign: text,
        trailers,
        data_signature,
        ..
    }) = scene.chunk_error()
    else {
        return;
    };
    let mut add = |text: Vec<u8>, deviation| propose_text(out, Slot::Trailer, text, deviation);
    let mut sorted: Vec<&(String, String)> = trailers.iter().collect();
    sorted.sort();
    let hash = |lines: Vec<String>| hex::encode(sha256(lines.concat().as_bytes())).into_bytes();
    let block = |trailers: &[&(String, String)], colon: &str, end: &str| -> Vec<String> {
        let lines = trailers.iter();
        lines
            .map(|(name, value)| format!("{name}{colon}{value}{end}"))
            .collect()
    };
    let mut unended = block(&sorted, ":", "\n");
    if let Some(last) = unended.last_mut() {
        last.pop();
    }
    let arrived: Vec<&(String, String)> = trailers.iter().collect();
    for (lines, deviation) in [
        (unended, &NO_LINE_BREAK),
        (block(&sorted, ":", "\r\n"), &CRLF),
        (block(&sorted, ": ", "\n"), &BLANK),
        (block(&arrived, ":", "\n"), &AS_ARRIVED),
        (Vec::new(), &NO_TRAILER),
    ] {
        add(with_line(text, HASH, &hash(lines)), deviation);
    }
    add(with_line(text, PREVIOUS, data_signature.as_bytes()), &DATA_CHUNK);
    let as_chunk = with_line(text, ALGORITHM, b"AWS4-HMAC-SHA256-PAYLOAD");
    let mut as_chunk = lines(&as_chunk);
    as_chunk.insert(HASH.min(as_chunk.len()), EMPTY_SHA256.as_bytes());
    add(as_chunk.join(&b'\n'), &AS_CHUNK);
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The trailer was signed {}", hypothesis.detail)),
        cure: cure(&ALL, hypothesis, "Sign the trailer as AWS documents it."),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let (what, cure) = match scene.chunk_error()? {
        ChunkError::TrailerMissing { name } => (
            Words::of("x-amz-trailer announces ")
                .value(&Value::received(name.clone()), "a trailer")
                .say(", which did not arrive"),
            "Send it behind the closing chunk, or do not announce it. A proxy that drops trailers must stop.",
        ),
        ChunkError::TrailerUnannounced { name } => (
            Words::of("A trailer arrived that x-amz-trailer does not announce").framed(
                ": ",
                &Value::constant(name.clone()),
                "",
                "",
            ),
            "Name it in x-amz-trailer and sign that header.",
        ),
        ChunkError::TrailerMalformed { reason } => (
            Words::of(format!("The trailer cannot be read: {reason}")),
            "Send each trailer as name:value and CRLF, and an empty line behind the last one.",
        ),
        ChunkError::TrailerSignatureMissing => (
            Words::of("The trailer is not signed, though x-amz-content-sha256 says so"),
            "Send x-amz-trailer-signature as the last trailer, or use STREAMING-UNSIGNED-PAYLOAD-TRAILER.",
        ),
        _ => return None,
    };
    Some(Finding::new(
        Slot::Trailer,
        Proof::Exact,
        900,
        what,
        Words::of(cure),
    ))
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    let ChunkError::TrailerSignatureMismatch { .. } = scene.chunk_error()? else {
        return None;
    };
    Some(Finding::new(
        Slot::Trailer,
        Proof::Infer,
        800,
        Words::of("The trailer was changed on its way; every chunk before it arrived as it was signed"),
        Words::of("Let nothing on the way touch the body. ")
            .say(scene.facts.signer.no_chunks_setting())
            .say("."),
    ))
}
