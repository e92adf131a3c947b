//! HST-REPLACED: the host in a presigned URL was exchanged after signing.
//!
//! Not here: header-signed requests; nobody edits those by hand, a proxy does.

use super::host::{both_hosts, differs_by_a_missing_port, propose_host};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 850,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HST-REPLACED",
        "The host in the presigned URL was replaced after signing",
        include_str!("../../pages/HST-REPLACED.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if !scene.is_presigned() {
        return;
    }
    for host in scene.hosts() {
        if !differs_by_a_missing_port(&host.value.bytes, scene.host()) {
            propose_host(scene, out, &host.value, host.weight, 20, "");
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: both_hosts("The presigned URL was made for ", hypothesis, ", then used with "),
        cure: Words::of("Create the URL with the public address in ")
            .say(scene.facts.signer.where_endpoint())
            .say("; its host cannot be replaced after signing."),
    }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    let known = |names: &[String]| names.iter().any(|name| name.as_bytes() == scene.host());
    let server = scene.case.server;
    if !scene.is_mismatch()
        || !scene.is_presigned()
        || known(&server.seen_hosts)
        || known(&server.public_names)
    {
        return None;
    }
    let host = Value::received(scene.host());
    let what = Words::of("the URL was presigned for another host than ").value(&host, "the one it came to");
    let cure = Words::of("Create the URL with the address that it is sent to, in ")
        .say(scene.facts.signer.where_endpoint())
        .say(".");
    let mut finding = Finding::new(Slot::Host, Proof::Infer, 420, what, cure);
    finding.received = Some(host);
    Some(finding)
}
