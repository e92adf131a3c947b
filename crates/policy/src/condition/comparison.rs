//! The values of a condition, read, and whether a value of the request matches one of them.
//!
//! Not here: several values of a request, negation and keys that are not there ([`super::Condition`]).
//!
//! Keeps true: a value of the request that is not what the operator compares, like a word where a number is asked for,
//! matches nothing.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::decimal::Decimal;
use super::moment::Moment;
use super::network::Network;
use super::operator::{Family, Order};
use crate::arn::{ArnPattern, VariablesIn};
use crate::context::Keys;
use crate::document::Version;
use crate::fault::Defect;
use crate::template::{Syntax, Template};

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Text(Vec<Template>),
    TextInAnyCase(Vec<Template>),
    Number(Order, Vec<Decimal>),
    Date(Order, Vec<Moment>),
    Binary(Vec<Vec<u8>>),
    Address(Vec<Network>),
    Arn(Vec<ArnPattern>),
    /// Whether the key may be absent.
    Null(Vec<bool>),
}

impl Test {
    /// Reads the values of a condition. There is at least one.
    pub(crate) fn parse(family: Family, values: &[String], version: Version) -> Result<Test, Defect> {
        let variables = version == Version::V2012;
        let texts = |wildcards| {
            let syntax = Syntax { wildcards, variables };
            values
                .iter()
                .map(|value| Template::parse(value, syntax))
                .collect()
        };
        Ok(match family {
            Family::Text {
                ignores_case: true, ..
            } => Test::TextInAnyCase(texts(false)),
            Family::Text { wildcards, .. } => Test::Text(texts(wildcards)),
            Family::Number(order) => {
                Test::Number(order, all(values, Decimal::parse, Defect::ConditionValue)?)
            }
            Family::Date(order) => Test::Date(order, all(values, Moment::parse, Defect::ConditionDate)?),
            Family::Bool => {
                let values: Vec<Template> = texts(false);
                let is_bool = |value: &Template| {
                    let text = value.fixed_text();
                    text.is_none_or(|text| parse_bool(text).is_some())
                };
                if !values.iter().all(is_bool) {
                    return Err(Defect::ConditionValue);
                }
                Test::TextInAnyCase(values)
            }
            Family::Binary => {
                let decode = |text: &str| STANDARD.decode(text).ok();
                Test::Binary(all(values, decode, Defect::ConditionValue)?)
            }
            Family::Address => Test::Address(all(values, Network::parse, Defect::ConditionAddress)?),
            Family::Arn => {
                let variables = match version {
                    Version::V2008 => VariablesIn::Nothing,
                    Version::V2012 => VariablesIn::Everything,
                };
                let arns = values.iter().map(|value| ArnPattern::parse(value, variables));
                Test::Arn(arns.collect())
            }
            Family::Null => Test::Null(all(values, parse_bool, Defect::ConditionValue)?),
        })
    }

    /// Whether a value of the request matches one of the values.
    pub(crate) fn matches(&self, value: &str, keys: &Keys) -> bool {
        match self {
            Test::Text(texts) => texts.iter().any(|text| text.matches(value, keys)),
            Test::TextInAnyCase(texts) => texts.iter().any(|text| text.matches_in_any_case(value, keys)),
            Test::Number(order, numbers) => Decimal::parse(value)
                .is_some_and(|value| numbers.iter().any(|number| order.allows(value.cmp(number)))),
            Test::Date(order, moments) => Moment::parse(value)
                .is_some_and(|value| moments.iter().any(|moment| order.allows(value.cmp(moment)))),
            Test::Binary(binaries) => STANDARD
                .decode(value)
                .is_ok_and(|value| binaries.contains(&value)),
            Test::Address(networks) => value
                .parse::<IpAddr>()
                .is_ok_and(|value| networks.iter().any(|network| network.contains(value))),
            Test::Arn(arns) => arns.iter().any(|arn| arn.matches(value, keys)),
            // Asks about the key, not about its value.
            Test::Null(_) => false,
        }
    }

    /// The keys that its variables ask for, in lower case.
    pub(crate) fn variables(&self) -> Vec<&str> {
        match self {
            Test::Text(texts) | Test::TextInAnyCase(texts) => {
                texts.iter().flat_map(Template::variables).collect()
            }
            Test::Arn(arns) => arns.iter().flat_map(ArnPattern::variables).collect(),
            Test::Number(..) | Test::Date(..) | Test::Binary(_) | Test::Address(_) | Test::Null(_) => {
                Vec::new()
            }
        }
    }

    /// Whether every variable has a value.
    pub(crate) fn is_whole(&self, keys: &Keys) -> bool {
        match self {
            Test::Text(texts) | Test::TextInAnyCase(texts) => texts.iter().all(|text| text.is_whole(keys)),
            Test::Arn(arns) => arns.iter().all(|arn| arn.is_whole(keys)),
            _ => true,
        }
    }
}

fn all<T>(values: &[String], parse: impl Fn(&str) -> Option<T>, otherwise: Defect) -> Result<Vec<T>, Defect> {
    values
        .iter()
        .map(|value| parse(value))
        .collect::<Option<Vec<T>>>()
        .ok_or(otherwise)
}

fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}
