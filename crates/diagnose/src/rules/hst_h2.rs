//! HST-H2: the host has two names in HTTP/2, `:authority` and `host`, and the signature used the other one.
//!
//! A proxy that speaks HTTP/2 to the client and HTTP/1.1 to us makes one of the two; the signed text keeps the other.

use super::host::both_hosts;
use super::prelude::*;
use crate::hypothesis::HeaderLayout;

pub(crate) static RULE: Rule = Rule {
    weight: 555,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-H2",
        "The host was signed under its other name in HTTP/2",
        include_str!("../../pages/HST-H2.md"),
    )
};

pub(crate) const AUTHORITY: &str = ":authority";
const HOST: &str = "host";
const ANOTHER_VALUE: &str = "value";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if scene.signs(AUTHORITY) {
        propose_values(scene, out);
    }
    propose_names(scene, out);
}

/// `:authority` was signed, and what arrived as the host is another one.
fn propose_values(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    for host in scene.hosts() {
        let change = Change::Header {
            name: AUTHORITY.to_owned(),
            value: host.value.bytes.clone(),
        };
        if let Some(hypothesis) = out.add(change) {
            hypothesis.weight = host.weight;
            hypothesis.specificity = 38;
            hypothesis.signed = Some(host.value.clone());
            hypothesis.received = Some(Value::received(scene.host()));
            hypothesis.detail = ANOTHER_VALUE;
        }
    }
}

/// The line of the host was signed under the other name, and the list of names says one or the other.
fn propose_names(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let listed: Vec<String> = parts.headers.iter().map(|(name, _)| name.clone()).collect();
    let (from, to) = match (listed.iter().any(|name| name == HOST), scene.signs(AUTHORITY)) {
        (true, false) => (HOST, AUTHORITY),
        (false, true) => (AUTHORITY, HOST),
        // Both, or neither.
        (true, true) | (false, false) => return,
    };
    let renamed: Vec<String> = listed
        .iter()
        .map(|name| if name == from { to } else { name }.to_owned())
        .collect();
    let mut sorted = renamed.clone();
    sorted.sort();
    for names in [&sorted, &renamed] {
        for list in [&sorted, &renamed, &listed] {
            let layout = HeaderLayout {
                names: names.clone(),
                between: ":",
                list: list.join(";"),
                blank_line: true,
            };
            if let Some(hypothesis) = out.add(Change::Headers(layout)) {
                hypothesis.specificity = 38;
                hypothesis.detail = if to == HOST {
                    "The host was signed as host, while SignedHeaders says :authority"
                } else {
                    "The host was signed as :authority, while SignedHeaders says host"
                };
            }
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    if hypothesis.detail == ANOTHER_VALUE {
        return Told {
            what: both_hosts(
                "The client signed the :authority of HTTP/2, ",
                hypothesis,
                ", and the request arrived with the host ",
            ),
            cure: match scene.facts.proxy_evidence {
                Some(_) => Words::of("Sign host and not :authority. ").say(scene.facts.keep_host_setting()),
                None => Words::of(
                    "Sign host and not :authority, and let the proxy put the client's :authority into Host as it is.",
                ),
            },
        };
    }
    Told {
        what: Words::of(hypothesis.detail),
        cure: Words::of("Sign the host under the name host, in the header lines and in SignedHeaders."),
    }
}
