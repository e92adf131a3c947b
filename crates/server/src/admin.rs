//! The admin API: JSON under `/api/v1` for what AWS has no API for. Signed like S3, for the service `countersign`.
//!
//! It keeps true: a caller sees its own refusals; the root sees all.

use std::sync::Arc;

use countersign_identity::Principal;
use countersign_sigv4::PathRule;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::listen::{Answer, Origin};
use crate::pipeline::proof::{Authenticated, Place};
use crate::pipeline::received::Received;
use crate::probe;
use crate::record::Entry;
use crate::request_id::RequestId;
use crate::respond::Outgoing;

/// Answers admin requests.
pub(crate) struct Admin(pub(crate) Arc<Gateway>);

/// What came of an admin request: a document, or a status with the reason.
type Outcome = Result<Value, (StatusCode, Value)>;

impl Answer for Admin {
    async fn answer(self: Arc<Self>, origin: Origin, request: Request<Incoming>) -> Response<Outgoing> {
        if let Some(response) = probe::answer(request.method(), request.uri().path(), probe::Port::Admin) {
            return response;
        }
        let received = Received::new(request.into_parts().0, origin);
        let (status, document) = match answer(&self.0, &received) {
            Ok(document) => (StatusCode::OK, document),
            Err((status, document)) => (status, document),
        };
        let mut response = Response::new(Outgoing::bytes(format!("{document}\n")));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        response
    }
}

fn answer(gateway: &Gateway, received: &Received) -> Outcome {
    let caller = authenticate(gateway, received)?;
    let Some(path) = received.path().strip_prefix("/api/v1/refusals") else {
        return Err(refuse(
            StatusCode::NOT_FOUND,
            "NotFound",
            "there is nothing at this path",
        ));
    };
    if received.method() != "GET" {
        return Err(refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "refusals can be read only",
        ));
    }
    let now = received.at;
    match path.strip_prefix('/') {
        None if path.is_empty() => {
            let entries = gateway
                .record
                .latest(now, |entry| caller.may_see(entry), LISTED_MAX);
            let documents: Vec<Value> = entries.into_iter().map(|entry| entry.document).collect();
            Ok(json!({ "refusals": documents }))
        }
        Some(id) => {
            let found = RequestId::parse(id).and_then(|id| gateway.record.find(&id, now));
            // What a caller may not see does not exist for it.
            let found = found.filter(|entry| caller.may_see(entry));
            found.map(|entry| entry.document).ok_or_else(|| {
                refuse(
                    StatusCode::NOT_FOUND,
                    "NoSuchRefusal",
                    "no refusal with this request id is on record",
                )
            })
        }
        None => Err(refuse(
            StatusCode::NOT_FOUND,
            "NotFound",
            "there is nothing at this path",
        )),
    }
}

struct Caller {
    is_root: bool,
    access_key_id: String,
}

impl Caller {
    fn may_see(&self, entry: &Entry) -> bool {
        self.is_root || entry.access_key_id.as_deref() == Some(self.access_key_id.as_str())
    }
}

fn authenticate(gateway: &Gateway, received: &Received) -> Result<Caller, (StatusCode, Value)> {
    if !received.has_head_within_limits() || !received.has_one_host() {
        return Err(refuse(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "the head is too long or names two hosts",
        ));
    }
    let lines = received.lines();
    let request = received.signed(&lines);
    let place = Place {
        region: &gateway.config.region,
        service: "countersign",
        rule: PathRule::Generic,
        now: received.at.seconds(),
        // Only GET is answered, and its body is never read.
        body: b"",
    };
    let authenticated = Authenticated::prove(&request, &place, &gateway.directory).map_err(|refused| {
        let error = refused.s3_error(received.at);
        refuse(error.code.status(), error.code.name(), &error.message)
    })?;
    let Some(signature) = authenticated.signature() else {
        let message = "sign the request with Signature Version 4 for the service countersign";
        return Err(refuse(StatusCode::UNAUTHORIZED, "Unauthorized", message));
    };
    let is_root = matches!(signature.resolved.principal, Principal::Root(_));
    Ok(Caller {
        is_root,
        access_key_id: signature.claim.access_key_id.clone(),
    })
}

fn refuse(status: StatusCode, code: &str, message: &str) -> (StatusCode, Value) {
    (status, json!({ "code": code, "message": message }))
}

/// Most refusals in one list.
const LISTED_MAX: usize = 100;
