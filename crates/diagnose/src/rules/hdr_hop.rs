//! HDR-HOP: a header that belongs to one connection, or to the proxies, was signed.
//!
//! Not here: Expect, Content-Length, User-Agent and tracing headers, which have causes of their own.

use super::header::{difference, likely, propose_changed, signed};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 570,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "HDR-HOP",
        "A header that proxies change by design was signed",
        include_str!("../../pages/HDR-HOP.md"),
    )
};

/// Elements taken away from the end of a list, at most: proxies on the way that each added one.
const HOPS_MAX: usize = 4;

/// Headers whose usual values are few.
const VALUES: [(&str, &[&str]); 7] = [
    (
        "connection",
        &["keep-alive", "close", "Keep-Alive", "Upgrade", ""],
    ),
    ("keep-alive", &["timeout=5", "timeout=60", ""]),
    ("te", &["trailers", "deflate, gzip;q=0.3", ""]),
    ("transfer-encoding", &["chunked", ""]),
    ("x-forwarded-proto", &["https", "http", ""]),
    ("x-forwarded-port", &["443", "80", ""]),
    ("x-forwarded-ssl", &["on", "off", ""]),
];

/// Lists to which every proxy adds an element.
const LISTS: [&str; 4] = ["x-forwarded-for", "via", "forwarded", "cdn-loop"];

/// The rest of what belongs to the way and not to the request.
const OTHERS: [&str; 10] = [
    "cookie",
    "x-forwarded-host",
    "x-forwarded-server",
    "x-real-ip",
    "proxy-connection",
    "proxy-authorization",
    "upgrade",
    "max-forwards",
    "x-original-host",
    "x-forwarded-prefix",
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    for (name, values) in VALUES {
        for value in values {
            add(scene, out, name, value.as_bytes());
        }
    }
    for name in LISTS {
        let Some((_, received)) = signed(scene).find(|(signed, _)| *signed == name) else {
            continue;
        };
        let mut rest = received;
        for _ in 0..HOPS_MAX {
            let Some(comma) = rest.iter().rposition(|&b| b == b',') else {
                break;
            };
            rest = rest.get(..comma).unwrap_or_default().trim_ascii_end();
            add(scene, out, name, rest);
        }
        add(scene, out, name, b"");
    }
    for name in OTHERS {
        add(scene, out, name, b"");
    }
    add(scene, out, "x-forwarded-host", scene.host());
    if let Some(hops) = scene.header("max-forwards").and_then(number) {
        add(
            scene,
            out,
            "max-forwards",
            hops.saturating_add(1).to_string().as_bytes(),
        );
    }
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, name: &str, value: &[u8]) {
    propose_changed(scene, out, name, value, 720);
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: difference(scene, hypothesis),
        cure: cure(),
    }
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() {
        return None;
    }
    let belongs_to_the_way = |name: &str| {
        VALUES.iter().any(|(listed, _)| *listed == name) || LISTS.contains(&name) || OTHERS.contains(&name)
    };
    let (name, _) = signed(scene).find(|(name, _)| belongs_to_the_way(name))?;
    let score = if scene.facts.proxy_evidence.is_some() {
        620
    } else {
        350
    };
    Some(likely(
        scene,
        name,
        score,
        "was changed on the way, as such headers are",
        cure(),
    ))
}

fn cure() -> Words {
    Words::of(
        "Take it out of SignedHeaders: it belongs to a connection or to the proxies, which change it by design.",
    )
}
