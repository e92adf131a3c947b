//! What must not be kept of a refused request: the values that it holds in the places for signatures, tokens and secrets.
//!
//! Not here: taking them out of texts (`countersign_diagnose::Mask`).

use countersign_diagnose::Mask;

use crate::pipeline::received::Received;
use crate::refusal::Refused;

/// Collects what a request holds in the places for signatures, tokens and secrets.
pub fn mask(received: &Received, refused: &Refused) -> Mask {
    let mut mask = Mask::default();
    if let Some(claim) = &refused.claim {
        mask.signature(&claim.signature);
        mask.hide(claim.session_token.as_deref().unwrap_or_default());
    }
    if let Some(resolved) = &refused.resolved {
        mask.hide(&String::from_utf8_lossy(resolved.access_key.secret.expose()));
    }
    for (name, value) in received.lines() {
        mask.header(name, &String::from_utf8_lossy(value));
    }
    mask.query(received.query().unwrap_or_default().as_bytes());
    for (name, value) in received.form_secrets() {
        mask.parameter(name, value);
    }
    mask
}

/// An access key id that nobody has here. It may be a secret in the wrong field, so only what looks like an id is kept whole.
pub(crate) fn unknown_access_key_id(id: &str) -> String {
    let looks_like_an_id = id.len() <= UNKNOWN_ID_BYTES_MAX
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if looks_like_an_id {
        return id.to_owned();
    }
    id.chars().take(4).chain(['\u{2026}']).collect()
}

/// Longest access key id that is kept whole though nobody has it; a secret is longer.
const UNKNOWN_ID_BYTES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_place_of_an_access_key_id_is_not_kept() {
        assert_eq!(
            unknown_access_key_id("AKIAIOSFODNN7EXAMPLE"),
            "AKIAIOSFODNN7EXAMPLE"
        );
        assert_eq!(
            unknown_access_key_id("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            "wJal\u{2026}"
        );
        assert_eq!(
            unknown_access_key_id(&"a".repeat(UNKNOWN_ID_BYTES_MAX + 1)),
            "aaaa\u{2026}"
        );
        assert_eq!(unknown_access_key_id("a b"), "a b\u{2026}");
    }
}
