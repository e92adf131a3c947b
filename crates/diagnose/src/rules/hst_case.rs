//! HST-CASE: the host was signed in another spelling of the same name: capitals, a dot at the end, brackets.
//!
//! Not here: international names in their two forms; a client signs what it sends.

use super::host::{both_hosts, propose_host};
use super::prelude::*;
use crate::scene::split_port;

pub(crate) static RULE: Rule = Rule {
    weight: 520,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-CASE",
        "Another spelling of the same host was signed",
        include_str!("../../pages/HST-CASE.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let host = scene.host();
    let (name, port) = split_port(host);
    let with_port = |name: &[u8]| match port {
        Some(port) => [name, b":", port].concat(),
        None => name.to_vec(),
    };
    let dotted = match name.strip_suffix(b".") {
        Some(bare) => bare.to_vec(),
        None => [name, b"."].concat(),
    };
    let mut spellings = vec![
        host.to_ascii_lowercase(),
        host.to_ascii_uppercase(),
        with_port(&dotted),
        with_port(&dotted.to_ascii_lowercase()),
    ];
    if let Some(bare) = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")) {
        spellings.push(with_port(bare));
    } else if name.contains(&b':') {
        spellings.push(with_port(&[b"[", name, b"]"].concat()));
    }
    for spelling in spellings {
        propose_host(scene, out, &Value::constant(spelling), 520, 40, "");
    }
    // A name that is known in other capitals.
    for known in scene.hosts() {
        if known.value.bytes.eq_ignore_ascii_case(host) {
            propose_host(scene, out, &known.value, 520, 40, "");
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: both_hosts(
            "The host was signed in another spelling: the client signed ",
            hypothesis,
            ", this server received ",
        ),
        cure: Words::of("Write ")
            .say(scene.facts.signer.where_endpoint())
            .say(" in lower case, without a dot at the end, an IPv6 address in brackets."),
    }
}
