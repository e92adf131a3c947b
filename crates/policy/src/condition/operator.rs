//! The names of the operators: `ForAnyValue:StringNotLikeIfExists` in its parts.
//!
//! Keeps true: names have a case, as AWS has it. An unknown one is refused, since a condition that is left out allows too much.

use std::cmp::Ordering;
use std::fmt;

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

/// The name, as a document writes it. Of the two names that do the same for ARNs it is the one with `Like`.
impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.quantifier {
            Quantifier::Plain => "",
            Quantifier::ForAnyValue => "ForAnyValue:",
            Quantifier::ForAllValues => "ForAllValues:",
        })?;
        let not = if self.is_negated { "Not" } else { "" };
        match self.family {
            Family::Text {
                wildcards,
                ignores_case,
            } => {
                let how = if wildcards { "Like" } else { "Equals" };
                let case = if ignores_case { "IgnoreCase" } else { "" };
                write!(formatter, "String{not}{how}{case}")
            }
            Family::Number(order) => write!(formatter, "Numeric{not}{}", order.name()),
            Family::Date(order) => write!(formatter, "Date{not}{}", order.name()),
            Family::Bool => formatter.write_str("Bool"),
            Family::Binary => formatter.write_str("BinaryEquals"),
            Family::Address => write!(formatter, "{not}IpAddress"),
            Family::Arn => write!(formatter, "Arn{not}Like"),
            Family::Null => formatter.write_str("Null"),
        }?;
        formatter.write_str(if self.if_exists { "IfExists" } else { "" })
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
    fn name(self) -> &'static str {
        match self {
            Order::Equal => "Equals",
            Order::Less => "LessThan",
            Order::LessOrEqual => "LessThanEquals",
            Order::Greater => "GreaterThan",
            Order::GreaterOrEqual => "GreaterThanEquals",
        }
    }

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
    fn an_operator_is_called_as_it_is_written() {
        for name in [
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "ForAllValues:StringLike",
            "ForAnyValue:StringNotLikeIfExists",
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThanEquals",
            "DateNotEquals",
            "DateGreaterThan",
            "DateGreaterThanEqualsIfExists",
            "DateLessThan",
            "Bool",
            "BinaryEquals",
            "IpAddress",
            "NotIpAddress",
            "ArnLike",
            "ArnNotLike",
            "Null",
        ] {
            let operator = Operator::parse(name).expect(name);
            assert_eq!(operator.to_string(), name);
        }
        let alike = Operator::parse("ArnEquals").expect("an operator");
        assert_eq!(alike.to_string(), "ArnLike");
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
