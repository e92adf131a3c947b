//! The row of a bucket's CORS rules: one field a rule, in order, each a value of its own.
//!
//! Not here: what a rule may say, and how many rules there may be. A document within the limits of S3 is always longer than
//! its row, so the row lies within the contract's limit.

use super::fields::{Reader, Writer};
use crate::error::{Result, corrupt};
use bytes::Bytes;
use countersign_types::{CorsMethod, CorsRule};

const RULE: u8 = 1;

const ID: u8 = 1;
const METHOD: u8 = 2;
const ORIGIN: u8 = 3;
const HEADER: u8 = 4;
const EXPOSED: u8 = 5;
const MAX_AGE: u8 = 6;

pub(crate) fn encode_cors_rules(rules: &[CorsRule]) -> Bytes {
    let mut to = Writer::new();
    for rule in rules {
        to.bytes(RULE, &encode_rule(rule));
    }
    to.finish()
}

pub(crate) fn decode_cors_rules(value: &[u8]) -> Result<Vec<CorsRule>> {
    let mut reader = Reader::new(value, WHAT)?;
    let mut rules = Vec::new();
    while let Some(field) = reader.next()? {
        if field.tag == RULE {
            rules.push(decode_rule(field.bytes)?);
        }
    }
    Ok(rules)
}

fn encode_rule(rule: &CorsRule) -> Bytes {
    let mut to = Writer::new();
    to.text(ID, rule.id.as_deref());
    for method in &rule.allowed_methods {
        to.number(METHOD, method_number(*method));
    }
    for (tag, texts) in [
        (ORIGIN, &rule.allowed_origins),
        (HEADER, &rule.allowed_headers),
        (EXPOSED, &rule.expose_headers),
    ] {
        for text in texts {
            to.text(tag, Some(text));
        }
    }
    if let Some(seconds) = rule.max_age_seconds {
        to.number(MAX_AGE, seconds.into());
    }
    to.finish()
}

fn decode_rule(value: &[u8]) -> Result<CorsRule> {
    let mut reader = Reader::new(value, WHAT)?;
    let mut rule = CorsRule::default();
    while let Some(field) = reader.next()? {
        match field.tag {
            ID => rule.id = Some(field.string()?),
            METHOD => rule.allowed_methods.push(method(field.number()?)?),
            ORIGIN => rule.allowed_origins.push(field.string()?),
            HEADER => rule.allowed_headers.push(field.string()?),
            EXPOSED => rule.expose_headers.push(field.string()?),
            MAX_AGE => {
                let seconds = u32::try_from(field.number()?).map_err(|_| corrupt(WHAT))?;
                rule.max_age_seconds = Some(seconds);
            }
            _ => {}
        }
    }
    Ok(rule)
}

const fn method_number(method: CorsMethod) -> u64 {
    match method {
        CorsMethod::Get => 1,
        CorsMethod::Put => 2,
        CorsMethod::Post => 3,
        CorsMethod::Delete => 4,
        CorsMethod::Head => 5,
    }
}

fn method(number: u64) -> Result<CorsMethod> {
    CorsMethod::ALL
        .into_iter()
        .find(|method| method_number(*method) == number)
        .ok_or_else(|| corrupt(WHAT))
}

const WHAT: &str = "the CORS rules of a bucket";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_in_their_order() {
        let rules = [
            CorsRule {
                id: Some("uploads".to_owned()),
                allowed_methods: CorsMethod::ALL.to_vec(),
                allowed_origins: vec!["https://b.example".to_owned(), String::new(), "*".to_owned()],
                allowed_headers: vec!["*".to_owned()],
                expose_headers: vec!["ETag".to_owned(), "x-amz-request-id".to_owned()],
                max_age_seconds: Some(3000),
            },
            CorsRule {
                allowed_methods: vec![CorsMethod::Get],
                allowed_origins: vec!["*".to_owned()],
                ..CorsRule::default()
            },
        ];
        let value = encode_cors_rules(&rules);
        assert_eq!(decode_cors_rules(&value).expect("rules"), rules);
        assert_eq!(decode_cors_rules(&encode_cors_rules(&[])).expect("none"), []);
    }

    #[test]
    fn a_row_that_names_no_method_of_ours_is_damaged() {
        let mut rule = Writer::new();
        rule.number(METHOD, 6);
        let mut row = Writer::new();
        row.bytes(RULE, &rule.finish());
        assert!(decode_cors_rules(&row.finish()).is_err());
    }
}
