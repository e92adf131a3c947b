//! POL-TWICE: a field of the form stands in it twice, or there are two files.
//!
//! Not here: user metadata, which is joined as headers are.

use super::prelude::*;
use crate::case::{Fault, FormFault};

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "POL-TWICE",
        "A field of the form came twice",
        include_str!("../../pages/POL-TWICE.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Fault::Form(fault) = scene.case.fault else {
        return None;
    };
    let (what, cure, received) = match fault {
        FormFault::FieldRepeated { name } => {
            let name = Value::answered(name.as_bytes());
            let what = Words::of("The form has the field ")
                .value(&name, "of one name")
                .say(" more than once");
            let how = match scene.facts.client.one_field_setting() {
                "" => String::new(),
                place => format!(" ({place})"),
            };
            (
                what,
                format!("Send it once{how}; only x-amz-meta-* may repeat."),
                Some(name),
            )
        }
        FormFault::FileRepeated => (
            Words::of("The form has more than one field of the name file"),
            "Send one file a form, and sign a form for each file.".to_owned(),
            None,
        ),
        FormFault::Malformed { .. }
        | FormFault::FieldsTooLarge { .. }
        | FormFault::FieldEmpty { .. }
        | FormFault::FileDiffers { .. } => return None,
    };
    let mut finding = Finding::new(Slot::Form, Proof::Exact, 955, what, Words::of(cure));
    finding.received = received;
    Some(finding)
}
