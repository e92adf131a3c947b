//! The one way of a request: received, authenticated, named, authorized, carried out, answered.
//!
//! Any gate may refuse; a refusal is an answer like any other, and one about a signature carries its diagnosis. There
//! are no side doors: what is not a probe of health goes through every gate.

pub(crate) mod proof;
pub(crate) mod received;

use std::sync::Arc;

use countersign_protocol::encode::{self, ErrorAnswer};
use countersign_protocol::{ErrorCode, Form, ParseError};
use countersign_sigv4::{self as sigv4, ChunkSeed, PathRule};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use crate::body::{self, BodyFault, Upload};
use crate::cors::Sharing;
use crate::explain::{self, Endpoint, Explanation};
use crate::gateway::Gateway;
use crate::listen::{Answer, Origin};
use crate::once;
use crate::operations::{self, Call};
use crate::probe;
use crate::query;
use crate::refusal::{Refusal, Refused, RefusedPreflight, S3Error};
use crate::request_id::RequestId;
use crate::respond::Outgoing;
use proof::{Asked, Authenticated, Authorized, Place, Signature};
use received::Received;

/// Answers S3 requests.
pub(crate) struct S3(pub(crate) Arc<Gateway>);

impl Answer for S3 {
    type Body = Outgoing;

    async fn answer(self: Arc<Self>, origin: Origin, request: Request<Incoming>) -> Response<Outgoing> {
        let (method, path) = (request.method(), request.uri().path());
        if let Some(response) = probe::answer(method, path, probe::Port::S3, self.0.health()) {
            return response;
        }
        let (parts, incoming) = request.into_parts();
        let received = Received::new(parts, origin, self.0.clock.now());
        let mut body = Upload::new(incoming);
        let sharing = Sharing::of(&self.0, &received).await;
        let mut response = match query::called(&self.0, &received, &mut body).await {
            Some(called) => query::answer(&self.0, &received, called, &mut body).await,
            None => match carry(&self.0, &received, &mut body).await {
                Ok(response) => response,
                Err(refused) => refuse(&self.0, &received, *refused, &mut body, sharing.withheld()).await,
            },
        };
        if let Some(withheld) = sharing.withheld() {
            explain::withheld(&self.0, &received, withheld, &mut response);
        }
        if let Some(Ok(region)) = received.bucket_region().map(HeaderValue::try_from) {
            response.headers_mut().insert(BUCKET_REGION, region);
        }
        self.0.metrics.answered(received.operation(), response.status());
        let is_held_back = received
            .header(header::EXPECT)
            .is_some_and(|v| v.eq_ignore_ascii_case("100-continue"));
        let can_go_on = body::drain(body, is_held_back);
        sign_off(&mut response, &received.request_id, can_go_on);
        sharing.add_to(&mut response);
        response
    }
}

async fn carry(
    gateway: &Gateway,
    received: &Received,
    body: &mut Upload,
) -> Result<Response<Outgoing>, Box<Refused>> {
    let lines = received.lines();
    if !received.has_head_within_limits(&lines) {
        let error = ParseError::new(ErrorCode::RequestHeaderSectionTooLarge);
        let error = error.element("MaxSizeAllowed", received::HEAD_BYTES_MAX.to_string());
        return Err(Refused::new(Refusal::Parse(error)));
    }
    if !received.has_one_host() {
        return Err(Refused::new(Refusal::Parse(ParseError::new(
            ErrorCode::BadRequest,
        ))));
    }
    let request = received.signed(&lines);
    let place = Place {
        region: &gateway.config.region,
        service: "s3",
        rule: PathRule::S3,
        now: received.at.seconds(),
        body: None,
    };
    let head = received.head(&lines, &gateway.config.domains);
    let form = if countersign_protocol::is_form(&head) {
        Some(read_form(received, body).await?)
    } else {
        None
    };
    let authenticated = Authenticated::prove(&request, form.as_ref(), &place, &gateway.directory)?;
    if let Some(signature) = authenticated.signature() {
        gateway.note_verified(received, &signature.claim);
    }
    let named = match &form {
        Some(form) => countersign_protocol::parse_form(&head, form),
        None => countersign_protocol::parse(&head),
    };
    let named = named.map_err(|error| signed(authenticated.signature(), Refusal::Parse(error)))?;
    received.is_for(named.operation.name());
    once::check(&named, authenticated.signature())
        .map_err(|error| signed(authenticated.signature(), Refusal::Parse(error)))?;
    let asked = Asked {
        gateway,
        received,
        head: &head,
        form: form.as_ref(),
    };
    let authorized = authenticated.may(named, &asked).await?;
    run(gateway, received, &authorized, body).await
}

