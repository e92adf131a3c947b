//! Which changes the request itself makes likely: by what stands in it, each rule's hypotheses are tried sooner or later.
//!
//! Not here: what a rule knows about its own hypotheses, one against the other; and any verdict.
//!
//! Keeps true: a weight decides the order, which matters where a budget ends and for pairs, and never the outcome.

use crate::hypothesis::Hypothesis;
use crate::scene::{Scene, contains, is_loopback, split_port};

/// The weight of what the request itself names: a host that a proxy says it received, a header that was signed and did not arrive.
/// Together with any other change it comes before two that nothing speaks for.
pub(crate) const EVIDENT: u32 = 1_300;
/// The most that several signs together can make of a weight.
const WEIGHT_MAX: u32 = 1_500;

/// One thing that a request can show.
struct Sign {
    shows: fn(&Scene<'_>) -> bool,
    /// The beginnings of the ids that it makes more likely, or less.
    ids: &'static [&'static str],
    by: i32,
}

const SIGNS: &[Sign] = &[
    // Whatever carried it may have changed it.
    Sign {
        shows: |scene| scene.facts.proxy_evidence.is_some(),
        ids: &[
            "HST-",
            "HDR-AE",
            "HDR-UA",
            "HDR-HOP",
            "HDR-RANGE",
            "URI-MERGE",
            "URI-TRAILSLASH",
            "URI-CASE",
            "MTH-PROXY",
            "QRY-DROPPED",
            "QRY-CASE",
        ],
        by: 60,
    },
    // A name that only a machine of ours can have is not the one that a client elsewhere signed.
    Sign {
        shows: |scene| is_inner_host(scene),
        ids: &["HST-PROXY", "HST-REPLACED", "HST-PREFIX", "HST-FORWARDPROXY"],
        by: 60,
    },
    Sign {
        shows: |scene| scene.facts.browser,
        ids: &["HDR-CT-", "MTH-", "QRY-EXTRA", "HDR-RANGE"],
        by: 60,
    },
    // Programs that are known for it.
    Sign {
        shows: |scene| agent_has(scene, &["curl/"]),
        ids: &["URI-RAW", "QRY-SORT", "QRY-ENC", "QRY-NOEQ"],
        by: 60,
    },
    Sign {
        shows: |scene| {
            agent_has(
                scene,
                &[
                    "axios",
                    "okhttp",
                    "python-requests",
                    "postmanruntime",
                    "go-http-client",
                ],
            )
        },
        ids: &["HDR-CT-", "QRY-EXTRA", "URI-DOUBLE", "HDR-MISSING"],
        by: 60,
    },
    Sign {
        shows: |scene| agent_has(scene, &["aws-sdk-go-v2"]),
        ids: &["HDR-AE", "HDR-GCS"],
        by: 60,
    },
    // A percent sign of the key itself is where encoders differ.
    Sign {
        shows: |scene| contains(scene.case.request.path, b"%25"),
        ids: &["URI-DOUBLE", "URI-MIXED"],
        by: 80,
    },
    Sign {
        shows: |scene| contains(scene.case.request.query.unwrap_or_default(), b"%25"),
        ids: &["QRY-ENC", "TOK-ENCODING"],
        by: 80,
    },
    Sign {
        shows: |scene| scene.case.request.path.contains(&b'+') || contains(scene.case.request.path, b"%2B"),
        ids: &["URI-PLUS"],
        by: 80,
    },
    Sign {
        shows: |scene| !countersign_sigv4::decode_percent(scene.case.request.path).is_ascii(),
        ids: &["URI-NFC", "URI-CHARSET"],
        by: 80,
    },
    // The secret of this key has made a right signature lately, so it is known to somebody.
    Sign {
        shows: |scene| !scene.case.server.seen_hosts.is_empty(),
        ids: &["SEC-"],
        by: -200,
    },
    // On this very host, too.
    Sign {
        shows: |scene| is_seen_host(scene),
        ids: &[
            "HST-PROXY",
            "HST-REPLACED",
            "HST-PORT",
            "HST-FORWARDPROXY",
            "HST-CASE",
            "HST-SCHEME",
        ],
        by: -150,
    },
];

