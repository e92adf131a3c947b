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
mod kept;
mod key;
mod page;

pub(crate) use denial::unmet_json;

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_diagnose::{
    self as diagnose, Budget, Case, Diagnosis, FormFacts, KeyFacts, Level, Report, ServerFacts, Transport,
};
use countersign_protocol::encode as xml;
use countersign_sigv4::{PathRule, Request};

use crate::body::Upload;
use crate::clock::Clock;
use crate::config::{Config, DiagnosisMode};
use crate::gateway::Gateway;
use crate::metrics::Skipped;
use crate::pipeline::received::Received;
use crate::record::Note;
use crate::refusal::{Refusal, Refused, RefusedAs, RefusedPreflight};
use crate::throttle::{Allowance, Asker};
use cache::Identity;
use fault::SearchedFault;

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
    let facts = facts(gateway, received, &refused, endpoint);
    let clock = Arc::clone(&gateway.clock);
    let question = Question::new(
        received,
        refused,
        fault,
        (endpoint.rule, facts),
        body.form_facts(),
        clock,
    );
    let found = find(gateway, received, question).await?;
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
    Some(answer(gateway, received, diagnosis, level))
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

/// What this server knows beside the request.
fn facts(gateway: &Gateway, received: &Received, refused: &Refused, endpoint: &Endpoint) -> ServerFacts {
    let access_key_id = refused.claim.as_ref().map_or("", |claim| &claim.access_key_id);
    ServerFacts {
        region: endpoint.region.clone(),
        service: endpoint.service.to_owned(),
        public_names: gateway
            .config
            .public_urls
            .iter()
            .map(|url| url.authority.clone())
            .collect(),
        domains: gateway.config.domains.clone(),
        listen_ports: gateway.listen_ports.clone(),
        seen_hosts: gateway.hosts.of(access_key_id),
        // Asked for when it is known that there will be a search.
        key: KeyFacts::default(),
        now: received.at.seconds(),
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

/// A [`Case`] that owns what it needs, so that it can go to another thread.
struct Question {
    method: String,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    lines: Vec<(String, Vec<u8>)>,
    fault: SearchedFault,
    refused: Refused,
    rule: PathRule,
    facts: ServerFacts,
    form: Option<FormFacts>,
    is_http_1_0: bool,
    peer_is_loopback: bool,
    /// What the search is measured by.
    clock: Arc<dyn Clock>,
}

impl Question {
    fn new(
        received: &Received,
        refused: Refused,
        fault: SearchedFault,
        (rule, facts): (PathRule, ServerFacts),
        form: Option<FormFacts>,
        clock: Arc<dyn Clock>,
    ) -> Question {
        Question {
            method: received.method().to_owned(),
            path: received.path().as_bytes().to_vec(),
            query: received.query().map(|query| query.as_bytes().to_vec()),
            lines: received
                .lines()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_vec()))
                .collect(),
            fault,
            refused,
            rule,
            facts,
            form,
            is_http_1_0: received.is_http_1_0(),
            peer_is_loopback: received.origin.peer.ip().to_canonical().is_loopback(),
            clock,
        }
    }

    /// Tells the same request sent again from any other: by everything that a search looks at. Only a mismatch and a
    /// token are worth remembering; other refusals cost one verification, or a few texts of a chunk, and look at a body.
    fn identity(&self) -> Option<Identity> {
        if self.refused.trace.is_none() && !matches!(self.refused.refusal, Refusal::InvalidToken) {
            return None;
        }
        let facts = &self.facts;
        let mut identity = Identity::of(&[
            facts.service.as_bytes(),
            self.method.as_bytes(),
            &self.path,
            self.query.as_deref().unwrap_or_default(),
            &[
                u8::from(self.query.is_some()),
                u8::from(self.is_http_1_0),
                u8::from(self.peer_is_loopback),
            ],
        ]);
        // Of a call its body is part of what is signed, and stands in the canonical request only.
        let canonical = self.refused.trace.as_ref().map(|trace| &trace.canonical_request);
        identity.add_all(canonical.map(|text| text.as_slice()));
        identity.add_all(
            self.lines
                .iter()
                .flat_map(|(name, value)| [name.as_bytes(), value]),
        );
        identity.add_all(facts.seen_hosts.iter().map(String::as_bytes));
        let fields = self.form.iter().flat_map(|form| &form.fields);
        identity.add_all(fields.flat_map(|(name, value)| [name.as_bytes(), value]));
        Some(identity)
    }

    /// Bytes of the head and of the fields of its form.
    fn bytes(&self) -> usize {
        let lines = self.lines.iter().map(|(name, value)| name.len() + value.len());
        let fields = self.form.iter().flat_map(|form| &form.fields);
        let fields = fields.map(|(name, value)| name.len() + value.len());
        let line = self.method.len() + self.path.len() + self.query.as_ref().map_or(0, Vec::len);
        line + lines.sum::<usize>() + fields.sum::<usize>()
    }

    fn search(&self, allowance: Allowance) -> Diagnosis {
        let lines: Vec<(&str, &[u8])> = self
            .lines
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let case = Case {
            request: Request {
                method: &self.method,
                path: &self.path,
                query: self.query.as_deref(),
                headers: &lines,
            },
            claim: self.refused.claim.as_ref(),
            fault: self.fault.as_fault(),
            secret: self
                .refused
                .resolved
                .as_ref()
                .map(|resolved| &resolved.access_key.secret),
            rule: self.rule,
            server: &self.facts,
            transport: Transport {
                http_1_0: self.is_http_1_0,
                tls: false,
                sni: None,
                peer_is_loopback: self.peer_is_loopback,
            },
            body: self.fault.body().cloned(),
            form: self.form.as_ref(),
        };
        let started = self.clock.busy();
        let (asked, is_over) = (Cell::new(0u32), Cell::new(false));
        let within = move || {
            if asked.replace(asked.get().wrapping_add(1)) % SIGNATURES_A_LOOK == 0 {
                is_over.set(self.clock.busy().saturating_sub(started) >= SEARCH_TIME_MAX);
            }
            !is_over.get()
        };
        let budget = match allowance {
            Allowance::Full => Budget::full(&within),
            Allowance::Singles => Budget::singles(&within),
            Allowance::None => Budget::none(),
        };
        diagnose::diagnose(&case, budget)
    }
}

