//! `/api/v1/refusals`: the record of refusals, listed, in groups, or one by its request id.
//!
//! It keeps true: what a caller may not see does not exist for it.

use http::StatusCode;
use serde::Serialize;

use super::{Caller, Outcome, not_found, refuse};
use crate::gateway::Gateway;
use crate::pipeline::received::Received;
use crate::record::Query;
use crate::request_id::RequestId;

/// Answers a request whose path goes on with `rest` after `/api/v1/refusals`.
pub(super) fn answer(gateway: &Gateway, received: &Received, caller: &Caller, rest: &str) -> Outcome {
    if received.method() != "GET" {
        let message = "refusals can be read only";
        return Err(refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            message,
        ));
    }
    match rest.strip_prefix('/') {
        None if rest.is_empty() => list(gateway, received, caller),
        Some("groups") => groups(gateway, received, caller),
        Some(id) => one(gateway, received, caller, id),
        None => Err(not_found()),
    }
}

fn list(gateway: &Gateway, received: &Received, caller: &Caller) -> Outcome {
    let query = query(received)?;
    let entries = gateway.record.latest(received.at, |entry| caller.may_see(entry));
    query
        .page(&entries, |entry| caller.sees(entry))
        .map(|page| text(&page))
        .ok_or_else(no_such_refusal)
}

fn groups(gateway: &Gateway, received: &Received, caller: &Caller) -> Outcome {
    let query = query(received)?;
    let entries = gateway.record.latest(received.at, |entry| caller.may_see(entry));
    query
        .groups(&entries)
        .map(|groups| text(&groups))
        .ok_or_else(no_such_refusal)
}

fn one(gateway: &Gateway, received: &Received, caller: &Caller, id: &str) -> Outcome {
    Query::expect_none(received.query()).map_err(invalid)?;
    let found = RequestId::parse(id).and_then(|id| gateway.record.find(&id, received.at));
    let found = found.filter(|entry| caller.may_see(entry));
    found
        .map(|entry| caller.sees(&entry).get().to_owned())
        .ok_or_else(no_such_refusal)
}

fn query(received: &Received) -> Result<Query, super::Refused> {
    Query::parse(received.query(), received.at).map_err(invalid)
}

fn text(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).expect("texts and numbers can be written")
}

fn invalid(why: String) -> super::Refused {
    refuse(StatusCode::BAD_REQUEST, "InvalidArgument", &why)
}

fn no_such_refusal() -> super::Refused {
    let message = "no refusal with this request id is on record";
    refuse(StatusCode::NOT_FOUND, "NoSuchRefusal", message)
}
