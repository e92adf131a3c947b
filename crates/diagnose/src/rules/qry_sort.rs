//! QRY-SORT: the signer did not sort the query as AWS does.

use std::collections::HashMap;

use countersign_sigv4::{decode_query, encode_uri};

use super::prelude::*;
use super::query::{propose_query, raw_pairs};

pub(crate) static RULE: Rule = Rule {
    weight: 664,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "QRY-SORT",
        "The query was signed in another order",
        include_str!("../../pages/QRY-SORT.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let sent = scene.case.request.query.unwrap_or_default();
    // By a table, since a query may have hundreds of parameters.
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, (raw, _)) in raw_pairs(sent).enumerate() {
        places
            .entry(encode_uri(&decode_query(raw), false))
            .or_insert(place);
    }
    let position = |piece: &&[u8]| {
        let name = piece.split(|&b| b == b'=').next().unwrap_or_default();
        let name = std::str::from_utf8(name).ok()?;
        places.get(name).copied()
    };
    let pieces: Vec<&[u8]> = parts.query.split(|&b| b == b'&').collect();
    let mut as_sent = pieces.clone();
    as_sent.sort_by_key(position);
    let mut by_letter = pieces.clone();
    by_letter.sort_by_cached_key(|piece| piece.to_ascii_lowercase());
    let mut decoded = pieces;
    decoded.sort_by_cached_key(|piece| decode_query(piece));
    for (order, how) in [
        (as_sent, "in the order of the URL"),
        (by_letter, "sorted without regard to capitals"),
        (decoded, "sorted before it was encoded"),
    ] {
        propose_query(out, order.join(&b'&'), 16, how);
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The query was signed {}", hypothesis.detail)),
        cure: Words::of("Encode names and values first, then sort by name and value, byte by byte."),
    }
}
