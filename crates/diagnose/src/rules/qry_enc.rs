//! QRY-ENC: names or values of the query were encoded otherwise for signing.
//!
//! Not here: their order (`qry_sort`), missing equals signs (`qry_noeq`), session tokens (`tok_encoding`).

use countersign_sigv4::{decode_query, encode_uri};

use super::path::encode_except;
use super::prelude::*;
use super::query::{propose_query, raw_pairs};

pub(crate) static RULE: Rule = Rule {
    weight: 672,
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
    let is_link = |name: &[u8]| name.starts_with(b"X-Amz-");
    let has_both =
        raw_pairs(sent).any(|(name, _)| is_link(name)) && raw_pairs(sent).any(|(name, _)| !is_link(name));
    for (spell, how) in SPELLINGS {
        if has_both {
            propose_own(sent, spell, how, &is_link, out);
        }
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

/// The parameters of the signature are written by the signer, as they must be, and the others by somebody else.
fn propose_own(
    sent: &[u8],
    spell: fn(&[u8]) -> Vec<u8>,
    how: &'static str,
    is_link: &dyn Fn(&[u8]) -> bool,
    out: &mut Proposals<'_>,
) {
    let right = |raw: &[u8]| encode_uri(&decode_query(raw), false).into_bytes();
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = raw_pairs(sent)
        .filter(|(name, _)| *name != b"X-Amz-Signature")
        .map(|(name, value)| match is_link(name) {
            true => (right(name), right(value)),
            false => (spell(name), spell(value)),
        })
        .collect();
    pairs.sort();
    let pieces: Vec<Vec<u8>> = pairs
        .iter()
        .map(|(name, value)| [name.as_slice(), b"=", value].concat())
        .collect();
    propose_query(out, pieces.join(&b'&'), 17, how);
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
