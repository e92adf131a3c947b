//! CLK-FORMAT: the date of the request is missing or not written as `YYYYMMDDTHHMMSSZ`.

use countersign_sigv4::Refusal;

use super::clk_calendar::foreign_digits;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "CLK-FORMAT",
        "The date of the request cannot be read",
        include_str!("../../pages/CLK-FORMAT.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Refusal::DateInvalid { got, .. } = scene.refusal()? else {
        return None;
    };
    if foreign_digits(scene).is_some() {
        return None;
    }
    let Some(got) = got else {
        let what = "The request has neither x-amz-date nor Date";
        let cure = "Send x-amz-date as YYYYMMDDTHHMMSSZ, in UTC, and sign it.";
        return Some(Finding::new(
            Slot::Time,
            Proof::Exact,
            940,
            Words::of(what),
            Words::of(cure),
        ));
    };
    let value = Value::received(got.clone());
    let what = Words::of("The date of the request ")
        .framed("(", &value, ") ", "")
        .say(looks_like(got));
    let cure = "Write it as YYYYMMDDTHHMMSSZ in UTC, in the same digits for signing and for sending.";
    let mut finding = Finding::new(Slot::Time, Proof::Exact, 940, what, Words::of(cure));
    finding.received = Some(value);
    Some(finding)
}

fn looks_like(got: &str) -> &'static str {
    if !got.is_ascii() {
        "is not written in ASCII, as a program does that formats for its user's language"
    } else if got
        .split_once(',')
        .is_some_and(|(one, other)| one.trim() == other.trim())
    {
        "stands there twice: whoever gave it is not the only one to send it"
    } else if got.contains(',') {
        "is an HTTP date, which only the Date header may hold"
    } else if got.contains('-') && got.contains(':') {
        "is written with hyphens and colons"
    } else if got.contains('.') {
        "holds fractions of a second"
    } else if got.bytes().all(|byte| byte.is_ascii_digit()) {
        "is a number"
    } else if !got.ends_with('Z') {
        "does not end in Z"
    } else {
        "is not a date as S3 reads it"
    }
}
