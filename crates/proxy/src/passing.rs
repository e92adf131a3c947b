//! The one way of a request through the proxy: received, verified, signed anew, passed on, answered.
//!
//! Not here: what each step means. Keeps true: the body is asked for only when the request is verified and the upstream is there, so
//! that a client that waits to be asked (`Expect: 100-continue`) sends nothing in vain.

use std::pin::pin;
use std::time::Duration;

use countersign_protocol::{ErrorCode, Form, ParseError};
use countersign_server::front::{self, BodyFault, Received, Refusal, Refused, S3Error, Upload};
use countersign_server::outbound::{Answering, Fault};
use countersign_sigv4::{Expected, Payload, PolicyDocument};
use countersign_store::Source;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use tokio::sync::mpsc;

use crate::Proxy;
use crate::answer::{self, Passed};
use crate::carry::{Carry, Outflow, Piece};
use crate::names;
use crate::refuse::Stop;
use crate::sign::{self, Passing};
use crate::verify::{self, Verified};

/// Passes a request on and its answer back.
pub(crate) async fn pass(
    proxy: &Proxy,
    received: &Received,
    body: &mut Upload,
) -> Result<Response<Passed>, Box<Stop>> {
    check_head(received)?;
    let length = body.announced();
    let lines = received.lines();
    let head = received.head(&lines, &proxy.domains);
    let form = if countersign_protocol::is_form(&head) {
        body.keep_as_sent();
        Some(front::read_form(received, body).await?)
    } else {
        None
    };
    let request = received.signed(&lines);
    let expected = Expected {
        region: &proxy.region,
        service: "s3",
        now: received.at.seconds(),
    };
    let verified = verify::verify(&request, form.as_ref(), &expected, &proxy.key)?;
    if let (Some(verified), None) = (&verified, &form) {
        let host = received.header(header::HOST).unwrap_or_default();
        proxy.hosts.note(&verified.claim().access_key_id, host);
    }
    if let (Some(verified), Some(form)) = (&verified, &form) {
        let bucket = countersign_protocol::bucket(&head);
        let bucket = bucket.as_ref().map_or("", |bucket| bucket.as_str());
        hold_to_policy(proxy, verified, form, bucket, received, body)?;
    }
    if verified.is_none() && !names::is_of_here(proxy, received) {
        return Err(Box::new(Stop::Answer(
            S3Error::new(ErrorCode::AccessDenied).saying(NOT_CALLED_SO),
        )));
    }
    let passing = sign::head(proxy, received, verified.as_ref());
    let carry = carry(
        received,
        verified.as_ref(),
        &passing,
        (form.is_some(), length),
        body,
    )
    .map_err(|refusal| refused(proxy, verified.as_ref(), refusal))?;
    let dialed = proxy
        .outbound
        .dial(&proxy.upstream.url, &passing.place.host)
        .await
        .map_err(|fault| Stop::upstream(proxy, &fault))?;
    let (sender, outflow) = Outflow::new(carry.length());
    let request = outgoing(received, &passing, &carry, outflow)?;
    let answered = exchange(dialed.send(request), carry, body, &sender).await;
    match answered {
        Ok(answered) => answer::passed(proxy, received, &passing, answered, sender).await,
        Err(Broken::Refused(refusal)) => Err(refused(proxy, verified.as_ref(), refusal)),
        Err(Broken::Upstream(fault)) => Err(Stop::upstream(proxy, &fault)),
    }
}

fn refused(proxy: &Proxy, verified: Option<&Verified>, refusal: Refusal) -> Box<Stop> {
    Stop::refused(match verified {
        Some(verified) => verified.refused(&proxy.key, refusal),
        None => Refused::new(refusal),
    })
}

/// What nobody may send, whoever it is.
fn check_head(received: &Received) -> Result<(), Box<Stop>> {
    let parse = |error| Stop::refused(Refused::new(Refusal::Parse(error)));
    let lines = received.lines();
    if !received.has_head_within_limits(&lines) {
        let error = ParseError::new(ErrorCode::RequestHeaderSectionTooLarge);
        return Err(parse(
            error.element("MaxSizeAllowed", front::HEAD_BYTES_MAX.to_string()),
        ));
    }
    if !received.has_one_host() {
        return Err(parse(ParseError::new(ErrorCode::BadRequest)));
    }
    if received.method() == Method::CONNECT.as_str() {
        return Err(parse(ParseError::new(ErrorCode::MethodNotAllowed)));
    }
    Ok(())
}

/// Holds a form to the policy that signs it. It goes on as it is, so it has to be signed for the place where it goes.
fn hold_to_policy(
    proxy: &Proxy,
    verified: &Verified,
    form: &Form,
    bucket: &str,
    received: &Received,
    body: &mut Upload,
) -> Result<(), Box<Stop>> {
    let refuse = |refusal| Stop::refused(verified.refused(&proxy.key, refusal));
    let policy = verified.claim().policy.as_deref().unwrap_or_default();
    let document = PolicyDocument::parse_base64(policy).map_err(|fault| refuse(Refusal::Policy(fault)))?;
    document
        .evaluate(&form.filled_in(), bucket, received.at.seconds())
        .map_err(|fault| refuse(Refusal::Policy(fault)))?;
    if proxy.region != proxy.upstream.region {
        let error = S3Error::new(ErrorCode::NotImplemented).saying(format!(
            "A form is signed by its policy, which names the region {}; it cannot be signed anew for {}, the region of the upstream.",
            proxy.region, proxy.upstream.region
        ));
        return Err(Box::new(Stop::Answer(error)));
    }
    body.hold_file_to(document);
    Ok(())
}

