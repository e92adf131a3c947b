//! CORS-ORIGIN: no CORS rule allows the origin of the page; an origin that is nearly allowed is named.
//!
//! Not here: methods and headers, which are looked at once the origin is allowed.

use super::cors::{finding, in_rule, origin, refused};
use super::prelude::*;
use crate::case::{Preflight, PreflightPart};

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "CORS-ORIGIN",
        "No CORS rule allows the origin of the page",
        include_str!("../../pages/CORS-ORIGIN.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let preflight = refused(scene, |part| *part == PreflightPart::Origin)?;
    let origin = origin(scene);
    let what = Words::of("No CORS rule of the bucket allows the origin ").value(&origin, "of this page");
    if origin.bytes == b"null" {
        let what = what.say(", which is what a browser sends for a page from a file or a sandbox");
        let cure = Words::of("Serve the page over http or https, and allow that origin.");
        return Some(finding(slot(), what, cure, origin));
    }
    let sent = String::from_utf8_lossy(&origin.bytes).into_owned();
    let near = preflight
        .allowed
        .iter()
        .find_map(|(place, allowed)| Some((*place, allowed, difference(&sent, allowed)?)));
    let (what, place) = match near {
        Some((place, allowed, difference)) => {
            let allowed = Value::configured(allowed.as_bytes());
            (
                what.framed("; a rule allows ", &allowed, difference, ""),
                Some(place),
            )
        }
        None => (what, preflight.nearest),
    };
    let cure = Words::of("Add ").value(&origin, "it").say(" to AllowedOrigins ");
    let nearest = Preflight {
        nearest: place,
        ..preflight.clone()
    };
    let cure = in_rule(cure, &nearest).say(", spelled exactly like that.");
    Some(finding(slot(), what, cure, origin))
}

fn slot() -> Slot {
    Slot::Header("origin".to_owned())
}

/// In what an allowed origin differs from the one that was sent, if they are nearly the same.
fn difference(sent: &str, allowed: &str) -> Option<&'static str> {
    let parts = Parts::of(sent)?;
    let bare = allowed.trim();
    let lower = bare.to_ascii_lowercase();
    let is = |text: &str| text == sent;
    if is(bare) {
        return Some(", with a blank around it");
    }
    if is(lower.trim_end_matches('/')) {
        return Some(if bare.ends_with('/') {
            ", with a slash at its end that no browser sends"
        } else {
            ", in capitals, which a browser does not send"
        });
    }
    let Some(theirs) = Parts::of(&lower) else {
        let names_host =
            lower == parts.host || parts.port.is_some_and(|p| lower == format!("{}:{p}", parts.host));
        return names_host.then_some(", without a scheme");
    };
    if theirs.host != parts.host {
        let other = |one: &str, two: &str| one.strip_prefix("www.") == Some(two);
        let is_www = other(theirs.host, parts.host) || other(parts.host, theirs.host);
        return is_www.then_some(", which is another host: www. counts");
    }
    if theirs.scheme != parts.scheme {
        Some(", which is another scheme")
    } else if theirs.port != parts.port {
        Some(", which is another port")
    } else if !theirs.path.is_empty() {
        Some(", with a path, which is no part of an origin")
    } else {
        None
    }
}

/// An origin taken apart.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
    path: &'a str,
}

impl Parts<'_> {
    fn of(origin: &str) -> Option<Parts<'_>> {
        let (scheme, rest) = origin.split_once("://")?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        Some(Parts {
            scheme,
            host,
            port,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_is_nearly_allowed_is_told_from_the_others() {
        let check = |sent: &str, allowed: &str, expected: Option<&str>| {
            let found = difference(sent, allowed);
            assert_eq!(found.is_some(), expected.is_some(), "{sent} {allowed}: {found:?}");
            assert!(
                found.unwrap_or_default().contains(expected.unwrap_or_default()),
                "{sent} {allowed}: {found:?}"
            );
        };
        let sent = "https://app.example";
        check(sent, "https://app.example/", Some("slash"));
        check(sent, "https://App.example", Some("capitals"));
        check(sent, " https://app.example", Some("blank"));
        check(sent, "http://app.example", Some("scheme"));
        check(sent, "https://app.example:8443", Some("port"));
        check(sent, "app.example", Some("without a scheme"));
        check(sent, "https://www.app.example", Some("www."));
        check(sent, "https://app.example/upload", Some("path"));
        check(sent, "https://other.example", None);
        check(sent, "https://*.app.example", None);
        check(sent, "", None);
        check(
            "http://localhost:5173",
            "localhost:5173",
            Some("without a scheme"),
        );
        check("http://localhost:5173", "http://localhost:3000", Some("port"));
        check("http://[::1]", "http://[::1]:80", Some("port"));
        check("null", "https://app.example", None);
    }
}
