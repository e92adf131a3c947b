//! POL-ORDER: a field of the form comes after the file, where S3 reads no fields.

use super::form_field::{Place, missing};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "POL-ORDER",
        "A field of the form comes after the file",
        include_str!("../../pages/POL-ORDER.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let (name, place) = missing(scene)?;
    let name = Value::answered(name);
    let (proof, what) = match place {
        Place::Late => (
            Proof::Exact,
            Words::of("The form has the field ")
                .value(&name, "that is missing")
                .say(", but after the file, and S3 reads no fields there"),
        ),
        Place::PerhapsLate => (
            Proof::Infer,
            Words::of("The file is the first part of the form, and S3 reads no fields after it"),
        ),
        Place::Nowhere => return None,
    };
    let cure = Words::of("Append the file last: ")
        .say(scene.facts.client.file_last_setting())
        .say(".");
    Some(Finding::new(Slot::Form, proof, 960, what, cure))
}
