//! Conditions: when a statement applies at all.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>. All operators and all keys
//! must hold; of the values of a key one is enough, and under a negated operator none may match.
//!
//! Keeps true: values were read with the document, so that a number is a number when a request comes. A negated operator
//! with a set operator negates each value of the request by itself. A variable without a value never makes a statement
//! allow, and never keeps one from denying.

mod comparison;
mod decimal;
mod moment;
mod network;
mod operator;

use crate::context::Keys;
use crate::document::{Effect, Version};
use crate::fault::Defect;

pub(crate) use comparison::Test;
pub(crate) use operator::Operator;
use operator::Quantifier;

/// One operator on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) operator: Operator,
    /// In lower case.
    pub(crate) key: String,
    pub(crate) test: Test,
}

impl Condition {
    /// Reads the values of a key under an operator.
    pub(crate) fn parse(
        operator: Operator,
        key: &str,
        values: &[String],
        version: Version,
    ) -> Result<Condition, Defect> {
        Ok(Condition {
            operator,
            key: key.to_ascii_lowercase(),
            test: Test::parse(operator.family, values, version)?,
        })
    }

    /// Whether it holds for a request, in a statement of this effect.
    pub(crate) fn holds(&self, keys: &Keys, effect: Effect) -> bool {
        let values = keys.values(&self.key);
        // An empty text is a value to compare with, but no more than nothing where only being there counts.
        let is_null = values.iter().all(String::is_empty);
        if let Test::Null(wanted) = &self.test {
            return wanted.contains(&is_null);
        }
        // What holds because nothing contradicts it must not hold because a variable is missing, unless it denies.
        let is_sound = effect == Effect::Deny || self.test.is_whole(keys);
        let is_negated = self.operator.is_negated;
        let quantifier = self.operator.quantifier;
        if values.is_empty() && self.operator.if_exists {
            return is_sound;
        }
        if is_null && quantifier == Quantifier::ForAllValues {
            return is_sound;
        }
        if is_negated && !is_sound {
            return false;
        }
        let holds = |value: &String| self.test.matches(value, keys) != is_negated;
        match quantifier {
            Quantifier::ForAnyValue => values.iter().any(holds),
            Quantifier::ForAllValues => values.iter().all(holds),
            // Of a key that is not there, no value matches.
            Quantifier::Plain if is_negated => values.iter().all(holds),
            Quantifier::Plain => values.iter().any(holds),
        }
    }
}
