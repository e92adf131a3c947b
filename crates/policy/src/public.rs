//! Whether a bucket policy is public.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>, the meaning of "public": a policy is
//! taken for public until each of its statements that allow grants access to fixed values only: principals, or certain keys
//! whose values have neither wildcards nor variables.
//!
//! Keeps true: in doubt it is public. Statements that deny do not count, nor does what a condition says of other keys.

use crate::condition::{Condition, Test};
use crate::document::{Document, Effect, Statement};
use crate::principal::Principal;

/// Whether any statement lets in who is not known by name.
pub(crate) fn is_public(document: &Document) -> bool {
    document.statements.iter().any(allows_the_public)
}

fn allows_the_public(statement: &Statement) -> bool {
    let Some(principals) = &statement.principals else {
        return false;
    };
    let is_open = principals.is_negated || principals.entries.iter().any(is_open_principal);
    statement.effect == Effect::Allow && is_open && !statement.conditions.iter().any(fixes_who)
}

/// Everybody, and everybody whom somebody else vouches for.
fn is_open_principal(principal: &Principal) -> bool {
    match principal {
        Principal::Everyone | Principal::Federated(_) => true,
        Principal::Account(_)
        | Principal::CanonicalUser(_)
        | Principal::Arn(_)
        | Principal::Removed(_)
        | Principal::Service(_) => false,
    }
}

/// Whether a condition lets in fixed values only.
fn fixes_who(condition: &Condition) -> bool {
    // One that also holds without the key limits nobody.
    if !condition.operator.needs_key() {
        return false;
    }
    let key = condition.key.as_str();
    match &condition.test {
        Test::Address(networks) => {
            key == "aws:sourceip" && !networks.iter().any(|network| network.is_broad())
        }
        Test::Text(texts) | Test::TextInAnyCase(texts) => {
            let is_fixed = |text: &str| !text.contains(['*', '?']);
            FIXING_KEYS.contains(&key) && texts.iter().all(|text| text.fixed_text().is_some_and(is_fixed))
        }
        Test::Arn(arns) if key == ACCESS_POINT_KEY => arns
            .iter()
            .all(|arn| arn.is_fixed() || arn.is_fixed_but_for("accesspoint/")),
        Test::Arn(arns) => FIXING_KEYS.contains(&key) && arns.iter().all(|arn| arn.is_fixed()),
        Test::Number(..) | Test::Date(..) | Test::Binary(_) | Test::Null(_) => false,
    }
}

const ACCESS_POINT_KEY: &str = "s3:dataaccesspointarn";

/// The keys of the documentation, in lower case. The first ones are what it calls "an AWS principal, user, role, or service
/// principal".
const FIXING_KEYS: [&str; 16] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];
