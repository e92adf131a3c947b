//! The proxy's own refusals: the document that the server would answer, with what explains it, and a line in the log.
//!
//! Not here: which S3 error a refusal is (the server's `refusal`), and what causes it (`diagnose`).
//!
//! It keeps true: neither the answer nor the log holds a secret, a token or a whole signature of somebody else's making.

use countersign_diagnose::{KeyFacts, Level, Mask, ServerFacts};
use countersign_evidence::harmless;
use countersign_protocol::ErrorCode;
use countersign_server::front::{
    self, Endpoint, Outgoing, Received, Refusal, Refused, S3Error, Upload, drain, error_response, sign_off,
};
use countersign_server::outbound::Fault;
use countersign_sigv4::{self as sigv4, PathRule};
use http::{HeaderValue, Response, StatusCode, header};

use crate::Proxy;
use crate::answer::Passed;
use crate::names;

/// Why a request did not get to the upstream, or no answer back.
pub(crate) enum Stop {
    /// It was refused here.
    Refused(Box<Refused>),
    /// It cannot be passed on, for no fault of its own.
    Answer(S3Error),
}

impl Stop {
    pub(crate) fn refused(refused: Box<Refused>) -> Box<Stop> {
        Box::new(Stop::Refused(refused))
    }

    /// The upstream cannot be reached or understood.
    pub(crate) fn upstream(proxy: &Proxy, fault: &Fault) -> Box<Stop> {
        let error = S3Error::new(ErrorCode::ServiceUnavailable);
        let (scheme, authority) = (proxy.upstream.url.scheme(), &proxy.upstream.url.authority);
        Box::new(Stop::Answer(error.saying(format!(
            "The proxy found nothing wrong with the request, but has no answer from its upstream {scheme}://{authority}: {fault}."
        ))))
    }
}

impl From<Box<Refused>> for Box<Stop> {
    fn from(refused: Box<Refused>) -> Box<Stop> {
        Stop::refused(refused)
    }
}

/// Answers a request that was not passed on.
pub(crate) async fn refuse(
    proxy: &Proxy,
    received: &Received,
    stop: Stop,
    body: &mut Upload,
) -> Response<Passed> {
    let mut response = match stop {
        Stop::Refused(refused) => explained(proxy, received, *refused, body).await,
        Stop::Answer(error) => {
            let (status, mask) = (error.code.status(), mask(proxy, received));
            log(received, &mask, "not_passed_on", status, "", "", &error.message);
            error_response(received, &error, None)
        }
    };
    sign_off(&mut response, &received.request_id, true);
    response.map(Passed::Own)
}

async fn explained(
    proxy: &Proxy,
    received: &Received,
    refused: Refused,
    body: &mut Upload,
) -> Response<Outgoing> {
    if let Refusal::Signature(sigv4::Refusal::FormFieldMissing { .. }) = &refused.refusal {
        body.look_behind_file().await;
    }
    let error = refused.s3_error(received.at);
    let mask = front::mask(received, &refused);
    let is_unknown_key = matches!(refused.refusal, Refusal::UnknownAccessKeyId);
    let endpoint = Endpoint {
        service: "s3",
        region: proxy.region.clone(),
        rule: PathRule::S3,
    };
    let facts = ServerFacts {
        region: proxy.region.clone(),
        service: endpoint.service.to_owned(),
        public_names: Vec::new(),
        domains: proxy.domains.clone(),
        listen_ports: proxy.listen_ports.clone(),
        seen_hosts: proxy.hosts.of(proxy.key.id()),
        key: KeyFacts::default(),
        now: received.at.seconds(),
    };
    let clock = proxy.clock.clone();
    let apart = front::explain_apart(received, refused, &endpoint, facts, body, &proxy.searches, clock).await;
    let status = error.code.status();
    let Some(mut apart) = apart else {
        let name = error.code.name();
        log(received, &mask, "refused", status, "", name, &error.message);
        return error_response(received, &error, None);
    };
    let mut told = apart.report.sentence.clone();
    // Its id is no secret, but nothing that a page in a browser has to know either.
    if is_unknown_key && names::is_of_here(proxy, received) {
        let ours = format!(" This proxy has one key, {}: sign with that one.", proxy.key.id());
        told.push_str(&ours);
        if apart.level == Level::Full {
            apart.explanation.sentence.push_str(&ours);
        }
    }
    let causes = apart.report.told().join(", ");
    let certainty = apart.report.status;
    log(received, &mask, "refused", status, &causes, certainty, &told);
    error_response(received, &error, Some(&apart.explanation))
}

/// What no line of the log may hold of a request.
pub(crate) fn mask(proxy: &Proxy, received: &Received) -> Mask {
    let refused = Refused::new(Refusal::UnknownAccessKeyId);
    let mut mask = front::mask(received, &refused);
    mask.hide(&String::from_utf8_lossy(proxy.key.secret().expose()));
    mask.hide(proxy.key.session_token().unwrap_or_default());
    mask
}

/// A line for whoever runs the proxy. Of the request it holds the path, and what `told` says of it.
pub(crate) fn log(
    received: &Received,
    mask: &Mask,
    event: &str,
    status: StatusCode,
    causes: &str,
    certainty: &str,
    told: &str,
) {
    tracing::warn!(
        request_id = received.request_id.as_str(),
        peer = %received.origin.peer,
        method = received.method(),
        path = loggable(mask, received.path()),
        answered = status.as_u16(),
        causes,
        certainty,
        "{event}: {}",
        loggable(mask, told)
    );
}

/// A text without what `mask` hides, on one line, and without anything that a terminal obeys.
fn loggable(mask: &Mask, text: &str) -> String {
    harmless(&mask.text(text))
}

/// Lets go of a request: what is still coming of its body is read within limits, so that the answer is not lost.
pub(crate) fn let_go(mut response: Response<Passed>, received: &Received, body: Upload) -> Response<Passed> {
    let is_held_back = received
        .header(header::EXPECT)
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    if !drain(body, is_held_back) {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_the_log_holds_a_link_that_was_pasted_or_a_second_line() {
        let mut mask = Mask::default();
        mask.hide("token/of+a=session");
        for (text, expected) in [
            ("/b/k", "/b/k"),
            (
                "/b/k%3fX-Amz-Signature%3dabcdef0123456789%26X-Amz-Expires%3d60",
                "/b/k%3fX-Amz-Signature%3d***%26X-Amz-Expires%3d60",
            ),
            ("/b/a=b/token/of+a=session", "/b/a=b/***"),
            ("one\n2026 WARN two\u{1b}[31m\u{9b}", "one2026 WARN two[31m"),
        ] {
            assert_eq!(loggable(&mask, text), expected);
        }
    }
}
