//! A request from a page of another origin, and whether a bucket's rules let the page send it and read the answer.
//!
//! Not here: the rules' document ([`crate::operation::CorsDocument`]) and who looks the rules up. A rule that allows
//! nothing refuses nothing either: only a preflight is answered with a refusal, and any other request goes on without
//! headers for the page.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>. The first rule decides that allows origin,
//! method and every header that is asked for.

use countersign_types::CorsRule;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::head::Head;

/// What a browser says about a request of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossOrigin {
    /// `Origin`
    pub origin: String,
    /// The method that the page wants to use; `None` for a preflight that does not say.
    pub method: Option<String>,
    /// `Access-Control-Request-Headers` in lower case and in order; one more than [`CrossOrigin::HEADERS_MAX`] if there
    /// are more.
    pub headers: Vec<String>,
}

/// The rule that lets a page in.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'a> {
    rule: &'a CorsRule,
    asked: &'a CrossOrigin,
}

/// Why no rule lets a page in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The part that the nearest rule does not allow.
    pub part: DeniedPart,
    /// That rule, by its place.
    pub nearest: usize,
}

/// A part of what a browser asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeniedPart {
    /// No rule allows the origin.
    Origin,
    /// Rules allow the origin, but none of them the method.
    Method,
    /// Rules allow origin and method, but each leaves out a header; these are those that the nearest rule leaves out.
    Headers(Vec<String>),
}

impl CrossOrigin {
    /// Most headers that a page may ask for. No request with more of them would be taken.
    pub const HEADERS_MAX: usize = 128;

    /// Reads the request of a page; `None` if no page of another origin sends it.
    pub fn of(head: &Head<'_>) -> Option<CrossOrigin> {
        let asked = CrossOrigin::of_preflight(head)?;
        // A page cannot set that header, so whoever does asks what the answer would be.
        let method = asked.method.or_else(|| Some(head.method.to_owned()));
        Some(CrossOrigin { method, ..asked })
    }

    pub(crate) fn of_preflight(head: &Head<'_>) -> Option<CrossOrigin> {
        let value = |name: &str| {
            let lines = head.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            let texts: Vec<_> = lines.map(|(_, value)| String::from_utf8_lossy(value)).collect();
            Some(texts.join(",").trim().to_owned()).filter(|text| !text.is_empty())
        };
        let headers = value("access-control-request-headers").unwrap_or_default();
        let headers = headers.split(',').map(str::trim).filter(|name| !name.is_empty());
        Some(CrossOrigin {
            origin: value("origin")?,
            method: value("access-control-request-method"),
            headers: headers
                .take(Self::HEADERS_MAX + 1)
                .map(str::to_ascii_lowercase)
                .collect(),
        })
    }

    /// Finds the first rule that allows everything that is asked.
    pub fn evaluate<'a>(&'a self, rules: &'a [CorsRule]) -> Result<Allowed<'a>, Denied> {
        let mut nearest: Option<Denied> = None;
        for (place, rule) in rules.iter().enumerate() {
            let Some(part) = self.held_against(rule) else {
                return Ok(Allowed { rule, asked: self });
            };
            if nearest
                .as_ref()
                .is_none_or(|best| part.is_nearer_than(&best.part))
            {
                nearest = Some(Denied { part, nearest: place });
            }
        }
        Err(nearest.unwrap_or(Denied {
            part: DeniedPart::Origin,
            nearest: 0,
        }))
    }

    /// The first part that the rule does not allow.
    fn held_against(&self, rule: &CorsRule) -> Option<DeniedPart> {
        if !rule.allows_origin(&self.origin) {
            return Some(DeniedPart::Origin);
        }
        let method = self.method.as_deref().unwrap_or_default();
        if !rule.allows_method(method) {
            return Some(DeniedPart::Method);
        }
        let is_denied = |place: usize, name: &str| place >= Self::HEADERS_MAX || !rule.allows_header(name);
        let denied: Vec<String> = self
            .headers
            .iter()
            .enumerate()
            .filter(|(place, name)| is_denied(*place, name))
            .map(|(_, name)| name.clone())
            .collect();
        (!denied.is_empty()).then_some(DeniedPart::Headers(denied))
    }
}

