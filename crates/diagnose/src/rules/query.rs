//! The canonical query in other spellings, shared by the rules about queries and tokens.
//!
//! Not here: the right spelling, which is `countersign_sigv4::canonical_query`.

use countersign_sigv4::query_pairs;

use super::prelude::*;

/// Proposes that the canonical query was this text. It may hold a session token, so it is named to nobody.
pub(super) fn propose_query(out: &mut Proposals<'_>, query: Vec<u8>, specificity: u32, detail: &'static str) {
    if let Some(hypothesis) = out.add(Change::Query(query)) {
        hypothesis.specificity = specificity;
        hypothesis.detail = detail;
    }
}

/// The raw names and values of a query in the order of sending; no value is an empty one.
pub(super) fn raw_pairs(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query_pairs(query).map(|(name, value)| (name, value.unwrap_or_default()))
}

/// A canonical query without one parameter.
pub(super) fn without(query: &[u8], name: &str) -> Vec<u8> {
    let kept: Vec<&[u8]> = pieces(query)
        .filter(|piece| name_of(piece) != name.as_bytes())
        .collect();
    kept.join(&b'&')
}

/// A canonical query in which one parameter has this text for its value.
pub(super) fn with_value(query: &[u8], name: &str, value: &[u8]) -> Vec<u8> {
    let changed: Vec<Vec<u8>> = pieces(query)
        .map(|piece| {
            if name_of(piece) == name.as_bytes() {
                [name.as_bytes(), b"=", value].concat()
            } else {
                piece.to_vec()
            }
        })
        .collect();
    changed.join(&b'&')
}

/// A canonical query in which one parameter goes under another name, in its order.
pub(super) fn renamed(query: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut pieces: Vec<Vec<u8>> = pieces(query)
        .map(|piece| match piece.strip_prefix(from.as_bytes()) {
            Some(rest) if name_of(piece) == from.as_bytes() => [to.as_bytes(), rest].concat(),
            _ => piece.to_vec(),
        })
        .collect();
    pieces.sort();
    pieces.join(&b'&')
}

fn pieces(query: &[u8]) -> impl Iterator<Item = &[u8]> {
    query.split(|&b| b == b'&').filter(|piece| !piece.is_empty())
}

fn name_of(piece: &[u8]) -> &[u8] {
    query_pairs(piece).next().map_or(piece, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_taken_out_or_given_another_value() {
        let query = b"a=1&X-Amz-B=2&c=";
        assert_eq!(without(query, "X-Amz-B"), b"a=1&c=");
        assert_eq!(with_value(query, "X-Amz-B", b"x%2"), b"a=1&X-Amz-B=x%2&c=");
        assert_eq!(without(query, "absent"), query);
        assert_eq!(renamed(query, "X-Amz-B", "d"), b"a=1&c=&d=2");
        assert_eq!(renamed(b"a=1&c=", "X-Amz", "d"), b"a=1&c=");
    }
}
