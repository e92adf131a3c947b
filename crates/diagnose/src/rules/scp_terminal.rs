//! SCP-TERMINAL: the credential is not `id/date/region/service/aws4_request`.
//!
//! Not here: a credential that a second encoding spoiled, see `qry_cred_double`.

use countersign_sigv4::Refusal;

use super::auth_format::is_quoted;
use super::clk_calendar::foreign_digits;
use super::prelude::*;
use super::qry_cred_double::is_encoded_twice;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "SCP-TERMINAL",
        "The credential does not have its five parts",
        include_str!("../../pages/SCP-TERMINAL.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if is_encoded_twice(scene) || is_quoted(scene) || foreign_digits(scene).is_some() {
        return None;
    }
    let (what, got) = match scene.refusal()? {
        Refusal::CredentialMalformed { got, .. } => {
            let parts = got.split('/').count();
            let what = if parts > 5 {
                format!(
                    "The credential has {parts} parts instead of five, as if the access key id held a slash"
                )
            } else {
                format!("The credential has {parts} parts instead of five")
            };
            (Words::of(what), got)
        }
        Refusal::TerminalWrong { got, .. } => (
            Words::of("The credential does not end in aws4_request").framed(
                ", but in ",
                &Value::received(got.clone()),
                "",
                "",
            ),
            got,
        ),
        Refusal::ScopeDateMalformed { got, .. } => (
            Words::of("The date in the credential is not eight digits").framed(
                ": ",
                &Value::received(got.clone()),
                "",
                "",
            ),
            got,
        ),
        _ => return None,
    };
    let cure = "Write it as ACCESS-KEY-ID/YYYYMMDD/REGION/s3/aws4_request.";
    let mut finding = Finding::new(Slot::Scope, Proof::Exact, 950, what, Words::of(cure));
    finding.received = Some(Value::received(got.clone()));
    Some(finding)
}
