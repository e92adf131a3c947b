//! The admin API: JSON under `/api/v1` for what AWS has no API for. Signed like S3, for the service `countersign`.
//!
//! It keeps true: a caller sees its own refusals; the root sees all. Probes of health and counters need no signature, and
//! name nobody.

mod refusals;
mod scrub;

use std::sync::Arc;

use countersign_sigv4::PathRule;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::listen::{Answer, Origin};
use crate::pipeline::proof::{Authenticated, Place};
use crate::pipeline::received::Received;
use crate::probe;
use crate::record::Entry;
use crate::respond::Outgoing;

/// Answers admin requests.
pub(crate) struct Admin(pub(crate) Arc<Gateway>);

/// What came of an admin request: a document, or why not.
type Outcome = Result<String, Refused>;

/// A status with the reason.
type Refused = (StatusCode, Value);

impl Answer for Admin {
    async fn answer(self: Arc<Self>, origin: Origin, request: Request<Incoming>) -> Response<Outgoing> {
        let (method, path) = (request.method(), request.uri().path());
        if let Some(response) = probe::answer(method, path, probe::Port::Admin, self.0.health()) {
            return response;
        }
        if request.uri().path() == "/metrics" && request.method() == Method::GET {
            self.0.metrics.storage_is(self.0.health());
            if let Some(upkeep) = &self.0.upkeep {
                self.0.metrics.storage_takes(upkeep.usage());
            }
            return self.0.metrics.response();
        }
        let received = Received::new(request.into_parts().0, origin);
        let (status, document) = match answer(&self.0, &received) {
            Ok(document) => (StatusCode::OK, document),
            Err((status, document)) => (status, document.to_string()),
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
    if received.path() == "/api/v1/openapi.json" && received.method() == "GET" {
        return Ok(OPENAPI.trim_end().to_owned());
    }
    if received.path() == "/api/v1/scrub" {
        return scrub::answer(gateway, received, &caller);
    }
    match received.path().strip_prefix("/api/v1/refusals") {
        Some(rest) => refusals::answer(gateway, received, &caller, rest),
        None => Err(not_found()),
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

fn authenticate(gateway: &Gateway, received: &Received) -> Result<Caller, Refused> {
    if !received.has_head_within_limits(&received.lines()) || !received.has_one_host() {
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
        // No request here says anything in its body, and none is read.
        body: b"",
    };
    let authenticated =
        Authenticated::prove(&request, None, &place, &gateway.directory).map_err(|refused| {
            let error = refused.s3_error(received.at);
            refuse(error.code.status(), error.code.name(), &error.message)
        })?;
    let Some(signature) = authenticated.signature() else {
        let message = "sign the request with Signature Version 4 for the service countersign";
        return Err(refuse(StatusCode::UNAUTHORIZED, "Unauthorized", message));
    };
    // The roots of other accounts are roots there, and guests here.
    let is_root = gateway.directory.is_operator(&signature.resolved.principal);
    Ok(Caller {
        is_root,
        access_key_id: signature.claim.access_key_id.to_string(),
    })
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Refused {
    (status, json!({ "code": code, "message": message }))
}

fn not_found() -> Refused {
    refuse(StatusCode::NOT_FOUND, "NotFound", "there is nothing at this path")
}

/// What there is, for programs.
const OPENAPI: &str = include_str!("admin/openapi.json");
