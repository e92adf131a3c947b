//! What a proxy that only this machine reaches is called, and why another name is not its own.
//!
//! A page in a browser can have its own name lead to this machine, and is then let read what it is answered. It has no key, but from
//! here it would reach an upstream that it does not reach itself: over this machine's way, under the upstream's name. Keeps true: a name that
//! somebody else may own is not one of the proxy's, unless whoever started it said so.

use std::net::IpAddr;

use countersign_server::front::Received;
use http::header;

use crate::Proxy;

/// Whether a request calls the proxy by a name of its own. Others reach a proxy that listens to them by whatever names they have for it.
pub(crate) fn is_of_here(proxy: &Proxy, received: &Received) -> bool {
    let Some(host) = received.headers().get(header::HOST) else {
        // A browser always sends one.
        return true;
    };
    !proxy.is_loopback || host.to_str().is_ok_and(|host| is_own(host, &proxy.domains))
}

fn is_own(host: &str, domains: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    if address.unwrap_or(name).parse::<IpAddr>().is_ok() {
        return true;
    }
    let mut domains = domains.iter().map(String::as_str).chain(["localhost"]);
    domains.any(|domain| {
        let start = name.len().checked_sub(domain.len());
        let (label, rest) = start.and_then(|at| name.split_at_checked(at)).unwrap_or_default();
        rest.eq_ignore_ascii_case(domain) && (label.is_empty() || label.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_declared_names_are_its_own() {
        let domains = ["s3.test".to_owned()];
        for (host, expected) in [
            ("127.0.0.1:9010", true),
            ("[::1]:9010", true),
            ("[::1]", true),
            ("localhost", true),
            ("LocalHost:9010", true),
            ("bucket.localhost:9010", true),
            ("s3.test:9010", true),
            ("my.bucket.s3.test", true),
            ("evil.example:9010", false),
            ("evillocalhost", false),
            ("evils3.test", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:9010", false),
            ("127.0.0.1:9010.evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_own(host, &domains), expected, "{host}");
        }
    }
}
