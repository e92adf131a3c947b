//! The canonical query in other spellings, shared by the rules about queries and tokens.
//!
//! Not here: the right spelling, which is `countersign_sigv4::canonical_query`.

use countersign_sigv4::query_pairs;

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
    }
}
