//! From a refused request to its explanation: what is known goes to `diagnose`, what comes back goes into the answer and
//! on record.
//!
//! Not here: finding causes. This room decides how much may be searched, who may see how much, and what is kept.
//!
//! It keeps true: a search runs on the blocking pool, one at a time, within its budget; the same refusal repeated
//! within a minute is not searched again; nothing here can turn a refusal into anything else.

mod apart;
mod cache;
mod denial;
mod fault;
mod find;
mod kept;
mod key;
mod page;
mod question;

pub(crate) use denial::unmet_json;

use std::net::IpAddr;

use countersign_diagnose::{
    self as diagnose, Budget, Case, Diagnosis, Level, Report, ServerFacts, Status, Transport,
};
use countersign_protocol::encode as xml;
use countersign_sigv4::PathRule;

use crate::body::Upload;
use crate::config::{Config, DiagnosisMode};
use crate::gateway::Gateway;
use crate::pipeline::received::Received;
use crate::record::Note;
use crate::refusal::{Refusal, Refused, RefusedAs, RefusedPreflight};
use fault::SearchedFault;
use find::find;
use question::Asked;

pub use apart::{Apart, explain_apart};
pub(crate) use cache::Cache;
pub(crate) use page::withheld;

/// What a request came to, and how it had to be signed for it.
pub struct Endpoint {
    /// As scopes write it.
    pub service: &'static str,
    /// The region of this server, or the one that the service is at home in.
    pub region: String,
    /// How paths are made canonical.
    pub rule: PathRule,
}

impl Endpoint {
    /// Whether a request without a signature lacks one: calls of IAM and STS that have none show who they are in another way.
    fn is_for_signed_requests(&self) -> bool {
        self.service == "s3"
    }

    /// S3.
    pub(crate) fn s3(config: &Config) -> Endpoint {
        Endpoint {
            service: "s3",
            region: config.region.clone(),
            rule: PathRule::S3,
        }
    }
}

/// A diagnosis in the forms in which it is answered.
pub struct Explanation {
    /// For `x-countersign-diagnosis`, which names causes; none where there is none to name.
    pub header: Option<String>,
    /// For the end of `Message`.
    pub sentence: String,
    /// For the `Diagnosis` element.
    pub document: xml::Diagnosis,
}

/// Explains a refusal that has to do with the signature, with the body it covers, with CORS rules or access policies, and puts it on record;
/// `None` for any other and where the operator turned explanations off. Where a browser withholds the answer, the record says why.
pub(crate) async fn explain(
    gateway: &Gateway,
    received: &Received,
    refused: Refused,
    error: &RefusedAs<'_>,
    endpoint: &Endpoint,
    body: &Upload,
    withheld: Option<&RefusedPreflight>,
) -> Option<Explanation> {
    let page = withheld.map(|withheld| page::diagnosis(received, withheld));
    if let Refusal::Denied(denial) = &refused.refusal
        && !fault::is_signed_unreadably(&refused, received)
    {
        return denial::explain(
            gateway,
            received,
            &refused,
            denial,
            error,
            endpoint,
            page.as_ref(),
        );
    }
    let fault = SearchedFault::of(&refused, received, body, endpoint)?;
    let refused = with_presumed_key(gateway, received, refused);
    let event = fault.event();
    let note = Note::of(received, &refused, received.client_address(&gateway.config));
    let asked = Asked {
        gateway,
        received,
        endpoint,
        body,
    };
    let found = find(&asked, refused, fault).await?;
    let diagnosis = &found.diagnosis;
    let operator = diagnosis.at(Level::Operator);
    log(event, received, error, &operator, note.access_key_id());
    if diagnosis.is_retired_key_used() {
        gateway.metrics.retired_key_used();
        log(RETIRED_KEY_USED, received, error, &operator, note.access_key_id());
    }
    let level = level(gateway.config.diagnosis, received);
    let takes_texts = |cause: &str| gateway.record.takes_texts(cause, &note, received.at);
    let told = kept::told(&found, &operator, level, takes_texts).with_page(page.as_ref(), level);
    gateway.record.keep(note.entry(received, error, told));
    let level = level?;
    let mut explanation = answer(gateway, received, diagnosis, level);
    if found.waits_for_another && diagnosis.status == Status::Unproven {
        explanation.sentence.push_str(WAITS_FOR_ANOTHER);
    }
    Some(explanation)
}

