//! Reads a POST policy from base64 and JSON.
//!
//! Strict about what it does not know: a policy that is half understood would allow what its author did not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Condition, PolicyDocument, PolicyFault};

/// Base64 in the standard alphabet, padded; line breaks, as MIME encoders put them, are let pass.
pub(super) fn decode_base64(text: &str) -> Result<Vec<u8>, PolicyFault> {
    let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).map_err(|_| malformed("it is not base64"))
}

/// The JSON object with `expiration` and `conditions`.
pub(super) fn document(json: &[u8]) -> Result<PolicyDocument, PolicyFault> {
    let value: Value = serde_json::from_slice(json).map_err(|_| malformed("it is not JSON"))?;
    let object = value
        .as_object()
        .ok_or_else(|| malformed("it is not a JSON object"))?;
    if object
        .keys()
        .any(|name| name != "expiration" && name != "conditions")
    {
        return Err(malformed("it has an unknown element"));
    }
    let expiration = object
        .get("expiration")
        .ok_or_else(|| malformed("it has no expiration"))?;
    let expiration = expiration.as_str().and_then(parse_expiration);
    let expiration = expiration.ok_or_else(|| malformed("its expiration is not an ISO 8601 time in UTC"))?;
    let conditions = object
        .get("conditions")
        .ok_or_else(|| malformed("it has no conditions"))?;
    let conditions = conditions
        .as_array()
        .ok_or_else(|| malformed("its conditions are not a list"))?;
    let mut parsed = Vec::with_capacity(conditions.len());
    for value in conditions {
        parsed.push(condition(value)?);
    }
    Ok(PolicyDocument {
        expiration,
        conditions: parsed,
    })
}

fn condition(value: &Value) -> Result<Condition, PolicyFault> {
    match value {
        Value::Object(pairs) => match pairs.iter().next() {
            Some((field, Value::String(value))) if pairs.len() == 1 => Ok(Condition::Equals {
                field: field.to_ascii_lowercase(),
                value: value.clone(),
            }),
            Some(_) if pairs.len() == 1 => Err(malformed("a simple condition has a value that is not text")),
            _ => Err(malformed("a simple condition has not exactly one property")),
        },
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(operator), second, third] => list_condition(operator, second, third),
            _ => Err(malformed("a condition is not an operator with two operands")),
        },
        _ => Err(malformed("a condition is neither an object nor a list")),
    }
}

fn list_condition(operator: &str, second: &Value, third: &Value) -> Result<Condition, PolicyFault> {
    if operator.eq_ignore_ascii_case("content-length-range") {
        let (Some(min), Some(max)) = (bound(second), bound(third)) else {
            return Err(malformed("a content-length-range has a bound that is no number"));
        };
        return Ok(Condition::ContentLengthRange { min, max });
    }
    let (Some(field), Some(text)) = (second.as_str(), third.as_str()) else {
        return Err(malformed("a condition has an operand that is not text"));
    };
    let field = field
        .strip_prefix('$')
        .ok_or_else(|| malformed("a field has no dollar sign before it"))?;
    let (field, text) = (field.to_ascii_lowercase(), text.to_owned());
    if operator.eq_ignore_ascii_case("eq") {
        Ok(Condition::Equals { field, value: text })
    } else if operator.eq_ignore_ascii_case("starts-with") {
        Ok(Condition::StartsWith { field, prefix: text })
    } else {
        Err(malformed("a condition has an unknown operator"))
    }
}

/// Numbers, or numbers written as text, which several libraries send.
fn bound(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let text = value.as_str()?;
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().ok()
        } else {
            None
        }
    })
}

/// Like `2015-12-30T12:00:00.000Z`.
fn parse_expiration(text: &str) -> Option<i64> {
    if !text.ends_with('Z') {
        return None;
    }
    Some(text.parse::<jiff::Timestamp>().ok()?.as_second())
}

fn malformed(reason: &'static str) -> PolicyFault {
    PolicyFault::Malformed { reason }
}
