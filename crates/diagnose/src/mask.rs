//! What must not be told of a request, and how it is taken out of texts.
//!
//! A signature, a session token or a secret has its own place in a request, and no such place is told. But people paste a
//! whole link into a path, or a token into a user agent, so every text goes through here before it is kept or shown.
//!
//! It keeps true: the values that were collected stand in no text that comes out, whatever it is; of a signature
//! the first eight characters stay, to tell one from another.

use countersign_sigv4::{decode_query, query_pairs};
use serde_json::Value;

use crate::hidden::{is_secret_header, is_secret_parameter};

/// The values of one request that must not be told.
#[derive(Default)]
pub struct Mask {
    /// The longest first.
    values: Vec<Hidden>,
}

struct Hidden {
    text: String,
    instead: String,
}

impl Mask {
    /// A header, if its value is a credential.
    pub fn header(&mut self, name: &str, value: &str) {
        if is_secret_header(name) {
            // A header that is no claim, because something in it is wrong, has a signature all the same.
            let signature = value.split_once("Signature=").map_or("", |(_, rest)| rest);
            self.signature(signature.split([',', ' ']).next().unwrap_or_default());
            self.hide(value);
        }
    }

    /// The parameters of a query that carry credentials, as they were sent and decoded.
    pub fn query(&mut self, query: &[u8]) {
        for (name, value) in query_pairs(query) {
            let name = String::from_utf8_lossy(&decode_query(name)).into_owned();
            let value = value.unwrap_or_default();
            for value in [value.to_vec(), decode_query(value)] {
                self.parameter(&name, &String::from_utf8_lossy(&value));
            }
        }
    }

    /// A parameter of a query, or a field of a form.
    pub fn parameter(&mut self, name: &str, value: &str) {
        if name.to_ascii_lowercase().ends_with(SIGNATURE) {
            self.signature(value);
        } else if is_secret_parameter(name) {
            self.hide(value);
        }
    }

    /// A text that is one of them.
    pub fn hide(&mut self, text: &str) {
        self.add(text, HIDDEN.to_owned());
    }

    /// A signature.
    pub fn signature(&mut self, text: &str) {
        self.add(text, short_signature(text));
    }

    fn add(&mut self, text: &str, instead: String) {
        // A value of a few letters hides nothing that cannot be guessed, and would tear every text apart.
        let is_new = || !self.values.iter().any(|hidden| hidden.text == text);
        if text.len() >= HIDDEN_BYTES_MIN && self.values.len() <= HIDDEN_VALUES_MAX && is_new() {
            // The longest first: a value inside another would leave the rest of it behind.
            let at = self
                .values
                .partition_point(|hidden| hidden.text.len() >= text.len());
            let hidden = Hidden {
                text: text.to_owned(),
                instead,
            };
            self.values.insert(at, hidden);
        }
    }

    /// The text without what must not be kept.
    pub fn text(&self, text: &str) -> String {
        if self.values.len() > HIDDEN_VALUES_MAX {
            return HIDDEN.to_owned();
        }
        let mut text = text.to_owned();
        for hidden in &self.values {
            if text.contains(&hidden.text) {
                text = text.replace(&hidden.text, &hidden.instead);
            }
        }
        without_parameters(&text)
    }

