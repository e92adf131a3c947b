//! POL-CT: the file has the type that the policy wants, but the field `Content-Type` has not.
//!
//! The type that a browser writes into the file's part says nothing about the object; the field does.

use countersign_sigv4::PolicyFault;
use countersign_sigv4::policy_document::Condition;

use super::prelude::*;
use crate::case::Fault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "POL-CT",
        "The type of the file is not in the field Content-Type",
        include_str!("../../pages/POL-CT.md"),
    )
};

/// Whether the type in the file's part would fulfil the condition that failed.
pub(super) fn applies(scene: &Scene<'_>) -> bool {
    let Fault::Policy(PolicyFault::ConditionFailed(condition)) = scene.case.fault else {
        return false;
    };
    let Some(file_type) = scene.case.form.and_then(|form| form.file_type.as_deref()) else {
        return false;
    };
    match condition {
        Condition::Equals { field, value } => field == "content-type" && file_type == value,
        Condition::StartsWith { field, prefix } => {
            field == "content-type" && file_type.starts_with(prefix.as_str())
        }
        Condition::ContentLengthRange { .. } => false,
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if !applies(scene) {
        return None;
    }
    let form = scene.case.form?;
    let file_type = Value::received(form.file_type.as_deref()?);
    let what = Words::of("The file is sent as ").value(&file_type, "the type the policy wants");
    let what = match form.field("content-type") {
        Some(field) => what
            .say(", but the field Content-Type says ")
            .value(&Value::received(field), "another one"),
        None => what.say(", but the form has no field Content-Type"),
    };
    let cure = Words::of("Send the type in a field of its own before the file: ")
        .say(scene.facts.client.type_field_setting())
        .say(".");
    let mut finding = Finding::new(Slot::Policy, Proof::Exact, 955, what, cure);
    finding.received = Some(file_type);
    Some(finding)
}
