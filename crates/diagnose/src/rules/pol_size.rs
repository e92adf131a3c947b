//! POL-SIZE: what stands in the form before the file is too large.
//!
//! Not here: the size of the file, which the policy allows or not (`pol_cond`).

use super::prelude::*;
use crate::case::{Fault, FormFault};

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "POL-SIZE",
        "The fields of the form are too large",
        include_str!("../../pages/POL-SIZE.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Fault::Form(FormFault::FieldsTooLarge { bytes_max }) = scene.case.fault else {
        return None;
    };
    let max = Value::answered(bytes_max.to_string());
    let what = Words::of("What the form has before its file is larger than ")
        .value(&max, "S3 allows")
        .say(" bytes");
    let cure = "Shorten the policy and the metadata, and send nothing large before the file; the name of the file counts for each \
                ${filename}.";
    Some(Finding::new(Slot::Form, Proof::Exact, 955, what, Words::of(cure)))
}