    /// Every text of a document without what must not be kept.
    pub fn document(&self, document: &mut Value) {
        match document {
            Value::String(text) => *text = self.text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.document(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.document(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn short_signature(text: &str) -> String {
    text.chars()
        .take(SIGNATURE_CHARACTERS_MAX)
        .chain(['\u{2026}'])
        .collect()
}

/// Hides the values of parameters that carry a signature, a token or a secret, wherever a link was pasted into a text. Goes
/// through the text once, from sign to sign: a stranger decides how many there are.
fn without_parameters(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find(['=', '%'])) {
        let sign = at + found;
        let length = match lower.get(sign..) {
            Some(rest) if rest.starts_with('=') => 1,
            rest => match rest.and_then(|rest| escape_length(rest, "3d")) {
                Some(length) => length,
                None => {
                    at = sign + 1;
                    continue;
                }
            },
        };
        at = sign + length;
        let name = lower.get(kept..sign).unwrap_or_default();
        if !is_secret_parameter(name) {
            continue;
        }
        let value_bytes = value_length(text.get(at..).unwrap_or_default());
        let value = text.get(at..at + value_bytes).unwrap_or_default();
        if value.chars().count() > SIGNATURE_CHARACTERS_MAX {
            out.push_str(text.get(kept..at).unwrap_or_default());
            out.push_str(HIDDEN);
            kept = at + value_bytes;
        }
        at += value_bytes;
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    out
}

/// How long the value is with which the text begins.
fn value_length(text: &str) -> usize {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '&' | ',' | ';' | '"' | '\'' | '?' | '<' | '>');
    let plain = text.find(is_end).unwrap_or(text.len());
    let value = text.get(..plain).unwrap_or_default();
    let mut escapes = value.match_indices('%').map(|(at, _)| at);
    escapes
        .find(|at| {
            value
                .get(*at..)
                .is_some_and(|rest| escape_length(rest, "26").is_some())
        })
        .unwrap_or(plain)
}

/// How long the escape of a sign is with which the text begins, however often it was escaped: `%3d`, `%253d`, and so on.
fn escape_length(text: &str, code: &str) -> Option<usize> {
    let escaped = text.strip_prefix('%')?.trim_start_matches("25");
    let rest = escaped.strip_prefix(code)?;
    Some(text.len() - rest.len())
}

/// What stands in the place of a hidden value.
const HIDDEN: &str = "***";
/// How the names of parameters end that carry a signature.
const SIGNATURE: &str = "signature";
/// Most characters of a signature that are kept.
const SIGNATURE_CHARACTERS_MAX: usize = 8;
/// Most values of one request that are looked for. An honest one has a handful; of one with more no text is kept at all.
const HIDDEN_VALUES_MAX: usize = 32;
/// Shortest value that is looked for.
const HIDDEN_BYTES_MIN: usize = 8;
#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask {
        let mut mask = Mask::default();
        mask.signature("0123456789abcdef0123456789abcdef");
        mask.hide("token/of+a=session");
        mask.hide("short");
        mask
    }

    #[test]
    fn a_value_is_hidden_wherever_it_stands() {
        let check = |text: &str, expected: &str| assert_eq!(mask().text(text), expected, "{text}");
        check("/bucket/key", "/bucket/key");
        check("/b/0123456789abcdef0123456789abcdef/x", "/b/01234567\u{2026}/x");
        check("agent/1.0 token/of+a=session", "agent/1.0 ***");
        check("short", "short");
        let mut document = serde_json::json!({ "a": [{ "b": "token/of+a=session" }, 1, null] });
        mask().document(&mut document);
        assert_eq!(document, serde_json::json!({ "a": [{ "b": "***" }, 1, null] }));
    }

    #[test]
    fn of_a_request_with_very_many_such_values_no_text_is_kept() {
        let mut mask = Mask::default();
        for n in 0..HIDDEN_VALUES_MAX {
            mask.hide(&format!("a-long-value-{n}"));
            mask.hide("a-long-value-0");
        }
        assert_eq!(mask.text("/bucket/key"), "/bucket/key");
        mask.hide("one-more-value");
        assert_eq!(mask.text("/bucket/key"), HIDDEN);
    }

    #[test]
    fn a_text_full_of_parameters_loses_the_value_of_each() {
        let (text, expected) = ("signature=123456789&", format!("signature={HIDDEN}&"));
        assert_eq!(without_parameters(&text.repeat(1000)), expected.repeat(1000));
        assert_eq!(without_parameters(&"=".repeat(1000)), "=".repeat(1000));
        assert_eq!(without_parameters(&"%3D%".repeat(1000)), "%3D%".repeat(1000));
    }

    #[test]
    fn a_link_in_a_path_loses_its_signature_and_its_token() {
        let check = |text: &str, expected: &str| assert_eq!(without_parameters(text), expected, "{text}");
        check(
            "/b/k%3FX-Amz-Signature%3Dabcdef0123456789%26X-Amz-Expires%3D60",
            "/b/k%3FX-Amz-Signature%3D***%26X-Amz-Expires%3D60",
        );
        check(
            "/b/k&x-amz-security-token=IQoJb3JpZ2lu&signature=0123456789",
            "/b/k&x-amz-security-token=***&signature=***",
        );
        check(
            "aws_secret_access_key=wJalrXUtnFEMI end",
            "aws_secret_access_key=*** end",
        );
        check(
            "/b/k%253FX-Amz-Security-Token%253DIQoJb3JpZ2lu%252F%252B%2526X-Amz-Signature%25253Dabcdef0123456789",
            "/b/k%253FX-Amz-Security-Token%253D***%2526X-Amz-Signature%25253D***",
        );
        check("%25252525signature%2525", "%25252525signature%2525");
        check("/my-signature/x=1", "/my-signature/x=1");
        check("/signature=yes/x", "/signature=yes/x");
        check("signature", "signature");
        check(
            "\u{1e9e}signature=\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}",
            "\u{1e9e}signature=***",
        );
    }
}
