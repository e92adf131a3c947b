//! STR-CHUNK: a chunk of a streamed body does not fit: its framing, its size or its signature.
//!
//! Not here: lengths (`str_length`), and what follows the last chunk (`str_trailer`).

use countersign_sigv4::{CHUNK_BYTES_MIN, ChunkError, EMPTY_SHA256, Scope, timestamp_text};

use super::prelude::*;
use super::stream::{Deviation, PREVIOUS, cure, lines, propose_text, with_line};

pub(crate) static RULE: Rule = Rule {
    weight: 600,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    infer: Some(infer),
    ..Rule::new(
        "STR-CHUNK",
        "A chunk of the streamed body does not fit",
        include_str!("../../pages/STR-CHUNK.md"),
    )
};

const ALGORITHM: usize = 0;
const EMPTY_HASH: usize = 4;
const DATA_HASH: usize = 5;
const SCOPE: usize = 2;
const DAY: i64 = 86_400;
const SIGNATURE_CHARACTERS: usize = 64;

const UNCHAINED: Deviation = Deviation {
    how: "over the signature of the request instead of that of the chunk before",
    cure: "Sign each chunk over the signature of the chunk before it; only the first one over that of the request.",
};
const ALONE: Deviation = Deviation {
    how: "without the signature before it",
    cure: "Put the signature of the chunk before, for the first chunk that of the request, into the fourth line.",
};
const LINE_BREAK: Deviation = Deviation {
    how: "with the line break behind its data",
    cure: "Hash the data of the chunk alone, without the line break behind it.",
};
const NO_DATA: Deviation = Deviation {
    how: "with the hash of nothing instead of its data's",
    cure: "Put the SHA-256 of the chunk's data into the last line.",
};
const AS_REQUEST: Deviation = Deviation {
    how: "with AWS4-HMAC-SHA256 in the first line, as a request is",
    cure: "The first line of a chunk's string to sign is AWS4-HMAC-SHA256-PAYLOAD.",
};
const FIVE_LINES: Deviation = Deviation {
    how: "without the hash of nothing in the fifth line",
    cure: "The fifth line of a chunk's string to sign is the SHA-256 of an empty text.",
};
const LINE_AT_END: Deviation = Deviation {
    how: "with a line break at the end of its string to sign",
    cure: "A chunk's string to sign ends with the hash, without a line break.",
};
const OTHER_KEY: Deviation = Deviation {
    how: "with a key for another day, region or service than the credential says",
    cure: "Sign the chunks with the key that signed the request.",
};
const ALL: [&Deviation; 8] = [
    &UNCHAINED,
    &ALONE,
    &LINE_BREAK,
    &NO_DATA,
    &AS_REQUEST,
    &FIVE_LINES,
    &LINE_AT_END,
    &OTHER_KEY,
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let (
        Some(claim),
        Some(ChunkError::SignatureMismatch {
            chunk,
            string_to_sign: text,
            hash_with_line_break,
            ..
        }),
    ) = (scene.claim(), scene.chunk_error())
    else {
        return;
    };
    let mut add = |text: Vec<u8>, deviation| propose_text(out, Slot::Chunk(*chunk), text, deviation);
    add(with_line(text, PREVIOUS, claim.signature.as_bytes()), &UNCHAINED);
    add(with_line(text, PREVIOUS, b""), &ALONE);
    let with_line_break = hex::encode(hash_with_line_break);
    add(
        with_line(text, DATA_HASH, with_line_break.as_bytes()),
        &LINE_BREAK,
    );
    add(with_line(text, DATA_HASH, EMPTY_SHA256.as_bytes()), &NO_DATA);
    add(with_line(text, ALGORITHM, b"AWS4-HMAC-SHA256"), &AS_REQUEST);
    let mut short = lines(text);
    if short.len() > EMPTY_HASH {
        short.remove(EMPTY_HASH);
    }
    add(short.join(&b'\n'), &FIVE_LINES);
    add([text, &b"\n"[..]].concat(), &LINE_AT_END);

    let scope = &claim.scope;
    let days = [claim.time.saturating_sub(DAY), claim.time.saturating_add(DAY)].map(timestamp_text);
    let days = days.iter().filter_map(|text| text.get(..8)).map(|date| Scope {
        date: date.into(),
        ..scope.clone()
    });
    let regions = ["us-east-1", "auto", ""].map(|region| Scope {
        region: region.into(),
        ..scope.clone()
    });
    let services = ["", "s3express"].map(|service| Scope {
        service: service.into(),
        ..scope.clone()
    });
    for other in days.chain(regions).chain(services) {
        // A signer that has another scope for its chunks writes it into their text, too: that is a pair of changes.
        let named = with_line(text, SCOPE, other.to_string().as_bytes());
        propose_text(out, Slot::Chunk(*chunk), named, &OTHER_KEY);
        if let Some(hypothesis) = out.add(Change::KeyScope(other)) {
            hypothesis.specificity = 40;
            hypothesis.detail = OTHER_KEY.how;
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let place = match scene.chunk_error() {
        Some(ChunkError::SignatureMismatch { chunk, offset, .. }) => place(*chunk, *offset),
        _ => "The chunk".to_owned(),
    };
    Told {
        what: Words::of(format!("{place} was signed {}", hypothesis.detail)),
        cure: cure(&ALL, hypothesis, "Sign the chunk as AWS documents it."),
    }
}

/// `Chunk 3, from byte 131072 of the data on,`
fn place(chunk: u64, offset: u64) -> String {
    format!("Chunk {chunk}, from byte {offset} of the data on,")
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let (chunk, what, cure) = match scene.chunk_error()? {
        ChunkError::Malformed { chunk: 1, reason, .. } => (
            1,
            format!("The body does not begin with a chunk, though x-amz-content-sha256 says so: {reason}"),
            "Frame the body as aws-chunked, or send its SHA-256 in x-amz-content-sha256. A proxy that takes frames off must stop.",
        ),
        ChunkError::Malformed {
            chunk,
            offset,
            reason,
        } => (
            *chunk,
            format!("{} cannot be read: {reason}", place(*chunk, *offset)),
            "Frame every chunk as its size in hex, its extension, a line break, exactly so many bytes, and a line break.",
        ),
        ChunkError::SignatureMismatch {
            chunk,
            offset,
            provided,
            ..
        } if provided.len() != SIGNATURE_CHARACTERS => (
            *chunk,
            format!(
                "{} has a signature of {} characters, and one has {SIGNATURE_CHARACTERS}",
                place(*chunk, *offset),
                provided.len()
            ),
            "Write the whole signature behind chunk-signature=. A proxy that cuts lines must stop.",
        ),
        ChunkError::TooSmall { chunk, size } => (
            chunk.saturating_sub(1),
            format!(
                "Chunk {} has {size} bytes, and only the last one may have fewer than {CHUNK_BYTES_MIN}",
                chunk.saturating_sub(1)
            ),
            "Fill each chunk before sending it. A proxy that cuts the stream anew must stop.",
        ),
        _ => return None,
    };
    Some(Finding::new(
        Slot::Chunk(chunk),
        Proof::Exact,
        900,
        Words::of(what),
        Words::of(cure),
    ))
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    let ChunkError::SignatureMismatch { chunk, offset, .. } = scene.chunk_error()? else {
        return None;
    };
    let what = format!(
        "{} was changed, cut anew or exchanged on its way; all before it arrived as it was signed",
        place(*chunk, *offset)
    );
    let cure = Words::of("Let nothing on the way touch the body. ")
        .say(scene.facts.signer.no_chunks_setting())
        .say(".");
    Some(Finding::new(
        Slot::Chunk(*chunk),
        Proof::Infer,
        800,
        Words::of(what),
        cure,
    ))
}
