//! HDR-TRACE: a tracing header was signed; agents and meshes write it anew on every hop.
//!
//! Keeps true: called proven only where the change can be undone, as with what a load balancer puts in front; a span id
//! cannot be guessed.

use super::header::{difference, likely, propose_value, signed};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 560,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HDR-TRACE",
        "A tracing header was signed and changed afterwards",
        include_str!("../../pages/HDR-TRACE.md"),
    )
};

const CURE: &str = "Add tracing headers after signing, or exclude them from signing: agents, meshes and load balancers \
    write them anew.";

fn is_tracing(name: &str) -> bool {
    matches!(
        name,
        "traceparent"
            | "tracestate"
            | "baggage"
            | "b3"
            | "x-amzn-trace-id"
            | "x-cloud-trace-context"
            | "uber-trace-id"
            | "sentry-trace"
            | "elastic-apm-traceparent"
            | "newrelic"
            | "x-request-id"
            | "x-correlation-id"
    ) || name.starts_with("x-b3-")
        || name.starts_with("x-datadog-")
        || name.starts_with("ot-tracer-")
}

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    // A load balancer of AWS puts its own element in front and keeps the rest.
    let name = "x-amzn-trace-id";
    let Some((_, value)) = signed(scene).find(|(signed, _)| *signed == name) else {
        return;
    };
    if !value.starts_with(b"Self=") {
        return;
    }
    if let Some(end) = value.iter().position(|&b| b == b';') {
        let rest = value.get(end + 1..).unwrap_or_default().trim_ascii();
        if let Some(hypothesis) = propose_value(scene, out, name, rest) {
            hypothesis.specificity = 34;
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: difference(scene, hypothesis),
        cure: Words::of(CURE),
    }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() {
        return None;
    }
    let (name, _) = signed(scene).find(|(name, _)| is_tracing(name))?;
    let score = if scene.facts.proxy_evidence.is_some() {
        640
    } else {
        540
    };
    let why = "was written anew after signing, as tracing headers are";
    Some(likely(scene, name, score, why, Words::of(CURE)))
}
