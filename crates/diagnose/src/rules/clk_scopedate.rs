//! CLK-SCOPEDATE: the credential or the signing key has another day than the request.

use countersign_sigv4::{Claim, Form, Scope, timestamp_text};

use super::clk_calendar::of_scope;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 430,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "CLK-SCOPEDATE",
        "The day of the signing key is not the day of the request",
        include_str!("../../pages/CLK-SCOPEDATE.md"),
    )
};

const DAY: i64 = 86_400;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    // Of a form POL-SCOPE says it.
    if let Some(claim) = scene.claim().filter(|claim| claim.form != Form::Policy) {
        propose_days(claim, out);
    }
}

/// Proposes the days around the one of the claim.
pub(super) fn propose_days(claim: &Claim, out: &mut Proposals<'_>) {
    for time in [claim.time.saturating_sub(DAY), claim.time.saturating_add(DAY)] {
        let text = timestamp_text(time);
        let Some(date) = text.get(..8) else { continue };
        if let Some(hypothesis) = out.add(Change::KeyScope(Scope {
            date: date.into(),
            ..claim.scope.clone()
        })) {
            hypothesis.specificity = 20;
            hypothesis.signed = Some(Value::constant(date));
            hypothesis.received = Some(Value::received(claim.scope.date.as_str()));
        }
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = Words::of("The signing key was derived for another day");
    let what = match (&hypothesis.signed, &hypothesis.received) {
        (Some(used), Some(said)) => {
            what.framed(", ", used, "", "")
                .framed(", while the credential says ", said, "", "")
        }
        _ => what,
    };
    Told {
        what,
        cure: Words::of("Take the UTC date of x-amz-date for the key; make a cached key anew each UTC day."),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let claim = scene.claim()?;
    // A form's policy has its own dates, and a date brought in from a Date header is not the client's text.
    if claim.timestamp.get(..8) == Some(claim.scope.date.as_str()) || of_scope(scene).is_some() {
        return None;
    }
    let (scope_date, timestamp) = (
        Value::received(claim.scope.date.as_str()),
        Value::received(claim.timestamp.as_str()),
    );
    let what = Words::of("The credential says ")
        .value(&scope_date, "one day")
        .say(", the request is dated ")
        .value(&timestamp, "another");
    let cure = Words::of("Use the UTC date in Credential and in the signing key, not the local one.");
    let mut finding = Finding::new(Slot::Scope, Proof::Exact, 945, what, cure);
    (finding.signed, finding.received) = (Some(scope_date), Some(timestamp));
    Some(finding)
}
