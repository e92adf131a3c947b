//! Streams of the fixtures: framed and signed as the context writes it out, received through the real decoder.
//!
//! The context's `stream` holds `chunks`, each with `data`, `times`, and for a faulty signer the text it `signed`; and a `trailer` with
//! its `lines`, and the text it `signed` or the lines it `hashed`. `replace` names what became of the framed body on its way, `cut`
//! how many bytes at its end were lost. In a text, `{previous}`, `{seed}`, `{data}` are signatures, `{hash}` and `{hash_with_line_break}`
//! hashes.

use bytes::Bytes;
use countersign_diagnose::{BodyFacts, BodyFault};
use countersign_sigv4::{ChunkDecoder, ChunkSeed, Claim, Payload, Request, Scope, Secret, SigningKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

const CHUNK: &str = "AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{previous}\n{nothing}\n{hash}";
const TRAILER: &str = "AWS4-HMAC-SHA256-TRAILER\n{date}\n{scope}\n{previous}\n{hash}";

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The signature over a text with its holes filled.
fn sign(template: &str, holes: &[(&str, &str)], claim: &Claim, secret: &Secret, part: &Value) -> String {
    let mut filled = template
        .replace("{date}", &claim.timestamp)
        .replace("{scope}", &claim.scope.to_string())
        .replace("{nothing}", &sha256(b""))
        .replace("{seed}", &claim.signature);
    for (name, value) in holes {
        filled = filled.replace(name, value);
    }
    let scope = Scope {
        region: text(part, "key_region").unwrap_or(&claim.scope.region).into(),
        date: text(part, "key_date").unwrap_or(&claim.scope.date).into(),
        ..claim.scope.clone()
    };
    SigningKey::derive(secret, &scope)
        .sign(filled.as_bytes())
        .to_hex()
}

/// The framed body as it arrives.
pub(super) fn frame(stream: &Value, claim: &Claim, secret: &Secret) -> Vec<u8> {
    let is_signed = matches!(claim.payload, Payload::Streaming(way) if way.is_signed());
    let mut body = Vec::new();
    let (mut previous, mut of_data) = (claim.signature.clone(), claim.signature.clone());
    for chunk in stream["chunks"].as_array().expect("chunks") {
        let times = chunk.get("times").and_then(Value::as_u64).unwrap_or(1);
        let data = text(chunk, "data")
            .unwrap_or_default()
            .repeat(usize::try_from(times).expect("a small number"));
        body.extend(format!("{:x}", data.len()).into_bytes());
        if is_signed {
            let holes = [
                ("{previous}", previous.as_str()),
                ("{hash}", &sha256(data.as_bytes())),
                (
                    "{hash_with_line_break}",
                    &sha256(format!("{data}\r\n").as_bytes()),
                ),
            ];
            let template = text(chunk, "signed").unwrap_or(CHUNK);
            previous = sign(template, &holes, claim, secret, chunk);
            body.extend(format!(";chunk-signature={previous}").into_bytes());
        }
        body.extend(b"\r\n");
        if !data.is_empty() {
            of_data.clone_from(&previous);
            body.extend(format!("{data}\r\n").into_bytes());
        }
    }
    match stream.get("trailer") {
        Some(trailer) => {
            let lines = text(trailer, "lines").unwrap_or_default();
            body.extend(lines.as_bytes());
            if is_signed && trailer.get("unsigned").is_none() {
                let hashed = text(trailer, "hashed").map_or_else(|| lines.replace('\r', ""), str::to_owned);
                let holes = [
                    ("{previous}", previous.as_str()),
                    ("{data}", &of_data),
                    ("{hash}", &sha256(hashed.as_bytes())),
                ];
                let signature = sign(
                    text(trailer, "signed").unwrap_or(TRAILER),
                    &holes,
                    claim,
                    secret,
                    trailer,
                );
                body.extend(format!("x-amz-trailer-signature:{signature}\r\n").into_bytes());
            }
            body.extend(b"\r\n");
        }
        None => body.extend(b"\r\n"),
    }
    let mut text_of_body = String::from_utf8(body).expect("text");
    for change in stream
        .get("replace")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let (from, to) = (
            text(change, "from").expect("a text"),
            text(change, "to").expect("a text"),
        );
        assert!(text_of_body.contains(from), "{from} stands in the body");
        text_of_body = text_of_body.replacen(from, to, 1);
    }
    let cut = stream.get("cut").and_then(Value::as_u64).unwrap_or_default();
    let length = text_of_body.len() - usize::try_from(cut).expect("a small number");
    text_of_body.truncate(length);
    text_of_body.into_bytes()
}

/// Takes the frames off as the server does.
pub(super) fn receive(
    framed: Vec<u8>,
    request: &Request<'_>,
    claim: &Claim,
    secret: &Secret,
) -> (Option<BodyFacts>, Option<BodyFault>) {
    let Payload::Streaming(mode) = claim.payload else {
        let facts = BodyFacts {
            bytes: framed.len() as u64,
            sha256: None,
            head: framed,
        };
        return (Some(facts), None);
    };
    let header = |name: &str| {
        request
            .header(name)
            .map(|value| String::from_utf8_lossy(value).into_owned())
    };
    let Some(declared) = header("x-amz-decoded-content-length") else {
        return (None, Some(BodyFault::LengthMissing));
    };
    let announced: Vec<String> = header("x-amz-trailer").into_iter().collect();
    let key = SigningKey::derive(secret, &claim.scope);
    let seed = mode.is_signed().then(|| ChunkSeed::of(claim, &key));
    let mut decoder = ChunkDecoder::new(mode, seed, &announced, declared.parse().ok());
    let (mut input, mut data) = (Bytes::from(framed), Vec::new());
    let error = loop {
        match decoder.decode(&mut input) {
            Ok(Some(piece)) => data.extend_from_slice(&piece),
            Ok(None) => break decoder.finish().err(),
            Err(error) => break Some(error),
        }
    };
    data.truncate(256);
    let facts = BodyFacts {
        bytes: data.len() as u64,
        sha256: None,
        head: data,
    };
    (Some(facts), error.map(BodyFault::Chunk))
}
