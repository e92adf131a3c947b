//! CLK-CALENDAR: a date is written in the calendar or the digits of the user's language.
//!
//! That the date is wrong is certain; that a calendar is the reason is strong evidence, not proof. What was signed with such a date
//! while the request carries ours is proven.

use countersign_sigv4::{Claim, Refusal, Scope, parse_timestamp};

use super::calendar::{Calendar, SCRIPTS, in_ascii, in_script, of_claim, of_date};
use super::clock::with_times;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 350,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "CLK-CALENDAR",
        "A date is written in the calendar of the user's language",
        include_str!("../../pages/CLK-CALENDAR.md"),
    )
};

/// Where dates are formatted for nobody's language.
fn cure(scene: &Scene<'_>) -> Words {
    Words::of("Format dates for no language, in UTC: ")
        .say(scene.facts.signer.date_call())
        .say(".")
}

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(claim) = scene.claim() else { return };
    for calendar in Calendar::ALL {
        for date in calendar.dates(claim.time).take(3) {
            propose_key(claim, out, &date, calendar.name());
        }
        if let (Some(date), Some(rest)) = (calendar.date(claim.time), claim.timestamp.get(8..)) {
            propose_timestamp(claim, out, format!("{date}{rest}"), calendar.name());
        }
    }
    for (zero, name) in SCRIPTS {
        propose_key(claim, out, &in_script(&claim.scope.date, zero), name);
        propose_timestamp(claim, out, in_script(&claim.timestamp, zero), name);
    }
}

fn propose_key(claim: &Claim, out: &mut Proposals<'_>, date: &str, how: &'static str) {
    let scope = Scope {
        date: date.into(),
        ..claim.scope.clone()
    };
    if let Some(hypothesis) = out.add(Change::KeyScope(scope)) {
        hypothesis.specificity = 25;
        hypothesis.detail = how;
        hypothesis.signed = Some(Value::constant(date));
        hypothesis.received = Some(Value::received(claim.scope.date.as_str()));
    }
}

fn propose_timestamp(claim: &Claim, out: &mut Proposals<'_>, text: String, how: &'static str) {
    if let Some(hypothesis) = out.add(Change::Timestamp(text.clone())) {
        hypothesis.specificity = 25;
        hypothesis.detail = how;
        hypothesis.signed = Some(Value::constant(text));
        hypothesis.received = Some(Value::received(claim.timestamp.as_str()));
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let signed = match &hypothesis.change {
        Change::KeyScope(_) => "The signing key was derived for a date",
        _ => "The date that was signed is written",
    };
    Told {
        what: Words::of(format!(
            "{signed} in {}, while the request has it right",
            hypothesis.detail
        )),
        cure: cure(scene),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    of_digits(scene)
        .or_else(|| of_request(scene))
        .or_else(|| of_credential(scene))
}

/// The digits that a date is written in, where it cannot be read and would be right in ours.
pub(super) fn foreign_digits<'s>(scene: &'s Scene<'_>) -> Option<(&'s str, &'static str)> {
    let (got, is_read) = match scene.refusal()? {
        Refusal::DateInvalid { got: Some(got), .. } => {
            let is_read: fn(&str) -> bool = |text| parse_timestamp(text).is_some();
            (got, is_read)
        }
        Refusal::ScopeDateMalformed { got, .. } => {
            let is_read: fn(&str) -> bool =
                |text| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
            (got, is_read)
        }
        _ => return None,
    };
    let (plain, name) = in_ascii(got)?;
    is_read(&plain).then_some((got.as_str(), name))
}

fn of_digits(scene: &Scene<'_>) -> Option<Finding> {
    let (got, name) = foreign_digits(scene)?;
    let what = Words::of(format!("The date of the request is written in {name}"));
    let mut finding = Finding::new(Slot::Time, Proof::Exact, 942, what, cure(scene));
    finding.received = Some(Value::received(got));
    Some(finding)
}

fn of_request(scene: &Scene<'_>) -> Option<Finding> {
    let calendar = of_claim(scene)?;
    let sent = Value::received(scene.claim()?.timestamp.as_str());
    let what = Words::of("the date of the request")
        .framed(", ", &sent, ",", "")
        .say(format!(" is today's in {}", calendar.name()));
    let finding = Finding::new(Slot::Time, Proof::Infer, 935, what, cure(scene));
    let mut finding = with_times(scene, finding);
    finding.also = vec!["CLK-SKEW"];
    Some(finding)
}

/// The calendar of the date in the credential, where the request itself is dated in ours.
pub(super) fn of_scope(scene: &Scene<'_>) -> Option<Calendar> {
    let claim = scene.claim()?;
    of_date(&claim.scope.date, claim.time).filter(|_| of_claim(scene).is_none())
}

fn of_credential(scene: &Scene<'_>) -> Option<Finding> {
    let calendar = of_scope(scene)?;
    let claim = scene.claim()?;
    let (date, timestamp) = (
        Value::received(claim.scope.date.as_str()),
        Value::received(claim.timestamp.as_str()),
    );
    let what = Words::of("the date in the credential")
        .framed(", ", &date, ",", "")
        .say(format!(" is the day of the request in {}", calendar.name()));
    let mut finding = Finding::new(Slot::Scope, Proof::Infer, 946, what, cure(scene));
    (finding.signed, finding.received) = (Some(date), Some(timestamp));
    finding.also = vec!["CLK-SCOPEDATE"];
    Some(finding)
}
