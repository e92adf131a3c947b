//! An answer that a browser withholds from its page, since no CORS rule lets the page have it: the request was carried out or refused for
//! reasons of its own, and the page learns neither.
//!
//! Whoever looks into the browser's tools sees the headers all the same, so a header names the CORS rule that lacks; the operator reads it
//! on record. Not here: preflights, which are refused.
//!
//! It keeps true: nothing but that header changes, and none where explanations are turned off; each request is on record once.

use countersign_diagnose::{Diagnosis, Fault, Level};
use countersign_sigv4::claim;
use http::{HeaderValue, Response};
use serde_json::Value;

use super::{fault, level, shown};
use crate::gateway::Gateway;
use crate::pipeline::DIAGNOSIS;
use crate::pipeline::received::Received;
use crate::record::{NO_CAUSE, Note, Told};
use crate::refusal::{Refusal, Refused, RefusedAs, RefusedPreflight};
use crate::respond::Outgoing;

/// Says of a finished answer why the page does not get it, unless the answer is a refusal that is explained already. Images and other
/// things that a page shows without reading them are not withheld.
pub(crate) fn withheld(
    gateway: &Gateway,
    received: &Received,
    withheld: &RefusedPreflight,
    response: &mut Response<Outgoing>,
) {
    if received.header("sec-fetch-mode") != Some("cors") || response.headers().contains_key(DIAGNOSIS) {
        return;
    }
    let diagnosis = diagnosis(received, withheld);
    let level = level(gateway.config.diagnosis, received);
    if !received.is_on_record() {
        let refused_as = RefusedAs {
            code: NO_CAUSE,
            status: response.status(),
            message: "",
        };
        gateway
            .record
            .keep(note(gateway, received).entry(received, &refused_as, told(&diagnosis, level)));
    }
    let header = HeaderValue::try_from(diagnosis.at(Level::Basic).header_value());
    if let (Some(_), Ok(header)) = (level, header) {
        response.headers_mut().insert(DIAGNOSIS, header);
    }
}

/// Which rule lacks.
pub(super) fn diagnosis(received: &Received, withheld: &RefusedPreflight) -> Diagnosis {
    shown(received, Fault::Preflight(&fault::preflight(withheld)))
}

/// The cause as a document.
pub(super) fn cause(diagnosis: &Diagnosis, level: Level) -> Value {
    let causes = diagnosis.at(level).causes;
    let cause = causes.first();
    cause
        .and_then(|cause| serde_json::to_value(cause).ok())
        .unwrap_or_default()
}

fn note(gateway: &Gateway, received: &Received) -> Note {
    let lines = received.lines();
    // Whose request it was is known no more; what it says about itself is enough for whoever looks for it.
    let claim = claim(&received.signed(&lines)).ok().flatten();
    let asked = Refused {
        claim,
        ..*Refused::new(Refusal::AccessDenied)
    };
    Note::of(received, &asked, received.client_address(&gateway.config))
}

fn told(diagnosis: &Diagnosis, level: Option<Level>) -> Told {
    let report = diagnosis.at(Level::Full);
    let level = level.unwrap_or(Level::Basic);
    Told {
        causes: report.told().into_iter().map(str::to_owned).collect(),
        diagnosis: report.json(),
        for_caller: (level != Level::Full).then(|| diagnosis.at(level).json()),
    }
}