/// Reads the fields of a form: who it claims to come from stands there, and which object it is about.
pub async fn read_form(received: &Received, body: &mut Upload) -> Result<Form, Box<Refused>> {
    if !received.announces_length() {
        return Err(Refused::new(Refusal::Body(BodyFault::LengthMissing)));
    }
    // Of two types neither is the form's.
    let content_type = received.only_header("content-type").unwrap_or_default();
    let form = body.read_form(content_type).await;
    let form = form.map_err(|fault| Refused::new(Refusal::Body(fault)))?;
    received.has_form(&form);
    if form.field("key").is_none() {
        let refusal = sigv4::Refusal::FormFieldMissing { name: "key" };
        return Err(Refused::new(Refusal::Signature(refusal)));
    }
    Ok(form)
}

async fn run(
    gateway: &Gateway,
    received: &Received,
    authorized: &Authorized,
    body: &mut Upload,
) -> Result<Response<Outgoing>, Box<Refused>> {
    let signature = authorized.signature();
    let with_signature = |refusal| signed(signature, refusal);
    if authorized.named().operation.has_data() && !received.announces_length() {
        return Err(with_signature(Refusal::Body(BodyFault::LengthMissing)));
    }
    if let Some(payload) = authorized.payload() {
        let seed = signature.map(|signature| ChunkSeed::of(&signature.claim, &signature.signing_key));
        body.decode(received, payload, seed)
            .map_err(|fault| with_signature(Refusal::Body(fault)))?;
    }
    let call = Call::new(gateway, received, authorized);
    operations::run(&call, body).await.map_err(with_signature)
}

/// A refusal of a request whose signature, if it has one, matched.
fn signed(signature: Option<&Signature>, refusal: Refusal) -> Box<Refused> {
    Box::new(Refused {
        claim: signature.map(|signature| signature.claim.clone()),
        resolved: signature.map(|signature| signature.resolved.clone()),
        ..*Refused::new(refusal)
    })
}

/// The answer to a refused request: S3's error, with the diagnosis of a refused signature in it.
async fn refuse(
    gateway: &Gateway,
    received: &Received,
    refused: Refused,
    body: &mut Upload,
    withheld: Option<&RefusedPreflight>,
) -> Response<Outgoing> {
    let error = refused.s3_error(received.at);
    let status = error.code.status();
    // What is not there yet is no failure, and anybody may ask for it.
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        tracing::error!(request_id = received.request_id.as_str(), refusal = ?refused.refusal, "a request failed");
    }
    if let Refusal::Signature(sigv4::Refusal::FormFieldMissing { .. }) = &refused.refusal {
        body.look_behind_file().await;
    }
    let endpoint = Endpoint::s3(&gateway.config);
    let error_as = error.refused_as();
    let explanation =
        explain::explain(gateway, received, refused, &error_as, &endpoint, body, withheld).await;
    error_response(received, &error, explanation.as_ref())
}

/// An S3 error with what explains it, as a document and as a header.
pub fn error_response(
    received: &Received,
    error: &S3Error,
    explanation: Option<&Explanation>,
) -> Response<Outgoing> {
    let message = match explanation {
        Some(explanation) => followed_by(&error.message, &explanation.sentence),
        None => error.message.to_string(),
    };
    let document = encode::error(&ErrorAnswer {
        code: error.code,
        message: &message,
        elements: &error.elements,
        diagnosis: explanation.map(|explanation| &explanation.document),
        request_id: received.request_id.as_str(),
        host_id: received.request_id.host_id().as_str(),
    });
    let status = error.code.status();
    let has_body = received.method() != "HEAD" && status != StatusCode::NOT_MODIFIED;
    let mut response = Response::new(if has_body {
        Outgoing::bytes(document)
    } else {
        Outgoing::empty()
    });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    let causes = explanation.and_then(|explanation| explanation.header.as_deref());
    if let Some(Ok(value)) = causes.map(HeaderValue::try_from) {
        headers.insert(DIAGNOSIS, value);
    }
    response
}

/// AWS's text, unchanged, and a sentence after it. Some of AWS's texts end without a full stop.
pub(crate) fn followed_by(message: &str, sentence: &str) -> String {
    if sentence.is_empty() {
        return message.to_owned();
    }
    let stop = if message.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{message}{stop} {sentence}")
}

/// What every answer of ours carries. `Date` is added where the answer is written.
pub fn sign_off(response: &mut Response<Outgoing>, request_id: &RequestId, can_go_on: bool) {
    let headers = response.headers_mut();
    let text = |value: &str| HeaderValue::from_str(value).expect("ids are plain ASCII");
    headers.insert(REQUEST_ID, text(request_id.as_str()));
    headers.insert(HOST_ID, text(request_id.host_id().as_str()));
    headers.insert(header::SERVER, HeaderValue::from_static("Countersign"));
    if !can_go_on {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const BUCKET_REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");
/// Names causes, also where an answer has no body.
pub const DIAGNOSIS: HeaderName = HeaderName::from_static("x-countersign-diagnosis");
