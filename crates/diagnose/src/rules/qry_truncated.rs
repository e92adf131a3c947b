//! QRY-TRUNCATED: the link lost its end on the way.
//!
//! Not here: links whose separators were changed (`qry_amp`, `qry_second_qmark`).

use countersign_sigv4::{Form, Refusal};

use super::prelude::*;
use super::qry_second_qmark::has_two;
use crate::repair::{has_names_in_other_case, is_escaped};

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "QRY-TRUNCATED",
        "The link was cut off",
        include_str!("../../pages/QRY-TRUNCATED.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let what = match scene.refusal()? {
        Refusal::QueryParametersMissing { names } => {
            let query = scene.case.request.query.unwrap_or_default();
            if has_two(scene) || is_escaped(query) || has_names_in_other_case(query) {
                return None;
            }
            let list = Value::constant(names.join(", "));
            Words::of(format!(
                "Only {} of the 6 parameters of a presigned URL arrived",
                6 - names.len()
            ))
            .framed("; missing: ", &list, "", "")
        }
        Refusal::SignatureMismatch => {
            let claim = scene.claim().filter(|claim| claim.form == Form::Query)?;
            let length = claim.signature.len();
            let is_hex = claim.signature.bytes().all(|byte| byte.is_ascii_hexdigit());
            if length >= 64 || !is_hex {
                return None;
            }
            Words::of(format!("The signature of the link has {length} of its 64 digits"))
        }
        _ => return None,
    };
    let cure =
        "Pass the whole URL on: in quotes in a shell, unbroken in a mail, in a column that is long enough.";
    Some(Finding::new(
        Slot::Query,
        Proof::Exact,
        955,
        what,
        Words::of(cure),
    ))
}
