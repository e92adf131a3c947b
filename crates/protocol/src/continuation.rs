//! Continuation tokens of listings: opaque to clients, for us the last name that was given out.
//!
//! Not a secret and not signed: whoever makes one up asks for a page that begins elsewhere, which `start-after` allows
//! everybody. The first byte is a version, so that the form can change.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::head::View;
use crate::parse_error::ParseError;

/// The token for the page after `last`.
pub fn encode(last: &str) -> String {
    let mut bytes = Vec::with_capacity(last.len() + 1);
    bytes.push(VERSION);
    bytes.extend_from_slice(last.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The last name of the page before; `None` if this server never made the token.
pub fn parse(continuation_token: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(continuation_token).ok()?;
    match bytes.split_first() {
        Some((&VERSION, last)) => String::from_utf8(last.to_vec()).ok(),
        _ => None,
    }
}

/// Reads `continuation-token`.
pub(crate) fn parse_parameter(view: &View<'_>) -> Result<Option<String>, ParseError> {
    const NAME: &str = "continuation-token";
    match view.parameter(NAME) {
        None => Ok(None),
        Some(text) => match parse(text) {
            Some(last) => Ok(Some(last)),
            None => Err(ParseError::argument(
                "The continuation token provided is incorrect",
                NAME,
                text,
            )),
        },
    }
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back() {
        for last in ["", "a", "a/b c", "ä\u{1f600}\u{1}"] {
            let text = encode(last);
            assert!(
                text.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            );
            assert_eq!(parse(&text).as_deref(), Some(last));
        }
    }

    #[test]
    fn what_we_never_made_is_no_token() {
        for text in ["", "a", "!", "AmE", "Af8", &encode("a")[1..]] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
