//! What the rules about one signed header share: proposing a value, and saying both.
//!
//! Not here: which values are likely; each rule knows its own.
//!
//! Keeps true: the value of a header that carries a credential is never said, whatever rule it came to.

use super::prelude::*;
use crate::hidden::is_secret_header;
use crate::words::Origin;

/// Signed headers with the values received, the host aside; a header that did not arrive has an empty value.
pub(super) fn signed<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    let headers = scene.parts.iter().flat_map(|parts| &parts.headers);
    headers
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .filter(|(name, _)| !matches!(*name, "host" | ":authority"))
}

/// Proposes that a signed header had this value; `None` if it is not signed or the rule has no proposals left.
pub(super) fn propose_value<'a>(
    scene: &Scene<'_>,
    out: &'a mut Proposals<'_>,
    name: &str,
    value: impl Into<Vec<u8>>,
) -> Option<&'a mut Hypothesis> {
    let received = scene.parts.as_ref()?.signed_header(name)?;
    let value = value.into();
    let hypothesis = out.add(Change::Header {
        name: name.to_owned(),
        value: value.clone(),
    })?;
    hypothesis.signed = Some(said(name, Value::constant(value)));
    hypothesis.received = Some(said(name, Value::answered(received)));
    Some(hypothesis)
}

/// As [`propose_value`], for a header that proxies change; with this weight where one shows.
pub(super) fn propose_changed(
    scene: &Scene<'_>,
    out: &mut Proposals<'_>,
    name: &str,
    value: impl Into<Vec<u8>>,
    weight_behind_a_proxy: u32,
) {
    if let Some(hypothesis) = propose_value(scene, out, name, value) {
        hypothesis.specificity = 34;
        if scene.facts.proxy_evidence.is_some() {
            hypothesis.weight = weight_behind_a_proxy;
        }
    }
}

/// What is likely about a signed header when nothing is proven; no verdict on the value received.
pub(super) fn likely(scene: &Scene<'_>, name: &str, score: u32, why: &str, cure: Words) -> Finding {
    let shown = Value::received(name.as_bytes());
    let what = Words::of("the signed header ")
        .value(&shown, "named in slot")
        .say(format!(" {why}"));
    let slot = Slot::Header(name.to_owned());
    let mut finding = Finding::new(slot, Proof::Infer, score, what, cure);
    finding.received = scene.header(name).map(|value| said(name, Value::received(value)));
    finding
}

/// `The signed header … was changed on the way: the client signed …, this server received …`; the way is named only where
/// one shows.
pub(super) fn difference(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Words {
    let Change::Header { name, .. } = &hypothesis.change else {
        return Words::of(hypothesis.rule.title);
    };
    let arrived = scene.has_header(name);
    let words = Words::of("The signed header ").value(&Value::received(name.as_bytes()), "named in slot");
    let words = words.say(match (arrived, scene.facts.proxy_evidence) {
        (false, _) => " did not arrive: the client signed ",
        (true, Some(_)) => " was changed on the way: the client signed ",
        (true, None) => " differs: the client signed ",
    });
    let words = value_or_empty(words, hypothesis.signed.as_ref(), "another value");
    if !arrived {
        return words;
    }
    let words = words.say(", this server received ");
    value_or_empty(words, hypothesis.received.as_ref(), "something else")
}

/// What to tell whoever runs the proxy, and whoever signs.
pub(super) fn leave_it_alone(scene: &Scene<'_>, instead: &str) -> Words {
    let proxy = match scene.facts.proxy_evidence {
        Some(_) => scene.facts.leave_header_setting(),
        None => "Send it as it was signed (a proxy must leave it alone)".to_owned(),
    };
    Words::of(format!("{proxy}, or {instead}"))
}

fn value_or_empty(words: Words, value: Option<&Value>, instead: &'static str) -> Words {
    match value {
        Some(value) if value.bytes.is_empty() => words.say("an empty value"),
        Some(value) => words.value(value, instead),
        None => words.say(instead),
    }
}

fn said(name: &str, mut value: Value) -> Value {
    if is_secret_header(name) {
        value.origin = Origin::Withheld;
    }
    value
}
