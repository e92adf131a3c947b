//! What to change where something on the way changes a request whose client is right.
//!
//! The catalogue's cures speak to a client that may be wrong as well; here it is known not to be. Where the page of a cause has settings
//! of proxies, those come behind (`finding`). Not here: causes that a client has to mend.

/// What to do about whatever is in between, for causes of which the catalogue speaks to clients.
pub(crate) fn of_way(cause: &str) -> Option<&'static str> {
    let mut rows = CURES.iter();
    rows.find(|(id, _)| *id == cause).map(|(_, cure)| *cure)
}

const CURES: &[(&str, &str)] = &[
    (
        "HDR-CT-CHARSET",
        "Let whatever is in between pass Content-Type on letter by letter (nginx: no proxy_set_header Content-Type; HAProxy: no http-request set-header).",
    ),
    (
        "HDR-EXPECT",
        "Proxies answer Expect themselves: let clients not sign it, as SDKs do not.",
    ),
    (
        "HDR-TRACE",
        "A proxy that traces begins a span of its own: let clients add tracing headers after signing.",
    ),
    (
        "HDR-UA",
        "Let whatever is in between leave User-Agent alone (nginx: no proxy_set_header User-Agent), or sign without it, as SDKs do.",
    ),
    (
        "PAY-CE",
        "Let whatever is in between pass Content-Encoding on (HAProxy: no http-request del-header content-encoding; nginx: no proxy_set_header Content-Encoding).",
    ),
    (
        "QRY-DROPPED",
        "Let whatever is in between forward the whole query (a CDN: all query strings, in its cache and origin policies).",
    ),
    (
        "QRY-EXTRA",
        "Something in between adds a parameter: take that out of its configuration (nginx: set $args, a query after proxy_pass; HAProxy: http-request set-query; Caddy: uri query, rewrite).",
    ),
    (
        "URI-CASE",
        "Something in between writes paths in small letters: take that out of its configuration; keys differ by case.",
    ),
    (
        "URI-DOTS",
        "Something in between cleans paths: nginx: write no path after proxy_pass; HAProxy: no http-request normalize-uri path-strip-dot and path-strip-dotdot; else keep ./ and ../ out of keys.",
    ),
    (
        "URI-NFC",
        "Something in between composes or decomposes accents: take that out of its configuration, or write keys in the form that arrives.",
    ),
    (
        "URI-TRAILSLASH",
        "Something in between cuts the slash at the end: take that out of its configuration (nginx: rewrite ^(.+)/$; HAProxy: replace-path).",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_diagnose::title;

    #[test]
    fn every_cure_is_of_a_cause_that_the_catalogue_has() {
        for (id, cure) in CURES {
            assert!(title(id).is_some(), "{id}");
            assert!(of_way(id) == Some(*cure), "{id} stands there once");
            assert!(cure.ends_with('.'), "{id}");
        }
        assert_eq!(of_way("SEC-WRONG"), None);
    }
}