impl DeniedPart {
    fn is_nearer_than(&self, other: &DeniedPart) -> bool {
        let distance = |part: &DeniedPart| match part {
            DeniedPart::Headers(names) => names.len(),
            DeniedPart::Method => usize::MAX - 1,
            DeniedPart::Origin => usize::MAX,
        };
        distance(self) < distance(other)
    }
}

impl Allowed<'_> {
    /// The headers by which a browser lets the page have the answer.
    pub fn encode(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut put = |name: HeaderName, value: &str| {
            // Every value comes out of a header, or was checked to be fit for one.
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.insert(name, value);
            }
        };
        // With credentials a browser takes no `*`; AWS allows them to origins that are named.
        if self.rule.allows_every_origin() {
            put(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        } else {
            put(header::ACCESS_CONTROL_ALLOW_ORIGIN, &self.asked.origin);
            put(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        let methods: Vec<&str> = self.rule.allowed_methods.iter().map(|m| m.name()).collect();
        put(header::ACCESS_CONTROL_ALLOW_METHODS, &methods.join(", "));
        if !self.asked.headers.is_empty() {
            put(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                &self.asked.headers.join(", "),
            );
        }
        if !self.rule.expose_headers.is_empty() {
            put(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                &self.rule.expose_headers.join(", "),
            );
        }
        if let Some(seconds) = self.rule.max_age_seconds {
            put(header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
        }
        put(header::VARY, VARY);
        headers
    }
}

/// What the answer depends on, so that no cache gives one page the answer to another.
const VARY: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_types::CorsMethod;

    fn rule(origins: &[&str], methods: &[CorsMethod], headers: &[&str]) -> CorsRule {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        CorsRule {
            allowed_origins: owned(origins),
            allowed_methods: methods.to_vec(),
            allowed_headers: owned(headers),
            ..CorsRule::default()
        }
    }

    fn asked(method: &str, headers: &[(&str, &str)]) -> Option<CrossOrigin> {
        let headers: Vec<(&str, &[u8])> = headers.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
        CrossOrigin::of(&Head {
            method,
            path: b"/",
            query: None,
            headers: &headers,
            host_bucket: None,
        })
    }

    fn page(origin: &str, method: &str, headers: &str) -> CrossOrigin {
        let headers = [("Origin", origin), ("Access-Control-Request-Headers", headers)];
        asked(method, &headers).expect("an origin")
    }

    #[test]
    fn what_a_browser_says_is_read() {
        assert_eq!(asked("GET", &[]), None);
        assert_eq!(asked("GET", &[("origin", " ")]), None);
        let found = asked(
            "PUT",
            &[
                ("origin", "https://a.example"),
                ("access-control-request-method", "DELETE"),
                ("access-control-request-headers", "X-Amz-Date,content-type,, "),
                ("access-control-request-headers", "x-b"),
            ],
        );
        let expected = CrossOrigin {
            origin: "https://a.example".to_owned(),
            method: Some("DELETE".to_owned()),
            headers: ["x-amz-date", "content-type", "x-b"].map(str::to_owned).to_vec(),
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn the_first_rule_that_allows_everything_decides() {
        use CorsMethod::{Get, Put};
        let rules = [
            rule(&["https://a.example"], &[Get], &[]),
            rule(&["https://*.example"], &[Get, Put], &["x-amz-*"]),
            rule(&["*"], &[Get, Put], &["*"]),
        ];
        let check = |origin: &str, method: &str, headers: &str, expected: usize| {
            let asked = page(origin, method, headers);
            let allowed = asked.evaluate(&rules).expect("a rule");
            assert!(
                std::ptr::eq(allowed.rule, &rules[expected]),
                "{origin} {method} {headers}"
            );
        };
        check("https://a.example", "GET", "", 0);
        check("https://a.example", "PUT", "", 1);
        check("https://a.example", "GET", "x-amz-date", 1);
        check("https://a.example", "GET", "x-amz-date, range", 2);
        check("https://b.test", "GET", "", 2);
    }

    fn check_denied(rules: &[CorsRule], asked: &CrossOrigin, part: DeniedPart, nearest: usize) {
        let denied = asked.evaluate(rules).expect_err("no rule");
        assert_eq!(denied, Denied { part, nearest });
    }

    #[test]
    fn the_rule_that_allows_most_says_what_failed() {
        use CorsMethod::{Get, Put};
        let rules = [
            rule(&["https://b.example"], &[Get], &["*"]),
            rule(&["https://a.example"], &[Get], &["x-a"]),
            rule(&["https://a.example"], &[Get], &["x-a", "x-b"]),
        ];
        let origin = "https://a.example";
        check_denied(
            &rules,
            &page("https://c.example", "GET", ""),
            DeniedPart::Origin,
            0,
        );
        check_denied(&rules, &page(origin, "PUT", "x-z"), DeniedPart::Method, 1);
        check_denied(&rules, &page(origin, "PATCH", ""), DeniedPart::Method, 1);
        check_denied(
            &rules,
            &page(origin, "GET", "x-b, x-c, x-a"),
            DeniedPart::Headers(vec!["x-c".to_owned()]),
            2,
        );
        check_denied(&[], &page(origin, "GET", ""), DeniedPart::Origin, 0);
        check_denied(
            &[rule(&["*"], &[Put], &[])],
            &page(origin, "PUT", "x-amz-meta-header2"),
            DeniedPart::Headers(vec!["x-amz-meta-header2".to_owned()]),
            0,
        );
    }

    #[test]
    fn more_headers_than_a_request_can_have_are_not_allowed() {
        let names = |count: usize| (0..count).map(|n| format!("x-{n}")).collect::<Vec<_>>().join(",");
        let rules = [rule(&["*"], &[CorsMethod::Get], &["*"])];
        let most = page("https://a.example", "GET", &names(CrossOrigin::HEADERS_MAX));
        assert!(most.evaluate(&rules).is_ok());
        let more = page("https://a.example", "GET", &names(2 * CrossOrigin::HEADERS_MAX));
        check_denied(&rules, &more, DeniedPart::Headers(vec!["x-128".to_owned()]), 0);
    }

    fn check_headers(rule: CorsRule, asked: &CrossOrigin, expected: &[(&str, &str)]) {
        let rules = [rule];
        let headers = asked.evaluate(&rules).expect("allowed").encode();
        let mut found: Vec<(&str, &str)> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.to_str().expect("text")))
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_named_origin_is_echoed_with_credentials_and_any_origin_is_a_star() {
        let vary = (
            "vary",
            "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        );
        let named = CorsRule {
            expose_headers: vec!["ETag".to_owned(), "x-amz-id-2".to_owned()],
            max_age_seconds: Some(3000),
            ..rule(
                &["https://*.example"],
                &[CorsMethod::Get, CorsMethod::Put],
                &["X-AMZ-*", "content-type"],
            )
        };
        check_headers(
            named,
            &page("https://a.example", "PUT", "X-Amz-Date,Content-Type"),
            &[
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-headers", "x-amz-date, content-type"),
                ("access-control-allow-methods", "GET, PUT"),
                ("access-control-allow-origin", "https://a.example"),
                ("access-control-expose-headers", "ETag, x-amz-id-2"),
                ("access-control-max-age", "3000"),
                vary,
            ],
        );
        check_headers(
            rule(&["https://a.example", "*"], &[CorsMethod::Get], &[]),
            &page("https://a.example", "GET", ""),
            &[
                ("access-control-allow-methods", "GET"),
                ("access-control-allow-origin", "*"),
                vary,
            ],
        );
    }
}
