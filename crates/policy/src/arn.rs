//! ARNs as policies write them: six parts, each a pattern of its own.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html> and the ARN operators of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>: each of the six components
//! between colons is checked separately, so that a `*` in the account never runs into the resource.
//!
//! Keeps true: what is shorter than six parts goes on with `*`, as IAM fills it up.

use crate::context::Keys;
use crate::template::{Syntax, Template};

/// A pattern of ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArnPattern {
    /// Partition, service and so on; the resource is the last.
    parts: Vec<Template>,
}

/// Where in an ARN variables may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VariablesIn {
    /// The older version of the language.
    Nothing,
    /// What follows the fifth colon: the rule of `Resource`.
    ResourcePart,
    /// Everything: the rule of conditions.
    Everything,
}

impl ArnPattern {
    /// Reads a pattern. None is wrong here; [`crate::resource`] says which are no resources.
    pub(crate) fn parse(text: &str, variables: VariablesIn) -> ArnPattern {
        let split = split(text, variables != VariablesIn::Nothing);
        let mut parts: Vec<Template> = Vec::with_capacity(PARTS);
        for (at, part) in split.into_iter().enumerate() {
            let here = match variables {
                VariablesIn::Nothing => false,
                VariablesIn::ResourcePart => at + 1 == PARTS,
                VariablesIn::Everything => true,
            };
            parts.push(Template::parse(
                part,
                Syntax {
                    wildcards: true,
                    variables: here,
                },
            ));
        }
        while parts.len() < PARTS {
            parts.push(Template::parse(
                "*",
                Syntax {
                    wildcards: true,
                    variables: false,
                },
            ));
        }
        ArnPattern { parts }
    }

    /// Whether this ARN fits. What has not six parts is no ARN.
    pub(crate) fn matches(&self, arn: &str, keys: &Keys) -> bool {
        let values: Vec<&str> = arn.splitn(PARTS, ':').collect();
        values.len() == self.parts.len()
            && self
                .parts
                .iter()
                .zip(values)
                .all(|(part, value)| part.matches(value, keys))
    }

    /// Whether every variable has a value.
    pub(crate) fn is_whole(&self, keys: &Keys) -> bool {
        self.parts.iter().all(|part| part.is_whole(keys))
    }

    /// Whether it asks for keys of the request.
    pub(crate) fn has_variables(&self) -> bool {
        self.parts.iter().any(Template::has_variables)
    }

    /// The keys that its variables ask for, in lower case.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(Template::variables)
    }

    /// Whether it is one ARN and no other.
    pub(crate) fn is_fixed(&self) -> bool {
        self.parts.iter().all(|part| part.fixed_text().is_some())
    }

    /// Whether partition, service, region and account are fixed, and the resource is of this kind.
    pub(crate) fn is_fixed_but_for(&self, resource_begins: &str) -> bool {
        let Some((resource, others)) = self.parts.split_last() else {
            return false;
        };
        others.iter().all(|part| part.fixed_text().is_some())
            && match resource {
                Template::Fixed(pattern) => pattern.begins_with(resource_begins),
                Template::Open(_) => false,
            }
    }
}

/// Splits at the first five colons, of which none is inside a variable.
fn split(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::with_capacity(PARTS);
    let mut rest = text;
    while parts.len() + 1 < PARTS {
        let Some(colon) = colon(rest, variables) else {
            break;
        };
        let (part, after) = rest.split_at_checked(colon).unwrap_or((rest, ""));
        parts.push(part);
        rest = after.get(1..).unwrap_or_default();
    }
    parts.push(rest);
    parts
}

fn colon(text: &str, variables: bool) -> Option<usize> {
    let mut previous = ' ';
    let mut is_inside = false;
    for (at, character) in text.char_indices() {
        match character {
            '{' if variables && previous == '$' => is_inside = true,
            '}' => is_inside = false,
            ':' if !is_inside => return Some(at),
            _ => {}
        }
        previous = character;
    }
    None
}

/// `arn:partition:service:region:account:resource`.
const PARTS: usize = 6;

#[cfg(test)]
mod tests {
    use super::{ArnPattern, VariablesIn};
    use crate::context::Keys;

    fn keys() -> Keys {
        let mut keys = Keys::default();
        keys.set("aws:PrincipalAccount", ["111122223333"]);
        keys.set("aws:username", ["ada"]);
        keys
    }

    #[track_caller]
    fn check(pattern: &str, variables: VariablesIn, arn: &str, expected: bool) {
        let parsed = ArnPattern::parse(pattern, variables);
        assert_eq!(parsed.matches(arn, &keys()), expected, "`{pattern}` on `{arn}`");
    }

    #[test]
    fn each_part_is_matched_on_its_own() {
        let check = |pattern, arn, expected| check(pattern, VariablesIn::Nothing, arn, expected);
        check("arn:aws:s3:::photos/*", "arn:aws:s3:::photos/a/b:c", true);
        check("arn:aws:s3:::photos/*", "arn:aws:s3:::photos", false);
        check("arn:aws:s3:::photos*", "arn:aws:s3:::photos-old/a", true);
        check("arn:aws:s3:::*", "arn:aws:s3:::photos", true);
        check("arn:aws:s3:::Photos", "arn:aws:s3:::photos", false);
        check("arn:aws:s3:::p?otos", "arn:aws:s3:::photos", true);
        // From the documentation of the ARN operators.
        let pattern = "arn:aws:someservice:*:111122223333:finance/*";
        check(
            pattern,
            "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
            false,
        );
        check(
            pattern,
            "arn:aws:someservice:us-east-2:111122223333:finance/document.txt",
            true,
        );
    }

    #[test]
    fn what_is_left_out_at_the_end_is_a_star() {
        let check = |pattern, arn, expected| check(pattern, VariablesIn::Nothing, arn, expected);
        check("*", "arn:aws:s3:::photos", true);
        check("arn:aws:s3:*", "arn:aws:s3:us-east-1:1:x", true);
        check("arn:aws:s3:*", "arn:aws:iam::1:x", false);
        check("*", "photos", false);
    }

    #[test]
    fn variables_stand_where_they_may() {
        let arn = "arn:aws:iam::111122223333:user/ada";
        let pattern = "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}";
        check(pattern, VariablesIn::Everything, arn, true);
        check(pattern, VariablesIn::ResourcePart, arn, false);
        check(pattern, VariablesIn::Nothing, arn, false);
        check(
            "arn:aws:iam::*:user/${aws:username}",
            VariablesIn::ResourcePart,
            arn,
            true,
        );
    }

    #[test]
    fn an_access_point_may_be_any_of_an_account() {
        let check = |pattern: &str, expected: bool| {
            let parsed = ArnPattern::parse(pattern, VariablesIn::Everything);
            assert_eq!(parsed.is_fixed_but_for("accesspoint/"), expected, "{pattern}");
        };
        check("arn:aws:s3:us-west-2:123456789012:accesspoint/*", true);
        check("arn:aws:s3:us-west-2:123456789012:accesspoint/a", true);
        check("arn:aws:s3:us-west-2:*:accesspoint/a", false);
        check("arn:aws:s3:us-west-2:123456789012:*", false);
        check(
            "arn:aws:s3:us-west-2:123456789012:accesspoint/${aws:username}",
            false,
        );
    }
}
