//! HST-SCHEME: more than host and port was signed as the host: a scheme, a slash, a path.

use super::host::{both_hosts, propose_host};
use super::hst_prefix::first_segment;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 480,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-SCHEME",
        "A URL was signed in place of the host",
        include_str!("../../pages/HST-SCHEME.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let host = scene.host();
    let uri = scene.parts.as_ref().map(|parts| parts.uri.as_slice());
    let bucket = uri.and_then(first_segment).map(|(first, _)| first);
    for scheme in [&b""[..], b"http://", b"https://"] {
        for end in [Some(&b""[..]), Some(b"/"), bucket].into_iter().flatten() {
            let signed = Value::constant([scheme, host, end].concat());
            propose_host(scene, out, &signed, 480, 36, "");
        }
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: both_hosts(
            "More than the host was signed as the host: ",
            hypothesis,
            " instead of ",
        ),
        cure: Words::of(
            "Sign only the host and, if it is not the usual one, the port: no scheme, no slash, no path.",
        ),
    }
}
