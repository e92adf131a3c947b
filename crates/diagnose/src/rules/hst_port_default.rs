//! HST-PORT-DEFAULT: `:443` or `:80` was signed but not sent, or sent but not signed.
//!
//! Not here: other ports, see `hst_port_missing`.

use super::host::{both_hosts, propose_host};
use super::prelude::*;
use crate::scene::split_port;

pub(crate) static RULE: Rule = Rule {
    weight: 880,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-PORT-DEFAULT",
        "The default port stands in Host on one side only",
        include_str!("../../pages/HST-PORT-DEFAULT.md"),
    )
};

const SIGNED_WITH: &str = "signed with the port";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    match split_port(scene.host()) {
        (name, None) => {
            for port in [&b":443"[..], b":80"] {
                propose_host(
                    scene,
                    out,
                    &Value::constant([name, port].concat()),
                    880,
                    40,
                    SIGNED_WITH,
                );
            }
        }
        (name, Some(b"443" | b"80")) => propose_host(scene, out, &Value::received(name), 880, 40, ""),
        _ => {}
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let before = if hypothesis.detail == SIGNED_WITH {
        "The default port was signed but not sent: the client signed "
    } else {
        "The default port was sent but not signed: the client signed "
    };
    Told {
        what: both_hosts(before, hypothesis, ", this server received "),
        cure: Words::of("Write ")
            .say(scene.facts.signer.where_endpoint())
            .say(" without :443 or :80; HTTP clients leave default ports out of Host."),
    }
}
