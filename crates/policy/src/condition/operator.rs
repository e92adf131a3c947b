//! The names of the operators: `ForAnyValue:StringNotLikeIfExists` in its parts.
//!
//! Keeps true: names have a case, as AWS has it. An unknown one is refused, since a condition that is left out allows too much.

use std::cmp::Ordering;

/// An operator with everything that is written around its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Quantifier,
    pub(crate) family: Family,
    /// `StringNotEquals` and its like.
    pub(crate) is_negated: bool,
    /// `...IfExists`: without the key it holds.
    pub(crate) if_exists: bool,
}

/// How several values of a request are taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// Meant for keys with one value.
    Plain,
    /// One value is enough; without any it does not hold.
    ForAnyValue,
    /// All values; without any it holds.
    ForAllValues,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Text { wildcards: bool, ignores_case: bool },
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

/// What the value of the request is to that of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Reads a name.
    pub(crate) fn parse(name: &str) -> Option<Operator> {
        let (quantifier, name) = if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Quantifier::ForAnyValue, rest)
        } else if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Quantifier::ForAllValues, rest)
        } else {
            (Quantifier::Plain, name)
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (family, is_negated) = named(name)?;
        // `Null` asks whether the key exists; there is nothing to ask if it does.
        if family == Family::Null && if_exists {
            return None;
        }
        Some(Operator {
            quantifier,
            family,
            is_negated,
            if_exists,
        })
    }

    /// Whether it holds only for a request that has the key: then a fixed value limits who is let in.
    pub(crate) fn needs_key(self) -> bool {
        !self.is_negated && !self.if_exists && self.quantifier != Quantifier::ForAllValues
    }
}

fn named(name: &str) -> Option<(Family, bool)> {
    let text = |wildcards, ignores_case| Family::Text {
        wildcards,
        ignores_case,
    };
    Some(match name {
        "StringEquals" => (text(false, false), false),
        "StringNotEquals" => (text(false, false), true),
        "StringEqualsIgnoreCase" => (text(false, true), false),
        "StringNotEqualsIgnoreCase" => (text(false, true), true),
        "StringLike" => (text(true, false), false),
        "StringNotLike" => (text(true, false), true),
        "Bool" => (Family::Bool, false),
        "BinaryEquals" => (Family::Binary, false),
        "IpAddress" => (Family::Address, false),
        "NotIpAddress" => (Family::Address, true),
        // The two of each pair do the same.
        "ArnEquals" | "ArnLike" => (Family::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Family::Arn, true),
        "Null" => (Family::Null, false),
        _ => {
            if let Some(rest) = name.strip_prefix("Numeric") {
                let (order, is_negated) = ordered(rest)?;
                (Family::Number(order), is_negated)
            } else {
                let (order, is_negated) = ordered(name.strip_prefix("Date")?)?;
                (Family::Date(order), is_negated)
            }
        }
    })
}

fn ordered(name: &str) -> Option<(Order, bool)> {
    Some(match name {
        "Equals" => (Order::Equal, false),
        "NotEquals" => (Order::Equal, true),
        "LessThan" => (Order::Less, false),
        "LessThanEquals" => (Order::LessOrEqual, false),
        "GreaterThan" => (Order::Greater, false),
        "GreaterThanEquals" => (Order::GreaterOrEqual, false),
        _ => return None,
    })
}

impl Order {
    /// Whether a value that compares so is in this order.
    pub(crate) fn allows(self, found: Ordering) -> bool {
        match self {
            Order::Equal => found.is_eq(),
            Order::Less => found.is_lt(),
            Order::LessOrEqual => found.is_le(),
            Order::Greater => found.is_gt(),
            Order::GreaterOrEqual => found.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Operator, Quantifier};

    #[test]
    fn a_name_says_four_things() {
        let read = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        assert_eq!(read.quantifier, Quantifier::ForAnyValue);
        assert!(read.is_negated && read.if_exists);
        let read = Operator::parse("NumericLessThanEquals").unwrap();
        assert_eq!(read.quantifier, Quantifier::Plain);
        assert!(!read.is_negated && !read.if_exists);
    }

    #[test]
    fn a_name_that_is_almost_right_is_wrong() {
        for name in [
            "",
            "stringEquals",
            "StringEqual",
            "StringLikes",
            "StringEqualsIfexists",
            "forAnyValue:StringEquals",
            "ForAnyValue:ForAllValues:StringEquals",
            "StringEqualsIfExistsIfExists",
            "Date",
            "NumericLike",
            "BoolNot",
            "BinaryNotEquals",
            "NullIfExists",
            "StringLessThan",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