/// A diagnosis as a caller of this level is answered.
fn answer(gateway: &Gateway, received: &Received, diagnosis: &Diagnosis, level: Level) -> Explanation {
    // The address of the admin API is ours to know, so only those may see it who may see such names.
    let url = gateway.admin_address.filter(|_| level == Level::Full);
    let url = url.map(|address| {
        format!(
            "http://{address}/api/v1/refusals/{}",
            received.request_id.as_str()
        )
    });
    explanation(diagnosis.at(level), url)
}

/// A diagnosis in the forms in which it is answered, from what a caller may know of it.
fn explanation(report: Report, url: Option<String>) -> Explanation {
    Explanation {
        header: Some(report.header_value()),
        sentence: report.sentence.clone(),
        document: element(report, url),
    }
}

/// What a request shows by itself about a fault, for which there is no signature to look at.
fn shown(received: &Received, fault: diagnose::Fault<'_>) -> Diagnosis {
    let lines = received.lines();
    let case = Case {
        request: received.signed(&lines),
        claim: None,
        fault,
        secret: None,
        rule: PathRule::S3,
        server: &ServerFacts::default(),
        transport: Transport {
            http_1_0: received.is_http_1_0(),
            ..Transport::default()
        },
        body: None,
        form: None,
    };
    diagnose::diagnose(&case, Budget::none())
}

/// A signature that cannot be read has no claim, but often a key that helps to explain it. Nothing is granted for it.
fn with_presumed_key(gateway: &Gateway, received: &Received, refused: Refused) -> Refused {
    if refused.claim.is_some() || refused.resolved.is_some() {
        return refused;
    }
    let lines = received.lines();
    let id = diagnose::presumed_access_key_id(&received.signed(&lines));
    Refused {
        resolved: id.and_then(|id| gateway.directory.presumed(&id)),
        ..refused
    }
}

/// How much this caller may see.
fn level(mode: DiagnosisMode, received: &Received) -> Option<Level> {
    match mode {
        DiagnosisMode::Off => None,
        DiagnosisMode::Full => Some(Level::Full),
        DiagnosisMode::Basic => Some(Level::Basic),
        DiagnosisMode::Auto if is_near(received.origin.peer.ip()) && !received.is_forwarded() => {
            Some(Level::Full)
        }
        DiagnosisMode::Auto => Some(Level::Basic),
    }
}

/// Loopback and private addresses.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

fn log(
    event: &str,
    received: &Received,
    error: &RefusedAs<'_>,
    report: &Report,
    access_key_id: Option<&str>,
) {
    let causes: Vec<&str> = report.causes.iter().map(|cause| cause.id).collect();
    tracing::warn!(
        request_id = received.request_id.as_str(),
        peer = %received.origin.peer,
        access_key_id,
        code = error.code,
        status = report.status,
        causes = causes.join(","),
        "{event}"
    );
}

/// A diagnosis as the element of an error document.
pub fn element(report: Report, url: Option<String>) -> xml::Diagnosis {
    xml::Diagnosis {
        status: report.status.to_owned(),
        causes: report
            .causes
            .into_iter()
            .map(|cause| xml::Cause {
                id: cause.id.to_owned(),
                proof: cause.proof.to_owned(),
                slot: cause.slot,
                title: cause.title.to_owned(),
                signed: cause.signed,
                received: cause.received,
                cure: cause.cure,
                also_explained_by: cause.also.into_iter().map(str::to_owned).collect(),
            })
            .collect(),
        decision: None,
        likely_culprit: report
            .culprit
            .map(|culprit| format!("{}: {}", culprit.kind, culprit.evidence)),
        ruled_out: report.ruled_out.into_iter().map(str::to_owned).collect(),
        url,
    }
}

/// What is added where changes in pairs were left for the next failure of the key.
const WAITS_FOR_ANOTHER: &str = " If another request with this key is refused within a minute, two faults at once are searched for as well.";
/// The word in the log that says that somebody holds the secret of a key that is no longer in use.
const RETIRED_KEY_USED: &str = "retired_key_used";
