//! CLK-DATEHDR: two dates are in the request, and the signer used the other one.
//!
//! Not here: the day of the credential against the date of the request, see `clk_scopedate`.

use countersign_sigv4::{parse_timestamp, timestamp_text};

use super::clock::http_date;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 420,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "CLK-DATEHDR",
        "The signer used another date of the request",
        include_str!("../../pages/CLK-DATEHDR.md"),
    )
};

/// Where else a date can stand, and where the one stands that counts.
const OTHERS: [(&str, &str); 3] = [
    ("date", "the Date header"),
    ("x-amz-date", "the x-amz-date header"),
    ("X-Amz-Date", "X-Amz-Date in the query"),
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(claim) = scene.claim() else { return };
    let values = [scene.header("date"), scene.header("x-amz-date")].map(|value| value.map(<[u8]>::to_vec));
    let values = values.into_iter().chain([scene.query("X-Amz-Date")]);
    for (value, (_, place)) in values.zip(OTHERS) {
        let Some(value) = value.and_then(|value| String::from_utf8(value).ok()) else {
            continue;
        };
        let time = parse_timestamp(&value).or_else(|| http_date(value.as_bytes()));
        // As it would have to be written, and as it stands there.
        for text in time.map(timestamp_text).into_iter().chain([value.clone()]) {
            if let Some(hypothesis) = out.add(Change::Timestamp(text)) {
                hypothesis.specificity = 20;
                hypothesis.detail = place;
                hypothesis.signed = Some(Value::received(value.clone()));
                hypothesis.received = Some(Value::received(claim.timestamp.as_str()));
            }
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = Words::of(format!("The signer took its date from {}", hypothesis.detail));
    let what = match (&hypothesis.signed, &hypothesis.received) {
        (Some(used), Some(counts)) => what
            .framed(" (", used, ")", "")
            .say("; the one that counts is ")
            .value(counts, "another"),
        _ => what,
    };
    let cure = if scene.is_presigned() {
        "Put the date that was signed into X-Amz-Date, and send no x-amz-date header with a presigned URL."
    } else {
        "Send one date, x-amz-date, and sign with it. A request that is sent on needs a new one."
    };
    Told {
        what,
        cure: Words::of(cure),
    }
}
