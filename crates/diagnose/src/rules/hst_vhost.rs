//! HST-VHOST: the bucket was signed in the host and arrived in the path, or the other way round.
//!
//! Keeps true: host and path change together, as one hypothesis; each alone would never fit.

use super::host::both_hosts;
use super::prelude::*;
use crate::scene::{is_loopback, split_port};

pub(crate) static RULE: Rule = Rule {
    weight: 602,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-VHOST",
        "The bucket stands in the host on one side and in the path on the other",
        include_str!("../../pages/HST-VHOST.md"),
    )
};

/// Hosts beside the received one for which virtual-host style is tried.
const OTHER_HOSTS_MAX: usize = 6;
const SIGNED_IN_HOST: &str = "signed in the host";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    if let Some((bucket, _)) = scene.path_after_bucket() {
        let after = parts.uri.get(1 + bucket.len()..).unwrap_or_default();
        let uri = if after.is_empty() { b"/" } else { after };
        let others = scene
            .hosts()
            .iter()
            .take(OTHER_HOSTS_MAX)
            .map(|host| host.value.bytes.as_slice());
        for host in std::iter::once(scene.host()).chain(others) {
            let signed = [bucket, b".", host].concat();
            add(scene, out, Value::constant(signed), uri.to_vec(), SIGNED_IN_HOST);
        }
    }
    let host = scene.host();
    let (name, _) = split_port(host);
    if let Some(dot) = name
        .iter()
        .position(|&b| b == b'.')
        .filter(|_| !is_loopback(host) || name.ends_with(b"localhost"))
    {
        let (bucket, rest) = (
            host.get(..dot).unwrap_or_default(),
            host.get(dot + 1..).unwrap_or_default(),
        );
        let uri = [b"/", bucket, parts.uri.as_slice()].concat();
        add(scene, out, Value::received(rest), uri, "");
        if parts.uri == b"/" {
            add(scene, out, Value::received(rest), [b"/", bucket].concat(), "");
        }
    }
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, signed: Value, uri: Vec<u8>, detail: &'static str) {
    if let Some(hypothesis) = out.add(Change::HostAndUri {
        host: signed.bytes.clone(),
        uri,
    }) {
        hypothesis.specificity = 30;
        hypothesis.signed = Some(signed);
        hypothesis.received = Some(Value::received(scene.host()));
        hypothesis.detail = detail;
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    if hypothesis.detail == SIGNED_IN_HOST {
        return Told {
            what: both_hosts(
                "The bucket was signed in the host, ",
                hypothesis,
                ", but arrived in the path, on the host ",
            ),
            cure: Words::of(scene.facts.signer.path_style_setting()).say("."),
        };
    }
    Told {
        what: both_hosts(
            "The bucket was signed as part of the path, on host ",
            hypothesis,
            ", but arrived in the host ",
        ),
        cure: Words::of("Send the bucket in the path, as it was signed; or sign it in the host. ")
            .say(scene.facts.signer.host_style_setting())
            .say("."),
    }
}
