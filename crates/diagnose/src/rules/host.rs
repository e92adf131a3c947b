//! What the rules about the Host header share.
//!
//! Not here: which hosts are likely (see `scene`); this only turns one into a hypothesis.

use super::prelude::*;
use crate::scene::split_port;

/// Proposes that `signed` stood where the received Host stands.
pub(super) fn propose_host(
    scene: &Scene<'_>,
    out: &mut Proposals<'_>,
    signed: &Value,
    weight: u32,
    specificity: u32,
    detail: &'static str,
) {
    let change = Change::Header {
        name: "host".to_owned(),
        value: signed.bytes.clone(),
    };
    if let Some(hypothesis) = out.add(change) {
        hypothesis.weight = weight;
        hypothesis.specificity = specificity;
        hypothesis.signed = Some(signed.clone());
        hypothesis.received = Some(Value::received(scene.host()));
        hypothesis.detail = detail;
    }
}

/// Same name, and only one of the two names a port: that is what the port rules are for.
pub(super) fn differs_by_a_missing_port(a: &[u8], b: &[u8]) -> bool {
    let ((name_a, port_a), (name_b, port_b)) = (split_port(a), split_port(b));
    name_a.eq_ignore_ascii_case(name_b) && port_a.is_some() != port_b.is_some()
}

/// `before` with both hosts, for the sentence.
pub(super) fn both_hosts(before: &'static str, hypothesis: &Hypothesis, between: &'static str) -> Words {
    let words = Words::of(before);
    let words = match &hypothesis.signed {
        Some(signed) => words.value(signed, instead(hypothesis, signed)),
        None => words.say("another host"),
    };
    match &hypothesis.received {
        Some(received) => words.say(between).value(received, "a different one"),
        None => words,
    }
}

/// What is said of the signed host where it must not be named.
fn instead(hypothesis: &Hypothesis, signed: &Value) -> &'static str {
    let (name, port) = split_port(&signed.bytes);
    let received = hypothesis.received.as_ref().map(|value| split_port(&value.bytes));
    match received {
        Some((same, None)) if same.eq_ignore_ascii_case(name) && port.is_some() => {
            "the same host with a port"
        }
        Some((same, _)) if same.eq_ignore_ascii_case(name) => "the same host with another port",
        _ => "another host",
    }
}
