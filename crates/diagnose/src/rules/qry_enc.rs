//! QRY-ENC: names or values of the query were encoded otherwise for signing.
//!
//! Not here: their order (`qry_sort`), missing equals signs (`qry_noeq`), session tokens (`tok_encoding`).

use countersign_sigv4::{decode_query, encode_uri};

use super::path::encode_except;
use super::prelude::*;
use super::query::{propose_query, raw_pairs};

pub(crate) static RULE: Rule = Rule {
    weight: 580,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "QRY-ENC",
        "The query was signed in another encoding",
        include_str!("../../pages/QRY-ENC.md"),
    )
};

/// How a name or a value was written, and in words.
type Spelling = (fn(&[u8]) -> Vec<u8>, &'static str);

const SPELLINGS: [Spelling; 8] = [
    (<[u8]>::to_vec, "as it stands in the URL"),
    (|raw| decode_query(raw), "without any encoding"),
    (
        |raw| encode_uri(encode_uri(&decode_query(raw), false).as_bytes(), false).into_bytes(),
        "encoded twice",
    ),
    (
        |raw| encode_except(&decode_query(raw), b"/"),
        "with its slashes bare",
    ),
    (
        |raw| encode_except(&decode_query(raw), b"/:@=,"),
        "with slashes, colons and the like bare",
    ),
    (
        |raw| encode_except(&decode_query(raw), b"!'()*"),
        "as JavaScript's encodeURIComponent writes it",
    ),
    (
        |raw| replaced(&encode_uri(&decode_query(raw), false), "%20", "+"),
        "with + for a blank",
    ),
    (
        |raw| lower_codes(&encode_uri(&decode_query(raw), false)),
        "with lower-case percent codes",
    ),
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let sent = scene.case.request.query.unwrap_or_default();
    for (spell, how) in SPELLINGS {
        let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = raw_pairs(sent)
            .map(|(name, value)| (spell(name), spell(value)))
            .filter(|(name, _)| name != b"X-Amz-Signature")
            .collect();
        pairs.sort();
        let pieces: Vec<Vec<u8>> = pairs
            .iter()
            .map(|(name, value)| [name.as_slice(), b"=", value].concat())
            .collect();
        propose_query(out, pieces.join(&b'&'), 18, how);
    }
}

fn replaced(text: &str, from: &str, to: &str) -> Vec<u8> {
    text.replace(from, to).into_bytes()
}

fn lower_codes(text: &str) -> Vec<u8> {
    let mut pieces = text.split('%');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        out.push('%');
        out.push_str(&code.to_ascii_lowercase());
        out.push_str(rest);
    }
    out.into_bytes()
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The query was signed {}", hypothesis.detail)),
        cure: Words::of(
            "Percent-encode each name and value once, every byte except A-Z a-z 0-9 - . _ ~, in capital hex.",
        ),
    }
}
