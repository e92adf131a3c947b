//! HST-PORT-MISSING: a port other than 80 and 443 was lost from Host, or was never signed.
//!
//! Not here: a host with another name or with two different ports; that is a rewritten Host.

use super::host::{both_hosts, propose_host};
use super::prelude::*;
use crate::facts::Proxy;
use crate::scene::{ports, split_port};

pub(crate) static RULE: Rule = Rule {
    weight: 870,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-PORT-MISSING",
        "The port is missing from the Host header on one side",
        include_str!("../../pages/HST-PORT-MISSING.md"),
    )
};

const LOST: &str = "lost";
/// By how much each further port is less likely; those of this server and of the proxy come first.
const EACH_PORT: u32 = 25;
const DEFAULT_PORTS: [&[u8]; 2] = [b"443", b"80"];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    match split_port(scene.host()) {
        (name, None) => {
            let ports = ports(scene.case).into_iter();
            let mut weight = RULE.weight;
            for port in ports.filter(|port| !matches!(port, 80 | 443)) {
                let signed = [name, b":", port.to_string().as_bytes()].concat();
                propose_host(scene, out, &Value::constant(signed), weight, 38, LOST);
                weight = weight.saturating_sub(EACH_PORT);
            }
        }
        (name, Some(port)) if !DEFAULT_PORTS.contains(&port) => {
            propose_host(scene, out, &Value::received(name), 870, 38, "");
        }
        _ => {}
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    if hypothesis.detail == LOST {
        let facts = &scene.facts;
        let cure = match (facts.proxy_evidence, facts.proxy) {
            (None, _) => {
                "Send Host with its port. Behind nginx: proxy_set_header Host $http_host; ($host drops the port)."
                    .to_owned()
            }
            (Some(_), Proxy::Nginx) => {
                facts.at_the_proxy("set: proxy_set_header Host $http_host; ($host drops the port).")
            }
            (Some(_), _) => facts.keep_host_setting(),
        };
        return Told {
            what: both_hosts(
                "The port was signed but did not arrive: the client signed ",
                hypothesis,
                ", this server received ",
            ),
            cure: Words::of(cure),
        };
    }
    Told {
        what: both_hosts(
            "The client signed the host without its port: ",
            hypothesis,
            " instead of ",
        ),
        cure: Words::of("Write the port into ")
            .say(scene.facts.signer.where_endpoint())
            .say("."),
    }
}
