//! What the upstream answered, on its way back: as it is, or, where it refused what the proxy signed, with what explains it.
//!
//! Not here: finding the cause, which `evidence` does with what was sent and what was answered.
//!
//! It keeps true: status and headers go back as they came, an error document with everything that was in it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use countersign_evidence::{Answer, Evidence, Explained, Known, Sent, Texts, explain};
use countersign_protocol::encode as xml;
use countersign_server::front::{BrokenBody, DIAGNOSIS, Outgoing, Received};
use countersign_server::outbound::{Answering, Fault};
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use crate::Proxy;
use crate::carry::Piece;
use crate::head;
use crate::refuse::{Stop, log, mask};
use crate::sign::Passing;

/// The body of an answer.
pub(crate) enum Passed {
    /// The proxy's own, or one that it has read.
    Own(Outgoing),
    /// The upstream's, as it comes.
    Upstream {
        /// What was read of it already.
        begun: Option<Bytes>,
        answering: Answering,
        /// Of a request that was answered before its end the rest never comes, but is not cut off either while the answer is read: that
        /// would end the connection on which it comes.
        _request: mpsc::Sender<Piece>,
        /// When it has stopped coming for too long.
        idle: Pin<Box<Sleep>>,
    },
}

/// An answer on its way back.
pub(crate) async fn passed(
    proxy: &Proxy,
    received: &Received,
    passing: &Passing,
    answered: Response<Answering>,
    request: mpsc::Sender<Piece>,
) -> Result<Response<Passed>, Box<Stop>> {
    let (parts, mut answering) = answered.into_parts();
    let mut response = Response::new(Passed::Own(Outgoing::empty()));
    *response.status_mut() = parts.status;
    *response.headers_mut() = head::of_answer(&parts.headers);
    let as_it_comes = |begun, answering| Passed::Upstream {
        begun,
        answering,
        _request: request,
        idle: Box::pin(tokio::time::sleep(IDLE_TIME_MAX)),
    };
    let is_short = answering.size_hint().lower() <= DOCUMENT_BYTES_MAX as u64;
    if !is_refusal(parts.status) || passing.signed.is_none() || !is_short {
        *response.body_mut() = as_it_comes(None, answering);
        return Ok(response);
    }
    let document = match tokio::time::timeout(IDLE_TIME_MAX, document(&mut answering)).await {
        Ok(Ok(Document::Whole(document))) => document,
        Ok(Ok(Document::TooLong(begun))) => {
            *response.body_mut() = as_it_comes(Some(begun), answering);
            return Ok(response);
        }
        Ok(Err(error)) => return Err(Stop::upstream(proxy, &Fault::Answer(error.to_string()))),
        Err(_) => return Err(Stop::upstream(proxy, &Fault::Time(IDLE_TIME_MAX))),
    };
    let explained = explained(proxy, received, passing, &parts, &document).await;
    let document = match explained {
        Some(explained) => {
            with_explanation(proxy, &mut response, received, &document, &explained).unwrap_or(document)
        }
        None => document,
    };
    if received.method() != "HEAD" {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(document.len()));
        *response.body_mut() = Passed::Own(Outgoing::bytes(document));
    }
    Ok(response)
}

/// An error document as far as it was read.
enum Document {
    Whole(Bytes),
    TooLong(Bytes),
}

async fn document(answering: &mut Answering) -> Result<Document, hyper::Error> {
    let mut document = BytesMut::new();
    while let Some(frame) = answering.frame().await {
        // Trailers say nothing of an error.
        if let Ok(data) = frame?.into_data() {
            document.extend_from_slice(&data);
        }
        if document.len() > DOCUMENT_BYTES_MAX {
            return Ok(Document::TooLong(document.freeze()));
        }
    }
    Ok(Document::Whole(document.freeze()))
}

/// Whether a status may have to do with how a request was signed or where it was sent.
fn is_refusal(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::MOVED_PERMANENTLY
            | StatusCode::TEMPORARY_REDIRECT
    )
}

/// What the exchange shows; `None` if it has nothing to do with the signature.
async fn explained(
    proxy: &Proxy,
    received: &Received,
    passing: &Passing,
    parts: &http::response::Parts,
    document: &Bytes,
) -> Option<Explained> {
    let signed = passing.signed.as_ref()?;
    let text = |bytes: &[u8]| Some(String::from_utf8_lossy(bytes).into_owned());
    let sent = Sent {
        method: received.method().to_owned(),
        scheme: Some(proxy.upstream.url.scheme().to_owned()),
        path: passing.place.path.clone(),
        query: passing.query.clone(),
        headers: lines(passing.headers.iter().map(|(name, value)| (name, value))),
        body_bytes: None,
    };
    let client = Texts {
        canonical_request: text(&signed.trace.canonical_request),
        string_to_sign: text(&signed.trace.string_to_sign),
        signature: Some(signed.claim.signature.clone()),
    };
    let answer = Answer::of_exchange(
        parts.status.as_u16(),
        lines(parts.headers.iter()),
        &String::from_utf8_lossy(document),
    );
    let is_mismatch = answer.code == "SignatureDoesNotMatch";
    let evidence = Evidence::of_exchange(sent, client, answer);
    let secret = proxy.key.secret().clone();
    let (region, now) = (proxy.upstream.region.clone(), received.at.seconds());
    let hosts = [passing.place.host.clone()];
    let explained = tokio::task::spawn_blocking(move || {
        let known = Known {
            secret: Some(&secret),
            region: Some(&region),
            hosts: &hosts,
            now,
        };
        explain(&evidence, &known)
    });
    let explained = explained.await.ok()?;
    let is_told = explained.by_server.is_some();
    // Where nothing says that it was the signature, what is only likely is not said.
    let is_certain = explained.causes.iter().any(|cause| cause.proof != "infer");
    let says_more = is_certain || is_mismatch;
    (is_told || says_more).then_some(explained)
}

