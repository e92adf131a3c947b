//! The admin API: JSON under `/api/v1` for what AWS has no API for. Signed like S3, for the service `countersign`.
//!
//! It keeps true: a caller sees its own refusals, and of each no more than its request was told; the root sees all. Probes of
//! health and counters need no signature, and name nobody.

mod accounts;
mod credentials;
mod refusals;
mod scrub;
mod sealing;

use std::borrow::Cow;
use std::sync::Arc;

use countersign_protocol::query::QueryCode;
use countersign_sigv4::PathRule;
use countersign_types::iam::Fault;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::body::{BodyFault, Upload};
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
    type Body = Outgoing;

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
        let (parts, incoming) = request.into_parts();
        let received = Received::new(parts, origin, self.0.clock.now());
        let mut body = Upload::new(incoming);
        let (status, document) = match answer(&self.0, &received, &mut body).await {
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

async fn answer(gateway: &Gateway, received: &Received, body: &mut Upload) -> Outcome {
    // Whoever asks is known by a signature that covers the body.
    let body = body
        .read_whole(BODY_BYTES_MAX)
        .await
        .map_err(|fault| match fault {
            BodyFault::TooLarge => refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                "the body is too long",
            ),
            fault => refuse(StatusCode::BAD_REQUEST, "BadRequest", &fault.to_string()),
        })?;
    if let Some(role) = received.path().strip_prefix("/api/v1/credentials/") {
        // Known by its token, and by no signature.
        return credentials::give(gateway, received, role).await;
    }
    let caller = authenticate(gateway, received, &body)?;
    match received.path() {
        "/api/v1/openapi.json" if received.method() == "GET" => return Ok(OPENAPI.trim_end().to_owned()),
        "/api/v1/scrub" => return scrub::answer(gateway, received, &caller),
        "/api/v1/accounts" => return accounts::answer(gateway, received, &caller, &body).await,
        "/api/v1/master-key/reseal" => return sealing::reseal(gateway, received, &caller).await,
        "/api/v1/session-keys/rotate" => return sealing::rotate(gateway, received, &caller).await,
        _ => {}
    }
    if let Some(rest) = received.path().strip_prefix("/api/v1/credential-tokens") {
        return credentials::tokens(gateway, received, &caller, rest, &body).await;
    }
    match received.path().strip_prefix("/api/v1/refusals") {
        Some(rest) => refusals::answer(gateway, received, &caller, rest),
        None => Err(not_found()),
    }
}

struct Caller {
    is_root: bool,
    access_key_id: String,
    authenticated: Authenticated,
}

impl Caller {
    fn may_see(&self, entry: &Entry) -> bool {
        self.is_root || entry.access_key_id.as_deref() == Some(self.access_key_id.as_str())
    }

    /// What of an entry this caller may read: the root everything, others what their own requests were told.
    fn sees<'a>(&self, entry: &'a Entry) -> Cow<'a, RawValue> {
        match self.is_root {
            true => Cow::Borrowed(&entry.document),
            false => Cow::Owned(entry.for_caller()),
        }
    }
}

fn authenticate(gateway: &Gateway, received: &Received, body: &[u8]) -> Result<Caller, Refused> {
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
        body: Some(body),
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
    let access_key_id = signature.claim.access_key_id.to_string();
    Ok(Caller {
        is_root,
        access_key_id,
        authenticated,
    })
}

/// Refuses everybody but the root of the operator's own account.
fn operators_only(caller: &Caller, what: &str) -> Result<(), Refused> {
    if caller.is_root {
        return Ok(());
    }
    let message = format!("{what} are the operator's: ask as the root");
    Err(refuse(StatusCode::FORBIDDEN, "AccessDenied", &message))
}

/// What `identity` would not do.
fn of_fault(fault: &Fault) -> Refused {
    let code = QueryCode::from(fault.code);
    if code.status().is_server_error() {
        tracing::error!(%fault, "an admin request failed");
    }
    refuse(code.status(), code.name(), &fault.message)
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Refused {
    (status, json!({ "code": code, "message": message }))
}

fn not_found() -> Refused {
    refuse(StatusCode::NOT_FOUND, "NotFound", "there is nothing at this path")
}

/// Most bytes of a body: a name and some punctuation.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What there is, for programs.
const OPENAPI: &str = include_str!("admin/openapi.json");
