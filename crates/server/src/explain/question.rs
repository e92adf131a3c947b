//! A refused request with everything that a search for its cause looks at, so that it can go to another thread.
//!
//! Not here: whether there is a search, and how large a one (see `find`).

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use countersign_diagnose::{
    self as diagnose, Budget, Case, Diagnosis, FormFacts, KeyFacts, ServerFacts, Transport,
};
use countersign_sigv4::{PathRule, Request};

use super::Endpoint;
use super::cache::Identity;
use super::fault::SearchedFault;
use crate::body::Upload;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::pipeline::received::Received;
use crate::refusal::Refused;
use crate::throttle::Allowance;

/// A refused request while it is still where it was received.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) received: &'a Received,
    pub(super) endpoint: &'a Endpoint,
    pub(super) body: &'a Upload,
}

impl Asked<'_> {
    /// Tells the same request sent again from any other: by everything that a search looks at.
    pub(super) fn identity(&self, refused: &Refused) -> Identity {
        let received = self.received;
        let query = received.query();
        let mut identity = Identity::of(&[
            self.endpoint.service.as_bytes(),
            received.method().as_bytes(),
            received.path().as_bytes(),
            query.unwrap_or_default().as_bytes(),
            &[
                u8::from(query.is_some()),
                u8::from(received.is_http_1_0()),
                u8::from(is_from_loopback(received)),
            ],
        ]);
        // Of a call its body is part of what is signed, and stands in the canonical request only.
        let canonical = refused.trace.as_ref().map(|trace| &trace.canonical_request);
        identity.add_all(canonical.map(|text| text.as_slice()));
        let lines = received.lines();
        identity.add_all(lines.iter().flat_map(|(name, value)| [name.as_bytes(), value]));
        let seen_hosts = self.gateway.hosts.of(refused.claimed_id());
        identity.add_all(seen_hosts.iter().map(String::as_bytes));
        let form = self.body.form_facts();
        let fields = form.iter().flat_map(|form| &form.fields);
        identity.add_all(fields.flat_map(|(name, value)| [name.as_bytes(), value]));
        identity
    }

    /// The question about it.
    pub(super) fn question(&self, refused: Refused, fault: SearchedFault) -> Question {
        let facts = self.facts(&refused);
        let clock = Arc::clone(&self.gateway.clock);
        let (rule, form) = (self.endpoint.rule, self.body.form_facts());
        Question::new(self.received, refused, fault, (rule, facts), form, clock)
    }

    /// What this server knows beside the request.
    fn facts(&self, refused: &Refused) -> ServerFacts {
        let Asked {
            gateway,
            received,
            endpoint,
            ..
        } = *self;
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
            seen_hosts: gateway.hosts.of(refused.claimed_id()),
            // Asked for when it is known that there will be a search.
            key: KeyFacts::default(),
            now: received.at.seconds(),
        }
    }
}

/// A [`Case`] that owns what it needs, so that it can go to another thread.
pub(super) struct Question {
    method: String,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    lines: Vec<(String, Vec<u8>)>,
    fault: SearchedFault,
    pub(super) refused: Refused,
    rule: PathRule,
    pub(super) facts: ServerFacts,
    form: Option<FormFacts>,
    is_http_1_0: bool,
    peer_is_loopback: bool,
    /// What the search is measured by.
    pub(super) clock: Arc<dyn Clock>,
}

impl Question {
    pub(super) fn new(
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
            peer_is_loopback: is_from_loopback(received),
            clock,
        }
    }

    /// Bytes of the head and of the fields of its form.
    pub(super) fn bytes(&self) -> usize {
        let lines = self.lines.iter().map(|(name, value)| name.len() + value.len());
        let fields = self.form.iter().flat_map(|form| &form.fields);
        let fields = fields.map(|(name, value)| name.len() + value.len());
        let line = self.method.len() + self.path.len() + self.query.as_ref().map_or(0, Vec::len);
        line + lines.sum::<usize>() + fields.sum::<usize>()
    }

    pub(super) fn search(&self, allowance: Allowance) -> Diagnosis {
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

fn is_from_loopback(received: &Received) -> bool {
    received.origin.peer.ip().to_canonical().is_loopback()
}

/// How long one search may keep a processor busy.
const SEARCH_TIME_MAX: Duration = Duration::from_millis(10);
/// The clock is read before every so many signatures: reading it takes a good part of the time that one of these does.
const SIGNATURES_A_LOOK: u32 = 8;
