//! POL-MISSING: the form lacks a field.

use super::form_field::{Place, missing};
use super::prelude::*;
use crate::case::{Fault, FormFault};

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "POL-MISSING",
        "The form lacks a field",
        include_str!("../../pages/POL-MISSING.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if let Fault::Form(FormFault::FieldEmpty { name }) = scene.case.fault {
        let what = Words::of(format!("The field {name} of the form is empty"));
        let cure = "Fill it in before the form is sent; ${filename} is empty where the file has no name.";
        return Some(Finding::new(Slot::Form, Proof::Exact, 955, what, Words::of(cure)));
    }
    let (name, Place::Nowhere) = missing(scene)? else {
        return None;
    };
    let what = Words::of("The form has no field ").value(&Value::answered(name), "of this name");
    let (what, cure) = if name == "file" {
        let similar = similar_to_file(scene).map(Value::received);
        let what = match &similar {
            Some(similar) => what.framed(", it has ", similar, "", ""),
            None => what,
        };
        (
            what,
            Words::of("Call the field of the file file, without brackets, and send one file a form."),
        )
    } else {
        (
            what,
            Words::of("Send every field that the signer gave you (")
                .say(scene.facts.signer.where_fields())
                .say("), then the file."),
        )
    };
    Some(Finding::new(Slot::Form, Proof::Exact, 955, what, cure))
}

/// A field that may have been meant.
fn similar_to_file<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    let names = scene.case.form?.fields.iter().map(|(name, _)| name.as_str());
    let mut similar = names.filter(|name| name.to_ascii_lowercase().contains("file"));
    similar.next()
}
