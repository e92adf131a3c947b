//! HST-PROXY: a reverse proxy replaced the Host header, by its own name or by the upstream's.
//!
//! Keeps true: the signed host is named only if it was received, declared, or is a name everybody uses.

use super::host::{both_hosts, differs_by_a_missing_port, propose_host};
use super::prelude::*;
use crate::scene::is_loopback;

pub(crate) static RULE: Rule = Rule {
    weight: 900,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HST-PROXY",
        "A proxy changed the Host header",
        include_str!("../../pages/HST-PROXY.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    // A presigned URL without a sign of a proxy was more likely edited; then this only explains the same bytes.
    let likely = !scene.is_presigned() || scene.facts.proxy_evidence.is_some();
    for host in scene.hosts() {
        if differs_by_a_missing_port(&host.value.bytes, scene.host()) {
            continue;
        }
        let weight = host
            .weight
            .saturating_sub(if scene.facts.proxy_evidence.is_some() {
                0
            } else {
                50
            });
        propose_host(
            scene,
            out,
            &host.value,
            weight.max(1),
            if likely { 22 } else { 18 },
            "",
        );
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    // The difference is proven; that a proxy made it is said only where one shows.
    if scene.facts.proxy_evidence.is_none() {
        return Told {
            what: both_hosts("The client signed ", hypothesis, ", this server received "),
            cure: Words::of(
                "A proxy must pass Host on unchanged (nginx: proxy_set_header Host $http_host;). ",
            )
            .say("Without a proxy, send the host that was signed."),
        };
    }
    Told {
        what: both_hosts(
            "The Host header was changed on the way: the client signed ",
            hypothesis,
            ", this server received ",
        ),
        cure: Words::of(scene.facts.keep_host_setting()),
    }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() || !scene.signs("host") {
        return None;
    }
    let from_elsewhere = is_loopback(scene.host()) && !scene.case.transport.peer_is_loopback;
    let (why, score) = match scene.facts.proxy_evidence {
        Some(evidence) => (evidence, if is_loopback(scene.host()) { 700 } else { 600 }),
        None if from_elsewhere => ("a local name, but not from this machine", 650),
        None => return None,
    };
    let host = Value::received(scene.host());
    let what =
        Words::of(format!("a proxy changed Host ({why})")).framed("; this server received ", &host, "", "");
    let cure = Words::of(scene.facts.keep_host_setting())
        .say(" Name the public address with --public-url, so that this can be proven.");
    let mut finding = Finding::new(Slot::Host, Proof::Infer, score, what, cure);
    finding.received = Some(host);
    Some(finding)
}
