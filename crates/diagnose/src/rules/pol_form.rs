//! POL-FORM: the form cannot be read as `multipart/form-data`.
//!
//! Not here: fields that are missing (`pol_missing`), or there twice (`pol_twice`).

use super::prelude::*;
use crate::case::{Fault, FormFault, FormPlace};

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "POL-FORM",
        "The form cannot be read",
        include_str!("../../pages/POL-FORM.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Fault::Form(FormFault::Malformed { reason, place }) = scene.case.fault else {
        return None;
    };
    let cure = match place {
        FormPlace::Type => format!(
            "Let the program that writes the form name its boundary in Content-Type: {}.",
            scene.facts.client.own_boundary_setting()
        ),
        FormPlace::Parts => {
            "Let a library write the form: each field is a part with Content-Disposition: form-data and one name."
                .to_owned()
        }
        FormPlace::End => match scene.facts.proxy_evidence {
            Some(_) => format!(
                "Send the form whole, to its last boundary. {}",
                scene.facts.let_uploads_through_setting()
            ),
            None => "Send the form whole, to its last boundary, which has two hyphens behind it.".to_owned(),
        },
    };
    let what = Words::of(format!("The form cannot be read: {reason}"));
    Some(Finding::new(Slot::Form, Proof::Exact, 955, what, Words::of(cure)))
}
