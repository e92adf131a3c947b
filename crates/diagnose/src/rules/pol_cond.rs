//! POL-COND: the signature of the form is valid, and its policy does not allow what the form does.
//!
//! Only told to a caller whose signature matched: the policy was written by somebody with the secret.

use countersign_sigv4::policy_document::Condition;
use countersign_sigv4::{PolicyFault, timestamp_text};

use super::{pol_ct, prelude::*};
use crate::case::Fault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "POL-COND",
        "The policy does not allow this form",
        include_str!("../../pages/POL-COND.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Fault::Policy(fault) = scene.case.fault else {
        return None;
    };
    if pol_ct::applies(scene) {
        return None;
    }
    Some(match fault {
        PolicyFault::ConditionFailed(condition) => failed(scene, condition),
        PolicyFault::ExtraFields(names) => extra(names),
        PolicyFault::Expired { at } => {
            let end = Value::answered(timestamp_text(*at));
            let what = Words::of("The policy has expired").framed(", it was good until ", &end, "", "");
            told(
                what,
                "Make a new form for each upload, with an expiration that leaves time to fill it in.",
            )
        }
        PolicyFault::TooLarge { max, .. } => {
            size("The file is larger than the policy allows, at most ", *max)
        }
        PolicyFault::TooSmall { min, .. } => {
            size("The file is smaller than the policy allows, at least ", *min)
        }
        PolicyFault::Malformed { reason } => told(
            Words::of("The policy cannot be read: ").say(*reason),
            "Write the policy as JSON with expiration and a list of conditions.",
        ),
    })
}

fn failed(scene: &Scene<'_>, condition: &Condition) -> Finding {
    let (field, expected, relation) = match condition {
        Condition::Equals { field, value } => (field, value, " to be "),
        Condition::StartsWith { field, prefix } => (field, prefix, " to begin with "),
        Condition::ContentLengthRange { .. } => {
            return size("The file is not of the size that the policy allows", 0);
        }
    };
    let (name, expected) = (
        Value::answered(field.as_bytes()),
        Value::answered(expected.as_bytes()),
    );
    let sent = scene.case.form.and_then(|form| form.joined(field));
    let what = Words::of("The policy wants ")
        .value(&name, "a field")
        .say(relation)
        .value(&expected, "another value");
    let (what, received) = match sent {
        _ if field == "bucket" => (what.say(", and the form was sent to another bucket"), None),
        None => (what.say(", and the form does not have this field"), None),
        Some(sent) => {
            let sent = Value::received(sent);
            (
                what.say(", and the form says ").value(&sent, "something else"),
                Some(sent),
            )
        }
    };
    let mut finding = told(
        what,
        "Send the field as it was signed, or sign a policy that allows this value.",
    );
    (finding.signed, finding.received) = (Some(expected), received);
    finding
}

fn extra(names: &[String]) -> Finding {
    let names = Value::answered(names.join(", "));
    let what = Words::of("No condition of the policy mentions ").value(&names, "a field that the form sends");
    let cure = "Add a condition for it when signing, do not send it (a button without a name is not sent), or let its name \
                begin with x-ignore-.";
    let mut finding = told(what, cure);
    finding.received = Some(names);
    finding
}

fn size(what: &'static str, bytes: u64) -> Finding {
    let bytes = Value::answered(bytes.to_string());
    let what = Words::of(what).value(&bytes, "so many").say(" bytes");
    told(
        what,
        "Send a file of that size, or sign another content-length-range.",
    )
}

fn told(what: Words, cure: &'static str) -> Finding {
    Finding::new(Slot::Policy, Proof::Exact, 950, what, Words::of(cure))
}
