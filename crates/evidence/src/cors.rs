//! What a browser did not let a page see: a preflight that was refused, as far as an archive shows it.
//!
//! Not here: requests that were answered. Keeps true: only what an answer to a preflight shows is certain.

use countersign_diagnose::ReportCause;

use crate::answer::Answer;
use crate::codes::exact;
use crate::evidence::{Evidence, Sent};

/// Why the browser kept the answer to itself, if that is what happened, and whether it is certain.
pub(crate) fn cause(evidence: &Evidence) -> Option<ReportCause> {
    let sent = evidence.sent.as_ref()?;
    let answer = evidence.answer.as_ref()?;
    if sent.method == "OPTIONS" {
        return of_preflight(sent, answer);
    }
    if answer.status != Some(0) {
        return None;
    }
    let preflights = evidence
        .earlier
        .iter()
        .rev()
        .filter(|(sent, _)| sent.method == "OPTIONS");
    let told = preflights
        .filter_map(|(sent, answer)| of_preflight(sent, answer))
        .next();
    Some(told.unwrap_or_else(|| ReportCause {
        proof: "infer",
        ..none("The browser let the page see no answer: most often the question that it asks ahead (OPTIONS) was refused, because the bucket has no CORS rules or none for this page")
    }))
}

fn of_preflight(sent: &Sent, answer: &Answer) -> Option<ReportCause> {
    let list = |name: &str| answer.header(name).unwrap_or_default().to_ascii_lowercase();
    let allows = |list: &str, wanted: &str| {
        list.split(',')
            .map(str::trim)
            .any(|each| each == "*" || each == wanted)
    };
    let wanted = |name: &str| sent.header(name).unwrap_or_default().to_ascii_lowercase();
    if answer.message.contains("CORS is not enabled") {
        return Some(none(
            "The bucket has no CORS rules, so the question that the browser asks ahead (OPTIONS) was refused",
        ));
    }
    let (origin, allowed) = (wanted("origin"), list("access-control-allow-origin"));
    if !origin.is_empty() && !allows(&allowed, &origin) {
        let what = match answer.status.is_some_and(|status| status >= 400) {
            true => {
                "The question that the browser asks ahead (OPTIONS) was refused: no CORS rule fits the page's origin, the method and the headers"
            }
            false => {
                "The answer to the question that the browser asks ahead (OPTIONS) does not allow the page's origin"
            }
        };
        return Some(told(
            "CORS-ORIGIN",
            what.to_owned(),
            "Add the page's origin, with scheme and port, to AllowedOrigins of the bucket's CORS rules.",
        ));
    }
    let method = wanted("access-control-request-method");
    if !method.is_empty() && !allows(&list("access-control-allow-methods"), &method) {
        let what = format!(
            "The bucket's CORS rules do not allow the method {}",
            method.to_ascii_uppercase()
        );
        return Some(told(
            "CORS-METHOD",
            what,
            "Add the method to AllowedMethods of the bucket's CORS rules.",
        ));
    }
    let headers = wanted("access-control-request-headers");
    let missing: Vec<&str> = headers
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && !allows(&list("access-control-allow-headers"), name))
        .collect();
    (!missing.is_empty()).then(|| {
        let what = format!(
            "The bucket's CORS rules do not allow these headers: {}",
            missing.join(", ")
        );
        told(
            "CORS-HEADER",
            what,
            "Add them to AllowedHeaders of the bucket's CORS rules.",
        )
    })
}

fn none(what: &str) -> ReportCause {
    told(
        "CORS-NONE",
        what.to_owned(),
        "Give the bucket CORS rules with the page's origin, the method and the headers that it sends (PutBucketCors).",
    )
}

fn told(id: &'static str, what: String, cure: &str) -> ReportCause {
    exact(id, "cors", what, cure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::Form;

    fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    /// The cause of a `PUT` whose answer the page did not see, after a preflight with this answer, and how certain it is.
    fn check(preflight: Option<(u16, &[(&str, &str)])>, expected: (&str, &str)) {
        let mut evidence = Evidence::new(Form::Har);
        evidence.sent = Sent::to_url("PUT", "https://h/b/k");
        evidence.answer = Some(Answer {
            status: Some(0),
            ..Answer::default()
        });
        evidence.earlier = preflight
            .into_iter()
            .map(|(status, headers)| {
                let mut sent = Sent::to_url("OPTIONS", "https://h/b/k").expect("a URL");
                sent.add_headers(pairs(&[
                    ("Origin", "https://page"),
                    ("Access-Control-Request-Method", "PUT"),
                    ("Access-Control-Request-Headers", "content-type,x-amz-acl"),
                ]));
                (
                    sent,
                    Answer {
                        status: Some(status),
                        headers: pairs(headers),
                        ..Answer::default()
                    },
                )
            })
            .collect();
        let cause = cause(&evidence).expect("a cause");
        assert_eq!((cause.id, cause.proof), expected, "{preflight:?}");
    }

    #[test]
    fn a_preflight_shows_what_was_not_allowed() {
        check(None, ("CORS-NONE", "infer"));
        check(Some((403, &[])), ("CORS-ORIGIN", "exact"));
        check(
            Some((200, &[("Access-Control-Allow-Origin", "https://other")])),
            ("CORS-ORIGIN", "exact"),
        );
        check(
            Some((
                200,
                &[
                    ("Access-Control-Allow-Origin", "*"),
                    ("Access-Control-Allow-Methods", "GET"),
                ],
            )),
            ("CORS-METHOD", "exact"),
        );
        check(
            Some((
                200,
                &[
                    ("Access-Control-Allow-Origin", "https://page"),
                    ("Access-Control-Allow-Methods", "GET, PUT"),
                    ("Access-Control-Allow-Headers", "content-type"),
                ],
            )),
            ("CORS-HEADER", "exact"),
        );
    }

    #[test]
    fn what_was_answered_is_no_matter_of_the_browser() {
        let mut evidence = Evidence::new(Form::Har);
        evidence.sent = Sent::to_url("PUT", "https://h/b/k");
        evidence.answer = Some(Answer {
            status: Some(403),
            ..Answer::default()
        });
        assert!(cause(&evidence).is_none());
    }
}
