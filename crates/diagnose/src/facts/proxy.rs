//! Which software stands in front of the server, from the traces it leaves, and how sure that is.
//!
//! Not here: what to change in it (`settings`). Keeps true: a proxy counts as seen only by a trace that it alone leaves; by the
//! order of lines and by what is usual it is only presumed.

mod settings;

use super::Traces;

/// Software that carries requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    CloudFront,
    Cloudflare,
    /// The Application Load Balancer of AWS.
    Alb,
    Vercel,
    /// Rewrites of Next.js, on a server of one's own.
    NextJs,
    /// http-proxy of Node, in webpack's and Vite's development servers and in http-proxy-middleware.
    Node,
    Traefik,
    Apache,
    Envoy,
    Haproxy,
    IngressNginx,
    Caddy,
    /// Also what is presumed where nothing says otherwise, since its defaults are the usual reason.
    Nginx,
}

/// A proxy with what says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recognised {
    pub(crate) proxy: Proxy,
    pub(crate) is_seen: bool,
    /// The strongest sign of any proxy, in words; `None` if there is none.
    pub(crate) evidence: Option<&'static str>,
}

/// The proxy that carried a request, by its own traces or else by what is usual.
pub(crate) fn recognise(traces: &Traces<'_>, page: bool) -> Recognised {
    match seen(traces) {
        Some((proxy, evidence)) => Recognised {
            proxy,
            is_seen: true,
            evidence: Some(evidence),
        },
        None => Recognised {
            proxy: presumed(traces, page),
            is_seen: false,
            evidence: sign(traces),
        },
    }
}

/// The proxy that left a trace of its own, the outermost first: what stands behind it left less.
fn seen(traces: &Traces<'_>) -> Option<(Proxy, &'static str)> {
    let via = traces.text("via").unwrap_or_default();
    let agent = traces.text("user-agent").unwrap_or_default();
    let loop_mark = traces.text("cdn-loop").unwrap_or_default();
    let closes = traces.text("connection").as_deref() == Some("close");
    let has = |name: &str| traces.has(name);
    let shown = [
        (
            via.contains("cloudfront"),
            Proxy::CloudFront,
            "a Via header of CloudFront",
        ),
        (
            agent == "amazon cloudfront" || has("x-amz-cf-id"),
            Proxy::CloudFront,
            "a header of CloudFront",
        ),
        (
            has("cf-ray"),
            Proxy::Cloudflare,
            "a CF-Ray header, as from Cloudflare",
        ),
        (
            has("cf-connecting-ip") || loop_mark.contains("cloudflare"),
            Proxy::Cloudflare,
            "a header of Cloudflare",
        ),
        (
            traces.has_one_of_prefix("x-vercel-"),
            Proxy::Vercel,
            "an X-Vercel header",
        ),
        (
            NEXT_JS.iter().any(|prefix| traces.has_one_of_prefix(prefix)),
            Proxy::NextJs,
            "a header of Next.js",
        ),
        (via.contains("caddy"), Proxy::Caddy, "a Via header of Caddy"),
        (
            traces.has_one_of_prefix("x-envoy-"),
            Proxy::Envoy,
            "an X-Envoy header",
        ),
        (
            has("x-forwarded-scheme") && has("x-scheme"),
            Proxy::IngressNginx,
            "X-Forwarded-Scheme and X-Scheme headers, as from ingress-nginx",
        ),
        (
            has("x-forwarded-server") && (has("x-real-ip") || has("x-forwarded-port")),
            Proxy::Traefik,
            "an X-Forwarded-Server header beside others, as from Traefik",
        ),
        (
            has("x-forwarded-server") || via.contains("apache"),
            Proxy::Apache,
            "a header that Apache adds",
        ),
        (
            has("x-amzn-trace-id") && has("x-forwarded-port"),
            Proxy::Alb,
            "X-Amzn-Trace-Id and X-Forwarded-Port headers, as from an AWS load balancer",
        ),
        (
            traces.http_1_0 && closes,
            Proxy::Nginx,
            "HTTP/1.0 and Connection: close, as from nginx",
        ),
    ];
    shown
        .into_iter()
        .find(|(is_so, ..)| *is_so)
        .map(|(_, proxy, evidence)| (proxy, evidence))
}

/// What is likely in front of the server, since nothing left a trace of its own.
fn presumed(traces: &Traces<'_>, page: bool) -> Proxy {
    let forwards = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
    // nginx writes its own lines first; what is written in Go writes them last.
    let at_the_end = |name: &str| !traces.stands_before(name, "user-agent") && traces.has(name);
    let closes = traces.text("connection").as_deref() == Some("close") && !traces.http_1_0;
    let others = ["x-real-ip", "x-forwarded-port", "via", "forwarded"];
    let only_usual = !others.iter().any(|name| traces.has(name));
    if only_usual && forwards.iter().all(|name| at_the_end(name)) && !closes {
        return Proxy::Caddy;
    }
    let last = traces.headers.last();
    let is_last = last.is_some_and(|(name, _)| name.eq_ignore_ascii_case("x-forwarded-for"));
    if only_usual && is_last && !traces.has("x-forwarded-proto") && !closes {
        return Proxy::Haproxy;
    }
    let origin = traces.text("origin").unwrap_or_default();
    let from_development = LOCAL_ORIGINS.iter().any(|local| origin.starts_with(local));
    if closes && (from_development && page || at_the_end("connection")) {
        return Proxy::Node;
    }
    Proxy::Nginx
}

/// The strongest sign that there is any proxy at all.
fn sign(traces: &Traces<'_>) -> Option<&'static str> {
    if let Some((_, words)) = SIGNS.iter().find(|(name, _)| traces.has(name)) {
        return Some(words);
    }
    traces.http_1_0.then_some("HTTP/1.0")
}

/// How headers begin that Next.js gives its own requests.
const NEXT_JS: [&str; 3] = ["x-nextjs-", "x-middleware-", "x-invoke-"];
/// Where pages under development come from.
const LOCAL_ORIGINS: [&str; 2] = ["http://localhost", "http://127.0.0.1"];
/// Headers of proxies, the most telling first.
const SIGNS: [(&str, &str); 12] = [
    ("x-forwarded-host", "an X-Forwarded-Host header"),
    ("forwarded", "a Forwarded header"),
    ("x-original-host", "an X-Original-Host header"),
    ("via", "a Via header"),
    ("x-forwarded-for", "an X-Forwarded-For header"),
    ("x-forwarded-proto", "an X-Forwarded-Proto header"),
    ("x-forwarded-port", "an X-Forwarded-Port header"),
    ("x-real-ip", "an X-Real-IP header"),
    ("cdn-loop", "a CDN-Loop header"),
    ("x-forwarded-prefix", "an X-Forwarded-Prefix header"),
    ("x-original-uri", "an X-Original-URI header"),
    ("x-forwarded-scheme", "an X-Forwarded-Scheme header"),
];
