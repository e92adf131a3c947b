//! JSON as it was written, before it means anything.
//!
//! The reader that comes with the library keeps the last of two members of one name; a policy in which `Effect` stands
//! twice would be read as whichever came last. Here that is no JSON at all.
//!
//! Keeps true: nesting is bounded by the library (128 levels), and nothing of the document is dropped.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value. Numbers are kept as text, since a condition compares them exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads a document; `None` for what is no JSON, and for a name that stands twice in one object.
    pub(crate) fn parse(text: &[u8]) -> Option<Json> {
        serde_json::from_slice(text).ok()
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = object.next_entry::<String, Json>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn everything_that_was_written_is_there() {
        let read = Json::parse(br#"{"a": [null, true, 1, -2, 1.5, "t"]}"#);
        let number = |text: &str| Json::Number(text.to_owned());
        let items = vec![
            Json::Null,
            Json::Bool(true),
            number("1"),
            number("-2"),
            number("1.5"),
            Json::Text("t".to_owned()),
        ];
        assert_eq!(
            read,
            Some(Json::Object([("a".to_owned(), Json::List(items))].into()))
        );
    }

    #[test]
    fn a_name_that_stands_twice_is_no_json() {
        for text in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"b": {"a": 1, "\u0061": 2}}"#,
            r#"[{"a": 1, "b": 2, "a": 3}]"#,
        ] {
            assert_eq!(Json::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_or_too_deep_is_no_json() {
        let deep = "[".repeat(4096) + &"]".repeat(4096);
        for text in ["", "{", "{} x", "{'a': 1}", r#"{"a": 1,}"#, &deep] {
            assert_eq!(Json::parse(text.as_bytes()), None, "{text}");
        }
    }
}
