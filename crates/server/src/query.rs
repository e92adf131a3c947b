//! IAM and STS on the port of S3: which requests are calls of theirs, and the way of such a request.
//!
//! The way is that of any request: received, authenticated, named, authorized, carried out, answered. It differs in where things stand:
//! a call stands in the body, so that is read first, and all of it is hashed; errors are written in the Query protocol.
//!
//! Not here: bytes ([`countersign_protocol::query`]), what is kept and what the rules for it are (`identity`).

mod denial;
mod facts;
mod perform;
mod restrictions;
mod told;

use bytes::Bytes;
use countersign_protocol::query::{self, Parameters, QueryErrorAnswer, Service};
use countersign_sigv4::{self as sigv4, PathRule};
use countersign_types::iam::Fault;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::body::Upload;
use crate::explain::{self, Endpoint};
use crate::gateway::Gateway;
use crate::pipeline::proof::{Authenticated, Place};
use crate::pipeline::received::Received;
use crate::pipeline::{DIAGNOSIS, followed_by};
use crate::refusal::{Refused, RefusedAs};
use crate::respond::Outgoing;
use told::Told;

pub(crate) use facts::Asking;

/// A request that is a call, with its body.
pub(crate) struct Called {
    service: Service,
    /// The region to sign for: ours, or the one that AWS's own IAM is signed for.
    region: String,
    /// All of it, or why it could not be read, so that no signature can be verified.
    body: Result<Bytes, Told>,
    parameters: Result<Parameters, Told>,
}

/// Why a call was not carried out.
enum Failed {
    /// It is not known who calls.
    Refused(Box<Refused>),
    /// Who calls may not, and is told so in these words.
    Denied(Box<Refused>, Told),
    /// Anything that is known to be wrong with it.
    Told(Told),
}

impl From<Told> for Failed {
    fn from(told: Told) -> Failed {
        Failed::Told(told)
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Failed {
        Failed::Told(fault.into())
    }
}

impl From<Box<Refused>> for Failed {
    fn from(refused: Box<Refused>) -> Failed {
        Failed::Refused(refused)
    }
}

/// Reads the call of a request, if it is one: it is signed for IAM or STS, or has a form that says what it calls. The service that it
/// is signed for is not believed for this; whoever signs for another one learns so.
pub(crate) async fn called(gateway: &Gateway, received: &Received, body: &mut Upload) -> Option<Called> {
    if !matches!(received.path(), "/" | "") || !matches!(received.method(), "GET" | "POST") {
        return None;
    }
    let lines = received.lines();
    let is_sound = received.has_head_within_limits(&lines) && received.has_one_host();
    if !is_sound || !query::may_be_call(&received.head(&lines, &gateway.config.domains)) {
        return None;
    }
    let claim = sigv4::claim(&received.signed(&lines)).ok().flatten();
    let signed_for = claim
        .as_ref()
        .and_then(|claim| Service::parse(&claim.scope.service));
    if signed_for.is_none() && received.method() == "GET" {
        return None;
    }
    let whole = body.read_whole(query::BODY_BYTES_MAX).await;
    let whole = whole.map_err(|fault| told::of_body(&fault));
    let bytes = whole.as_deref().unwrap_or_default();
    let parameters = Parameters::read(received.query().map(str::as_bytes), bytes).map_err(Told::from);
    let by_action = || {
        let action = parameters.as_ref().ok()?.action()?;
        Some(Service::of_action(action))
    };
    let service = signed_for.or_else(by_action)?;
    let region = match claim {
        Some(claim) if claim.scope.region == HOME_REGION => HOME_REGION.to_owned(),
        _ => gateway.config.region.clone(),
    };
    Some(Called {
        service,
        region,
        body: whole,
        parameters,
    })
}

/// Answers a call.
pub(crate) async fn answer(
    gateway: &Gateway,
    received: &Received,
    called: Called,
    body: &mut Upload,
) -> Response<Outgoing> {
    let endpoint = Endpoint {
        service: called.service.name(),
        region: called.region.clone(),
        rule: PathRule::Generic,
    };
    let service = called.service;
    let mut response = match carry(gateway, received, called).await {
        Ok(document) => written(StatusCode::OK, document),
        Err(Failed::Told(told)) => failed(received, service, &told, None),
        Err(Failed::Refused(refused)) => {
            let told = told::told(&refused, received.at);
            explained(gateway, received, *refused, service, &told, &endpoint, body).await
        }
        Err(Failed::Denied(refused, told)) => {
            explained(gateway, received, *refused, service, &told, &endpoint, body).await
        }
    };
    let request_id = HeaderValue::from_str(received.request_id.as_str()).expect("ids are plain ASCII");
    response.headers_mut().insert(REQUEST_ID, request_id);
    response
}

/// The error of a refusal that goes on record, with what explains it.
async fn explained(
    gateway: &Gateway,
    received: &Received,
    refused: Refused,
    service: Service,
    told: &Told,
    endpoint: &Endpoint,
    body: &Upload,
) -> Response<Outgoing> {
    let refused_as = RefusedAs {
        code: told.code.name(),
        status: told.code.status(),
        message: &told.message,
    };
    let explanation = explain::explain(gateway, received, refused, &refused_as, endpoint, body, None).await;
    failed(received, service, told, explanation)
}

async fn carry(gateway: &Gateway, received: &Received, called: Called) -> Result<Bytes, Failed> {
    let body = called.body?;
    let lines = received.lines();
    let request = received.signed(&lines);
    let place = Place {
        region: &called.region,
        service: called.service.name(),
        rule: PathRule::Generic,
        now: received.at.seconds(),
        body: Some(&body),
    };
    let authenticated = Authenticated::prove(&request, None, &place, &gateway.directory)?;
    if let Some(signature) = authenticated.signature() {
        gateway.note_verified(received, &signature.claim);
    }
    let parsed = called
        .parameters
        .and_then(|parameters| query::parse(called.service, parameters).map_err(Told::from));
    let may_be_unsigned = parsed.as_ref().is_ok_and(restrictions::may_be_unsigned);
    if authenticated.signature().is_none() && !may_be_unsigned {
        // Whoever does not say who they are does not learn what else is wrong.
        return Err(told::unsigned().into());
    }
    let call = parsed?;
    received.is_for(call.name());
    let answer = perform::perform(gateway, received, authenticated, &call).await?;
    Ok(query::encode(&call, &answer, received.request_id.as_str()))
}

fn written(status: StatusCode, document: Bytes) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::bytes(document));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    // An answer may hold a secret.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

fn failed(
    received: &Received,
    service: Service,
    told: &Told,
    explanation: Option<explain::Explanation>,
) -> Response<Outgoing> {
    let status = told.code.status();
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        tracing::error!(
            request_id = received.request_id.as_str(),
            code = told.code.name(),
            message = &*told.message,
            "a call failed"
        );
    }
    let message = match &explanation {
        Some(explanation) => followed_by(&told.message, &explanation.sentence),
        None => told.message.to_string(),
    };
    let document = query::error(&QueryErrorAnswer {
        service,
        code: told.code,
        message: &message,
        diagnosis: explanation.as_ref().map(|explanation| &explanation.document),
        request_id: received.request_id.as_str(),
    });
    let mut response = written(status, document);
    let causes = explanation.and_then(|explanation| explanation.header);
    if let Some(Ok(value)) = causes.map(HeaderValue::try_from) {
        response.headers_mut().insert(DIAGNOSIS, value);
    }
    response
}

/// The region that AWS's IAM lives in, and that its clients sign for wherever they are.
const HOME_REGION: &str = "us-east-1";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
