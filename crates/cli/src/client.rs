//! One request to a server, signed if there is somebody to sign as, and its answer.
//!
//! Not here: what is asked, and what an answer means. What the operator named is asked, wherever it is, over TLS if its URL says so.

use std::time::Duration;

use bytes::Bytes;
use countersign_server::PublicUrl;
use countersign_server::outbound::{Limits, Outbound, Reach, Reply};
use countersign_sigv4::{Payload, Request, Signer};

use crate::exit::{Failure, Kind};

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The method.
    pub(crate) method: &'a str,
    /// A path, with a query or without.
    pub(crate) target: &'a str,
    /// Beside `Host` and those of the signature.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub(crate) body: &'a [u8],
}

impl<'a> Asked<'a> {
    /// A request with nothing but its method and target.
    pub(crate) fn new(method: &'a str, target: &'a str) -> Asked<'a> {
        Asked {
            method,
            target,
            headers: &[],
            body: b"",
        }
    }
}

/// Sends it and waits for the answer.
pub(crate) fn send(
    url: &PublicUrl,
    asked: &Asked<'_>,
    signer: Option<&Signer<'_>>,
) -> Result<Reply, Failure> {
    let request = request(url, asked, signer)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    let reply = runtime.block_on(Outbound::new(LIMITS).send(url, request));
    reply.map_err(|fault| Failure::new(Kind::Failed, format!("{}: {fault}", crate::endpoint::text(url))))
}

/// The request as it is sent.
pub(crate) fn request(
    url: &PublicUrl,
    asked: &Asked<'_>,
    signer: Option<&Signer<'_>>,
) -> Result<http::Request<Bytes>, Failure> {
    let mut request = http::Request::builder().method(asked.method).uri(asked.target);
    for (name, value) in asked.headers {
        request = request.header(*name, *value);
    }
    if let Some(signer) = signer {
        let mut headers = vec![("host", url.authority.as_bytes())];
        headers.extend(
            asked
                .headers
                .iter()
                .map(|(name, value)| (*name, value.as_bytes())),
        );
        let (path, query) = match asked.target.split_once('?') {
            Some((path, query)) => (path, Some(query.as_bytes())),
            None => (asked.target, None),
        };
        let signed = Request {
            method: asked.method,
            path: path.as_bytes(),
            query,
            headers: &headers,
        };
        for (name, value) in signer.sign_headers(&signed, &Payload::of_body(asked.body)) {
            request = request.header(name, value);
        }
    }
    let request = request.body(Bytes::copy_from_slice(asked.body));
    request.map_err(|error| Failure::new(Kind::Usage, format!("it cannot be asked so: {error}")))
}

/// Answers of a server that a person waits for.
pub(crate) const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    body_bytes: 16 * 1024 * 1024,
    reach: Reach::Anywhere,
};