fn lines<'a>(headers: impl Iterator<Item = (impl AsRef<str>, &'a HeaderValue)>) -> Vec<(String, String)> {
    headers
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_ref().to_owned(), value)
        })
        .collect()
}

/// Puts an explanation into the header and the log; gives the document with it in.
fn with_explanation(
    proxy: &Proxy,
    response: &mut Response<Passed>,
    received: &Received,
    document: &Bytes,
    explained: &Explained,
) -> Option<Bytes> {
    let sentence = sentence(explained);
    let ids: Vec<&str> = explained.causes.iter().map(|cause| cause.id).collect();
    let named = match (&explained.by_server, ids.is_empty()) {
        (Some(told), true) => told.named.clone(),
        _ => ids.join(", "),
    };
    log(
        received,
        &mask(proxy, received),
        "upstream_refused",
        response.status(),
        &named,
        explained.status,
        &sentence,
    );
    if explained.by_server.is_some() {
        // It explains itself, to whoever reads its answer.
        return None;
    }
    let first = explained.causes.first();
    let mut value = format!(
        "{}; status={}",
        if ids.is_empty() { "none" } else { &named },
        explained.status
    );
    if let Some(cause) = first {
        value.push_str(&format!("; slot={}", cause.slot));
    }
    value.push_str(BEHIND);
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(DIAGNOSIS, value);
    }
    let element = xml::Diagnosis {
        status: explained.status.to_owned(),
        causes: explained
            .causes
            .iter()
            .map(|cause| xml::Cause {
                id: cause.id.to_owned(),
                proof: cause.proof.to_owned(),
                slot: cause.slot.clone(),
                title: cause.title.to_owned(),
                signed: cause.signed.clone(),
                received: cause.received.clone(),
                cure: cause.cure.clone(),
                also_explained_by: cause.also.iter().map(|id| (*id).to_owned()).collect(),
            })
            .collect(),
        ruled_out: explained.ruled_out.clone(),
        ..xml::Diagnosis::default()
    };
    let text = std::str::from_utf8(document).ok()?;
    xml::explained(text, &sentence, &element).map(Bytes::from)
}

/// What a person reads of it.
fn sentence(explained: &Explained) -> String {
    let causes = explained.causes.iter();
    let causes = causes.map(|cause| {
        format!(
            "{}. {} ({}, {})",
            cause.what, cause.cure, cause.id, explained.status
        )
    });
    let mut sentences: Vec<String> = causes.collect();
    if sentences.is_empty() {
        let told = explained.by_server.iter().flat_map(|told| &told.causes);
        sentences.extend(told.map(|cause| format!("{}. {}", cause.title, cause.cure)));
    }
    if sentences.is_empty() {
        sentences.extend(explained.notes.first().cloned());
    }
    let said = sentences.join(" ");
    match said.is_empty() {
        true => said,
        false => format!("{BETWEEN} {said}"),
    }
}

impl Body for Passed {
    type Data = Bytes;
    type Error = BrokenBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        if let Passed::Upstream { begun, .. } = &mut *self
            && let Some(begun) = begun.take()
        {
            return Poll::Ready(Some(Ok(Frame::data(begun))));
        }
        match &mut *self {
            Passed::Own(outgoing) => Pin::new(outgoing).poll_frame(cx),
            Passed::Upstream { answering, idle, .. } => match Pin::new(answering).poll_frame(cx) {
                Poll::Ready(frame) => {
                    idle.as_mut().reset(Instant::now() + IDLE_TIME_MAX);
                    let broken = |error: hyper::Error| BrokenBody(error.to_string());
                    Poll::Ready(frame.map(|frame| frame.map_err(broken)))
                }
                Poll::Pending => match idle.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(BrokenBody(
                        "the upstream stopped sending it".to_owned(),
                    )))),
                    Poll::Pending => Poll::Pending,
                },
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Passed::Own(outgoing) => outgoing.is_end_stream(),
            Passed::Upstream { begun, answering, .. } => begun.is_none() && answering.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Passed::Own(outgoing) => outgoing.size_hint(),
            Passed::Upstream {
                begun: None,
                answering,
                ..
            } => answering.size_hint(),
            // Of one that was begun nobody had said how long it is.
            Passed::Upstream { begun: Some(_), .. } => SizeHint::default(),
        }
    }
}

/// Longest error document that is read to be explained. AWS's holds the canonical request twice, once in hex.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
/// How long the upstream may send nothing of an answer that has begun.
const IDLE_TIME_MAX: Duration = Duration::from_secs(300);
/// Where a cause lies that the upstream's answer shows.
const BEHIND: &str = "; between=proxy-and-upstream";
const BETWEEN: &str = "Between this proxy and its upstream:";
