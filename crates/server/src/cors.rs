//! What lets a page of another origin read an answer: headers that the rules of the bucket decide, on every answer.
//!
//! Not here: the rules (`protocol` evaluates them) and preflights, which are an operation. An answer to a request that
//! names no origin costs nothing.
//!
//! It keeps true: a request is never refused here, and where no rule allows its origin its answer is the same as without
//! one, but for the diagnosis that says so; a rule that is there before the request is carried out decides, so that a page can read how
//! it removed its bucket.

use countersign_protocol::cors::CrossOrigin;
use countersign_store::Error;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};

use crate::config::DiagnosisMode;
use crate::gateway::Gateway;
use crate::pipeline::received::Received;
use crate::refusal::{PreflightFault, RefusedPreflight};
use crate::respond::Outgoing;

/// What a page may read of the answer to its request.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    /// The headers that say so; none if no page may.
    headers: HeaderMap,
    /// Whether a refusal lets the page read what tells about it.
    explains: bool,
    /// Why a browser withholds the answer from its page, where it does.
    withheld: Option<RefusedPreflight>,
}

impl Sharing {
    /// Looks up whether a rule lets the page read the answer. It is looked up for whoever says to be a page, before anybody
    /// knows who asks: a browser reads a refusal no sooner than it reads these headers.
    pub(crate) async fn of(gateway: &Gateway, received: &Received) -> Sharing {
        // A preflight is answered by its operation.
        if received.header(header::ORIGIN).is_none() || received.method() == "OPTIONS" {
            return Sharing::default();
        }
        let lines = received.lines();
        let head = received.head(&lines, &gateway.config.domains);
        let (Some(asked), Some(bucket)) = (CrossOrigin::of(&head), countersign_protocol::bucket(&head))
        else {
            return Sharing::default();
        };
        let withheld = |fault| Sharing {
            withheld: is_for_another_origin(received, &asked.origin).then(|| RefusedPreflight {
                fault,
                method: received.method().to_owned(),
                is_about_object: false,
            }),
            ..Sharing::default()
        };
        let rules = match gateway.store.cors_rules(&bucket).await {
            Ok(Some(rules)) => rules,
            Ok(None) => return withheld(PreflightFault::NoRules),
            Err(Error::NoSuchBucket) => return withheld(PreflightFault::NoBucket),
            // Storage that fails here fails the request too, in words.
            Err(_) => return Sharing::default(),
        };
        match asked.evaluate(&rules) {
            Ok(allowed) => Sharing {
                headers: allowed.encode(),
                explains: gateway.config.diagnosis != DiagnosisMode::Off,
                withheld: None,
            },
            Err(denied) => withheld(PreflightFault::Denied(denied, rules)),
        }
    }

    /// Why a browser withholds the answer from its page; `None` where a page may read it, or none asks.
    pub(crate) fn withheld(&self) -> Option<&RefusedPreflight> {
        self.withheld.as_ref()
    }

    /// Adds the headers to a finished answer.
    pub(crate) fn add_to(mut self, response: &mut Response<Outgoing>) {
        if self.headers.is_empty() {
            return;
        }
        let is_refusal = response.status().is_client_error() || response.status().is_server_error();
        if is_refusal && self.explains {
            expose_what_explains(&mut self.headers, response.headers());
        }
        response.headers_mut().extend(self.headers);
    }
}

/// Whether a page asks that was not served from here: to its own server a browser says an origin too.
fn is_for_another_origin(received: &Received, origin: &str) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let is_own = authority.is_some_and(|authority| received.header(header::HOST) == Some(authority));
    !is_own && received.header("sec-fetch-site") != Some("same-origin")
}

/// Adds to what a rule exposes whatever this refusal has to tell, whether or not the rule's author thought of it.
fn expose_what_explains(sharing: &mut HeaderMap, refusal: &HeaderMap) {
    let by_rule = sharing.get(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    let mut names: Vec<String> = by_rule
        .and_then(|value| value.to_str().ok())
        .map(|list| list.split(", ").map(str::to_owned).collect())
        .unwrap_or_default();
    // `Date` is added where the answer is written; by it a client sees that its clock is wrong.
    let told = refusal
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| explains(name));
    for name in std::iter::once("date").chain(told) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    if let Ok(value) = HeaderValue::try_from(names.join(", ")) {
        sharing.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, value);
    }
}

fn explains(name: &str) -> bool {
    name == "etag" || name.starts_with("x-amz-") || name.starts_with("x-countersign-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn check(status: StatusCode, by_rule: Option<&str>, explains: bool, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(list) = by_rule {
            let list = HeaderValue::try_from(list).expect("a list");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, list);
        }
        let mut response = Response::new(Outgoing::empty());
        *response.status_mut() = status;
        for name in ["x-amz-request-id", "x-countersign-diagnosis", "server"] {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, HeaderValue::from_static("v"));
        }
        Sharing {
            headers,
            explains,
            withheld: None,
        }
        .add_to(&mut response);
        let found = response.headers().get(header::ACCESS_CONTROL_EXPOSE_HEADERS);
        assert_eq!(
            found.and_then(|v| v.to_str().ok()),
            expected,
            "{status} {by_rule:?}"
        );
        assert!(response.headers().contains_key(header::VARY));
    }

    #[test]
    fn a_refusal_exposes_what_it_tells_and_a_success_what_the_rule_says() {
        let told = "date, x-amz-request-id, x-countersign-diagnosis";
        check(StatusCode::FORBIDDEN, None, true, Some(told));
        check(
            StatusCode::BAD_REQUEST,
            Some("ETag, X-Amz-Request-Id"),
            true,
            Some("ETag, X-Amz-Request-Id, date, x-countersign-diagnosis"),
        );
        check(StatusCode::FORBIDDEN, Some("ETag"), false, Some("ETag"));
        check(StatusCode::FORBIDDEN, None, false, None);
        check(StatusCode::OK, Some("ETag"), true, Some("ETag"));
        check(StatusCode::NOT_MODIFIED, None, true, None);
    }

    #[test]
    fn where_no_rule_allows_the_page_the_answer_stays_as_it_is() {
        let mut response = Response::new(Outgoing::empty());
        *response.status_mut() = StatusCode::FORBIDDEN;
        Sharing {
            headers: HeaderMap::new(),
            explains: true,
            withheld: None,
        }
        .add_to(&mut response);
        assert!(response.headers().is_empty());
    }
}
