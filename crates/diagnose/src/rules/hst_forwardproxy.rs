//! HST-FORWARDPROXY: a forward or caching proxy was configured as if it were the store, so its name was signed.
//!
//! Not here: reverse proxies, which stand in for the store on purpose (`hst_proxy`).

use super::host::{both_hosts, propose_host};
use super::prelude::*;
use crate::scene::{contains, split_port};

pub(crate) static RULE: Rule = Rule {
    weight: 380,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-FORWARDPROXY",
        "The name of a forward proxy was signed as the host",
        include_str!("../../pages/HST-FORWARDPROXY.md"),
    )
};

/// What people call such proxies, and where they stand while somebody tries one out.
const NAMES: [&str; 4] = ["proxy", "squid", "localhost", "127.0.0.1"];
/// Where forward proxies listen, and nothing else does.
const PORTS: [&str; 3] = ["3128", "8888", "8118"];
/// How they call themselves in `Via`.
const PROGRAMS: [&str; 6] = [
    "squid",
    "tinyproxy",
    "privoxy",
    "mitmproxy",
    "polipo",
    "trafficserver",
];
/// Headers that only a client of such a proxy sends, or that only such a proxy adds.
const HEADERS: [&str; 4] = [
    "proxy-connection",
    "proxy-authorization",
    "x-cache-lookup",
    "x-squid-error",
];

/// Most names that are taken from `Via`.
const NAMES_IN_VIA_MAX: usize = 4;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    for name in NAMES {
        for port in PORTS {
            let signed = Value::constant(format!("{name}:{port}"));
            propose_host(scene, out, &signed, RULE.weight, 38, "");
        }
    }
    for name in names_in_via(scene) {
        propose_host(scene, out, &Value::received(name), RULE.weight, 38, "");
    }
    let shows = shows(scene);
    for host in scene.hosts() {
        let (_, port) = split_port(&host.value.bytes);
        let is_such_a_port = PORTS.iter().any(|known| Some(known.as_bytes()) == port);
        if shows || is_such_a_port {
            propose_host(scene, out, &host.value, host.weight, 38, "");
        }
    }
}

/// What the proxies call themselves in `Via: 1.1 NAME (PROGRAM)`: often what the client has for its endpoint.
fn names_in_via(scene: &Scene<'_>) -> Vec<Vec<u8>> {
    let via = scene.header("via").unwrap_or_default();
    let name_of = |element: &[u8]| {
        let mut words = element.split(|&b| b == b' ').filter(|word| !word.is_empty());
        words.nth(1).map(<[u8]>::to_vec)
    };
    let elements = via.split(|&b| b == b',');
    elements.filter_map(name_of).take(NAMES_IN_VIA_MAX).collect()
}

/// Whether the request came through such a proxy.
fn shows(scene: &Scene<'_>) -> bool {
    let via = scene.header("via").unwrap_or_default().to_ascii_lowercase();
    HEADERS.iter().any(|name| scene.has_header(name))
        || PROGRAMS.iter().any(|program| contains(&via, program.as_bytes()))
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let signer = scene.facts.signer;
    Told {
        what: both_hosts(
            "The client took a forward proxy for the store: it signed ",
            hypothesis,
            ", and the proxy sent the request on to ",
        ),
        cure: Words::of("Set the store as ")
            .say(signer.where_endpoint())
            .say(", and the proxy as ")
            .say(signer.where_http_proxy())
            .say("."),
    }
}