/// The signs that one request shows.
pub(crate) struct Weights(Vec<&'static Sign>);

impl Weights {
    pub(crate) fn of(scene: &Scene<'_>) -> Weights {
        Weights(SIGNS.iter().filter(|sign| (sign.shows)(scene)).collect())
    }

    /// Weighs the hypotheses of one rule.
    pub(crate) fn weigh(&self, id: &str, hypotheses: &mut [Hypothesis]) {
        let by = self.shift(id);
        if by != 0 {
            for hypothesis in hypotheses {
                hypothesis.weight = hypothesis.weight.saturating_add_signed(by).clamp(1, WEIGHT_MAX);
            }
        }
    }

    fn shift(&self, id: &str) -> i32 {
        let about = |sign: &&&Sign| sign.ids.iter().any(|begins| id.starts_with(begins));
        self.0.iter().filter(about).map(|sign| sign.by).sum()
    }
}

fn agent_has(scene: &Scene<'_>, marks: &[&str]) -> bool {
    let agent = scene
        .header("user-agent")
        .unwrap_or_default()
        .to_ascii_lowercase();
    marks.iter().any(|mark| contains(&agent, mark.as_bytes()))
}

fn is_seen_host(scene: &Scene<'_>) -> bool {
    let seen = &scene.case.server.seen_hosts;
    seen.iter().any(|seen| seen.as_bytes() == scene.host())
}

/// Whether the host that arrived is a name or an address inside a network: what a proxy knows its upstream by.
fn is_inner_host(scene: &Scene<'_>) -> bool {
    let (name, _) = split_port(scene.host());
    let address = std::str::from_utf8(name)
        .ok()
        .and_then(|name| name.parse::<std::net::Ipv4Addr>().ok());
    let is_bare_name = !name.is_empty() && !name.contains(&b'.') && !name.contains(&b':');
    is_loopback(name) || address.is_some_and(|address| address.is_private()) || is_bare_name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{RULES, ids};

    #[test]
    fn every_sign_is_about_causes_that_there_are() {
        for begins in SIGNS.iter().flat_map(|sign| sign.ids) {
            assert!(ids().any(|id| id.starts_with(begins)), "{begins}");
        }
    }

    #[test]
    fn without_a_sign_the_usual_causes_are_tried_first() {
        let order: [&[&str]; 11] = [
            &[
                "HST-PROXY",
                "HST-REPLACED",
                "HST-PORT-DEFAULT",
                "HST-PORT-MISSING",
            ],
            &["HDR-CT-BOUNDARY", "HDR-CT-CHARSET", "HDR-CT-CHANGED"],
            &["HDR-EXPECT", "HDR-AE"],
            &["MTH-HEAD", "MTH-OTHER"],
            &["URI-RAW", "URI-DOUBLE", "URI-PLUS", "URI-TILDE", "URI-LOWERHEX"],
            &["PAY-UNSIGNED"],
            &["QRY-ENC", "QRY-EXTRA", "QRY-NOEQ", "QRY-SORT"],
            &[
                "SEC-NEWLINE",
                "SEC-SPACE",
                "SEC-QUOTES",
                "SEC-URLENC",
                "SEC-DEFAULT",
            ],
            &["HST-PREFIX", "HST-VHOST"],
            &["URI-MERGE", "URI-NFC", "URI-TRAILSLASH"],
            &["SCP-REGION-KEY", "SCP-SERVICE", "CLK-SCOPEDATE", "CLK-DATEHDR"],
        ];
        let weight = |id: &str| {
            let rule = RULES.iter().find(|rule| rule.id == id).expect("a rule");
            rule.weight
        };
        for classes in order.windows(2) {
            let [before, after] = classes else { continue };
            let least = before.iter().map(|id| weight(id)).min();
            let most = after.iter().map(|id| weight(id)).max();
            assert!(least > most, "{before:?} {least:?} before {after:?} {most:?}");
        }
    }
}
