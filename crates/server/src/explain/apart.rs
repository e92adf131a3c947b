//! Explaining for a front that has neither record nor throttle nor other keys: a tool that one person runs.
//!
//! Not here: finding causes, and who may use such a front.
//!
//! It keeps true: one search at a time, within its budget; who may see how much is decided as it is for the server.

use std::sync::Arc;

use countersign_diagnose::{Level, Report, ServerFacts};
use tokio::sync::Semaphore;

use super::fault::SearchedFault;
use super::find::{SEARCH_WAIT_MAX, look, search};
use super::question::Question;
use super::{Endpoint, Explanation, explanation, level};
use crate::body::Upload;
use crate::clock::Clock;
use crate::config::DiagnosisMode;
use crate::pipeline::received::Received;
use crate::refusal::Refused;
use crate::throttle::Allowance;

/// An explanation for whoever asked, and for whoever runs the front.
pub struct Apart {
    /// For the answer.
    pub explanation: Explanation,
    /// What may be told to whoever sent the request.
    pub level: Level,
    /// For the log.
    pub report: Report,
}

/// Explains a refusal that has to do with the signature or with the body it covers; `None` for any other.
pub async fn explain_apart(
    received: &Received,
    refused: Refused,
    endpoint: &Endpoint,
    facts: ServerFacts,
    body: &Upload,
    searches: &Semaphore,
    clock: Arc<dyn Clock>,
) -> Option<Apart> {
    let fault = SearchedFault::of(&refused, received, body, endpoint)?;
    let place = (endpoint.rule, facts);
    let has_key = refused.resolved.is_some() && !fault.is_nobodys();
    let question = Question::new(received, refused, fault, place, body.form_facts(), clock);
    let turn = match has_key {
        true => tokio::time::timeout(SEARCH_WAIT_MAX, searches.acquire())
            .await
            .ok(),
        false => None,
    };
    let diagnosis = match turn {
        Some(_turn) => search(received, question, Allowance::Full).await?.0,
        None => look(received, question).await?.diagnosis.as_ref().clone(),
    };
    let level = level(DiagnosisMode::Auto, received)?;
    Some(Apart {
        explanation: explanation(diagnosis.at(level), None),
        level,
        report: diagnosis.at(Level::Operator),
    })
}
