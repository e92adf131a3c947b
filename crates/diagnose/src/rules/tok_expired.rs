//! TOK-EXPIRED: the session is over whose temporary credentials signed the request.
//!
//! Not here: a link that has reached its own end, see `pre_expired`.

use countersign_sigv4::{Form, timestamp_text};

use super::prelude::*;
use crate::case::Fault;
use crate::words::duration;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "TOK-EXPIRED",
        "The temporary credentials have expired",
        include_str!("../../pages/TOK-EXPIRED.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Fault::TokenExpired { ended } = scene.case.fault else {
        return None;
    };
    let now = scene.case.server.now;
    let ago = duration(ended.abs_diff(now));
    let claim = scene.claim()?;
    let (what, cure) = match claim.form {
        Form::Header => (
            format!("The temporary credentials ended {ago} ago"),
            format!("{}.", scene.facts.signer.renewing_setting()),
        ),
        Form::Query => {
            let end = claim
                .time
                .saturating_add_unsigned(claim.expires.unwrap_or_default());
            let left = duration(end.abs_diff(now));
            (
                format!(
                    "The temporary credentials that signed the URL ended {ago} ago, and the URL with them, {left} before its own end"
                ),
                "Create URLs when they are needed, or sign them with a lasting key or a longer session."
                    .to_owned(),
            )
        }
        Form::Policy => (
            format!("The temporary credentials that signed the form ended {ago} ago, and the form with them"),
            "Create forms when they are needed, or sign them with a lasting key or a longer session."
                .to_owned(),
        ),
    };
    let mut finding = Finding::new(
        Slot::SessionToken,
        Proof::Exact,
        910,
        Words::of(what),
        Words::of(cure),
    );
    finding.signed = Some(Value::answered(timestamp_text(ended)));
    finding.received = Some(Value::answered(timestamp_text(now)));
    Some(finding)
}