/// How the body goes on.
fn carry(
    received: &Received,
    verified: Option<&Verified>,
    passing: &Passing,
    (is_form, length): (bool, Option<u64>),
    body: &mut Upload,
) -> Result<Carry, Refusal> {
    if is_form {
        return Ok(Carry::Form { length });
    }
    let payload = verified.map(|verified| &verified.claim().payload);
    let (Some(Payload::Streaming(mode)), Some(verified)) = (payload, verified) else {
        return Ok(Carry::plain(payload, length));
    };
    body.decode(received, &verified.claim().payload, Some(verified.chunk_seed()))
        .map_err(Refusal::Body)?;
    let decoded = received.header("x-amz-decoded-content-length").map(str::trim);
    let decoded = decoded.and_then(|text| text.parse().ok());
    let decoded = decoded.ok_or(Refusal::Body(BodyFault::LengthMissing))?;
    let trailers = received
        .header("x-amz-trailer")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let trailers: Vec<&str> = trailers
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    Ok(Carry::chunks(*mode, passing.chunk_seed(), decoded, &trailers))
}

/// The request as it goes out.
fn outgoing(
    received: &Received,
    passing: &Passing,
    carry: &Carry,
    outflow: Outflow,
) -> Result<Request<Outflow>, Box<Stop>> {
    let unsendable = || {
        Stop::refused(Refused::new(Refusal::Parse(ParseError::new(
            ErrorCode::InvalidURI,
        ))))
    };
    let target = match &passing.query {
        Some(query) => format!("{}?{query}", passing.place.path),
        None => passing.place.path.clone(),
    };
    let target = PathAndQuery::try_from(target).map_err(|_| unsendable())?;
    let method = Method::from_bytes(received.method().as_bytes()).map_err(|_| unsendable())?;
    let mut request = Request::new(outflow);
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from(target);
    let headers = request.headers_mut();
    for (name, value) in &passing.headers {
        headers.append(name, value.clone());
    }
    // A length of nothing is told only if the client told it.
    match carry.length() {
        Some(0) if !received.announces_length() => {}
        Some(length) => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        None => {}
    }
    Ok(request)
}

/// Why there is no answer to pass back.
enum Broken {
    /// The body is wrong.
    Refused(Refusal),
    /// The upstream did not take it, or did not answer.
    Upstream(Fault),
}

/// Sends body and request, and waits for the head of the answer. An upstream may answer before it has the body: it is listened to.
async fn exchange(
    answered: impl Future<Output = Result<Response<Answering>, Fault>>,
    mut carry: Carry,
    body: &mut Upload,
    sender: &mpsc::Sender<Piece>,
) -> Result<Response<Answering>, Broken> {
    let mut answered = pin!(answered);
    let mut pumping = pin!(pump(&mut carry, body, sender));
    let early = tokio::select! {
        biased;
        pumped = &mut pumping => match pumped {
            Ok(()) => None,
            Err(broken) => return Err(broken),
        },
        answer = &mut answered => Some(answer),
    };
    match early {
        None => match tokio::time::timeout(ANSWER_TIME_MAX, answered).await {
            Ok(answer) => answer.map_err(Broken::Upstream),
            Err(_) => Err(Broken::Upstream(Fault::Time(ANSWER_TIME_MAX))),
        },
        // What it took nothing more for is over; what went well goes on to its end.
        Some(Ok(answer)) if answer.status().is_success() => {
            pumping.await?;
            Ok(answer)
        }
        Some(answer) => answer.map_err(Broken::Upstream),
    }
}

/// Passes the body on as it comes. Nobody listening any more is no fault of the body; one that is refused ends nowhere, for its
/// sender is dropped without having said that it is over.
async fn pump(carry: &mut Carry, body: &mut Upload, sender: &mpsc::Sender<Piece>) -> Result<(), Broken> {
    if carry.length() == Some(0) {
        // Nothing is to come, and a hash of nothing can still be wrong.
        return match carry.end(body) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(Broken::Refused(refusal)),
        };
    }
    loop {
        let (pieces, is_over) = match body.next().await {
            Some(Ok(piece)) => (Ok(carry.take(piece, body)), false),
            Some(Err(error)) => {
                let fault = error.cause().downcast_ref::<BodyFault>();
                let fault = fault.cloned().unwrap_or(BodyFault::Incomplete);
                (Err(Refusal::of_body(fault)), true)
            }
            None => (carry.end(body), true),
        };
        let pieces = pieces.map_err(Broken::Refused)?.into_iter().map(Piece::Data);
        // Of a body whose length is known the last byte is the end, and nobody takes more.
        let end = (is_over && carry.length().is_none()).then_some(Piece::End);
        for piece in pieces.chain(end) {
            match tokio::time::timeout(STALL_TIME_MAX, sender.send(piece)).await {
                Ok(Ok(())) => {}
                // The upstream took no more of it; its answer, or that there is none, tells why.
                Ok(Err(_)) => return Ok(()),
                Err(_) => return Err(Broken::Upstream(Fault::Time(STALL_TIME_MAX))),
            }
        }
        if is_over {
            return Ok(());
        }
    }
}

/// What is said to somebody who has no signature and another name for this machine.
const NOT_CALLED_SO: &str = "The request is not signed, and its Host is not a name of this proxy, as if a page in a browser had sent it under \
     a name of its own. Call the proxy by its address or localhost, or start it with --domain and the name.";
/// How long the upstream may take to answer once it has everything: completing a large upload takes minutes.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(600);
/// How long the upstream may take nothing of a body.
const STALL_TIME_MAX: Duration = Duration::from_secs(300);