/// A diagnosis, and where it came from.
struct Found {
    diagnosis: Arc<Diagnosis>,
    /// It was found for the same request before.
    is_remembered: bool,
}

impl Found {
    fn anew(diagnosis: Arc<Diagnosis>) -> Found {
        Found {
            diagnosis,
            is_remembered: false,
        }
    }
}

/// Finds the diagnosis: remembered, or searched for. `None` if the search itself broke.
async fn find(gateway: &Gateway, received: &Received, mut question: Question) -> Option<Found> {
    let client = received.client_address(&gateway.config);
    let resolved = question.refused.resolved.as_ref();
    let access_key_id = match resolved.filter(|_| !question.fault.is_nobodys()) {
        Some(resolved) => resolved.access_key.access_key_id.clone(),
        None => match key::retired(gateway, &question.refused, received.at) {
            // It was somebody's key, and one computation says whether it still signs.
            Some(retired) => {
                let access_key_id = retired.access_key_id.clone();
                question.facts.key.retired = Some(retired);
                access_key_id
            }
            // Nobody has this key, or nothing is signed: there is nothing to search for and nothing to save.
            None => return look(received, question).await,
        },
    };
    let now = Instant::now();
    let identity = question.identity();
    if let Some(known) = identity
        .as_ref()
        .and_then(|identity| gateway.diagnoses.find(identity, now))
    {
        return Some(Found {
            diagnosis: known,
            is_remembered: true,
        });
    }
    let asker = Asker {
        address: client,
        access_key_id: &access_key_id,
        is_own: is_own(received),
    };
    let allowance = gateway.throttle.ask(&asker, now);
    let turn = match allowance {
        Allowance::None => Err(Skipped::Budget),
        // A queue of searches would make refusals slow for everybody; past a short wait the search is left out.
        Allowance::Singles | Allowance::Full => {
            let turn = tokio::time::timeout(SEARCH_WAIT_MAX, gateway.searches.acquire()).await;
            turn.map_err(|_| Skipped::Busy)
        }
    };
    let turn = match turn {
        Ok(turn) => turn,
        Err(why) => {
            gateway.metrics.search_skipped(why);
            return look(received, question).await;
        }
    };
    key::tell(
        gateway,
        &question.refused,
        &mut question.facts.key,
        client,
        received.at,
    );
    key::note_refused(gateway, &question.refused, &question.method, client, received.at);
    let answer = search(received, question, allowance).await;
    drop(turn);
    let (diagnosis, time) = answer?;
    gateway.throttle.spent(time, Instant::now());
    let diagnosis = Arc::new(diagnosis);
    if let Some(identity) = identity.filter(|_| allowance == Allowance::Full) {
        gateway.diagnoses.keep(identity, Arc::clone(&diagnosis), now);
    }
    Some(Found::anew(diagnosis))
}

/// Searches aside; says how long that took. `None` if the search itself broke.
async fn search(
    received: &Received,
    question: Question,
    allowance: Allowance,
) -> Option<(Diagnosis, Duration)> {
    let answer = tokio::task::spawn_blocking(move || {
        let started = question.clock.busy();
        let diagnosis = question.search(allowance);
        (diagnosis, question.clock.busy().saturating_sub(started))
    });
    let Ok((mut diagnosis, time)) = answer.await else {
        broke_off(received);
        return None;
    };
    diagnosis.tried.microseconds = u64::try_from(time.as_micros()).ok();
    Some((diagnosis, time))
}

/// What the request shows by itself, without a search.
async fn look(received: &Received, question: Question) -> Option<Found> {
    if question.bytes() <= LOOKED_AT_HERE_BYTES_MAX {
        return Some(Found::anew(Arc::new(question.search(Allowance::None))));
    }
    let looked = tokio::task::spawn_blocking(move || question.search(Allowance::None)).await;
    if looked.is_err() {
        broke_off(received);
    }
    looked.ok().map(|diagnosis| Found::anew(Arc::new(diagnosis)))
}

fn broke_off(received: &Received) {
    tracing::error!(
        request_id = received.request_id.as_str(),
        "the search for a cause broke off"
    );
}

/// Whether the client runs on this machine, as far as one can see: a proxy here speaks for others.
fn is_own(received: &Received) -> bool {
    let peer = received.origin.peer.ip().to_canonical();
    peer.is_loopback() && !received.is_forwarded() && !received.is_http_1_0()
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

/// The word in the log that says that somebody holds the secret of a key that is no longer in use.
const RETIRED_KEY_USED: &str = "retired_key_used";
/// How long one search may keep a processor busy.
const SEARCH_TIME_MAX: Duration = Duration::from_millis(10);
/// How long a search may wait for its turn.
const SEARCH_WAIT_MAX: Duration = Duration::from_millis(200);
/// The clock is read before every so many signatures: reading it takes a good part of the time that one of these does.
const SIGNATURES_A_LOOK: u32 = 8;
/// Of longer heads what they show by themselves is looked at on another thread.
const LOOKED_AT_HERE_BYTES_MAX: usize = 4 * 1024;
